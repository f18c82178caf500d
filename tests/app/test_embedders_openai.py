"""An embedder and models of an OpenAI-compatible server, named by the settings: scripted servers answer."""

from __future__ import annotations

import pytest

from localdev.app.embedders import missing_part, open_embedder, read_form
from localdev.app.remote import Contact
from localdev.config.settings import build
from localdev.core.errors import ConfigError, EgressRefused, NotFound, Unreachable
from localdev.core.folders import Folders
from tests.backends.openai_server import Route, as_json, listing, serve_script

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
