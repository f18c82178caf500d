"""Which files of a folder are source: the listing that indexing starts from.

Inside a git work tree git itself is asked, else the tree is walked here; the same sieve then decides on each path, by
its name and its size and without reading it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from localdev.core.code import Skipped, SourceFile
from localdev.core.errors import NotFound, UsageError
from localdev.source import skip
from localdev.source.ignore import RuleSet, ignored
from localdev.source.ignore_files import OWN_RULES, read_rules
from localdev.source.walk_git import GitTrouble, Paths, start_git
from localdev.source.walk_own import walk_tree

# A tracked file in whose place there is now a folder: git lists the files in it by themselves.
_STANDS_FOR_ITS_FILES = "folder"


@dataclass(frozen=True, slots=True)
class Listing:
    """The files to index and those left out, both sorted by path; `notices` are sentences the user should see.

    The path of a folder that is skipped as a whole ends in `/`. Paths that ignore rules exclude are in neither list.
    """

    files: tuple[SourceFile, ...]
    skipped: tuple[Skipped, ...]
    notices: tuple[str, ...] = ()


def find_root(start: Path) -> Path:
    """Give the top folder of the git work tree that holds `start`, or `start` itself where there is none; absolute.

    Raises:
        NotFound: there is no such folder.
        UsageError: `start` is a file.
    """
    folder = start.expanduser().absolute()
    folder = Path(os.path.normpath(folder))
    if folder.is_dir():
        return next((place for place in (folder, *folder.parents) if is_work_tree(place)), folder)
    if folder.exists():
        raise UsageError(f"{start} is a file, not a folder", f"name the folder it is in: -C {start.parent}")
    raise NotFound(f"there is no folder {start}", "check the spelling of the path, or create the folder first")


def is_work_tree(folder: Path) -> bool:
    """Say whether `folder` is the top of a git work tree: it has a `.git` folder with a HEAD, or a `.git` file."""
    entry = folder / ".git"
    return (entry / "HEAD").exists() or entry.is_file()


def list_files(root: Path, *, limit: int = skip.DEFAULT_LIMIT) -> Listing:
    """List the source files under `root`, leaving out those over `limit` bytes and all that is not source.

    Raises:
        NotFound: `root` is not there.
        UsageError: `root` is a file.
    """
    return start_listing(root, limit=limit)()


def start_listing(root: Path, *, limit: int = skip.DEFAULT_LIMIT) -> Callable[[], Listing]:
    """Start `list_files`: git works while the caller does something else; the function given back gives the list."""
    top = find_root(root)
    folder = os.path.normpath(root.expanduser().absolute())
    if not is_work_tree(top):
        return lambda: _walked(folder, limit)
    try:
        paths = start_git(folder)
    except GitTrouble as trouble:
        text = str(trouble)
        return lambda: _walked(folder, limit, text)
    return lambda: _listed(folder, paths, limit)


def _listed(folder: str, paths: Callable[[], Paths], limit: int) -> Listing:
    """List what git names; walk where it cannot."""
    try:
        named, notices = paths()
    except GitTrouble as trouble:
        return _walked(folder, limit, str(trouble))
    sieve = Sieve(folder, limit)
    for path in named:
        sieve.add(path)
    return sieve.listing(notices)


def _walked(folder: str, limit: int, trouble: str = "") -> Listing:
    """List without git; `trouble` says why it could not be asked."""
    sieve = Sieve(folder, limit)
    walk_tree(folder, sieve)
    why = f"git cannot list {folder}, ignore files are read without it: {trouble}"
    return sieve.listing((why,) if trouble else ())


class Sieve:
    """Decides on one path after the other; folders are decided once, before anything below them."""

    def __init__(self, root: str, limit: int) -> None:
        self.root = root
        self._start = root if root.endswith("/") else f"{root}/"
        self._limit = limit
        self._over = skip.over_limit(limit)
        self._files: list[SourceFile] = []
        self._skipped: dict[str, str] = {}
        # Folder -> its chain of own ignore rules; None when nothing below it is wanted.
        self._folders: dict[str, tuple[RuleSet, ...] | None] = {"": self._with_rules("", ())}

    def listing(self, notices: tuple[str, ...]) -> Listing:
        """Give what was decided so far."""
        files = tuple(sorted(self._files, key=attrgetter("path")))
        skipped = tuple(Skipped(path, self._skipped[path]) for path in sorted(self._skipped))
        return Listing(files, skipped, notices)

    def skip(self, path: str, reason: str) -> None:
        """Leave a path out; bytes of a name that are not UTF-8 are escaped, so that it can be shown and stored."""
        self._skipped[os.fsencode(path).decode("utf-8", "backslashreplace")] = reason

    def enter(self, folder: str) -> bool:
        """Say whether anything below `folder` (relative, no slash at the end) may be wanted."""
        return self._chain(folder) is not None

    def add(self, path: str) -> None:
        """Decide on one file; a path that ends in a slash is a repository of its own that git does not look into."""
        if path.endswith("/"):
            if self.enter(path[:-1]):
                self.skip(path, "nested repository")
            return
        # Once per file and before every search: a plain source file takes the straight way through.
        parent, _, name = path.rpartition("/")
        chain = self._folders[parent] if parent in self._folders else self._chain(parent)
        if chain is None or (chain and ignored(chain, path, False)):
            return
        try:
            facts = os.lstat(self._start + path)
        except (FileNotFoundError, NotADirectoryError):
            return  # tracked, but deleted from the work tree
        except OSError as error:
            self.skip(path, skip.trouble(error))
            return
        size = facts.st_size
        if not stat.S_ISREG(facts.st_mode):
            reason = self._odd_reason(path, facts.st_mode)
        else:
            reason = skip.file_reason(name) or (self._over if size > self._limit else "" if size else "empty")
            if not reason and (path.isascii() or _is_utf8(path)):
                self._files.append(SourceFile(path, size, facts.st_mtime_ns, facts.st_ctime_ns))
                return
        if reason != _STANDS_FOR_ITS_FILES:
            self.skip(path, reason or "name is not UTF-8")

    def _odd_reason(self, path: str, mode: int) -> str:
        """Give the reason to skip what is no regular file."""
        if stat.S_ISDIR(mode):
            return "submodule" if _is_submodule(self._start + path) else _STANDS_FOR_ITS_FILES
        return "symlink" if stat.S_ISLNK(mode) else "not a regular file"

    def _chain(self, folder: str) -> tuple[RuleSet, ...] | None:
        """Give the ignore rules that hold below `folder`, or None when nothing below it is wanted."""
        new: list[str] = []
        while folder not in self._folders:
            new.append(folder)
            folder = folder.rpartition("/")[0]
        chain = self._folders[folder]
        for folder in reversed(new):  # a loop: git knows folders that lie deeper than Python may recurse
            chain = self._folders[folder] = self._decide(folder, chain)
        return chain

    def _decide(self, folder: str, chain: tuple[RuleSet, ...] | None) -> tuple[RuleSet, ...] | None:
        """Look at a folder for the first time; `chain` holds the rules that come from above."""
        name = folder.rpartition("/")[2]
        if chain is None or name in skip.SILENT_FOLDERS or (chain and ignored(chain, folder, True)):
            return None
        on_disk = self._start + folder
        reason = skip.folder_reason(folder, on_disk)
        if reason:
            if os.path.isdir(on_disk):  # not when all of it is deleted
                self.skip(f"{folder}/", reason)
            return None
        if os.path.islink(on_disk):  # git still lists the files that were here before the link
            self.skip(folder, "symlink")
            return None
        return self._with_rules(folder, chain)

    def _with_rules(self, folder: str, chain: tuple[RuleSet, ...]) -> tuple[RuleSet, ...]:
        """Add the own ignore file of a folder to the rules that come from above."""
        rules = read_rules(self._start + folder, folder, OWN_RULES)
        return chain if rules is None else (*chain, rules)


def _is_submodule(on_disk: str) -> bool:
    """Say whether a folder that git lists as one entry is a submodule: checked out, or still empty."""
    try:
        entries = os.listdir(on_disk)
    except OSError:
        return True
    return not entries or ".git" in entries


def _is_utf8(path: str) -> bool:
    """Say whether the bytes of a path are UTF-8; Python keeps others as lone surrogates."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
