"""All languages beyond the ten main families: recognised by name, cut without loss, whatever the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localdev.source.languages import language_of, languages
from tests.source.more_samples import PATHS, assert_whole, parse, sample

NAMES = {
    "build.gradle.kts": "kotlin",
    "Package.swift": "swift",
    "build.sbt": "scala",
    "init.lua": "lua",
    ".bashrc": "bash",
    "home/.zshrc": "bash",
    "tools/deploy.zsh": "bash",
    "mix.exs": "elixir",
    "Main.hs": "haskell",
    "build.zig": "zig",
    "migrations/0001.SQL": "sql",
    "index.htm": "html",
    "site.css": "css",
    "site.scss": "scss",
    "tsconfig.jsonc": "json",
    ".github/workflows/ci.yml": "yaml",
    ".clang-format": "yaml",
    "Cargo.toml": "toml",
    "Pipfile": "toml",
    "main.tf": "hcl",
    "prod.tfvars": "hcl",
    "job.nomad": "hcl",
    "Dockerfile": "dockerfile",
    "deploy/Dockerfile.dev": "dockerfile",
    "Containerfile": "dockerfile",
    "api.dockerfile": "dockerfile",
    "README.markdown": "markdown",
    "page.mdx": "markdown",
}


@pytest.mark.parametrize(("path", "language"), NAMES.items())
def test_files_are_recognised_by_name(path: str, language: str) -> None:
    """The extension or the file name says the language."""
    assert language_of(path) == language


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("#!/bin/sh", "bash"),
        ("#!/usr/bin/env -S bash -eu", "bash"),
        ("#!/usr/bin/env lua5.4", "lua"),
        ("#!/usr/bin/env elixir", "elixir"),
    ],
)
def test_scripts_are_recognised_by_their_first_line(line: str, language: str) -> None:
    """A script without an extension is known by its interpreter."""
    assert language_of("bin/run", line) == language


@pytest.mark.parametrize("language", PATHS)
def test_samples_parse_and_are_cut_whole(language: str) -> None:
    """Every sample is read with its grammar, and its chunks hold each line once."""
    text = sample(language)
    parsed = parse(language)
    assert parsed.language == language
    assert not parsed.line_chunked
    assert parsed.symbols
    assert_whole(parsed, text)


@pytest.mark.parametrize("language", PATHS)
def test_long_files_are_cut_into_pieces_of_a_size(language: str) -> None:
    """A file of forty times the sample gives pieces that are neither whole files nor crumbs."""
    text = "\n\n".join([sample(language)] * 40)
    parsed = parse(language, text)
    assert_whole(parsed, text)
    sizes = [len(chunk.text) for chunk in parsed.chunks]
    assert max(sizes) < 3000
    assert sum(sizes) / len(sizes) > 250


@pytest.mark.parametrize("language", PATHS)
@pytest.mark.parametrize("text", ["", "\n", " \n\t\n", "\x00", "\ufeff", "x", "\r\n\r\n", "}" * 50, "[" * 3000])
def test_odd_texts_are_cut_whole(language: str, text: str) -> None:
    """Empty, blank and broken texts give no error."""
    assert_whole(parse(language, text), text)


@st.composite
def _garbage(draw: st.DrawFn, text: str) -> str:
    """Give pieces of a sample in any order, with any characters between them."""
    end = len(text)
    pieces: list[str] = []
    for _ in range(draw(st.integers(1, 8))):
        begin = draw(st.integers(0, end))
        pieces.append(text[begin : begin + draw(st.integers(0, 200))])
        pieces.append(draw(st.text(st.sampled_from("{}[]()<>\"'`#-:=|@\\\n\t é\r\x00a"), max_size=6)))
    return "".join(pieces)


@pytest.mark.parametrize("language", PATHS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_garbage_is_cut_whole(language: str, data: st.DataObject) -> None:
    """Shuffled pieces of a sample never lose a line, whatever the grammar makes of them."""
    text = data.draw(_garbage(sample(language)))
    parsed = parse(language, text)
    assert_whole(parsed, text)
    last = text.count("\n") + 1
    for symbol in parsed.symbols:
        assert 1 <= symbol.start_line <= symbol.end_line <= last


def test_each_language_is_named_once() -> None:
    """No extension or file name stands for two languages."""
    names = [name for one in languages().values() for name in (*one.extensions, *one.filenames)]
    assert sorted(names) == sorted(set(names))
