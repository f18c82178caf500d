"""Which symbol a proposal is for: `PATH::symbol`, found in the syntax tree or refused with the nearest names."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from localdev.assistant.gen.files import Files
from localdev.core.code import Symbol
from localdev.core.errors import NotFound, UsageError
from localdev.source.syntax.definitions import Definition, definitions
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, read_syntax

_EXAMPLE = "name it as PATH::symbol, for example src/app.py::Session.get"
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Target:
    """A symbol in a file: `text` is the file exactly as on disk, and `tree` is of that text."""

    path: str
    text: str
    tree: SyntaxTree
    definition: Definition

    @property
    def symbol(self) -> Symbol:
        """What the index knows of it."""
        return self.definition.symbol

    @property
    def node(self) -> SyntaxNode:
        """The definition itself."""
        return self.definition.node

    @property
    def outer(self) -> SyntaxNode:
        """The definition with all that belongs to it (`export`, decorators), without documentation before it."""
        return self.definition.outer

    @property
    def code(self) -> str:
        """The definition's lines as they stand, decorators included."""
        lines = self.text.split("\n")[self.outer.start_point[0] : self.outer.end_point[0] + 1]
        return "\n".join(line.removesuffix("\r") for line in lines)

    def code_within(self, most_characters: int) -> str:
        """Give the definition's lines; of longer ones the beginning and the end."""
        half = most_characters // 2
        return self.code if len(self.code) <= most_characters else f"{self.code[:half]}\n...\n{self.code[-half:]}"


def open_file(files: Files, path: str) -> tuple[str, SyntaxTree]:
    """Give a file's text and tree.

    Raises:
        NotFound: there is no such file; the nearest paths are named.
        UsageError: it is no text file, or has no syntax that can be read.
    """
    text = files.read(path)
    if text is None and files.exists(path):
        raise UsageError(
            f"{path} cannot be read as code: it is no plain text file, or a very large one",
            "name a file of source code",
        )
    if text is None:
        raise NotFound(f"there is no source file {path}", _nearest(path, files.paths) or _EXAMPLE)
    tree = read_syntax(path, text)
    if tree is None:
        raise UsageError(f"the language of {path} is not one whose syntax can be read", "name a file of source code")
    return text, tree


def find_target(files: Files, written: str) -> Target:
    """Find `PATH::symbol`: the plain or the qualified name, and `@LINE` behind it where several have that name.

    Raises:
        NotFound: there is no such file or symbol; the nearest are named.
        UsageError: it is not of that form, may mean several symbols, or the file's syntax cannot be read.
    """
    path, mark, name = written.partition("::")
    if not mark or not path or not name:
        raise UsageError(f"{written!r} names no symbol", _EXAMPLE)
    text, tree = open_file(files, path)
    name, _, line = name.replace("::", ".").partition("@")
    every = definitions(tree)
    found = _named(every, name)
    if line:
        found = [each for each in found if str(each.symbol.start_line) == line]
    if not found:
        raise _missing(path, f"{name}@{line}" if line else name, every)
    if len(found) > 1:
        places = ", ".join(f"{path}::{each.symbol.qualified}@{each.symbol.start_line}" for each in found[:_MOST_NAMED])
        raise UsageError(f"{name} may be any of {len(found)} symbols of {path}", f"write one of: {places}")
    return Target(path, text, tree, found[0])


def _named(every: Sequence[Definition], name: str) -> list[Definition]:
    """Give the definitions of a qualified name, else those of a plain or partly qualified one."""
    exact = [each for each in every if each.symbol.qualified == name]
    return exact or [each for each in every if each.symbol.name == name or each.symbol.qualified.endswith(f".{name}")]


def _missing(path: str, name: str, every: Sequence[Definition]) -> NotFound:
    """Word that there is no such symbol, with what is there."""
    names = list(dict.fromkeys(each.symbol.qualified for each in every))
    if not names:
        return NotFound(f"{path} defines nothing that could be {name}", _EXAMPLE)
    plain = {each.rpartition(".")[2]: each for each in reversed(names)}
    close = difflib.get_close_matches(name, names, n=_MOST_NAMED, cutoff=0.5)
    close += [plain[each] for each in difflib.get_close_matches(name.rpartition(".")[2], list(plain), n=_MOST_NAMED)]
    near = list(dict.fromkeys(close))[:_MOST_NAMED]
    hint = f"did you mean {', '.join(near)}?" if near else f"it defines {', '.join(names[:_MOST_NAMED])}"
    more = len(names) - _MOST_NAMED
    return NotFound(f"{path} defines no {name}", hint + (f" and {more} more" if not near and more > 0 else ""))


def _nearest(path: str, paths: Sequence[str]) -> str:
    """Name the paths most like one that is not there."""
    last = path.rpartition("/")[2]
    same = [known for known in paths if known.rpartition("/")[2] == last]
    near = (same or difflib.get_close_matches(path, paths, n=3))[:3]
    return f"did you mean {', '.join(near)}?" if near else ""
