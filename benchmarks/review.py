"""How good the review rules are: seeded defects and their twins, histories of repositories, installed packages.

    python benchmarks/review.py corpus [--set 1|2] [--only TEXT] [--verbose]
    python benchmarks/review.py history REPOSITORY... [--commits 200] [--verbose]
    python benchmarks/review.py packages FOLDER...
    python benchmarks/review.py lines REPOSITORY... [--commits 500]

`history` reviews each of the last commits (merges left out) and gives the share of them on which a rule of severity
medium or above fires, and every hit, to be judged by hand. `packages` reviews every source file as if all of it were
new, and gives the alarms per 10,000 lines. `lines` holds every line number and quote of a finding against the file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.review_corpus import cases, judged, table
from benchmarks.review_quotes import QuotingBackend
from localdev.assistant.review.reviewer import ModelReview, ReviewRequest
from localdev.core.change import Change, DiffLine, FileChange, Hunk
from localdev.core.review import Finding, Severity, at_least
from localdev.prompting.prompts import load_prompt
from localdev.rules.changed import ReviewedChange
from localdev.rules.run import find
from localdev.source.changes import Changed, between
from localdev.source.git import GitFailed
from localdev.source.languages import languages
from localdev.source.reading import read_text


def corpus(number: int, only: str, *, verbose: bool) -> None:
    """Judge the cases and print what was missed and what was alarmed."""
    started = time.perf_counter()
    outcomes = [judged(case) for case in cases(number, only)]
    for outcome in outcomes:
        if not outcome.found:
            print(f"MISSED {outcome.name} ({outcome.kind})")
            for finding in outcome.defect if verbose else ():
                print(f"       had {_said(finding)}")
        for finding in outcome.alarms:
            print(f"ALARM  {outcome.name}: {_said(finding)}")
    print("\n".join(table(outcomes)))
    found, alarms = sum(each.found for each in outcomes), sum(len(each.alarms) for each in outcomes)
    lesser = sum(len(each.clean) - len(each.alarms) for each in outcomes)
    figures = {
        "cases": len(outcomes),
        "found": found,
        "recall": round(found / len(outcomes), 4) if outcomes else 0,
        "alarms_on_twins": alarms,
        "lesser_findings_on_twins": lesser,
        "seconds": round(time.perf_counter() - started, 1),
    }
    print(json.dumps(figures))


def commits(root: Path, limit: int) -> Iterator[tuple[str, Changed]]:
    """Yield the last commits without merges; those are passed over of which a clone lacks large files."""
    said = subprocess.run(
        ["git", "-C", str(root), "log", "--no-merges", f"-n{limit * 2}", "--format=%H"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    given = 0
    for commit in said.stdout.split():
        try:
            changed = between(root, f"{commit}^..{commit}")
        except GitFailed as error:
            print(f"  {commit[:10]} cannot be read: {error}")
            continue
        yield commit, changed
        given += 1
        if given == limit:
            return


def history(roots: list[Path], limit: int, *, verbose: bool) -> None:
    """Review the last commits of repositories and print every hit at medium or above."""
    level: Severity = "info" if verbose else "medium"
    total = 0
    for root in roots:
        started, hit, count = time.perf_counter(), 0, 0
        rules: Counter[str] = Counter()
        for commit, changed in commits(root, limit):
            count += 1
            findings = [each for each in reviewed(changed) if at_least(each.severity, level)]
            firing = [each for each in findings if at_least(each.severity, "medium")]
            hit += bool(firing)
            rules.update(each.rule for each in findings)
            for finding in findings:
                print(f"  {commit[:10]} {_said(finding)}")
        total += hit
        name = root.parent.name if root.name == "repo" else root.name
        took = f"{time.perf_counter() - started:.0f} s"
        print(f"{name}: {hit} of {count} commits ({hit / max(1, count):.1%}), {took}, {dict(rules)}")
    print(json.dumps({"repositories": len(roots), "commits_with_hits": total}))


def reviewed(changed: Changed) -> list[Finding]:
    """Give what the rules find in a change."""
    return list(find(ReviewedChange(changed.change, changed.sides)))


def lines(roots: list[Path], limit: int) -> None:
    """Hold the line and the quote of every finding, of rules and of a quoting backend, against the file."""
    figures: Counter[str] = Counter()
    for root in roots:
        for commit, changed in commits(root, limit // len(roots)):
            change = ReviewedChange(changed.change, changed.sides)
            model = quoted(change, figures["commits"])
            figures.update(commits=1, dropped=model.dropped)
            for finding in (*find(change), *model.findings):
                rows = (changed.sides.new_text(finding.path) or "").split("\n")
                right = not finding.line or (
                    finding.end_line <= len(rows) and rows[finding.line - 1].strip() == finding.quote
                )
                figures[finding.source] += 1
                if not right:
                    figures["wrong"] += 1
                    print(f"WRONG {commit[:10]} {_said(finding)}")
    print(json.dumps({"wrong": 0, **figures}))


def quoted(change: ReviewedChange, seed: int) -> ModelReview:
    """Have a backend that quotes random added lines review a change."""
    prompts = load_prompt("review"), load_prompt("review_check")
    review = ModelReview(change, ReviewRequest(), *prompts, QuotingBackend(seed))
    for _ in review.run():
        pass
    return review


class _Everything:
    """The sides of a change that adds every file of a folder."""

    def __init__(self, root: Path, paths: list[str]) -> None:
        self._root = root
        self._paths = frozenset(paths)

    def old_text(self, path: str) -> str | None:
        """There was nothing."""
        return None

    def new_text(self, path: str) -> str | None:
        """Give the file as it is."""
        content = read_text(self._root, path, limit=4_000_000) if path in self._paths else None
        return getattr(content, "text", None)

    def new_paths(self) -> frozenset[str]:
        """Give every file."""
        return self._paths

    def new_size(self, path: str) -> int | None:
        """Give its size."""
        return (self._root / path).stat().st_size if path in self._paths else None


def packages(folders: list[Path], *, verbose: bool) -> None:
    """Review every source file as new, and print the alarms per 10,000 lines by rule."""
    rules: Counter[str] = Counter()
    total = 0
    for folder in folders:
        for path, text in _sources(folder):
            rows = text.split("\n")
            total += len(rows)
            added = tuple(DiffLine("added", row, 0, at) for at, row in enumerate(rows, 1))
            change = FileChange(path, "", "added", "", "100644", hunks=(Hunk(0, 0, 1, len(rows), "", added),))
            for finding in find(ReviewedChange(Change((change,)), _Everything(folder, [path]))):
                if at_least(finding.severity, "medium"):
                    rules[finding.rule] += 1
                    if verbose:
                        print(f"  {_said(finding)}")
    alarms = sum(rules.values())
    for rule, count in rules.most_common():
        print(f"| {rule} | {count} | {count / total * 10_000:.3f} |")
    print(json.dumps({"lines": total, "alarms": alarms, "per_10000_lines": round(alarms / max(1, total) * 10_000, 3)}))


def _sources(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the files of programming languages under a folder."""
    from localdev.core.code import Skipped
    from localdev.source.languages import language_of

    for path in sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()):
        language = languages().get(language_of(path))
        if language is None or language.prose or language.loose != "module" or not language.grammar:
            continue
        content = read_text(folder, path)
        if not isinstance(content, Skipped):
            yield path, content.text


def _said(finding: Finding) -> str:
    """Write a finding on one line."""
    place = f"{finding.path}:{finding.line}"
    return f"{finding.rule} {finding.severity} {place} {finding.quote[:120]!r} ({finding.message[:90]})"


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["corpus", "history", "packages", "lines"])
    parser.add_argument("places", nargs="*", type=Path)
    parser.add_argument("--set", type=int, choices=[1, 2], default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--commits", type=int, default=0)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    places = [place.absolute() for place in given.places]
    if given.what == "corpus":
        corpus(given.set, given.only, verbose=given.verbose)
    elif given.what == "history":
        history(places, given.commits or 200, verbose=given.verbose)
    elif given.what == "packages":
        packages(places, verbose=given.verbose)
    else:
        lines(places, given.commits or 500)


if __name__ == "__main__":
    main()
