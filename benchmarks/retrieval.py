"""Measure the ranking on queries with known answers: NDCG@10 per list and mode, every rule left out once, and times.

    python benchmarks/retrieval.py --repos DIR --bench DIR [--index DIR] [--ablations]

`--bench` holds repos.tsv (name, source, commit, searched folder, language), queries/NAME.tsv (category, query,
targets, further targets) and score.py, whose `parse_target`, `exists` and `ndcg` are used. `--repos` holds a checkout
of each repository. `--index` keeps the indexes between runs. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, median
from typing import Any

from localdev.backends.embedders import make_embedder
from localdev.core.ports import Embedder, Repository
from localdev.core.search import Hit
from localdev.index.repository import open_repository
from localdev.retrieval.query import read_query
from localdev.retrieval.rank import rank
from localdev.retrieval.search import gather, search
from localdev.retrieval.weights import DEFAULT, Weights

_NO_RULES = replace(DEFAULT, definition=0.0, capitalised=0.0, file_name=0.0, importance=0.0, coherence=0.0)
MODES: dict[str, Weights] = {
    "words alone": replace(_NO_RULES, dense=0.0, dense_for_symbol=0.0),
    "meaning alone": replace(_NO_RULES, lexical=0.0, dense=1.0, dense_for_symbol=1.0),
    "words and rules": replace(DEFAULT, dense=0.0, dense_for_symbol=0.0),
    "all": DEFAULT,
}


def _without_role(*roles: str) -> Weights:
    """Give the weights with no penalty for some roles."""
    return replace(DEFAULT, role_factors=dict(DEFAULT.role_factors) | dict.fromkeys(roles, 1.0))


ABLATIONS: dict[str, Weights] = {
    "dense list": MODES["words and rules"],
    "dense list less for a bare symbol": replace(DEFAULT, dense_for_symbol=DEFAULT.dense),
    "field weights (all fields equal)": replace(DEFAULT, path=1.0, symbol=1.0, signature=1.0, doc=1.0, body=1.0),
    "definition of a name": replace(DEFAULT, definition=0.0),
    "capitalised word as a type": replace(DEFAULT, capitalised=0.0),
    "file name": replace(DEFAULT, file_name=0.0),
    "used by many files": replace(DEFAULT, importance=0.0),
    "several places in one file": replace(DEFAULT, coherence=0.0),
    "files once before twice": replace(DEFAULT, repeat=1.0),
    "preambles count less": replace(DEFAULT, preamble=1.0),
    "tests and examples count less": _without_role("test", "example", "benchmark"),
    "documents count less": _without_role("doc"),
    "old, generated, vendored count less": _without_role("deprecated", "generated", "vendored"),
}


@dataclass(frozen=True)
class Case:
    """One query and what it should find."""

    repository: str
    category: str
    query: str
    targets: tuple[Any, ...]


@dataclass(frozen=True)
class Bench:
    """The opened repositories, the queries, and the metric."""

    repositories: dict[str, Repository]
    cases: list[Case]
    ndcg: Callable[[list[dict[str, Any]], Sequence[Any]], float]

    def scores(self, weights: Weights) -> list[float]:
        """Run every query and give its NDCG@10."""
        return [
            self.ndcg(
                [_result(hit) for hit in search(case.query, self.repositories[case.repository], weights=weights)],
                case.targets,
            )
            for case in self.cases
        ]


def _result(hit: Hit) -> dict[str, Any]:
    """Give a hit as the metric reads it."""
    return {"path": hit.chunk.path, "start_line": hit.chunk.start_line, "end_line": hit.chunk.end_line}


def main() -> None:
    """Open the repositories, run all, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--ablations", action="store_true", help="also leave every rule out once")
    options = parser.parse_args()
    with ExitStack() as stack:
        index = options.index or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = load(options.repos, options.bench, index)
        text = "\n".join(
            [*mode_table(bench), "", *time_table(bench), *(ablation_table(bench) if options.ablations else [])]
        )
    print(text)


def load(repos: Path, bench: Path, index: Path) -> Bench:
    """Index every repository of the table that has a checkout, and read its queries."""
    score = _metric(bench / "score.py")
    repositories: dict[str, Repository] = {}
    cases: list[Case] = []
    embedder: Embedder = make_embedder()
    for line in (bench / "repos.tsv").read_text(encoding="utf-8").splitlines():
        name, _, _, folder, _ = line.split("\t")
        root = (repos / name / folder).resolve()
        if not root.is_dir():
            print(f"{name}: no checkout, left out", file=sys.stderr)
            continue
        repositories[name] = open_repository(root, index / name, embedder)
        repositories[name].refresh()
        for row in (bench / "queries" / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
            category, query, first, further = row.split("\t")
            targets = [score.parse_target(text) for text in f"{first}|{further}".split("|") if text]
            there = tuple(one for one in targets if score.exists(repos / name, one[0]) or score.exists(root, one[0]))
            cases.append(Case(name, category, query, there))
    return Bench(repositories, cases, score.ndcg)


def _metric(path: Path) -> Any:
    """Load the metric's module from its file."""
    spec = importlib.util.spec_from_file_location("score", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mode_table(bench: Bench) -> list[str]:
    """Give NDCG@10 per repository, per category and overall, for each mode."""
    columns = {mode: bench.scores(weights) for mode, weights in MODES.items()}
    lines = ["| | queries | " + " | ".join(columns) + " |", "|---|---:|" + "---:|" * len(columns)]
    groups: dict[str, list[int]] = defaultdict(list)
    for attribute in ("repository", "category"):
        for place, case in enumerate(bench.cases):
            groups[getattr(case, attribute)].append(place)
    groups["**all**"] = list(range(len(bench.cases)))
    for name, places in groups.items():
        means = " | ".join(f"{fmean(scores[place] for place in places):.3f}" for scores in columns.values())
        lines.append(f"| {name} | {len(places)} | {means} |")
    return lines


def ablation_table(bench: Bench) -> list[str]:
    """Give what is lost without each rule."""
    full = bench.scores(DEFAULT)
    lines = ["", "| rule left out | NDCG@10 | change | queries better / worse without it |", "|---|---:|---:|---:|"]
    for rule, weights in ABLATIONS.items():
        scores = bench.scores(weights)
        better = sum(now > was for now, was in zip(scores, full, strict=True))
        worse = sum(now < was for now, was in zip(scores, full, strict=True))
        lines.append(f"| {rule} | {fmean(scores):.4f} | {fmean(scores) - fmean(full):+.4f} | {better} / {worse} |")
    return lines


def time_table(bench: Bench) -> list[str]:
    """Give milliseconds a query, warm: the whole search, and the ranking alone."""
    whole, ranking = [], []
    for case in bench.cases:
        repository = bench.repositories[case.repository]
        started = time.perf_counter()
        search(case.query, repository)
        whole.append(1000 * (time.perf_counter() - started))
        query = read_query(case.query)
        evidence = gather(query, repository, where=None, weights=DEFAULT)
        chunks = repository.chunks(evidence.ids())
        started = time.perf_counter()
        rank(query, chunks, evidence, limit=10)
        ranking.append(1000 * (time.perf_counter() - started))
    return [
        "| milliseconds a query, warm | median | slowest |",
        "|---|---:|---:|",
        f"| the whole search | {median(whole):.1f} | {max(whole):.1f} |",
        f"| of it, ranking | {median(ranking):.1f} | {max(ranking):.1f} |",
    ]


if __name__ == "__main__":
    main()
