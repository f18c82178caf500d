"""Which session a user means: an id, the beginning of one, or a title."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from localdev.core.errors import NotFound, UsageError
from localdev.core.neutral import one_line
from localdev.core.talk import SessionInfo

_MOST_NAMED = 3
_LIST_HINT = "`localdev sessions list` shows them"


def chosen(text: str, sessions: Sequence[SessionInfo]) -> SessionInfo:
    """Give the session that has this id or title, or alone has an id that begins so; capitals make no difference.

    Raises:
        NotFound: none has; the nearest are named.
        UsageError: several have.
    """
    wanted = text.strip().casefold()
    if not wanted:
        raise UsageError("no session is named", _LIST_HINT)
    for fits in (
        [each for each in sessions if each.id == wanted],
        [each for each in sessions if each.title.strip().casefold() == wanted],
        [each for each in sessions if each.id.startswith(wanted)],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise UsageError(f"{one_line(text)!r} may be several sessions", f"name one by its id: {_named(fits)}")
    near = _nearest(wanted, sessions)
    hint = f"the nearest: {_named(near)}; {_LIST_HINT}" if near else _LIST_HINT
    raise NotFound(f"there is no session {one_line(text)!r}", hint)


def _nearest(wanted: str, sessions: Iterable[SessionInfo]) -> list[SessionInfo]:
    """Give the sessions whose titles or ids look most like what is wanted."""
    names: dict[str, SessionInfo] = {}
    for each in sessions:
        names.setdefault(each.title.casefold(), each)
        names[each.id] = each
    near = [names[name] for name in difflib.get_close_matches(wanted, names, _MOST_NAMED)]
    parts = [each for name, each in names.items() if len(wanted) > 2 and wanted in name]
    return list(dict.fromkeys([*near, *parts]))[:_MOST_NAMED]


def _named(sessions: Sequence[SessionInfo]) -> str:
    """Give ids with their titles and when they changed last: titles may be the same."""
    from localdev.sessions.export import moment

    said = ", ".join(
        f"{each.id} ({one_line(each.title) or 'no title'}, {moment(each.changed_at)})"
        for each in sessions[:_MOST_NAMED]
    )
    return f"{said}, ..." if len(sessions) > _MOST_NAMED else said
