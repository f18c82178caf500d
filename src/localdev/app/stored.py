"""What is kept about repositories: opening an index, saying what is there, and removing it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.app.anywhere import STORE_TOKEN
from localdev.config.settings import IndexSettings
from localdev.core.errors import StorageError
from localdev.core.folders import Folders

if TYPE_CHECKING:
    from localdev.core.ports import Embedder
    from localdev.index.repository import IndexedRepository

# Another process may put a state into a folder that is being removed.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """The index of one repository on disk, and the bytes it holds."""

    path: Path
    bytes: int


@dataclass(frozen=True, slots=True)
class StoredStates:
    """The kept states of a repository's prompts: their folder, how many there are, and the bytes they hold."""

    path: Path
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class StoredSessions:
    """The chat sessions of a repository or of all: their file, the bytes of their texts, and how many there are.

    `trouble` says why the file cannot be looked at; then none are counted, and the bytes are the file's.
    """

    path: Path
    bytes: int
    sessions: int
    trouble: StorageError | None = None


def open_indexed(
    folders: Folders,
    root: Path,
    embedder: Embedder,
    *,
    store: IndexSettings | None = None,
    token: str = "",
    on_notice: Callable[[str], None] | None = None,
) -> IndexedRepository:
    """Open the index of a repository, to be read and kept up to date with `embedder`.

    `store` says where vectors go, `token` is what a server there asks for.

    Raises:
        ConfigError, EgressRefused: what the settings name is no place for vectors.
    """
    from localdev.index.places import checked_place
    from localdev.index.repository import index_folder, open_repository

    chosen = store or IndexSettings()
    place = checked_place(chosen.store, token=token, fallback=chosen.fallback == "embedded")
    return open_repository(root, index_folder(folders.indexes, root), embedder, place=place, on_notice=on_notice)


def has_index(folders: Folders, root: Path) -> bool:
    """Say whether a repository was indexed before; nothing is opened."""
    from localdev.index.layout import current, index_folder

    return current(index_folder(folders.indexes, root)) is not None


def index_status(folders: Folders, root: Path) -> dict[str, Any]:
    """Say what is stored about a repository, as `index status --json` prints it; nothing is changed."""
    from localdev.index.repository import index_folder, status
    from localdev.render.payloads import SCHEMA_VERSION

    found = asdict(status(index_folder(folders.indexes, root)))
    return {
        "schema_version": SCHEMA_VERSION,
        **found,
        "root": str(root),
        "folder": str(found["folder"]),
        "versions": dict(found["versions"]),
    }


def undo_folder(folders: Folders) -> Path:
    """Give the folder of what can be taken back, a folder for each repository."""
    return folders.data / "undo"


def stored_indexes(folders: Folders, root: Path | None) -> list[StoredIndex]:
    """List the stored indexes: that of one repository, or with no root all of them."""
    from localdev.index.layout import folder_size, index_folder

    if root is not None:
        candidates = [index_folder(folders.indexes, root)]
    elif folders.indexes.is_dir():
        candidates = sorted(path for path in folders.indexes.iterdir() if not path.name.startswith("."))
    else:
        candidates = []
    return [StoredIndex(path, folder_size(path)) for path in candidates if path.is_dir()]


def stored_states(folders: Folders, root: Path | None) -> list[StoredStates]:
    """List the kept states of prompts: those of one repository, or with no root all of them."""
    return _kept(folders.states, folders, root)


def stored_undo(folders: Folders, root: Path | None) -> list[StoredStates]:
    """List what `localdev undo` could take back, which holds the texts of files: in one repository, or in all."""
    return _kept(undo_folder(folders), folders, root)


def stored_sessions(folders: Folders, root: Path | None) -> StoredSessions | None:
    """Say how many chat sessions are kept of one repository, or with no root of all; None when there are none."""
    from localdev.sessions.store import SessionStore

    path = folders.sessions
    with contextlib.closing(SessionStore(path)) as store:
        try:
            sessions, size = store.size_of(root)
        except StorageError as error:
            held = sum(each.stat().st_size for each in sessions_files(path))
            return StoredSessions(path, held, 0, error)
    return StoredSessions(path, size, sessions) if sessions else None


def sessions_files(path: Path) -> list[Path]:
    """List the files that SQLite may have made of a database."""
    return [each for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))) if each.exists()]


def wipe_sessions(stored: StoredSessions, root: Path | None) -> None:
    """Delete the chat sessions of one repository, or with no root of all, and then a file nobody can read, too.

    Raises:
        Busy: a chat has one open; nothing was deleted.
        StorageError: they cannot be deleted.
    """
    from localdev.core.files import storage_error
    from localdev.sessions.store import SessionStore

    if stored.trouble is None:
        with contextlib.closing(SessionStore(stored.path)) as store:
            store.delete_of(root)
        return
    for path in sessions_files(stored.path):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(path, error, "remove") from error


def _kept(base: Path, folders: Folders, root: Path | None) -> list[StoredStates]:
    """List the folders below a base that hold something of one repository, or with no root of any."""
    from localdev.index.layout import folder_size, index_folder

    if root is not None:
        candidates = [base / index_folder(folders.indexes, root).name]
    else:
        candidates = sorted(base.iterdir()) if base.is_dir() else []
    there = [path for path in candidates if path.is_dir()]
    return [StoredStates(path, folder_size(path), _visible(path)) for path in there]


def _visible(folder: Path) -> int:
    """Count the files of a folder but its lock."""
    return sum(not path.name.startswith(".") for path in folder.iterdir())


def wipe_states(stored: StoredStates) -> None:
    """Remove what is kept in one folder.

    Raises:
        StorageError: something of it cannot be removed.
    """
    for _ in range(_ATTEMPTS):
        shutil.rmtree(stored.path, ignore_errors=True)
        if not stored.path.exists():
            return
    raise StorageError(f"cannot remove all of {stored.path}", "check its permissions, then run the command again")


def wipe_index(stored: StoredIndex) -> None:
    """Remove one stored index, waiting for whoever writes it.

    Raises:
        StorageError: something of it cannot be removed.
    """
    from localdev.index.layout import wipe
    from localdev.index.places import owner, remove_all, servers
    from localdev.index.server import StoreAway

    urls = servers(stored.path)
    name = owner(stored.path) if urls else ""
    troubles: list[StoreAway] = []
    for url in urls:
        try:
            remove_all(stored.path, url, token=os.environ.get(STORE_TOKEN, ""))
        except StoreAway as away:
            troubles.append(away)
    wipe(stored.path)
    if troubles:
        hint = f"delete the collections whose names begin with {name} there"
        told = "; ".join(map(str, troubles))
        raise StorageError(f"the index is removed, but not its vectors: {told}", hint) from troubles[0]
