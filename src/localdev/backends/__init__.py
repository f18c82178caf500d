"""What runs a model: chat backends and embedders behind one explicit registry."""
