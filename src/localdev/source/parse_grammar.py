"""Grammars and queries, loaded on first use and kept for the life of the process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING

from localdev.source.languages import languages

if TYPE_CHECKING:
    import tree_sitter

Match = tuple[int, dict[str, list["tree_sitter.Node"]]]


@dataclass(frozen=True, slots=True)
class Grammar:
    """A language's parser tables and its query; both are read-only and may be shared by threads."""

    language: tree_sitter.Language
    query: tree_sitter.Query

    def parse(self, data: bytes) -> tree_sitter.Tree:
        """Parse UTF-8 text; a syntax error becomes an ERROR node, never an exception."""
        from tree_sitter import Parser

        return Parser(self.language).parse(data)

    def matches(self, root: tree_sitter.Node) -> list[Match]:
        """Run the query over a tree: (pattern index, nodes by capture name), in document order."""
        from tree_sitter import QueryCursor

        return QueryCursor(self.query).matches(root)


@cache
def grammar(name: str) -> Grammar | None:
    """Give the grammar of a language by name, or nothing when it has none."""
    from tree_sitter import Language, Query

    spec = languages()[name]
    if not spec.grammar:
        return None
    language = Language(getattr(import_module(spec.grammar), spec.entry)())
    folder = files("localdev.source") / "queries"
    texts = [(folder / f"{stem}.scm").read_text("utf-8") for stem in spec.query_names]
    return Grammar(language, Query(language, "\n".join(texts)))
