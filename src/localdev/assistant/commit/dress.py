"""A draft put into a repository's own style: type, scope or label, mood, capital, full stop, ticket, width."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from localdev.assistant.commit.moods import in_mood
from localdev.assistant.commit.style import LEAST_HISTORY, LONGEST, TYPES, Style
from localdev.assistant.commit.words import component

WIDTH = 72
# The signs and codes of https://gitmoji.dev for the types of Conventional Commits.
_EMOJI = {
    "feat": ("✨", ":sparkles:"), "fix": ("🐛", ":bug:"), "docs": ("📝", ":memo:"), "style": ("🎨", ":art:"),
    "refactor": ("♻️", ":recycle:"), "perf": ("⚡️", ":zap:"), "test": ("✅", ":white_check_mark:"),
    "build": ("📦️", ":package:"), "ci": ("👷", ":construction_worker:"), "chore": ("🔧", ":wrench:"),
    "revert": ("⏪️", ":rewind:"),
}  # fmt: skip
# Words that histories use in place of a type.
_SYNONYMS = {
    "feat": ("feature", "add"), "fix": ("bugfix", "hotfix", "bug"), "docs": ("doc",), "test": ("tests",),
    "build": ("deps", "chore"), "ci": ("build", "chore"), "perf": ("refactor",), "style": ("chore", "refactor"),
    "chore": ("chores", "build", "misc"),
}  # fmt: skip
# A file's name may hold anything: what ends a line, drives a terminal, hides or is no text must not get into a message.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
# A past commit says nothing of a change with which it shares less of their files and folders than this.
_LEAST_ALIKE = 0.2
# Of what such commits are called a mark needs this share: the wrong one misleads more than none.
_LEAST_VOTES = 0.5
_MOST_PATHS = 200
_LEAST_BODIES = 0.05


@dataclass(frozen=True, slots=True)
class Worded:
    """A message in the repository's style; `text` is all of it as it would be committed, without a last line feed."""

    subject: str
    body: str
    type: str
    scope: str
    ticket: str = ""

    @property
    def text(self) -> str:
        """The subject, and the body below an empty line."""
        return f"{self.subject}\n\n{self.body}" if self.body else self.subject


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for: a type or scope; empty leaves it to the style. `ticket` is the branch's."""

    type: str = ""
    scope: str = ""
    ticket: str = ""


def scope_of(style: Style, paths: Sequence[str], everything: frozenset[str]) -> str:
    """Choose the scope, label or tag for paths: the one that past commits there carry, else their component."""
    if not style.scoped or style.form == "plain" or style.typed_tags:
        return ""
    voted = _voted(style, paths)
    if voted or not style.marks:
        return voted or (component(paths, everything) if paths else "")
    found = component(paths, everything)
    known = {each.label.lower() for each in style.marks}
    # A label that the history never used is no better than none, but a subject of this form needs one.
    return found if found.lower() in known or style.form != "conventional" else ""


def type_in(style: Style, kind: str) -> str:
    """Give the word that a history uses for a type."""
    kind = dict(style.usual).get(kind, kind)
    if not style.types or kind in style.types:
        return kind
    by_word = {name.lower(): name for name in reversed(style.types)}
    return next((by_word[word] for word in (kind, *_SYNONYMS.get(kind, ())) if word in by_word), kind)


def subject_line(style: Style, text: str, *, kind: str, scope: str, ticket: str = "") -> str:
    """Put one subject together, whatever its length; `kind` ends in `!` where others have to follow the change."""
    kind, mark = kind.rstrip("!"), "!" * kind.endswith("!")
    rest = in_mood(text, style.mood)
    if rest[:1].isalpha() and _is_word(rest):
        rest = (rest[0].upper() if style.capital else rest[0].lower()) + rest[1:]
    rest = rest.rstrip(".") + ("." if style.full_stop else "")
    habit = style.ticket if ticket else None
    if habit is not None and habit.place == "scope":
        scope = ticket
    if habit is not None and habit.place == "text":
        rest = habit.form.replace("{id}", ticket) + rest
    line = _headed(style, rest, kind=kind, scope=scope, mark=mark)
    if style.emoji:
        line = f"{_EMOJI.get(kind, _EMOJI['chore'])[style.emoji == 'code']} {line}"
    if habit is not None and habit.place == "front":
        line = habit.form.replace("{id}", ticket) + line
    if habit is not None and habit.place == "end":
        line = line.rstrip(".") + habit.form.replace("{id}", ticket)
    return line


def _headed(style: Style, rest: str, *, kind: str, scope: str, mark: str) -> str:
    """Put what stands before the colon, or in brackets, in front."""
    if style.form == "conventional":
        return f"{type_in(style, kind)}{f'({scope})' if scope else ''}{mark}: {rest}"
    if style.form == "tag":
        tag = _tag(style, kind) if style.typed_tags else scope
        return f"[{tag}] {rest}" if tag else rest
    return f"{scope}: {rest}" if style.form == "label" and scope else rest


