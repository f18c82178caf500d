"""Matching the query's names: definitions from the symbol table, file names, and paths that are written out."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from localdev.core.code import Symbol
from localdev.core.words import identifier_parts, stem
from localdev.retrieval.query import PathMention

# A type answers for all it holds; a field or a key only mentions the name.
_MINOR_KINDS = frozenset({"field", "property", "variable", "constant", "key", "selector", "section", "constructor"})
_MINOR = 0.6
# `get` inside forty classes says little; at the top level of a file it is the file's business.
_NESTED = 0.85
# How alike two names must be for one to be a slip of the other; at 0.8 `get` and `set` of longer names begin to meet.
_LIKE = 0.85
_LARGEST_SLIP = 2
_MOST_NEAREST = 3
# Names of files that only say "the main file of this folder"; the folder's name is the telling one.
_FOLDER_FILES = frozenset({"__init__", "__main__", "mod", "index", "main", "lib", "init", "doc"})
# Shorter words match inside file names by accident (`io` in `session`).
_SHORTEST_IN_NAME = 3


def definition_matches(names: Sequence[str], found: Sequence[tuple[int, Symbol]]) -> dict[int, tuple[float, str]]:
    """Give per chunk how well its definition fits one of `names` (0..1) and that definition's qualified name.

    A name with many definitions counts less for each: `run` in forty classes points nowhere. Overloads are one.
    """
    how_many = Counter(name for name, _, _ in {(one.name, one.path, one.qualified) for _, one in found})
    matches: dict[int, tuple[float, str]] = {}
    for chunk_id, symbol in found:
        fit = _fit(names, symbol) / (1.0 + math.log2(how_many[symbol.name]) / 4)
        if fit > matches.get(chunk_id, (0.0, ""))[0]:
            matches[chunk_id] = (fit, symbol.qualified)
    return matches


def _fit(names: Sequence[str], symbol: Symbol) -> float:
    """Give how well one definition fits: the more joined parts of a spelling agree, the better."""
    qualified = f".{symbol.qualified}"
    best = 0.0
    for name in names:
        if qualified.endswith(f".{name}"):
            best = max(best, 1.0 if "." in name or not _has_longer(name, names) else 0.7)
        elif qualified.lower().endswith(f".{name.lower()}"):
            best = max(best, 0.7)
    if symbol.kind in _MINOR_KINDS:
        best *= _MINOR
    return best * (_NESTED if symbol.parent else 1.0)


def _has_longer(name: str, names: Sequence[str]) -> bool:
    """Tell whether `name` is only the tail of a longer spelling."""
    return any(other.endswith(f".{name}") for other in names)


def nearest_names(name: str, known: Iterable[str]) -> list[str]:
    """Give the few known names that `name` may be a misspelling of, the nearest first."""
    asked = name.lower()
    letters = frozenset(asked)
    close: list[tuple[float, str]] = []
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(asked)
    for other in set(known):
        folded = other.lower()
        # A slip of the fingers keeps the length nearly and one of the ends: most names are ruled out without a matcher.
        if abs(len(folded) - len(asked)) > _LARGEST_SLIP or (folded[:2] != asked[:2] and folded[-2:] != asked[-2:]):
            continue
        # Letters that the other lacks cannot match: said twenty times faster than a matcher says it.
        if 2 * (len(asked) - len(letters.difference(folded))) < _LIKE * (len(asked) + len(folded)):
            continue
        matcher.set_seq1(folded)
        if matcher.quick_ratio() >= _LIKE and (ratio := matcher.ratio()) >= _LIKE:
            close.append((-ratio, other))
    return [other for _, other in sorted(close)[:_MOST_NEAREST]]


def is_folder_file(path: str) -> bool:
    """Tell whether a file only speaks for its folder: `mod.rs`, `__init__.py`, `index.ts`."""
    return path.rpartition("/")[2].split(".")[0].lower() in _FOLDER_FILES


def file_name_match(path: str, terms: Sequence[str]) -> float:
    """Give how much of the file's own name the terms spell out, 0..1, by letters.

    Words run together in file names (`routergroup`, `urldispatcher`): terms are looked for inside, from left to right.
    """
    *folders, name = path.split("/")
    base = folders[-1] if folders and is_folder_file(path) else name.split(".")[0]
    parts = identifier_parts(base)
    if not parts:
        return 0.0
    longest = sorted((term for term in terms if len(term) >= _SHORTEST_IN_NAME or term in parts), key=len, reverse=True)
    usable = tuple(longest)
    covered = sum(_covered(part, usable) for part in parts)
    return covered / sum(len(part) for part in parts)


@lru_cache(maxsize=4096)  # files share the words of their names
def _covered(part: str, terms: tuple[str, ...]) -> int:
    """Count the letters of one word of a file name that the terms spell out."""
    if stem(part) in terms or (len(part) >= _SHORTEST_IN_NAME and any(term.startswith(part) for term in terms)):
        return len(part)
    inside = [term for term in terms if term in part]
    place = count = 0
    while inside and place < len(part):
        length = next((len(term) for term in inside if part.startswith(term, place)), 0)
        count += length
        place += length or 1
    return count


def mentioned_files(mentions: Sequence[PathMention], paths: Sequence[str]) -> list[tuple[str, int]]:
    """Find the indexed files that the query's paths mean, each with its line (0 when none).

    A path may be longer than ours (absolute, from another machine) or shorter (the file's name alone), but one must be
    the end of the other; the longest such end wins. A folder means no single file and finds nothing.
    """
    found: list[tuple[str, int]] = []
    for mention in mentions:
        parts = [part for part in mention.path.split("/") if part not in ("", ".", "..")]
        if not parts:
            continue
        same_name = [path for path in paths if path == parts[-1] or path.endswith(f"/{parts[-1]}")]
        tails = {path: _tail(path.split("/"), parts) for path in same_name}
        longest = max(tails.values(), default=0) or -1
        found += [(path, mention.line) for path, length in tails.items() if length == longest]
    return found


def _tail(left: Sequence[str], right: Sequence[str]) -> int:
    """Give the length of the shorter path where it is the end of the longer one, else 0."""
    length = min(len(left), len(right))
    return length if list(left[-length:]) == list(right[-length:]) else 0
