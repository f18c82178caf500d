"""Getting model files from a hub: what it has is read first, one commit is held to, and digests are checked.

The interface is that of huggingface.co, which mirrors speak too. Who may be connected to is decided by the caller.
"""
