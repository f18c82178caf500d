"""Names and kinds of definitions: splitting qualified names, and what a kind becomes through its surroundings."""

from __future__ import annotations

import re

from localdev.source.languages import Language

SCOPE = "scope"
CLASS_LIKE = frozenset({"class", "interface", "struct", "enum", "trait", SCOPE})
CALLABLE = frozenset({"function", "method", "constructor"})

_UPPER = re.compile(r"_*[A-Z][A-Z0-9_]*$")
# Type arguments (`Box<T>`, `Stack[T]`) and pointers say nothing about which type it is.
_ARGUMENTS = re.compile(r"<[^<>]*>|\[[^\[\]]*\]|[&*\s]+(?=\w)")


def split_name(text: str, language: Language) -> tuple[str, tuple[str, ...]]:
    """Split a name as written into the plain name and the names before it: `A::B::run` -> run, (A, B)."""
    if not any(separator in text for separator in language.separators):
        return _plain(text), ()
    if "operator" not in text:
        while text != (shorter := _ARGUMENTS.sub("", text)):
            text = shorter
    for separator in language.separators:
        text = text.replace(separator, "\n")
    parts = [part.strip() for part in text.split("\n")]
    kept = [part for part in parts if part and part not in language.silent]
    return (kept[-1], tuple(kept[:-1])) if kept else ("", ())


def _plain(text: str) -> str:
    """Fold white space, and take the quotes off a name written as a string."""
    return " ".join(text.split()).strip("\"'`")


def full_kind(kind: str, name: str, around: str, *, explicit_parent: bool) -> str:
    """Give the final kind of a definition by its name, the kind around it, and whether its own text names a parent."""
    if kind == "function" and (around in CLASS_LIKE or explicit_parent):
        return "method"
    if kind == "method" and not around and not explicit_parent:
        return "function"
    if kind == "variable" and _UPPER.match(name):
        return "constant"
    return kind