def _tag(style: Style, kind: str) -> str:
    """Give the tag that stands for a type, written as the history writes tags."""
    tags = tuple(tag for tag, _ in Counter(each.label for each in style.marks).most_common())
    by_word = {tag.lower(): tag for tag in reversed(tags)}
    word = next((word for word in (kind, *_SYNONYMS.get(kind, ())) if word in by_word), "")
    return by_word.get(word, kind.upper() if tags and tags[0].isupper() else kind)


def worded(
    style: Style, subjects: Sequence[str], lines: Sequence[str], *, kind: str, scope: str, ticket: str = ""
) -> Worded:
    """Choose the first of ever shorter subjects that fits, and set the lines below it as a list."""
    room = min(LONGEST, style.typical)
    subjects, lines = ([_UNPRINTABLE.sub("?", text) for text in texts] for texts in (subjects, lines))
    ways = [(text, subject_line(style, text, kind=kind, scope=scope, ticket=ticket)) for text in subjects]
    ways += [(text, subject_line(style, text, kind=kind, scope="", ticket=ticket)) for text in subjects]
    fitting = next((way for most in (room, LONGEST) for way in ways if len(way[1]) <= most), None)
    text, line = fitting or (ways[-1][0], _cut(ways[-1][1]))
    listed = [_item(in_mood(each, style.mood), capital=style.capital) for each in lines]
    # What the subject says in full need not be said again, and hardly anybody writes bodies in some repositories.
    wanted = style.bodies >= _LEAST_BODIES and not all(_covered(each, text) for each in lines)
    body = with_trailer("\n".join(listed) if wanted else "", style, ticket)
    return Worded(line, body, type_in(style, kind.rstrip("!")), scope, ticket)


def _covered(line: str, text: str) -> bool:
    """Say whether a text names all that a line does, whatever it says of it."""
    return all(word.rpartition("/")[2].rstrip(",") in text for word in line.split()[1:])


def with_trailer(body: str, style: Style, ticket: str) -> str:
    """Add the ticket's trailer where the history has such, or has shown no habit yet."""
    habit = style.ticket
    form = habit.form if habit is not None and habit.place == "trailer" else "Refs: {id}" if habit is None else ""
    if not ticket or not form or (habit is None and style.subjects >= LEAST_HISTORY):
        return body
    trailer = form.replace("{id}", ticket)
    return f"{body}\n\n{trailer}" if body else trailer


def wrapped(text: str) -> str:
    """Fold paragraphs and list items at 72 characters; words are left whole."""
    rows = []
    for row in text.split("\n"):
        mark = re.match(r"\s*(?:[-*•]|\d+[.)])\s+", row)
        indent = " " * len(mark[0]) if mark else ""
        rows.append(
            textwrap.fill(row, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
            if len(row) > WIDTH
            else row.rstrip()
        )
    return "\n".join(rows).strip("\n")


def _item(text: str, *, capital: bool) -> str:
    """Set one line of the list."""
    text = text[:1].upper() + text[1:] if capital and _is_word(text) else text
    return wrapped(f"- {text}")


def _is_word(text: str) -> bool:
    """Say whether a text begins with an ordinary word, which may change its first letter."""
    first = re.split(r"\s", text, maxsplit=1)[0]
    return first.isalpha() and (first.islower() or first[1:].islower())


def _cut(line: str) -> str:
    """Cut a subject that nothing else makes short enough at a word."""
    return textwrap.shorten(line, LONGEST, placeholder=" ...") if " " in line[:LONGEST] else line[: LONGEST - 3] + "..."


def _voted(style: Style, paths: Sequence[str]) -> str:
    """Give the mark of those past commits that touched the same files and folders, and little else."""
    here = {up for path in paths[:_MOST_PATHS] for up in _ups(path)}
    often = Counter(each.label for each in style.marks)
    votes: dict[str, float] = {}
    near: dict[str, list[float]] = {}
    for each in style.marks:
        if often[each.label] < 2:  # made up for one commit, as labels in words are
            continue
        there = {up for path in each.paths[:_MOST_PATHS] for up in _ups(path)}
        alike = len(here & there) / len(here | there) if here and there else 0.0
        if alike >= _LEAST_ALIKE:
            near.setdefault(each.label, []).append(alike)
        # Many commits that are a little alike must not outvote the few that are much alike.
        votes[each.label] = votes.get(each.label, 0.0) + alike**3
    if not near:
        return ""
    label = max(votes, key=lambda each: votes[each])
    if votes[label] < _LEAST_VOTES * sum(votes.values()):
        return ""
    # One commit that touched this among other things names the others.
    if len(near.get(label, ())) < 2 and max(near.get(label, (0.0,))) < 1:
        return ""
    return label if label.lower() not in TYPES or style.form != "conventional" else ""


def _ups(path: str) -> list[str]:
    """Give a path and the folders above it, the nearest first."""
    parts = path.split("/")
    return ["/".join(parts[:at]) for at in range(len(parts), 0, -1)]
