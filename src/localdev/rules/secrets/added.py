"""Credentials on the new side of a change's hunks, as the detectors of `privacy` find them, with their lines."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localdev.core.change import Hunk
from localdev.privacy.detectors import clouds, forges, library, prefixes, services
from localdev.privacy.spans import Detector, Span
from localdev.privacy.strength import entropy, is_placeholder, looks_random
from localdev.rules.changed import ChangedFile
from localdev.rules.places import is_example, is_test, is_vendored
from localdev.source.skip import GENERATED, LOCK_FILE, MINIFIED, file_reason

# What knows tokens by their form.
TOKENS: tuple[Detector, ...] = (clouds.find, forges.find, services.find, prefixes.find, library.find)
# A longer line is data or minified code, in which any short form comes up by chance.
_LONGEST_LINE = 5_000
# Hunks beyond this many characters are data; detectors take a second for a million.
_LARGEST = 1_000_000
_FAKE = ("example", "xxxx", "0000000", "redacted", "dummy", "fake", "placeholder", "changeme", "sample", "....", "****")
_ROWS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "9876543210", "qwertyuiop")
_LEAST_ROW = 8
_LEAST_BITS = 3.0
_LEAST_LONG = 16


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential on added lines: what was found, where, and the whole text of its first line."""

    span: Span
    line: int
    end_line: int
    row: str
    column: int


def secrets_in(file: ChangedFile, detectors: Sequence[Detector]) -> Iterator[Secret]:
    """Find credentials that touch an added line; each place once. Lock files and minified code hold none."""
    if file_reason(file.path.rpartition("/")[2]) in (LOCK_FILE, MINIFIED, GENERATED):
        return
    seen: set[tuple[int, str]] = set()
    for hunk in file.change.hunks:
        for found in _in_hunk(hunk, detectors):
            key = (found.line, found.span.value)
            if key not in seen and file.touched(found.line, found.end_line):
                seen.add(key)
                yield found


def _in_hunk(hunk: Hunk, detectors: Sequence[Detector]) -> Iterator[Secret]:
    """Find credentials in the new side of a hunk."""
    lines = [line for line in hunk.lines if line.kind != "removed"]
    if not any(line.kind == "added" for line in lines):
        return
    rows = ["" if len(line.text) > _LONGEST_LINE else line.text.removesuffix("\r") for line in lines]
    text = "\n".join(rows)
    if len(text) > _LARGEST:
        return
    starts = [0]
    for row in rows:
        starts.append(starts[-1] + len(row) + 1)
    for detector in detectors:
        for span in detector(text):
            first, last = bisect_right(starts, span.start) - 1, bisect_right(starts, max(span.start, span.end - 1)) - 1
            yield Secret(span, lines[first].new_line, lines[last].new_line, rows[first], span.start - starts[first])


def aside(path: str) -> bool:
    """Say whether what stands in a file is likely made up: tests, examples, documentation, other people's code."""
    return is_test(path) or is_example(path) or is_vendored(path)


def made_up(value: str) -> bool:
    """Say whether a value of a credential's form is plainly none: filler, or a word that says so."""
    low = value.lower()
    if any(word in low for word in _FAKE) or is_placeholder(value):
        return True
    return len(value) >= _LEAST_LONG and entropy(value) < _LEAST_BITS


def in_order(value: str) -> bool:
    """Say whether a value was typed along the keyboard or the alphabet and not drawn."""
    low = value.lower()
    return any(row[at : at + _LEAST_ROW] in low for row in _ROWS for at in range(len(row) - _LEAST_ROW + 1))


def drawn(value: str) -> bool:
    """Say whether a value looks drawn by chance, as keys are."""
    return looks_random(value) and not in_order(value)
