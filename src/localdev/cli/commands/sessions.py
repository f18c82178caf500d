"""`localdev sessions list|show|search|export|rename|delete`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.options import Directory, Json, Yes, new_group
from localdev.cli.workplace import Workplace, open_workplace
from localdev.core.sizes import counted

if TYPE_CHECKING:
    from localdev.core.talk import SessionInfo
    from localdev.sessions.search import Match
    from localdev.sessions.store import SessionStore

app = new_group("List, read, search, export, rename and delete the sessions that `chat` has kept.")
_LISTED, _FOUND = 20, 20
_MOST = 1_000_000

All = Annotated[bool, typer.Option("--all", help="The sessions of all repositories.")]
Session = Annotated[
    str | None,
    typer.Argument(metavar="SESSION", help="Its id, the beginning of it, or its title; none is the last one."),
]
Named = Annotated[str, typer.Argument(metavar="SESSION", help="Its id, the beginning of it, or its title.")]


@app.command("list", short_help="List them, the last changed first.")
def list_(
    context: typer.Context,
    limit: Annotated[int, typer.Option("-n", metavar="N", min=1, max=_MOST, help="How many.")] = _LISTED,
    everywhere: All = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """List the sessions of this repository, the last changed first."""
    place, store = _open(context, directory)
    found = store.list(_root(place, everywhere=everywhere), limit=limit + 1)
    shown = found[:limit]
    if as_json:
        _print_json(place, sessions=[_payload(store, info) for info in shown], more=len(found) > limit)
        return
    for info in shown:
        place.printer.line(_row(place, store, info, everywhere=everywhere))
    if len(found) > limit:
        place.printer.aside(f"and more: -n {10 * limit} lists up to {10 * limit}")
    if not shown:
        place.printer.aside("no sessions are kept" if everywhere else "no sessions of this repository are kept")


@app.command(short_help="Print one as Markdown.")
def show(
    context: typer.Context,
    session: Session = None,
    limit: Annotated[
        int | None, typer.Option("-n", metavar="N", min=1, max=_MOST, help="Only the last N turns; all unless given.")
    ] = None,
    everywhere: All = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Print what was asked and answered in a session."""
    from localdev.sessions.export import to_json, to_markdown

    place, store = _open(context, directory)
    info = _chosen(place, store, session, everywhere=everywhere)
    turns = store.turns(info.id, limit=limit)
    if as_json:
        place.printer.json(to_json(info, turns))
    else:
        place.printer.piece(to_markdown(info, turns))


@app.command(short_help="Find words in questions, answers and titles.")
def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="QUERY", help='Words, or a "phrase in quotes".')],
    limit: Annotated[int, typer.Option("-k", metavar="N", min=1, max=_MOST, help="How many.")] = _FOUND,
    everywhere: All = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Find turns that hold all words, each at least as the beginning of one; exit code 1 when none does."""
    from localdev.core.errors import UsageError

    query = " ".join(words)
    if not query.strip():
        raise UsageError("the query is empty", "for example: `localdev sessions search settings`")
    place, store = _open(context, directory)
    matches = store.search(query, _root(place, everywhere=everywhere), limit=limit)
    if as_json:
        results = [
            {"session": _payload(store, each.session), "turn": each.turn, "excerpt": each.excerpt, "hits": each.hits}
            for each in matches
        ]
        _print_json(place, query=query, results=results)
    for match in [] if as_json else matches:
        _print_match(place, match)
    if not matches:
        if not as_json:
            where = "" if everywhere else " of this repository"
            place.printer.aside(f"nothing in the sessions{where} fits")
        raise typer.Exit(1)


@app.command(short_help="Write one to a file.")
def export(
    context: typer.Context,
    session: Session = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="markdown, to read; or json, with all that is known.")
    ] = "markdown",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; stdout unless given.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there already.")] = False,
    everywhere: All = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Write a session as Markdown or JSON, to stdout or a file; --json is short for --format json."""
    from localdev.core.errors import UsageError
    from localdev.core.folders import expanded
    from localdev.core.neutral import one_line
    from localdev.sessions.export import exported, write_export

    wanted = _form("json" if as_json else form)
    file = None if output is None else expanded(output)
    if file is not None and file.is_file() and not force:
        raise UsageError(f"{file} is there already", "name another file, or replace it with --force")
    place, store = _open(context, directory)
    info = _chosen(place, store, session, everywhere=everywhere)
    text = exported(info, store.turns(info.id), wanted)
    if file is None:
        place.printer.piece(text)
        return
    write_export(file, text, force=force)
    place.printer.aside(one_line(f"written: {file} ({counted(info.turns, 'turn')})"))


