"""The per-user background process, and its client."""
