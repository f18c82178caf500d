"""An embedder of an OpenAI-compatible server, named by the settings and examined by `doctor`."""

from __future__ import annotations

from pathlib import Path

import pytest

from localdev.app.doctor import Check, examine
from localdev.app.embedders import missing_part, open_embedder, read_form
from localdev.app.remote import Contact
from localdev.config.loader import Sources as Layers
from localdev.config.loader import load
from localdev.config.settings import build
from localdev.core.errors import ConfigError, EgressRefused, NotFound, Unreachable
from localdev.core.folders import Folders
from tests.backends.openai_server import Route, as_json, free_port, listing, serve_script

VECTOR = as_json({"data": [{"index": 0, "embedding": [3, 4]}]})
ROUTES: dict[str, Route] = {"/v1/models": listing({"id": "org/m"}), "/v1/embeddings": VECTOR}


def test_the_setting_names_a_model(folders: Folders) -> None:
    """`openai:NAME` embeds at the configured server, `openai:NAME@URL` at its own; the key is that of whoever asks."""
    with serve_script(ROUTES) as script:
        pairs = (("openai:org/m", script.url), (f"openai:org/m@{script.url}", "http://127.0.0.1:1"))
        for value, url in pairs:
            settings = build({"search.embedder": value, "remote.openai_url": url})
            embedder = open_embedder(settings, folders, contact=Contact({"LOCALDEV_API_KEY": "sesame"}))
            assert embedder.embed(["text"]).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)]]
            assert embedder.name == "openai:org/m-2"
        assert {asked.headers["authorization"] for asked in script.asked} == {"Bearer sesame"}
        assert len(script.bodies("/v1/embeddings")) == 3


def test_the_length_is_known_while_the_server_is_away(folders: Folders) -> None:
    """An index can be opened, and searched by words, without the server."""
    with serve_script(ROUTES) as script:
        settings = build({"search.embedder": f"openai:org/m@{script.url}"})
        open_embedder(settings, folders)
    again = open_embedder(settings, folders)
    assert (again.name, again.dimension) == ("openai:org/m-2", 2)
    with pytest.raises(Unreachable):
        again.embed(["text"])


def test_what_cannot_be_opened(folders: Folders) -> None:
    """A server that is away, a model it does not have, and a server elsewhere are errors; nothing is substituted."""
    with serve_script(ROUTES) as script, pytest.raises(NotFound, match="it has org/m"):
        open_embedder(build({"search.embedder": f"openai:m@{script.url}"}), folders)
    with pytest.raises(Unreachable):
        open_embedder(build({"search.embedder": f"openai:m@{script.url}"}), folders)
    with pytest.raises(EgressRefused):
        open_embedder(build({"search.embedder": "openai:m@http://192.0.2.1:8000"}), folders)


@pytest.mark.parametrize("value", ["openai:", "openai:m@http://", "openai:m@http://me:pw@127.0.0.1"])
def test_what_names_no_model(value: str) -> None:
    """It is refused when it is set."""
    with pytest.raises(ConfigError):
        read_form(value)


def test_setting_it_asks_no_server(folders: Folders) -> None:
    """A model may be named before its server runs."""
    assert read_form("openai:org/m")[0] == "openai" and missing_part("openai:org/m", folders) == ""


def checked(folders: Folders, root: Path, url: str) -> Check:
    """Run the check of the server."""
    loaded = load(Layers(folders, root, {"LOCALDEV_REMOTE_OPENAI_URL": url}, {}))
    return next(check for check in examine(folders, root, loaded) if check.name == "openai")


def test_doctor(folders: Folders, tmp_path: Path) -> None:
    """A server that answers is shown with its models; none, or one elsewhere, leaves everything else working."""
    with serve_script(ROUTES) as script:
        found = checked(folders, tmp_path, script.url)
        assert found.ok and found.detail == f"1 model at {script.url}: org/m"
    found = checked(folders, tmp_path, f"http://127.0.0.1:{free_port()}/v1")
    assert (found.ok, found.optional) == (False, True) and "nothing answers" in found.detail and found.hint
    found = checked(folders, tmp_path, "http://192.0.2.1/v1")
    assert found.ok and "was not asked" in found.detail
