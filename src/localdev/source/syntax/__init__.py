"""Syntax trees for whoever reads code by its structure: nodes, and calls and assignments alike in every language."""
