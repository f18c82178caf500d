"""What is wrong with a message that somebody wrote: credentials, marks of a conflict, a subject that is too long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from localdev.core.change import Change, DiffLine, FileChange, Hunk
from localdev.core.review import at_least
from localdev.rules.changed import ReviewedChange
from localdev.rules.registry import RULES
from localdev.rules.run import find

_PATH = "COMMIT_EDITMSG"
# The mark between the two is left out: it underlines a heading of seven letters as well.
_MARK = re.compile(r"(?:<{7}|>{7})(?: |\Z)")


@dataclass(frozen=True, slots=True)
class MessageFault:
    """What is wrong on one line of a message; `stops` says that the commit must not be made with it."""

    line: int
    text: str
    stops: bool


class _MessageSides:
    """A message as a file that is new."""

    def __init__(self, text: str) -> None:
        self._text = text

    def old_text(self, path: str) -> str | None:
        """There was none."""
        return None

    def new_text(self, path: str) -> str | None:
        """Give the message."""
        return self._text if path == _PATH else None

    def new_paths(self) -> frozenset[str]:
        """Give the one path."""
        return frozenset({_PATH})

    def new_size(self, path: str) -> int | None:
        """Give its size."""
        return len(self._text.encode("utf-8", "surrogatepass"))


def message_faults(text: str, longest: int) -> list[MessageFault]:
    """Check a message without its comments; `longest` is the most characters of a subject, 0 for any number."""
    rows = text.split("\n")
    found = [
        MessageFault(at, "this is the mark of a conflict", True) for at, row in enumerate(rows, 1) if _MARK.match(row)
    ]
    found += [MessageFault(line, what, True) for line, what in _secrets(text, rows)]
    if 0 < longest < len(rows[0]):
        found.append(MessageFault(1, f"the subject has {len(rows[0])} characters, {longest} are usual at most", False))
    return sorted(found, key=lambda each: each.line)


def _secrets(text: str, rows: Sequence[str]) -> list[tuple[int, str]]:
    """Find credentials as the review of a file does."""
    lines = tuple(DiffLine("added", row, 0, at) for at, row in enumerate(rows, 1))
    file = FileChange(_PATH, "", "added", new_mode="100644", hunks=(Hunk(0, 0, 1, len(rows), "", lines),))
    change = ReviewedChange(Change((file,)), _MessageSides(text))
    rules = [rule for rule in RULES if rule.family == "secrets"]
    return [(each.line, each.message) for each in find(change, rules) if at_least(each.severity, "medium")]
