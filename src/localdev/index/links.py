"""Which definition a use of a name means: told from names, imports and places alone, and silent where they do not tell.

Nothing here knows types. A use is tied to a definition only inside one family of languages, in a way that the language
allows (a method needs an object before it), and with more evidence the less the name itself says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple

from localdev.index.own_words import own_words

_FAMILIES = {
    **{name: "script" for name in ("javascript", "typescript", "tsx")},
    **{name: "c" for name in ("c", "cpp")},
    # Data and text define keys and headings, which code does not refer to.
    **{name: "" for name in ("html", "css", "json", "yaml", "toml", "markdown", "dockerfile")},
}
# Where a method of the same object is called by its bare name.
_IMPLICIT_SELF = frozenset({"c", "java", "c_sharp", "kotlin", "swift", "scala", "ruby"})
# Where a bare name from another file must have been imported; and those where files of one folder see each other.
_IMPORTING = frozenset({"python", "script", "rust", "go", "java", "kotlin", "scala"})
_FOLDER_IS_PACKAGE = frozenset({"go", "java", "kotlin", "scala"})
_MEMBER_KINDS = frozenset({"method", "field", "property", "constant", "variable"})
# Files that are imported by the name of their folder.
_FOLDER_FILES = frozenset({"__init__", "index", "mod", "lib", "main"})

# How sure a tie is, best first; 0 stands for nothing but the name, and `NONE` for what cannot be.
_EXACT, _SAME_FILE, _IMPORTED_FROM, _IMPORTED, _MENTIONED, _SAME_FOLDER, _NAME_ALONE, NONE = range(7, -1, -1)


class Definition(NamedTuple):
    """A stored definition and the file it stands in."""

    file_id: int
    path: str
    language: str
    name: str
    qualified: str
    kind: str
    parent: str
    start: int
    end: int

    @property
    def family(self) -> str:
        """The family of its language."""
        return family(self.language)

    @property
    def owner(self) -> str:
        """The plain name of what it is part of."""
        return self.parent.rpartition(".")[2]

    @property
    def constructs(self) -> bool:
        """Say whether it is a constructor that bears its class's name."""
        return bool(self.parent) and self.name == self.owner

    @property
    def member(self) -> bool:
        """Say whether it belongs to a class, and is not a class itself."""
        return bool(self.parent) and self.kind in _MEMBER_KINDS


class Use(NamedTuple):
    """One place where a name is used; `via` is as in `Reference`, `imported` says that it is an import."""

    name: str
    line: int
    via: str
    imported: bool


@dataclass(frozen=True, slots=True)
class UsingFile:
    """What is known of a file that uses names: its imports, bases and the lines of every name it uses."""

    file_id: int
    path: str
    language: str
    lines: Mapping[str, Collection[int]]
    imported: frozenset[str]
    bases: frozenset[str]
    modules: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "modules", frozenset(map(_last_of_import, self.imported)))


def family(language: str) -> str:
    """Give the group of languages that call each other's definitions; empty for what is no code."""
    return _FAMILIES.get(language, language)


def meant(use: Use, user: UsingFile, definitions: Sequence[Definition]) -> list[Definition]:
    """Give the definitions a use means: those of one thing, or nothing when it may be several or none of them.

    `definitions` are all those of the name. Several of one thing are overloads, a declaration and its body, or parts.
    """
    # `new Box()` means the class, wherever its constructor stands.
    definitions = [one for one in definitions if not one.constructs] or definitions
    fitting = [(strength(use, user, one), one) for one in definitions]
    best = max((level for level, _ in fitting), default=NONE)
    if best == NONE:
        return []
    found = [one for level, one in fitting if level == best]
    if best in (_IMPORTED, _IMPORTED_FROM):
        nearness = [_nearness(user.path, one.path) for one in found]
        found = [one for near, one in zip(nearness, found, strict=True) if near == max(nearness)]
    named = {one.qualified for one in found}
    if best <= _SAME_FOLDER and (best == _NAME_ALONE or use.via):
        named.update(one.qualified for one in definitions if one.family == found[0].family)
    return [one for one in found if one.qualified in named] if len(named) == 1 else []


