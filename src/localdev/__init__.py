"""localdev: a developer's assistant that answers about code without leaving the machine."""

__version__ = "0.1.0"
