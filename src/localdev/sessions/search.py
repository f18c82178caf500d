"""Full-text search over titles, questions and answers.

What a user types is never read as a query language: every word must occur, at least as the beginning of a word, and
what stands in quotes must occur as it is. Where no turn has all words, or the query has none (`->`), texts that hold
the query as it was typed are looked for: this finds parts of words, and scripts that write no blanks between words.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localdev.core.talk import SessionInfo
from localdev.sessions.rows import restored, session_of

# SQLite marks hits with these; Unicode keeps both out of texts.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_WORDS_AROUND = 24
_LONGEST_EXCERPT = 200
# More words than anyone types; a pasted text would be a query of thousands.
_MOST_TERMS = 32
_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')
_UNFIT = re.compile("[\0\ud800-\udfff]")
_INFO = "s.id, s.title, s.root, s.created_at, s.changed_at, s.turns, s.model"


@dataclass(frozen=True, slots=True)
class Match:
    """A turn that fits a query, or with `turn` 0 a title. `hits` are the places in `excerpt`, as [start, end)."""

    session: SessionInfo
    turn: int
    excerpt: str
    hits: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to search: the repository's stored text, or None for all of them; and how many matches at most."""

    root: str | bytes | None
    limit: int


def search(database: sqlite3.Connection, query: str, scope: Scope) -> list[Match]:
    """Give what fits a query: titles first, then turns, each the newest first."""
    # What SQLite cuts out of broken text may be cut in the midst of a character.
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    expression = fts_expression(query)
    found = _by_words(database, expression, scope) if expression else []
    wanted = " ".join(_UNFIT.sub(" ", query).split())
    return found or (_by_part(database, wanted, scope) if wanted else [])


def fts_expression(query: str) -> str:
    """Turn what a user typed into an expression of FTS5; empty when a part of it has no letter or digit to look for."""
    found = [(quoted, word) for quoted, word in _TERM.findall(_UNFIT.sub(" ", query)) if quoted.strip() or word]
    if not all(any(map(str.isalnum, quoted or word)) for quoted, word in found):
        return ""
    return " ".join(f'"{quoted}"' if quoted else f'"{word}"*' for quoted, word in found[:_MOST_TERMS])


def excerpt_of(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Give a text with marked hits on one line, cut around the first of them, and where the hits are."""
    line = " ".join(marked.split())
    first = max(line.find(_OPEN), 0)
    start = max(0, min(first - _LONGEST_EXCERPT // 4, len(line) - _LONGEST_EXCERPT))
    cut = line[start : start + _LONGEST_EXCERPT]
    text, hits = "..." if start else "", []
    for piece in re.split(f"({_OPEN}[^{_OPEN}{_CLOSE}]*)", cut):
        clean = piece.replace(_OPEN, "").replace(_CLOSE, "")
        if piece.startswith(_OPEN) and clean:
            hits.append((len(text), len(text) + len(clean)))
        text += clean
    return text + ("..." if start + _LONGEST_EXCERPT < len(line) else ""), tuple(hits)


def _by_words(database: sqlite3.Connection, expression: str, scope: Scope) -> list[Match]:
    """Search the index of words."""
    titles = f"""SELECT {_INFO}, 0, {_snippet("title_words")}
        FROM title_words CROSS JOIN sessions s ON s.key = title_words.rowid
        WHERE title_words MATCH ?{_of(scope)} ORDER BY s.changed_at DESC LIMIT ?"""
    # The order of the keys is that of the turns, and the one in which the index gives them: it stops at the limit.
    turns = f"""SELECT {_INFO}, t.number, {_snippet("turn_words")}
        FROM turn_words CROSS JOIN turns t ON t.key = turn_words.rowid CROSS JOIN sessions s ON s.key = t.session
        WHERE turn_words MATCH ?{_of(scope)} ORDER BY turn_words.rowid DESC LIMIT ?"""
    found: list[Match] = []
    for statement in (titles, turns):
        values = (expression, *_root(scope), scope.limit - len(found))
        found.extend(_match(row) for row in database.execute(statement, values))
    return found


def _by_part(database: sqlite3.Connection, wanted: str, scope: Scope) -> list[Match]:
    """Look through all texts for one that holds the query as it is; capitals make no difference."""
    folded = wanted.casefold()
    found: list[Match] = []
    for *info, number, first, second in _texts(database, scope):
        text = next((each for each in map(restored, (first, second)) if folded in each.casefold()), None)
        if text is not None:
            found.append(_match((*info, number, _marked(text, wanted))))
        if len(found) >= scope.limit:
            break
    return found


def _texts(database: sqlite3.Connection, scope: Scope) -> Iterator[Any]:
    """Read the texts of titles and turns, in the order of matches."""
    titles = f"SELECT {_INFO}, 0, s.title, '' FROM sessions s WHERE true{_of(scope)} ORDER BY s.changed_at DESC"
    yield from database.execute(titles, _root(scope))
    turns = f"""SELECT {_INFO}, t.number, t.asked, t.answer FROM turns t CROSS JOIN sessions s ON s.key = t.session
        WHERE t.state <> 'streaming'{_of(scope)} ORDER BY t.key DESC"""
    yield from database.execute(turns, _root(scope))


def _marked(text: str, wanted: str) -> str:
    """Mark the first place that holds what is wanted, and give as much of the text as an excerpt may need."""
    found = re.search(re.escape(wanted), text, re.IGNORECASE)
    start, end = found.span() if found else (0, 0)
    head, tail = text[max(0, start - _LONGEST_EXCERPT) : start], text[end : end + _LONGEST_EXCERPT]
    return f"{head}{_OPEN}{text[start:end]}{_CLOSE}{tail}"


def _match(row: Any) -> Match:
    """Make a match of a row: a session, the turn's number and the marked text."""
    *info, number, marked = row
    text, hits = excerpt_of(restored(marked))
    return Match(session_of(tuple(info)), number, text, hits)


def _snippet(table: str) -> str:
    """Have SQLite cut the words around the hits."""
    return f"snippet({table}, -1, '{_OPEN}', '{_CLOSE}', '...', {_WORDS_AROUND})"


def _of(scope: Scope) -> str:
    """Give the condition for one repository, if one was named."""
    return "" if scope.root is None else " AND s.root = ?"


def _root(scope: Scope) -> tuple[str | bytes, ...]:
    """Give the value that the condition needs."""
    return () if scope.root is None else (scope.root,)
