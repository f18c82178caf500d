"""The table of all rules: nothing is discovered by accident."""

from __future__ import annotations

from localdev.rules.rule import Rule

RULES: tuple[Rule, ...] = ()


def rule(id: str) -> Rule | None:
    """Give a rule by its id."""
    return next((each for each in RULES if each.id == id), None)
