"""Reads exports: first every byte that is no content is compared with what it must be, then contents with digests."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from localdev.core.errors import ModelError, NotFound
from localdev.core.events import Progress
from localdev.core.files import storage_error
from localdev.core.ports import ProgressSink
from localdev.models.archive_manifest import MOST_BYTES, ArchivedFile, BadManifest, Manifest, NewerManifest, decode
from localdev.models.archive_tar import BLOCK, END, claimed_size, complaint, member_header, padding

MANIFEST = "manifest.json"
_READ = 1 << 20
_HINT = "copy it again from where it came, or export the model again with `localdev models export`"
# What a file begins with that is no export, and what to do with it.
_OTHERS = (
    (b"\x1f\x8b", "compressed with gzip", "unpack it with gunzip and import what is in it"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it with unzstd and import what is in it"),
    (b"\xfd7zXZ", "compressed with xz", "unpack it with unxz and import what is in it"),
    (b"BZh", "compressed with bzip2", "unpack it with bunzip2 and import what is in it"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it and import the .ldm file that is in it"),
    (b"PK\x05\x06", "a ZIP archive", "unpack it and import the .ldm file that is in it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it and import the .ldm file that is in it"),
    (b"GGUF", "a model file itself", "`localdev models add` takes it as it is"),
)


@dataclass(frozen=True, slots=True)
class Archive:
    """An export that is open for reading; `offsets` are the places of its files, in the manifest's order."""

    path: Path
    manifest: Manifest
    offsets: tuple[int, ...]
    file: BinaryIO

    def extract(self, model: int, folder: Path, written: Callable[[int], None]) -> None:
        """Write the files of one model into `folder`, each checked against its digest; `written` hears of each block.

        Raises:
            ModelError: a file's content is not the one whose digest the manifest gives.
            NotFound: the export cannot be read further.
            StorageError: `folder` cannot be written, or its disk is full.
        """
        wanted = self.manifest.models[model]
        for offset, (owner, entry) in zip(self.offsets, self.manifest.members(), strict=True):
            if owner is wanted and self._copy(offset, entry, folder / entry.name, written) != entry.sha256:
                raise ModelError(f"{entry.name} in {self.path} is damaged: its content has another digest", _HINT)

    def _copy(self, offset: int, entry: ArchivedFile, target: Path, written: Callable[[int], None]) -> str:
        """Copy one content to a new file and give the SHA-256 of what was written."""
        digest, left = hashlib.sha256(), entry.size
        try:
            with target.open("xb") as out:
                self._seek(offset)
                while left:
                    block = self._read(min(_READ, left))
                    out.write(block)
                    digest.update(block)
                    left -= len(block)
                    written(len(block))
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise storage_error(target.parent, error) from error
        return digest.hexdigest()

    def _seek(self, offset: int) -> None:
        """Go to a place in the export."""
        try:
            self.file.seek(offset)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def _read(self, count: int) -> bytes:
        """Read on; the export's size was checked, so an end here means that it became shorter."""
        try:
            block = self.file.read(count)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if not block:
            raise bad_export(self.path, "it became shorter while it was read")
        return block


@contextlib.contextmanager
def opened_archive(path: Path) -> Iterator[Archive]:
    """Open an export and check everything of it but the contents of its files.

    Takes milliseconds whatever its size, and the memory of its manifest (1 MiB at most).

    Raises:
        NotFound: there is no such file, or it cannot be read.
        ModelError: it is no export, one of a newer version, or not exactly as localdev writes it.
    """
    try:
        file = _open(path)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise _unreadable(path, error) from error
    with file:
        try:
            archive = _checked(path, file)
        except OSError as error:
            raise _unreadable(path, error) from error
        yield archive


def bad_export(path: Path, what: str) -> ModelError:
    """Say what is wrong with an export."""
    return ModelError(f"{path} is not a usable export: {what}", _HINT)


def in_all(stage: str, total: int, progress: ProgressSink | None) -> Callable[[int], None]:
    """Make what counts blocks of bytes and reports how many of `total` there were."""
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(Progress(stage, done, total, "bytes"))

    return count


def _open(path: Path) -> BinaryIO:
    """Open a plain file; opening a pipe would wait for whoever writes to it."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ModelError(f"{path} is {'a folder' if path.is_dir() else 'no file'}", "name the .ldm file itself")
    return path.open("rb")


def _checked(path: Path, file: BinaryIO) -> Archive:
    """Read the manifest, and compare what stands between the contents with what must."""
    size = os.fstat(file.fileno()).st_size
    manifest, at = _read_manifest(path, file)
    offsets = []
    for model, entry in manifest.members():
        expected = member_header(model.name, entry.name, entry.size)
        file.seek(at)
        found = file.read(len(expected))
        if found != expected:
            raise bad_export(path, complaint(found, expected))
        at += len(expected)
        offsets.append(at)
        at += entry.size
        if at > size:
            raise bad_export(path, f"truncated in {entry.name} ({at - size} bytes are missing)")
        _check_zeros(path, file, at, padding(entry.size), f"behind {entry.name}")
        at += padding(entry.size)
    _check_zeros(path, file, at, len(END), "at its end")
    if size != at + len(END):
        raise bad_export(path, f"{size - at - len(END)} bytes follow its end")
    return Archive(path, manifest, tuple(offsets), file)


def _read_manifest(path: Path, file: BinaryIO) -> tuple[Manifest, int]:
    """Read the manifest, and give it with the place behind it."""
    first = file.read(BLOCK)
    for magic, what, hint in _OTHERS:
        if first.startswith(magic):
            raise ModelError(f"{path} is {what}, not an export of localdev", hint)
    size = claimed_size(first)
    if size < 0 or first[257:262] != b"ustar":
        raise ModelError(f"{path} is not an export of localdev", "exports are made by `localdev models export`")
    expected = member_header("", MANIFEST, size)
    if first != expected:
        raise bad_export(path, complaint(first, expected))
    if size > MOST_BYTES:
        raise bad_export(path, f"its manifest claims {size} bytes")
    data = file.read(size)
    if len(data) < size:
        raise bad_export(path, "truncated in its manifest")
    try:
        manifest = decode(data)
    except NewerManifest as error:
        raise ModelError(f"{path} {error}", "update localdev") from error
    except BadManifest as error:
        raise ModelError(f"{path} {error}", _HINT) from error
    _check_zeros(path, file, BLOCK + size, padding(size), "behind its manifest")
    return manifest, BLOCK + size + padding(size)


def _check_zeros(path: Path, file: BinaryIO, at: int, count: int, where: str) -> None:
    """Check that `count` zero bytes stand at a place."""
    file.seek(at)
    found = file.read(count)
    if len(found) < count:
        raise bad_export(path, f"truncated {where}")
    if any(found):
        raise bad_export(path, f"something is hidden {where}")


def _unreadable(path: Path, error: OSError | ValueError) -> NotFound:
    """Make the error for an export that cannot be read."""
    said = getattr(error, "strerror", None) or error
    return NotFound(f"cannot read the export {path}: {said}", "check the path, and whether the stick is still there")
