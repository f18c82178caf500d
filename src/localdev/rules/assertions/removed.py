"""A test that stays and loses assertions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from localdev.rules.assertions.compared import Lost, compare
from localdev.rules.assertions.tests import Assertion, Test
from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.rule import Example, Found, Rule

# More tests of one file that lost assertions were changed on purpose: one answer settles them all.
_MOST = 5


def _check(change: ReviewedChange) -> Iterator[Found]:
    """Give each test that lost assertions which the change puts nowhere else; of many in a file the first."""
    found = [each for each in compare(change) if isinstance(each, Lost)]
    in_file = Counter((each.file.path, each.likely) for each in found)
    told: set[tuple[str, bool]] = set()
    for lost in found:
        alike = (lost.file.path, lost.likely)
        others = in_file[alike] - 1 if in_file[alike] > _MOST else 0
        if others and alike in told:
            continue
        told.add(alike)
        yield _told(lost, others)


def _told(lost: Lost, others: int) -> Found:
    """Say what a test lost, and how many `others` of its file did."""
    count = len(lost.gone)
    first = lost.gone[0].text
    what = "an assertion of this test is gone" if count == 1 else f"{count} assertions of this test are gone"
    more = f" (and {others} more tests of this file lost some)" if others else ""
    return Found(
        lost.file.path,
        _place(lost.file, lost.test, lost.gone[0]),
        f"{what}: {first if len(first) <= 80 else f'{first[:77]}...'}{more}",
        suggestion="keep it, or say why it no longer holds",
        severity=None if lost.likely else "low",
    )


def _place(file: ChangedFile, test: Test, gone: Assertion) -> int:
    """Give the line of the new side, within the test, where an assertion stood."""
    at = 0
    for hunk in file.change.hunks:
        here = hunk.new_start
        for line in hunk.lines:
            here = line.new_line or here
            if line.kind == "removed" and line.old_line == gone.line:
                at = here if line.old_line else at
            elif at and line.new_line:
                return min(max(line.new_line, test.line), test.end_line)
    return min(max(at, test.line), test.end_line)


RULE = Rule(
    id="assertion-removed",
    family="assertion",
    severity="medium",
    title="A test loses an assertion",
    explanation=(
        "The test still runs and passes, and no longer notices what this assertion would have told. Tests that "
        "are deleted, "
        "renamed or written anew are left alone or told as low, and so are assertions that moved or speak of something "
        "that the change takes out of the code."
    ),
    bad=Example(
        "tests/test_cart.py",
        "def test_total():\n    cart = Cart([2, 3])\n    assert len(cart) == 2\n",
        "def test_total():\n    cart = Cart([2, 3])\n    assert len(cart) == 2\n    assert cart.total() == 5\n",
    ),
    good=Example(
        "tests/test_cart.py",
        "def test_total():\n    cart = Cart([2, 4])\n    assert len(cart) == 2\n    assert cart.total() == 6\n",
        "def test_total():\n    cart = Cart([2, 3])\n    assert len(cart) == 2\n    assert cart.total() == 5\n",
    ),
    check=_check,
)
