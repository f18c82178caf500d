"""How a repository words its commits, learned from the subjects of its history."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from localdev.assistant.commit.kinds import kind_of
from localdev.assistant.commit.moods import Mood, mood_of
from localdev.assistant.commit.tickets import TicketHabit, ticket_habit
from localdev.source.messages import PastMessage

Form = Literal["conventional", "label", "tag", "plain"]
Emoji = Literal["", "sign", "code"]

# Of https://www.conventionalcommits.org and the list that commitlint ships for it.
TYPES = ("feat", "fix", "docs", "style", "refactor", "perf", "test", "build", "ci", "chore", "revert")
_ALSO_TYPES = frozenset({*TYPES, "feature", "bugfix", "hotfix", "doc", "tests", "deps", "release", "wip", "chores"})
LONGEST = 72
# Fewer subjects than these show no habit.
LEAST_HISTORY = 8
_CLEAR = 0.5
_OWN_TYPES = {"docs": "docs", "test": "test", "ci": "ci", "build": "build", "lock": "build"}
# These say what a change does, whatever kind of file it is made in.
_NEVER_USUAL = frozenset({"feat", "feature", "fix", "bugfix", "hotfix"})
_MOST_PATHS = 50

_TYPED = re.compile(r"(?P<type>[A-Za-z]{2,12})(?:\((?P<scope>[^()]{1,60})\))?!?:\s+(?P<rest>\S.*)\Z")
_LABELLED = re.compile(r"(?P<label>[\w.@+*/-]+(?:(?:,\s?| |\|)[\w.@+*/-]+){0,3}):\s+(?P<rest>\S.*)\Z")
_TAGGED = re.compile(r"\[(?P<label>[^\[\]]{1,40})\]:?\s*(?P<rest>\S.*)\Z")
_EMOJI_CODE = re.compile(r":[a-z0-9_+-]+:\s*")
_EMOJI_SIGN = re.compile("[\u2190-\u2bff\u3030\u303d\U0001f000-\U0001faff][\ufe0f\u200d\U0001f3fb-\U0001f3ff]*\\s*")
_PULL_REQUEST = re.compile(r"\s*\((?:#|!|GH-)\d+\)\Z")
# What programs write: their habits are not the team's.
_BY_A_PROGRAM = re.compile(
    r"(?:fixup|squash|amend)! |Merge |Revert \"|(?:build\(deps[^)]*\): |chore\(deps[^)]*\): )?[Bb]ump \S+ from |"
    r"\[pre-commit\.ci\]|(?:chore\(release\): )?v?\d+\.\d+[\w.-]*\Z"
)
_LETTER = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Labelled:
    """The label, scope or tag of a past commit and the paths it touched."""

    label: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """A repository's way with subjects.

    `types` are those it uses, most used first; `usual` maps the type that commits to nothing but documents, tests, CI
    or build files would have to the one that they have here. `scoped` says whether types usually carry a scope. `marks`
    are the labels, scopes or tags with their paths. `typical` is the length that nine of ten subjects keep to, in
    characters; `bodies` the share of commits with text below the subject. `subjects` counts what was learned from.
    """

    form: Form = "conventional"
    emoji: Emoji = ""
    types: tuple[str, ...] = ()
    usual: tuple[tuple[str, str], ...] = ()
    scoped: bool = True
    marks: tuple[Labelled, ...] = ()
    mood: Mood = "imperative"
    capital: bool = False
    full_stop: bool = False
    typical: int = LONGEST
    bodies: float = 1.0
    ticket: TicketHabit | None = None
    subjects: int = 0
    examples: tuple[str, ...] = ()

    @property
    def typed_tags(self) -> bool:
        """Say whether what stands in the brackets of tags are types of change and not places."""
        known = [each.label.lower() in _ALSO_TYPES for each in self.marks]
        return self.form == "tag" and sum(known) * 2 > len(known)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A subject taken apart; `form` is what it follows."""

    form: Form
    rest: str
    emoji: Emoji
    type: str = ""
    label: str = ""


