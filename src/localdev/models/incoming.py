"""Brings the files of a model into a folder of the store, as links or copies, with their digests."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from localdev.core.errors import ModelError, StorageError
from localdev.core.files import refuse_without_room, storage_error
from localdev.core.ports import ProgressSink
from localdev.models.digests import Counted
from localdev.models.passport import Mode, StoredFile, part_name, stamp, unwritten

# How a model is wanted in the store; auto links where the disk allows it and copies otherwise.
Wish = Literal["auto", "link", "copy", "move"]

_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP}


def bring_in(
    sources: Sequence[Path], folder: Path, wish: Wish, *, own: bool, progress: ProgressSink | None
) -> tuple[Mode, tuple[StoredFile, ...]]:
    """Link or copy `sources` into the empty `folder` and say which it was, and what is there now.

    One file is called model.gguf, parts are called as `part_name` says. Nothing is taken away from `sources`, unless
    they are the store's `own`, are to be moved, and cannot be linked: a copy would take their room a second time.
    `give_back` undoes that.

    Raises:
        ModelError: a source cannot be read, or changed while it was.
        StorageError: the folder cannot be written, or `wish` is link and the file system has none for them.
    """
    targets = _targets(sources, folder)
    try:
        linked = wish != "copy" and _link(sources, targets)
        if own and wish == "move" and not linked:
            for source, target in zip(sources, targets, strict=True):
                os.rename(source, target)
            linked = True
        if wish == "link" and not linked:
            raise StorageError(
                f"{sources[0]} cannot be linked into {folder}: another disk, or a file system without hard links",
                "leave out --link, then it is copied",
            )
        read = targets if linked else sources
        before = [path.stat() for path in read]
        digests = _hashed(targets, progress) if linked else _copied(sources, targets, wish, progress=progress)
        seen = _unchanged(read, before, digests, progress=progress)
        stamps = [stamp(stat) for stat in (seen if linked else [target.stat() for target in targets])]
        stored = zip(targets, digests, stamps, strict=True)
        files = tuple(StoredFile(path.name, size, digest, *times) for path, digest, (size, *times) in stored)
    except OSError as error:
        raise storage_error(folder, error) from error
    return ("move" if wish == "move" else "link" if linked else "copy"), files


def give_back(sources: Sequence[Path], folder: Path) -> None:
    """Move what `bring_in` took to where it was."""
    for source, target in zip(sources, _targets(sources, folder), strict=True):
        if target.exists() and not source.exists():
            with contextlib.suppress(OSError):  # it is what is undone after an error; that is the one to be told
                os.rename(target, source)


def _targets(sources: Sequence[Path], folder: Path) -> list[Path]:
    """Give what the files are called in the folder."""
    if len(sources) == 1:
        return [folder / "model.gguf"]
    return [folder / part_name(number + 1, len(sources)) for number in range(len(sources))]


def _unchanged(
    read: Sequence[Path], before: Sequence[os.stat_result], digests: Sequence[str], *, progress: ProgressSink | None
) -> list[os.stat_result]:
    """See that files did not change while they were read, and give how they were before they were last read.

    A link to a file that is made or removed elsewhere moves its change time as writing does: it is read once more.

    Raises:
        ModelError: one changed.
    """
    now = [path.stat() for path in read]
    pairs = list(zip(read, before, now, digests, strict=True))
    suspects = [each for each in pairs if stamp(each[1]) != stamp(each[2])]
    counted = Counted("hash", sum(stat.st_size for _, _, stat, _ in suspects), progress)
    for path, then, stat, digest in suspects:
        if not (unwritten(then, stat) and counted.digest(path) == digest and unwritten(stat, path.stat())):
            raise ModelError(f"{path} changed while it was read", "wait until nothing writes it, and add it again")
    return now


def _link(sources: Sequence[Path], targets: Sequence[Path]) -> bool:
    """Make hard links; False, and none left, where the file system or its rules do not allow one."""
    try:
        for source, target in zip(sources, targets, strict=True):
            os.link(source.resolve(), target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        for target in targets:
            target.unlink(missing_ok=True)
        return False
    return True


def _hashed(files: Sequence[Path], progress: ProgressSink | None) -> list[str]:
    """Give the digests of files."""
    counted = Counted("hash", sum(file.stat().st_size for file in files), progress)
    return [counted.digest(file) for file in files]


def _copied(
    sources: Sequence[Path], targets: Sequence[Path], wish: Wish, *, progress: ProgressSink | None
) -> list[str]:
    """Copy files and give the digests of what was written; read back where the sources are to go."""
    total = sum(source.stat().st_size for source in sources)
    refuse_without_room(targets[0].parent, total)  # said now and not after minutes
    counted = Counted("copy", total, progress)
    digests = [counted.copy(source, target) for source, target in zip(sources, targets, strict=True)]
    if wish == "move" and _hashed(targets, progress) != digests:
        raise StorageError(f"what was written to {targets[0].parent} reads back differently", "check the disk")
    return digests


def settle(stored: Sequence[Path]) -> None:
    """Have the names of stored files written to the disk, as far as the system can be asked to."""
    for folder in dict.fromkeys(path.parent for path in stored):
        _flush(folder)


def take_away(sources: Sequence[Path], stored: Sequence[Path]) -> None:
    """Remove what was moved, but no file that has its last name in the store; to be called once that is settled.

    Raises:
        StorageError: a source cannot be removed.
    """
    for source in sources:
        try:
            # The last name of a stored file is the store's own, by whatever way this path leads there.
            if not _is_last_name(source, stored):
                source.unlink()
        except FileNotFoundError:  # somebody else was quicker
            continue
        except OSError as error:
            raise StorageError(
                f"the model is stored, but {source} cannot be removed: {error.strerror or error}",
                "remove it yourself, the store does not need it",
            ) from error


def _is_last_name(source: Path, stored: Sequence[Path]) -> bool:
    """Say whether a path is a stored file that has no other name on the disk."""
    stat = source.stat()
    return stat.st_nlink < 2 and any(os.path.samestat(stat, path.stat()) for path in stored)


def _flush(folder: Path) -> None:
    """Have the names in a folder written to the disk, where the system can be asked to."""
    with contextlib.suppress(OSError):  # Windows opens no folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
