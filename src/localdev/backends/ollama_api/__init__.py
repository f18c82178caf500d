"""The backend for an Ollama, through its Python client and native API."""
