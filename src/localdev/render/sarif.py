"""A review as SARIF 2.1.0, the form that code-scanning pages and editors read.

Specification: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from localdev.render.review_summary import DEADLINE, late_files

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"high": "error", "medium": "warning", "low": "note", "info": "note"}
# What GitHub's code scanning sorts by: above 7 it shows "high", above 4 "medium", above 0 "low".
_SCORES = {"high": "8.0", "medium": "5.5", "low": "2.0", "info": "0.0"}


@dataclass(frozen=True, slots=True)
class RuleCard:
    """What a reader of findings is told of a rule."""

    id: str
    family: str
    severity: str
    title: str
    explanation: str


def review_sarif(review: Mapping[str, Any], rules: Sequence[RuleCard], *, version: str) -> dict[str, Any]:
    """Give the log of a review (the payload of the job) made by this program's `version`."""
    places = {rule.id: at for at, rule in enumerate(rules)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "localdev",
                        "semanticVersion": version,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The repository's root."}}},
                "invocations": [
                    {
                        "executionSuccessful": not late_files(review),
                        "toolExecutionNotifications": [_notification(each) for each in review["not_reviewed"]],
                    }
                ],
                "results": [_result(finding, places) for finding in review["findings"]],
            }
        ],
    }


def _rule(rule: RuleCard) -> dict[str, Any]:
    """Describe a rule."""
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.explanation},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.family], "security-severity": _SCORES[rule.severity]},
    }


def _result(finding: Mapping[str, Any], places: Mapping[str, int]) -> dict[str, Any]:
    """Write one finding."""
    physical: dict[str, Any] = {"artifactLocation": _artifact(finding["path"])}
    if finding["line"]:
        physical["region"] = _region(finding["line"], finding["end_line"], finding["quote"])
    result: dict[str, Any] = {
        "ruleId": finding["rule"],
        "level": _LEVELS[finding["severity"]],
        "message": {"text": _message(finding)},
        "locations": [{"physicalLocation": physical}],
        "partialFingerprints": {"localdev/v1": finding["fingerprint"]},
        "properties": {"source": finding["source"], "severity": finding["severity"]},
    }
    if finding["rule"] in places:
        result["ruleIndex"] = places[finding["rule"]]
    return result


def _message(finding: Mapping[str, Any]) -> str:
    """Give what is wrong, and what to do where that is known; nothing in it may be a link, as `[text](target)` is."""
    said = f"{finding['message']}\n{finding['suggestion']}" if finding["suggestion"] else str(finding["message"])
    return said.replace("](", "\\](")


def _artifact(path: str) -> dict[str, str]:
    """Name a file relative to the root."""
    return {"uri": quote(path.encode("utf-8", "surrogateescape")), "uriBaseId": "SRCROOT"}


def _region(line: int, end_line: int, text: str) -> dict[str, Any]:
    """Name lines."""
    region: dict[str, Any] = {"startLine": line, "endLine": max(line, end_line)}
    return {**region, "snippet": {"text": text}} if text and end_line <= line else region


def _notification(left: Mapping[str, Any]) -> dict[str, Any]:
    """Say what was not reviewed, and why."""
    physical: dict[str, Any] = {"artifactLocation": _artifact(left["path"])}
    if left["line"]:
        physical["region"] = _region(left["line"], left["end_line"], "")
    text = f"not reviewed by the {left['by']}: {left['reason']}"
    level = "warning" if left["reason"] == DEADLINE else "note"
    return {"level": level, "message": {"text": text}, "locations": [{"physicalLocation": physical}]}
