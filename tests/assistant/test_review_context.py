"""What a model is given beside a hunk, and what becomes of several findings about one line."""

from __future__ import annotations

import pytest

from localdev.assistant.review.merging import merged
from localdev.assistant.review.surroundings import around, callers_of, changed_symbols, team_rules
from localdev.assistant.review.units import Unit, listing, units_of
from localdev.core.review import Finding, Severity
from localdev.index.repository import IndexedRepository
from localdev.rules.changed import ReviewedChange
from tests.rules.changing import Texts, change_of
from tests.shop import CART, PRICING

CHANGED = PRICING.replace("amount * 0.1", "amount / 10")


def only(change: ReviewedChange) -> Unit:
    """Give the only unit of a change."""
    (unit,) = units_of(change.files, most=10_000, size=len)[0]
    return unit


def finding(source: str = "rules", severity: Severity = "medium", line: int = 3, *, message: str = "bad") -> Finding:
    """Make a finding."""
    rule = {"rules": "eval", "model": "model", "ruff": "ruff/S307"}[source]
    return Finding(rule, severity, "a.py", line, line, "x", message, source=source)


def test_callers(repository: IndexedRepository) -> None:
    """Who uses what changes is told with the line as the change leaves it; nobody who no longer does."""
    repository.refresh()
    before, after = (
        {"shop/pricing.py": PRICING, "shop/cart.py": CART},
        {"shop/pricing.py": CHANGED, "shop/cart.py": CART},
    )
    change = change_of(before, after)
    with_graph = ReviewedChange(change.change, Texts(before, after, {}), lambda: repository)
    unit = only(with_graph)
    assert [symbol.qualified for symbol in changed_symbols(unit)] == ["discount"]
    (caller,) = callers_of(unit, with_graph)
    assert (caller.path, caller.first) == ("shop/cart.py", 8)
    assert caller.text == "> shop/cart.py:8 in total: return amount - discount(customer, amount)"
    gone = {**after, "shop/cart.py": CART.replace("discount(", "rebate(")}
    assert callers_of(unit, ReviewedChange(change.change, Texts(before, gone, {}), lambda: repository)) == []
    assert callers_of(unit, change) == []


def test_the_definition_around() -> None:
    """The whole of it where there is room, else the nearest lines, else none."""
    unit = only(change_of({"a.py": PRICING}, {"a.py": CHANGED}))
    numbers = [row.new_line for row in around(unit, room=10_000, count=len) if row.new_line]
    assert numbers == [4, 5, 6, 7, 8]
    body = "".join(f"    a{at} = {at}\n" for at in range(60))
    long = only(change_of({"a.py": f"def f():\n{body}"}, {"a.py": f"def f():\n{body.replace('a30 = 30', 'a30 = 0')}"}))
    for room in (300, 500, 900):
        rows = around(long, room=room, count=len)
        assert len(long.rows) <= len(rows) < 62 and len(listing(rows)) <= room
    assert around(long, room=1, count=len) == long.rows


def test_what_the_team_asks_for() -> None:
    """Items and paragraphs that ask for something, folded, with their lines; of the side before the change."""
    text = (
        "# Contributing\n\nThank you for coming here today.\n\n- Never log\n  a password.\n* Say hello.\n"
        "1. Prefer `pathlib`.\n\n```sh\nyou must run make\n```\n\nErrors must\nhave a hint.\n\n- "
        + "must " * 100
        + "\n"
    )
    sides = Texts({"CONTRIBUTING.md": text, "AGENTS.md": "- Do not use print.\n"}, {}, {})
    found = team_rules(sides, most=1000, count=len)
    assert [(each.path, each.first, each.last, each.text) for each in found] == [
        ("AGENTS.md", 1, 1, "> Do not use print."),
        ("CONTRIBUTING.md", 5, 6, "> Never log a password."),
        ("CONTRIBUTING.md", 8, 8, "> Prefer `pathlib`."),
        ("CONTRIBUTING.md", 14, 15, "> Errors must have a hint."),
    ]
    assert len(team_rules(sides, most=45, count=len)) == 2
    assert team_rules(Texts({}, {"AGENTS.md": text}, {}), most=1000, count=len) == []


@pytest.mark.parametrize(
    ("proven", "claimed", "left"),
    [
        ([finding()], [finding("model")], ["rules"]),
        ([finding()], [finding("model", "low")], ["rules"]),
        ([finding("rules", "low")], [finding("model", "high")], ["rules", "model"]),
        ([finding("ruff")], [finding("model")], ["ruff"]),
        ([finding()], [finding("model", line=4)], ["rules", "model"]),
        ([], [finding("model", "low"), finding("model", "high")], ["model"]),
        ([finding("ruff"), finding()], [], ["rules"]),
        ([finding("ruff", message="other"), finding()], [], ["rules", "ruff"]),
    ],
)
def test_findings_about_one_line(proven: list[Finding], claimed: list[Finding], left: list[str]) -> None:
    """Rules are believed first; of the model's the most severe stays."""
    found = merged(proven, claimed)
    assert [each.source for each in found] == left
    assert max(each.severity == "high" for each in found) == any(each.severity == "high" for each in claimed)


def test_a_rule_that_covers_several_lines() -> None:
    """A claim inside what a rule points at is the rule's; all come by path and line."""
    wide = Finding("eval", "high", "a.py", 3, 6, "x", "bad")
    other = Finding("todo", "low", "a.py", 1, 1, "y", "later")
    assert merged([wide, other], [finding("model", line=5), finding("model", line=7)]) == [
        other, wide, finding("model", line=7),
    ]  # fmt: skip
