"""The process that contains llama.cpp: what runs in it, what starts it, and what they say to each other."""
