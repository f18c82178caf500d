"""Which language a file is in, and what the parser must know of each language.

How a language is added:

1. Add one `Language` row to a family file: `languages_code.py`, or a new `languages_<family>.py` named in
   `languages()`.
   A row without `grammar` only names the language; its files are cut by lines.
2. With a grammar, write `queries/<name>.scm`. Captures the engine (`symbols.py`) understands:

   * `@definition.<kind>` on the whole node, with `@name` on its name in the same pattern (kinds: `core.code.Symbol`).
     `@body` marks where the signature ends, and that what is inside is nested in it (`Outer.inner`); `@cut` ends the
     signature only. A definition without `@body` is a leaf: its signature is its whole text, cut. `@parent` (Go
     receivers) names the enclosing type when it is not around the node; it may be there more than once. A name such
     as `A::b` is split at `separators`: all but the last part are parents. Without separators a name stands as it
     is, but for its quotes.
   * `@level.<n>` (1 to 6) beside a definition makes it a heading: it reaches to the next of its level or above.
   * `@scope` (with `@name`) nests like a definition but is no symbol itself: a Rust `impl` block.
   * `@outer` is a node around a definition that ends where it ends (decorators, `export`, `template <...>`): the
     definition's span starts there.
   * `@attribute` is an annotation: it is left out of signatures, and one on lines of its own directly above a
     definition belongs to it.
   * `@comment` is any comment; the ones directly above a definition, equally indented, become its documentation.
     `@docstring` is documentation inside: it stands before any definition of the file, or starts where a `@body`
     does; where it stands further in, `@docstring.body` marks that body.
   * `@reference.call|type|base|import|name` on the identifier. A node captured twice keeps the first of import, base,
     call, type, name.

   When two patterns define the same name node, the one that stands first in the file counts; `@definition.none` takes
   a name out. A `function` right inside a class-like definition becomes a `method` by itself; kind `variable` turns
   into `constant` when the name is UPPER_CASE, else into `field` inside a class, and goes when it is local to a
   function. Kinds `namespace` and `rule` stay out of qualified names. Write patterns of one parent and one child
   where possible: unanchored sequences of siblings make a query quadratic. Patterns with `@name` define; all other
   captures must be in patterns without it.
3. Add a sample and its expectations in `tests/source/`, and raise `PARSER_VERSION` in `parse.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

TEXT = "text"


@dataclass(frozen=True, slots=True)
class Language:
    """One language: how its files are recognised and how they are parsed.

    `extensions` are lower case with the dot, `filenames` lower case, `interpreters` are names in a `#!` line.
    `grammar` is an importable module whose function `entry` gives the parser; empty for none. `queries` are the stems
    of files in `queries/`, joined in order (default: the language's name). `separators` split a qualified name;
    `silent` are parts of such a name that say nothing (`exports`, `prototype`). `loose` is the chunk kind of text
    outside any definition; `prose` marks text for people, which is no code that lacks a grammar. `macros` asks
    for `parse_macros` before parsing; `directives` asks for it when the parser trips over `#if`. `clauses` says that
    neighbours of one name are one function.
    """

    name: str
    extensions: tuple[str, ...] = ()
    filenames: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    grammar: str = ""
    entry: str = "language"
    queries: tuple[str, ...] = ()
    separators: tuple[str, ...] = (".",)
    silent: frozenset[str] = frozenset()
    loose: str = "module"
    prose: bool = False
    macros: bool = False
    directives: bool = False
    clauses: bool = False

    @property
    def query_names(self) -> tuple[str, ...]:
        """The stems of the query files."""
        return self.queries or (self.name,)


@lru_cache(maxsize=1)
def languages() -> dict[str, Language]:
    """Give every known language by name."""
    from localdev.source import languages_code, languages_data, languages_more, languages_plain

    families = (languages_plain.LANGUAGES, languages_code.LANGUAGES, languages_more.LANGUAGES, languages_data.LANGUAGES)
    return {language.name: language for family in families for language in family}


@dataclass(frozen=True, slots=True)
class _Tables:
    """The rows turned into look-ups."""

    by_filename: dict[str, str]
    by_extension: dict[str, str]
    by_interpreter: dict[str, str]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    tables = _Tables({}, {}, {})
    for language in languages().values():
        tables.by_filename.update(dict.fromkeys(language.filenames, language.name))
        tables.by_extension.update(dict.fromkeys(language.extensions, language.name))
        tables.by_interpreter.update(dict.fromkeys(language.interpreters, language.name))
    return tables


# `#!/usr/bin/env -S python3.11 -u` and `#!/bin/bash`: the program's name without version or flags.
_SHEBANG = re.compile(r"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+|\w+=\S*\s+)*(?:\S*/)?)?([A-Za-z_+-]+)")


def language_of(path: str, first_line: str = "") -> str:
    """Name the language of a file by its name, its extension or its `#!` line; `text` when none of them tells."""
    tables = _tables()
    filename = path.rsplit("/", 1)[-1].lower()
    shebang = _SHEBANG.match(first_line)
    program = tables.by_interpreter.get(shebang.group(1), "") if shebang else ""
    if program and "." not in filename:  # a script may be called `build` or `workspace`
        return program
    if filename in tables.by_filename:
        return tables.by_filename[filename]
    dot = filename.find(".", 1)
    while dot != -1:  # the longest extension first: `.d.ts`, then `.ts`
        name = tables.by_extension.get(filename[dot:])
        if name:
            return name
        dot = filename.find(".", dot + 1)
    if shebang:
        return program or TEXT
    stem = filename.split(".", 1)[0]  # Dockerfile.dev, Makefile.am
    return tables.by_filename.get(stem, TEXT) if stem in ("dockerfile", "containerfile", "makefile") else TEXT


def language_of_text(path: str, text: str) -> Language:
    """Give the language of a file whose text is known; a `.h` file is C++ when it looks like it, a `.inc` file PHP."""
    first_line = text[: text.find("\n")] if text.startswith("#!") and "\n" in text else text[:200]
    name = language_of(path, first_line)
    if name == "c" and path.lower().endswith(".h") and _CPP_HEADER.search(text):
        name = "cpp"
    if name == "php" and path.lower().endswith(".inc") and "<?" not in text:
        name = TEXT  # what C, assemblers and build tools include
    return languages()[name]


# Signs of C++ at the start of a line (or `std::` anywhere) that no C header has outside comments.
_CPP_HEADER = re.compile(
    r"^[ \t]*(?:class\s+[\w:]+(?:\s+[\w:]+)*\s*(?:final\s*)?[:{]|template\s*<|namespace\s+[\w:]+\s*\{|namespace\s*\{"
    r"|using\s+(?:namespace\b|\w+\s*=|\w+::)|(?:public|private|protected)\s*:)|\bstd::\w|\b(?:static_cast|dynamic_cast|constexpr)\b",
    re.MULTILINE,
)
