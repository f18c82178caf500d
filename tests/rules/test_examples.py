"""The table of rules and the example of each: it fires exactly its rule, and done right it fires nothing."""

from __future__ import annotations

import re

import pytest

from localdev.core.review import SEVERITIES, at_least
from localdev.rules.registry import RULES, rule
from localdev.rules.rule import Rule
from tests.rules.changing import example_findings

FAMILIES = {
    "secrets", "merge-marker", "leftover", "syntax", "dangerous-call", "large-binary", "licence", "assertion",
    "signature", "dependency", "injection",
}  # fmt: skip


def test_every_family_has_a_rule_that_counts() -> None:
    """Each family has a rule at medium or above, and there are no other families."""
    assert {each.family for each in RULES if at_least(each.severity, "medium")} == FAMILIES
    assert {each.family for each in RULES} == FAMILIES


def test_ids_are_unique_and_kebab_case() -> None:
    """An id names one rule, in small words joined by dashes."""
    ids = [each.id for each in RULES]
    assert len(set(ids)) == len(ids)
    assert [id for id in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id)] == []
    assert [rule(id) for id in ids] == list(RULES)
    assert rule("no-such-rule") is None


@pytest.mark.parametrize("each", RULES, ids=[each.id for each in RULES])
def test_example(each: Rule) -> None:
    """The bad example fires its rule alone; the good one nothing at medium or above, of any rule."""
    assert {found.rule for found in example_findings(each.bad)} == {each.id}
    assert [found for found in example_findings(each.good) if at_least(found.severity, "medium")] == []


@pytest.mark.parametrize("each", RULES, ids=[each.id for each in RULES])
def test_words(each: Rule) -> None:
    """Title and explanation are there, in whole sentences where they are sentences."""
    assert each.title
    assert not each.title.endswith(".")
    assert each.explanation.endswith(".")
    assert len(each.explanation) > 60
    assert each.severity in SEVERITIES
