"""One pass over a file: determinism, threads, and texts made to break parsers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import thread_time

import pytest

from localdev.source.parse import PARSER_VERSION, parse_file

SAMPLES = Path(__file__).parent / "samples"
# Far above what any of them needs (a second on a slow machine), far below what they took without limits (minutes).
LIMIT = 20.0


@pytest.mark.parametrize(
    ("extension", "text"),
    [
        ("py", "x = " + "(" * 100_000),
        ("js", "x = " + "(\n" * 100_000),
        ("go", "x := " + "(" * 30_000 + ")" * 30_000),
        ("py", "x = 1; " * 140_000),
        ("c", "if (x) {\n" * 10_000),
        ("ts", "function f() {\n" * 5_000 + "}\n" * 5_000),
        ("cs", "namespace a {\n" * 5_000 + "}\n" * 5_000),
        ("js", "a <\n" * 30_000),
        ("java", "a <\n" * 30_000),
        ("js", "a\n" + ".b()\n" * 15_000),
        ("cpp", "const f = () =>\n" * 8_000),
        ("rb", "class A; def f\n" * 2_000),
        ("rs", "[\n{\n" * 10_000),
        ("php", "<?php " + "'\n\"\n`\n" * 10_000),
    ],
)
def test_text_made_to_break_a_parser(extension: str, text: str) -> None:
    """Deep, wide and unclosed text is cut in bounded time, without an error."""
    before = thread_time()
    parsed = parse_file(f"a.{extension}", text)
    assert thread_time() - before < LIMIT
    assert "".join(chunk.text for chunk in parsed.chunks).replace("\n", "").strip() == text.replace("\n", "").strip()


def test_a_line_of_a_megabyte_is_not_parsed() -> None:
    """A file with such a line is data: it is cut by lines, and said so."""
    parsed = parse_file("a.py", "x = [" + "1, " * 300_000 + "]\ndef f(): pass\n")
    assert (parsed.line_chunked, parsed.symbols, parsed.lines) == (True, (), 2)


def test_a_broken_part_does_not_lose_the_rest() -> None:
    """Definitions before and after a syntax error are found."""
    text = "def before():\n    pass\n\ndef broken():\n    x = = 1\n\ndef after():\n    pass\n"
    assert {"before", "after"} <= {one.name for one in parse_file("a.py", text).symbols}


def test_line_ends_of_other_systems() -> None:
    """A carriage return before each line end changes no line number, no signature and no documentation."""
    text = (SAMPLES / "python.txt").read_text("utf-8")
    plain, windows = parse_file("a.py", text), parse_file("a.py", text.replace("\n", "\r\n"))
    assert windows.symbols == plain.symbols
    assert windows.references == plain.references
    assert [(one.start_line, one.end_line) for one in windows.chunks] == [
        (one.start_line, one.end_line) for one in plain.chunks
    ]


def test_threads_share_grammars() -> None:
    """Many threads that parse at once give what one gives."""
    names = {"python": "a.py", "go": "a.go", "java": "a.java", "rust": "a.rs", "cpp": "a.cc", "ruby": "a.rb"}
    texts = [(path, (SAMPLES / f"{name}.txt").read_text("utf-8")) for name, path in names.items()]
    work = texts * 8
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda pair: parse_file(*pair), work))
    assert together == [parse_file(*pair) for pair in work]


def test_the_version_is_a_number_to_compare() -> None:
    """The index stores the version with what it keeps."""
    assert isinstance(PARSER_VERSION, int)
