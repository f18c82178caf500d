"""An assertion that says less than the one it replaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from localdev.rules.assertions.compared import Weakened, compare
from localdev.rules.changed import ReviewedChange
from localdev.rules.rule import Example, Found, Rule

# More in one file for the same reason were changed on purpose: one answer settles them all.
_MOST = 5


def _check(change: ReviewedChange) -> Iterator[Found]:
    """Give each assertion that became weaker; of those of one test, or of many in a file, for one reason the first."""
    found = [each for each in compare(change) if isinstance(each, Weakened)]
    in_file = Counter((each.file.path, each.why, each.likely) for each in found)
    groups: dict[tuple[object, ...], list[Weakened]] = {}
    for each in found:
        alike = (each.file.path, each.why, each.likely)
        groups.setdefault(alike if in_file[alike] > _MOST else (*alike, each.test.name), []).append(each)
    for first, *others in (sorted(group, key=lambda each: each.new.line) for group in groups.values()):
        old = first.old.text
        more = f" (and {len(others)} more like it)" if others else ""
        yield Found(
            first.file.path,
            first.new.line,
            f"this says less than before, {first.why}: {old if len(old) <= 80 else f'{old[:77]}...'}{more}",
            first.new.end_line,
            "compare as exactly as before, or say why that no longer holds",
            None if first.likely else "low",
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
