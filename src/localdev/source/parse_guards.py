"""Texts that a grammar's scanner cannot bear: nobody writes them, but they would end the process or hold it up."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The YAML scanner keeps its open blocks in a buffer of 256 entries and writes past its end. A column can open two.
_YAML_COLUMNS = 100
# The Swift scanner looks for the end of each comment inside each comment: the time grows with the cube of the depth.
_SWIFT_COMMENTS = 100

_COMMENT_MARK = re.compile(r"/\*|\*/")
_YAML_START = re.compile(r"[ \t]*(?:[-?:][ \t]+)*")


def unbearable(language: str, rows: Sequence[str]) -> bool:
    """Say whether the rows of a text nest deeper than the parser of its language can bear."""
    if language == "yaml":
        return _columns(rows) > _YAML_COLUMNS
    if language == "swift":
        marks = [mark for row in rows if "/*" in row or "*/" in row for mark in _COMMENT_MARK.findall(row)]
        return marks.count("/*") - marks.count("*/") > _SWIFT_COMMENTS
    return False


def _columns(rows: Sequence[str]) -> int:
    """Count the columns where a YAML block may begin: after the indentation and after each marker that follows it."""
    columns: set[int] = set()
    for row in rows:
        start = _YAML_START.match(row)
        lead = start.group() if start else ""
        columns.add(len(lead))
        columns.update(column for column, mark in enumerate(lead) if mark in "-?:")
    return len(columns)
