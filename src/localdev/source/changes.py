"""The changes of a repository as git knows them: uncommitted, staged, or between two commits; and a patch's.

Each comes with its two sides, so that whole files can be looked at and not only hunks.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from localdev.core.change import SYMLINK, Change, DiffLine, FileChange, Hunk, Sides
from localdev.core.errors import UsageError
from localdev.source.diff import read_diff
from localdev.source.git import GitFailed, ask_git, run_git
from localdev.source.reading import read_bytes
from localdev.source.sides import LARGEST, GitSides, PatchSides, decode, is_legible, legible

# Nothing that the repository's own settings name may run or change the form (converters, other diffs, prefixes).
_PLAIN = (
    "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative", "--src-prefix=a/", "--dst-prefix=b/",
    "--full-index", "--unified=3", "--inter-hunk-context=0", "--find-renames", "--submodule=short",
    "--ignore-submodules=dirty", "--diff-algorithm=histogram",
)  # fmt: skip
_RANGE = re.compile(r"(?P<old>[^\s]*?)(?P<dots>\.{2,3})(?P<new>[^\s]*)\Z")
_NO_REVISION = "name two commits that are there: A..B (see `git log --oneline`)"
# Untracked files beyond these are named and not read: somebody forgot to ignore a folder.
_MOST_UNTRACKED = 2_000
_MOST_UNTRACKED_BYTES = 20_000_000
_AsSides = Callable[[Sequence[FileChange]], GitSides]
_UNMERGED = re.compile(r"^\* Unmerged path (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Changed:
    """A change with its two sides; `notes` say what was left out of it, for the user."""

    change: Change
    sides: Sides
    notes: tuple[str, ...] = field(default=())


def uncommitted(root: Path, paths: Sequence[str] = ()) -> Changed:
    """Give all that is not committed: staged, unstaged and untracked, against the last commit.

    `paths` (relative to the root, files or folders) narrow it.

    Raises:
        GitFailed: this is no git repository.
    """
    base = _head(root)
    files = _diff(root, base, paths=paths, sides=lambda files: GitSides(root, base, files=files))
    new, notes = _untracked(root, paths)
    change = Change(_sorted((*files, *new)), "uncommitted changes")
    return Changed(change, GitSides(root, base, files=change.files), notes)


def staged(root: Path, paths: Sequence[str] = (), *, index: str = "") -> Changed:
    """Give what the next commit would hold; `index` is the index file where it is not the repository's own.

    Raises:
        GitFailed: this is no git repository.
    """
    base = _head(root)

    def sides(files: Sequence[FileChange]) -> GitSides:
        return GitSides(root, base, "", index=index, files=files)

    said = _said(root, "--cached", base, paths=paths, index=index)
    files = _opened(root, _read(said), sides, "--cached", base, index=index)
    change = Change(_sorted(files), "staged changes")
    unmerged = ", ".join(_UNMERGED.findall(said))
    notes = (f"not looked at, because it is not merged: {unmerged}",) if unmerged else ()
    return Changed(change, sides(change.files), notes)


def between(root: Path, revisions: str, paths: Sequence[str] = ()) -> Changed:
    """Give what changed from A to B: `A..B`, `A...B` (from where they parted), or `A` to the files as they are now.

    An empty A or B is `HEAD`. What comes before the first commit (`HEAD~1..HEAD` there) is nothing at all.

    Raises:
        UsageError: that is no range, or a revision is not there.
        GitFailed: this is no git repository.
    """
    match = _RANGE.match(revisions)
    if revisions.startswith("-") or not revisions.strip():
        raise UsageError(f"{revisions!r} is no range of commits", _NO_REVISION)
    if match is None:
        base = _tree(root, revisions, revisions)
        files = _diff(root, base, paths=paths, sides=lambda files: GitSides(root, base, files=files))
        change = Change(_sorted(files), revisions)
        return Changed(change, GitSides(root, base, files=change.files))
    old, new = match["old"] or "HEAD", match["new"] or "HEAD"
    after = _tree(root, new, revisions)
    before = _parted(root, old, new, revisions) if match["dots"] == "..." else _before(root, old, new, revisions)
    files = _diff(root, before, after, paths=paths, sides=lambda files: GitSides(root, before, after, files=files))
    change = Change(_sorted(files), revisions)
    return Changed(change, GitSides(root, before, after, files=change.files))


def patch(root: Path, text: str, paths: Sequence[str] = ()) -> Changed:
    """Give what a patch changes. Sides are known as far as the files it applies to are there.

    Raises:
        UsageError: it is no patch.
    """
    files = tuple(_decoded(each) for each in read_diff(text))
    if not files and text.strip():
        raise UsageError("no file is changed in this patch", "give what `git diff` or `diff -u` prints")
    return Changed(Change(tuple(each for each in files if within(each, paths)), "patch"), PatchSides(root, files))


def _head(root: Path) -> str:
    """Give the last commit, or the empty tree before the first one."""
    said = ask_git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return said.strip() if said else _empty_tree(root)


def _empty_tree(root: Path) -> str:
    """Give the id of the tree that holds nothing, in the repository's own kind of digest."""
    return run_git(root, "hash-object", "-t", "tree", os.devnull).strip()


