"""The store of vectors on the command line: examined by `doctor`, named by `index status`."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.index.chroma_server import answering, free_port


def store_check(run: Run, repository: Path) -> dict[str, Any]:
    """Give what doctor says of the store."""
    report = run("doctor", "-C", repository, "--json")
    (check,) = [check for check in json.loads(report.out)["checks"] if check["name"] == "store"]
    assert isinstance(check, dict)
    return check


def test_no_server(run: Run, repository: Path) -> None:
    """The embedded store is always there."""
    assert store_check(run, repository)["ok"] is True


def test_a_server_that_is_away(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails the check as it fails a command; with a fallback the rest goes on working."""
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("LOCALDEV_INDEX_STORE", url)
    away = store_check(run, repository)
    assert (away["ok"], away["optional"]) == (False, False)
    assert url in away["detail"] and "index.store embedded" in away["hint"]
    monkeypatch.setenv("LOCALDEV_INDEX_FALLBACK", "embedded")
    assert store_check(run, repository)["optional"] is True


def test_servers_that_answer(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that lists its collections will do; one that refuses the token will not."""
    with answering(200, b"[]", version=b'"1.0.0"') as url:
        monkeypatch.setenv("LOCALDEV_INDEX_STORE", url)
        assert store_check(run, repository)["ok"] is True
    with answering(401, b"{}", version=b'"1.0.0"') as url:
        monkeypatch.setenv("LOCALDEV_INDEX_STORE", url)
        refused = store_check(run, repository)
        assert refused["ok"] is False and "LOCALDEV_STORE_TOKEN" in refused["hint"]


def test_a_server_that_says_nothing(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it for long."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("LOCALDEV_INDEX_STORE", f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        check = store_check(run, repository)
        assert check["ok"] is False and "says nothing" in check["detail"]
        assert time.monotonic() - started < 30


def test_status_names_embedder_and_store(run: Run, repository: Path) -> None:
    """What made the vectors, where they are kept, and how many wait to be brought there."""
    run("search", "settings", "-C", repository)
    shown = run("index", "status", "-C", repository).out
    known = json.loads(run("index", "status", "-C", repository, "--json").out)
    assert f"vectors made with {known['embedder']}, store embedded" in shown
    assert known["store"] == "embedded" and known["embedder"].startswith("static-")
    assert (f"{known['pending']} still to be brought there" in shown) == bool(known["pending"])
