"""Whether an answer follows its schema, in the words that matter most: so a server that ignores it is found out."""

from __future__ import annotations

import json
from typing import Any

from localdev.core.errors import BackendError, CutShort

_KINDS: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


def check_answer(text: str, schema: Any, *, cut: bool, who: str, hint: str) -> None:
    """Refuse an answer to a schema that is not whole or does not follow it; `who` wrote it, and `hint` says what to do.

    Raises:
        CutShort: it was cut by its length.
        BackendError: it is no JSON, or breaks the schema.
    """
    if cut:
        raise CutShort("the answer reached its length before its JSON was whole", "allow more tokens, or ask for less")
    try:
        problem = breach(json.loads(text), schema)
    except (ValueError, RecursionError):
        problem = "the answer is no JSON"
    if problem:
        raise BackendError(f"{who} ignored the JSON schema: {problem}", hint)


def breach(value: Any, schema: Any, place: str = "the answer") -> str:
    """Say where `value` breaks `schema`; empty where it does not.

    Looks at type, enum, const, required, properties, additionalProperties, and items. What else a schema says is
    believed.
    """
    if not isinstance(schema, dict):
        return f"{place} is not allowed" if schema is False else ""
    kinds = schema.get("type")
    if kinds is not None and not any(_is(value, kind) for kind in (kinds if isinstance(kinds, list) else [kinds])):
        return f"{place} is not of type {kinds}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{place} is none of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        return f"{place} is not {schema['const']!r}"
    if isinstance(value, dict):
        return _object_breach(value, schema, place)
    if isinstance(value, list) and "items" in schema:
        found = (breach(item, schema["items"], f"{place}[{at}]") for at, item in enumerate(value))
        return next(filter(None, found), "")
    return ""


def _object_breach(value: dict[str, Any], schema: dict[str, Any], place: str) -> str:
    """Say what is wrong with an object."""
    for name in schema.get("required", ()):
        if name not in value:
            return f"{place} lacks {name!r}"
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name, inner in value.items():
        if name not in known and others is False and "patternProperties" not in schema:
            return f"{place} has {name!r}, which the schema does not know"
        if found := breach(inner, known.get(name, others if isinstance(others, dict) else True), f"{place}.{name}"):
            return found
    return ""


def _is(value: Any, kind: str) -> bool:
    """Tell whether a value is of a JSON type; true and false are no numbers, 1.0 is an integer."""
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return kind not in _KINDS or isinstance(value, _KINDS[kind])