@app.command(short_help="Give one another title.")
def rename(
    context: typer.Context,
    session: Named,
    title: Annotated[list[str], typer.Argument(metavar="TITLE", help="The new title.")],
    everywhere: All = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Give a session another title."""
    from localdev.core.errors import UsageError

    words = " ".join(" ".join(title).split())
    if not words:
        raise UsageError("the title is empty", "give one or more words")
    place, store = _open(context, directory)
    info = _chosen(place, store, session, everywhere=everywhere)
    store.rename(info.id, words)
    if as_json:
        _print_json(place, session=_payload(store, store.info(info.id)))
        return
    place.printer.line(place.printer.styled(f"{info.id} is now: {words}", "plain"))


@app.command(short_help="Delete some for good.")
def delete(
    context: typer.Context,
    sessions: Annotated[
        list[str], typer.Argument(metavar="SESSION...", help="Ids, the beginnings of ids, or titles in quotes.")
    ],
    yes: Yes = False,
    everywhere: All = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Delete sessions for good, all that are named or none; one that a chat has open stays."""
    from localdev.cli.confirm import confirmed
    from localdev.core.neutral import one_line

    place, store = _open(context, directory)
    named = (_chosen(place, store, each, everywhere=everywhere) for each in sessions)
    found = list({info.id: info for info in named}.values())
    for info in found:
        place.printer.aside(_row(place, store, info, everywhere=everywhere))
    if not confirmed(f"Delete {counted(len(found), 'session')} for good?", yes=yes):
        place.printer.aside("nothing was deleted")
        raise typer.Exit(1)
    store.delete(*(info.id for info in found))
    if as_json:
        _print_json(place, deleted=[info.id for info in found])
        return
    for info in found:
        place.printer.line(one_line(f"deleted {info.id} ({counted(info.turns, 'turn')})"))


def _open(context: typer.Context, directory: Path | None) -> tuple[Workplace, SessionStore]:
    """Find the repository, and the store of sessions."""
    from localdev.sessions.store import SessionStore

    place = open_workplace(context, directory)
    store = SessionStore(place.folders.sessions)
    context.call_on_close(store.close)
    return place, store


def _root(place: Workplace, *, everywhere: bool) -> Path | None:
    """Give the repository to look at, or None for all."""
    return None if everywhere else place.root


def _chosen(place: Workplace, store: SessionStore, named: str | None, *, everywhere: bool) -> SessionInfo:
    """Give the session that is named, or the last changed.

    Raises:
        NotFound: there is none.
    """
    from localdev.core.errors import NotFound

    root = _root(place, everywhere=everywhere)
    if named is not None:
        return store.find(named, root)
    last = store.list(root, limit=1)
    if not last:
        if everywhere:
            raise NotFound("there are no sessions", "a chat makes the first one")
        raise NotFound("there are no sessions of this repository", "`localdev sessions list --all` shows all")
    return last[0]


def _form(name: str) -> Any:
    """Check the name of a format."""
    from localdev.core.errors import UsageError
    from localdev.sessions.export import ENDINGS

    if name not in ENDINGS:
        raise UsageError(f"there is no format {name!r}", f"choose one of: {', '.join(ENDINGS)}")
    return name


def _print_json(place: Workplace, **values: Any) -> None:
    """Print values as JSON."""
    from localdev.render.payloads import SCHEMA_VERSION

    place.printer.json({"schema_version": SCHEMA_VERSION, **values})


def _payload(store: SessionStore, info: SessionInfo) -> dict[str, Any]:
    """Give a session for `--json`."""
    from dataclasses import asdict

    return asdict(info) | {"open": store.is_open(info.id)}


def _row(place: Workplace, store: SessionStore, info: SessionInfo, *, everywhere: bool) -> str:
    """Write a session on one line: id, when it changed, how many turns, title."""
    from localdev.sessions.export import moment

    out = place.printer
    told = f"{moment(info.changed_at)}  {counted(info.turns, 'turn'):>9}"
    words = [out.styled(info.id, "path"), told, out.styled(info.title or "no title", "plain")]
    if store.is_open(info.id):
        words.append("(open)")
    return "  ".join([*words, out.styled(info.root, "dim")] if everywhere else words)


def _print_match(place: Workplace, match: Match) -> None:
    """Print where words were found, and the text around them."""
    out, info = place.printer, match.session
    where = f"turn {match.turn}" if match.turn else "title"
    out.line(f"{out.styled(info.id, 'path')}  {where}  {out.styled(info.title or 'no title', 'bold')}")
    pieces, at = [], 0
    for start, end in match.hits:
        pieces += [out.styled(match.excerpt[at:start], "plain"), out.styled(match.excerpt[start:end], "good")]
        at = end
    out.line("    " + "".join([*pieces, out.styled(match.excerpt[at:], "plain")]))
