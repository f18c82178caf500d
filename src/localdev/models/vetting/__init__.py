"""Vetting: what is read of a model file before it is stored or opened, and what is refused."""
