"""Values of a review: findings, how severe they are, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Severity = Literal["info", "low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


def at_least(severity: Severity, level: Severity) -> bool:
    """Say whether a severity is a level or above it."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(level)


def one_less(severity: Severity) -> Severity:
    """Give the severity below one, of those that ask for something to be done: `low` stays."""
    return "medium" if severity == "high" else "low" if severity == "medium" else severity


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at in a change.

    `rule` is the id of a rule, of a linter's rule (`ruff/F401`), or `model`. `line..end_line` are lines of the new
    side, 0 for what concerns a file as a whole. `quote` is the first line's text without blanks at its ends, empty for
    no line. `source` is `rules`, `model`, or a linter's name.
    """

    rule: str
    severity: Severity
    path: str
    line: int
    end_line: int
    quote: str
    message: str
    suggestion: str = ""
    source: str = "rules"


@dataclass(frozen=True, slots=True)
class NotReviewed:
    """A file, or lines of it, that something did not look at, and why in a few words (`binary`, `deadline`, ...).

    `by` says what did not look: `rules` or `model`. Lines are of the new side, 0 for the whole file.
    """

    path: str
    reason: str
    by: str = "rules"
    line: int = 0
    end_line: int = 0
