"""Sessions as rows: read from the store, and how one looks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.text import Text

from localdev.core.neutral import one_line
from localdev.core.sizes import counted
from localdev.core.talk import SessionInfo
from localdev.sessions.store import SessionStore
from localdev.tui.rows import QUIET, Rows

_LONGEST = 300
_MOST_MATCHES = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A session, or a place in one that fits a search; `elsewhere` says that another chat has it open."""

    info: SessionInfo
    here: bool = False
    elsewhere: bool = False
    turn: int = 0
    excerpt: str = ""
    hits: tuple[tuple[int, int], ...] = ()


def entries(store: SessionStore, root: Path, query: str, current: str) -> list[Entry]:
    """Read the sessions of a repository, or what of them fits a query; the last changed first.

    Raises:
        StorageError: the sessions cannot be read.
    """
    if not query:
        return [_entry(store, info, current) for info in store.list(root, limit=-1)]
    found = store.search(query, root, limit=_MOST_MATCHES)
    return [_entry(store, each.session, current, each.turn, each.excerpt, each.hits) for each in found]


def _entry(
    store: SessionStore,
    info: SessionInfo,
    current: str,
    turn: int = 0,
    excerpt: str = "",
    hits: tuple[tuple[int, int], ...] = (),
) -> Entry:
    """Make a row; which session is open elsewhere is asked of the system."""
    here = info.id == current
    return Entry(info, here, not here and store.is_open(info.id), turn, excerpt, hits)


def title_of(info: SessionInfo) -> str:
    """Give the title as it is shown."""
    return one_line(" ".join(info.title[:_LONGEST].split())) or "no title"


class SessionRows(Rows[Entry]):
    """The sessions: the title, and below it when, how much, which model, or the place that fits the search."""

    HELP: ClassVar[str] = """\
## Sessions

Conversations about this repository, the last one first; `*` marks the one you are in.

- **Enter**: go on with it; **n**: begin a new one
- **/**: search titles, questions and answers; **Down** goes back to the list
- **r**: rename, **d**: delete (asks first), **e**: export as Markdown or JSON
- **Escape**: close
"""

    @property
    def row_height(self) -> int:
        """Two lines."""
        return 2

    def draw(self, item: Entry, line: int, width: int) -> Text:
        """Draw the title or what is known of the session."""
        if line == 0:
            return Text("* " if item.here else "  ").append(title_of(item.info), style="bold")
        if item.excerpt:
            return _excerpt(item, width - 2)
        return Text("  " + " · ".join(_known(item)), style=QUIET)


def _known(item: Entry) -> list[str]:
    """Give what is known of a session, the most needed first."""
    info = item.info
    state = ["open here"] if item.here else ["open in another chat"] if item.elsewhere else []
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(info.changed_at))
    model = [one_line(info.model[:_LONGEST])] if info.model else []
    return [*state, when, counted(info.turns, "turn"), *model]


def _excerpt(item: Entry, width: int) -> Text:
    """Give the place that fits, its hits underlined; cut from the left where the first hit would not be in view."""
    head = f"  turn {item.turn}: " if item.turn else "  title: "
    start = 0
    if item.hits and item.hits[0][1] > width - len(head):
        start = max(0, item.hits[0][0] - 10)
    text = Text(head, style=QUIET)
    if start:
        text.append("… ")
    at = start
    for first, last in item.hits:
        if first >= at:
            text.append(one_line(item.excerpt[at:first])).append(one_line(item.excerpt[first:last]), "bold underline")
            at = last
    return text.append(one_line(item.excerpt[at:]))
