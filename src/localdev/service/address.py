"""Where the service listens: a Unix socket that only its user reaches; on Windows a loopback port and a token.

Beside the socket nothing is kept. For a port its number and the token stand in a file that only its user can read.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from localdev.core.errors import StorageError
from localdev.core.files import storage_error, write_atomic
from localdev.core.folders import Folders, ensure

# What the smallest system allows for the path of a socket (macOS 104 bytes, Linux 108), the ending zero included.
_LONGEST = 103
_NAME = "service.sock"
_RECORD = "service.json"
_BACKLOG = 64


@dataclass(frozen=True, slots=True)
class Address:
    """A folder of one user, and in it the path of a socket or the file that tells a port."""

    folder: Path
    path: Path
    unix: bool


def address_of(folders: Folders, *, unix: bool = hasattr(socket, "AF_UNIX") and sys.platform != "win32") -> Address:
    """Give where the service of these folders listens; a path too long for a socket is replaced by a short one."""
    if not unix:
        return Address(folders.runtime, folders.runtime / _RECORD, unix=False)
    path = folders.runtime / _NAME
    if len(os.fsencode(path)) <= _LONGEST:
        return Address(folders.runtime, path, unix=True)
    import hashlib
    import tempfile

    digest = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
    folder = Path(tempfile.gettempdir()) / f"localdev-{os.getuid()}"
    return Address(folder, folder / f"{digest}.sock", unix=True)


def private(folder: Path) -> Path:
    """Make the folder if need be and see that it is this user's alone.

    Raises:
        StorageError: it cannot be made, or belongs to somebody else.
    """
    ensure(folder)
    try:
        facts = folder.lstat()
        if hasattr(os, "getuid"):
            if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
                raise StorageError(
                    f"{folder} is not a folder of this user", "remove it, or set LOCALDEV_HOME to a folder of your own"
                )
            if stat.S_IMODE(facts.st_mode) & 0o077:
                folder.chmod(0o700)
    except OSError as error:
        raise storage_error(folder, error, "use") from error
    return folder


class Listener:
    """The listening side."""

    def __init__(self, address: Address) -> None:
        """Listen; the caller has seen that nobody else does.

        Raises:
            StorageError: the folder is not this user's, or somebody listens there.
        """
        private(address.folder)
        self._address = address
        self.token = ""
        try:
            self.socket = self._on_path() if address.unix else self._on_port()
            facts = address.path.lstat()
        except OSError as error:
            raise storage_error(address.path, error, "listen on") from error
        self._identity = (facts.st_dev, facts.st_ino)

    def _on_path(self) -> socket.socket:
        """Listen on the Unix socket, from its first moment with mode 0600."""
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            made.bind(os.fspath(self._address.path))
        except OSError:
            made.close()
            raise
        finally:
            os.umask(before)
        made.listen(_BACKLOG)
        return made

    def _on_port(self) -> socket.socket:
        """Listen on a free port of this machine, and write down which and what proves the right to it."""
        import secrets

        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.bind(("127.0.0.1", 0))
        made.listen(_BACKLOG)
        self.token = secrets.token_hex(32)
        record = {"port": made.getsockname()[1], "token": self.token}
        write_atomic(self._address.path, json.dumps(record).encode("ascii"))
        return made

    @property
    def in_place(self) -> bool:
        """Whether clients still find this listener: its file was not removed or replaced."""
        try:
            facts = self._address.path.lstat()
        except OSError:
            return False
        return (facts.st_dev, facts.st_ino) == self._identity

    def close(self) -> None:
        """Listen no more; clients that come from now on find nobody. Again is harmless."""
        # The number of a closed socket's file may be given to the next service's.
        if self.socket.fileno() >= 0 and self.in_place:
            with contextlib.suppress(OSError):
                self._address.path.unlink()
        self.socket.close()


def connected(address: Address, timeout: float) -> tuple[socket.socket, str] | None:
    """Connect to whoever listens and give the socket with the token to show; None when nobody does.

    Raises:
        OSError: the place cannot be reached, or whoever listens is another user.
    """
    made = socket.socket(socket.AF_UNIX if address.unix else socket.AF_INET, socket.SOCK_STREAM)
    made.settimeout(timeout)
    try:
        # Who can lay a file there could listen in our name, where the system does not tell who listens.
        if {address.folder.lstat().st_uid, address.path.lstat().st_uid} != {own_user() or 0}:
            raise PermissionError(f"{address.path} is of another user")
        if address.unix:
            _connect(made, os.fspath(address.path), timeout)
            token = ""
        else:
            port, token = _recorded(address.path)
            made.connect(("127.0.0.1", port))
        if peer_user(made) not in (None, own_user()):
            raise PermissionError(f"another user listens on {address.path}")
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        made.close()
        return None
    except BaseException:
        made.close()
        raise
    return made, token


def _connect(made: socket.socket, path: str, timeout: float) -> None:
    """Connect to a Unix socket; waits while many others wait to be taken, for which the system does not wait itself."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            made.connect(path)
            return
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise TimeoutError(f"nobody takes who waits at {path}") from error
            time.sleep(0.02)


def _recorded(path: Path) -> tuple[int, str]:
    """Read the port and the token; a file that holds neither is that of no service."""
    try:
        found = json.loads(path.read_bytes())
        return int(found["port"]), str(found["token"])
    except (ValueError, KeyError, TypeError) as error:
        raise FileNotFoundError(f"{path} names no port") from error


def own_user() -> int | None:
    """Give this user's number, None where there are none."""
    return os.getuid() if hasattr(os, "getuid") else None


def peer_user(made: socket.socket) -> int | None:
    """Give the number of the user on the other side of a Unix socket, None where the system does not tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None or made.family != getattr(socket, "AF_UNIX", None):
        return None
    _, user, _ = struct.unpack("3i", made.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i")))
    return int(user)
