"""Settings as dataclasses, one loader that remembers where each value came from, and repository trust."""