def _tree(root: Path, revision: str, written: str) -> str:
    """Give the id that a revision means."""
    said = ask_git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}")
    if not said:
        run_git(root, "rev-parse", "--git-dir")  # no repository at all is told first
        raise UsageError(f"there is no commit {revision!r} for {written}", _NO_REVISION)
    commit = ask_git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return (commit or said).strip()


def _before(root: Path, old: str, new: str, written: str) -> str:
    """Give what a range starts from; the parent of the very first commit is the empty tree."""
    if old in (f"{new}~1", f"{new}~", f"{new}^", f"{new}^1"):
        parents = ask_git(root, "rev-list", "--parents", "--max-count=1", "--end-of-options", new, "--")
        if parents is not None and len(parents.split()) == 1:
            if _is_shallow(root):
                raise UsageError(
                    f"{old} is beyond what this shallow clone holds", "`git fetch --deepen 1` brings one commit more"
                )
            return _empty_tree(root)
    return _tree(root, old, written)


def _parted(root: Path, old: str, new: str, written: str) -> str:
    """Give the commit at which two lines of history parted."""
    before, after = _tree(root, old, written), _tree(root, new, written)
    said = ask_git(root, "merge-base", before, after)
    if not said:
        raise UsageError(f"{old} and {new} have no commit in common here", "use A..B, or fetch more of the history")
    return said.split()[0]


