"""The conversation about a repository: what of it stands in the prompt, and the answer to its next question."""
