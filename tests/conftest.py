"""Guards for the whole suite: a home of its own, no network beyond loopback, nothing written to the real home."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localdev.app.hook_script import CI

_LEFT_ALONE = ("LOCALDEV_TEST_LLAMA", "LOCALDEV_TEST_VOCABULARIES")
# With these the hooks stand aside: continuous integration sets them around the suite itself.
_STAND_ASIDE = ("SKIP", *CI)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test an empty home and `LOCALDEV_HOME`, and none of the user's own variables."""
    for name in list(os.environ):
        if (name.startswith("LOCALDEV_") and name not in _LEFT_ALONE) or name.startswith("GIT_"):
            monkeypatch.delenv(name)
    for name in _STAND_ASIDE:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("LOCALDEV_HOME", str(folder / "localdev"))
    monkeypatch.setenv("LOCALDEV_SERVICE_ENABLED", "false")  # tests of the service switch it on again, and end it
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Test")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "test@example.invalid")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Test")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "test@example.invalid")
    return folder


def _is_loopback(address: Any) -> bool:
    """Say whether a socket address stays on this machine; a Unix path does."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that connects beyond loopback, even where the code under test swallows the refusal."""
    attempts: list[str] = []
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def watched(original: Any) -> Any:
        def call(self: socket.socket, address: Any) -> Any:
            if not _is_loopback(address):
                attempts.append(str(address))
                raise PermissionError(f"a test tried to connect to {address}")
            return original(self, address)

        return call

    monkeypatch.setattr(socket.socket, "connect", watched(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", watched(connect_ex))
    lookup = socket.getaddrinfo

    def watched_lookup(host: Any, *rest: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and not _is_loopback((name,)):
            attempts.append(f"looking up {name}")
            raise PermissionError(f"a test tried to look up {name}")
        return lookup(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", watched_lookup)
    yield
    assert not attempts, f"connections beyond loopback: {attempts}"


def _snapshot(folder: Path) -> dict[str, int]:
    """List what lies where a leak into the real home would show, with the time of its last change."""
    places = (folder / ".config", folder / ".local" / "share", folder / ".local" / "state", folder / ".cache")
    own = [place / "localdev" for place in places if (place / "localdev").exists()]
    return {str(path): path.lstat().st_mtime_ns for top in own for path in (top, *top.rglob("*"))}


@pytest.fixture(scope="session", autouse=True)
def real_home_untouched() -> Iterator[None]:
    """Fail the run when something was written to the real home."""
    before = _snapshot(Path.home())
    real = Path.home()
    yield
    assert _snapshot(real) == before, "a test wrote to the real home"
