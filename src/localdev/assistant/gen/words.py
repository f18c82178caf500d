"""Words for what the syntax shows of a symbol; what only a person can say is marked, and nothing is made up."""

from __future__ import annotations

from localdev.assistant.gen.signature import Parameter, Raised, Signature
from localdev.core.code import Symbol

# Stands where a person has to write. It names an owner, so that it is no forgotten note to a reviewer.
MARK = "TODO(docs)"
_CONSTRUCTORS = frozenset({"__init__", "__new__", "initialize", "__construct", "new"})
_LONGEST_DEFAULT = 40
_ITSELF = frozenset({"self", "this", "$this"})
_WORDS = {"rest": "further values", "keywords": "further values by name", "block": "the block to call"}


def summary(symbol: Symbol, signature: Signature, *, third_person: bool) -> str:
    """Say what a constructor does; of all else a name shows too little, so the place is marked.

    `third_person` chooses between "Create a `Cart`." and "Creates a `Cart`.".
    """
    if symbol.kind == "constructor" or (symbol.parent and symbol.name in _CONSTRUCTORS):
        owner = symbol.parent.rpartition(".")[2] or symbol.name
        article = "an" if owner[:1].lower() in "aeiou" else "a"
        return f"{'Creates' if third_person else 'Create'} {article} `{owner}`."
    return f"{MARK}: say what it {'does' if signature.callable else 'is for'}."


def about_parameter(parameter: Parameter, *, typed: bool) -> str:
    """Say what the signature says of a parameter; `typed` says that the form has the type elsewhere."""
    facts = [_WORDS[parameter.kind]] if parameter.kind in _WORDS else []
    if not typed and _quotable(parameter.type):
        facts.append(f"of type `{parameter.type}`")
    if len(parameter.default) <= _LONGEST_DEFAULT and _quotable(parameter.default):
        facts.append(f"`{parameter.default}` by default")
    return ", ".join(facts) or MARK


def _quotable(code: str) -> bool:
    """Say whether code can stand between backticks in any comment: it is there, and ends neither."""
    return bool(code) and not any(mark in code for mark in ("`", "*/", '"""', "'''"))


def about_result(signature: Signature, *, typed: bool) -> str:
    """Say what signature and body show of what is given back; `typed` says that the form has the type elsewhere."""
    given = signature.given if all(map(_quotable, signature.given)) else ()
    if signature.returns == "this" or (given and _ITSELF.issuperset(given)):
        return "the object itself"
    kind = f"of type `{signature.returns}`" if not typed and _quotable(signature.returns) else ""
    if signature.yields:
        return ", ".join(filter(None, ("values one after the other", kind)))
    if given:
        return ", ".join(filter(None, (" or ".join(f"`{each}`" for each in given), kind)))
    return f"a value {kind}" if kind else MARK


def about_error(raised: Raised) -> str:
    """Say what the code says of when something is raised."""
    return f"when `{raised.when}`" if _quotable(raised.when) else MARK


def marked(text: str) -> bool:
    """Say whether a text begins with the mark."""
    return text.startswith(MARK)


def sentence(text: str) -> str:
    """Give a text with a capital and an end; the mark alone stays as it is."""
    text = text.strip()
    if not text or text == MARK:
        return text
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", ":")) else ".")
