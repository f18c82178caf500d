"""A name or a file that a change takes away while other files still use it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.places import is_vendored
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.signature.callers import family_of
from localdev.rules.signature.left_behind import used_at
from localdev.rules.signature.parameters import stem
from localdev.rules.signature.removed_names import Removed, removed_names
from localdev.rules.words import words
from localdev.source.languages import language_of
from localdev.source.parse import parse_file
from localdev.source.syntax.tree import SyntaxTree, read_syntax

_LANGUAGES = words("python javascript typescript tsx go rust java c cpp c_sharp ruby php")
_MODULES = words("python javascript typescript tsx")
# Which name is meant in these is known by the name alone: no other file may define it.
_ALONE = words("go c cpp c_sharp ruby php rust java")
# The bounds of looking through a repository.
_MOST_NAMES, _MOST_FILES, _SECONDS = 100, 1_500, 2.0
_NAMED = 3


def _check(change: ReviewedChange) -> Iterator[Found]:
    """Look for what each file no longer defines."""
    until = time.monotonic() + _SECONDS
    for file in change.files:
        if file.partial or not change.paths or (not file.removed and file.change.old_path == file.path):
            continue
        if not file.change.old_path or file.language not in _LANGUAGES or is_vendored(file.path):
            continue
        gone = list(_gone(change, file))[:_MOST_NAMES]
        if gone:
            yield from _left(change, file, gone, until)


def _gone(change: ReviewedChange, file: ChangedFile) -> Iterator[Removed]:
    """Give the file itself where it is gone as a module, else the names that went from it."""
    old = file.change.old_path
    if old not in change.paths and file.language in _MODULES and file.change.status in ("deleted", "renamed"):
        yield Removed(stem(old), "module", old, 0 if file.new_text is None else 1, whole=True)
    elif old not in change.paths and file.change.status == "renamed" and file.language == "python":
        return
    else:
        yield from removed_names(file)


def _left(change: ReviewedChange, file: ChangedFile, gone: list[Removed], until: float) -> Iterator[Found]:
    """Find the files that still use any of the names."""
    word = re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(each.name) for each in gone)})(?!\w)")
    uses: dict[str, list[str]] = {each.name: [] for each in gone}
    defined: set[str] = set()
    for path in _candidates(change, file):
        text = change.sides.new_text(path) or ""
        mentioned = set(word.findall(text))
        if mentioned and (tree := _tree(change, path, text)) is not None:
            defined |= mentioned & _defines(path, text)
            for each in gone:
                at = used_at(each, path, text, tree, change.paths) if each.name in mentioned else 0
                uses[each.name] += [f"{path}:{at}"] if at else []
        if time.monotonic() > until:
            break
    for each in gone:
        unclear = each.name in defined and file.language in _ALONE
        if uses[each.name] and not unclear:
            yield _told(file, each, uses[each.name])


def _defines(path: str, text: str) -> set[str]:
    """Give the names that a file defines, by macros too."""
    macros = re.findall(r"^\s*#\s*define\s+(\w+)|^\s*(?:class_)?alias\w*\W+(\w+)", text, re.MULTILINE)
    return {each.name for each in parse_file(path, text).symbols} | {name for pair in macros for name in pair}


def _candidates(change: ReviewedChange, file: ChangedFile) -> Iterator[str]:
    """Give the other files of a language, those near by first."""
    family, folder = family_of(file.language), file.path.rpartition("/")[0]
    same = [each for each in change.paths if language_of(each) in family and not is_vendored(each)]
    same.sort(key=lambda each: (each.rpartition("/")[0] != folder, each))
    yield from same[:_MOST_FILES]


def _tree(change: ReviewedChange, path: str, text: str) -> SyntaxTree | None:
    """Parse a file of the new side."""
    changed = next((each for each in change.files if each.path == path), None)
    return changed.new_syntax if changed is not None else read_syntax(path, text)


def _told(file: ChangedFile, gone: Removed, uses: list[str]) -> Found:
    """Say what is gone and who still uses it."""
    more = f" and {len(uses) - _NAMED} more" if len(uses) > _NAMED else ""
    what = f"the file {gone.path}" if gone.whole else f"`{gone.name}`"
    still = "is still used" if gone.whole else "is not defined here any more, and is still used"
    prefix = f"{what} is gone, and " if gone.whole else f"{what} "
    said = f"{prefix}{still}: {', '.join(uses[:_NAMED])}{more}"
    return Found(file.path, gone.line, said, suggestion="change its users too, or keep the old name working")


def _example(users: str) -> Example:
    """Make an example whose users import a name."""
    rows = "def greeting(name):\n    return f'Hello {name}'\n"
    user = f"from shop.users import {users}\n\n\ndef page(name):\n    return {users}(name)\n"
    return Example("shop/users.py", rows, rows.replace("greeting", "greet"), (("shop/page.py", user),))


RULE = Rule(
    id="symbol-removed",
    family="signature",
    severity="high",
    title="A name is gone, and others still use it",
    explanation=(
        "A function, class, constant or file was renamed, moved or deleted, and other files still import or call it "
        "under its old name: they fail when they run, or do not compile. Only uses are told that surely mean it; names "
        "that are handed on, kept as an alias or defined elsewhere are left alone. Change the users, or keep the old "
        "name working."
    ),
    bad=_example("greet"),
    good=_example("greeting"),
    check=_check,
)
