"""The review job when its most urgent rules are wanted first."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from localdev.app.reviewing import review_job
from localdev.core.events import Result
from localdev.rules.changed import ReviewedChange
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.urgent import URGENT
from tests.app.conftest import OpenJobs

TOKEN = "ghp_" + "x7Kq2mVb9TzR4wLc8NfY3pHs6JdG1aE5uQoi"
NOTHING = Example("a.py", "")


def late(_change: ReviewedChange) -> Iterable[Found]:
    """Find something after a while."""
    time.sleep(1)
    yield Found("cart.py", 1, "late")


LATE = Rule("late", "time", "info", "", "", NOTHING, NOTHING, late)
NEVER = Rule("never", "time", "info", "", "", NOTHING, NOTHING, late)


@pytest.fixture
def repo(root: Path) -> Path:
    """Make the folder a repository to which a file with a token is added."""
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    (root / "new.py").write_text(f'KEY = "{TOKEN}"\n')
    return root


def results(jobs: OpenJobs, settings: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    """Run the job, and give its results in turn."""
    wanted = {"kind": "uncommitted", "no_model": True, "urgent_first": True, **options}
    events = review_job(jobs(settings)._tools(), wanted, rules=(LATE, NEVER, *URGENT))
    return [event.payload for event in events if isinstance(event, Result)]


def found(payload: dict[str, Any]) -> list[str]:
    """Give the rules that found something, in order."""
    return [each["rule"] for each in payload["findings"]]


def test_they_are_told_first_and_outlive_the_deadline(jobs: OpenJobs, repo: Path) -> None:
    """Their finds come before any other rule's and stay when the time is over; the rest is listed as not reviewed."""
    first, last = results(jobs, {}, deadline=1)
    assert found(first) == ["secret-token"] and not first["not_reviewed"]
    assert found(last) == ["late", "secret-token"]
    assert [(each["path"], each["reason"]) for each in last["not_reviewed"]] == [("new.py", "deadline")]


def test_settings_count_for_them(jobs: OpenJobs, repo: Path) -> None:
    """They can be switched off and be less severe; what is said of other rules does no harm."""
    settings = {"review.off": ("late", "never"), "review.severity": ("secrets=low", "late=high")}
    first, last = results(jobs, settings)
    assert [each["severity"] for each in first["findings"]] == ["low"] and found(last) == ["secret-token"]
    first, last = results(jobs, {"review.off": ("time", "secrets: *.py")})
    assert found(first) == found(last) == []
