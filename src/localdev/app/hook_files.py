"""Puts the hooks where git looks for them, keeps those that were there, and takes them out again."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from localdev.app.hook_script import BEFORE, HOOKS, Wanted, hook_script, is_ours, is_unchanged, options_of
from localdev.core.errors import UsageError
from localdev.core.files import storage_error
from localdev.source.git import ask_git, run_git

State = Literal["installed", "outdated", "edited", "other", "none"]
Deed = Literal["installed", "kept", "removed", "restored", "set aside", "nothing"]


@dataclass(frozen=True, slots=True)
class HookFolder:
    """Where git looks for hooks; `shared` says that all repositories of the user do, `tracked` that it is in the tree.

    `setting` is what `core.hooksPath` says, empty where it says nothing; `husky` that husky writes this folder anew;
    `off` that it names no folder, so that git runs no hooks.
    """

    path: Path
    setting: str = ""
    shared: bool = False
    tracked: bool = False
    husky: bool = False
    off: bool = False


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook: `before` says that another one is kept and run first, `deed` what was done just now."""

    name: str
    path: Path
    state: State
    before: bool = False
    deed: Deed = "nothing"
    note: str = ""
    deadline: float = 0.0
    strict: bool = False


def hook_folder(root: Path) -> HookFolder:
    """Find the folder of hooks as git does: `core.hooksPath`, else that of the repository, for all its work trees.

    Raises:
        GitFailed: this is no git repository.
    """
    folder = root / run_git(root, "rev-parse", "--git-path", "hooks").rstrip("\n")
    scope, _, setting = (
        (ask_git(root, "config", "--show-scope", "--get", "core.hooksPath") or "").rstrip("\n").partition("\t")
    )
    folder = Path(os.path.normpath(folder))
    inside = folder.is_relative_to(root) and ".git" not in folder.relative_to(root).parts
    off = bool(scope and not setting) or (folder.exists() and not folder.is_dir())
    husky = folder.parts[-2:] == (".husky", "_")
    return HookFolder(folder, setting, scope in ("global", "system"), inside, husky, off)


def own_program() -> tuple[str, ...]:
    """Give the words that start this localdev from anywhere."""
    checkout = os.environ.get("LOCALDEV_CHECKOUT", "")
    started = Path(checkout, "scripts", "localdev") if checkout else Path(sys.argv[0] or "-").absolute()
    if started.name in ("localdev", "localdev.exe") and os.access(started, os.X_OK) and started.is_file():
        return (str(started),)
    return (sys.executable, "-m", "localdev")


def state_of(folder: HookFolder, name: str, wanted: Wanted, *, any_options: bool = False) -> Hook:
    """Look at one hook; with `any_options` it may have been installed with another deadline or strictness."""
    path = folder.path / name
    data = _read(path)
    before = os.path.lexists(f"{path}{BEFORE}")
    if data is None:
        return Hook(name, path, "none", before)
    if not is_ours(data):
        return Hook(name, path, "other", before)
    if not is_unchanged(data):
        return Hook(name, path, "edited", before)
    deadline, strict = options_of(data)
    wanted = replace(wanted, deadline=deadline, strict=strict) if any_options else wanted
    state: State = "installed" if data == hook_script(name, wanted) else "outdated"
    return Hook(name, path, state, before, deadline=deadline, strict=strict)


def install(folder: HookFolder, names: Sequence[str], wanted: Wanted) -> Iterator[Hook]:
    """Write hooks; one that is there already is kept under another name and run first. Doing it twice does no more.

    A hook of ours that somebody has edited stays as it is.

    Raises:
        StorageError: a file cannot be written or moved.
    """
    for name in checked(names):
        found = state_of(folder, name, wanted)
        if found.state == "edited":
            note = "it was edited after it was installed, and stays as it is; `localdev hooks uninstall` sets it aside"
            yield Hook(name, found.path, "edited", found.before, "kept", note)
            continue
        kept = found.path.with_name(name + BEFORE)
        if found.state == "other" and not _kept(found.path, kept):
            note = f"another hook was put in its place, and {kept.name} is taken: move one of them away first"
            yield Hook(name, found.path, "other", True, "kept", note)
            continue
        _write(found.path, hook_script(name, wanted))
        note = "the hook that was there is kept and runs first" if found.state == "other" else ""
        deed: Deed = "nothing" if found.state == "installed" else "installed"
        before = found.before or found.state == "other"
        yield Hook(name, found.path, "installed", before, deed, note, wanted.deadline, wanted.strict)


def uninstall(folder: HookFolder, names: Sequence[str], wanted: Wanted) -> Iterator[Hook]:
    """Take hooks out and put back those that were there before; one that was edited is set aside, not lost.

    Raises:
        StorageError: a file cannot be moved or removed.
    """
    for name in checked(names):
        found = state_of(folder, name, wanted)
        kept = found.path.with_name(name + BEFORE)
        if found.state == "other":
            note = f"another hook is there now; the one before localdev's is {kept.name}" if found.before else ""
            yield Hook(name, found.path, "other", found.before, "kept", note)
            continue
        if found.state == "none" and not found.before:
            yield found
            continue
        note = _set_aside(found.path) if found.state == "edited" else ""
        try:
            if found.before:
                kept.replace(found.path)  # in one step: at no time is there no hook
            elif not note:
                found.path.unlink()
        except OSError as error:
            raise storage_error(found.path, error, "remove") from error
        deed: Deed = "restored" if found.before else "set aside" if note else "removed"
        yield Hook(name, found.path, "other" if found.before else "none", False, deed, note)


def checked(names: Sequence[str]) -> tuple[str, ...]:
    """Give the hooks to look after; none named means all.

    Raises:
        UsageError: there is no such hook.
    """
    for name in names:
        if name not in HOOKS:
            raise UsageError(f"there is no hook {name!r} of localdev's", f"hooks: {', '.join(HOOKS)}")
    return tuple(dict.fromkeys(names)) or HOOKS


def _kept(path: Path, kept: Path) -> bool:
    """Give a hook its second name, under which it is run first; false where that is another one's.

    At every moment it has one of both names, and that of two installations at once one alone gets through.

    Raises:
        StorageError: it cannot be named so.
    """
    try:
        if os.path.lexists(kept):  # of the same file by an installation that was killed in between
            return os.path.samestat(path.lstat(), kept.lstat())
        try:
            os.link(path, kept, follow_symlinks=False)
        except (NotImplementedError, OSError) as error:
            if isinstance(error, FileExistsError | FileNotFoundError):
                raise
            path.rename(kept)  # a file system without such links
    except OSError as error:
        raise storage_error(path, error, "move") from error
    return True


def _set_aside(path: Path) -> str:
    """Move a hook of ours that somebody has edited away, and say where to.

    Raises:
        StorageError: it cannot be moved.
    """
    free = next(n for n in range(1, 1000) if not os.path.lexists(f"{path}.edited-{n}"))
    aside = path.with_name(f"{path.name}.edited-{free}")
    try:
        path.rename(aside)
    except OSError as error:
        raise storage_error(path, error, "move") from error
    return f"it was edited after it was installed: it is {aside.name} now"


def _read(path: Path) -> bytes | None:
    """Read a hook; None where there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        # A link that leads nowhere is somebody's all the same.
        return b"" if path.is_symlink() else None
    except OSError as error:
        raise storage_error(path, error, "read") from error


def _write(path: Path, data: bytes) -> None:
    """Write a hook that may be run."""
    aside = path.with_name(f".{path.name}.localdev-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(data)
        aside.chmod(0o755)
        aside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise storage_error(path, error) from error