def learn(past: Sequence[PastMessage], wanted: str = "auto") -> Style:
    """Learn from past messages, the newest first. `wanted` is `auto`, `conventional` or `repository`.

    A history that is too short, or follows no one form in most of its subjects, gives Conventional Commits; with
    `repository` its most frequent form counts all the same.
    """
    own = [each for each in past if not _BY_A_PROGRAM.match(each.subject) and _LETTER.search(each.subject)]
    ticket = ticket_habit(own)
    read = [_taken_apart(ticket.removed(each.subject) if ticket else each.subject) for each in own]
    form = _form(read) if wanted != "conventional" else "conventional"
    if len(own) < (1 if wanted == "repository" else LEAST_HISTORY) or form is None:
        if wanted != "repository" or not own:
            return Style(ticket=ticket, subjects=len(own))
        form = Counter(each.form for each in read).most_common(1)[0][0]
    if form == "label":  # among labels a type is one of them
        read = [replace(each, form=form, label=each.type) if each.form == "conventional" else each for each in read]
    fitting = [(each, parts) for each, parts in zip(own, read, strict=True) if parts.form == form]
    return _style(own, fitting or list(zip(own, read, strict=True)), form, ticket)


def _style(
    own: Sequence[PastMessage], fitting: Sequence[tuple[PastMessage, _Parts]], form: Form, ticket: TicketHabit | None
) -> Style:
    """Put the habits of the subjects that follow the form together."""
    read = [parts for _, parts in fitting]
    rests = [parts.rest for parts in read]
    letters = [rest for rest in rests if rest[:1].isalpha()]
    emojis = Counter(parts.emoji for parts in read)
    lengths = sorted(len(_PULL_REQUEST.sub("", each.subject)) for each in own)
    return Style(
        form,
        emojis.most_common(1)[0][0],
        tuple(name for name, _ in Counter(parts.type for parts in read if parts.type).most_common()),
        _usual(fitting),
        form != "conventional" or _share(bool(parts.label) for parts in read) >= 0.3,
        tuple(Labelled(parts.label, each.paths) for each, parts in fitting if parts.label),
        mood_of(rests),
        _share(rest[0].isupper() for rest in letters) > _CLEAR,
        _share(rest.endswith(".") and not rest.endswith("..") for rest in rests) > _CLEAR,
        min(LONGEST, max(50, lengths[int(len(lengths) * 0.9)] if len(lengths) > 1 else LONGEST)),
        _share(bool(_prose(each.body)) for each in own),
        ticket,
        len(own),
        tuple(each.subject for each, _ in fitting[:8] if each.subject.isprintable()),
    )


def _usual(fitting: Sequence[tuple[PastMessage, _Parts]]) -> tuple[tuple[str, str], ...]:
    """Learn which types stand before commits to one kind of file, where a type of its own would not be used there."""
    counts: dict[str, Counter[str]] = {}
    for message, parts in fitting:
        kinds = {_OWN_TYPES.get(kind_of(path), "") for path in message.paths[:_MOST_PATHS]}
        own = kinds.pop() if len(kinds) == 1 else ""
        if own and parts.type:
            counts.setdefault(own, Counter())[parts.type] += 1
    first = {own: (*found.most_common(1)[0], found.total()) for own, found in counts.items()}
    return tuple(
        (own, word)
        for own, (word, count, of) in first.items()
        if word != own and count > max(1, _CLEAR * of) and word.lower() not in _NEVER_USUAL
    )


def _form(read: Sequence[_Parts]) -> Form | None:
    """Give the form that most subjects follow; None where none does."""
    if not read:
        return None
    counts = Counter(parts.form for parts in read)
    # A team with labels may call one of them `docs` or `test`; one with types has hardly any other word there.
    if counts["conventional"] < counts["label"]:
        counts["label"] += counts.pop("conventional", 0)
    form, count = counts.most_common(1)[0]
    return form if count > _CLEAR * len(read) else None


def _taken_apart(subject: str) -> _Parts:
    """Take a subject apart."""
    text = _PULL_REQUEST.sub("", subject).strip()
    emoji: Emoji = ""
    for pattern, kind in ((_EMOJI_CODE, "code"), (_EMOJI_SIGN, "sign")):
        if found := pattern.match(text):
            text, emoji = text[found.end() :], "code" if kind == "code" else "sign"
            break
    if (found := _TYPED.match(text)) and found["type"].lower() in _ALSO_TYPES:
        return _Parts("conventional", found["rest"], emoji, found["type"], found["scope"] or "")
    if found := _TAGGED.match(text):
        return _Parts("tag", found["rest"], emoji, label=found["label"])
    if found := _LABELLED.match(text):
        return _Parts("label", found["rest"], emoji, label=found["label"])
    return _Parts("plain", text, emoji)


def _prose(body: str) -> str:
    """Give the text below a subject without its trailers."""
    rows = [row for row in body.split("\n") if not re.match(r"[A-Za-z][\w-]*(?:-by|s|es)?: \S", row)]
    return "\n".join(rows).strip()


def _share(facts: Iterable[bool]) -> float:
    """Give the share of those that hold."""
    found = list(facts)
    return statistics.fmean(found) if found else 0.0
