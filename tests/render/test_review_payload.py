"""A review as a plain dictionary."""

from __future__ import annotations

import json

import pytest

from localdev.core.review import Finding, NotReviewed
from localdev.render.review_payload import Review, review_payload

LINES = [*(f"line {at}" for at in range(1, 31)), ""]


def shown(line: int, end_line: int, lines: list[str] | None = None) -> list[int]:
    """Give the numbers of the lines that are shown with a finding."""
    finding = Finding("r", "low", "a.py", line, end_line, "", "m")
    payload = review_payload(Review("c", 1, [(finding, "f")]), lambda _path: LINES if lines is None else lines)
    given = payload["findings"][0]["lines"]
    assert all(each["text"] == LINES[each["line"] - 1] for each in given)
    return [each["line"] for each in given]


@pytest.mark.parametrize(
    ("line", "end_line", "first", "last"),
    [(10, 10, 8, 12), (1, 1, 1, 3), (30, 30, 28, 30), (10, 12, 8, 14), (5, 30, 3, 14), (10, 5, 8, 7)],
)
def test_the_lines_around(line: int, end_line: int, first: int, last: int) -> None:
    """Two before and two behind; of a long finding the first lines."""
    assert shown(line, end_line) == list(range(first, last + 1))


def test_no_lines() -> None:
    """What concerns a whole file, or a file that is not known, shows none."""
    assert shown(0, 0) == shown(99, 99) == shown(3, 3, []) == []


def test_the_payload() -> None:
    """Every field of the contract, and nothing that JSON cannot hold."""
    left = NotReviewed("b.png", "binary")
    payload = review_payload(
        Review("staged changes", 2, [], [left], dropped=1, suppressed=2, baselined=3, timings={"total_ms": 1.26}),
        lambda _path: LINES,
    )
    assert list(payload) == [
        "schema_version", "change", "files", "findings", "not_reviewed", "dropped", "suppressed", "baselined", "model",
        "prompt", "usage", "timings",
    ]  # fmt: skip
    assert payload["not_reviewed"] == [{"path": "b.png", "reason": "binary", "by": "rules", "line": 0, "end_line": 0}]
    assert payload["timings"] == {"total_ms": 1.3}
    json.dumps(payload)
