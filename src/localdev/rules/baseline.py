"""Fingerprints of findings, by which those that are known already are told in a later review."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from localdev.core.review import Finding

_DIGITS = 16


def fingerprints(findings: Iterable[Finding], lines_of: Callable[[str], Sequence[str]]) -> list[str]:
    """Give a fingerprint for each finding: 16 hexadecimal digits over its rule, path, quote, and which of them it is.

    `lines_of` gives a file's lines on the new side. Of equal lines in a file they are told apart by how many stand
    above, not by their numbers nor by what else the change holds: so a fingerprint stays when other lines come and go,
    and is the same in a review of a part of the change. The message is left out, for a model words it anew each time.
    """
    places: dict[str, dict[int, int]] = {}
    seen: Counter[tuple[str, str, int, int]] = Counter()
    given = []
    for finding in findings:
        if finding.path not in places:
            places[finding.path] = _occurrences(lines_of(finding.path))
        place = places[finding.path].get(finding.line, 0)
        key = (finding.rule, finding.path, finding.line, place)
        again = seen[key]
        seen[key] += 1
        occurrence = f"{place}.{again}" if again else str(place)
        named = "\0".join((finding.rule, finding.path, finding.quote, occurrence))
        given.append(hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS])
    return given


def _occurrences(lines: Sequence[str]) -> dict[int, int]:
    """Give for each line how many equal ones (but for blanks at their ends) stand above it."""
    above: Counter[str] = Counter()
    places = {}
    for at, line in enumerate(lines, 1):
        quote = line.strip()
        places[at] = above[quote]
        above[quote] += 1
    return places
