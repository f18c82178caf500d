"""The tests of a change before and after: which assertions went, and which say less than the ones they replace."""

from __future__ import annotations

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from localdev.rules.assertions.forms import FORMS, arguments, dense, is_chore, is_constant, is_itself, words_of
from localdev.rules.assertions.tests import Assertion, Test, tests_in
from localdev.rules.assertions.weaker import weaker
from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.places import is_test, is_vendored

# Of an assertion's words so many have to be new somewhere else for it to have moved there.
_MOVED = 0.8
_LEAST_ALIKE = 0.34
# A test of which more is gone than this was written anew.
_REWRITTEN = 0.6
# Comparing each with each takes a millisecond for some ten pairs.
_MOST_PAIRS, _MOST_NEW, _LONGEST = 2_500, 100, 500
_NAME = re.compile(r"[A-Za-z_]\w{2,}")
_OF_TESTS = frozenset({"t", "tb", "b", "self", "this"})
_SIZES = frozenset({"length", "len", "size", "count", "Length", "Count", "Len"})
_ANY_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Lost:
    """Assertions that are gone from a test that stays; `likely` says that nothing explains it."""

    file: ChangedFile
    test: Test
    gone: tuple[Assertion, ...]
    before: int
    likely: bool


@dataclass(frozen=True, slots=True)
class Weakened:
    """An assertion in the place of one that said more, and why it says less."""

    file: ChangedFile
    test: Test
    old: Assertion
    new: Assertion
    why: str
    likely: bool


def compare(change: ReviewedChange) -> tuple[Lost | Weakened, ...]:
    """Give what the tests that are there before and after have lost."""
    if "assertions" not in change.kept:
        change.kept["assertions"] = tuple(_all(change))
    found: tuple[Lost | Weakened, ...] = change.kept["assertions"]
    return found


def _all(change: ReviewedChange) -> Iterator[Lost | Weakened]:
    """Compare each test that is there before and after."""
    facts: _Facts | None = None
    for file in change.files:
        if not _worth(file):
            continue
        old, new = file.old_syntax, file.new_syntax
        if old is None or new is None:
            continue
        before, after = tests_in(old), tests_in(new)
        facts = facts or _Facts.of(change)
        kept = Counter(each.text for test in after.values() for each in test.assertions)
        kept.subtract(each.text for test in before.values() for each in test.assertions)
        here = _Here(file, facts, kept, frozenset(_NAME.findall(file.new_text or "")))
        helpers = {re.sub(r".*[.\s]", "", name) for name in after.keys() - before.keys()}
        for name, test in before.items():
            now = after.get(name)
            if now is not None and test.assertions and (test.marked or is_test(file.path)):
                helped = bool(helpers) and _helped(file, now, helpers)
                yield from _compare(here, test, now, helped=helped)
        yield from _renamed(here, before, after)


def _renamed(here: _Here, before: Mapping[str, Test], after: Mapping[str, Test]) -> Iterator[Weakened]:
    """Find values that are compared with themselves in tests that only seem to be new."""
    old = [test for name, test in before.items() if name not in after and test.marked]
    new = [test for name, test in after.items() if name not in before and test.marked]
    if len(old) != len(new):
        return
    for one, other in zip(old, new, strict=True):
        for gone, fresh in _pairs(*_difference(one.assertions, other.assertions)):
            if is_itself(fresh.text) and not is_itself(gone.text):
                yield Weakened(here.file, other, gone, fresh, "it compares a value with itself", True)


