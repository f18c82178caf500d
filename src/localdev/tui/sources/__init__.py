"""The passages an answer rests on: the list beside the conversation, and a file shown at a place."""
