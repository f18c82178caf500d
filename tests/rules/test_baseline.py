"""Fingerprints of findings."""

from __future__ import annotations

import hashlib

from localdev.core.review import Finding
from localdev.rules.baseline import fingerprints


def made(lines: list[str], *places: int, rule: str = "todo", path: str = "a.py", message: str = "m") -> list[str]:
    """Give the fingerprints of findings on some lines."""
    found = [Finding(rule, "low", path, at, at, lines[at - 1].strip() if at else "", message) for at in places]
    return fingerprints(found, lambda _path: lines)


def test_what_it_is_made_of() -> None:
    """The digest over rule, path, quote and occurrence; the first 16 digits."""
    named = "\0".join(("todo", "a.py", "f()", "0"))
    assert made(["f()"], 1) == [hashlib.sha256(named.encode()).hexdigest()[:16]]


def test_it_stays_when_lines_move() -> None:
    """Another number, another indent and another wording change nothing; another rule, path or line does."""
    (one,) = made(["f()"], 1)
    assert made(["", "", "    f()  "], 3, message="else") == [one]
    assert made(["f()"], 1, rule="eval") != [one]
    assert made(["f()"], 1, path="b.py") != [one]
    assert made(["g()"], 1) != [one]


def test_equal_lines_are_told_apart() -> None:
    """By how many stand above, whether those are findings or not; two findings on one line differ as well."""
    first, second = made(["f()", "x", "f()"], 1, 3)
    assert first != second
    assert made(["f()", "f()"], 2) == [second]
    assert len(set(made(["f()"], 1, 1))) == 2


def test_what_has_no_line() -> None:
    """A finding about a whole file has one, too."""
    assert made([], 0) == made(["x"], 0) and made([], 0)[0]
