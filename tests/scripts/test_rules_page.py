"""The page of rules says what the rules say."""

from __future__ import annotations

from localdev.rules.registry import RULES
from scripts.make_rules_page import PAGE, page


def test_the_page_is_what_the_registry_makes() -> None:
    """A rule that changes is a page to make anew: `python scripts/make_rules_page.py`."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_rule_has_its_section() -> None:
    """Each rule can be linked to by its id, once."""
    text = page()
    assert [rule.id for rule in RULES if text.count(f"\n### {rule.id}\n") != 1] == []
