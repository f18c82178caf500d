"""Contrastive training of the table: a query's vector must be nearest to the vector of its own code."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from localdev.backends.embedders.pieces import Pieces
from scripts.training.corpus import Package, Rows, Texts

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """The numbers of a training run."""

    seed: int = 0
    # As many runs, of the seeds from `seed` on, and their mean: what differs from run to run is noise, and two runs
    # together find more than either (0.806 against 0.799 and 0.801 on the ranking's development queries).
    runs: int = 3
    steps: int = 700  # most of one round: a second one learns rare names by heart
    batch: int = 1024
    rate: float = 0.006
    weight_rate: float = 0.02
    temperature: float = 0.05
    grouped: float = 0.5  # part of the batches that is drawn from few packages (hard negatives)
    group: int = 128
    averaged_from: float = 0.4  # the result is the mean of the tables after this part of the steps
    # How often a pair of a kind is taken, relative to its number.
    kinds: tuple[tuple[str, float], ...] = (
        ("doc", 1.0), ("class", 2.0), ("file", 6.0), ("outline", 2.0), ("comment", 0.5),
        ("path", 1.0), ("symbol", 0.25), ("test", 1.0), ("section", 1.5),
    )  # fmt: skip


class Table(torch.nn.Module):  # type: ignore[misc,unused-ignore]
    """Directions and log lengths of the rows; a text is the sum of its rows."""

    def __init__(self, start: Floats) -> None:
        super().__init__()
        lengths = np.linalg.norm(start, axis=1, keepdims=True)
        lengths[lengths == 0] = 1e-6
        self.scale = float(np.median(lengths))
        self.direction = torch.nn.Parameter(torch.tensor(start / lengths))
        self.length = torch.nn.Parameter(torch.tensor(np.log(lengths / self.scale)))

    def rows(self) -> torch.Tensor:
        """Give the table as it is exported, float (rows, dimension)."""
        return self.direction * self.length.exp()

    def forward(self, table: torch.Tensor, texts: Sequence[Rows]) -> torch.Tensor:
        """Give unit vectors of texts."""
        flat, counts, starts = _bags(texts)
        sums = torch.nn.functional.embedding_bag(flat, table, starts, mode="sum", per_sample_weights=counts)
        return torch.nn.functional.normalize(sums, dim=1)


def _bags(texts: Sequence[Rows]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Give the rows of all texts once each with the roots of their counts, and where each text starts."""
    sizes = np.array([len(text) for text in texts])
    key = np.repeat(np.arange(len(texts), dtype=np.int64), sizes) << 32 | np.concatenate(texts).astype(np.int64)
    unique, counts = np.unique(key, return_counts=True)
    starts = np.searchsorted(unique, np.arange(len(texts), dtype=np.int64) << 32)
    return (
        torch.from_numpy(unique & 0xFFFFFFFF),
        torch.from_numpy(np.sqrt(counts, dtype=np.float32)),
        torch.from_numpy(starts),
    )


Place = tuple[int, int]  # package, pair


def _places(packages: Sequence[Package], recipe: Recipe, random: np.random.Generator) -> list[npt.NDArray[np.int64]]:
    """Give for each package the pairs of one round, shuffled; kinds with a weight over 1 come more than once."""
    weights = dict(recipe.kinds)
    rounds = []
    for package in packages:
        share = np.array([weights.get(pair[0], 0.0) for pair in package.pairs])
        times = np.floor(share + random.random(len(share))).astype(np.int64)
        rounds.append(random.permutation(np.repeat(np.arange(len(share)), times)))
    return rounds


def batches(packages: Sequence[Package], recipe: Recipe) -> Iterator[list[Place]]:
    """Give batches without end: in turn from everywhere, and in groups that share a package."""
    random = np.random.default_rng(recipe.seed)
    while True:
        rounds = _places(packages, recipe, random)
        groups = [
            [(number, int(pair)) for pair in pairs[start : start + recipe.group]]
            for number, pairs in enumerate(rounds)
            for start in range(0, len(pairs), recipe.group)
        ]
        random.shuffle(groups)
        cut = int(len(groups) * recipe.grouped)
        loose = [place for group in groups[cut:] for place in group]
        random.shuffle(loose)
        tight = [place for group in groups[:cut] for place in group]
        made = [
            some[start : start + recipe.batch] for some in (tight, loose) for start in range(0, len(some), recipe.batch)
        ]
        random.shuffle(made)
        yield from (batch for batch in made if len(batch) == recipe.batch)


def train(
    packages: Sequence[Package],
    start: Floats,
    pieces: Pieces,
    recipe: Recipe,
    report: Callable[[int, Floats, float], None],
) -> Floats:
    """Train from `start`, once for each seed, and give the mean of the runs."""
    tables = []
    for seed in range(recipe.seed, recipe.seed + recipe.runs):
        tables.append(_run(packages, start, Texts(pieces, seed), replace(recipe, seed=seed), report))
    return np.asarray(np.mean(tables, axis=0), dtype=np.float32)


def _run(
    packages: Sequence[Package],
    start: Floats,
    texts: Texts,
    recipe: Recipe,
    report: Callable[[int, Floats, float], None],
) -> Floats:
    """Train from `start` and give the mean of the later float tables; `report` is called every 250 steps."""
    torch.manual_seed(recipe.seed)
    table = Table(start)
    optimizer = torch.optim.Adam(
        [
            {"params": [table.direction], "lr": recipe.rate},
            {"params": [table.length], "lr": recipe.weight_rate},
        ],
        betas=(0.9, 0.99),
    )
    rates = [group["lr"] for group in optimizer.param_groups]
    losses, began = [], time.perf_counter()
    total, added = torch.zeros_like(table.direction), 0
    for step, batch in zip(range(recipe.steps), batches(packages, recipe), strict=False):
        factor = min(1.0, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        loss = _loss(table, packages, batch, texts, recipe.temperature)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step >= recipe.steps * recipe.averaged_from and step % 10 == 0:
            total += table.rows().detach()
            added += 1
        losses.append(float(loss.detach()))
        if (step + 1) % 250 == 0:
            print(
                f"  step {step + 1}: loss {np.mean(losses[-250:]):.4f}, {time.perf_counter() - began:.0f} s", flush=True
            )
            report(step + 1, table.rows().detach().numpy() * table.scale, float(np.mean(losses[-250:])))
    return np.asarray((total / added).numpy() * table.scale, dtype=np.float32)


def _loss(
    table: Table, packages: Sequence[Package], batch: list[Place], texts: Texts, temperature: float
) -> torch.Tensor:
    """Give the mean of both directions' cross entropy; other texts of the same file never count as wrong."""
    queries, codes, files = [], [], []
    for number, place in batch:
        package = packages[number]
        kind, query, index, file = package.pairs[place]
        if index < 0:
            index = texts.random.choice(package.by_file[file])
        parts = package.parts[index]
        queries.append(texts.query(query, parts[1]))
        codes.append(texts.code(parts, kind, query))
        files.append(number << 20 | file)
    rows = table.rows()
    asked, found = table(rows, queries), table(rows, codes)
    scores = asked @ found.T / temperature
    same = torch.tensor(files)
    mask = (same[:, None] == same[None, :]) & ~torch.eye(len(files), dtype=torch.bool)
    scores = scores.masked_fill(mask, -1e4)
    target = torch.arange(len(files))
    return (torch.nn.functional.cross_entropy(scores, target) + torch.nn.functional.cross_entropy(scores.T, target)) / 2
