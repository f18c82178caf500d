"""From a JSON schema to a GBNF grammar whose every text is valid JSON of that schema.

The converter that comes with llama-cpp-python passes over what it does not know, allows any number of blanks, and
control characters in strings. This one refuses what it cannot hold to. Where a schema leaves things open, what is
written may be a part of what would be valid: properties come in the schema's order and no others than those named,
numbers have no exponent, strings no escapes beyond the short ones. Blanks are at most one behind `,` and `:`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localdev.backends.llamacpp.schema_numbers import integer_rule, number_rule
from localdev.core.errors import UsageError

Schema = Mapping[str, Any]

_SAID = {"title", "description", "default", "examples", "$comment", "deprecated", "readOnly", "writeOnly"}
_SAID |= {"$schema", "$id", "$defs", "definitions"}
_OF_TYPE = {
    "object": {"properties", "required", "additionalProperties", "minProperties", "maxProperties"},
    "array": {"items", "prefixItems", "minItems", "maxItems", "uniqueItems"},
    "string": {"minLength", "maxLength", "format"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "boolean": set(),
    "null": set(),
}
_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
_REPEATED = 1000  # llama.cpp refuses more than 2000 repetitions at once; longer ones are nested
_MOST = 20_000  # letters or items: longer ones outgrow any answer, and fewer are always valid too
_COMMA, _COLON = '"," " "?', '":" " "?'
_FIXED = {
    "char": r'[^"\\\x00-\x1F\x7F] | "\\" ["\\bfnrt]',
    "any": "any-object | any-array | text | number | " + '"true" | "false" | "null"',
    "text": r'"\"" char* "\""',
    "number": '"-"? ("0" | [1-9] [0-9]{0,14}) ("." [0-9]{1,6})?',
    "any-object": f'"{{" (any-pair ({_COMMA} any-pair)*)? "}}"',
    "any-pair": f"text {_COLON} any",
    "any-array": f'"[" (any ({_COMMA} any)*)? "]"',
}
_DAYS = (
    '(("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | "1" [0-9] | "2" [0-8])'
    ' | ("0" [13-9] | "1" [0-2]) "-" ("29" | "30") | ("0" [13578] | "1" [02]) "-31")'
)
_DATE = f'[0-9]{{3}} [1-9] "-" {_DAYS}'
_TIME = '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] "Z"'
_FORMATS = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f'{_DATE} "T" {_TIME}',
    "uuid": '[0-9a-f]{8} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{12}',
}


def schema_grammar(schema: Any) -> str:
    """Give the grammar of a JSON schema.

    Raises:
        UsageError: it is no schema, allows nothing, or uses what is not built; the keyword and its place are named.
    """
    try:
        return _Converter(schema).grammar()
    except RecursionError as error:
        raise UsageError("the JSON schema is nested too deeply", "use a simpler schema") from error
    except (TypeError, ValueError) as error:
        raise UsageError(f"the JSON schema is not valid: {error}", "correct it") from error


def _refuse(what: str, where: str) -> UsageError:
    """Make the error for a part of a schema."""
    return UsageError(
        f"the JSON schema cannot be followed: {what} at {where or 'its top'}",
        "leave that out, or say it with a grammar (GBNF)",
    )


class _Converter:
    """Collects the rules of one schema."""

    def __init__(self, schema: Any) -> None:
        self._root = schema
        self._rules: dict[str, str] = {}
        self._names: dict[str, str] = {}  # references already turned into rules, by their pointer

    def grammar(self) -> str:
        """Give the whole text."""
        self._rules["root"] = self._value(self._root, "")
        used = {**_FIXED, **self._rules}
        return "".join(f"{name} ::= {rule}\n" for name, rule in used.items())

    def _rule(self, body: str) -> str:
        """Name a rule."""
        name = f"r{len(self._rules)}"
        self._rules[name] = body
        return name

    def _value(self, schema: Any, where: str) -> str:
        """Give the expression of a schema: a reference to a rule, or a group."""
        if schema is True or schema == {}:
            return "any"
        if not isinstance(schema, Mapping):
            raise _refuse("nothing is allowed" if schema is False else "what should be a schema is none", where)
        keys = set(schema) - _SAID
        for key, convert in self._whole.items():
            if key in keys:
                beside = keys - {key} - ({"type"} if key in ("enum", "const") else set())
                if beside:
                    raise _refuse(f"{key!r} together with {min(beside)!r}", where)
                return convert(self, schema, where)
        return self._typed(schema, keys, where)

    def _typed(self, schema: Schema, keys: set[str], where: str) -> str:
        """Give the expression of a schema by its types; without any, by the keywords it uses."""
        wanted = schema.get("type")
        types = [wanted] if isinstance(wanted, str) else wanted
        if types is None:
            types = [kind for kind, words in _OF_TYPE.items() if keys & words and kind != "integer"]
        known = set().union({"type"}, *_OF_TYPE.values())
        strange = sorted(keys - known)
        if strange:
            raise _refuse(f"{strange[0]!r} is not built", where)
        if (
            wanted == []
            or not isinstance(types, list)
            or not all(isinstance(each, str) and each in _OF_TYPE for each in types)
        ):
            raise _refuse(f"unknown type {wanted!r}", where)
        if not types:
            return "any"
        found = [self._kinds[kind](self, schema, where) for kind in types]
        return found[0] if len(found) == 1 else f"({' | '.join(found)})"

    def _reference(self, schema: Schema, where: str) -> str:
        """Give the rule of a `$ref` within the same schema; it may refer to itself."""
        pointer = schema["$ref"]
        if not isinstance(pointer, str) or (pointer != "#" and not pointer.startswith("#/")):
            raise _refuse(f"a reference to another document ({pointer!r})", where)
        if pointer not in self._names:
            found = self._root
            for step in pointer[2:].split("/") if pointer != "#" else ():
                step = step.replace("~1", "/").replace("~0", "~")
                if not isinstance(found, Mapping) or step not in found:
                    raise _refuse(f"a reference to what is not there ({pointer!r})", where)
                found = found[step]
            self._names[pointer] = name = self._rule("")
            self._rules[name] = self._value(found, pointer)
            if self._rules[name] == name:
                raise _refuse(f"a reference to itself ({pointer!r})", where)
        return self._names[pointer]

    def _any_of(self, schema: Schema, where: str) -> str:
        """Give one of several."""
        parts = schema["anyOf"]
        if not isinstance(parts, list) or not parts:
            raise _refuse("an empty 'anyOf'", where)
        return "(" + " | ".join(self._value(part, f"{where}/anyOf/{n}") for n, part in enumerate(parts)) + ")"

    def _one_of(self, schema: Schema, where: str) -> str:
        """Give one of several of which no two can both hold."""
        parts = schema["oneOf"]
        if not isinstance(parts, list) or not parts:
            raise _refuse("an empty 'oneOf'", where)
        seen = [self._resolved(part) for part in parts]
        if not all(_apart(a, b) for number, a in enumerate(seen) for b in seen[:number]):
            raise _refuse("'oneOf' of which two may hold at once; use 'anyOf'", where)
        return self._any_of({"anyOf": parts}, where)

    def _all_of(self, schema: Schema, where: str) -> str:
        """Give the only one."""
        parts = schema["allOf"]
        if not isinstance(parts, list) or len(parts) != 1:
            raise _refuse("'allOf' of several", where)
        return self._value(parts[0], f"{where}/allOf/0")

    def _resolved(self, schema: Any) -> Any:
        """Follow one reference, to look into what it names."""
        pointer = schema.get("$ref") if isinstance(schema, Mapping) else None
        found = self._root
        for step in pointer[2:].split("/") if isinstance(pointer, str) and pointer.startswith("#/") else ():
            found = found.get(step, {}) if isinstance(found, Mapping) else {}
        return found if pointer else schema

    def _listed(self, schema: Schema, where: str) -> str:
        """Give one of the values of `enum`, or that of `const`."""
        values = [schema["const"]] if "const" in schema else schema["enum"]
        types = schema.get("type")
        if not isinstance(values, list):
            raise _refuse("an 'enum' that is no list", where)
        if types is not None:
            allowed = [types] if isinstance(types, str) else types
            values = [value for value in values if any(_is_a(value, kind) for kind in allowed)]
        if not values:
            raise _refuse("an 'enum' that allows nothing", where)
        return self._rule(
            " | ".join(_literal(json.dumps(value, ensure_ascii=False, allow_nan=False)) for value in values)
        )

    def _object(self, schema: Schema, where: str) -> str:
        """Give an object: the named properties in their order, those that are not required or not."""
        properties, required = schema.get("properties", {}), schema.get("required", [])
        if not isinstance(properties, Mapping) or not isinstance(required, list):
            raise _refuse("'properties' that is no object, or 'required' that is no list", where)
        more = schema.get("additionalProperties", True)
        missing = [name for name in required if name not in properties]
        if missing and more is False:
            raise _refuse(f"the required property {missing[0]!r} is not allowed", where)
        least, most = schema.get("minProperties", 0), schema.get("maxProperties", _MOST)
        _check_counts(least, most, where)
        wanted = {**properties, **dict.fromkeys(missing, more)}
        if not wanted and more is not False and least <= 1:
            pair = self._rule(f"text {_COLON} {self._value(more, f'{where}/additionalProperties')}")
            return self._rule(f'"{{" {self._several(pair, least, most)} "}}"')
        if least > len(required) or most < len(wanted):
            raise _refuse("'minProperties' or 'maxProperties' beside properties that may be left out", where)
        pairs = [
            (self._rule(f"{_literal(json.dumps(name, ensure_ascii=False))} {_COLON} {value}"), name in required)
            for name, value in (
                (name, self._value(part, f"{where}/properties/{name}")) for name, part in wanted.items()
            )
        ]
        return self._rule(f'"{{" {self._in_order(pairs)} "}}"')

    def _in_order(self, pairs: Sequence[tuple[str, bool]]) -> str:
        """Give pairs in order, each (rule, whether it must be there), with commas between those that are there."""
        first, behind = "", ""
        for pair, needed in reversed(pairs):
            tail = f" {behind}" if behind else ""
            if needed:
                first = f"{pair}{tail}"
                behind = self._rule(f"{_COMMA} {pair}{tail}")
            else:
                first = f"({pair}{tail} | {first})" if first else f"({pair}{tail})?"
                behind = self._rule(f"({_COMMA} {pair})?{tail}")
        return first

    def _array(self, schema: Schema, where: str) -> str:
        """Give an array: the items of `prefixItems`, or as many of `items` as are allowed."""
        least, most = schema.get("minItems", 0), schema.get("maxItems", _MOST)
        front, items = schema.get("prefixItems"), schema.get("items", True)
        if schema.get("uniqueItems") and most > 1:
            raise _refuse("'uniqueItems' is not built", where)
        if front is not None:
            if not isinstance(front, list) or not least <= len(front) <= most:
                raise _refuse("'prefixItems' of another number than 'minItems' to 'maxItems'", where)
            values = [self._value(part, f"{where}/prefixItems/{n}") for n, part in enumerate(front)]
            return self._rule(f'"[" {f" {_COMMA} ".join(values)} "]"')
        _check_counts(least, most, where)
        if items is False or most == 0:
            if least:
                raise _refuse("an array that must not be empty and has no items", where)
            return self._rule('"[]"')
        item = self._rule(self._value(items, f"{where}/items"))
        return self._rule(f'"[" {self._several(item, least, most)} "]"')

    def _string(self, schema: Schema, where: str) -> str:
        """Give a string of so many letters, or of a format."""
        least, most, form = schema.get("minLength", 0), schema.get("maxLength", _MOST), schema.get("format")
        _check_counts(least, most, where)
        if form is not None:
            if form not in _FORMATS or "minLength" in schema or "maxLength" in schema:
                raise _refuse(f"the format {form!r} (built are {', '.join(_FORMATS)}, without a length)", where)
            return self._rule(f'"\\"" {_FORMATS[form]} "\\""')
        letters = "char*" if not least and "maxLength" not in schema else self._repeat("char", least, most)
        return self._rule(f'"\\"" {letters} "\\""')

    def _several(self, item: str, least: int, most: int) -> str:
        """Give `least` to `most` items with commas between."""
        if most <= 0:
            return '""'
        rest = f"({_COMMA} {item})*" if most >= _MOST and least <= 1 else ""
        if not rest:
            rest = self._repeat(self._rule(f"{_COMMA} {item}"), max(0, least - 1), most - 1)
        return f"{item} {rest}" if least else f"({item} {rest})?"

    def _repeat(self, item: str, least: int, most: int) -> str:
        """Give a rule's name `least` to `most` times; what is too long for one repetition is nested."""
        if most <= _REPEATED:
            return f"{item}{{{least},{most}}}" if most else '""'
        longer = self._repeat(item, max(0, least - _REPEATED), most - _REPEATED)
        whole = f"{item}{{{_REPEATED}}} {longer}"
        return self._rule(whole if least >= _REPEATED else f"{item}{{{least},{_REPEATED - 1}}} | {whole}")

    def _number(self, schema: Schema, where: str) -> str:
        """Give a number within its limits."""
        return self._rule(_within(number_rule, schema, where))

    def _integer(self, schema: Schema, where: str) -> str:
        """Give a whole number within its limits."""
        return self._rule(_within(integer_rule, schema, where))

    _whole: Mapping[str, Callable[[_Converter, Schema, str], str]] = {
        "$ref": _reference,
        "anyOf": _any_of,
        "oneOf": _one_of,
        "allOf": _all_of,
        "enum": _listed,
        "const": _listed,
    }
    _kinds: Mapping[str, Callable[[_Converter, Schema, str], str]] = {
        "object": _object,
        "array": _array,
        "string": _string,
        "number": _number,
        "integer": _integer,
        "boolean": lambda self, schema, where: '("true" | "false")',
        "null": lambda self, schema, where: '"null"',
    }


