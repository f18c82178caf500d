"""Pulling by an Ollama: whom it would connect to, that this has to be allowed, and what the journal keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from localdev.app.pulling_ollama import pull_by_ollama, read_ollama, refuse_unlisted_registry
from localdev.app.remote import Contact
from localdev.audit.journal import FileJournal
from localdev.config.settings import Settings, build
from localdev.core.errors import EgressRefused, NotFound, UsageError
from localdev.core.events import Progress
from localdev.core.folders import Folders
from tests.backends.ollama_server import lines, plain, serve_bodies

Journal = Callable[[], list[dict[str, Any]]]


def contact(folders: Folders) -> Contact:
    """Give someone with a journal."""
    return Contact({}, journal=FileJournal(folders.journal))


@pytest.mark.parametrize(
    ("text", "name", "registry"),
    [
        ("ollama:qwen3", "qwen3", "registry.ollama.ai:443"),
        ("ollama:qwen2.5-coder:1.5b", "qwen2.5-coder:1.5b", "registry.ollama.ai:443"),
        ("ollama:someone/model:q4", "someone/model:q4", "registry.ollama.ai:443"),
        ("ollama:hf.co/owner/Model-GGUF:Q4_K_M", "hf.co/owner/Model-GGUF:Q4_K_M", "hf.co:443"),
        ("ollama:mine.example:5000/team/model", "mine.example:5000/team/model", "mine.example:5000"),
        ("ollama:localhost:5000/team/model", "localhost:5000/team/model", "localhost:5000"),
        ("ollama:intranet/team/model:q4", "intranet/team/model:q4", "intranet:443"),
    ],
)
def test_whom_an_ollama_connects_to(text: str, name: str, registry: str) -> None:
    """As Ollama reads it: what stands before OWNER/NAME is a registry, whatever it looks like; else it is its own."""
    found = read_ollama(text, Settings())
    assert (found.name, str(found.registry)) == (name, registry)


@pytest.mark.parametrize(
    "text",
    [
        "ollama:",
        "ollama:a b",
        "ollama:host.x:port/a/b",
        f"ollama:host.x:{'9' * 5000}/a/b",
        "ollama:http://host.x/a/b",
        "ollama:host.x/skill/a/b",
    ],
)
def test_what_no_ollama_gets(text: str) -> None:
    """Each is refused before anything is asked."""
    with pytest.raises(UsageError):
        read_ollama(text, Settings())


def test_an_ollama_gets_a_model(folders: Folders, journal: Journal) -> None:
    """The registry has to be allowed; progress is the server's, and the journal says who connected to whom."""
    listed = {"models": [{"name": "qwen3:latest", "model": "qwen3:latest", "size": 7, "digest": "sha256:ab"}]}
    told = lines({"status": "pulling x", "total": 9, "completed": 3}, {"status": "success"})
    with serve_bodies(pull=told, tags=plain(listed)) as asked:
        refused = build({"remote.ollama_url": asked.url})
        wanted = read_ollama("ollama:qwen3", refused)
        with pytest.raises(EgressRefused, match=r"Ollama at .* would connect to registry\.ollama\.ai:443 for qwen3"):
            pull_by_ollama(wanted, refused, contact(folders), lambda _progress: None)
        assert asked.calls == []
        settings = build({"remote.ollama_url": asked.url, "egress.allow": ("registry.ollama.ai",)})
        seen: list[Progress] = []
        found = pull_by_ollama(wanted, settings, contact(folders), seen.append)
    assert (found.name, found.size, found.digest) == ("qwen3:latest", 7, "ab")
    assert seen[0] == Progress("pulling x", 3, 9, "bytes")
    last = journal()[-1]
    assert (last["source"], last["registry"], last["outcome"]) == ("ollama:qwen3", "registry.ollama.ai:443", "ok")
    assert [line["outcome"] for line in journal() if line["kind"] == "pull"] == ["failed", "ok"]


def test_an_ollama_that_cannot(folders: Folders, journal: Journal) -> None:
    """A model that is not to be had, and a server beyond this machine that is not allowed."""
    settings = build({"egress.allow": ("registry.ollama.ai",)})
    away = read_ollama("ollama:qwen3@http://gpu.example:11434", settings)
    with pytest.raises(EgressRefused, match=r"gpu\.example:11434 would be asked"):
        refuse_unlisted_registry(away, settings, contact(folders))
    missing = lines({"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"})
    with serve_bodies(pull=missing) as asked:
        here = build({"remote.ollama_url": asked.url, "egress.allow": ("registry.ollama.ai",)})
        with pytest.raises(NotFound):
            pull_by_ollama(read_ollama("ollama:nope", here), here, contact(folders), lambda _progress: None)
    assert journal()[-1]["outcome"] == "failed"
