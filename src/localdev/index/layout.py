"""Where the parts of an index lie, and which generation of it is the current one.

`<folder>/CURRENT` names the sub-folder in use. A rebuild fills another sub-folder and then replaces that one small
file, so that readers see the old index or the new one and never a mixture.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from localdev.core.errors import StorageError
from localdev.core.events import Progress
from localdev.core.files import locked, storage_error, write_atomic
from localdev.core.folders import ensure
from localdev.core.ports import ProgressSink

_CURRENT = "CURRENT"
_DAMAGED = "DAMAGED"
_LOCKS = ".locks"
_GENERATION = re.compile(r"^index-[0-9a-f]{12}$")
_LONGEST_NAME = 40


def index_folder(indexes: Path, root: Path) -> Path:
    """Give the folder of the index of `root`: a readable name and a digest of the resolved path."""
    resolved = root.resolve()
    digest = hashlib.blake2b(resolved.as_posix().encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", resolved.name).strip("-.")[:_LONGEST_NAME] or "root"
    return indexes / f"{name}-{digest}"


def current(folder: Path) -> Path | None:
    """Give the generation in use, or None when there is none that can be read."""
    try:
        name = (folder / _CURRENT).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return folder / name if _GENERATION.match(name) and (folder / name).is_dir() else None


def generations(folder: Path) -> list[Path]:
    """Give all generations, finished or not."""
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if _GENERATION.match(entry.name))


def new_generation(folder: Path) -> Path:
    """Make an empty generation; it is not the current one yet."""
    return ensure(ensure(folder) / f"index-{secrets.token_hex(6)}")


def make_current(folder: Path, generation: Path) -> None:
    """Let readers use `generation` from now on, and remove the others as far as nobody holds them open."""
    if (folder / _CURRENT).is_dir():
        shutil.rmtree(folder / _CURRENT, ignore_errors=True)  # not ours, and a file cannot take its place
    write_atomic(folder / _CURRENT, f"{generation.name}\n".encode("ascii"))
    remove_others(folder, generation)


def writable(folder: Path, generation: Path) -> bool:
    """Say whether an index may be changed: its folders, and the one of the lock."""
    places = (folder, generation, folder.parent / _LOCKS if (folder.parent / _LOCKS).exists() else folder.parent)
    return all(os.access(place, os.W_OK) for place in places)


def mark_damaged(generation: Path) -> None:
    """Remember that reading met damage, so that the next refresh builds anew; no more than a try."""
    with contextlib.suppress(OSError):
        (generation / _DAMAGED).touch()


def is_marked_damaged(generation: Path) -> bool:
    """Say whether reading this generation met damage before."""
    return (generation / _DAMAGED).exists()


def remove_others(folder: Path, keep: Path | None, *, also: Path | None = None) -> None:
    """Remove all generations but those; what another process holds open on Windows stays until the next time."""
    for other in generations(folder):
        if other not in (keep, also):
            shutil.rmtree(other, ignore_errors=True)


def remove_files(generation: Path, pattern: str, keep: Path) -> None:
    """Remove a generation's files of one kind but one; Windows keeps those somebody has mapped until the next time."""
    for path in generation.glob(pattern):
        if path != keep:
            with contextlib.suppress(OSError):
                path.unlink()


@contextlib.contextmanager
def writing(
    folder: Path, on_notice: Callable[[str], None] | None = None, progress: ProgressSink | None = None
) -> Iterator[bool]:
    """Be the only writer of the index; the value is true when another one had to be waited for.

    The notice comes once, the progress every second while it waits: what that raises ends the waiting.
    The lock lies beside the folder, so that wiping the folder cannot split it in two.
    """
    waited, began = False, time.monotonic()
    digest = hashlib.blake2b(folder.name.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()

    def waiting() -> None:
        nonlocal waited
        if not waited and on_notice is not None:
            on_notice("this repository is being indexed already; waiting for that")
        waited = True
        if progress is not None:
            progress(Progress("waiting for the index", int(time.monotonic() - began), unit="seconds"))

    with locked(folder.parent / _LOCKS / f"{digest}.lock", on_wait=waiting):
        yield waited


def wipe(folder: Path, *, on_notice: Callable[[str], None] | None = None) -> bool:
    """Remove the whole index; False when there was none.

    Raises:
        StorageError: something of it cannot be removed.
    """
    if not folder.exists():
        return False
    with writing(folder, on_notice):
        try:
            with contextlib.suppress(FileNotFoundError, IsADirectoryError, PermissionError):
                (folder / _CURRENT).unlink()
            shutil.rmtree(folder)
        except OSError as error:
            raise storage_error(folder, error, "remove") from error
    return True


def folder_size(folder: Path) -> int:
    """Give the bytes of all files under `folder`.

    Raises:
        StorageError: the folder cannot be read.
    """
    try:
        return sum(entry.lstat().st_size for entry in folder.rglob("*") if entry.is_file())
    except FileNotFoundError:
        return 0  # a file left while we counted: another process finished its work
    except OSError as error:
        raise StorageError(f"cannot read {folder}: {error.strerror or error}", "check its permissions") from error
