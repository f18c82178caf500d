"""Where localdev keeps its own files: one folder under `LOCALDEV_HOME`, else the system's usual places.

Nothing is created at import; `ensure` makes a folder with mode 0700 when it is first written to.
"""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from localdev.core.errors import NotFound, StorageError


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one user: settings, kept data (indexes, models, journal), logs and caches, sockets."""

    config: Path
    data: Path
    state: Path
    cache: Path
    runtime: Path

    @property
    def indexes(self) -> Path:
        """One sub-folder per repository."""
        return self.data / "indexes"

    @property
    def models(self) -> Path:
        """The store of model files."""
        return self.data / "models"

    @property
    def sessions(self) -> Path:
        """The file of the chat sessions."""
        return self.data / "sessions" / "sessions.sqlite"

    @property
    def exports(self) -> Path:
        """Where exported chat sessions go that were given no place."""
        return self.data / "exports"

    @property
    def states(self) -> Path:
        """Kept states of prompts, one sub-folder per repository."""
        return self.cache / "states"

    @property
    def journal(self) -> Path:
        """The file of journal lines."""
        return self.state / "journal.jsonl"

    @property
    def logs(self) -> Path:
        """Log files of crashes."""
        return self.state / "logs"


def find_folders(environ: dict[str, str] | None = None) -> Folders:
    """Give the folders for this user; `LOCALDEV_HOME` moves all of them under one place."""
    env = os.environ if environ is None else environ
    home = env.get("LOCALDEV_HOME", "")
    if home:
        base = expanded(Path(home)).absolute()
        return Folders(base / "config", base / "data", base / "state", base / "cache", base / "run")
    import platformdirs  # 40 ms: only where no LOCALDEV_HOME is set

    dirs = platformdirs.PlatformDirs("localdev", appauthor=False, roaming=False)
    # Without a session's runtime folder platformdirs warns and falls back to a place shared by all users.
    shared = sys.platform == "linux" and not env.get("XDG_RUNTIME_DIR")
    return Folders(
        Path(dirs.user_config_dir),
        Path(dirs.user_data_dir),
        Path(dirs.user_state_dir),
        Path(dirs.user_cache_dir),
        Path(dirs.user_state_dir) / "run" if shared else Path(dirs.user_runtime_dir),
    )


def expanded(path: Path) -> Path:
    """Give a path with its `~` or `~user` replaced.

    Raises:
        NotFound: nobody has such a home.
    """
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise NotFound(f"there is no home folder {path.parts[0]}", "write the path in full, or ./~name") from error


def ensure(folder: Path) -> Path:
    """Create `folder` (and its parents, which `Path.mkdir` would leave open to others) with mode 0700; give it back."""
    try:
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except FileNotFoundError:
            ensure(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            from localdev.core.files import disk_full  # which itself needs this module

            raise disk_full(folder) from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST):
            raise blocked(folder, f"cannot create the folder {folder}") from error
        raise StorageError(
            f"cannot create the folder {folder}: {error.strerror or error}",
            "make it writable, or set LOCALDEV_HOME to a folder that is",
        ) from error
    return folder


def blocked(path: Path, what: str) -> StorageError:
    """Say that `what` failed because a part of `path` that has to be a folder is a file."""
    file = next((each for each in (*reversed(path.parents), path) if each.exists() and not each.is_dir()), path)
    return StorageError(f"{what}: {file} is not a folder", "move it away, or set LOCALDEV_HOME to a folder")
