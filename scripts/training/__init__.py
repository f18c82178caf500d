"""The steps of `scripts/train_embedder.py`: what the shipped static embedding is made from, and how."""
