"""Count how many schema-bound answers of a hot model validate and end by themselves.

    python benchmarks/schema_tries.py [--model tests/data/tiny.gguf] [--tries 1000]      # needs jsonschema

Each try has a seed of its own and takes the schemas of `SCHEMAS` in turn, at temperature 1.5. Exits with 1 unless all
answers are valid JSON of their schema and finished with reason `stop`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema

from localdev.backends.llamacpp.backend import LlamaCppBackend
from localdev.backends.options import BackendOptions
from localdev.core.chat import ChatRequest, Message, Sampling
from localdev.core.errors import LocaldevError
from localdev.core.events import Finished, TextDelta

TEMPERATURE = 1.5
_FINDING = {
    "type": "object",
    "properties": {
        "rule": {"enum": ["naming", "security", "umlaut-ä", 'quote "x"', "back\\slash"]},
        "line": {"type": "integer", "minimum": 1, "maximum": 4999},
        "message": {"type": "string", "minLength": 1, "maxLength": 40},
        "sure": {"type": "boolean"},
    },
    "required": ["rule", "line", "message"],
    "additionalProperties": False,
}
SCHEMAS: tuple[dict[str, Any], ...] = (
    _FINDING,
    {
        "type": "object",
        "properties": {"findings": {"type": "array", "items": _FINDING, "maxItems": 4}, "score": {"type": "integer"}},
        "required": ["findings"],
    },
    {"type": "array", "items": {"type": "string", "maxLength": 12}, "minItems": 2, "maxItems": 5},
    {"type": "array", "items": {"type": "integer", "minimum": -37, "maximum": 1203}, "minItems": 3, "maxItems": 6},
    {"type": "array", "items": {"type": "number", "minimum": -2, "exclusiveMaximum": 11}, "minItems": 1, "maxItems": 4},
    {"anyOf": [{"type": "null"}, {"type": "string", "format": "date"}, {"const": {"a": [1, "é"]}}]},
    {
        "type": "object",
        "properties": {
            "a": {"type": "string", "maxLength": 3},
            "b": {"type": ["integer", "null"], "exclusiveMinimum": 9, "maximum": 100},
            "c": {"$ref": "#/$defs/leaf"},
            "d": {"oneOf": [{"$ref": "#/$defs/leaf"}, {"type": "string", "minLength": 20, "maxLength": 20}]},
        },
        "required": ["c"],
        "$defs": {"leaf": {"type": "object", "properties": {"n": {"type": "boolean"}}, "required": ["n"]}},
    },
    {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 9}, "maxProperties": 1},
)


def failure(backend: LlamaCppBackend, number: int) -> str:
    """Ask once and give what is wrong with the answer, empty when nothing is."""
    schema = SCHEMAS[number % len(SCHEMAS)]
    sampling = Sampling(temperature=TEMPERATURE, seed=number, max_tokens=1500)
    request = ChatRequest(messages=(Message("user", "Give JSON."),), schema=schema, sampling=sampling)
    text = ""
    try:
        for event in backend.stream(request):
            if isinstance(event, TextDelta):
                text += event.text
            elif isinstance(event, Finished) and event.reason != "stop":
                return f"ended by {event.reason}: {text[:200]!r}"
        jsonschema.validate(json.loads(text), schema)
    except (LocaldevError, ValueError, jsonschema.ValidationError) as error:
        return f"{error} in {text[:200]!r}"
    return ""


def main() -> int:
    """Run the tries and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=Path(__file__).parents[1] / "tests" / "data" / "tiny.gguf")
    parser.add_argument("--tries", type=int, default=1000)
    chosen = parser.parse_args()
    backend = LlamaCppBackend(chosen.model, BackendOptions())
    began, wrong = time.perf_counter(), 0
    for number in range(chosen.tries):
        what = failure(backend, number)
        if what:
            wrong += 1
            print(f"try {number}, schema {number % len(SCHEMAS)}: {what}", file=sys.stderr)
    backend.close()
    seconds = time.perf_counter() - began
    print(f"{chosen.tries - wrong} of {chosen.tries} valid and ended by themselves, in {seconds:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
