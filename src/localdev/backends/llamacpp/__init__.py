"""llama.cpp in this process: a GGUF file loaded, prompted and sampled, and the states of its prompts."""
