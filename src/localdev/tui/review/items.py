"""The rows of a review's list: files with their findings, then what was not reviewed. Nothing here draws."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from localdev.core.review import SEVERITIES, Severity, at_least
from localdev.core.sizes import counted


@dataclass(frozen=True, slots=True)
class Item:
    """One row: a file's head, a finding, the head of what was not reviewed, or one of those.

    `entry` is the payload's own; for a file's head, `entries` are its findings.
    """

    kind: Literal["file", "finding", "left", "not-reviewed"]
    path: str
    entry: Mapping[str, Any] | None = None
    entries: tuple[Mapping[str, Any], ...] = ()


def items_of(payload: Mapping[str, Any], level: Severity) -> list[Item]:
    """Give the rows for findings of a severity and above, files in the order of their first finding."""
    by_path: dict[str, list[Mapping[str, Any]]] = {}
    for each in payload.get("findings") or ():
        if at_least(each["severity"], level):
            by_path.setdefault(str(each["path"]), []).append(each)
    found: list[Item] = []
    for path, entries in by_path.items():
        entries.sort(key=lambda each: int(each["line"]))
        found.append(Item("file", path, entries=tuple(entries)))
        found += [Item("finding", path, each) for each in entries]
    left: Sequence[Mapping[str, Any]] = payload.get("not_reviewed") or ()
    if left:
        found.append(Item("left", "", entries=tuple(left)))
        found += [Item("not-reviewed", str(each["path"]), each) for each in left]
    return found


def levels(payload: Mapping[str, Any]) -> tuple[Severity, ...]:
    """Give the severities from which on one can look: the lowest, for all, and those that leave some findings out."""
    found = {each["severity"] for each in payload.get("findings") or ()}
    there = [name for name in SEVERITIES if name in found]
    return (SEVERITIES[0], *there[1:])


def worst_of(items: Sequence[Item]) -> int:
    """Give the place of the most severe finding, the first of them; 0 where there is none."""
    places = [at for at, item in enumerate(items) if item.kind == "finding" and item.entry is not None]
    return max(places, key=lambda at: SEVERITIES.index((items[at].entry or {})["severity"]), default=0)


def tally(entries: Sequence[Mapping[str, Any]]) -> str:
    """Count findings by severity, the worst first."""
    counts = {name: sum(each["severity"] == name for each in entries) for name in reversed(SEVERITIES)}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def place_of(entry: Mapping[str, Any]) -> str:
    """Write the lines of a finding, or of what was not reviewed."""
    first, last = int(entry.get("line") or 0), int(entry.get("end_line") or 0)
    if not first:
        return "the file"
    return f"line {first}" if last <= first else f"lines {first}-{last}"


def summary_of(payload: Mapping[str, Any], level: Severity) -> str:
    """Say what came of the review, and what of it is shown."""
    findings: Sequence[Mapping[str, Any]] = payload.get("findings") or ()
    parts = [counted(len(findings), "finding") + (f" ({tally(findings)})" if findings else "")]
    parts[0] += f" in {counted(int(payload.get('files') or 0), 'file')}"
    if level != SEVERITIES[0]:
        shown = sum(at_least(each["severity"], level) for each in findings)
        parts.append(f"shown: {shown} of {level} severity" + ("" if level == SEVERITIES[-1] else " or above"))
    known = (("suppressed", "suppressed"), ("baselined", "in the baseline"), ("dropped", "dropped without proof"))
    parts += [f"{payload[name]} {words}" for name, words in known if payload.get(name)]
    if model := payload.get("model"):
        parts.append(f"model: {model}")
    return " · ".join(parts)


def fix_command(entry: Mapping[str, Any]) -> str:
    """Give the command that asks for a change which mends a finding."""
    place = f"{entry['rule']}@{entry['path']}:{entry['line']}"
    return f"/gen fix --finding {shlex.quote(place)}"
