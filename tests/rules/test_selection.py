"""Which rules apply where, and how severe they are."""

from __future__ import annotations

import pytest

from localdev.core.errors import ConfigError
from localdev.core.review import Finding, Severity
from localdev.rules.rule import Example, Rule
from localdev.rules.selection import Selection, read_selection


def rule(id: str, family: str) -> Rule:
    """Make a rule that finds nothing."""
    return Rule(id, family, "medium", "", "", Example("a.py", ""), Example("a.py", ""), lambda _change: ())


RULES = (rule("weak-hash", "dangerous-call"), rule("eval", "dangerous-call"), rule("todo", "leftover"))


def finding(name: str = "weak-hash", path: str = "src/a.py", *, source: str = "rules") -> Finding:
    """Make a finding."""
    return Finding(name, "medium", path, 1, 1, "x", "y", source=source)


def selection(
    off: list[str] | None = None, severity: list[str] | None = None, exclude: list[str] | None = None
) -> Selection:
    """Read settings."""
    return read_selection(off or [], severity or [], exclude or [], rules=RULES, linters=("ruff",))


@pytest.mark.parametrize(
    ("off", "gone"),
    [
        ([], set()),
        (["weak-hash"], {"weak-hash"}),
        (["dangerous-call"], {"weak-hash", "eval"}),
        (["weak-hash:tests"], set()),
        (["weak-hash:tests", "todo"], {"todo"}),
    ],
)
def test_rules_that_are_off(off: list[str], gone: set[str]) -> None:
    """A rule, or its family, is not run at all unless it is off for some files only."""
    assert {each.id for each in selection(off).applying(RULES)} == {each.id for each in RULES} - gone


@pytest.mark.parametrize(
    ("off", "found", "stays"),
    [
        (["weak-hash:tests"], finding(path="tests/a.py"), False),
        (["weak-hash:tests"], finding(path="src/a.py"), True),
        (["dangerous-call:*.js"], finding(path="src/a.js"), False),
        (["dangerous-call:*.js"], finding("todo", "src/a.js"), True),
        (["model"], finding("model", source="model"), False),
        (["ruff"], finding("ruff/F401", source="ruff"), False),
        (["ruff/F401"], finding("ruff/F401", source="ruff"), False),
        (["ruff/F401:src"], finding("ruff/F811", source="ruff"), True),
    ],
)
def test_findings_that_are_off(off: list[str], found: Finding, stays: bool) -> None:
    """Globs, families, linters and the model are told apart."""
    assert (selection(off).kept(found) is not None) is stays


@pytest.mark.parametrize(
    ("severity", "found", "is_now"),
    [
        ([], finding(), "medium"),
        (["weak-hash=high"], finding(), "high"),
        (["dangerous-call = low", "weak-hash=high"], finding(), "high"),
        (["weak-hash=high", "dangerous-call=low"], finding(), "low"),
        (["model=info"], finding("model", source="model"), "info"),
        (["ruff=info", "ruff/F821=high"], finding("ruff/F821", source="ruff"), "high"),
    ],
)
def test_severities(severity: list[str], found: Finding, is_now: Severity) -> None:
    """The last entry that fits wins."""
    kept = selection(severity=severity).kept(found)
    assert kept is not None and kept.severity == is_now


def test_excluded_files() -> None:
    """What is excluded has no findings."""
    chosen = selection(exclude=["legacy", "*.min.js"])
    assert chosen.excludes("legacy/a.py") and chosen.excludes("web/a.min.js") and not chosen.excludes("src/a.py")
    assert chosen.kept(finding(path="legacy/a.py")) is None


@pytest.mark.parametrize(
    ("off", "severity", "said"),
    [
        (["weak-hsh"], [], "there is no rule 'weak-hsh'"),
        ([], ["nothing=low"], "there is no rule 'nothing'"),
        (["eslint/semi"], [], "there is no rule 'eslint/semi'"),
        ([], ["weak-hash"], "names no severity"),
        ([], ["weak-hash=urgent"], "names no severity"),
    ],
)
def test_mistakes(off: list[str], severity: list[str], said: str) -> None:
    """What does not exist is an error with the nearest that does."""
    with pytest.raises(ConfigError, match=said) as caught:
        selection(off, severity)
    assert caught.value.hint
    if off == ["weak-hsh"]:
        assert "did you mean weak-hash?" in caught.value.hint