def strength(use: Use, user: UsingFile, one: Definition) -> int:
    """Say how surely a use means a definition, looking at nothing but the two."""
    kin = family(user.language)
    if not kin or kin != one.family or not _reachable(use, user, one):
        return NONE
    here = one.file_id == user.file_id
    beside = one.owner != "" and use.line in user.lines.get(one.owner, ())
    if use.name in own_words(kin):
        return _own_word_strength(use, user, one, beside=beside)
    if beside and use.via:
        return _EXACT
    if here:
        return _EXACT if use.via == "own" and one.member else _SAME_FILE
    named = use.name in user.imported or (one.parent != "" and one.parent.partition(".")[0] in user.imported)
    module = _module(one.path) in user.modules
    if named or module:
        return _IMPORTED_FROM if named and module else _IMPORTED
    if one.owner in user.lines or one.owner in user.bases:
        return _MENTIONED
    return _lone_strength(use, user, one)


def _own_word_strength(use: Use, user: UsingFile, one: Definition, *, beside: bool) -> int:
    """Judge a name that the language has itself (`list`, `get`, `string`): only what excludes that meaning counts."""
    here = one.file_id == user.file_id
    if one.member:
        return _EXACT if (beside and use.via) or (here and use.via == "own") else NONE
    if use.via:
        return NONE
    return _SAME_FILE if here else _IMPORTED if use.name in user.imported else NONE


def _lone_strength(use: Use, user: UsingFile, one: Definition) -> int:
    """Judge a use in another file that nothing but the place and the name ties to the definition."""
    neighbours = _folder(user.path) == _folder(one.path)
    if not one.member:
        if use.via == "member":
            return NONE  # `x.run()` on some value is no call of a function `run`, unless `x` is its module
        if not use.via and one.family in _IMPORTING and not (neighbours and one.family in _FOLDER_IS_PACKAGE):
            return NONE
    return _SAME_FOLDER if neighbours else _NAME_ALONE


def _reachable(use: Use, user: UsingFile, one: Definition) -> bool:
    """Say whether the way the name is written can lead to the definition at all."""
    here = one.file_id == user.file_id
    if one.kind == "function" and one.parent:
        return here and not use.via  # inside another function, which alone sees it
    if not one.member:
        return use.via != "own"
    if use.via == "own":
        return here or one.owner in user.bases
    if use.via or use.imported:
        return True
    return one.family in _IMPLICIT_SELF and (here or one.owner in user.bases or one.owner in user.lines)


def own_ones(definitions: Sequence[Definition], within: str, bases: Collection[str]) -> list[Definition]:
    """Of several definitions keep those that `self` may reach inside the definition `within`.

    Those are the members of the innermost thing around that has any, else those of the classes the file builds on.
    """
    while within:
        inside = [one for one in definitions if one.parent == within]
        if inside:
            return inside
        within = within.rpartition(".")[0]
    return [one for one in definitions if one.owner in bases]


def _module(path: str) -> str:
    """Give the name a file is imported by: its own without ending, or its folder's."""
    folder, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    above = folder.rpartition("/")[2]
    return above if (stem in _FOLDER_FILES and above) or name.endswith(".go") else stem


def _last_of_import(text: str) -> str:
    """Give the last part of what an import names: `./lib/core.js` -> core, `a.b.c` -> c, `net/http` -> http."""
    last = text.rstrip("/").rpartition("/")[2]
    if "/" in text or last.endswith((".h", ".hpp", ".hh", ".js", ".ts")):
        return last.partition(".")[0] or last
    return last.rpartition(".")[2].rpartition("\\")[2]


def _folder(path: str) -> str:
    """Give the folder of a path."""
    return path.rpartition("/")[0]


def _nearness(path: str, other: str) -> int:
    """Give the number of leading folders two paths share."""
    pairs = zip(_folder(path).split("/"), _folder(other).split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
