"""Says why an assertion says less than the one it replaces."""

from __future__ import annotations

import re

from localdev.rules.assertions.forms import arguments, dense, expects_failure, names_of, skeleton
from localdev.rules.assertions.tests import Assertion


def weaker(old: Assertion, new: Assertion) -> str:
    """Say why an assertion says less than the one before it; empty where it does not."""
    if new.strength == 0 and old.strength > 0:
        return "it holds whatever the code does"
    if expects_failure(old.text) != expects_failure(new.text):
        return ""  # the code is to do something else than before
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
    return dense(old[: here.start("value")] + old[here.end("value") :]) == dense(
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
_MESSAGE = re.compile(r"[rRbBfFuU@$]{0,2}[\"'`/]|match\s*=|\w*[mM]essage\w*")
_CODE = re.compile(
    r"(?:async\s+)?(?:\([^()]*\)|\w*)\s*(?:->|=>)|lambda\b|func\b|function\b|fn\b|delegate\b|\||\{|\[[&=]?\]"
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
    if _says_message(old) and not _says_message(new) and here >= there:
        return "it no longer looks at the exception's message"
    return ""


def _says_message(text: str) -> bool:
    """Say whether an assertion of an exception says what its message is; texts that the tested code is given do not."""
    return any(_MESSAGE.match(each) for each in arguments(text) if not _CODE.match(each))


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
    if chain[1] < chain[0] and dense(old).startswith(dense(new).rstrip(";)")):
        return True
    parts = [dense(each) for each in re.split(r"&&|\band\b", old)]
    fewer = [dense(each) for each in re.split(r"&&|\band\b", new)]
    return len(fewer) < len(parts) and all(any(each.strip("()") in part for part in parts) for each in fewer)


def _name(text: str) -> str | None:
    """Give the name of an assertion's comparison."""
    return next(iter(names_of(skeleton(text))), None)
