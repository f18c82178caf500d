"""Queries with known answers: reading them, opening their repositories, and the metric.

A folder of queries holds repos.tsv (name, source, commit, searched folder, language) and NAME.tsv or queries/NAME.tsv
(category, query, targets, further targets; targets joined by `|`, each a path or `path:start-end`).
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from localdev.backends.embedders.static import StaticEmbedder
from localdev.core.ports import Embedder, Repository
from localdev.core.search import Hit
from localdev.index.repository import open_repository

DEPTH = 10


@dataclass(frozen=True)
class Target:
    """A file, or lines of one, that answers a query; lines 0 where the whole file is meant."""

    path: str
    start_line: int = 0
    end_line: int = 0

    def covered_by(self, hit: Hit) -> bool:
        """Say whether a hit shows it: the one path ends with the other, and lines overlap where there are any."""
        ours, theirs = f"/{self.path}", f"/{hit.chunk.path}"
        if not (ours.endswith(theirs) or theirs.endswith(ours)):
            return False
        return not self.start_line or (hit.chunk.start_line <= self.end_line and hit.chunk.end_line >= self.start_line)


@dataclass(frozen=True)
class Case:
    """One query and what it should find. `group` is the folder of queries it comes from."""

    group: str
    repository: str
    category: str
    query: str
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Bench:
    """The opened repositories and the queries."""

    repositories: dict[str, Repository]
    cases: list[Case]

    def score(self, case: Case, find: Callable[[str, Repository], Sequence[Hit]]) -> float:
        """Give the NDCG@10 of what `find` gives for a query."""
        return ndcg(find(case.query, self.repositories[case.repository]), case.targets)


def ndcg(hits: Sequence[Hit], targets: Sequence[Target], depth: int = DEPTH) -> float:
    """Give the normalised discounted cumulative gain at `depth`, 0..1.

    Each target counts once, at the first hit that covers it, with gain 1 / log2(rank + 1) (Järvelin and Kekäläinen
    2002, binary gains); several targets at one rank count once, as the public benchmark's scorer has it.
    """
    found = set()
    for target in targets:
        at = next((rank for rank, hit in enumerate(hits[:depth], 1) if target.covered_by(hit)), 0)
        found.add(at)
    gained = sum(1 / math.log2(rank + 1) for rank in found if rank)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(depth, len(targets)) + 1))
    return gained / ideal if ideal else 0.0


def options_parser(description: str | None) -> argparse.ArgumentParser:
    """Give a parser with the options that say what is measured: queries, checkouts, indexes and embedder."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, action="append")
    parser.add_argument("--repos", type=Path, required=True, action="append")
    parser.add_argument("--index", type=Path)
    parser.add_argument("--embedder", type=Path, help="folder of a static embedder, instead of the one that ships")
    return parser


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[Bench]:
    """Load what the options name; indexes that are not to be kept are removed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        yield load(options.bench, options.repos, options.index or Path(folder), StaticEmbedder(options.embedder))


def load(benches: Sequence[Path], checkouts: Sequence[Path], index: Path, embedder: Embedder) -> Bench:
    """Index every repository of the tables that has a checkout, and read its queries; others are named and left out."""
    repositories: dict[str, Repository] = {}
    cases: list[Case] = []
    for bench in benches:
        for line in (bench / "repos.tsv").read_text(encoding="utf-8").splitlines():
            name, _, _, folder, _ = line.split("\t")
            checkout = next((one / name for one in checkouts if (one / name / folder).is_dir()), None)
            if checkout is None:
                print(f"{name}: no checkout, left out", file=sys.stderr)
                continue
            root = (checkout / folder).resolve()
            repositories[name] = open_repository(root, index / name, embedder)
            repositories[name].refresh()
            cases += _cases(bench, name, (checkout, root))
    return Bench(repositories, cases)


def _cases(bench: Path, name: str, roots: tuple[Path, Path]) -> Iterator[Case]:
    """Read the queries of one repository; targets that are not in the checkout are left out of the ideal."""
    folder = bench / "queries" if (bench / "queries").is_dir() else bench
    for row in (folder / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
        category, query, first, further = row.split("\t")
        targets = [_target(text) for text in f"{first}|{further}".split("|") if text]
        there = tuple(one for one in targets if any(_exists(root, one.path) for root in roots))
        yield Case(bench.resolve().name, name, category, query, there)


def _target(text: str) -> Target:
    """Read `path` or `path:start-end`."""
    path, _, span = text.rpartition(":")
    first, _, last = span.partition("-")
    if path and first.isdigit() and (last or first).isdigit():
        return Target(path, int(first), int(last or first))
    return Target(text)


def _exists(root: Path, path: str) -> bool:
    """Say whether a path, or an end of it, is a file under `root`."""
    parts = PurePosixPath(path).parts
    return any(root.joinpath(*parts[at:]).is_file() for at in range(len(parts)))
