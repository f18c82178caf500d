"""The outline: the definitions that matter most, from all over the repository, within a token budget."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from localdev.core.code import Symbol
from localdev.core.ports import Repository
from localdev.retrieval.roles import file_role, is_under, superseded_folders

# How much a kind of definition says about the shape of a repository.
_KIND_WORTH = {
    "class": 1.0,
    "interface": 1.0,
    "struct": 1.0,
    "trait": 1.0,
    "enum": 0.8,
    "type": 0.7,
    "function": 0.8,
    "macro": 0.6,
    "module": 0.5,
    "namespace": 0.5,
    "method": 0.5,
    "constructor": 0.3,
    "constant": 0.25,
}
_OTHER_WORTH = 0.1
_ROLE_WORTH = 0.2  # tests, examples, generated files: not the shape of the product
_PRIVATE_WORTH = 0.5  # `_name` is inside business
# Each further definition of a file is worth this much of the one before: every part of the repository is seen.
_NEXT_OF_FILE = 0.85
_LONGEST_SIGNATURE = 160


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """One definition of the outline; `rank` 1 is the most important. `name` is qualified by what encloses it."""

    path: str
    line: int
    kind: str
    name: str
    signature: str
    rank: int


def outline(
    repository: Repository, *, prefix: str = "", budget_tokens: int = 2000, count: Callable[[str], int] | None = None
) -> list[OutlineEntry]:
    """Give the most important definitions under a path, best first, whose lines fit the budget.

    A file costs its path once and every definition one line. Without `count` a token is taken as four characters.
    """
    measure = count or estimate_tokens
    left = budget_tokens
    seen: set[str] = set()
    entries: list[OutlineEntry] = []
    for symbol in ranked_symbols(repository.symbols(prefix)):
        signature = _one_line(symbol)
        cost = measure(f"  {symbol.start_line}: {signature}\n")
        cost += 0 if symbol.path in seen else measure(f"{symbol.path}\n")
        if cost > left:
            break
        left -= cost
        seen.add(symbol.path)
        place = len(entries) + 1
        entries.append(OutlineEntry(symbol.path, symbol.start_line, symbol.kind, symbol.qualified, signature, place))
    return entries


def estimate_tokens(text: str) -> int:
    """Guess a token count without a model: code has about four characters to a token."""
    return math.ceil(len(text) / 4)


def ranked_symbols(symbols: Iterable[tuple[Symbol, int]]) -> list[Symbol]:
    """Order definitions by worth, what encloses before what is enclosed, spread over the files."""
    every = list(symbols)
    old = superseded_folders({symbol.path for symbol, _ in every})
    files: dict[str, list[tuple[float, Symbol]]] = defaultdict(list)
    for symbol, uses in every:
        files[symbol.path].append((_worth(symbol, uses) * (_ROLE_WORTH if is_under(symbol.path, old) else 1.0), symbol))
    spread: list[tuple[float, str, int, Symbol]] = []
    for path, group in files.items():
        for place, (worth, symbol) in enumerate(_containers_first(group)):
            spread.append((-worth * _NEXT_OF_FILE**place, path, place, symbol))
    spread.sort(key=lambda item: item[:3])
    return [symbol for _, _, _, symbol in spread]


def _worth(symbol: Symbol, uses: int) -> float:
    """Give a definition's own worth: its kind, how many files use it, and whether it is the product's public face."""
    worth = _KIND_WORTH.get(symbol.kind, _OTHER_WORTH) * (1.0 + math.log1p(uses))
    if file_role(symbol.path):
        worth *= _ROLE_WORTH
    if symbol.name.startswith("_"):
        worth *= _PRIVATE_WORTH
    return worth


def _containers_first(group: Sequence[tuple[float, Symbol]]) -> list[tuple[float, Symbol]]:
    """Order one file's definitions by worth; a class is worth at least as much as its best member, and stands first."""
    best: dict[str, float] = defaultdict(float)
    for worth, symbol in group:
        name = symbol.qualified
        while name:
            best[name] = max(best[name], worth)
            name = name.rpartition(".")[0]
    raised = [(best[symbol.qualified], symbol) for _, symbol in group]
    return sorted(raised, key=lambda item: (-item[0], item[1].qualified.count("."), item[1].start_line))


def _one_line(symbol: Symbol) -> str:
    """Give the signature, or the name where there is none, short enough for one line."""
    text = " ".join((symbol.signature or f"{symbol.kind} {symbol.name}").split())
    return text if len(text) <= _LONGEST_SIGNATURE else text[: _LONGEST_SIGNATURE - 1] + "…"
