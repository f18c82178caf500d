"""Grammars and queries, loaded on first use and kept for the life of the process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from time import thread_time
from typing import TYPE_CHECKING

from localdev.source.languages import languages

if TYPE_CHECKING:
    import tree_sitter

# Seconds of processor time a text may take to parse: code takes 0.1 s for a megabyte, but some broken text takes time
# in the square of its length.
_SECONDS = 1.0
_SECONDS_PER_BYTE = 2e-6
_SLICE = 4096
# Nodes deeper than this are not looked at: the time of a query grows with the depth at every node, and only generated
# or broken text (a sum of a thousand terms, unclosed brackets) nests so deep.
_DEEPEST = 500

Match = tuple[int, dict[str, list["tree_sitter.Node"]]]


@dataclass(frozen=True, slots=True)
class Grammar:
    """A language's parser tables and its query; both are read-only and may be shared by threads."""

    language: tree_sitter.Language
    query: tree_sitter.Query

    def parse(self, data: bytes) -> tree_sitter.Tree | None:
        """Parse UTF-8 text; a syntax error becomes an ERROR node, never an exception.

        Gives nothing when the text needs far more time than code does. It is handed over in slices so that the clock
        can be read in between.
        """
        from tree_sitter import Parser

        deadline = thread_time() + _SECONDS + _SECONDS_PER_BYTE * len(data)
        late = parsed = False

        def read(offset: int, _point: object) -> bytes:
            # A node's `text` is read through this too, for as long as the tree lives.
            nonlocal late
            late = late or (not parsed and thread_time() > deadline)
            return b"" if late else data[offset : offset + _SLICE]

        tree = Parser(self.language).parse(read)
        parsed = True
        return None if late else tree

    def matches(self, root: tree_sitter.Node) -> list[Match]:
        """Run the query over a tree: (pattern index, nodes by capture name), in document order."""
        from tree_sitter import QueryCursor

        cursor = QueryCursor(self.query)
        cursor.set_max_start_depth(_DEEPEST)
        return cursor.matches(root)


@cache
def grammar(name: str) -> Grammar | None:
    """Give the grammar of a language by name, or nothing when it has none."""
    from tree_sitter import Language

    spec = languages()[name]
    if not spec.grammar:
        return None
    language = Language(getattr(import_module(spec.grammar), spec.entry)())
    folder = files("localdev.source") / "queries"
    texts = [(folder / f"{stem}.scm").read_text("utf-8") for stem in spec.query_names]
    return Grammar(language, compiled(language, "\n".join(texts)))


def compiled(language: tree_sitter.Language, text: str) -> tree_sitter.Query:
    """Compile a query.

    Ctrl-C in the middle surfaces as an error about the query. What compiles at the second try was never wrong: then it
    was an interrupt, and goes on as one.

    Raises:
        KeyboardInterrupt: the user ended the work.
        tree_sitter.QueryError: the query is wrong.
    """
    from tree_sitter import Query, QueryError

    try:
        return Query(language, text)
    except QueryError as error:
        Query(language, text)
        raise KeyboardInterrupt from error
