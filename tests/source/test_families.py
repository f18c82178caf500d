"""The ten families read a rich sample each: every definition with lines, signature and documentation, every reference.

`samples/<language>.txt` is the code; `samples/<language>.expected` holds what must be read from it, one definition a
line (`kind qualified first-last | signature | documentation`), then one line of references for each kind
(`name@line<within`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from localdev.core.code import ParsedFile
from localdev.source.parse import parse_file

SAMPLES = Path(__file__).parent / "samples"
PATHS = {
    "python": "shop/sample.py",
    "javascript": "web/sample.jsx",
    "typescript": "web/sample.ts",
    "tsx": "web/sample.tsx",
    "go": "cmd/sample.go",
    "rust": "src/sample.rs",
    "java": "src/Sample.java",
    "c": "lib/sample.c",
    "cpp": "lib/sample.cc",
    "c_sharp": "src/Sample.cs",
    "ruby": "lib/sample.rb",
    "php": "public/sample.php",
}


def sample(name: str) -> ParsedFile:
    """Parse the sample of a language."""
    return parse_file(PATHS[name], (SAMPLES / f"{name}.txt").read_text("utf-8"))


def expected(name: str) -> tuple[list[str], list[str]]:
    """Give the expected definitions and references of a sample, one string each."""
    definitions, references = (SAMPLES / f"{name}.expected").read_text("utf-8").rstrip("\n").split("\n\n")
    return definitions.split("\n"), references.split("\n")


@pytest.mark.parametrize("name", PATHS)
def test_definitions(name: str) -> None:
    """Kind, qualified name, lines, signature and documentation of every definition are as expected, in order."""
    found = [
        f"{one.kind} {one.qualified} {one.start_line}-{one.end_line} | {one.signature} | {one.doc!r}"
        for one in sample(name).symbols
    ]
    assert found == expected(name)[0]


@pytest.mark.parametrize("name", PATHS)
def test_references(name: str) -> None:
    """Every reference has its kind, line and enclosing definition."""
    by_kind: dict[str, list[str]] = {}
    for one in sample(name).references:
        text = f"{one.name}@{one.line}" + (f"<{one.within}" if one.within else "")
        by_kind.setdefault(one.kind, []).append(text)
    assert [f"{kind}: {' '.join(uses)}" for kind, uses in sorted(by_kind.items())] == expected(name)[1]


@pytest.mark.parametrize("name", PATHS)
def test_a_definition_knows_its_parent(name: str) -> None:
    """A qualified name is the parent's qualified name and the plain name."""
    for one in sample(name).symbols:
        assert one.qualified == (f"{one.parent}.{one.name}" if one.parent else one.name)
        assert one.path == PATHS[name]


@pytest.mark.parametrize("name", PATHS)
def test_language_is_named(name: str) -> None:
    """The file's language is found from its path, and its syntax is read."""
    parsed = sample(name)
    assert (parsed.language, parsed.line_chunked) == (name, False)
    assert {chunk.language for chunk in parsed.chunks} == {name}
