"""A draft of a commit's message from the structure of the change alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from localdev.assistant.commit.dependencies import versions_of
from localdev.assistant.commit.formatting import only_comments, only_layout
from localdev.assistant.commit.kinds import Kind, kind_of
from localdev.assistant.commit.parts import Part
from localdev.assistant.commit.parts_code import code_part, test_part
from localdev.assistant.commit.parts_files import (
    assets,
    deletions,
    docs,
    modes,
    moves,
    plain_files,
    submodules,
    version_parts,
)
from localdev.assistant.commit.symbols import SymbolChange, symbol_changes
from localdev.rules.changed import ChangedFile, ReviewedChange

# What the message is about when several things changed; the rest goes into the text below it.
_ORDER = (
    "code", "version", "moves", "deletions", "dependencies", "build", "ci", "config", "submodule", "test", "docs",
    "layout", "comments", "asset", "mode", "generated", "lock",
)  # fmt: skip
# What goes along with code without being worth a word.
_COMPANIONS = frozenset({"test", "docs", "lock", "generated", "layout", "comments"})
_MOST_LINES = 8
# A list of more things than this is shorter said in one.
_TOO_MANY_LINES = 16
# Reading both syntax trees of more files than this is not worth finding out that only their layout changed.
_MOST_COMPARED = 40
_BRANCH_TYPES = {
    "fix": "fix", "bugfix": "fix", "hotfix": "fix", "bug": "fix", "feature": "feat", "feat": "feat", "perf": "perf",
    "refactor": "refactor", "refactoring": "refactor", "chore": "chore", "docs": "docs", "test": "test", "ci": "ci",
    "build": "build", "style": "style",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """What to say of a change: its type, the subject in ever shorter words, lines for the text below, main paths.

    Words are in the imperative and begin small; `scope` is only set where the type has one of its own (`deps`).
    `breaks` says that code which uses what was changed has to follow.
    """

    type: str
    subjects: tuple[str, ...]
    lines: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    scope: str = ""
    breaks: bool = False


def draft(change: ReviewedChange, *, first: bool = False, branch: str = "") -> Draft:
    """Word a change that is not empty; `first` says that no commit is there yet."""
    if first:
        return Draft("chore", ("initial commit",), paths=())
    parts = sorted(_parts(change), key=_place)
    if parts[0].about == "code" and len(parts) > 1 and parts[0].slight and parts[1].about in ("version", "moves"):
        parts[:2] = [parts[1], parts[0]]
    main = parts[0]
    kind = main.type
    hint = _BRANCH_TYPES.get(re.split(r"[/_-]", branch.lower(), maxsplit=1)[0], "") if "/" in branch else ""
    if main.about == "code" and hint in ("fix", "feat", "perf", "refactor", "chore"):
        kind = hint
    return Draft(kind, main.phrases, _lines(parts), main.paths, main.scope, main.breaks)


def _place(part: Part) -> int:
    """Order parts by what a message is about; tests and documents that went or moved count as such."""
    aside = part.about in ("moves", "deletions") and part.type in ("test", "docs")
    return _ORDER.index(part.type if aside else part.about)


def _lines(parts: Sequence[Part]) -> tuple[str, ...]:
    """Give the lines below the subject; none where it says all, or all but what goes along with code."""
    main, *others = parts
    lines = list(main.lines) if len(main.lines) > 1 else []
    if not lines and all(each.about in _COMPANIONS for each in others) and len(others) < 3:
        return ()
    lines = list(main.lines) if len(main.lines) <= _TOO_MANY_LINES else [main.phrases[0]]
    for each in others:
        lines += each.lines if len(each.lines) <= 2 else [each.phrases[min(1, len(each.phrases) - 1)]]
    lines = list(dict.fromkeys(lines))
    if len(lines) > _MOST_LINES:
        return (*lines[: _MOST_LINES - 1], f"and {len(lines) - _MOST_LINES + 1} more changes")
    return tuple(lines) if len(lines) > 1 else ()


def _parts(change: ReviewedChange) -> Iterator[Part]:
    """Take a change apart by what its files are for."""
    left = list(change.files)
    for about, belongs, make in _BY_STATUS:
        chosen = [file for file in left if belongs(file)]
        if chosen:
            left = [
                file for file in left if file not in chosen and (about != "submodule" or file.path != ".gitmodules")
            ]
            yield from make(about, chosen)
    told = [file for file in left if kind_of(file.path) != "lock"]
    versions = {file.path: found for file in told if (found := versions_of(file.change)) is not None}
    yield from version_parts(versions)
    left = [file for file in left if file.path not in versions]
    groups: dict[Kind, list[ChangedFile]] = {}
    for file in left:
        groups.setdefault(kind_of(file.path), []).append(file)
    yield from _code(groups.pop("code", []), groups.pop("test", []), change)
    for kind, files in groups.items():
        yield _BY_KIND.get(kind, plain_files)(kind, files)


def _code(code: list[ChangedFile], tests: list[ChangedFile], change: ReviewedChange) -> Iterator[Part]:
    """Give the parts about code and tests: layout and comments by themselves, then definitions."""
    if len(code) <= _MOST_COMPARED:
        layout = [file for file in code if only_layout(file)]
        comments = [file for file in code if file not in layout and only_comments(file)]
        code = [file for file in code if file not in layout and file not in comments]
        if layout:
            yield plain_files("layout", layout)
        if comments:
            yield plain_files("comments", comments)
    found: list[SymbolChange] = symbol_changes([*code, *tests]) if code or tests else []
    if code:
        paths = {file.path for file in code}
        yield code_part(code, [each for each in found if each.path in paths], tested=bool(tests))
    if tests:
        paths = {file.path for file in tests}
        yield test_part(tests, [each for each in found if each.path in paths], change)


def _is_moved(file: ChangedFile) -> bool:
    return file.change.status in ("renamed", "copied") and not file.change.hunks


def _is_mode(file: ChangedFile) -> bool:
    change = file.change
    return change.status == "modified" and not change.hunks and not change.binary and change.old_mode != change.new_mode


_BY_STATUS: tuple[
    tuple[str, Callable[[ChangedFile], bool], Callable[[str, list[ChangedFile]], Iterator[Part]]], ...
] = (
    ("submodule", lambda file: file.change.submodule, submodules),
    ("moves", _is_moved, moves),
    ("deletions", lambda file: file.change.status == "deleted", deletions),
    ("mode", _is_mode, modes),
)
_BY_KIND: dict[Kind, Callable[[str, list[ChangedFile]], Part]] = {"docs": docs, "asset": assets}
