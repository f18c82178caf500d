"""Scans a chat template: a program that comes with a model, and decides what the model is told.

It is read and judged, never rendered. Structural rules are about what the program can do to the machine; rules of
judgement are about what it says and when, and can be overruled. A template whose digest is that of a published one
is known: what judgement says of it becomes a note.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from localdev.models.findings import Finding
from localdev.models.vetting.templates_code import check_code
from localdev.models.vetting.templates_hidden import check_hidden
from localdev.models.vetting.templates_parse import Findings, Unreadable, parse
from localdev.models.vetting.templates_says import check_says, check_source
from localdev.models.vetting.templates_values import Values
from localdev.models.vetting.templates_work import check_work

# What each rule refuses or tells of. Those up to `template-growth` and `template-change` are structural.
RULES = {
    "template-syntax": "is not valid Jinja",
    "template-size": "is too large or too intricate to be judged",
    "template-nesting": "is nested too deeply to be judged",
    "template-import": "takes in other templates",
    "template-code": "has a statement that no prompt needs",
    "template-attribute": "reaches for Python's insides, or hides which attribute it takes",
    "template-call": "calls what chat templates have no use for",
    "template-format": "fills in a format that is not fixed",
    "template-loop": "can go on without end",
    "template-growth": "can make texts without bound",
    "template-change": "changes a list, which the sandbox it is rendered in does not let it do",
    "template-date": "acts on the date",
    "template-date-shown": "prints the date",
    "template-trigger": "acts on what a message says",
    "template-position": "acts on the number or length of messages",
    "template-replace": "changes what a message says",
    "template-role": "gives what a user says as the system's word",
    "template-random": "draws lots",
    "template-hidden": "holds letters that cannot be seen or look like others",
    "template-blob": "holds an encoded text",
    "template-link": "adds an address",
    "template-markup": "adds markup that acts when it is shown",
    "template-command": "adds a command",
    "template-steering": "tells the model what the user is not to see",
    "template-says": "adds texts of its own",
}
ACCEPTABLE = frozenset(
    {
        "template-date", "template-trigger", "template-position", "template-replace", "template-role",
        "template-random", "template-hidden", "template-blob", "template-link", "template-markup", "template-command",
        "template-steering",
    }
)  # fmt: skip
_KNOWN = Path(__file__).with_name("known_templates.json")


@dataclass(frozen=True, slots=True)
class TemplateReport:
    """What a scan found.

    `digest` is the SHA-256 of the template's text in hex; `known` names the published template that this is, with its
    source, and is empty where it is none; `said` are the texts of words that the template adds on its own.
    """

    findings: tuple[Finding, ...]
    digest: str
    known: str
    said: tuple[str, ...]


def scan_template(text: str, known: Mapping[str, str] | None = None) -> TemplateReport:
    """Judge a chat template by its text, without rendering it; `known` are names by digest, those published if None."""
    names = known_templates() if known is None else known
    digest = digest_of(text)
    name = names.get(digest) or names.get(digest_of(normalised(text)), "")
    findings = Findings()
    said: tuple[str, ...] = ()
    try:
        said = _judge(text, findings)
    except Unreadable as unreadable:
        findings.add(unreadable.rule, "refuse", unreadable.line, unreadable.said)
    except RecursionError:
        findings.add("template-nesting", "refuse", 1, "is nested too deeply to be judged")
    found = [_weighed(each, name) for each in findings.found]
    return TemplateReport(tuple(sorted(found, key=_gravity)), digest, name, said)


def _judge(text: str, findings: Findings) -> tuple[str, ...]:
    """Apply all rules, and give what the template says of its own."""
    tree = parse(text)
    check_source(text, findings)
    values = Values(tree)
    check_code(tree, values, findings)
    check_work(tree, values, findings)
    check_hidden(tree, values, findings)
    return check_says(tree, values, findings)


def _weighed(finding: Finding, known: str) -> Finding:
    """What judgement holds against a published template is a note: its makers meant it so."""
    judged = finding.rule in ACCEPTABLE or finding.rule == "template-change"
    return replace(finding, severity="note") if known and judged else finding


def _gravity(finding: Finding) -> int:
    """Order findings: what refuses the file first, and structural rules before judgement."""
    return 2 * ("refuse", "warn", "note").index(finding.severity) + (finding.rule in ACCEPTABLE)


def digest_of(text: str) -> str:
    """Give the SHA-256 of a template in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def normalised(text: str) -> str:
    """Give a template without what copying changes: kinds of line ends, blanks at the end of lines and of the text."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip(" \t") for line in lines).strip("\n")


@cache
def known_templates() -> dict[str, str]:
    """Give the names of published templates by digest, of their text as it is and normalised.

    `scripts/known_templates.py` makes the table; only digests and names are kept of what others published.
    """
    table = json.loads(_KNOWN.read_text(encoding="utf-8"))
    return {
        digest: f"{each['name']}, {each['repository']}"
        for each in reversed(table["templates"])
        for digest in (each["digest"], each["normalised"])
    }
