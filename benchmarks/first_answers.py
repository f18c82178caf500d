"""Ask thirty questions about ten public repositories and see whether the right file is among the first three.

    python benchmarks/first_answers.py --repos DIR [--localdev COMMAND] [--fetch]

The questions and their right files stand in first-answers.tsv and were written before the first run. DIR holds a clone
of each repository, named after the first column (`--fetch` clones the missing ones from GitHub at their commits).
Prints one line a question and writes first-answers.md beside this file.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE / "first-answers.tsv"
REPORT = HERE / "first-answers.md"
FIRST = 3


@dataclass(frozen=True)
class Question:
    """One line of the table."""

    name: str
    repository: str
    commit: str
    language: str
    text: str
    right: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What came back: the files of the answer in order, each once, and the seconds of the whole process."""

    question: Question
    files: tuple[str, ...]
    seconds: float

    @property
    def place(self) -> int:
        """The place of the first right file among the files, 0 when there is none."""
        return next((n for n, path in enumerate(self.files, start=1) if path in self.question.right), 0)


def read_table() -> list[Question]:
    """Read the questions."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))[1:]
    return [
        Question(name, repository, commit, language, text, tuple(right.split("|")))
        for name, repository, commit, language, text, right in rows
    ]


def fetch(question: Question, repos: Path) -> None:
    """Clone a repository at its commit."""
    folder = repos / question.name
    if not folder.exists():
        url = f"https://github.com/{question.repository}"
        subprocess.run(["git", "clone", "--quiet", url, str(folder)], check=True)
        subprocess.run(["git", "-C", str(folder), "checkout", "--quiet", question.commit], check=True)


def ask(question: Question, repos: Path, command: list[str], home: Path) -> Outcome:
    """Ask one question through the command line, without a model."""
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "-C", str(repos / question.name), "ask", question.text, "--no-model", "--json"],
        env={**os.environ, "LOCALDEV_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1):
        sys.exit(f"{question.name}: exit {done.returncode}\n{done.stderr}")
    citations = json.loads(done.stdout)["citations"]
    return Outcome(question, tuple(dict.fromkeys(citation["path"] for citation in citations)), seconds)


def report(outcomes: list[Outcome], version: str) -> str:
    """Write the outcomes as Markdown."""
    right = sum(1 <= outcome.place <= FIRST for outcome in outcomes)
    lines = [
        "# First answers",
        "",
        f"The right file was among the first {FIRST} for **{right} of {len(outcomes)}** questions",
        f"({version}, without a model).",
        "The questions were written before the first run, which gave 29;",
        "`benchmarks/first_answers.py` asks them again.",
        "The first question about a repository includes building its index.",
        "",
        "| repository | question | right file at | first files | seconds |",
        "| --- | --- | --- | --- | --- |",
    ]
    for outcome in outcomes:
        question = outcome.question
        place = str(outcome.place) if outcome.place else "not found"
        files = "<br>".join(f"`{path}`" for path in outcome.files[:FIRST])
        name = f"[{question.repository}](https://github.com/{question.repository}) @ `{question.commit[:10]}`"
        lines.append(f"| {name} ({question.language}) | {question.text} | {place} | {files} | {outcome.seconds:.1f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Ask everything and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--localdev", default="localdev", help="the command to run")
    parser.add_argument("--fetch", action="store_true", help="clone the repositories that are missing")
    args = parser.parse_args()
    command = shlex.split(args.localdev)
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    outcomes = []
    with tempfile.TemporaryDirectory() as home:
        for question in read_table():
            if args.fetch:
                fetch(question, args.repos)
            outcome = ask(question, args.repos, command, Path(home))
            outcomes.append(outcome)
            mark = outcome.place if outcome.place else "-"
            print(f"{mark!s:>2}  {question.name:10s} {outcome.seconds:6.1f} s  {question.text}")
            if not 1 <= outcome.place <= FIRST:
                print(f"      got {list(outcome.files[:FIRST])}, want {list(question.right)}")
    REPORT.write_text(report(outcomes, version), encoding="utf-8")
    print(f"{sum(1 <= outcome.place <= FIRST for outcome in outcomes)} of {len(outcomes)}")


if __name__ == "__main__":
    main()
