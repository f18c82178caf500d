"""The tests of a change before and after: which assertions went, and which say less than the ones they replace."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from localdev.rules.assertions.forms import FORMS, arguments, is_constant, names_of, skeleton, words_of
from localdev.rules.assertions.tests import Assertion, Test, tests_in
from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.places import is_test, is_vendored

# Of an assertion's words so many have to be new somewhere else for it to have moved there.
_MOVED = 0.8
_LEAST_ALIKE = 0.34
# A test of which more is gone than this was written anew.
_REWRITTEN = 0.6
_NAME = re.compile(r"[A-Za-z_]\w{2,}")
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
    old: Assertion
    new: Assertion
    why: str
    likely: bool


def compare(change: ReviewedChange) -> Iterator[Lost | Weakened]:
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
        for name, test in before.items():
            now = after.get(name)
            if now is not None and test.assertions and (test.marked or is_test(file.path)):
                yield from _compare(file, test, now, facts, helped=_helped(file, now, before.keys(), after))


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
    words: tuple[frozenset[str], ...]
    gone: frozenset[str]

    @classmethod
    def of(cls, change: ReviewedChange) -> _Facts:
        """Gather them."""
        added = [line.text for file in change.files for line in file.change.added()]
        code = [file for file in change.files if not is_test(file.path)]
        removed = {name for file in code for text in _tested(file) for name in _NAME.findall(text)}
        left = {name for file in code if removed for name in _NAME.findall(file.new_text or "")}
        return cls(
            _dense("\n".join(added)), tuple(frozenset(words_of(text)) for text in added), frozenset(removed - left)
        )


def _tested(file: ChangedFile) -> Iterator[str]:
    """Give the lines that are gone from a file outside of the tests in it."""
    tree = file.old_syntax if file.language == "rust" and file.removed else None
    tests = [test for test in tests_in(tree).values() if test.marked] if tree is not None else []
    for line in file.change.removed():
        if not any(test.line <= line.old_line <= test.end_line for test in tests):
            yield line.text


def _helped(file: ChangedFile, test: Test, before: Iterable[str], after: Mapping[str, Test]) -> bool:
    """Say whether a test now calls a function that the change adds to its file, which may assert in its place."""
    new = {re.sub(r".*[.\s]", "", name) for name in after.keys() - set(before)}
    added = " ".join(file.new_lines[line - 1] for line in sorted(file.added) if test.line <= line <= test.end_line)
    return bool(new & set(_ANY_NAME.findall(added)))


def _compare(file: ChangedFile, before: Test, after: Test, facts: _Facts, *, helped: bool) -> Iterator[Lost | Weakened]:
    """Compare two versions of a test."""
    old, new = before.assertions, after.assertions
    if [each.text for each in old] == [each.text for each in new]:
        return
    gone, fresh = _difference(old, new)
    rewritten = helped or _rewritten(file, before)
    pairs = _pairs(gone, fresh)
    for here, there in pairs:
        why = _weaker(here, there)
        if why:
            yield Weakened(file, here, there, why, not rewritten and not _explained(here, file, facts))
    taken = {id(here) for here, _ in pairs}
    left = [each for each in gone if id(each) not in taken]
    missing = len(old) - len(new)
    lost = [each for each in left if not is_constant(each.text) and not _moved(each, facts)]
    if missing > 0 and lost:
        surely = [each for each in lost if not _explained(each, file, facts)]
        yield Lost(file, after, tuple(surely or lost), len(old), bool(surely) and not rewritten)


def _difference(old: list[Assertion], new: list[Assertion]) -> tuple[list[Assertion], list[Assertion]]:
    """Give the assertions that are gone and those that are new, in order; one that only moved is neither."""
    left = [each.text for each in new]
    gone = []
    for each in old:
        if each.text in left:
            left.remove(each.text)
        else:
            gone.append(each)
    had = [each.text for each in old]
    fresh = []
    for each in new:
        if each.text in had:
            had.remove(each.text)
        else:
            fresh.append(each)
    return gone, fresh


def _pairs(gone: list[Assertion], fresh: list[Assertion]) -> list[tuple[Assertion, Assertion]]:
    """Put each new assertion beside the one it most likely replaces."""
    scored = sorted(
        (
            (_alike(here, there), -abs(at - to), at, to)
            for at, here in enumerate(gone)
            for to, there in enumerate(fresh)
        ),
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


def _alike(here: Assertion, there: Assertion) -> float:
    """Say how much two assertions are about the same thing: what the new one names should be in the old one."""
    old, new = _subject(here), _subject(there)
    if there.strength == 0:
        return _LEAST_ALIKE
    if not old or not new:
        return difflib.SequenceMatcher(None, here.text, there.text).quick_ratio() / 2
    both = len(old & new) / min(len(old), len(new))
    ratio = difflib.SequenceMatcher(None, here.text, there.text).quick_ratio()
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


def _weaker(old: Assertion, new: Assertion) -> str:
    """Say why an assertion says less than the one before it; empty where it does not."""
    if new.strength == 0 and old.strength > 0:
        return "it holds whatever the code does"
    if new.strength <= 1 < old.strength:
        return "it no longer compares the value"
    if new.strength < old.strength and old.strength == 3:
        return "it compares a part only"
    wider = _wider(old.text, new.text) or _general(old.text, new.text)
    if wider:
        return wider
    return "some of its checks are gone" if _shorter(old.text, new.text) else ""


_TOLERANCE = re.compile(
    r"(?:(?:delta|tol|rtol|atol|rel|abs|rel_tol|abs_tol|epsilon|eps|max_relative|margin|tolerance|precision)\s*[=:(]\s*|"
    r"(?:within|offset|closeTo|be_within|byLessThan|Percentage\.withPercentage|withinPercentage|Precision|InDelta\([^)]*,|InEpsilon\([^)]*,)\W*)"
    r"(?P<value>\d[\d_.]*(?:e-?\d+)?)",
    re.IGNORECASE,
)
_PLACES = re.compile(r"(?:places\s*=\s*|decimal\s*=\s*|toBeCloseTo\([^,]*,\s*)(?P<value>\d+)")
_LAST_NUMBER = re.compile(
    r",\s*(?P<value>\d[\d_.]*(?:e-?\d+)?)[fFdD]?\s*(?:,\s*[\"'][^\"']*[\"'])?\s*\)?\s*;?$", re.IGNORECASE
)
_LESS = re.compile(r"<=?\s*(?P<value>\d[\d_.]*(?:e-?\d+)?)", re.IGNORECASE)
_NEAR = re.compile(r"near|delta|almost|close|approx|epsilon|assertEquals|AreEqual|Equal|abs|fabs", re.IGNORECASE)


def _wider(old: str, new: str) -> str:
    """Say whether the same comparison allows more difference."""
    if _PLACES.search(old):
        here, there = _PLACES.search(old), _PLACES.search(new)
        return "its tolerance is wider" if here and there and int(there["value"]) < int(here["value"]) else ""
    for form in (_TOLERANCE, _LAST_NUMBER, _LESS):
        here, there = form.search(old), form.search(new)
        if here is None or there is None or not _NEAR.search(old) or not _same_but(old, new, here, there):
            continue
        if _number(there["value"]) > _number(here["value"]) and (form is not _LAST_NUMBER or _is_tolerance(old)):
            return "its tolerance is wider"
    return ""


def _is_tolerance(text: str) -> bool:
    """Say whether the last argument of a comparison is a tolerance: there are three, or its name says so."""
    return len(arguments(text)) >= 3 or re.search(r"near|delta|close|almost|approx", text, re.IGNORECASE) is not None


def _same_but(old: str, new: str, here: re.Match[str], there: re.Match[str]) -> bool:
    """Say whether two texts are the same but for one number in each."""
    return _dense(old[: here.start("value")] + old[here.end("value") :]) == _dense(
        new[: there.start("value")] + new[there.end("value") :]
    )


def _number(text: str) -> float:
    """Read a number."""
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return 0.0


_RAISES = re.compile(
    r"(?:raises?|raise_error|assertRaises\w*|toThrow\w*|throws?\w*|Throws(?:Exactly|Any|Async)*|expectException\w*|assertThrows\w*|rejects\w*"
    r"|EXPECT_THROW|REQUIRE_THROWS_AS|ASSERT_THROW|isInstanceOf|hasMessage\w*|isExactlyInstanceOf)",
    re.IGNORECASE,
)
_GENERAL = frozenset(
    {
        "Exception",
        "BaseException",
        "Throwable",
        "Error",
        "StandardError",
        "RuntimeException",
        "object",
        "Object",
        "std",
        "exception",
    }
)
_CLASS = re.compile(
    r"\b[A-Za-z_]\w*(?:Error|Exception|Throwable|Failure|Fault|exception|error|Warning)\b|\bstd::\w+|\bThrowable\b|\bException\b"
)


def _general(old: str, new: str) -> str:
    """Say whether an exception that is expected became a more general one, or its message is not looked at any more."""
    if not _RAISES.search(old) or not _RAISES.search(new):
        return ""
    here, there = set(_CLASS.findall(_bare(old))), set(_CLASS.findall(_bare(new)))
    if here - _GENERAL and not there - _GENERAL and (there or len(arguments(new)) < len(arguments(old))):
        return "the exception it expects is more general"
    if (
        re.search(r"match\s*=|message|/.+/|[\"']", old)
        and not re.search(r"match\s*=|message|/.+/|[\"']", new)
        and here >= there
    ):
        return "it no longer looks at the exception's message"
    return ""


def _bare(text: str) -> str:
    """Take the name of the assertion from its text: `assertRaisesError` names no class."""
    return re.sub(
        r"\b(?:raise_error|toThrowError|to_raise_error|expectException|ThrowsException\w*|toThrowErrorMatching\w*)\b",
        "",
        text,
    )


def _shorter(old: str, new: str) -> bool:
    """Say whether a chain, a conjunction or a list of arguments lost a part, and nothing else changed."""
    if len(new) >= len(old) or _name(old) is None:
        return False
    chain = skeleton(old).count("("), skeleton(new).count("(")
    if chain[1] < chain[0] and _dense(old).startswith(_dense(new).rstrip(";)")):
        return True
    parts = [_dense(each) for each in re.split(r"&&|\band\b", old)]
    fewer = [_dense(each) for each in re.split(r"&&|\band\b", new)]
    return len(fewer) < len(parts) and all(any(each.strip("()") in part for part in parts) for each in fewer)


def _name(text: str) -> str | None:
    """Give the name of an assertion's comparison."""
    return next(iter(names_of(skeleton(text))), None)


def _moved(each: Assertion, facts: _Facts) -> bool:
    """Say whether the change puts an assertion somewhere else, as it was or in other words."""
    if _dense(each.text) in facts.added:
        return True
    words = words_of(each.text) - {"self", "assert", "expect", "toBe", "toEqual", "assertEqual", "t"}
    if not words:
        return False
    return any(len(words & row) >= _MOVED * len(words) and len(words & row) >= 2 for row in facts.words)


def _explained(each: Assertion, file: ChangedFile, facts: _Facts) -> bool:
    """Say whether an assertion speaks of something that the change takes out of the code, and out of this file."""
    gone = set(_NAME.findall(each.text)) & facts.gone
    return bool(gone) and bool(gone - set(_NAME.findall(file.new_text or "")))


def _rewritten(file: ChangedFile, before: Test) -> bool:
    """Say whether most of a test's lines are gone."""
    lines = range(before.line, before.end_line + 1)
    gone = sum(line in file.removed for line in lines)
    return len(lines) > 4 and gone > _REWRITTEN * len(lines)


def _dense(text: str) -> str:
    """Take out all blanks."""
    return re.sub(r"\s+", "", text)
