"""Text of turns: made fit for a terminal, cut where it is absurdly long, and what of it is copied."""

from __future__ import annotations

import pytest

from localdev.core.talk import Turn
from localdev.tui.transcript.text import LONGEST_LINE, CodeBlock, code_blocks, markdown_of, shown


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("plain words", "plain words"),
        ("a\tb\t\tc", "a   b       c"),
        ("中\tb\te\u0301\tc", "中  b   e\u0301   c"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]8;;http://x\x07link", "\\x1b]8;;http://x\\x07link"),
        ("\x9b1m", "\\x9b1m"),
        ("nul\x00", "nul\\x00"),
        ("half \ud83d of a pair", "half \\ud83d of a pair"),
        ("a\u2028b\u2029c", "a\\u2028b\\u2029c"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("日本語 العربية e\u0301 👩\u200d👩", "日本語 العربية e\u0301 👩\u200d👩"),
    ],
)
def test_a_line_is_harmless(line: str, expected: str) -> None:
    """Nothing that a terminal obeys or cannot write gets through; letters of every script do."""
    assert shown(line) == expected


def test_a_very_long_line_is_cut_and_says_so() -> None:
    """The first characters are shown, the number of the others is said."""
    text = shown("x" * 1_000_000)
    assert text.startswith("x" * LONGEST_LINE + " ... 996,000 more characters")
    assert len(text) < LONGEST_LINE + 60


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("no code", []),
        ("```python\nx = 1\n\ny\n```\nend", [CodeBlock("python", "x = 1\n\ny")]),
        ("~~~\na\n```\n~~~", [CodeBlock("", "a\n```")]),
        ("````md\n```\nin\n```\n````", [CodeBlock("md", "```\nin\n```")]),
        ("1. do\n   ```sh\n   ls\n     -l\n   ```", [CodeBlock("sh", "ls\n  -l")]),
        ("```go\nnever closed\n", [CodeBlock("go", "never closed\n")]),
        ("```\r\na\r\n```\r\n", [CodeBlock("", "a")]),
        ("a ``` b\n`x`", []),
        ("```a\n1\n```\n```b\n2\n```", [CodeBlock("a", "1"), CodeBlock("b", "2")]),
    ],
)
def test_code_of_an_answer(answer: str, expected: list[CodeBlock]) -> None:
    """Fenced code is found in order, also in lists and where it is never closed, and given as written."""
    assert code_blocks(answer) == expected


def test_a_turn_as_markdown_keeps_the_answer_as_it_is() -> None:
    """The question is a quote, the answer exactly its source."""
    turn = Turn(1, "question", "why?\nreally", "Since **x** [1].\n\n```\n\ta\n```")
    assert markdown_of(turn) == "> why?\n> really\n\nSince **x** [1].\n\n```\n\ta\n```\n"
