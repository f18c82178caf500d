"""Tables of rule tests: a path, a text all of whose lines are new, and the severity that one rule gives (or none)."""

from __future__ import annotations

from localdev.rules.rule import Rule
from tests.rules.changing import findings


def severities(rule: Rule, path: str, text: str, before: str | None = None) -> list[str]:
    """Give the severities of what one rule finds in a text, in the order of its lines."""
    found = findings({path: before} if before is not None else {}, {path: text}, [rule])
    return [each.severity for each in sorted(found, key=lambda each: each.line)]
