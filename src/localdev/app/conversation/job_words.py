"""The words behind `/review` and `/gen`, as the options of the jobs they start. All pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

JobKind = Literal["review", "commit", "gen"]
_PLACE = re.compile(r"@.+|.+::.+|.*/.+|[^\s/]+\.\w{1,8}")
_FLAGS = {"-m": "instruction", "--instruction": "instruction", "--into": "target", "--after": "after"}
_FLAGS_OF = {
    "doc": {"-m", "--instruction"},
    "test": {"-m", "--instruction"},
    "code": {"--into", "--after"},
    "edit": set(),
    "fix": {"-m", "--instruction", "--finding"},
}
USAGE = {
    "doc": "/gen doc PATH[::SYMBOL] [-m TEXT]",
    "test": "/gen test PATH::SYMBOL [-m TEXT]",
    "code": "/gen code TEXT --into PATH [--after SYMBOL]",
    "edit": "/gen edit TEXT PATH[::SYMBOL]...",
    "fix": "/gen fix --finding RULE@PATH:LINE [-m TEXT]",
}


@dataclass(frozen=True, slots=True)
class JobCommand:
    """A job that was asked for by a command: its name, its options, and the line as typed."""

    kind: JobKind
    options: Mapping[str, Any]
    asked: str


@dataclass(frozen=True, slots=True)
class ProblemText:
    """What is wrong with a line, and what to do."""

    text: str
    hint: str = ""


# `HEAD`, `HEAD~3`, `main^2`.
_COMMIT = re.compile(r"HEAD|@|[\w.-]+(?:[~^]\d+)+|HEAD[~^]+")


def read_review(words: Sequence[str], asked: str) -> JobCommand | ProblemText:
    """`staged`, or a range `A..B`, then paths; nothing means all that is not committed."""
    rest = list(words)
    options: dict[str, Any] = {"kind": "uncommitted"}
    if rest and rest[0] == "staged":
        rest.pop(0)
        options = {"kind": "staged"}
    elif rest and _is_range(rest[0]):
        options = {"kind": "range", "range": rest.pop(0)}
    if commit := next((word for word in rest if _COMMIT.fullmatch(word)), ""):
        hint = f"what came since {commit}: /review {commit}..HEAD; a file of that name: ./{commit}"
        return ProblemText(f"/review takes commits as a range, and {commit} is one commit", hint)
    if wrong := next((word for word in rest if word == "staged" or _is_range(word) or word.startswith("-")), ""):
        return ProblemText(f"/review does not take {wrong} there", "it is written /review [staged|A..B] [PATH...]")
    paths = [_place(word).removeprefix("./") for word in rest]
    options["paths"] = [] if "." in paths else [path.rstrip("/") for path in paths]
    return JobCommand("review", options, asked)


def _is_range(word: str) -> bool:
    """Tell `A..B` from a path that goes up a folder."""
    return ".." in word and not word.startswith("..") and "/.." not in word and "../" not in word


def _place(word: str) -> str:
    """Give a path as typed; completion writes it as `@path`."""
    return word.removeprefix("@")


def read_gen(words: Sequence[str], asked: str) -> JobCommand | ProblemText:
    """A kind, and what it needs; texts may go without quotes where it is clear which words are places."""
    kind = words[0] if words else ""
    if kind not in USAGE:
        what = f"there is nothing called {kind} to generate" if kind else "/gen needs to know what to generate"
        return ProblemText(what, "it is written /gen doc|test|code|edit|fix ...: /help gen")
    read = _flags(kind, words[1:])
    if isinstance(read, ProblemText):
        return read
    options, plain = read
    found = _OF_KIND[kind](options, plain)
    return ProblemText(found, f"it is written {USAGE[kind]}") if found else JobCommand("gen", options, asked)


def _flags(kind: str, words: Sequence[str]) -> tuple[dict[str, Any], list[str]] | ProblemText:
    """Split the words of a kind into options by flags, and the others."""
    options: dict[str, Any] = {"kind": kind, "instruction": ""}
    plain: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word == "-":
            plain.append(word)
            continue
        name, mark, value = word.partition("=")
        if name not in _FLAGS_OF[kind]:
            return ProblemText(f"/gen {kind} has no option {name}", f"it is written {USAGE[kind]}")
        if not mark and not left:
            return ProblemText(f"{name} needs a value", f"it is written {USAGE[kind]}")
        options[_FLAGS.get(name, name.lstrip("-"))] = value if mark else left.pop(0)
    return options, plain


def _one_target(options: dict[str, Any], plain: list[str]) -> str:
    """`doc` and `test`: one place."""
    if len(plain) != 1:
        return f"/gen {options['kind']} takes one place, and text behind -m"
    options["target"] = _place(plain[0])
    return ""


def _into(options: dict[str, Any], plain: list[str]) -> str:
    """`code`: what is wanted, and the file."""
    if not plain or not options.get("target"):
        return "/gen code needs words that say what is wanted, and a file behind --into"
    options["target"], options["instruction"] = _place(options["target"]), " ".join(plain)
    options.setdefault("after", "")
    return ""


def _changes(options: dict[str, Any], plain: list[str]) -> str:
    """`edit`: what is wanted, then places; without quotes, the places are the last words that look like some."""
    at = 1
    if plain and " " not in plain[0]:
        at = len(plain)
        while at > 1 and _PLACE.fullmatch(plain[at - 1]):
            at -= 1
    if not plain[:at] or not plain[at:]:
        return "/gen edit needs words that say what is wanted, and the places to change behind them"
    targets = [_place(word) for word in plain[at:]]
    options.update(instruction=" ".join(plain[:at]), targets=targets, target=", ".join(targets))
    return ""


def _mends(options: dict[str, Any], plain: list[str]) -> str:
    """`fix`: a finding; without one, what is attached says what to mend."""
    if plain:
        return "/gen fix takes a finding behind --finding, and text behind -m"
    if options.get("finding"):
        options["target"] = options["finding"]
    return ""


_OF_KIND = {"doc": _one_target, "test": _one_target, "code": _into, "edit": _changes, "fix": _mends}
