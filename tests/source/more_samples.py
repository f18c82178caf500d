"""The samples of the languages beyond the ten main families, and what every cut of a file must hold."""

from __future__ import annotations

from pathlib import Path

from localdev.core.code import ParsedFile
from localdev.source.parse import parse_file

PATHS = {
    "kotlin": "Cart.kt",
    "swift": "Cart.swift",
    "scala": "Cart.scala",
    "lua": "cart.lua",
    "bash": "deploy.sh",
    "elixir": "cart.ex",
    "haskell": "Cart.hs",
    "zig": "cart.zig",
    "sql": "schema.sql",
    "html": "index.html",
    "css": "site.css",
    "json": "package.json",
    "yaml": "compose.yml",
    "toml": "pyproject.toml",
    "hcl": "main.tf",
    "dockerfile": "Dockerfile",
    "markdown": "README.md",
}


def sample(language: str) -> str:
    """Give the sample of a language."""
    return (Path(__file__).parent / "samples_more" / f"{language}.txt").read_text("utf-8")


def parse(language: str, text: str | None = None) -> ParsedFile:
    """Parse a text, or the sample, of a language."""
    return parse_file(PATHS[language], sample(language) if text is None else text)


def told(parsed: ParsedFile) -> list[str]:
    """Give each symbol as one line: kind, lines, qualified name."""
    return [f"{one.kind} {one.start_line}-{one.end_line} {one.qualified}" for one in parsed.symbols]


def table(text: str) -> list[str]:
    """Give the lines of an indented table."""
    return [line.strip() for line in text.strip().splitlines()]


def assert_whole(parsed: ParsedFile, text: str) -> None:
    """Check that the chunks are in order, do not overlap, show the text as it stands, hold every spoken line."""
    lines = text.split("\n")
    covered: list[int] = []
    for chunk in parsed.chunks:
        covered += range(chunk.start_line, chunk.end_line + 1)
        assert chunk.text == "\n".join(lines[chunk.start_line - 1 : chunk.end_line])
    assert covered == sorted(set(covered))
    spoken = {number for number, line in enumerate(lines, 1) if line.strip()}
    assert spoken <= set(covered)
