"""How much the review rules find of seeded defects, and how often they fire on the same done right.

Each case of `tests/data/review_corpus*` is a small repository before a change (`before.patch`), the change with a
defect (`defect.patch`) and its twin without (`clean.patch`); its author had not seen the rules. A defect is found when
a finding of severity medium or above stands in a file and near a line that the case names.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localdev.core.change import Sides
from localdev.core.review import Finding, at_least
from localdev.rules.changed import ReviewedChange
from localdev.rules.run import find
from localdev.source.changes import Changed, uncommitted

# The first set was used to mend the rules once it had been measured; the second one was not.
SETS = tuple(Path(__file__).parents[1] / "tests" / "data" / name for name in ("review_corpus", "review_corpus_2"))
# A call over several lines may be told at its first line or at the argument that matters.
_NEAR = 3
# What is missing has no line of its own: any place in a file that the case names will do.
_ABSENCES = frozenset({"assertion", "signature", "licence", "dependency", "large-binary"})


@dataclass(frozen=True)
class Outcome:
    """What the rules said of one case: whether the defect was found, and every finding on either side."""

    name: str
    family: str
    kind: str
    language: str
    found: bool
    defect: tuple[Finding, ...]
    clean: tuple[Finding, ...] = field(default=())

    @property
    def alarms(self) -> list[Finding]:
        """The findings on the twin at medium or above."""
        return [finding for finding in self.clean if at_least(finding.severity, "medium")]


def cases(number: int = 1, only: str = "") -> list[Path]:
    """List the cases of a set whose name holds `only`."""
    found = sorted(path.parent for path in SETS[number - 1].glob("*/*/case.toml"))
    return [path for path in found if only in _name(path)]


def _name(case: Path) -> str:
    """Name a case by its language and folder."""
    return "/".join(case.parts[-2:])


def judged(case: Path) -> Outcome:
    """Run the rules over both sides of a case."""
    facts = tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _git(root, "init", "-q")
        _apply(root, case / "before.patch")
        _git(root, "add", "-A")
        _git(root, "commit", "-q", "--allow-empty", "-m", "before")
        changed = _changed(root, case / "defect.patch", facts, "defect")
        defect = tuple(find(ReviewedChange(changed.change, changed.sides)))
        found = any(_hits(finding, facts, changed.sides) for finding in defect)
        _git(root, "reset", "-q", "--hard")
        _git(root, "clean", "-fdq")
        changed = _changed(root, case / "clean.patch", facts, "clean")
        clean = tuple(find(ReviewedChange(changed.change, changed.sides)))
    return Outcome(_name(case), facts["family"], facts["kind"], facts["language"], found, defect, clean)


def _changed(root: Path, patch: Path, facts: dict[str, Any], side: str) -> Changed:
    """Make a change and read it."""
    _apply(root, patch)
    for made in facts.get("make", ()):
        if made["side"] == side:
            path = root / made["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            unit = b"\0\1\2\3" if made["kind"] == "binary" else b"some words in a line\n"
            path.write_bytes((unit * (made["bytes"] // len(unit) + 1))[: made["bytes"]])
    return uncommitted(root)


def _hits(finding: Finding, facts: dict[str, Any], sides: Sides) -> bool:
    """Say whether a finding stands where the case says."""
    if not at_least(finding.severity, "medium"):
        return False
    for place in facts["places"]:
        if place["path"] != finding.path:
            continue
        quotes = {row.strip() for row in place.get("quote", "").split("\n") if row.strip()}
        if not quotes or not finding.line or facts["family"] in _ABSENCES:
            return True
        rows = (sides.new_text(finding.path) or "").split("\n")
        lines = [at for at, row in enumerate(rows, 1) if row.strip() in quotes]
        if any(finding.line - _NEAR <= line <= finding.end_line + _NEAR for line in lines):
            return True
    return False


def _apply(root: Path, patch: Path) -> None:
    """Apply a patch, which may be empty."""
    if patch.stat().st_size:
        _git(root, "apply", "--whitespace=nowarn", str(patch))


def _git(root: Path, *arguments: str) -> None:
    """Run git without the user's own settings."""
    who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    names = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
    subprocess.run(["git", *names, *arguments], cwd=root, check=True, capture_output=True, env={**os.environ, **who})


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """Give the figures by family and by language as Markdown."""
    lines = []
    for name in ("family", "language"):
        lines += [f"| {name} | cases | found | twins with an alarm |", "| --- | --- | --- | --- |"]
        for value in sorted({getattr(each, name) for each in outcomes}):
            some = [each for each in outcomes if getattr(each, name) == value]
            lines.append(
                f"| {value} | {len(some)} | {sum(x.found for x in some)} | {sum(bool(x.alarms) for x in some)} |"
            )
        lines.append("")
    return lines
