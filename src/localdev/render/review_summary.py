"""What every form of a review says in words: one line in all, and a line for each thing that was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from localdev.core.sizes import counted

_ORDER = ("high", "medium", "low", "info")
DEADLINE = "deadline"
# More places of one reason in one file than these are counted.
_MOST_PLACES = 5


def summary(review: Mapping[str, Any]) -> str:
    """Say how many findings of which severity there are in how many files, who looked, and what is hidden."""
    findings, files = review["findings"], int(review["files"])
    counts = Counter(str(finding["severity"]) for finding in findings)
    late = late_files(review)
    said = []
    if findings:
        kinds = ", ".join(f"{counts[name]} {name}" for name in _ORDER if counts[name])
        said.append(f"{counted(len(findings), 'finding')} ({kinds}) in {counted(files, 'changed file')}")
    elif len(late) < files:
        said.append(f"no findings in {counted(files - len(late), 'changed file')}")
    said += late_words(review)
    by = f"rules and {review['model']}" if review["model"] else "rules alone"
    hidden = [
        f"{review[name]} {what}"
        for name, what in (("baselined", "known before"), ("suppressed", "suppressed"), ("dropped", "unproven dropped"))
        if review[name]
    ]
    return "; ".join([*said, f"by {by}", *hidden])


def late_files(review: Mapping[str, Any]) -> set[str]:
    """Give the files that not every rule has looked at before the deadline."""
    return {
        str(each["path"])
        for each in review["not_reviewed"]
        if each["reason"] == DEADLINE and each["by"] == "rules" and not each["line"]
    }


def late_words(review: Mapping[str, Any]) -> list[str]:
    """Say in how many files the deadline left something, by the rules and by the model."""
    by_rules = late_files(review)
    by_model = {str(each["path"]) for each in review["not_reviewed"] if each["reason"] == DEADLINE} - by_rules
    said = []
    for late, by in ((by_rules, ""), (by_model, " by the model")):
        if late:
            # A finding may stand in such a file: some rules have seen it.
            whole = " in full" if review["findings"] and not by else ""
            said.append(f"{len(late)} of {review['files']} files not reviewed{whole}{by}: {DEADLINE}")
    return said


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
