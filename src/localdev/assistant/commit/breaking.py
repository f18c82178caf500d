"""Whether another list of parameters breaks those who call a function, as far as its definition tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.code import Symbol

_HIDDEN = re.compile(r"\b(?:private|protected|internal|fileprivate)\b")
_SCRIPTS = ("javascript", "typescript", "tsx")
# What a definition needs in front of its name to be for others; elsewhere a name without an underscore is.
_OFFERS = {"rust": "pub", "java": "public", "c_sharp": "public", **dict.fromkeys(_SCRIPTS, "export")}
_CLASSES = frozenset({"class", "interface", "struct", "enum", "trait", "module", "type"})
# `=` that gives a value: no comparison, and no arrow of a type.
_DEFAULT = re.compile(r"(?<![=<>!])=(?![=>])|^[\w$]+\?|\.\.\.|^[*&]\w|^\*\*")
_RUBY_DEFAULT = re.compile(r"^\w+:\s*\S")
_NO_PARAMETER = re.compile(r"(?:&(?:'\w+ )?)?(?:mut )?self\b.*|cls|this|void|[*/]|")
_REST = re.compile(r"^\*|\.\.\.|\bparams\b")


def breaks(before: str, after: str, symbol: Symbol, *, around: Symbol | None, language: str) -> bool:
    """Say whether `after` asks for more than `before`, or takes less, of a function that others may call.

    Both are lists of parameters; `around` is the definition that the function stands in.
    """
    if not _offered(symbol, around, language):
        return False
    old, new = list(_pieces(before)), list(_pieces(after))
    fewer = len(new) < len(old) and not any(_REST.search(piece) for piece in new)
    return fewer or _required(new, language) > _required(old, language)


def _offered(symbol: Symbol, around: Symbol | None, language: str) -> bool:
    """Say whether others may call a function."""
    head = symbol.signature.partition(symbol.name)[0]
    if _HIDDEN.search(head) or (around is not None and around.kind not in _CLASSES):
        return False
    if any(part.startswith(("_", "#")) for part in symbol.qualified.split(".")):
        return False
    if language == "go":
        return symbol.name[:1].isupper()
    if language in ("c", "cpp"):
        return around is not None or re.search(r"\bstatic\b", head) is None
    if language in _SCRIPTS and around is not None:  # a member is for others where its class is
        head = around.signature
    return language not in _OFFERS or re.search(rf"\b{_OFFERS[language]}\b", head) is not None


def _required(pieces: list[str], language: str) -> int:
    """Count the parameters that every call has to give."""
    optional = (_DEFAULT, _RUBY_DEFAULT) if language == "ruby" else (_DEFAULT,)
    return sum(not any(form.search(piece) for form in optional) for piece in pieces)


def _pieces(text: str) -> Iterator[str]:
    """Take a list of parameters apart; what stands for the object itself is none."""
    depth, start = 0, 0
    for at, sign in enumerate(f"{text},"):
        depth += (sign in "([{<") - (sign in ")]}" or (sign == ">" and text[at - 1 : at] not in ("=", "-")))
        if sign == "," and depth <= 0:
            piece = text[start:at].strip()
            if not _NO_PARAMETER.fullmatch(piece):
                yield piece
            start = at + 1
