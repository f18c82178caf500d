"""`localdev search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localdev.app.narrowing import KINDS
from localdev.cli.options import Directory, Json, NoService, new_app
from localdev.cli.workplace import Workplace, open_workplace, use_service
from localdev.config.settings import SearchSettings

if TYPE_CHECKING:
    from localdev.core.search import Hit

app = new_app()
_DEFAULTS = SearchSettings()
_MOST_LINES = 6


@app.command()
def search(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="QUERY", help="Words, a name, or a question.")] = None,
    limit: Annotated[
        int | None, typer.Option("-k", metavar="N", help=f"How many; {_DEFAULTS.k} unless search.k is set.")
    ] = None,
    paths: Annotated[
        list[str] | None,
        typer.Option("--path", metavar="GLOB", help="Only paths like this: '*.py', src/app, 'docs/**/*.md'."),
    ] = None,
    languages: Annotated[
        list[str] | None,
        typer.Option("--lang", metavar="NAME", help="Only this language: python, go, ...; a wrong one lists all."),
    ] = None,
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help=f"Only this kind: {', '.join(KINDS)}.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show why a hit stands where it stands.")] = False,
    queries: Annotated[
        Path | None,
        typer.Option("--queries", metavar="FILE", help="One query a line, one JSON object a line; - reads stdin."),
    ] = None,
    no_service: NoService = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Rank the code that fits a query; --path, --lang and --kind may be repeated."""
    from localdev.cli.events import running
    from localdev.core.events import Notice, Result, Sources

    asked = _queries(words, queries)
    place = open_workplace(context, directory, {"search.k": ("-k", limit)})
    options = {"queries": asked, "paths": paths, "languages": languages, "kinds": kinds, "explain": explain}
    hits: tuple[Hit, ...] = ()
    service = use_service(place, "search", never=no_service, model=False)
    with running(place, "search", options, service=service) as events:
        for event in events:
            if isinstance(event, Sources):
                hits = event.hits
            if not isinstance(event, Result):
                continue
            if queries is None and event.payload["notice"]:  # before the hits: `| head` may take no more
                place.printer.notice(Notice("warning" if hits else "hint", event.payload["notice"]))
            if queries is not None or as_json:
                place.printer.json(event.payload)
            else:
                _print(place, hits, asked[0], explain=explain)
    if queries is None and not hits:
        raise typer.Exit(1)


def _queries(words: list[str] | None, file: Path | None) -> list[str]:
    """Give the queries to run; the words of a single one are joined, so quotes are not needed.

    Raises:
        UsageError: neither a query nor a file was given, or both, or the query is empty.
        NotFound: there is no such file.
    """
    from localdev.core.errors import UsageError

    if words and file is not None:
        raise UsageError("a query and --queries FILE exclude each other", "leave one of them out")
    if not words and file is None:
        raise UsageError("search needs a query, or --queries FILE", 'for example: `localdev search "parse arguments"`')
    if file is not None:
        return _read_queries(file)
    query = " ".join(words or [])
    if not query.strip():
        raise UsageError("the query is empty", 'for example: `localdev search "parse arguments"`')
    return [query]


def _read_queries(file: Path) -> list[str]:
    """Read one query a line; blank lines are left out."""
    from localdev.core.errors import NotFound, UsageError

    try:
        text = _bytes_of(file).decode("utf-8-sig")
    except OSError as error:
        raise NotFound(f"cannot read {file}: {error.strerror}", "name a file with one query on each line") from error
    except UnicodeDecodeError as error:
        name = "stdin" if str(file) == "-" else str(file)
        raise UsageError(f"{name} is not UTF-8", "save it as UTF-8 text") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _bytes_of(file: Path) -> bytes:
    """Read a file, or stdin, which nobody may have given us."""
    import sys

    if str(file) != "-":
        return file.read_bytes()
    return b"" if sys.stdin is None else sys.stdin.buffer.read()


def _print(place: Workplace, hits: tuple[Hit, ...], query: str, *, explain: bool) -> None:
    """Print the hits for people: where, what, and the few lines that matter."""
    from localdev.retrieval.snippet import relevant_lines

    out = place.printer
    for number, hit in enumerate(hits):
        chunk = hit.chunk
        if number:
            out.line()
        head = out.styled(f"{chunk.path}:{chunk.start_line}-{chunk.end_line}", "path")
        out.line("  ".join(part for part in (head, out.styled(chunk.symbol, "bold"), chunk.kind) if part))
        for part in hit.parts if explain else ():
            out.line(out.styled(f"    {part.value:+8.4f}  {part.name}  {part.note}".rstrip(), "hint"))
        for line, text in relevant_lines(chunk, query, most=_MOST_LINES):
            out.line(f"{out.styled(f'{line:>6}', 'dim')}  {out.styled(text, 'plain')}")
