"""What a server said, as it may stand in an error."""

from __future__ import annotations

_MOST = 300


def one_line(text: object) -> str:
    """Fold words of a server into one line of readable length, without anything that steers a terminal."""
    folded = " ".join(str(text).split())
    shown = "".join(letter if letter.isprintable() else "?" for letter in folded[: _MOST + 1])
    return shown if len(shown) <= _MOST else shown[:_MOST] + " ..."
