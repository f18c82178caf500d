"""Measure the ranking on queries with known answers: NDCG@10 per list and part, every part left out once, and times.

    python benchmarks/retrieval.py --bench DIR [--bench DIR] --repos DIR [--repos DIR] [--index DIR] [--ablations]

`--bench` holds the queries (see cases.py; ours are in benchmarks/queries). `--repos` holds a checkout of each
repository by its name. `--index` keeps the indexes between runs. `--embedder` takes a folder with the files of another
static embedder. Prints Markdown tables.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.cases import Bench, opened, options_parser
from localdev.retrieval.query import read_query
from localdev.retrieval.rank import rank
from localdev.retrieval.search import gather, search
from localdev.retrieval.weights import DEFAULT, Weights

_NOTHING_ELSE = replace(DEFAULT, definition=0.0, definition_in_text=0.0, capitalised=0.0, file_name=0.0, used=0.0)
_NO_WORDS = replace(_NOTHING_ELSE, words=0.0, words_in_file=0.0, phrase=0.0)
MODES: dict[str, Weights] = {
    "words alone": replace(_NOTHING_ELSE, meaning=0.0, meaning_of_file=0.0),
    "meaning alone": _NO_WORDS,
    "all but meaning": replace(DEFAULT, meaning=0.0, meaning_of_file=0.0),
    "all": DEFAULT,
}


def _without_role(*roles: str) -> Weights:
    """Give the weights with no cost for some roles."""
    return replace(DEFAULT, role_costs=dict(DEFAULT.role_costs) | dict.fromkeys(roles, 0.0))


# BM25 needs a weight above zero for every field.
_NEXT_TO_NOTHING = 0.001

ABLATIONS: dict[str, Weights] = {
    "embedder (both vectors)": replace(DEFAULT, meaning=0.0, meaning_of_file=0.0),
    "a chunk's vector": replace(DEFAULT, meaning=0.0),
    "the file's vector": replace(DEFAULT, meaning_of_file=0.0),
    "a chunk's words": replace(DEFAULT, words=0.0),
    "the file's words together": replace(DEFAULT, words_in_file=0.0),
    "decay of a file's further chunks (all count alike)": replace(DEFAULT, decay=1.0),
    "phrases": replace(DEFAULT, phrase=0.0),
    "field: path": replace(DEFAULT, path=_NEXT_TO_NOTHING),
    "field: symbol": replace(DEFAULT, symbol=_NEXT_TO_NOTHING),
    "field: signature": replace(DEFAULT, signature=_NEXT_TO_NOTHING),
    "field: documentation": replace(DEFAULT, doc=_NEXT_TO_NOTHING),
    "field: body": replace(DEFAULT, body=_NEXT_TO_NOTHING),
    "field weights (all fields equal)": replace(DEFAULT, path=1.0, symbol=1.0, signature=1.0, doc=1.0, body=1.0),
    "file name": replace(DEFAULT, file_name=0.0),
    "definition of a bare symbol": replace(DEFAULT, definition=0.0),
    "definition named in a sentence": replace(DEFAULT, definition_in_text=0.0),
    "capitalised word as a type": replace(DEFAULT, capitalised=0.0),
    "used by many files": replace(DEFAULT, used=0.0),
    "files once before twice": replace(DEFAULT, repeat=0.0),
    "preambles count less": replace(DEFAULT, preamble=0.0),
    "tests count less": _without_role("test"),
    "benchmarks count less": _without_role("benchmark"),
    "examples count less": _without_role("example"),
    "documents count less": _without_role("doc"),
    "old copies count less": _without_role("deprecated"),
    "declarations count less": _without_role("declaration"),
    "settings and data count less": _without_role("data"),
    "generated code counts less": _without_role("generated"),
    "vendored code counts less": _without_role("vendored"),
}


def main() -> None:
    """Open the repositories, run all, print the tables."""
    parser = options_parser(__doc__)
    parser.add_argument("--ablations", action="store_true", help="also leave every part out once")
    options = parser.parse_args()
    with opened(options) as bench:
        tables = [*mode_table(bench), "", *time_table(bench), *(ablation_table(bench) if options.ablations else [])]
    print("\n".join(tables))


def scores(bench: Bench, weights: Weights) -> list[float]:
    """Run every query and give its NDCG@10."""
    return [
        bench.score(case, lambda query, repository: search(query, repository, weights=weights)) for case in bench.cases
    ]


def mode_table(bench: Bench) -> list[str]:
    """Give NDCG@10 per repository, per category and overall, for each mode."""
    columns = {mode: scores(bench, weights) for mode, weights in MODES.items()}
    lines = ["| | queries | " + " | ".join(columns) + " |", "|---|---:|" + "---:|" * len(columns)]
    groups: dict[str, list[int]] = defaultdict(list)
    for place, case in enumerate(bench.cases):
        groups[case.repository].append(place)
    for place, case in enumerate(bench.cases):
        groups[f"{case.group}: {case.category}"].append(place)
    for place, case in enumerate(bench.cases):
        groups[f"**{case.group}: all**"].append(place)
    for name, places in groups.items():
        means = " | ".join(f"{fmean(column[place] for place in places):.3f}" for column in columns.values())
        lines.append(f"| {name} | {len(places)} | {means} |")
    return lines


def ablation_table(bench: Bench) -> list[str]:
    """Give what is lost without each part, per folder of queries."""
    groups = list(dict.fromkeys(case.group for case in bench.cases))
    full = scores(bench, DEFAULT)
    head = " | ".join(f"{group} | better / worse without it" for group in groups)
    lines = ["", f"| left out | {head} |", "|---|" + "---:|---:|" * len(groups)]
    for part, weights in ABLATIONS.items():
        without = scores(bench, weights)
        cells = []
        for group in groups:
            pairs = [
                (now, was) for now, was, case in zip(without, full, bench.cases, strict=True) if case.group == group
            ]
            change = fmean(now for now, _ in pairs) - fmean(was for _, was in pairs)
            better, worse = sum(now > was for now, was in pairs), sum(now < was for now, was in pairs)
            cells.append(f"{change:+.4f} | {better} / {worse}")
        lines.append(f"| {part} | {' | '.join(cells)} |")
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
