"""What every form of a review says in words: one line in all, and a line for each thing that was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

_ORDER = ("high", "medium", "low", "info")
# More places of one reason in one file than these are counted.
_MOST_PLACES = 5


def summary(review: Mapping[str, Any]) -> str:
    """Say how many findings of which severity there are in how many files, who looked, and what is hidden."""
    findings, files = review["findings"], int(review["files"])
    counts = Counter(str(finding["severity"]) for finding in findings)
    if findings:
        kinds = ", ".join(f"{counts[name]} {name}" for name in _ORDER if counts[name])
        said = f"{_counted(len(findings), 'finding')} ({kinds}) in {_counted(files, 'changed file')}"
    else:
        said = f"no findings in {_counted(files, 'changed file')}"
    by = f"rules and {review['model']}" if review["model"] else "rules alone"
    hidden = [
        f"{review[name]} {what}"
        for name, what in (("baselined", "known before"), ("suppressed", "suppressed"), ("dropped", "unproven dropped"))
        if review[name]
    ]
    return "; ".join([said, f"by {by}", *hidden])


def left_out(review: Mapping[str, Any]) -> list[str]:
    """Say what was not reviewed: a line for each file and reason, with its lines as far as they are few."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for each in review["not_reviewed"]:
        places = grouped.setdefault((each["path"], each["reason"], each["by"]), [])
        if each["line"]:
            places.append(
                f"{each['line']}-{each['end_line']}" if each["end_line"] > each["line"] else str(each["line"])
            )
    return [f"{path}{_places(places)}: {reason}{_by(by)}" for (path, reason, by), places in grouped.items()]


def _places(places: list[str]) -> str:
    """Name lines."""
    if not places:
        return ""
    more = f" and {len(places) - _MOST_PLACES} more places" if len(places) > _MOST_PLACES else ""
    return f", lines {', '.join(places[:_MOST_PLACES])}{more}"


def _by(by: str) -> str:
    """Say what did not look, where something else did."""
    return " (by the model; the rules looked)" if by == "model" else ""


def _counted(count: int, what: str) -> str:
    """Write a number with its noun."""
    return f"{count} {what}{'' if count == 1 else 's'}"
