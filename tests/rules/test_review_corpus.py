"""The seeded defects are found, and their twins stay silent."""

from __future__ import annotations

import pytest

from benchmarks.review_corpus import Outcome, cases, judged
from localdev.core.review import at_least
from localdev.rules.registry import RULES

# The goals for a set: of its defects so many are found, and so many findings stand on its twins at most.
_LEAST_FOUND = 0.95
_MOST_ALARMS = 1


@pytest.fixture(scope="module", params=[1, 2])
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    """Judge every case of a set."""
    return [judged(case) for case in cases(request.param)]


def test_seeded_defects_are_found(outcomes: list[Outcome]) -> None:
    """At severity medium or above, near the line that matters."""
    missed = [outcome.name for outcome in outcomes if not outcome.found]
    assert len(missed) <= (1 - _LEAST_FOUND) * len(outcomes), missed


def test_what_is_right_raises_no_alarm(outcomes: list[Outcome]) -> None:
    """The same change done right."""
    alarms = [(outcome.name, finding.rule) for outcome in outcomes for finding in outcome.alarms]
    assert len(alarms) <= _MOST_ALARMS, alarms


def test_every_family_can_stop_a_change() -> None:
    """The families of the sets are those of the rules, and each has a rule of severity medium or above."""
    families = {rule.family for rule in RULES if at_least(rule.severity, "medium")}
    assert {outcome.parts[-2] for outcome in cases(1)} >= {"python", "c", "rust"}
    assert families == {rule.family for rule in RULES}
