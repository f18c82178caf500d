"""The chat on the screen: Textual widgets over a conversation that is handed in."""
