"""The lines that say what a chunk is."""

from __future__ import annotations

import pytest

from localdev.core.code import Chunk
from localdev.retrieval.brief import brief

PYTHON = """@cached
def read(
    path: str,
    size: int,
) -> bytes:
    \"""Read the first bytes of a file.

    It may be shorter.
    \"""
    with open(path) as file:
        return file.read(size)
"""
RUST = """/// Reads bytes.
/// From a file.
pub fn read(path: &str) -> Vec<u8> {
    inner(path)
}
"""
JAVA = (
    "/**\n" + " * Says at great length what it does.\n" * 9 + " */\npublic byte[] read(String path) {\n  return x;\n}\n"
)


@pytest.mark.parametrize(
    ("text", "signature", "doc", "first", "last"),
    [
        (PYTHON, "def read(path: str, size: int) -> bytes", "Read the first bytes of a file.\n\nIt may", 1, 6),
        (PYTHON, "def read(path: str, size: int) -> bytes", "", 1, 5),
        (PYTHON, "def read(path: str, size: int) -> bytes", "Words that stand elsewhere.", 1, 5),
        (RUST, "pub fn read(path: &str) -> Vec<u8>", "Reads bytes.\nFrom a file.", 1, 3),
        (JAVA, "public byte[] read(String path)", "Says at great length what it does.", 12, 12),
    ],
    ids=["signature and sentence", "no documentation", "not below", "documentation above", "long documentation above"],
)
def test_the_signature_and_its_sentence(text: str, signature: str, doc: str, first: int, last: int) -> None:
    """Real lines, contiguous: all of the signature, the sentence under it, and a few lines above it."""
    start = 41
    whole = Chunk("a", start, start + text.count("\n") - 1, "any", "function", text.rstrip(), "read", signature, doc)
    found = brief(whole)
    assert found is not None
    assert (found.start_line - start + 1, found.end_line - start + 1) == (first, last)
    assert found.text == "\n".join(text.split("\n")[first - 1 : last])


def test_a_later_part_has_none() -> None:
    """The end of a long function does not say what it is, though its chunk repeats the signature."""
    rest = Chunk("a.py", 80, 82, "python", "function", "    x = 1\n    y = 2\n    return x", "read", "def read()")
    assert brief(rest) is None


def test_a_very_long_signature_is_cut() -> None:
    """Forty parameters on forty lines are as long as a function."""
    text = "def many(\n" + "".join(f"    parameter_{number}: int,\n" for number in range(40)) + "):\n    pass"
    signature = " ".join(text.split()[:-1])
    found = brief(Chunk("a.py", 1, 43, "python", "function", text, "many", signature))
    assert found is not None
    assert found.end_line == 6
