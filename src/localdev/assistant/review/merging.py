"""Makes one finding of several that say the same of a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from localdev.core.review import Finding, at_least


def merged(proven: Sequence[Finding], claimed: Iterable[Finding]) -> list[Finding]:
    """Give all findings by path and line: those of rules and linters, and of the model's those they do not hold.

    A claim about a line that a rule found something on is left away, for the rule is sure and says what to do, unless
    the claim is more severe: then it is likely another matter. Of several claims about a line the most severe stays.
    Linters repeat one another and rules repeat linters: of findings of different sources on one line with the same
    words one stays, a rule's first.
    """
    kept: list[Finding] = []
    seen: set[tuple[str, int, str]] = set()
    for finding in sorted(proven, key=lambda each: each.source != "rules"):
        key = (finding.path, finding.line, _words(finding.message))
        if key not in seen:
            seen.add(key)
            kept.append(finding)
    best: dict[tuple[str, int], Finding] = {}
    for claim in claimed:
        place = (claim.path, claim.line)
        if place not in best or not at_least(best[place].severity, claim.severity):
            best[place] = claim
    for claim in best.values():
        if not any(_covers(finding, claim) for finding in kept):
            kept.append(claim)
    return sorted(kept, key=lambda each: (each.path, each.line, each.source != "rules", each.rule, each.message))


def _covers(finding: Finding, claim: Finding) -> bool:
    """Say whether what is proven stands on the claim's line and is no less severe."""
    return (
        finding.source != claim.source
        and finding.path == claim.path
        and finding.line <= claim.line <= finding.end_line
        and at_least(finding.severity, claim.severity)
    )


def _words(message: str) -> str:
    """Give a message without what makes no difference."""
    return "".join(char for char in message.lower() if char.isalnum())
