"""An embedder of an Ollama, named by the settings and examined by `doctor`: loopback servers answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from localdev.app.doctor import Check, examine
from localdev.app.embedders import missing_part, open_embedder, read_form
from localdev.config.loader import Sources as Layers
from localdev.config.loader import load
from localdev.config.settings import build
from localdev.core.errors import ConfigError, EgressRefused, NotFound, Unreachable
from localdev.core.folders import Folders
from tests.backends.ollama_server import Answer, error, plain, serve_bodies, show

INFO = {"general.architecture": "bert", "bert.context_length": 512, "bert.embedding_length": 2}
ABLE = show(model_info=INFO, capabilities=["embedding"])
VECTOR = plain({"model": "tiny", "embeddings": [[3, 4]]})


def test_the_setting_names_a_model(folders: Folders) -> None:
    """`ollama:NAME` embeds at the configured server, `ollama:NAME@URL` at its own."""
    with serve_bodies(show=ABLE, embed=VECTOR) as asked:
        for value, url in (("ollama:tiny", asked.url), (f"ollama:tiny@{asked.url}", "http://127.0.0.1:1")):
            settings = build({"search.embedder": value, "remote.ollama_url": url})
            embedder = open_embedder(settings, folders)
            assert embedder.embed(["text"]).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)]]
            assert embedder.name.startswith("ollama:tiny-")


def test_what_cannot_be_opened(folders: Folders) -> None:
    """A server that is away, a model it does not have, and a server elsewhere are errors; nothing is substituted."""
    with serve_bodies(show=error(404, "model 'tiny' not found")) as asked, pytest.raises(NotFound):
        open_embedder(build({"search.embedder": "ollama:tiny", "remote.ollama_url": asked.url}), folders)
    with pytest.raises(Unreachable):
        open_embedder(build({"search.embedder": "ollama:tiny", "remote.ollama_url": asked.url}), folders)
    with pytest.raises(EgressRefused):
        open_embedder(build({"search.embedder": "ollama:tiny@http://192.0.2.1:11434"}), folders)


@pytest.mark.parametrize("value", ["ollama:", "ollama:a b", "ollama:a@ftp://127.0.0.1"])
def test_what_names_no_model(value: str) -> None:
    """It is refused when it is set."""
    with pytest.raises(ConfigError):
        read_form(value)


def test_setting_it_asks_no_server(folders: Folders) -> None:
    """A model may be named before its server runs."""
    assert read_form("ollama:hf.co/someone/model:Q8_0")[0] == "ollama"
    assert missing_part("ollama:hf.co/someone/model:Q8_0", folders) == ""


def checked(folders: Folders, root: Path, url: str) -> Check:
    """Run the check of Ollama."""
    loaded = load(Layers(folders, root, {"LOCALDEV_REMOTE_OLLAMA_URL": url}, {}))
    return next(check for check in examine(folders, root, loaded) if check.name == "ollama")


def test_doctor_says_what_answers(folders: Folders, tmp_path: Path) -> None:
    """A running Ollama is shown with version and models; none, or another program, is no failure of localdev's."""
    with serve_bodies(version=plain({"version": "0.5.1"})) as asked:
        found = checked(folders, tmp_path, asked.url)
    assert found.ok and found.detail == f"0.5.1 at {asked.url}, 2 models"
    away = checked(folders, tmp_path, asked.url)
    assert not away.ok and away.optional and "no Ollama answers" in away.detail and "`ollama serve`" in away.hint
    with serve_bodies(version=Answer((b"<html>",), kind="text/html")) as asked:
        other = checked(folders, tmp_path, asked.url)
    assert not other.ok and other.optional and "does not speak" in other.detail
    with serve_bodies(version=Answer((3.0, b"{}"))) as asked:
        slow = checked(folders, tmp_path, asked.url)
    assert not slow.ok and "did not answer" in slow.detail and "seconds" not in slow.hint
