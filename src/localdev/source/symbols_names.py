"""Names and kinds of definitions: splitting qualified names, and what a kind becomes through its surroundings."""

from __future__ import annotations

import re

from localdev.source.languages import Language

SCOPE = "scope"
# A name that a query takes out (`@definition.none`).
HIDDEN = "none"
CLASS_LIKE = frozenset({"class", "interface", "struct", "enum", "trait", SCOPE})
CALLABLE = frozenset({"function", "method", "constructor"})

_UPPER = re.compile(r"_*[A-Z][A-Z0-9_]*$")
# Type arguments (`Box<T>`, `Stack[T]`) say nothing about which type it is.
_ARGUMENTS = re.compile(r"(?<=\w)\s*(?:<[^<>]*>|\[[^\[\]]*\])")
# In a heading: closing hashes and a `{#anchor}`; links and images; HTML tags, code marks and emphasis.
_HEADING_END = re.compile(r"(?:\s*\{[#.:][^{}]*\})?\s*(?:(?<!\S)#+)?\s*$")
_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])|(?<!\S)\[([^\[\]]*)\](?!\S)")
_MARKS = re.compile(r"</?[a-zA-Z][^<>]*>|`+|\*+|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)|\\(?=[^\w\s])")
_CONSTRUCTORS = frozenset({"constructor", "__construct"})


def split_name(text: str, language: Language) -> tuple[str, tuple[str, ...]]:
    """Split a name as written into the plain name and the names before it: `A::B::run` -> run, (A, B).

    A language without separators has names that stand as they are, but for quotes, or the marks of a heading.
    """
    if text.isidentifier():
        return text, ()
    text = " ".join(text.split())
    if not language.separators:
        return (heading_text(text) if language.prose else _unquoted(text)), ()
    operator = re.search(r"\boperator\b", text)
    if operator:
        before, own = text[: operator.start()], text[operator.start() :]
        return _cut_parameters(own), split_name(before + "x", language)[1]
    if text[:1] not in "[\"'`":
        while text != (shorter := _ARGUMENTS.sub("", text)):
            text = shorter
    if text[:1] in "[\"'`" or not any(separator in text for separator in language.separators):
        return text.strip("\"'`").lstrip(":$"), ()
    for separator in language.separators:
        text = text.replace(separator, "\n")
    kept = [part.strip() for part in text.split("\n") if part.strip() not in language.silent]
    kept = [part for part in kept if part]
    return (kept[-1], tuple(kept[:-1])) if kept else ("", ())


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`" else text


def heading_text(text: str) -> str:
    """Give the words of a Markdown heading: links, images, code marks, emphasis and anchors go."""
    text = _HEADING_END.sub("", text)
    text = _LINK.sub(r"\1\2", _LINK.sub(r"\1\2", text))  # twice: a badge is an image in a link
    return " ".join(_MARKS.sub("", text).split())


def _cut_parameters(text: str) -> str:
    """Cut what follows the name of a C++ conversion: `operator bool() const` -> `operator bool`."""
    cut = text.find("(", len("operator") + 2)
    return text if cut == -1 else text[:cut].strip()


def full_kind(kind: str, name: str, around: str, *, parent: str) -> str:
    """Give the final kind of a definition by its name, the kind it stands in, and its parent's qualified name."""
    if kind == "function" and (around in CLASS_LIKE or (parent and around not in CALLABLE | {"module"})):
        kind = "method"
    if kind == "method":
        if not parent:
            return "function"
        if name in _CONSTRUCTORS or name == parent.rpartition(".")[2]:
            return "constructor"
    if kind == "variable" and _UPPER.match(name):
        return "constant"
    if kind == "variable" and around in CLASS_LIKE:
        return "field"
    return kind
