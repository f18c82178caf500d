"""A notice of copyright or licence at the top of a file that a change takes away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.places import is_vendored
from localdev.rules.rule import Example, Found, Rule

# A notice stands within the first rows of a file.
_ROWS = 40
_COPYRIGHT = re.compile(r"copyright\b|©|\(c\)\s*\d{4}", re.IGNORECASE)
_LICENCE = re.compile(
    r"spdx-license-identifier|licen[sc]ed (?:under|to)|under the (?:terms of|[\w.\- ]{2,40}licen[sc]e)"
    r"|all rights reserved|"
    r"permission is hereby granted|redistribution and use|see the licen[sc]e|\blicen[sc]e\b.*\bfile\b|apache license|"
    r"mozilla public|general public licen[sc]e|mit licen[sc]e|bsd[\w\- ]* licen[sc]e|public domain",
    re.IGNORECASE,
)
_SPDX = re.compile(r"SPDX-License-Identifier:\s*([^\n*]+?)\s*(?:\*/|-->|\n|$)")
_COMMENT = re.compile(r"\s*(?:#|//|/\*|\*|--|;|%|<!--|@rem|rem\b|\"\"\"|'''|\(\*|\{-|=begin|dnl\b|\.\.)", re.IGNORECASE)
# What may stand before a notice.
_BEFORE = re.compile(
    r"\s*(?:<\?|<!doctype|package\b|[\"']use strict|@charset|module\b|namespace\b|import\b|using\b)", re.IGNORECASE
)
_NAMES = re.compile(r"(?:.*/)?(?:licen[sc]e|copying|notice)(?:[-._].*)?", re.IGNORECASE)
# So many files at once are a decision, not a slip.
_SWEEP = 5


def _check(change: ReviewedChange) -> Iterator[Found]:
    """Find lost notices; where many go at once, each is worth a remark only."""
    lost = [found for file in change.files for found in _look(file)]
    sweep = len(lost) >= _SWEEP
    for each in lost:
        yield Found(each.path, each.line, each.message, 0, each.suggestion, "low" if sweep else each.severity)
    if not sweep:
        yield from _files(change)


def _look(file: ChangedFile) -> Iterator[Found]:
    """Compare what stands at the top before and after."""
    if file.partial or is_vendored(file.path):
        return
    if not any(line.old_line <= 2 * _ROWS and _notice(line.text) for line in file.change.removed()):
        return
    old, new = _head(file.old_text), _head(file.new_text)
    if new is None or old is None:
        return
    advice = "keep the notice, or ask whoever holds the rights"
    gone = [
        name
        for name, sign in (("licence", _LICENCE), ("copyright", _COPYRIGHT))
        if sign.search(old) and not sign.search(new)
    ]
    if gone and not _LICENCE.search(new):
        yield Found(
            file.path, 1, f"the {' and '.join(reversed(gone))} notice at the top of the file is gone", 0, advice
        )
    elif gone:
        yield Found(file.path, 1, f"the {gone[0]} notice at the top of the file is gone", 0, advice, "low")
    else:
        before, after = _SPDX.search(old), _SPDX.search(new)
        if before and after and before[1].lower() != after[1].lower():
            yield Found(file.path, 1, f"the licence is {after[1]} where it was {before[1]}", 0, advice, "low")


def _head(text: str | None) -> str | None:
    """Give the comments that a file begins with, among its first rows."""
    if text is None:
        return None
    rows, inside = [], ""
    for row in text.split("\n", _ROWS)[:_ROWS]:
        if inside:
            rows.append(row)
            inside = "" if inside in row else inside
        elif _COMMENT.match(row):
            rows.append(row)
            inside = _still_open(row)
        elif row.strip() and not _BEFORE.match(row):
            break
    return "\n".join(rows) + "\n"


def _still_open(row: str) -> str:
    """Give what will end the comment that a row begins and does not end."""
    for begin, end in (("/*", "*/"), ("<!--", "-->"), ('"""', '"""'), ("'''", "'''"), ("=begin", "=end"), ("{-", "-}")):
        at = row.find(begin)
        if at != -1 and row[:at].strip() == "":
            return "" if end in row[at + len(begin) :] else end
    return ""


def _notice(text: str) -> bool:
    """Say whether a row is part of a notice."""
    return bool(_COPYRIGHT.search(text) or _LICENCE.search(text))


def _files(change: ReviewedChange) -> Iterator[Found]:
    """Find the repository's licence deleted with none in its place."""
    for file in change.files:
        folder = file.path.rpartition("/")[0]
        if file.change.status != "deleted" or not _NAMES.fullmatch(file.path) or folder or not change.paths:
            continue
        if not any(_NAMES.fullmatch(path) and "/" not in path.replace("LICENSES/", "") for path in change.paths):
            yield Found(
                file.path, 0, "the repository's licence is deleted", 0, "keep it, or put the new one in its place"
            )


RULE = Rule(
    id="licence-header-lost",
    family="licence",
    severity="medium",
    title="A notice of copyright or licence is gone",
    explanation=(
        "Most licences ask that their notice stays with the file, and without it nobody who copies the file "
        "knows its terms. "
        "Where five or more files lose theirs in one change this is taken for a decision and told as low."
    ),
    bad=Example(
        "src/queue.go",
        "package queue\n\nfunc Size() int { return 0 }\n",
        "// Copyright 2021 The Queue Authors.\n// SPDX-License-Identifier: Apache-2.0\n\n"
        "package queue\n\nfunc Size() int { return 0 }\n",
    ),
    good=Example(
        "src/queue.go",
        "// Copyright 2021-2026 The Queue Authors.\n// SPDX-License-Identifier: Apache-2.0\n\n"
        "package queue\n\nfunc Size() int { return 1 }\n",
        "// Copyright 2021 The Queue Authors.\n// SPDX-License-Identifier: Apache-2.0\n\n"
        "package queue\n\nfunc Size() int { return 0 }\n",
    ),
    check=_check,
)
