"""Writes exports: beside their target as a part, which takes the target's name when it is whole and on the disk."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from localdev.core.errors import ModelError, NotFound, StorageError, UsageError
from localdev.core.files import refuse_without_room, storage_error
from localdev.core.ports import ProgressSink
from localdev.core.sizes import sized
from localdev.models.archive_manifest import (
    ArchivedFile,
    ArchivedModel,
    ArchivedSource,
    BadManifest,
    Manifest,
    encode,
    printable,
)
from localdev.models.archive_read import MANIFEST, in_all
from localdev.models.archive_tar import END, LONGEST_FOLDER, member_header, padded, padding
from localdev.models.passport import Passport, Source

_READ = 1 << 20
# A stick is slower than the memory in front of it: brought to it in steps, errors come early and the rate is true.
_SYNC = 64 << 20
_GONE = {errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ESTALE, errno.ESHUTDOWN}


def write_archive(target: Path, passports: list[Passport], *, force: bool, progress: ProgressSink | None) -> int:
    """Write the models into one new file and give its size in bytes. The caller sees to it that no other does so too.

    Two exports of the same models are the same bytes. What is written is compared with the digests of the passports.

    Raises:
        UsageError: `target` is there already and not to be replaced, or no file can have its name.
        NotFound: there is no folder for it.
        ModelError: a stored file cannot be read, or is not what its passport says.
        StorageError: there is no room, the file system holds no files as large, or the disk went away; then nothing
            is left of it, and what was at `target` before still is.
    """
    manifest = Manifest(tuple(_archived(passport) for passport in passports))
    try:
        head = encode(manifest)
    except BadManifest as error:
        raise ModelError(f"{passports[0].name} cannot be exported: it {error}", "remove it and add it again") from error
    total = _size_of(manifest, head)
    _refuse_target(target, force=force)
    part = target.with_name(f".{target.name}.part")
    _remove(part)  # what a killed export has left
    refuse_without_room(target, total)
    paths = [path for passport in passports for path in passport.paths()]
    count = in_all("export", total, progress)
    with _written_aside(target, part, total) as (file, finish):
        out = _Steady(file)
        out.write(member_header("", MANIFEST, len(head)) + padded(head))
        for path, (model, entry) in zip(paths, manifest.members(), strict=True):
            out.write(member_header(model.name, entry.name, entry.size))
            _append(out, path, entry, of=model.name, count=count)
            out.write(bytes(padding(entry.size)))
        out.write(END)
        if not force and os.path.lexists(target):
            raise _taken(target)
        finish()
    return total


class _Steady:
    """Writes to a file and brings it to the disk every 64 MiB."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._pending = file, 0

    def write(self, data: bytes) -> None:
        """Write on; raises OSError."""
        self._file.write(data)
        self._pending += len(data)
        if self._pending >= _SYNC:
            self._pending = 0
            self._file.flush()
            os.fsync(self._file.fileno())


def _archived(passport: Passport) -> ArchivedModel:
    """Give what travels of a passport: no paths and stamps of this machine, and nothing that is found out anew."""
    names = [path.name for path in passport.paths()] if len(passport.files) > 1 else ["model.gguf"]
    source = passport.source
    return ArchivedModel(
        name=passport.name[:LONGEST_FOLDER].rstrip(".-"),
        kind=passport.kind,
        digest=passport.digest,
        architecture=printable(passport.architecture),
        parameters=passport.parameters,
        quantisation=printable(passport.quantisation),
        context_length=passport.context_length,
        template_digest=passport.template_digest,
        licence=printable(passport.licence),
        base=printable(passport.base),
        source=ArchivedSource(source.kind, *map(printable, (_place(source), source.revision, source.at))),
        files=tuple(
            ArchivedFile(name, file.size, file.digest) for name, file in zip(names, passport.files, strict=True)
        ),
    )


def _place(source: Source) -> str:
    """Give the place of a source without folders of this machine."""
    return Path(source.place).name if source.kind in ("file", "archive") else source.place


def _size_of(manifest: Manifest, head: bytes) -> int:
    """Count the bytes of an export."""
    sizes = [len(member_header("", MANIFEST, len(head))) + len(padded(head))]
    for model, file in manifest.members():
        sizes.append(len(member_header(model.name, file.name, file.size)) + file.size + padding(file.size))
    return sum(sizes) + len(END)


def _refuse_target(target: Path, *, force: bool) -> None:
    """Look at what can be known before anything is written."""
    if not target.parent.is_dir():
        raise NotFound(f"there is no folder {target.parent}", "make it first, and look whether the stick is mounted")
    if target.is_dir():
        raise UsageError(f"{target} is a folder", "name a file that is not there yet")
    if not force and os.path.lexists(target):
        raise _taken(target)


@contextlib.contextmanager
def _written_aside(target: Path, part: Path, total: int) -> Iterator[tuple[BinaryIO, Callable[[], None]]]:
    """Give the new file `part`, and what gives it the target's name; without that nothing is left of it."""

    def finish() -> None:
        file.flush()
        os.fsync(file.fileno())
        file.close()  # Windows renames no open file
        os.replace(part, target)
        _sync_folder(target.parent)

    try:
        with contextlib.ExitStack() as cleaning:
            cleaning.callback(_remove, part)
            file = cleaning.enter_context(part.open("xb"))  # never what someone laid there, a link for example
            yield file, finish
    except OSError as error:
        raise _trouble(target, total, error) from error


def _append(out: _Steady, path: Path, entry: ArchivedFile, *, of: str, count: Callable[[int], None]) -> None:
    """Copy one stored file, and check that what was copied is what its passport says."""
    digest, left = hashlib.sha256(), entry.size
    for block in _blocks(path, of):
        left -= len(block)
        if left < 0:
            break
        digest.update(block)
        out.write(block)
        count(len(block))
    if left or digest.hexdigest() != entry.sha256:
        raise ModelError(
            f"the stored model {of} was changed since it was added, so it is not exported",
            "`localdev models add` with a good copy puts it in order",
        )


def _blocks(path: Path, name: str) -> Iterator[bytes]:
    """Read a stored file; what goes wrong there is not the stick's fault."""
    try:
        with path.open("rb") as file:
            while block := file.read(_READ):
                yield block
    except OSError as error:
        raise ModelError(
            f"the stored model {name} cannot be read: {error.strerror or error}",
            "`localdev models add` with a good copy puts it in order",
        ) from error


def _remove(part: Path) -> None:
    """Remove what is left of a part, where the disk still lets it."""
    with contextlib.suppress(OSError):
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Bring a new name to the disk; Windows and some file systems have no way to ask for it."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _trouble(target: Path, total: int, error: OSError) -> StorageError:
    """Say what went wrong with the disk that is written to."""
    if error.errno == errno.EFBIG:
        return StorageError(
            f"the file system of {target.parent} holds no file of {sized(total)}",
            "FAT32 ends at 4 GiB: a stick formatted with exFAT holds larger files",
        )
    if error.errno in _GONE:
        return StorageError(
            f"cannot write {target}: {error.strerror or error}",
            "plug the stick in again, look whether it is mounted, and export again",
        )
    return storage_error(target, error)


def _taken(target: Path) -> UsageError:
    """Say that something is there already."""
    return UsageError(f"{target} is there already", "name another file, or replace it with --force")
