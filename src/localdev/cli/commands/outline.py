"""`localdev outline`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.options import Directory, Json, new_app
from localdev.cli.workplace import Workplace, open_workplace

if TYPE_CHECKING:
    from localdev.core.code import RefreshReport

app = new_app()


@app.command()
def outline(
    context: typer.Context,
    path: Annotated[Path | None, typer.Argument(metavar="[PATH]", help="Only what lies under this path.")] = None,
    tokens: Annotated[int | None, typer.Option("--tokens", metavar="N", help="Size of the map in tokens.")] = None,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Map the definitions that matter most, from all over the repository, within a token budget."""
    from localdev.cli.events import running
    from localdev.core.events import Refreshed, Result

    place = open_workplace(context, directory, {"outline.tokens": ("--tokens", tokens)})
    symbols: list[dict[str, Any]] = []
    prefix, skipped = _prefix(place, path), ""
    with running(place, "outline", {"path": prefix}) as events:
        for event in events:
            if isinstance(event, Refreshed):
                skipped = _skipped(event.report, prefix)
            elif isinstance(event, Result):
                symbols = event.payload["symbols"]
                if as_json:
                    place.printer.json(event.payload)
                else:
                    _print(place, symbols, skipped)
    if not symbols:
        raise typer.Exit(1)


def _prefix(place: Workplace, path: Path | None) -> str:
    """Give the path relative to the root, empty for the root itself.

    Raises:
        UsageError: it lies outside the repository.
        NotFound: it is not there.
    """
    if path is None:
        return ""
    from localdev.core.errors import NotFound, UsageError
    from localdev.core.folders import expanded

    full = (place.start / expanded(path)).absolute().resolve()
    root = place.root.resolve()
    if not full.is_relative_to(root):
        raise UsageError(f"{path} is outside {place.root}", "name a path in the repository, or another one with -C")
    if not full.exists():
        raise NotFound(f"there is no {path}", "check the spelling of the path")
    return "" if full == root else full.relative_to(root).as_posix()


def _skipped(report: RefreshReport, prefix: str) -> str:
    """Give why a path is not indexed: it or a folder above it was skipped; empty when it is not known."""
    for item in report.skipped:
        if item.path in (prefix, f"{prefix}/") or (item.path.endswith("/") and prefix.startswith(item.path)):
            return item.reason
    return ""


def _print(place: Workplace, symbols: list[dict[str, Any]], skipped: str) -> None:
    """Print the map file by file: the most important file first, its definitions by line."""
    from localdev.core.events import Notice

    out = place.printer
    if not symbols:
        out.notice(Notice("hint", f"this is not indexed: {skipped}" if skipped else "there are no definitions here"))
        return
    order = {path: place for place, path in reversed(list(enumerate(symbol["path"] for symbol in symbols)))}
    by_file = sorted(symbols, key=lambda symbol: (order[symbol["path"]], symbol["line"]))
    for path, group in groupby(by_file, key=lambda symbol: str(symbol["path"])):
        out.line(out.styled(path, "path"))
        for symbol in group:
            out.line(f"{out.styled(str(symbol['line']).rjust(6), 'dim')}  {out.styled(symbol['signature'], 'plain')}")
