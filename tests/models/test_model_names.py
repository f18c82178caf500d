"""What models are called: names made of files' names and of what users ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from localdev.core.errors import UsageError
from localdev.models.names import LONGEST, name_for, slug


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Qwen2.5 Coder_Q4", "qwen2.5-coder-q4"),
        ("café--X", "cafe-x"),
        ("..a..", "a"),
        ("A" * 3, "aaa"),
        ("世", ""),
        ("M.GGUF", "m"),
        ("a-.gguf.gguf", "a"),
    ],
)
def test_slug(text: str, name: str) -> None:
    """Names are plain lower-case ASCII, and none is taken for a path."""
    assert slug(text) == name


@pytest.mark.parametrize(
    ("name", "path", "made"),
    [("", "Qwen2.5-Q4.gguf", "qwen2.5-q4"), ("", "big-00002-of-00003.gguf", "big"), ("My Model", "x.gguf", "my-model")],
)
def test_names(name: str, path: str, made: str) -> None:
    """A name is made from the file's without the number of the part."""
    assert name_for(name, Path(path)) == made


@pytest.mark.parametrize(("name", "path"), [("n" * (LONGEST + 1), "x.gguf"), ("", "n" * (LONGEST + 1) + ".gguf")])
def test_names_that_are_too_long(name: str, path: str) -> None:
    """A name of which no file could be called, with an ending and a number, is refused; the longest is none."""
    with pytest.raises(UsageError, match="101 characters, and 100 are the most") as caught:
        name_for(name, Path(path))
    assert "--name" in caught.value.hint and len(str(caught.value)) < 100
    assert name_for(name[1:], Path(path[1:])) == LONGEST * "n"


def test_a_file_without_a_name() -> None:
    """Where nothing can be made of a file's name, one is asked for."""
    with pytest.raises(UsageError, match="no letter or digit"):
        name_for("..", Path("x.gguf"))
