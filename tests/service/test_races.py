"""What happens at the same moment, or in no good way, in a service that runs in this process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localdev.app.jobs import LocalJobs
from localdev.config.settings import build
from localdev.core.errors import LocaldevError, NotFound
from localdev.core.events import Result
from localdev.core.folders import Folders
from localdev.index.layout import index_folder, writing
from localdev.service.address import Address, Listener, address_of, connected
from localdev.service.client import ServiceJobs, Unavailable, find
from localdev.service.frames import Done, Hello, Line, Reply, Retire, RunJob, Welcome
from localdev.service.identity import identity
from localdev.service.log import Log
from localdev.service.server import Server
from localdev.service.starting import _waited_for
from tests.service.conftest import Script, facts, until


@pytest.fixture
def address(folders: Folders) -> Address:
    """Give where the service of the test listens."""
    return address_of(folders)


@pytest.fixture
def server(address: Address, tmp_path: Path) -> Iterator[Server]:
    """Serve in a thread."""
    made = Server(address, Log(tmp_path / "log"))
    thread = threading.Thread(target=made.serve)
    thread.start()
    yield made
    made.stop()
    thread.join(20)
    assert not thread.is_alive()


def jobs(folders: Folders, root: Path, **values: Any) -> ServiceJobs:
    """Give the jobs of a repository in the service."""
    return ServiceJobs(build(values), folders, root, lambda _event: None, {})


def greeted(address: Address) -> Line:
    """Give a line to the service, which has said who it is."""
    found = find(address)
    assert found is not None
    return found.line


def test_closing_again_leaves_the_next_one(address: Address) -> None:
    """File systems give the number of a socket that is gone to the next one; that one is somebody else's."""
    first = Listener(address)
    first.close()
    second = Listener(address)
    first.close()
    assert second.in_place and address.path.exists()
    second.close()


@pytest.mark.usefixtures("server")
def test_one_that_was_faster(address: Address, folders: Folders) -> None:
    """Who starts one that ends because another one listens by then, left by a starter that was killed, has that one."""
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    _waited_for(ended, folders, address).close()


