"""Repository trust: what could act in a cloned repository stays inert until its owner said so, and when it changes."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, Literal

from localdev.config.files import PROJECT_FILE
from localdev.core.errors import NotFound, StorageError
from localdev.core.files import locked, storage_error, write_atomic
from localdev.core.folders import Folders

PROJECT_FOLDER = ".localdev"
State = Literal["absent", "untrusted", "trusted", "changed"]


def record_file(folders: Folders) -> Path:
    """Give the path of the record of trusted repositories."""
    return folders.data / "trust.json"


def state(root: Path, folders: Folders) -> State:
    """Say how the repository stands: it has nothing to trust, was never trusted, is trusted, or changed since."""
    if not covered(root):
        return "absent"
    known = _read(record_file(folders)).get(_name(root))
    if known is None:
        return "untrusted"
    try:
        return "trusted" if known.get("digest") == digest(root) else "changed"
    except StorageError:  # what was readable when it was trusted no longer is
        return "changed"


def grant(root: Path, folders: Folders) -> tuple[str, list[str]]:
    """Record the digest of what the repository holds now; gives the digest and the paths it covers.

    Raises:
        NotFound: the repository has neither a `.localdev.toml` nor a `.localdev` folder.
    """
    paths = covered(root)
    if not paths:
        raise NotFound(
            f"there is nothing to trust in {root}",
            f"a repository acts only through {PROJECT_FILE} or {PROJECT_FOLDER}/",
        )
    now = digest(root)
    _update(folders, root, {"digest": now, "trusted_at": int(time.time())})
    return now, paths


def revoke(root: Path, folders: Folders) -> bool:
    """Forget the repository; False when it was not known."""
    if _name(root) not in _read(record_file(folders)):
        return False
    _update(folders, root, None)
    return True


def covered(root: Path) -> list[str]:
    """List the files that trust is about, relative to the root, sorted."""
    found = [PROJECT_FILE] if (root / PROJECT_FILE).is_file() else []
    for folder, inner, names in os.walk(root / PROJECT_FOLDER):
        # A link to a folder is not walked into; it is listed, and `digest` refuses it.
        names += [name for name in inner if Path(folder, name).is_symlink()]
        found += [Path(folder, name).relative_to(root).as_posix() for name in names]
    return sorted(found)


def digest(root: Path) -> str:
    """Give the SHA-256 over the covered files: names, link targets and contents.

    Raises:
        StorageError: one of them cannot be read, or is a link to a folder or to a device.
    """
    total = hashlib.sha256()
    for name in covered(root):
        path = root / name
        try:
            target = str(path.readlink()) if path.is_symlink() else ""
            if not path.is_file():
                raise OSError("it is not a file")
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise storage_error(path, error, "read") from error
        total.update(json.dumps([name, target, content]).encode())
    return total.hexdigest()


def _name(root: Path) -> str:
    """The name a repository is recorded under: its real path."""
    return str(root.resolve())


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Read the record; empty when there is none."""
    try:
        record = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise storage_error(path, error, "read") from error
    except ValueError as error:
        raise _damaged(path) from error
    if not isinstance(record, dict) or not all(isinstance(entry, dict) for entry in record.values()):
        raise _damaged(path)
    return record


def _damaged(path: Path) -> StorageError:
    """Make the error for a record that is not ours any more."""
    return StorageError(f"{path} is damaged", "delete it and run `localdev trust` again in the repositories you trust")


def _update(folders: Folders, root: Path, entry: dict[str, Any] | None) -> None:
    """Set or remove one repository in the record, while no other process does."""
    path = record_file(folders)
    with locked(path.with_suffix(".lock")):
        record = _read(path)
        record.pop(_name(root), None)
        if entry is not None:
            record[_name(root)] = entry
        write_atomic(path, json.dumps(record, indent=2, sort_keys=True).encode() + b"\n")
