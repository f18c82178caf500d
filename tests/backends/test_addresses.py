"""Model strings and addresses that hold a password by mistake."""

from __future__ import annotations

import pytest

from localdev.backends.addresses import read_address, read_model
from localdev.core.errors import UsageError

LOCAL = "http://127.0.0.1:1"


@pytest.mark.parametrize("kind", ["ollama", "openai"])
@pytest.mark.parametrize(
    "rest",
    [
        "m@http://me:sesame@host",
        "m@http://me:sesame@host:70000",
        "m@http://me:ses/ame@host",
        "m@http://me:ses#ame@host",
        "m@http://me:ses?ame@host",
        "m@http://me:sesame@[host",
        "m@http://me:sesame@ho st",
        "m@ftp://me:sesame@host",
        "@http://me:sesame@host",
    ],
)
def test_no_error_shows_a_password(kind: str, rest: str) -> None:
    """However wrong the address is around it, a password in it is not repeated."""
    with pytest.raises(UsageError) as caught:
        read_model(f"{kind}:{rest}", LOCAL)
    assert "ses" not in f"{caught.value}{caught.value.hint}" and caught.value.hint
    if "@http" in rest:
        with pytest.raises(UsageError) as caught:
            read_address(rest.partition("@")[2], kind)
        assert "ses" not in f"{caught.value}{caught.value.hint}"


def test_the_kind_may_be_written_in_capitals() -> None:
    """It is read as the table of backends reads it."""
    assert read_model("OpenAI:m", LOCAL)[0] == read_model("OLLAMA:m", LOCAL)[0] == "m"


@pytest.mark.parametrize("kind", ["ollama", "openai"])
def test_wrong_addresses_are_shown(kind: str) -> None:
    """What holds no password is named, so that the mistake is seen."""
    with pytest.raises(UsageError, match="'http://host:x'"):
        read_model(f"{kind}:m@http://host:x", LOCAL)
