"""JSON schemas as grammars: what is written is valid, what cannot be held to is refused."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.schema_tries import SCHEMAS, failure
from localdev.backends.llamacpp.backend import LlamaCppBackend
from localdev.backends.llamacpp.schema import schema_grammar
from localdev.backends.llamacpp.schema_numbers import integer_rule, number_rule
from localdev.core.chat import ChatRequest, Message, Sampling
from localdev.core.errors import CutShort, UsageError
from tests.backends.conftest import collect


@pytest.mark.llama
@pytest.mark.parametrize("schema", range(len(SCHEMAS)))
def test_bounded_schemas(schema: int, tiny: LlamaCppBackend) -> None:
    """Eight hot answers of each schema validate and end by themselves; the benchmark makes a thousand."""
    tries = range(schema, 8 * len(SCHEMAS), len(SCHEMAS))
    assert [what for number in tries if (what := failure(tiny, number))] == []


def answered(backend: LlamaCppBackend, schema: Any, *, seed: int = 0, heat: float = 1.5) -> str:
    """Give the answer to a schema."""
    sampling = Sampling(temperature=heat, seed=seed, max_tokens=1500)
    return collect(backend.stream(ChatRequest(messages=(Message("user", "x"),), schema=schema, sampling=sampling)))[0]


@pytest.mark.llama
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 1500, "maxLength": 1505},
        {"const": {"weird": ['"\\\n\t', "\u2028é🙂", -0.5, None, True]}},
        {"type": ["boolean", "null"]},
        {"type": "array", "prefixItems": [{"const": 1}, {"enum": ["a"]}], "minItems": 2},
        {"type": "array", "maxItems": 0},
        {"type": "object", "required": ["x"], "additionalProperties": {"const": 3}},
        {"type": "object", "additionalProperties": False},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "uuid"},
        {"allOf": [{"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5}]},
        {"enum": [1, "a", None], "type": ["string", "null"]},
        {
            "properties": {"a/b": {"$ref": "#/definitions/x~1y"}},
            "required": ["a/b"],
            "definitions": {"x/y": {"const": 0}},
        },
    ],
)
def test_kinds_of_schemas(schema: dict[str, Any], tiny: LlamaCppBackend) -> None:
    """Each keyword that is built is held to."""
    for seed in range(3):
        jsonschema.validate(json.loads(answered(tiny, schema, seed=seed)), schema)


@pytest.mark.llama
def test_a_schema_of_itself(tiny: LlamaCppBackend) -> None:
    """A tree refers to itself, and bounded branches end."""
    node = {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "kids": {"type": "array", "items": {"$ref": "#"}, "maxItems": 1}},
        "required": ["n", "kids"],
    }
    jsonschema.validate(json.loads(answered(tiny, node, heat=0.7, seed=1)), node)


@pytest.mark.llama
def test_open_ends_are_cut(tiny: LlamaCppBackend) -> None:
    """A string without a longest length ends by itself or is an error; half of it is no answer."""
    request = ChatRequest(
        messages=(Message("user", "x"),),
        schema={"type": "array", "items": {"type": "string"}, "minItems": 50},
        sampling=Sampling(temperature=1.5, max_tokens=60),
    )
    with pytest.raises(CutShort, match="60 tokens"):
        collect(tiny.stream(request))


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string", "pattern": "^a+$"}, "'pattern' is not built at its top"),
        ({"properties": {"a": {"type": "string", "format": "email"}}}, "format 'email'.* at /properties/a"),
        ({"type": "integer", "multipleOf": 3}, "'multipleOf'"),
        ({"type": "array", "uniqueItems": True}, "'uniqueItems'"),
        ({"type": "array", "minItems": 3, "maxItems": 2}, "at least 3 and at most 2"),
        ({"type": "array", "maxItems": 0, "minItems": 0, "contains": {}}, "'contains'"),
        ({"not": {}}, "'not'"),
        ({"type": "nonsense"}, "unknown type 'nonsense'"),
        ({"type": 3}, "unknown type 3"),
        (False, "nothing is allowed"),
        ({"anyOf": []}, "empty 'anyOf'"),
        ({"anyOf": [{}], "type": "string"}, "'anyOf' together with 'type'"),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "two may hold"),
        ({"allOf": [{}, {}]}, "'allOf' of several"),
        ({"enum": []}, "allows nothing"),
        ({"enum": [1], "type": "string"}, "allows nothing"),
        ({"const": float("nan")}, "not valid"),
        ({"$ref": "#/nowhere"}, "not there"),
        ({"$ref": "#"}, "reference to itself"),
        ({"$ref": "https://example.invalid/x"}, "another document"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "no whole number"),
        ({"type": "integer", "minimum": "2"}, "limit that is no number"),
        ({"type": "number", "minimum": 0.25}, "not whole"),
        ({"type": "integer", "maximum": float("inf")}, "limit that is no number"),
        ({"type": "number", "minimum": float("nan")}, "limit that is no number"),
        ({"type": []}, "unknown type"),
        ({"type": "string", "maxLength": -1}, "at most -1|no whole number"),
        ({"type": "object", "required": ["x"], "additionalProperties": False}, "'x' is not allowed"),
        ({"type": "object", "properties": {"a": {}}, "minProperties": 1}, "minProperties"),
        ({"type": "array", "items": False, "minItems": 1}, "must not be empty"),
        ({"properties": 3}, "no object"),
        ([], "is none"),
    ],
)
def test_refused_schemas(schema: Any, said: str) -> None:
    """What cannot be held to is named with its place, and never passed over."""
    with pytest.raises(UsageError, match=said):
        schema_grammar(schema)


def test_a_deep_schema() -> None:
    """A schema too deep for the converter is an error, not a crash."""
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"type": "array", "items": deep}
    with pytest.raises(UsageError, match="too deeply"):
        schema_grammar(deep)


def pattern(rule: str) -> re.Pattern[str]:
    """Turn a rule of digits into a regular expression."""
    return re.compile(
        "".join(part.replace(" ", "") if '"' not in part else part.strip() for part in re.split(r'("[^"]*")', rule))
        .replace('"."', r"\.")
        .replace('"', "")
    )


@given(st.integers(-1200, 1200), st.integers(0, 1200))
def test_whole_numbers_within_limits(least: int, width: int) -> None:
    """Exactly the numbers from the least to the greatest are written."""
    found = pattern(integer_rule({"minimum": least, "maximum": least + width}))
    near = itertools.chain(range(least - 30, least + 30), range(least + width - 30, least + width + 30), (0, 9, 10, -1))
    for number in near:
        assert bool(found.fullmatch(str(number))) == (least <= number <= least + width), number
    assert not found.fullmatch("-0") and not found.fullmatch("007")


@given(st.integers(-30, 30), st.integers(1, 60), st.floats(-40, 40), st.booleans())
def test_numbers_within_limits(least: int, width: int, value: float, exclusive: bool) -> None:
    """A number with a fraction is written where it is within the limits, and nowhere else."""
    words = ("exclusiveMinimum", "exclusiveMaximum") if exclusive else ("minimum", "maximum")
    found = pattern(number_rule(dict(zip(words, (least, least + width), strict=True))))
    for text in (f"{value:.3f}".rstrip("0").rstrip("."), str(least), str(least + width)):
        number = float(text)
        within = least < number < least + width if exclusive else least <= number <= least + width
        if text != "-0" and not (exclusive and width == 1 and number == int(number)):
            assert bool(found.fullmatch(text)) == within, text


def test_open_limits() -> None:
    """A number without limits has at most fifteen digits, which every reader of JSON gives back."""
    found = pattern(integer_rule({}))
    assert found.fullmatch("9" * 15) and found.fullmatch("-" + "9" * 15) and not found.fullmatch("1" + "0" * 15)
    with pytest.raises(ValueError, match="15 digits"):
        integer_rule({"minimum": 10**15})
