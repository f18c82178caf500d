"""What a server said, as it may stand in an error."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 300
_NAMED = 12


def one_line(text: object) -> str:
    """Fold words of a server into one line of readable length, without anything that steers a terminal."""
    folded = " ".join(str(text).split())
    shown = "".join(letter if letter.isprintable() else "?" for letter in folded[: _MOST + 1])
    return shown if len(shown) <= _MOST else shown[:_MOST] + " ..."


def some_of(names: Iterable[str]) -> str:
    """Name the first few of a server's models, sorted, and how many more there are."""
    every = sorted(names)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return one_line(", ".join(every[:_NAMED]) or "none") + more
