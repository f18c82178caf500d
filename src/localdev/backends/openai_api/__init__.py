"""The backend for any server that speaks OpenAI's API: vLLM, llama-server, TGI, LM Studio, or a gateway."""