def _is_shallow(root: Path) -> bool:
    """Say whether the clone lacks older history."""
    return (ask_git(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"


def _diff(root: Path, *arguments: str, paths: Sequence[str], sides: _AsSides) -> list[FileChange]:
    """Run one diff and read it."""
    return _opened(root, _read(_said(root, *arguments, paths=paths)), sides, *arguments)


def _opened(root: Path, files: list[FileChange], sides: _AsSides, *arguments: str, index: str = "") -> list[FileChange]:
    """Give the lines of what counts as binary by `.gitattributes` alone, so that nothing there hides code."""
    binary = [file for file in files if file.binary]
    if not binary:
        return files
    texts = sides(files)
    hidden = [file for file in binary if _is_text(file, texts)]
    if not hidden:
        return files
    names = sorted({name for file in hidden for name in (file.path, file.old_path) if name})
    said = _said(root, "--text", *arguments, paths=names, index=index)
    shown = {(each.path, each.status): each for each in _read(said)}
    texts_of = {id(file): shown.get((file.path, file.status), file) for file in hidden}
    return [texts_of.get(id(file), file) for file in files]


def _is_text(file: FileChange, sides: GitSides) -> bool:
    """Say whether a file is text by its content, on each side that has it."""
    old = file.old_path == "" or sides.old_text(file.old_path) is not None
    return old and (file.status == "deleted" or sides.new_text(file.path) is not None)


def _said(root: Path, *arguments: str, paths: Sequence[str], index: str = "") -> str:
    """Run one diff."""
    return run_git(root, "diff", *_PLAIN, *arguments, "--", *map(_literal, paths), index=index)


def _read(said: str) -> list[FileChange]:
    """Read a diff of git's."""
    return [_decoded(each) for each in read_diff(said)]


def _literal(path: str) -> str:
    """Write a path so that git takes its characters as they are."""
    return f":(top,literal){path}"


def _decoded(file: FileChange) -> FileChange:
    """Give a file's lines as its sides have them: without a byte order mark, and without lone surrogates.

    Those are how bytes that are no UTF-8 come from git.
    """
    if file.submodule:  # git tells the commits of a submodule as if they were lines of a file
        return replace(file, hunks=())
    if not any(_is_odd(line.text) for line in file.lines()):
        return file
    hunks = tuple(replace(hunk, lines=tuple(map(_decoded_line, hunk.lines))) for hunk in file.hunks)
    return replace(file, hunks=hunks)


def _decoded_line(line: DiffLine) -> DiffLine:
    """Decode one line as a whole file of its kind would be."""
    if not _is_odd(line.text):
        return line
    text = line.text.removeprefix("\ufeff") if 1 in (line.old_line, line.new_line) else line.text
    return replace(line, text=legible(text))


def _is_odd(text: str) -> bool:
    """Say whether a text holds lone surrogates or a byte order mark."""
    return not is_legible(text) or "\ufeff" in text


def _untracked(root: Path, paths: Sequence[str]) -> tuple[list[FileChange], tuple[str, ...]]:
    """Give the files that git does not know and does not ignore, each as one that was added."""
    said = ask_git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *map(_literal, paths)) or ""
    every = [name for name in said.split("\0") if name]
    names = [name for name in every if not name.endswith("/")]
    inside = [name for name in every if name.endswith("/")]
    files: list[FileChange] = []
    left = _MOST_UNTRACKED_BYTES
    for name in names[:_MOST_UNTRACKED]:
        data = read_bytes(root, name, limit=LARGEST) if left > 0 else None
        left -= len(data or b"")
        files.append(_new_file(root, name, data))
    notes = [f"not reviewed: {name} is a git repository of its own, and not tracked" for name in inside]
    if len(names) > _MOST_UNTRACKED:
        notes.append(f"{len(names)} files are untracked: the first {_MOST_UNTRACKED} are looked at")
    if left <= 0:
        notes.append(
            f"untracked files are read up to {_MOST_UNTRACKED_BYTES // 1_000_000} MB: the rest counts as binary"
        )
    return files, tuple(notes)


def _new_file(root: Path, name: str, data: bytes | None) -> FileChange:
    """Make the change that adding a file would be; one that is no text, or could not be read, counts as binary."""
    path = root / name
    if path.is_symlink():
        with contextlib.suppress(OSError):
            return FileChange(name, "", "added", "", SYMLINK, hunks=_whole(decode(os.fsencode(os.readlink(path)))))
    mode = "100755" if os.access(path, os.X_OK) else "100644"
    if data is None or b"\0" in data[:8000]:
        return FileChange(name, "", "added", "", mode, binary=True)
    return FileChange(name, "", "added", "", mode, hunks=_whole(decode(data, line_ends=True)))


def _whole(text: str) -> tuple[Hunk, ...]:
    """Give all lines of a text as added."""
    rows = text.split("\n")
    ended = rows[-1] == ""
    if ended:
        rows.pop()
    if not rows:
        return ()
    last = len(rows)
    lines = (DiffLine("added", row, 0, at, not ended and at == last) for at, row in enumerate(rows, 1))
    return (Hunk(0, 0, 1, last, "", tuple(lines)),)


def within(file: FileChange, paths: Sequence[str]) -> bool:
    """Say whether a file is one of `paths`, or in a folder of them."""
    return not paths or any(file.path == path or file.path.startswith(f"{path.rstrip('/')}/") for path in paths)


def _sorted(files: Sequence[FileChange]) -> tuple[FileChange, ...]:
    """Order files by path, as git does."""
    return tuple(sorted(files, key=lambda each: each.path))


__all__ = ["Changed", "GitFailed", "between", "patch", "staged", "uncommitted"]
