"""Runs rules over a change and turns what they found into findings with the line they stand on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from localdev.core.review import Finding, one_less
from localdev.rules.changed import ReviewedChange
from localdev.rules.rule import Found, Rule


def find(change: ReviewedChange, rules: Sequence[Rule] | None = None) -> Iterator[Finding]:
    """Yield the findings of each rule in turn (all unless some are given), each place once."""
    if rules is None:
        from localdev.rules.registry import RULES

        rules = RULES
    files = {file.path: file for file in change.files}
    for rule in rules:
        seen: set[tuple[str, int, str]] = set()
        for found in rule.check(change):
            key = (found.path, found.line, found.message)
            if key not in seen:
                seen.add(key)
                lines = files[found.path].new_lines if found.path in files else ()
                quote = lines[found.line - 1].strip() if 0 < found.line <= len(lines) else ""
                yield _finding(rule, found, quote)


def _finding(rule: Rule, found: Found, quote: str) -> Finding:
    """Put together a finding."""
    severity = found.severity or rule.severity
    return Finding(
        rule=rule.id,
        severity=one_less(severity) if found.shown else severity,
        path=found.path,
        line=found.line,
        end_line=max(found.line, found.end_line),
        quote=quote,
        message=found.message,
        suggestion=found.suggestion,
    )
