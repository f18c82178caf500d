"""Applies hunks to a text, exactly: no fuzz, no offsets, so that what is shown is what is done."""

from __future__ import annotations

from collections.abc import Sequence

from localdev.core.change import DiffLine, Hunk


def applied(text: str, hunks: Sequence[Hunk], *, backwards: bool = False) -> str | None:
    r"""Give a text (with `\n` line ends) as hunks leave it; None where a line is not as they say.

    `backwards` takes them out again.
    """
    rows = text.split("\n")
    ended = rows[-1] == ""
    if ended:
        rows.pop()
    result: list[str] = []
    at = 0
    gone, come = ("added", "removed") if backwards else ("removed", "added")
    for hunk in hunks:
        count = hunk.new_count if backwards else hunk.old_count
        start = (hunk.new_start if backwards else hunk.old_start) - (1 if count else 0)
        if start < at or start > len(rows):
            return None
        result += rows[at:start]
        at = start
        for line in hunk.lines:
            if line.kind != come:
                if at >= len(rows) or rows[at] != _plain(line):
                    return None
                at += 1
            if line.kind != gone:
                result.append(_plain(line))
                ended = not line.no_newline if line.no_newline or at >= len(rows) else ended
    result += rows[at:]
    return "\n".join(result) + ("\n" if ended and result else "")


def _plain(line: DiffLine) -> str:
    """Give a line's text as texts have it here."""
    return line.text.removesuffix("\r")
