"""Proposals of code, each checked before it is shown: the target, the checks, the attempts, and one file per kind."""
