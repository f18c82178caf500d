"""The mood of verbs that begin a subject: `add`, `added` or `adds`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Literal

Mood = Literal["imperative", "past", "present"]

_IRREGULAR = {
    "make": "made", "let": "let", "set": "set", "put": "put", "give": "gave", "keep": "kept", "build": "built",
    "write": "wrote", "rewrite": "rewrote", "take": "took", "read": "read", "show": "showed", "hide": "hid",
    "split": "split", "cut": "cut", "get": "got", "run": "ran", "find": "found", "send": "sent", "throw": "threw",
    "tell": "told", "bring": "brought", "drop": "dropped", "stop": "stopped", "skip": "skipped", "bump": "bumped",
    "wrap": "wrapped", "swap": "swapped", "strip": "stripped", "log": "logged", "pin": "pinned", "map": "mapped",
    "undo": "undid", "redo": "redid",
}  # fmt: skip
_REGULAR = (
    "add", "allow", "adjust", "align", "apply", "avoid", "call", "change", "check", "clarify", "clean", "clear",
    "close", "collect", "combine", "complete", "configure", "convert", "copy", "correct", "cover", "create",
    "declare", "define", "delete", "deprecate", "describe", "detect", "disable", "document", "enable", "ensure",
    "expand", "explain", "export", "expose", "extend", "extract", "fill", "fix", "format", "generate", "handle",
    "ignore", "implement", "import", "improve", "include", "increase", "initialise", "initialize", "inline",
    "install", "introduce", "join", "launch", "limit", "link", "lint", "load", "lower", "merge", "migrate", "mark",
    "mention", "mock", "modernise", "modernize", "move", "name", "normalise", "normalize", "note", "omit", "optimise",
    "optimize", "override", "parse", "pass", "polish", "prefer", "prepare", "prevent", "print", "publish", "raise",
    "reduce", "refactor", "refine", "refresh", "reformat", "refuse", "register", "release", "relax", "remove",
    "rename", "render", "reorder", "replace", "report", "request", "require", "reset", "resolve", "restore",
    "restrict", "return", "reuse", "revert", "revise", "reword", "save", "simplify", "sort", "speed", "start",
    "store", "support", "switch", "sync", "test", "tidy", "tighten", "touch", "track", "translate", "trim", "try",
    "tune", "turn", "tweak", "unify", "update", "upgrade", "use", "validate", "vendor", "verify", "warn",
)  # fmt: skip
# Texts that begin with nouns may begin with one that looks like a verb.
_LEAST_SHARE = 0.2
_WORD = re.compile(r"[A-Za-z]+")


def _past(verb: str) -> str:
    """Give the past of a regular verb."""
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeo":
        return verb[:-1] + "ied"
    return verb + ("ped" if verb == "ship" else "med" if verb == "trim" else "ed")


def _present(verb: str) -> str:
    """Give the third person of a verb."""
    if verb.endswith(("s", "x", "ch", "sh", "o")):
        return verb + "es"
    return verb[:-1] + "ies" if verb.endswith("y") and verb[-2] not in "aeo" else verb + "s"


_PASTS = {**{verb: _past(verb) for verb in _REGULAR}, **_IRREGULAR}
_PRESENTS = {verb: _present(verb) for verb in _PASTS}
_MOODS: dict[str, Mood] = {
    **dict.fromkeys(_PASTS.values(), "past"),
    **dict.fromkeys(_PRESENTS.values(), "present"),
    **dict.fromkeys(_PASTS, "imperative"),
}
_BASES = {form: verb for forms in (_PASTS, _PRESENTS) for verb, form in forms.items()}


def mood_of(texts: Iterable[str]) -> Mood:
    """Give the mood that most texts begin in; imperative where hardly any begins with a known verb."""
    found = Counter(_MOODS.get(_first(text)) for text in texts)
    least = _LEAST_SHARE * found.total()
    del found[None]
    mood = found.most_common(1)[0][0] if found else None
    return mood if mood is not None and found[mood] >= least else "imperative"


def in_mood(text: str, mood: Mood) -> str:
    """Put the verb that begins a text into a mood; a text that begins with no known verb stays."""
    first = _first(text)
    base = first if first in _PASTS else _BASES.get(first)
    if base is None:
        return text
    table = {"imperative": base, "past": _PASTS[base], "present": _PRESENTS[base]}
    return table[mood] + text[len(first) :]


def _first(text: str) -> str:
    """Give the first word in small letters, empty where it belongs to a name (`add_user`, `Add.x`)."""
    found = _WORD.match(text)
    return found[0].lower() if found and text[found.end() : found.end() + 1] in ("", " ", ",") else ""
