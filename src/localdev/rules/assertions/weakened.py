"""An assertion that says less than the one it replaces."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.rules.assertions.compared import Weakened, compare
from localdev.rules.changed import ReviewedChange
from localdev.rules.rule import Example, Found, Rule


def _check(change: ReviewedChange) -> Iterator[Found]:
    """Give each assertion that became weaker."""
    for weak in compare(change):
        if isinstance(weak, Weakened):
            old = weak.old.text
            yield Found(
                weak.file.path,
                weak.new.line,
                f"this says less than before, {weak.why}: {old if len(old) <= 80 else f'{old[:77]}...'}",
                weak.new.end_line,
                "compare as exactly as before, or say why that no longer holds",
                None if weak.likely else "low",
            )


RULE = Rule(
    id="assertion-weakened",
    family="assertion",
    severity="medium",
    title="An assertion says less than before",
    explanation=(
        "It takes the place of one that compared more: the whole value, a tighter tolerance, the very "
        "exception. What it "
        "lets through now, no test will notice."
    ),
    bad=Example(
        "tests/cart.test.js",
        "test('total', () => {\n  const cart = new Cart([2, 3]);\n  expect(cart.total()).toBeTruthy();\n});\n",
        "test('total', () => {\n  const cart = new Cart([2, 3]);\n  expect(cart.total()).toBe(5);\n});\n",
    ),
    good=Example(
        "tests/cart.test.js",
        "test('total', () => {\n  const cart = new Cart([2, 3]);\n  expect(cart.total()).toEqual(5);\n});\n",
        "test('total', () => {\n  const cart = new Cart([2, 3]);\n  expect(cart.total()).toBe(5);\n});\n",
    ),
    check=_check,
)
