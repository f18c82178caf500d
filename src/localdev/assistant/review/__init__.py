"""The model's part of a review: hunk by hunk, every finding tied to a line by its quote, doubted once, or dropped."""
