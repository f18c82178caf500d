"""Where the service listens: found by its user, and by nobody else."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from localdev.core.errors import StorageError
from localdev.core.folders import Folders, find_folders
from localdev.service.address import Address, Listener, address_of, connected, own_user, peer_user, private
from localdev.service.client import Unavailable, find, reach
from localdev.service.frames import Hello, Line, Welcome
from localdev.service.identity import identity
from localdev.service.log import Log
from localdev.service.server import Server
from localdev.service.starting import environment


@pytest.fixture
def short(folders: Folders) -> Address:
    """Give an address in a short home."""
    return address_of(folders)


def test_a_socket_of_one_user(short: Address) -> None:
    """Mode 0600 in a folder of mode 0700; each side knows the other's user; a closed one leaves nothing."""
    listener = Listener(short)
    assert stat.S_IMODE(short.path.lstat().st_mode) == 0o600 and stat.S_IMODE(short.folder.stat().st_mode) == 0o700
    reached = connected(short, 5)
    assert reached is not None
    assert peer_user(reached[0]) in (None, own_user())
    reached[0].close()
    assert listener.in_place
    listener.close()
    assert not short.path.exists() and connected(short, 5) is None


def test_a_long_path_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one of the user's own folder among the temporary ones; two homes get two."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    long = [find_folders({"LOCALDEV_HOME": str(tmp_path / ("x" * 120) / name)}) for name in "ab"]
    found = [address_of(folders) for folders in long]
    assert len({address.path for address in found}) == 2
    assert all(address.folder == tmp_path / f"localdev-{os.getuid()}" for address in found)
    assert all(len(os.fsencode(address.path)) <= 103 or len(str(tmp_path)) > 60 for address in found)


def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    """A link that somebody laid there is not followed; a folder of ours that is open to others is closed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(StorageError, match="not a folder of this user"):
        private(tmp_path / "link")
    (tmp_path / "real").chmod(0o777)
    assert stat.S_IMODE(private(tmp_path / "real").stat().st_mode) == 0o700


def test_a_socket_that_is_left_is_no_service(short: Address) -> None:
    """What a killed process leaves is as good as nothing; a file in its place, too."""
    listener = Listener(short)
    listener.socket.close()
    assert short.path.exists() and find(short) is None
    short.path.unlink()
    short.path.write_text("")
    assert find(short) is None


@pytest.fixture
def on_a_port(folders: Folders, tmp_path: Path) -> Iterator[Address]:
    """Run a service on a loopback port, as on Windows."""
    address = address_of(replace(folders, runtime=tmp_path / "run"), unix=False)
    server = Server(address, Log(tmp_path / "log"))
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield address
    server.stop()
    thread.join(20)


def test_a_port_needs_its_token(on_a_port: Address, tmp_path: Path) -> None:
    """It stands in a file of this user's; without it the service says nothing, not even who it is."""
    record = json.loads(on_a_port.path.read_bytes())
    assert stat.S_IMODE(on_a_port.path.stat().st_mode) == 0o600 and len(record["token"]) == 64
    found = find(on_a_port)
    assert found is not None and found.same
    found.line.close()
    for token in ("", "0" * 64):
        reached = connected(on_a_port, 5)
        assert reached is not None
        line = Line(reached[0])
        line.send(Hello(identity(), token))
        assert line.receive(Welcome) is None
        line.close()
    assert "without the token was dropped" in (tmp_path / "log").read_text()


def test_a_port_file_of_nonsense(folders: Folders, tmp_path: Path) -> None:
    """One that cannot be read as one is that of no service."""
    address = Address(tmp_path, tmp_path / "service.json", unix=False)
    for text in ("", "{", "[]", '{"port": "x", "token": "y"}', '{"port": 1, "token": "y"}'):
        address.path.write_text(text)
        assert find(address) is None


def test_somebody_else_who_listens(short: Address, folders: Folders) -> None:
    """Nonsense instead of a greeting is an error with a hint, and silence ends."""
    listener = Listener(short)

    def answer() -> None:
        made, _ = listener.socket.accept()
        with made:
            made.recv(10_000)
            made.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(Unavailable, match="cannot be asked") as refused:
        reach(folders, start=True)
    thread.join(10)
    listener.close()
    assert "--no-service" in refused.value.hint


def test_what_a_service_is_told_by_its_environment() -> None:
    """None of our variables: neither settings nor secrets of the command that happened to start it."""
    given = {"PATH": "/bin", "LOCALDEV_MODEL": "m", "LOCALDEV_API_KEY": "k", "LOCALDEV_STORE_TOKEN": "t"}
    assert environment(given) == {"PATH": "/bin", "MALLOC_ARENA_MAX": "2"}


def test_identity_changes_with_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same twice, and another one once a file of the package was written."""
    package = tmp_path / "localdev"
    (package / "cli").mkdir(parents=True)
    for name in ("__init__.py", "cli/main.py"):
        (package / name).write_text("")
        os.utime(package / name, (1e9, 1e9))
    monkeypatch.setattr("localdev.__file__", str(package / "__init__.py"))
    before = identity()
    assert identity() == before and str(package) in before
    os.utime(package / "cli" / "main.py", (2e9, 2e9))
    assert identity() != before


@pytest.mark.parametrize(
    "said", [b"", b"\n", b"{", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 100_000 + b"\n", b"[" * 50_000 + b"\n"]
)
def test_clients_that_talk_nonsense(on_a_port: Address, tmp_path: Path, said: bytes) -> None:
    """Instead of a greeting, or after it; they are dropped, and the service goes on."""
    found = find(on_a_port)
    reached = connected(on_a_port, 5)
    assert found is not None and reached is not None
    reached[0].sendall(said)
    reached[0].shutdown(socket.SHUT_WR)
    assert reached[0].recv(100) == b""
    reached[0].close()
    greeted = found.line
    greeted._socket.sendall(said)
    greeted._socket.shutdown(socket.SHUT_WR)
    assert greeted.receive(Welcome) is None
    greeted.close()
    again = find(on_a_port)
    assert again is not None and again.same
    again.line.close()
    assert "a bug" not in (tmp_path / "log").read_text()
