"""What is shown of settings."""

from __future__ import annotations

import pytest

from localdev.config.display import shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http://me:pw@host/v1", "http://***@host/v1"),
        ("openai:m@http://me:p@w/d@host", "openai:m@http://***@host"),
        (("a", "ollama:m@https://pw@host"), ["a", "ollama:m@https://***@host"]),
        ("openai:m@http://host:8000/v1", "openai:m@http://host:8000/v1"),
        (True, True),
    ],
)
def test_no_password_is_shown(value: object, expected: object) -> None:
    """A login in an address is left out, everything else is shown as it is."""
    assert shown(value) == expected
