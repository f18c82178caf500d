"""The message of a commit: the history's style, a draft from the change's structure, and a model's words for it."""
