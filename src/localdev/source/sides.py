"""The files before and after a change: from git's objects, its index, the disk, or put together by a patch."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from localdev.core.change import FileChange
from localdev.source.applying import applied
from localdev.source.git import ask_git, opened, run_git
from localdev.source.reading import eight_bit, read_bytes

if TYPE_CHECKING:
    import git

# What is larger is no text that a review looks into as a whole; git is told the same (`core.bigFileThreshold`).
LARGEST = 4 * 1024 * 1024
_LOOK = 8_000


def decode(data: bytes, *, line_ends: bool = False) -> str:
    r"""Turn a file's bytes into text whose lines are git's: they end at a line feed alone.

    `\r\n` becomes `\n` unless `line_ends` are to stay; a byte order mark goes.
    """
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    if not is_legible(text):
        text = "\n".join(map(legible, text.split("\n")))
    return text if line_ends else text.replace("\r\n", "\n")


def is_legible(text: str) -> bool:
    """Say whether a text holds no lone surrogates: those are how bytes come from git and the disk that are no UTF-8."""
    try:
        return text.isascii() or bool(text.encode("utf-8"))
    except UnicodeEncodeError:
        return False


def legible(line: str) -> str:
    """Guess what a line's bytes that are no UTF-8 mean. Line by line, so that a diff's lines are those of its files."""
    return line if is_legible(line) else eight_bit(line.encode("utf-8", "surrogateescape"))


def _as_text(data: bytes | None) -> str | None:
    """Give text, or None for what is none."""
    return None if data is None or b"\0" in data[:_LOOK] else decode(data)


class GitSides:
    """Sides in a repository: `base` is a commit or tree; so is `head`, or the index (""), or the disk (None).

    Of `files`, those of the change, the new side is what their hunks say. The disk may say otherwise: it was written to
    meanwhile, or git keeps the file in another form (`filter`, `ident` and `working-tree-encoding` in .gitattributes).
    """

    def __init__(
        self, root: Path, base: str, head: str | None = None, *, index: str = "", files: Sequence[FileChange] = ()
    ) -> None:
        self._root = root
        self._base = base
        self._head = head
        self._index = index
        self._by_old = {file.old_path: file for file in files if file.old_path}
        self._by_new = {file.path: file for file in files if file.status != "deleted"}
        self._old: dict[str, str | None] = {}
        self._new: dict[str, str | None] = {}
        self._paths: frozenset[str] | None = None
        self._processes: dict[str, git.Git.AutoInterrupt] = {}

    def old_text(self, path: str) -> str | None:
        """Give a file as the base has it."""
        if path not in self._old:
            file = self._by_old.get(path)
            self._old[path] = _as_text(self._blob((file.old_id if file else "") or f"{self._base}:{path}"))
        return self._old[path]

    def new_text(self, path: str) -> str | None:
        """Give a file as the change leaves it."""
        if path not in self._new:
            file = self._by_new.get(path)
            if self._head is None:
                self._new[path] = self._on_disk(path, file)
            else:
                self._new[path] = _as_text(self._blob((file.new_id if file else "") or f"{self._head}:{path}"))
        return self._new[path]

    def new_paths(self) -> frozenset[str]:
        """Give the paths of all files afterwards, those not tracked included where the disk is that side."""
        if self._paths is None:
            said = self._listed()
            self._paths = frozenset(name for name in said.split("\0") if name)
        return self._paths

    def new_size(self, path: str) -> int | None:
        """Give a file's size afterwards."""
        if self._head is None:
            try:
                return (self._root / path).lstat().st_size
            except OSError:
                return None
        return self._sized(f"{self._head}:{path}")

    def _listed(self) -> str:
        """List the files afterwards, each with a NUL behind it."""
        if self._head:
            return run_git(self._root, "ls-tree", "-r", "-z", "--name-only", "--full-tree", self._head)
        more = ("--others", "--exclude-standard") if self._head is None else ()
        return run_git(self._root, "ls-files", "-z", "--cached", *more, index=self._index)

    def _on_disk(self, path: str, file: FileChange | None) -> str | None:
        """Read a file of the work tree, or put it together from its hunks where they are not of what is there."""
        text = text_on_disk(self._root, path)
        if file is None or not file.hunks or (text is not None and _fits(file, text)):
            return text
        return _after(file, self.old_text(file.old_path) if file.old_path else None)

    def _blob(self, name: str) -> bytes | None:
        """Read an object of git's; None where there is none, or it is too large."""
        size = self._sized(name)
        if size is None or size > LARGEST:
            return None
        header, stream = self._asked("--batch", name)
        data = stream.read(size + 1)[:size] if header else b""  # a line feed stands behind it
        return data if len(data) == size else None

    def _sized(self, name: str) -> int | None:
        """Give the size of a blob; None where there is none."""
        if "\n" in name:
            return None
        header, _ = self._asked("--batch-check", name)
        return int(header[2]) if header[1:2] == [b"blob"] else None

    def _asked(self, mode: str, name: str) -> tuple[list[bytes], IO[bytes]]:
        """Ask git for an object and give its header - id, kind and size - and the stream that its content comes from.

        The header is another where there is no such object, and empty where git has ended.
        """
        if mode not in self._processes:
            self._processes[mode] = self._repository().git.cat_file(mode, istream=subprocess.PIPE, as_process=True)
        process = self._processes[mode]
        try:
            process.stdin.write(name.encode("utf-8", "surrogateescape") + b"\n")
            process.stdin.flush()
            return process.stdout.readline().split(), process.stdout
        except OSError:
            return [], process.stdout

    @lru_cache(maxsize=1)  # noqa: B019 - one open repository as long as this object lives
    def _repository(self) -> git.Repo:
        """Open the repository once: one process answers for all objects."""
        return opened(self._root, index=self._index)


