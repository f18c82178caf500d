r"""Reads unified diffs as git writes them, and plain ones as `diff -u` does.

A hunk's own counts say where it ends, so nothing that stands in a file can pass for a header. A malformed diff is an
error that names the line. Form of the text: https://git-scm.com/docs/diff-format and the GNU diffutils manual.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from localdev.core.change import DiffLine, FileChange, Hunk, LineKind, Status
from localdev.core.errors import UsageError

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@ ?(.*)\Z", re.DOTALL)
_INDEX = re.compile(r"([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: ([0-7]{6}))?\Z")
_ESCAPE = re.compile(r'\\([0-7]{3}|["\\abfnrtv])')
_LETTERS = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}
_KINDS: dict[str, LineKind] = {" ": "context", "+": "added", "-": "removed"}
_NOTHING = "/dev/null"
_HINT = "give what `git diff` or `diff -u` prints"
_ZEROS = re.compile(r"0+\Z")


@dataclass(slots=True)
class _Header:
    """What the lines before the hunks of a file say."""

    old_path: str = ""
    new_path: str = ""
    both: str = ""
    status: Status = "modified"
    old_mode: str = ""
    new_mode: str = ""
    old_id: str = ""
    new_id: str = ""
    binary: bool = False
    hunks: list[Hunk] = field(default_factory=list)
    named: bool = False


def read_diff(text: str) -> tuple[FileChange, ...]:
    """Read a diff of any number of files; what stands before the first one (a mail's head, a commit) is passed over.

    Raises:
        UsageError: it is cut short, or a hunk does not hold what it says.
    """
    return tuple(_file(header) for header in _headers(_Lines(text)))


class _Lines:
    """The lines of a text, one after the other."""

    def __init__(self, text: str) -> None:
        self.rows = text.split("\n")
        if self.rows[-1] == "":
            self.rows.pop()
        self.at = 0

    @property
    def more(self) -> bool:
        """Say whether a line is left."""
        return self.at < len(self.rows)

    def peek(self, ahead: int = 0) -> str:
        """Give a line ahead, empty behind the last."""
        place = self.at + ahead
        return self.rows[place] if place < len(self.rows) else ""

    def take(self) -> str:
        """Give the next line and go on."""
        self.at += 1
        return self.rows[self.at - 1]


def _headers(lines: _Lines) -> Iterator[_Header]:
    """Yield every file's header with its hunks."""
    current: _Header | None = None
    while lines.more:
        begun = _begun(lines, current)
        if begun is not None:
            if current is not None and begun is not current:
                yield current
            current = begun
        elif lines.peek().startswith(("diff --cc ", "diff --combined ")):
            raise UsageError(
                f"the diff cannot be read: line {lines.at + 1} begins the combined diff of a merge",
                "give one against a single parent: `git diff MERGE^ MERGE`",
            )
        elif current is None:
            lines.at += 1
        elif lines.peek().startswith("@@ "):
            if not current.named:
                raise _wrong(lines, "a hunk without the names of its files")
            current.hunks.append(_hunk(lines))
        else:
            row = lines.take()
            if not current.hunks:
                _extended(current, row.removesuffix("\r"))
    if current is not None:
        yield current


def _begun(lines: _Lines, current: _Header | None) -> _Header | None:
    """Read the line, or the two, that begin a file or name it; None where something else stands there."""
    row = lines.peek()
    if row.startswith("diff --git "):
        return _Header(both=lines.take()[len("diff --git ") :].removesuffix("\r"))
    if not (row.startswith("--- ") and lines.peek(1).startswith("+++ ")):
        return None
    header = _Header() if current is None or current.named or not current.both else current
    _name(header, lines.take(), lines.take())
    return header


def _name(header: _Header, old: str, new: str) -> None:
    """Take the names from the lines `--- a/...` and `+++ b/...`."""
    strip = bool(header.both) or (_marked(old, "a/") and _marked(new, "b/"))
    before, after = (_path(line[4:], strip=strip) for line in (old, new))
    header.named = True
    if before == _NOTHING:
        header.status = "added"
    elif after == _NOTHING:
        header.status = "deleted"
    header.old_path = "" if before == _NOTHING else before
    header.new_path = "" if after == _NOTHING else after


def _marked(line: str, prefix: str) -> bool:
    """Say whether a name carries git's prefix, or is none."""
    name = line[4:].removeprefix('"')
    return name.startswith((prefix, _NOTHING))


def _path(written: str, *, strip: bool) -> str:
    """Read a name: quoted by git's rules, or up to a tab, behind which `diff -u` writes a date."""
    name = written.removesuffix("\r")
    name = unquoted(name) if name.startswith('"') else name.partition("\t")[0]
    if name == _NOTHING or not strip:
        return name
    return name.partition("/")[2] if name[1:2] == "/" else name


def unquoted(written: str) -> str:
    """Read a name as git quotes it: in double quotes, bytes that are no plain ASCII as octal escapes."""
    inner = written[1:].rpartition('"')[0]
    data, at = bytearray(), 0
    for match in _ESCAPE.finditer(inner):
        data += inner[at : match.start()].encode("utf-8", "surrogateescape")
        code = match[1]
        data.append(_LETTERS[code] if code in _LETTERS else int(code, 8) & 0xFF)
        at = match.end()
    return (bytes(data) + inner[at:].encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def _extended(header: _Header, row: str) -> None:
    """Read one of git's lines between `diff --git` and the names."""
    key, _, value = row.partition(" ")
    if row.startswith(("Binary files ", "GIT binary patch")):
        header.binary = True
    elif row.startswith("old mode "):
        header.old_mode = row[9:]
    elif row.startswith("new mode "):
        header.new_mode = row[9:]
    elif row.startswith("new file mode "):
        header.status, header.new_mode = "added", row[14:]
    elif row.startswith("deleted file mode "):
        header.status, header.old_mode = "deleted", row[18:]
    elif row.startswith(("rename from ", "copy from ")):
        header.status = "renamed" if key == "rename" else "copied"
        header.old_path = _path(value[5:], strip=False)
    elif row.startswith(("rename to ", "copy to ")):
        header.new_path = _path(value[3:], strip=False)
    elif key == "index" and (match := _INDEX.match(value)):
        header.old_id, header.new_id = ("" if _ZEROS.match(each) else each for each in (match[1], match[2]))
        if match[3]:
            header.old_mode = header.new_mode = match[3]


def _hunk(lines: _Lines) -> Hunk:
    """Read a hunk by its own counts."""
    match = _HUNK.match(lines.peek())
    if match is None:
        raise _wrong(lines, "a hunk's head that cannot be read")
    lines.at += 1
    old, new = int(match[1]), int(match[3])
    old_count, new_count = (1 if each is None else int(each) for each in (match[2], match[4]))
    found = _hunk_lines(lines, (old, old_count), (new, new_count))
    return Hunk(old, old_count, new, new_count, match[5].removesuffix("\r"), tuple(found))


def _hunk_lines(lines: _Lines, old: tuple[int, int], new: tuple[int, int]) -> list[DiffLine]:
    """Read as many lines as a hunk's counts say."""
    found: list[DiffLine] = []
    (old_line, old_left), (new_line, new_left) = old, new
    while old_left or new_left or lines.peek().startswith("\\"):
        if not lines.more:
            raise _wrong(lines, "the end in the middle of a hunk")
        row = lines.take()
        if row.startswith("\\"):  # "\ No newline at end of file", in any language
            if found:
                last = found[-1]
                found[-1] = DiffLine(last.kind, last.text, last.old_line, last.new_line, no_newline=True)
            continue
        kind = _KINDS.get(row[:1] or " ")  # some mailers eat the blank of an empty line
        before, after = kind != "added", kind != "removed"
        if kind is None or (before and not old_left) or (after and not new_left):
            lines.at -= 1
            raise _wrong(lines, "a line that does not belong to its hunk")
        found.append(DiffLine(kind, row[1:], old_line if before else 0, new_line if after else 0))
        old_line, old_left = old_line + before, old_left - before
        new_line, new_left = new_line + after, new_left - after
    return found


def _file(header: _Header) -> FileChange:
    """Put together what was read of a file."""
    if not (header.old_path or header.new_path):
        header.old_path, header.new_path = _both(header.both)
    if not (header.old_path or header.new_path):
        raise UsageError("the diff cannot be read: a file in it has no name", _HINT)
    if header.status == "added":
        header.old_path, header.old_mode = "", ""
    elif header.status == "deleted":
        header.new_path, header.new_mode = "", ""
    elif header.old_mode[:3] != header.new_mode[:3] and header.old_mode and header.new_mode:
        header.status = "type"
    return FileChange(
        path=header.new_path or header.old_path,
        old_path=header.old_path,
        status=header.status,
        old_mode=header.old_mode,
        new_mode=header.new_mode,
        old_id=header.old_id,
        new_id=header.new_id,
        binary=header.binary,
        hunks=tuple(header.hunks),
    )


def _both(written: str) -> tuple[str, str]:
    """Read the names of `diff --git A B` where nothing else says them: then they are the same behind their prefix."""
    if written.startswith('"'):
        first = written[: written.index('"', 1) + 1] if written.count('"') == 2 else written[: len(written) // 2]
        name = _path(first, strip=True)
        return name, name
    name = _path(written[: len(written) // 2], strip=True)
    return name, name


def _wrong(lines: _Lines, what: str) -> UsageError:
    """Word what cannot be read."""
    return UsageError(f"the diff cannot be read: line {lines.at + 1} is {what}", _HINT)
