"""Text from outside made harmless: nothing in it can drive a terminal or reorder what is shown."""

from __future__ import annotations

import re

# Everything a terminal may obey, and the marks that reorder text on screen (bidirectional controls).
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def neutral(text: str) -> str:
    r"""Make text from a repository harmless: control characters are shown as `\x1b` instead of obeyed."""
    return _CONTROL.sub(
        lambda found: f"\\x{ord(found[0]):02x}" if ord(found[0]) < 256 else f"\\u{ord(found[0]):04x}", text
    )


def one_line(text: str) -> str:
    r"""Make text that belongs on one line harmless: a line end in a file's name is shown as `\n` too."""
    return neutral(text).replace("\n", "\\n")