class PatchSides:
    """Sides of a patch: what is on disk is the old side, or the new one where the patch has been applied already.

    Where neither fits, a side is the lines that the hunks show, each at its own number, with nothing between them.
    """

    def __init__(self, root: Path, files: Sequence[FileChange]) -> None:
        self._root = root
        self._by_new = {file.path: file for file in files if file.status != "deleted"}
        self._by_old = {file.old_path: file for file in files if file.old_path}

    def old_text(self, path: str) -> str | None:
        """Give a file as the patch expects it."""
        file = self._by_old.get(path)
        return self._read(path) if file is None else self._side(file, old=True)

    def new_text(self, path: str) -> str | None:
        """Give a file as the patch leaves it."""
        file = self._by_new.get(path)
        return self._read(path) if file is None else self._side(file, old=False)

    def new_paths(self) -> frozenset[str]:
        """Give the paths that are tracked here, or come with the patch."""
        said = ask_git(self._root, "ls-files", "-z", "--cached", "--others", "--exclude-standard") or ""
        return frozenset(name for name in said.split("\0") if name and name not in self._by_old) | set(self._by_new)

    def new_size(self, path: str) -> int | None:
        """Give a file's size afterwards, of text alone."""
        text = self.new_text(path)
        return None if text is None else len(text.encode("utf-8", "surrogatepass"))

    def partial(self, path: str) -> bool:
        """Say whether only the lines of the hunks are known of a file."""
        file = self._by_new.get(path)
        return file is not None and self._whole(file) is None

    def _side(self, file: FileChange, *, old: bool) -> str | None:
        """Give a side of a file in the patch."""
        if file.binary or (old and not file.old_path) or (not old and file.status == "deleted"):
            return None
        whole = self._whole(file)
        return whole[0 if old else 1] if whole is not None else _shown(file, old=old)

    def _whole(self, file: FileChange) -> tuple[str, str] | None:
        """Give both sides in full where the patch fits what is on disk."""
        if file.status == "added":
            shown = _shown(file, old=False)
            return None if shown is None else ("", shown)
        before = self._read(file.old_path)
        after = _after(file, before)
        if before is not None and after is not None:
            return before, after
        now = self._read(file.path)
        back = None if now is None else applied(now, file.hunks, backwards=True)
        return None if now is None or back is None else (back, now)

    def _read(self, path: str) -> str | None:
        """Read a file on disk."""
        return text_on_disk(self._root, path)


def text_on_disk(root: Path, path: str) -> str | None:
    """Give the text of a plain file of the work tree; None where there is none."""
    return _as_text(read_bytes(root, path, limit=LARGEST))


def _fits(file: FileChange, text: str) -> bool:
    """Say whether a text has the lines that the hunks show of the new side."""
    rows = text.split("\n")
    shown = (line for line in file.lines() if line.new_line)
    return all(line.new_line <= len(rows) and rows[line.new_line - 1] == line.text.removesuffix("\r") for line in shown)


def _after(file: FileChange, before: str | None) -> str | None:
    """Give what the hunks make of a file; None where they are not of this text."""
    if file.status == "added":
        return _shown(file, old=False)
    return None if before is None else applied(before, file.hunks)


def _shown(file: FileChange, *, old: bool) -> str | None:
    """Give the lines that the hunks show of a side, each at its own number; None where one is beyond all files."""
    numbered = {(line.old_line if old else line.new_line): line.text.removesuffix("\r") for line in file.lines()}
    last = max(numbered, default=0)
    if last > LARGEST:
        return None
    return "".join(f"{numbered.get(at, '')}\n" for at in range(1, last + 1))
