"""The dialogs of the chat: each is a modal screen that ends with a value."""
