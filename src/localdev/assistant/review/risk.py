"""In which order a model looks at a change: what most likely does harm comes first, as time may run out."""

from __future__ import annotations

import re
from collections.abc import Collection

from localdev.assistant.review.units import Unit
from localdev.retrieval.roles import file_role
from localdev.rules.places import is_example, is_test
from localdev.source.languages import language_of

# Where mistakes become holes: the subjects of the CWE Top 25 in the words that code uses for them.
_SENSITIVE = re.compile(
    r"auth|passw|secret|token|credential|session|cookie|permission|privilege|admin|crypt|hash|sign|verify|cert|tls|ssl"
    r"|sql|query|exec|eval|shell|command|subprocess|system|deserial|pickle|unsafe|malloc|free\b|memcpy|strcpy|pointer"
    r"|upload|path|redirect|origin|html|template|xml|socket|request|thread|lock|mutex|atomic|async|await|transaction",
    re.IGNORECASE,
)
# Decisions, ends and errors: a changed branch is where results go wrong.
_CONTROL = re.compile(
    r"\b(?:if|else|elif|for|while|switch|case|match|return|break|continue|raise|throw|try|catch|except|finally|panic|defer"
    r"|goto|assert|unwrap|rescue|ensure)\b|[<>!=]=|&&|\|\|"
)
_DATA = frozenset({"text", "json", "yaml", "toml", "ini", "xml", "csv", "diff", "markdown"})
_MOST_LINES = 40


def risk(unit: Unit, flagged: Collection[int] = ()) -> float:
    """Score a unit; `flagged` are its file's lines that rules or linters found something on.

    Points, whose sum decides; the place says most:
    - 100 for product code, 60 for build and configuration that is no plain data, 30 for tests, 20 for data, 10 for
      examples and benchmarks, 0 for text: a mistake in the product reaches its users.
    - 30 where a rule found something on one of its lines: faults come in groups.
    - up to 20, one for each changed line that touches what attackers seek (`_SENSITIVE`), gone lines included: a check
      taken away is as bad as a wrong one.
    - up to 10, a half for each changed line that decides something (`_CONTROL`).
    - up to 4, a tenth for each new line: more code, more faults.
    """
    changed = [row for row in unit.rows if row.kind != "context"]
    first, last = unit.span
    return (
        _place(unit.path)
        + 30 * any(first <= line <= last for line in flagged)
        + min(20, sum(_SENSITIVE.search(row.text) is not None for row in changed))
        + min(10, sum(_CONTROL.search(row.text) is not None for row in changed) / 2)
        + min(_MOST_LINES, sum(row.kind == "added" for row in changed)) / 10
    )


def by_risk(units: Collection[Unit], flagged: Collection[tuple[str, int]] = ()) -> list[Unit]:
    """Order units by falling risk, then by path and line; the same change is always ordered alike."""
    lines: dict[str, set[int]] = {}
    for path, line in flagged:
        lines.setdefault(path, set()).add(line)
    return sorted(units, key=lambda unit: (-risk(unit, lines.get(unit.path, ())), unit.path, unit.span))


def _place(path: str) -> int:
    """Give the points for what a file is."""
    role, language = file_role(path), language_of(path)
    if is_test(path) or role == "test":
        return 30
    if language == "markdown" or role == "doc":
        return 0
    if is_example(path) or role in ("example", "benchmark"):
        return 10
    if language in _DATA:
        return 60 if path.startswith((".github/", ".gitlab")) or language == "toml" else 20
    return 100
