"""A review as Markdown, for a comment on a merge request or a report on disk."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from localdev.render.review_summary import left_out, summary

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@!&])")


def review_markdown(review: Mapping[str, Any]) -> str:
    """Give a review as Markdown: a line in all, each finding with its code by file, and what was not reviewed."""
    return "\n".join(_parts(review)) + "\n"


def _parts(review: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines."""
    yield f"## Review of {_plain(review['change'])}"
    yield ""
    yield _plain(summary(review))
    for path, findings in itertools.groupby(review["findings"], key=lambda finding: str(finding["path"])):
        yield ""
        yield f"### {_code(path)}"
        for finding in findings:
            yield ""
            yield from _finding(finding)
    if review["not_reviewed"]:
        yield ""
        yield "### Not reviewed"
        yield ""
        yield from (f"- {_plain(line)}" for line in left_out(review))


def _finding(finding: Mapping[str, Any]) -> Iterator[str]:
    """Yield one finding with the code it is about."""
    where = f"line {finding['line']}: " if finding["line"] else ""
    yield f"**{finding['severity']}** {where}{_plain(finding['message'])} ({_code(finding['rule'])})"
    if finding["lines"]:
        text = "\n".join(_row(line, finding) for line in finding["lines"])
        fence = _fence(text)
        yield ""
        yield fence
        yield text
        yield fence
    if finding["suggestion"]:
        yield ""
        yield _plain(finding["suggestion"])


def _row(line: Mapping[str, Any], finding: Mapping[str, Any]) -> str:
    """Write a line of code with its number, and a mark where it is one that the finding is about."""
    mark = ">" if finding["line"] <= line["line"] <= finding["end_line"] else " "
    return f"{mark} {line['line']:>5} | {line['text']}"


def _plain(text: str) -> str:
    """Keep text from being read as Markdown or HTML; names in backticks stay code."""
    pieces = re.split(r"(`[^`\n]+`)", text.replace("\n", " "))
    return "".join(piece if at % 2 else _SPECIAL.sub(r"\\\1", piece) for at, piece in enumerate(pieces))


def _code(text: str) -> str:
    """Write a name as code, whatever is in it."""
    ticks = _fence(text, least=1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}".replace("\n", " ")


def _fence(text: str, least: int = 3) -> str:
    """Give a row of backticks longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)
