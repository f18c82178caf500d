"""Ticket ids: how a history carries them, and which one a branch is named after."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from localdev.source.messages import PastMessage

Place = Literal["front", "scope", "text", "end", "trailer"]

_ID = re.compile(r"(?<![\w-])(?P<key>[A-Z][A-Z0-9]{1,9})-(?P<number>\d{1,6})(?![\w-])")
_NUMBER = re.compile(r"(?<![\w#])#\d{1,6}(?!\w)")
_PULL_REQUEST = re.compile(r"\s*\((?:#|!|GH-)\d+\)\Z")
# Standards and the like that look like ids.
_NO_KEYS = frozenset({
    "UTF", "SHA", "ISO", "RFC", "CVE", "CWE", "GHSA", "MD", "PEP", "HTTP", "IPV", "UTC", "BASE", "AES", "RSA", "CP",
    "KOI", "EC", "ES", "ECMA", "GPT", "X", "JSR",
})  # fmt: skip
_LEAST_SHARE = 0.3
_TRAILER = r"(?P<trailer>[A-Z][A-Za-z-]{2,20}:? )(?P<id>%s)\s*\Z"
_IN_BRANCH = re.compile(r"(?:^|[/_-])(?P<key>[A-Za-z][A-Za-z0-9]{1,9})-(?P<number>\d{1,6})(?=$|[/_.-])")
_NUMBER_IN_BRANCH = re.compile(r"(?:^|[/_-])(?P<number>\d{1,6})(?=$|[/_-])")


@dataclass(frozen=True, slots=True)
class TicketHabit:
    """Where ids stand: `form` is what is written there, `{id}` for the id; `keys` are the projects' short names.

    `numbered` says that ids are `#12`. `front` is before all else, `text` behind a type or label.
    """

    place: Place
    form: str
    keys: frozenset[str] = frozenset()
    numbered: bool = False

    def removed(self, subject: str) -> str:
        """Give a subject without its id, so that the rest of its form shows."""
        if self.place in ("scope", "trailer"):
            return subject
        pattern = re.escape(self.form).replace(r"\{id\}", _NUMBER.pattern if self.numbered else _PLAIN_ID)
        return re.sub(pattern, "", subject, count=1).strip()


_PLAIN_ID = _ID.pattern.replace("?P<key>", "?:").replace("?P<number>", "?:")


def ticket_habit(past: Sequence[PastMessage]) -> TicketHabit | None:
    """Learn how ids are carried; None where at most three of ten messages carry one."""
    for pattern, numbered in ((_ID, False), (_NUMBER, True)):
        places: Counter[tuple[Place, str]] = Counter()
        keys: set[str] = set()
        for each in past:
            found = _found(each, pattern)
            if found is not None:
                places[found[:2]] += 1
                keys.add(found[2])
        if past and places.total() > _LEAST_SHARE * len(past):
            (place, form), _ = places.most_common(1)[0]
            return TicketHabit(place, form, frozenset(keys), numbered)
    return None


def ticket_of(branch: str, habit: TicketHabit | None) -> str:
    """Give the id that a branch is named after (`feature/ABC-12-cart` -> `ABC-12`), empty for none.

    One in small letters counts when the history knows its project, a plain number when the history has such ids.
    """
    if habit is not None and habit.numbered:
        found = _NUMBER_IN_BRANCH.search(branch)
        return f"#{found['number']}" if found else ""
    known = habit.keys if habit else frozenset()
    for found in _IN_BRANCH.finditer(branch):
        key = found["key"].upper()
        if key in known or (found["key"] == key and key not in _NO_KEYS):
            return f"{key}-{found['number']}"
    return ""


def _found(message: PastMessage, pattern: re.Pattern[str]) -> tuple[Place, str, str] | None:
    """Find the id of one message: its place, how it is written, and its key."""
    subject = _PULL_REQUEST.sub("", message.subject)
    found = next((each for each in pattern.finditer(subject) if _key(each) not in _NO_KEYS), None)
    if found is not None:
        place = _place(subject, found)
        return None if place is None else (*place, _key(found))
    rows = message.body.split("\n")
    for row in reversed(rows):
        trailer = re.match(_TRAILER % pattern.pattern, row)
        if trailer and _key(trailer) not in _NO_KEYS:
            return "trailer", f"{trailer['trailer']}{{id}}", _key(trailer)
    return None


def _key(found: re.Match[str]) -> str:
    """Give the project of an id; numbers have none."""
    return str(found.groupdict().get("key") or "")


def _place(subject: str, found: re.Match[str]) -> tuple[Place, str] | None:
    """Say where an id stands in a subject, with the signs around it."""
    before, after = subject[: found.start()], subject[found.end() :]
    if re.fullmatch(r"\w+\(", before) and after.startswith("):"):
        return "scope", "{id}"
    opening = re.search(r"[\[(]?\Z", before)
    lead = opening[0] if opening else ""
    behind = re.match(r"[\])]?\s*(?:[:|]|-(?= )|–)?\s+", after)
    if before == lead and behind:
        return "front", f"{lead}{{id}}{behind[0]}"
    head = before.removesuffix(lead)
    if re.fullmatch(r"[^\s:]+: ", head) and behind:
        return "text", f"{lead}{{id}}{behind[0]}"
    closing = re.fullmatch(r"[\])]?\.?", after)
    if closing is not None:
        gap = re.search(
            r"(?:,| -|;)?\s+(?:(?:refs?|see|fix(?:e[sd])?|close[sd]?|for|re)[:]?\s+)?\Z", head, re.IGNORECASE
        )
        return ("end", f"{gap[0]}{lead}{{id}}{closing[0]}") if gap else None
    return None
