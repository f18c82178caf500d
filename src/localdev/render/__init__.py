"""Values to the text forms that several doors need."""
