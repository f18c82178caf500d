"""The conversation on the screen: one widget that lays out and paints only what is in view."""
