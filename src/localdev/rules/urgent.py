"""The rules whose finds cannot be mended once they are in the history: few, and quick to load without the others."""

from __future__ import annotations

from collections.abc import Iterable

from localdev.rules import merge_marker
from localdev.rules.rule import Rule
from localdev.rules.secrets import hardcoded, private_key, token

URGENT: tuple[Rule, ...] = (private_key.RULE, token.RULE, hardcoded.RULE, merge_marker.RULE)

_IDS = frozenset(rule.id for rule in URGENT)
_NAMES = _IDS | {rule.family for rule in URGENT}


def is_urgent(rule: Rule) -> bool:
    """Say whether a rule is one of these."""
    return rule.id in _IDS


def concerning(entries: Iterable[str]) -> list[str]:
    """Give what of the settings `review.off` and `review.severity` is about these rules."""
    return [entry for entry in entries if entry.partition(":")[0].partition("=")[0].strip() in _NAMES]