def _within(rule: Callable[[Mapping[str, float]], str], schema: Schema, where: str) -> str:
    """Give a rule of numbers, with what is wrong about the limits said with its place."""
    limits = {key: schema[key] for key in _OF_TYPE["number"] if key in schema}
    for value in limits.values():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise _refuse("a limit that is no number", where)
    try:
        return rule(limits)
    except ValueError as error:
        raise _refuse(str(error), where) from error


def _check_counts(least: Any, most: Any, where: str) -> None:
    """Refuse numbers of letters or items that make no sense."""
    if not all(isinstance(each, int) and not isinstance(each, bool) and each >= 0 for each in (least, most)):
        raise _refuse("a length that is no whole number", where)
    if least > most or least > _MOST:
        raise _refuse(f"a length of at least {least} and at most {most} (longest: {_MOST})", where)


def _apart(one: Any, other: Any) -> bool:
    """Say whether two schemas surely have no value in common: other types, or a property with other values."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return False
    types = [schema.get("type") for schema in (one, other)]
    if all(isinstance(kind, str) for kind in types) and types[0] != types[1]:
        return set(types) != {"number", "integer"}
    values = [_values(schema) for schema in (one, other)]
    if values[0] and values[1]:
        return not values[0] & values[1]
    shared = set(one.get("required", ())) & set(other.get("required", ()))
    marks = [(_values(one.get("properties", {}).get(n)), _values(other.get("properties", {}).get(n))) for n in shared]
    return any(first and second and not first & second for first, second in marks) and types[0] == "object"


def _values(schema: Any) -> set[str]:
    """Give the values an `enum` or `const` names, as JSON."""
    if not isinstance(schema, Mapping):
        return set()
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return {json.dumps(value, sort_keys=True) for value in values}


def _is_a(value: Any, kind: str) -> bool:
    """Say whether a value is of a JSON type."""
    if kind in ("number", "integer"):
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return not isinstance(value, bool) and (whole or (kind == "number" and isinstance(value, float)))
    return isinstance(value, _TYPES.get(kind, ()))


def _literal(text: str) -> str:
    """Write a text as GBNF does."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
