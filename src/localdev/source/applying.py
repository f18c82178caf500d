"""Applies hunks to a text, exactly: no fuzz, no offsets, so that what is shown is what is done. Cuts them up too."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

from localdev.core.change import DiffLine, Hunk


def applied(text: str, hunks: Sequence[Hunk], *, backwards: bool = False, exact: bool = False) -> str | None:
    r"""Give a text (with `\n` line ends) as hunks leave it; None where a line is not as they say.

    `backwards` takes them out again; `exact` is for texts as on disk, whose carriage returns count.
    """
    rows = text.split("\n")
    ended = rows[-1] == ""
    if ended:
        rows.pop()
    result: list[str] = []
    at = 0
    ends = True  # whether what was written last has its line feed
    gone, come = ("added", "removed") if backwards else ("removed", "added")
    for hunk in hunks:
        count = hunk.new_count if backwards else hunk.old_count
        start = (hunk.new_start if backwards else hunk.old_start) - (1 if count else 0)
        if start < at or start > len(rows):
            return None
        result += rows[at:start]
        at, ends = start, True
        for line in hunk.lines:
            if line.kind != come:
                if at >= len(rows) or rows[at] != (line.text if exact else _plain(line)):
                    return None
                at += 1
            if line.kind != gone:
                result.append(line.text if exact else _plain(line))
                ends = not line.no_newline
    if hunks and at >= len(rows):
        ended = ends
    result += rows[at:]
    return "\n".join(result) + ("\n" if ended and result else "")


def pieces(hunk: Hunk) -> tuple[Hunk, ...]:
    """Cut a hunk into its stretches of changed lines; the lines between two of them are shared out as context.

    Each piece can be applied without the others, and all of them together do what the hunk does.
    """
    lines, cuts = hunk.lines, [0]
    for same, run in groupby(range(len(lines)), key=lambda at: lines[at].kind == "context"):
        places = list(run)
        if same and places[0] > 0 and places[-1] < len(lines) - 1:
            cuts.append(places[0] + (len(places) + 1) // 2)
    found: list[Hunk] = []
    old, new = hunk.old_start + (hunk.old_count == 0), hunk.new_start + (hunk.new_count == 0)
    for first, last in pairwise((*cuts, len(lines))):
        part = lines[first:last]
        olds, news = (sum(line.kind != other for line in part) for other in ("added", "removed"))
        # A side without lines names the line before, as in any hunk.
        found.append(Hunk(old - (olds == 0), olds, new - (news == 0), news, hunk.heading, part))
        old, new = old + olds, new + news
    return tuple(found)


def _plain(line: DiffLine) -> str:
    """Give a line's text as texts have it here."""
    return line.text.removesuffix("\r")
