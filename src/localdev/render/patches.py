r"""Writes edits as a patch that `git apply` takes.

Form: https://git-scm.com/docs/diff-format; a file's lines end at a line feed alone, and keep a carriage return.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from localdev.core.patch import FileEdit

_CONTEXT = 3
_NO_NEWLINE = "\\ No newline at end of file\n"
_PLAIN_NAME = re.compile(r'[^\x00-\x1f\x7f-\uffff"\\]+\Z')


def make_patch(edits: Sequence[FileEdit]) -> str:
    """Give the patch of some edits; those that change nothing are left out."""
    return "".join(_file(edit) for edit in edits if edit.old != edit.new)


def _file(edit: FileEdit) -> str:
    """Give the patch of one file."""
    before, after = _name(f"a/{edit.path}"), _name(f"b/{edit.path}")
    head = f"diff --git {before} {after}\n"
    if edit.old is None:
        head, before = f"{head}new file mode 100644\n", "/dev/null"
    elif edit.new is None:
        head, after = f"{head}deleted file mode 100644\n", "/dev/null"
    hunks = "".join(_hunks(_lines(edit.old), _lines(edit.new)))
    # A name with a blank is ended by a tab, as git does: else a date could be meant.
    tab = "\t" if " " in edit.path else ""
    names = f"--- {before}{tab if before != '/dev/null' else ''}\n+++ {after}{tab if after != '/dev/null' else ''}\n"
    return head + (names + hunks if hunks else "")


def _name(path: str) -> str:
    """Quote a path where git would: bytes beyond plain ASCII and control characters as octal escapes."""
    if _PLAIN_NAME.match(path):
        return path
    data = path.encode("utf-8", "surrogateescape")
    return '"' + "".join(_escaped(byte) for byte in data) + '"'


def _escaped(byte: int) -> str:
    """Write one byte inside a quoted path."""
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def _lines(text: str | None) -> list[str]:
    """Cut a text into lines with their line feeds."""
    rows = (text or "").split("\n")
    return [f"{row}\n" for row in rows[:-1]] + ([rows[-1]] if rows[-1] else [])


def _hunks(old: list[str], new: list[str]) -> Iterator[str]:
    """Yield the hunks that turn one list of lines into another."""
    for group in _groups(old, new):
        first, last = group[0], group[-1]
        yield f"@@ -{_span(first[1], last[2])} +{_span(first[3], last[4])} @@\n"
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (_marked(" ", line) for line in old[i1:i2])
            else:
                yield from (_marked("-", line) for line in old[i1:i2])
                yield from (_marked("+", line) for line in new[j1:j2])


def _groups(old: list[str], new: list[str]) -> Iterator[list[tuple[str, int, int, int, int]]]:
    """Give the changes with their context. Equal ends are cut off first: comparing lines takes time in their square."""
    most = min(len(old), len(new))
    head = next((at for at in range(most) if old[at] != new[at]), most)
    tail = next((at for at in range(most - head) if old[-1 - at] != new[-1 - at]), most - head)
    start, end = max(0, head - _CONTEXT), max(0, tail - _CONTEXT)
    matcher = SequenceMatcher(None, old[start : len(old) - end], new[start : len(new) - end], autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        yield [(tag, i1 + start, i2 + start, j1 + start, j2 + start) for tag, i1, i2, j1, j2 in group]


def _span(start: int, end: int) -> str:
    """Write where a side of a hunk begins, counted from 1, and how long it is; an empty one names the line before."""
    count = end - start
    return f"{start + 1 if count else start},{count}"


def _marked(mark: str, line: str) -> str:
    """Write one line; the last of a file may lack its line feed, which is said."""
    return f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n{_NO_NEWLINE}"