def _worth(file: ChangedFile) -> bool:
    """Say whether a file may hold tests that lost something."""
    if file.partial or not file.removed or not file.change.old_path or is_vendored(file.path):
        return False
    if file.language not in FORMS:
        return False
    if not is_test(file.path) and not re.search(r"(?i)test|describe\(|\bit\(", file.old_text or ""):
        return False
    return any(
        re.search(
            r"(?i)assert|expect|should|check|require|verify|fail|must_|refute|fatal|error|raises|throws|\bt\.|equal|is\.|^\s*if\b|cond|munit|c[kr]_|lu_",
            line.text,
        )
        for line in file.change.removed()
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the whole change adds, and the names it takes out of the code that is tested."""

    added: str
    rows: tuple[frozenset[str], ...]
    rows_of: Mapping[str, list[int]]
    gone: frozenset[str]

    @classmethod
    def of(cls, change: ReviewedChange) -> _Facts:
        """Gather them."""
        added = [line.text for file in change.files for line in file.change.added()]
        code = [file for file in change.files if not is_test(file.path)]
        removed = {name for file in code for text in _tested(file) for name in _NAME.findall(text)}
        left = {name for file in code if removed for name in _NAME.findall(file.new_text or "")}
        rows = tuple(frozenset(words_of(text[:_LONGEST])) for text in added)
        rows_of: dict[str, list[int]] = {}
        for number, row in enumerate(rows):
            for word in row:
                rows_of.setdefault(word, []).append(number)
        return cls(dense("\n".join(added)), rows, rows_of, frozenset(removed - left))


@dataclass(frozen=True, slots=True)
class _Here:
    """A file of tests: by how many it has more of each assertion than before, and the names in it afterwards."""

    file: ChangedFile
    facts: _Facts
    kept: Counter[str]
    names: frozenset[str]


def _tested(file: ChangedFile) -> Iterator[str]:
    """Give the lines that are gone from a file outside of the tests in it."""
    tree = file.old_syntax if file.language == "rust" and file.removed else None
    tests = [test for test in tests_in(tree).values() if test.marked] if tree is not None else []
    for line in file.change.removed():
        if not any(test.line <= line.old_line <= test.end_line for test in tests):
            yield line.text


def _helped(file: ChangedFile, test: Test, helpers: set[str]) -> bool:
    """Say whether a test now calls a function that the change adds to its file, which may assert in its place."""
    added = (file.new_lines[line - 1] for line in range(test.line, test.end_line + 1) if line in file.added)
    return not helpers.isdisjoint(_ANY_NAME.findall(" ".join(added)))


def _compare(here: _Here, before: Test, after: Test, *, helped: bool) -> Iterator[Lost | Weakened]:
    """Compare two versions of a test."""
    file, facts = here.file, here.facts
    old, new = before.assertions, after.assertions
    if [each.text for each in old] == [each.text for each in new]:
        return
    gone, fresh = _difference(old, new)
    if gone:
        left = frozenset(_ANY_NAME.findall("\n".join(file.new_lines[after.line - 1 : after.end_line])))
        twice = _repeated(old)
        gone = [each for each in gone if here.kept[each.text] < 0 and each.text not in twice]
        gone = [each for each in gone if not _needless(each, left)]
    rewritten = helped or _rewritten(file, before, gone, fresh)
    pairs = _pairs(gone, fresh)
    for one, other in pairs:
        why = weaker(one, other)
        if why:
            yield Weakened(file, after, one, other, why, not rewritten and not _explained(one, here))
    taken = {id(one) for one, _ in pairs}
    alone = [each for each in gone if id(each) not in taken]
    lost = [each for each in alone if not _moved(each, facts) and not _covered(each, fresh)]
    if len(alone) > len(fresh) - len(pairs) and lost:
        surely = [each for each in lost if not _explained(each, here)]
        yield Lost(file, after, tuple(surely or lost), len(old), bool(surely) and not rewritten)


def _needless(each: Assertion, left: frozenset[str]) -> bool:
    """Say whether an assertion told little: of chores, of a place not reached, of something not among what is left."""
    if is_constant(each.text) or is_chore(each.text):
        return True
    names = _subject(each) - _OF_TESTS
    return each.strength <= 1 and bool(names) and names.isdisjoint(left)


def _covered(each: Assertion, fresh: list[Assertion]) -> bool:
    """Say whether a new assertion compares the whole of what one compared a part of."""
    names = _subject(each) - _SIZES
    return bool(names) and any(there.strength >= 3 and names <= _subject(there) for there in fresh[:_MOST_NEW])


def _repeated(old: list[Assertion]) -> set[str]:
    """Give the assertions that stand twice in a row."""
    return {one.text for one, two in itertools.pairwise(old) if one.text == two.text and one.end_line + 1 == two.line}


def _difference(old: list[Assertion], new: list[Assertion]) -> tuple[list[Assertion], list[Assertion]]:
    """Give the assertions that are gone and those that are new, in order; one that only moved is neither."""
    return _beyond(old, new), _beyond(new, old)


def _beyond(these: list[Assertion], those: list[Assertion]) -> list[Assertion]:
    """Give the assertions of which the others have not as many."""
    left = Counter(each.text for each in those)
    beyond = []
    for each in these:
        left[each.text] -= 1
        if left[each.text] < 0:
            beyond.append(each)
    return beyond


def _pairs(gone: list[Assertion], fresh: list[Assertion]) -> list[tuple[Assertion, Assertion]]:
    """Put each new assertion beside the one it most likely replaces; where there are very many, in their order."""
    if len(gone) * len(fresh) > _MOST_PAIRS:
        return list(zip(gone, fresh, strict=False))
    old, new = [(each, _subject(each)) for each in gone], [(each, _subject(each)) for each in fresh]
    scored = sorted(
        ((_alike(here, there), -abs(at - to), at, to) for at, here in enumerate(old) for to, there in enumerate(new)),
        reverse=True,
    )
    used_old: set[int] = set()
    used_new: set[int] = set()
    pairs = []
    for score, _, at, to in scored:
        if score >= _LEAST_ALIKE and at not in used_old and to not in used_new:
            used_old.add(at)
            used_new.add(to)
            pairs.append((gone[at], fresh[to]))
    return pairs


def _alike(here: tuple[Assertion, set[str]], there: tuple[Assertion, set[str]]) -> float:
    """Say how much two assertions are about the same thing: what the new one names should be in the old one."""
    old, new = here[1], there[1]
    if there[0].strength == 0:
        return _LEAST_ALIKE
    ratio = difflib.SequenceMatcher(None, here[0].text[:_LONGEST], there[0].text[:_LONGEST]).quick_ratio()
    if not old or not new:
        return ratio / 2
    both = len(old & new) / min(len(old), len(new))
    return max(0.7 * both + 0.3 * ratio, 0.5 * ratio)


def _subject(each: Assertion) -> set[str]:
    """Give the names in an assertion's arguments."""
    text = each.text
    words = set(_ANY_NAME.findall(" ".join(arguments(text)) if not text.startswith(("if ", "assert ")) else text))
    return words - {
        "if",
        "assert",
        "self",
        "this",
        "assertEqual",
        "nil",
        "NULL",
        "fail",
        "null",
        "None",
        "true",
        "false",
        "True",
        "False",
        "Errorf",
        "Fatalf",
    }


def _moved(each: Assertion, facts: _Facts) -> bool:
    """Say whether the change puts an assertion somewhere else, as it was or in other words."""
    if dense(each.text) in facts.added:
        return True
    words = words_of(each.text) - {"self", "assert", "expect", "toBe", "toEqual", "assertEqual", "t"}
    if not words:
        return False
    # A row that has so many of the words has one of the rarest, too.
    rarest = sorted(words, key=lambda word: len(facts.rows_of.get(word, ())))[: int(len(words) * (1 - _MOVED)) + 1]
    near = {number for word in rarest for number in facts.rows_of.get(word, ())}
    return any(len(words & facts.rows[at]) >= max(2, _MOVED * len(words)) for at in near)


def _explained(each: Assertion, here: _Here) -> bool:
    """Say whether an assertion speaks of something that the change takes out of the code, and out of this file."""
    return bool((set(_NAME.findall(each.text)) & here.facts.gone) - here.names)


def _rewritten(file: ChangedFile, before: Test, gone: list[Assertion], fresh: list[Assertion]) -> bool:
    """Say whether a test was written anew: what it does is gone for the most part, or it says as much."""
    lines = range(before.line, before.end_line + 1)
    if len(lines) <= 4 or sum(line in file.removed for line in lines) <= _REWRITTEN * len(lines):
        return False
    asserted = {line for each in before.assertions for line in range(each.line, each.end_line + 1)}
    other = [line for line in lines if line not in asserted]
    if sum(line in file.removed for line in other) > len(other) / 2:
        return True
    return sum(each.strength for each in fresh) >= _REWRITTEN * sum(each.strength for each in gone)
