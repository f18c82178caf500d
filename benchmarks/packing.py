"""Measure what `ask` puts into a prompt: how much of what a question needs is there, and for how many tokens.

    python benchmarks/packing.py --bench DIR [--bench DIR] --repos DIR [--repos DIR] [--index DIR] [--ablations]

Options as in retrieval.py. For each budget two recalls, the mean over queries of the mean over a query's targets:

* files: a passage shows the target's file (where the target has lines: some of them).
* code: the share of the lines that are needed in that file and are shown. Needed are the target's lines where it has
  some; for a query of the category `symbol` the chunk that holds the definition; else the one chunk of the file with
  the highest BM25, all fields alike. Neither the ranking nor the packing has a part in the choice, though the ranking
  knows BM25, too. A signature alone hardly counts here, and a list of signatures counts as next to nothing.

Every other repository is of half A, on which the constants were chosen; half B was only measured. Tokens are estimated
as `ask --show-prompt` does without a model. Prints Markdown tables.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.cases import Bench, Case, Target, opened, options_parser
from localdev.assistant.passages import AskRequest, estimate_tokens, find_passages
from localdev.core.code import Chunk
from localdev.core.ports import Repository
from localdev.core.search import Hit, SearchFilter
from localdev.retrieval import pack as packing
from localdev.retrieval import worth as weighing
from localdev.retrieval.pack import PackedSource, pack, pack_all
from localdev.retrieval.query import read_query
from localdev.retrieval.search import search

BUDGETS = (2000, 4000, 8000)
LIMIT = AskRequest("").limit
_ALIKE = (1.0,) * 5
_POOL = 10_000
Way = Callable[["Asked", int], Sequence[PackedSource]]


@dataclass(frozen=True)
class Asked:
    """A query that was run: its case, all hits that are weighed, and for each target the chunks that are needed."""

    case: Case
    hits: tuple[Hit, ...]
    needed: tuple[tuple[Chunk, ...], ...]


@dataclass(frozen=True)
class Outcome:
    """What one query got: the two recalls, tokens, passages; `code` is None where nothing is known to be needed."""

    files: float
    code: float | None
    tokens: int
    passages: int


def by_rank(limit: int) -> Way:
    """Give the way of whole chunks in their order, as many as fit."""
    return lambda asked, budget: pack_all(asked.hits[:limit], budget=budget, count=estimate_tokens)


def weighed(asked: Asked, budget: int, most: int = LIMIT) -> Sequence[PackedSource]:
    """Pack as `ask` does."""
    return pack(asked.hits, budget=budget, count=estimate_tokens, most=most)


WAYS: dict[str, Way] = {
    f"whole chunks by rank, {LIMIT}": by_rank(LIMIT),
    "whole chunks by rank, all that fit": by_rank(_POOL),
    f"weighed, `-k {LIMIT}` (as `ask` does)": weighed,
    f"weighed, `-k {2 * LIMIT}`": lambda asked, budget: weighed(asked, budget, 2 * LIMIT),
}
# Name -> (module, constant, value in its place).
ABLATIONS: dict[str, tuple[object, str, float]] = {
    "as it is": (packing, "_PLACE_WORTH", 0.25),
    "no signatures": (packing, "_BRIEF_SHARE", 0.0),
    "a place counts for nothing": (packing, "_PLACE_WORTH", 0.0),
    "a place counts double": (packing, "_PLACE_WORTH", 0.5),
    "no least worth": (packing, "_LEAST_WORTH", 0.0),
    "least worth halved": (packing, "_LEAST_WORTH", 0.00005),
    "least worth doubled": (packing, "_LEAST_WORTH", 0.0002),
    "chunks of a file by the files' scale": (weighing, "_INSIDE", 1.0),
    "only the best chunk of a file": (weighing, "_INSIDE", 1000.0),
}


def main() -> None:
    """Ask all queries once, pack them in every way, print the tables."""
    parser = options_parser(__doc__)
    parser.add_argument("--ablations", action="store_true", help="also change every constant once")
    options = parser.parse_args()
    with opened(options) as bench:
        asked = [ask(case, bench.repositories[case.repository]) for case in bench.cases if case.targets]
        halves = {"A": list(bench.repositories)[::2], "B": list(bench.repositories)[1::2]}
        for half, names in halves.items():
            some = [one for one in asked if one.case.repository in names]
            print("\n".join([*table(half, some, ndcg_at_10(bench, names)), ""]))
            if options.ablations:
                print("\n".join([*ablation_table(half, some), ""]))


def ask(case: Case, repository: Repository) -> Asked:
    """Find the passages of a query, and what its targets need."""
    found = find_passages(case.query, repository)
    return Asked(case, found.hits, tuple(tuple(needed(case, target, repository)) for target in case.targets))


def needed(case: Case, target: Target, repository: Repository) -> list[Chunk]:
    """Give the chunks of a target that hold what is asked; none where no word of the query stands in the file."""
    ends = [path for path in repository.paths() if f"/{target.path}".endswith(f"/{path}") or path == target.path]
    if not ends:
        ends = [path for path in repository.paths() if f"/{path}".endswith(f"/{target.path}")]
    path = max(ends, key=len, default="")
    query = read_query(case.query)
    own = repository.chunk_ids(path)
    ids: list[int] = []
    if target.start_line:
        ids = repository.chunk_ids(path, target.start_line, target.end_line)
    elif case.category == "symbol":
        ids = [chunk_id for chunk_id, _ in repository.symbols_named(query.names) if chunk_id in own][:1]
    if not ids:
        where = SearchFilter(paths=(path,))
        best = repository.lexical(query.terms, _ALIKE, _POOL, where=where)
        ids = [one.chunk_id for one in best if one.chunk_id in own][:1]
    stored = repository.chunks(ids)
    return [stored[chunk_id].chunk for chunk_id in ids if chunk_id in stored]


def outcome(asked: Asked, packed: Sequence[PackedSource]) -> Outcome:
    """Judge what was packed for a query."""
    files = fmean(any(target.covered_by(one.hit) for one in packed) for target in asked.case.targets)
    shown = {(one.path, line) for one in packed for line in range(one.start_line, one.end_line + 1)}
    shares = [fmean(line in shown for line in lines) for chunks in asked.needed if (lines := _lines(chunks))]
    return Outcome(files, fmean(shares) if shares else None, sum(one.tokens for one in packed), len(packed))


def _lines(chunks: Sequence[Chunk]) -> list[tuple[str, int]]:
    """Give the lines of some chunks that are not blank."""
    return [
        (chunk.path, number)
        for chunk in chunks
        for number, line in enumerate(chunk.text.split("\n"), start=chunk.start_line)
        if line.strip()
    ]


def ndcg_at_10(bench: Bench, names: Sequence[str]) -> float:
    """Give the NDCG@10 of the search the passages are from."""
    return fmean(bench.score(case, search) for case in bench.cases if case.repository in names)


def table(half: str, asked: Sequence[Asked], ndcg: float) -> list[str]:
    """Give both recalls, tokens and passages for each way and budget."""
    head = " | ".join(f"{budget // 1000}k: files | code | tokens | passages" for budget in BUDGETS)
    title = f"half {half}: {len(asked)} queries, NDCG@10 {ndcg:.3f}"
    return [
        f"| {title} | {head} |",
        "|---|" + "---:|" * 4 * len(BUDGETS),
        *(f"| {name} | {' | '.join(_cells(way, asked, budget) for budget in BUDGETS)} |" for name, way in WAYS.items()),
    ]


def ablation_table(half: str, asked: Sequence[Asked]) -> list[str]:
    """Give the figures at the smallest budget with each constant changed."""
    lines = [f"| half {half}, {BUDGETS[0]} tokens | files | code | tokens | passages |", "|---|---:|---:|---:|---:|"]
    for name, change in ABLATIONS.items():
        with changed(*change):
            lines.append(f"| {name} | {_cells(weighed, asked, BUDGETS[0])} |")
    return lines


@contextmanager
def changed(module: object, name: str, value: float) -> Iterator[None]:
    """Put another value in a constant's place for a while."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


def _cells(way: Way, asked: Sequence[Asked], budget: int) -> str:
    """Give the means over the queries as cells of a row."""
    outcomes = [outcome(one, way(one, budget)) for one in asked]
    code = fmean(one.code for one in outcomes if one.code is not None)
    return (
        f"{fmean(one.files for one in outcomes):.3f} | {code:.3f} | "
        f"{fmean(one.tokens for one in outcomes):.0f} | {fmean(one.passages for one in outcomes):.1f}"
    )


if __name__ == "__main__":
    main()
