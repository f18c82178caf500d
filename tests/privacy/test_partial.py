"""Credentials in part: recognisable, and of no use to who reads them."""

from __future__ import annotations

import pytest

from localdev.privacy.partial import PartialText, in_part

TOKEN = "gh" + "p_R8sKq2vN7xWc4LmZ1tYb9DfHj3PaUe6GoTiX"
BODY = "MIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEAq7BFUpkGp3+LQmlQ"
KEY = [f"-----BEGIN RSA {'PRIVATE'} KEY-----", *[BODY] * 5, f"-----END RSA {'PRIVATE'} KEY-----"]


@pytest.mark.parametrize(
    ("lines", "place", "shown"),
    [
        ([f'a(token="{TOKEN}")', f'b("{TOKEN}")'], (1, 1), ['a(token="ghp_...")', 'b("ghp_...")']),
        (['PASSWORD = "kestrel-Morning7!"'], (1, 1), ['PASSWORD = "kest..."']),
        (['PASSWORD = "hunter2"', 'x = "hunter2"'], (1, 1), ['PASSWORD = "h..."', 'x = "hunter2"']),
        (['u = "postgres://me:s3cr3tpw@db.internal/x"'], (1, 1), ['u = "postgres://me:s3...@db.internal/x"']),
        (["x", *KEY, "y"], (2, 8), ["x", KEY[0], *["..."] * 6, "y"]),
        ([f'KEY = "{chr(92).join(KEY)}"'], (1, 1), [f'KEY = "{KEY[0]}..."']),
        (["an odd thing = 1234"], (1, 1), ["an odd thing =..."]),
        (['PASSWORD = "kestrel-Morning7!"'], (0, 0), ['PASSWORD = "kestrel-Morning7!"']),
    ],
)  # fmt: skip
def test_lines(lines: list[str], place: tuple[int, int], shown: list[str]) -> None:
    """A few first letters, the head of a key, and as many lines as before; what is not recognised is hidden whole."""
    assert PartialText(lines, [place]).lines == shown


def test_other_texts() -> None:
    """A message that repeats the credential is hidden, too."""
    text = PartialText([f'a(token="{TOKEN}")'], [(1, 1)])
    assert text.text(f"the token {TOKEN} is written here") == "the token ghp_... is written here"
    assert text.text("nothing") == "nothing"


@pytest.mark.parametrize("value", ["a", "secret", "correct horse", TOKEN])
def test_no_more_than_a_quarter(value: str) -> None:
    """What is shown of a value is a quarter of it at most."""
    assert len(in_part(value).removesuffix("...")) <= len(value) / 4