class _Panic(BaseException):
    """What a library written in Rust raises; no `Exception`."""


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("raised", [SystemExit(3), _Panic("7 is too many")])
def test_whatever_ends_a_job_reaches_its_client(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    """No client waits for a job that is over, however it ended."""

    def run(*_given: object) -> Iterator[Any]:
        raise raised
        yield

    monkeypatch.setattr(LocalJobs, "run", run)
    with pytest.raises(Exception, match=str(raised)) as caught:
        list(jobs(folders, tmp_path).run("search", {"queries": ["x"]}))
    assert type(caught.value).__name__ == type(raised).__name__
    assert facts(folders)["jobs"]["bug"] == 1


@pytest.mark.usefixtures("server")
def test_what_cannot_travel_is_a_bug(folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that cannot be written down ends its job with an error that names it, at once."""
    monkeypatch.setattr(LocalJobs, "run", lambda *_given: iter([Result({"score": object()})]))
    with pytest.raises(Exception, match="a object cannot travel"):
        list(jobs(folders, tmp_path).run("search", {"queries": ["x"]}))


def test_a_job_that_comes_while_it_stops(
    address: Address, server: Server, folders: Folders, tmp_path: Path, script: Script
) -> None:
    """It is not begun, or cancelled as those that came before; its client hears of it at once."""
    served = jobs(folders, tmp_path, model=script("a long answer " * 900, delay=0.02))
    served.line, other = greeted(address), greeted(address)
    server.stop()
    until(lambda: connected(address, 1) is None)
    began = time.monotonic()
    with pytest.raises(LocaldevError, match=r"was stopped|ended while"):
        list(served.run("complete", {"prefix": "x"}))
    assert time.monotonic() - began < 3
    other.close()


def test_a_client_that_stays_does_not_keep_it(
    address: Address, server: Server, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is stopped in its terminal when its job is over, or one that says nothing, holds no memory for ever."""
    monkeypatch.setattr("localdev.service.server.LINGER_SECONDS", 0.5)
    line, silent = greeted(address), greeted(address)
    line.send(RunJob("search", {"queries": []}, build({}), folders, str(tmp_path)))
    while not isinstance(line.receive(Reply), Done):
        pass
    asking = greeted(address)
    asking.send(Retire())
    assert asking.receive(Done) is not None
    asking.close()
    until(lambda: "ended: replaced" in (tmp_path / "log").read_text(), 5)
    line.close()
    silent.close()


def test_trouble_while_looking_after_things(
    server: Server, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be looked at or closed is noted in the log; the service lives on."""

    def sweep(*_given: object) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(server._pools, "sweep", sweep)
    until(lambda: (tmp_path / "log").exists() and "PermissionError" in (tmp_path / "log").read_text())
    assert facts(folders)["jobs_running"] == []


def test_a_full_queue_of_clients(address: Address) -> None:
    """Those that a busy service has not taken yet make others wait, not fail."""
    listener = Listener(address)
    listener.socket.listen(1)
    waiting = []
    for _ in range(20):
        made = socket.socket(socket.AF_UNIX)
        made.setblocking(False)
        try:
            made.connect(os.fspath(address.path))
        except BlockingIOError:
            break
        waiting.append(made)

    def take() -> None:
        time.sleep(0.3)
        for _ in range(len(waiting) + 1):
            taken.append(listener.socket.accept()[0])

    taken: list[socket.socket] = []
    thread = threading.Thread(target=take)
    thread.start()
    reached = connected(address, 5)
    assert reached is not None
    thread.join(5)
    for each in (*waiting, *taken, reached[0]):
        each.close()
    with pytest.raises(TimeoutError):
        for _ in range(20):
            reached = connected(address, 0.1)
            assert reached is not None
            waiting.append(reached[0])
    for each in waiting:
        each.close()
    listener.close()


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a file away")
def test_a_socket_of_somebody_else(address: Address) -> None:
    """Nothing is said to it, on systems too that do not tell who is at the other side."""
    listener = Listener(address)
    os.chown(address.path, 12345, -1)
    with pytest.raises(Unavailable, match="another user"):
        find(address)
    os.chown(address.path, 0, -1)
    os.chown(address.folder, 12345, -1)
    with pytest.raises(Unavailable, match="another user"):
        find(address)
    os.chown(address.folder, 0, -1)
    listener.close()


@pytest.mark.usefixtures("server")
def test_cancelled_while_another_process_indexes(address: Address, folders: Folders, tmp_path: Path) -> None:
    """Who waits for the lock of an index stops waiting when its client leaves."""
    (tmp_path / "a.py").write_text("x = 1\n")
    with writing(index_folder(folders.indexes, tmp_path)):
        line = greeted(address)
        line.send(RunJob("search", {"queries": ["x"]}, build({}), folders, str(tmp_path)))
        while "waiting" not in getattr(getattr(line.receive(Reply), "event", None), "text", ""):
            pass
        line.close()
        until(lambda: not facts(folders)["jobs_running"], 5)


@pytest.mark.usefixtures("server")
def test_a_token_of_half_a_character(address: Address, tmp_path: Path) -> None:
    """It is the wrong token, and no bug."""
    reached = connected(address, 5)
    assert reached is not None
    line = Line(reached[0])
    line.send(Hello(identity(), "\ud800"))
    assert line.receive(Welcome) is None
    line.close()
    assert "without the token" in (tmp_path / "log").read_text()


@pytest.mark.usefixtures("server")
def test_a_text_of_many_megabytes(folders: Folders, tmp_path: Path) -> None:
    """What is asked may be long: it arrives whole, and so does what comes of it."""
    query = "\ud800 größe " * 2_000_000
    with pytest.raises(NotFound, match="größe"):
        list(jobs(folders, tmp_path, model="fake:größe.json").run("complete", {"prefix": query}))
