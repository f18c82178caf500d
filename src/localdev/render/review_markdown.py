"""A review as Markdown, for a comment on a merge request or a report on disk."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from localdev.render.markdown import code, fenced, plain
from localdev.render.review_summary import left_out, summary


def review_markdown(review: Mapping[str, Any]) -> str:
    """Give a review as Markdown: a line in all, each finding with its code by file, and what was not reviewed."""
    return "\n".join(_parts(review)) + "\n"


def _parts(review: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines."""
    yield f"## Review of {plain(review['change'])}"
    yield ""
    yield plain(summary(review))
    for path, findings in itertools.groupby(review["findings"], key=lambda finding: str(finding["path"])):
        yield ""
        yield f"### {code(path)}"
        for finding in findings:
            yield ""
            yield from _finding(finding)
    if review["not_reviewed"]:
        yield ""
        yield "### Not reviewed"
        yield ""
        yield from (f"- {plain(line)}" for line in left_out(review))


def _finding(finding: Mapping[str, Any]) -> Iterator[str]:
    """Yield one finding with the code it is about."""
    where = f"line {finding['line']}: " if finding["line"] else ""
    yield f"**{finding['severity']}** {where}{plain(finding['message'])} ({code(finding['rule'])})"
    if finding["lines"]:
        text = "\n".join(_row(line, finding) for line in finding["lines"])
        yield ""
        yield fenced(text)
    if finding["suggestion"]:
        yield ""
        yield plain(finding["suggestion"])


def _row(line: Mapping[str, Any], finding: Mapping[str, Any]) -> str:
    """Write a line of code with its number, and a mark where it is one that the finding is about."""
    mark = ">" if finding["line"] <= line["line"] <= finding["end_line"] else " "
    return f"{mark} {line['line']:>5} | {line['text']}"
