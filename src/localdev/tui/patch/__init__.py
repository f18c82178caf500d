"""A proposed patch on the screen: seen hunk by hunk, accepted in part or whole, applied and taken back."""
