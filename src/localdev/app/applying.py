"""Writes proposed edits into the work tree, all of them or none, and takes the last ones back.

Before the first file is replaced a record with both texts is on disk. A process that is killed in the middle leaves
that record unfinished: then each file holds its old text or its new one, and `undo` brings all the old ones back.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from localdev.app.stored import undo_folder
from localdev.core.errors import EnvironmentFault, LocaldevError, NotFound, StorageError
from localdev.core.files import locked, storage_error, write_atomic
from localdev.core.folders import Folders
from localdev.core.patch import FileEdit
from localdev.index.layout import index_folder

_SCHEMA = 1
# As many can be taken back, one after the other.
_MOST_RECORDS = 20


class Moved(EnvironmentFault):
    """A file is not as it was when the edits were made: nothing is written."""

    http_status = 409
    code = "moved"


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back: when it had been applied (seconds since 1970), what it was, and the paths put back."""

    applied_at: float
    label: str
    paths: tuple[str, ...]


def record_folder(folders: Folders, root: Path) -> Path:
    """Give the folder that holds what can be taken back in a repository."""
    return undo_folder(folders) / index_folder(folders.indexes, root).name


def read_exact(root: Path, path: str) -> str | None:
    """Read a file of the work tree as edits have it; None where there is none.

    Raises:
        Moved: it is a link, a folder or a device, or lies behind a link.
        StorageError: it cannot be read.
    """
    place = _place(root, path)
    try:
        if not stat.S_ISREG(place.lstat().st_mode):
            raise Moved(f"{path} is no plain file", "name a file that is one")
        return place.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error(place, error, "read") from error


def apply_edits(edits: Sequence[FileEdit], root: Path, folders: Folders, *, label: str = "") -> None:
    """Write edits: every file, or none. `label` says in `undo` what they were.

    Raises:
        Moved: a file is not as the edits say it was; nothing is written.
        StorageError: a file cannot be written; what had been written is put back.
    """
    wanted = [edit for edit in edits if edit.old != edit.new]
    if not wanted:
        return
    folder = record_folder(folders, root)
    with locked(folder / ".lock"):
        _refuse_moved(wanted, root)
        record = _new_record(folder)
        _write_record(record, label, wanted, done=False)
        try:
            _replace_all(wanted, root)
        except BaseException:
            with contextlib.suppress(LocaldevError):  # a file that could not be put back: `undo` may be able to, later
                _refuse_moved(wanted, root)
                record.unlink(missing_ok=True)
            raise
        _write_record(record, label, wanted, done=True)
        for oldest in _records(folder)[:-_MOST_RECORDS]:
            oldest.unlink(missing_ok=True)


def undo_last(root: Path, folders: Folders) -> Undone:
    """Put the files back as they were before the last edits; again for those before them.

    Raises:
        NotFound: nothing is left to take back.
        Moved: a file was changed since; nothing is written.
        StorageError: a file cannot be written, or the record is damaged.
    """
    folder = record_folder(folders, root)
    nothing = NotFound(
        "there is nothing to undo in this repository", "`localdev gen ... --apply` is what can be undone"
    )
    if not folder.is_dir():
        raise nothing
    with locked(folder / ".lock"):
        records = _records(folder)
        if not records:
            raise nothing
        record = records[-1]
        entry = _read_record(record)
        back = [FileEdit(each["path"], each["new"], each["old"]) for each in entry["edits"]]
        # Some may hold the old text already: the process was killed in the middle, or the user put them back.
        left = [edit for edit in back if read_exact(root, edit.path) != edit.new]
        _refuse_moved(left, root, "undo the rest by hand: once all is as it was, `localdev undo` goes one step further")
        _replace_all(left, root)
        record.unlink(missing_ok=True)
    return Undone(float(entry["at"]), str(entry["label"]), tuple(edit.path for edit in back))


def _place(root: Path, path: str) -> Path:
    """Give where a file lies; nothing outside the root and nothing of git's own is ever written."""
    parts = path.split("/")
    if os.path.isabs(path) or any(part in ("", ".", "..") for part in parts) or ".git" in map(str.lower, parts):
        raise Moved(f"{path!r} is no file of this repository", "name one by its path from the repository's root")
    place = root
    for part in parts[:-1]:
        place = place / part
        if place.is_symlink():
            raise Moved(f"{path} lies behind the link {place.name}", "name the file by its own path")
    return root / path


def _refuse_moved(edits: Sequence[FileEdit], root: Path, hint: str = "run the command again") -> None:
    """Compare every file with what the edits say it holds; `hint` says what to do when one differs.

    Raises:
        Moved: one differs.
    """
    for edit in edits:
        if read_exact(root, edit.path) != edit.old:
            raise Moved(f"{edit.path} has changed meanwhile: nothing was written", hint)


def _replace_all(edits: Sequence[FileEdit], root: Path) -> None:
    """Write all texts beside their files first, then move each into place; put back what was moved when one fails."""
    with contextlib.ExitStack() as left_over:
        ready = [(edit, _beside(edit, root, left_over.callback)) for edit in edits]
        done: list[FileEdit] = []
        try:
            for edit, written in ready:
                _move(root / edit.path, written)
                done.append(edit)
        except BaseException as error:
            for edit in reversed(done):
                _move(root / edit.path, _beside(FileEdit(edit.path, edit.new, edit.old), root, left_over.callback))
            if isinstance(error, OSError):
                raise storage_error(root / edits[len(done)].path, error) from error
            raise


def _beside(edit: FileEdit, root: Path, later: Callable[..., Any]) -> Path | None:
    """Write a new text into a file beside its place, with the mode of the one it replaces; None for one that goes."""
    if edit.new is None:
        return None
    place = _place(root, edit.path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent)
        later(Path(name).unlink, missing_ok=True)
        with os.fdopen(handle, "wb") as file:
            file.write(edit.new.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
    except OSError as error:
        raise storage_error(place, error) from error
    return Path(name)


def _move(place: Path, written: Path | None) -> None:
    """Put a written file into its place, or remove what is there."""
    if written is None:
        place.unlink(missing_ok=True)
    else:
        os.replace(written, place)


def _umask() -> int:
    """Give the mask of new files' modes, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _records(folder: Path) -> list[Path]:
    """Give the records, oldest first."""
    return sorted(folder.glob("*.json"), key=lambda path: path.name)


def _new_record(folder: Path) -> Path:
    """Name a record that sorts behind all others."""
    last = _records(folder)[-1:]
    number = int(last[0].stem) + 1 if last else time.time_ns()
    return folder / f"{max(number, time.time_ns()):020d}.json"


def _write_record(path: Path, label: str, edits: Sequence[FileEdit], *, done: bool) -> None:
    """Write down both texts of every file."""
    entry = {
        "schema_version": _SCHEMA,
        "at": time.time(),
        "label": label,
        "done": done,
        "edits": [asdict(edit) for edit in edits],
    }
    write_atomic(path, json.dumps(entry).encode("ascii"))


def _read_record(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises:
        StorageError: it is damaged, or of another version.
    """
    try:
        entry = json.loads(path.read_bytes())
        known = entry["schema_version"] == _SCHEMA and all(
            {"path", "old", "new"} <= set(each) for each in entry["edits"]
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StorageError(f"{path} cannot be read: {error}", "remove it, then run `localdev undo` again") from error
    if not known:
        raise StorageError(f"{path} was written by another version", "use that version, or remove the file")
    return dict(entry)
