"""A review as the plain dictionary that `review --json` prints and every other form is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from localdev.core.chat import Usage
from localdev.core.review import Finding, NotReviewed
from localdev.render.payloads import SCHEMA_VERSION

# Lines shown before and behind a finding's own, and the most of those.
_AROUND = 2
_MOST_OWN = 8
# What stands for a line whose text must not be shown.
_HIDDEN = "..."


@dataclass(frozen=True, slots=True)
class Review:
    """What came of a review.

    `files` counts those of the change; `findings` come with their fingerprints. `dropped` counts what a model said and
    could not prove, `suppressed` and `baselined` what is known. `model` is empty where none was asked; `prompt` names
    the prompts that were used, `timings` are milliseconds.
    """

    change: str
    files: int
    findings: Sequence[tuple[Finding, str]] = ()
    not_reviewed: Sequence[NotReviewed] = ()
    dropped: int = 0
    suppressed: int = 0
    baselined: int = 0
    model: str = ""
    prompt: str = ""
    usage: Usage = field(default_factory=Usage)
    timings: Mapping[str, float] = field(default_factory=dict)


def review_payload(review: Review, lines_of: Callable[[str], Sequence[str]]) -> dict[str, Any]:
    """Give what `review --json` prints; `lines_of` gives a file's lines on the new side, as far as they are known."""
    return {
        "schema_version": SCHEMA_VERSION,
        "change": review.change,
        "files": review.files,
        "findings": [
            {
                **asdict(finding),
                "fingerprint": fingerprint,
                "lines": _shown(finding, lines_of(finding.path)),
            }
            for finding, fingerprint in review.findings
        ],
        "not_reviewed": [asdict(each) for each in review.not_reviewed],
        "dropped": review.dropped,
        "suppressed": review.suppressed,
        "baselined": review.baselined,
        "model": review.model,
        "prompt": review.prompt,
        "usage": asdict(review.usage),
        "timings": {name: round(value, 1) for name, value in review.timings.items()},
    }


def _shown(finding: Finding, lines: Sequence[str]) -> list[dict[str, Any]]:
    """Give the lines of a finding, those around it, and their numbers; none for what concerns a file as a whole."""
    if not 0 < finding.line <= len(lines):
        return []
    ends = lines[:-1] if lines[-1] == "" else lines  # nothing stands behind the last line feed
    first = max(1, finding.line - _AROUND)
    last = min(len(ends), min(finding.end_line, finding.line + _MOST_OWN - 1) + _AROUND)
    shown = [{"line": at, "text": lines[at - 1]} for at in range(first, last + 1)]
    # Of a key in many lines each is hidden: one of them says so.
    return [row for at, row in enumerate(shown) if not (at and row["text"] == _HIDDEN == shown[at - 1]["text"])]
