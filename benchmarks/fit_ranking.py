"""Fit the ranking's weights on queries with known answers, and judge them by repositories that were left out.

    python benchmarks/fit_ranking.py --bench DIR [--bench DIR] --repos DIR [--repos DIR] [--index DIR] [--embedder DIR]

The facts of every candidate file (`retrieval.rank` with all weights at 1) are the columns of a linear model; its
softmax over the files of a repository should put its mass on the files that answer (listwise cross entropy; Cao et al.
2007, "Learning to rank: from pairwise approach to listwise approach"). Every folder of queries has the same say. The
weights are drawn towards `PRIOR`, because some roles hardly occur in any one set of repositories. Prints the NDCG@10 of
weights fitted without a sixth of the repositories on that sixth, and the weights fitted on all.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import fmean

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.cases import Bench, Case, opened, options_parser
from localdev.core.ports import Repository
from localdev.retrieval.query import read_query
from localdev.retrieval.rank import rank
from localdev.retrieval.search import gather
from localdev.retrieval.weights import DEFAULT, Weights

Floats = npt.NDArray[np.float64]
FOLDS = 6
_STEPS = 400
_PULL = 0.002  # towards the prior, per unit squared; ten times less or more moves the result by under 0.003
_ROLES = tuple(DEFAULT.role_costs)
# Part of a hit -> field of `Weights`. What is not here (paths that are written out, preambles) is not fitted.
_PARTS = {
    "words": "words",
    "file words": "words_in_file",
    "phrase": "phrase",
    "meaning": "meaning",
    "file meaning": "meaning_of_file",
    "file name": "file_name",
    "definition": "definition",
    "named type": "capitalised",
    "used": "used",
}
_NAMES = (*_PARTS.values(), *_ROLES)
PRIOR = dict.fromkeys(_PARTS.values(), 0.0) | {
    "test": 2.5, "benchmark": 2.0, "vendored": 3.0, "generated": 2.5, "example": 1.5, "deprecated": 2.0,
    "declaration": 1.0, "data": 1.0, "doc": 2.0,
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """A query as numbers: `facts` of shape (files, names), and the index of the targets each file covers."""

    case: Case
    facts: Floats
    covers: tuple[frozenset[int], ...]

    @property
    def right(self) -> Floats:
        """1 for the files that answer, of shape (files,)."""
        return np.array([bool(covered) for covered in self.covers], dtype=float)


def main() -> None:
    """Gather the facts, leave repositories out in turn, fit on all."""
    parser = options_parser(__doc__)
    options = parser.parse_args()
    with opened(options) as bench:
        questions = [question(case, bench) for case in bench.cases]
    print("repositories left out:", json.dumps(left_out(questions)))
    weights = fit(questions)
    print("fitted on all:", json.dumps(summary([(one, score(one, weights)) for one in questions])))
    print(json.dumps(dict(zip(_NAMES, weights.round(2).tolist(), strict=True)), indent=1))


def unit_weights() -> Weights:
    """Give weights under which each part of a hit is the bare fact; those of BM25's fields stay as they are."""
    kept = {"path", "symbol", "signature", "doc", "body", "decay", "role_costs", "repeat"}
    ones = {one.name: 1.0 for one in fields(Weights) if one.name not in kept}
    return replace(DEFAULT, **ones, role_costs=dict.fromkeys(_ROLES, 1.0))


def question(case: Case, bench: Bench) -> Question:
    """Ask for every candidate and keep the facts of each file."""
    repository: Repository = bench.repositories[case.repository]
    weights = unit_weights()
    query = read_query(case.query)
    evidence = gather(query, repository, where=None, weights=weights)
    hits = rank(query, repository.chunks(evidence.ids()), evidence, limit=10**6, weights=weights)
    rows: dict[str, dict[str, float]] = {}
    covers: dict[str, set[int]] = defaultdict(set)
    for hit in hits:
        row = {part.name: abs(part.value) for part in hit.parts if part.name != "repeat"}
        if query.kind != "symbol":
            row.pop("definition", None)
        rows.setdefault(hit.chunk.path, row)
        covers[hit.chunk.path].update(at for at, target in enumerate(case.targets) if target.covered_by(hit))
    columns = (*_PARTS, *_ROLES)
    signs = [1.0] * len(_PARTS) + [-1.0] * len(_ROLES)
    facts = np.array(
        [[row.get(name, 0.0) * sign for name, sign in zip(columns, signs, strict=True)] for row in rows.values()]
    )
    return Question(case, facts.reshape(-1, len(columns)), tuple(frozenset(covers[path]) for path in rows))


def fit(questions: Sequence[Question]) -> Floats:
    """Give the weights that minimise the cross entropy, by gradient descent with momentum; the loss is convex."""
    usable = [one for one in questions if any(one.covers)]
    sizes = Counter(one.case.group for one in usable)
    shares = np.array([1 / (len(sizes) * sizes[one.case.group]) for one in usable])
    facts = np.concatenate([one.facts for one in usable])
    starts = np.cumsum([0, *(len(one.facts) for one in usable)])[:-1]
    owner = np.repeat(np.arange(len(usable)), [len(one.facts) for one in usable])
    right = np.concatenate([one.right / one.right.sum() for one in usable])
    prior = np.array([PRIOR[name] for name in _NAMES])
    weights, speed = prior.copy(), np.zeros(len(prior))
    for _ in range(_STEPS):
        scores = facts @ weights
        shown = np.exp(scores - np.maximum.reduceat(scores, starts)[owner])
        shown /= np.add.reduceat(shown, starts)[owner]
        slope = facts.T @ ((shown - right) * shares[owner]) + _PULL * (weights - prior)
        speed = 0.9 * speed - 1.0 * slope
        weights = weights + speed
    return weights


def score(one: Question, weights: Floats) -> float:
    """Give the NDCG@10 of a query's files in the order of the weights; further places of a file come later."""
    best: list[int] = np.argsort(-(one.facts @ weights), kind="stable")[:10].tolist()
    seen: set[int] = set()
    gained = 0.0
    for at, row in enumerate(best, 1):
        if one.covers[row] - seen:
            gained += 1 / math.log2(at + 1)
            seen |= one.covers[row]
    ideal = sum(1 / math.log2(at + 1) for at in range(1, min(10, len(one.case.targets)) + 1))
    return gained / ideal if ideal else 0.0


def left_out(questions: Sequence[Question]) -> dict[str, float]:
    """Fit without each sixth of the repositories, of every folder, and score that sixth."""
    names: dict[str, list[str]] = defaultdict(list)
    for one in questions:
        if one.case.repository not in names[one.case.group]:
            names[one.case.group].append(one.case.repository)
    folds = {name: at % FOLDS for group in names.values() for at, name in enumerate(sorted(group))}
    scored = []
    for fold in range(FOLDS):
        weights = fit([one for one in questions if folds[one.case.repository] != fold])
        scored += [(one, score(one, weights)) for one in questions if folds[one.case.repository] == fold]
    return summary(scored)


def summary(scored: Sequence[tuple[Question, float]]) -> dict[str, float]:
    """Give the mean per folder of queries and category."""
    groups: dict[str, list[float]] = defaultdict(list)
    for one, value in scored:
        groups[one.case.group].append(value)
        groups[f"{one.case.group}: {one.case.category}"].append(value)
    return {name: round(fmean(values), 4) for name, values in sorted(groups.items())}


if __name__ == "__main__":
    main()
