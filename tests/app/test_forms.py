"""What `config set` refuses of the settings of servers before it is written."""

from __future__ import annotations

import pytest

from localdev.app.forms import missing, refuse_unworkable
from localdev.core.errors import ConfigError, UsageError
from localdev.core.folders import find_folders


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("egress.allow", "*.example"),
        ("egress.allow", "gpu, http://gpu:8000"),
        ("remote.openai_url", "gpu"),
        ("remote.openai_url", "http://me:pw@gpu/v1"),
        ("remote.ollama_url", "http://gpu:x"),
    ],
)
def test_refused(name: str, text: str) -> None:
    """A list with a pattern in it, an address that is none: every later command would stop at it."""
    with pytest.raises((ConfigError, UsageError)):
        refuse_unworkable(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("egress.allow", ""),
        ("egress.allow", "gpu.example:8000, [2001:db8::1]:80,10.0.0.5"),
        ("remote.openai_url", "https://gpu.example/v1"),
        ("remote.ollama_url", "http://127.0.0.1:11434"),
    ],
)
def test_taken(name: str, text: str) -> None:
    """What can work is left alone, allowed or not yet."""
    refuse_unworkable(name, text)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("model", "nope", "nope"),
        ("models.ask", "ollama:any, nope", "nope"),
        ("model", "gone.gguf", "there is no gone.gguf yet"),
        ("models.complete", "openai:any,ollama:any", ""),
        ("model", "", ""),
    ],
)
def test_models_that_are_not_there_yet(name: str, text: str, said: str) -> None:
    """A model that nobody has added is told of, and no reason to refuse: it may still come."""
    found = missing(name, text, find_folders())
    assert said in found and bool(found) == bool(said)
