"""What a model answers: the schemas it is held to, and reading what comes, whatever it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from localdev.core.review import Severity

Verdict = Literal["yes", "no", "unsure"]
_MODEL_SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")
# One finding of ordinary length, quote and suggestion included, in tokens.
_TOKENS_A_FINDING = 100
_MOST_FINDINGS = 5
_LONGEST_QUOTE = 200
_LONGEST_PROBLEM = 300
_MOST_CHARACTERS = 100_000

VERDICT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"real_defect": {"enum": list(get_args(Verdict))}},
    "required": ["real_defect"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A finding as the model wrote it, tied to nothing yet; `line` is where it says the quote stands."""

    quote: str
    line: int
    problem: str
    suggestion: str
    severity: Severity


def findings_schema(max_tokens: int) -> dict[str, Any]:
    """Give the schema of an answer: as many findings as `max_tokens` have room for, or none.

    Grammars follow the order of the properties: the quote comes first, so that what is said of it follows from it.
    """
    most = max(1, min(_MOST_FINDINGS, max_tokens // _TOKENS_A_FINDING))
    properties = {
        "quote": {"type": "string", "minLength": 1, "maxLength": _LONGEST_QUOTE},
        "line": {"type": "integer", "minimum": 1, "maximum": 9_999_999},
        "problem": {"type": "string", "minLength": 1, "maxLength": _LONGEST_PROBLEM},
        "suggestion": {"type": "string", "maxLength": _LONGEST_PROBLEM},
        "severity": {"enum": list(_MODEL_SEVERITIES)},
    }
    finding = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"findings": {"type": "array", "items": finding, "maxItems": most}},
        "required": ["findings"],
        "additionalProperties": False,
    }


def read_claims(text: str, *, cut: bool = False) -> tuple[list[Claim], int] | None:
    """Give the claims of an answer, and how many of its findings are none; None where it is no answer at all.

    Of an answer that was `cut` by its length the findings that are whole count.
    """
    items = _items(text[:_MOST_CHARACTERS], cut=cut)
    if items is None:
        return None
    claims = [_claim(item) for item in items[:_MOST_FINDINGS]]
    known = [claim for claim in claims if claim is not None]
    return known, len(items) - len(known)


def read_verdict(text: str) -> Verdict:
    """Give the verdict of an answer; what is none counts as `unsure`."""
    found = _object(text[:_MOST_CHARACTERS])
    verdict = found.get("real_defect") if found is not None else None
    return cast(Verdict, verdict) if verdict in get_args(Verdict) else "unsure"


def _object(text: str) -> dict[str, Any] | None:
    """Read the first JSON object of a text; models without a schema write words around it."""
    begin = text.find("{")
    if begin < 0:
        return None
    try:
        found = json.JSONDecoder().raw_decode(text, begin)[0]
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _items(text: str, *, cut: bool) -> list[Any] | None:
    """Give the findings of a text that is whole, or those that are whole in one that is not."""
    whole = _object(text)
    if whole is not None:
        items = whole.get("findings")
        return items if isinstance(items, list) else None
    at = text.find('"findings"') if cut else -1
    at = text.find("[", at) + 1 if at >= 0 else 0
    if not at:
        return None
    items, decoder = [], json.JSONDecoder()
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return items
        items.append(item)


def _claim(item: Any) -> Claim | None:
    """Read one finding; None where it is none."""
    if not isinstance(item, dict):
        return None
    quote, problem, suggestion = item.get("quote"), item.get("problem"), item.get("suggestion", "")
    if not (isinstance(quote, str) and isinstance(problem, str) and isinstance(suggestion, str)):
        return None
    line, severity = item.get("line"), item.get("severity")
    said = line if isinstance(line, int) and not isinstance(line, bool) else 0
    return Claim(quote, said, problem, suggestion, severity if severity in _MODEL_SEVERITIES else "low")
