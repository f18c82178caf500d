"""The findings of a review, and a commit with its message, on the screen."""
