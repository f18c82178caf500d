"""A conversation about a repository: its turns, the jobs that answer them, the commands that stand beside questions."""
