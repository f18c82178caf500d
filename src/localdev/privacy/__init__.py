"""Finding and masking what must not leave the machine."""
