"""Makes what a model says of a line fit to be printed: one plain line, with what nobody can check marked."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from localdev.assistant.known import KEYWORDS
from localdev.assistant.verify import Verifier

_LONGEST = 300
# Line numbers in words: those of lines that the model was not shown are its invention.
_LINES = re.compile(r"\b([Ll])ines?\s+#?(\d{1,9})(?:\s*(?:-|–|to|and)\s*(\d{1,9}))?")


def plain(text: str) -> str:
    """Give a text as one line of visible characters, at most 300; control and formatting characters are blanks."""
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text[: 10 * _LONGEST])
    folded = " ".join(visible.split())
    return folded if len(folded) <= _LONGEST else folded[: _LONGEST - 1].rstrip() + "…"


def checked(text: str, shown: str, lines: tuple[int, int]) -> str:
    """Give a message as it may be printed.

    Names in backticks and paths that do not stand in what the model was `shown` are marked as unverified, numbers of
    lines beyond `lines` are taken out, and so are citations, for nothing was numbered.
    """
    verifier = Verifier((), _Shown(shown))
    said = plain(text)
    said = verifier.feed(_LINES.sub(lambda found: _line(found, lines), said)) + verifier.finish()
    return plain(said)


def _line(found: re.Match[str], lines: tuple[int, int]) -> str:
    """Keep the number of a line that was shown."""
    numbers = [int(each) for each in found.groups()[1:] if each]
    if all(lines[0] <= number <= lines[1] for number in numbers):
        return found[0]
    return "Another line" if found[1] == "L" else "another line"


@dataclass(frozen=True, slots=True)
class _Shown:
    """Looks names up in a text."""

    text: str

    def has_name(self, name: str) -> bool:
        """Say whether a name stands there as a whole, or is a word of a language."""
        return name in KEYWORDS or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", self.text) is not None

    def has_place(self, path: str, last_line: int) -> bool:
        """Say whether a path stands there; a line of it cannot be known."""
        return not last_line and self.has_name(path)
