"""`localdev index` and `localdev index status`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from localdev.cli.options import Directory, Invocation, Json, new_app, start_folder
from localdev.cli.workplace import Workplace, open_workplace
from localdev.core.sizes import sized

if TYPE_CHECKING:
    from localdev.core.code import RefreshReport
    from localdev.core.events import Refreshed

app = new_app()
_SHOWN_SKIPPED = 10


@app.callback(invoke_without_command=True)
def index(
    context: typer.Context,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Forget the old index and read every file again.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep it fresh until Ctrl-C.")] = False,
    every: Annotated[bool, typer.Option("--all", help="List every skipped file.")] = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Build or refresh the index of the repository, and say what was left out and why.

    Every question does so by itself; run it to see the report, or to have the first, long run behind you.
    """
    if context.invoked_subcommand is not None:
        context.obj = Invocation(start_folder(context, directory))
        return
    from localdev.cli.events import running
    from localdev.core.events import Refreshed, Result

    place = open_workplace(context, directory)
    shown = False
    with running(place, "index", {"rebuild": rebuild, "watch": watch}) as events:
        for event in events:
            if isinstance(event, Refreshed) and not as_json:
                if shown:
                    _show_change(place, event)
                else:
                    _show(place, event.report, every=every)
                if watch and not shown:
                    place.printer.aside("watching; Ctrl-C ends")
                shown = True
                place.printer.flush()  # with --watch the next lines may be hours away
            elif isinstance(event, Result) and as_json:
                place.printer.json(event.payload)


@app.command(short_help="Say what is stored about this repository.")
def status(context: typer.Context, as_json: Json = False, directory: Directory = None) -> None:
    """Say what is stored about this repository, without changing it; exit code 1 when there is no index."""
    from localdev.app.stored import index_status
    from localdev.cli.program import as_typed
    from localdev.core.sizes import counted

    place = open_workplace(context, directory)
    found = {**index_status(place.folders, place.root), "store": place.settings.index.store}
    if as_json:
        place.printer.json(found)
    elif found["state"] == "ready":
        place.printer.line(place.printer.styled(found["root"], "plain"))
        numbers = [counted(found[f"{noun}s"], noun) for noun in ("file", "chunk", "symbol")]
        place.printer.line(", ".join([*numbers, f"{found['skipped']} skipped"]))
        place.printer.line(place.printer.styled(f"{sized(found['bytes'])} in {found['folder']}", "plain"))
        waiting = f", {found['pending']} still to be brought there" if found["pending"] else ""
        vectors = f"vectors made with {found['embedder']}, store {found['store']}{waiting}"
        place.printer.line(place.printer.styled(vectors, "plain"))
    else:
        place.printer.line(
            place.printer.styled(as_typed(f"{found['root']}: {found['state']}; `localdev index` builds it"), "plain")
        )
    if found["state"] != "ready":
        raise typer.Exit(1)


def _show_change(place: Workplace, change: Refreshed) -> None:
    """Print one line of what a watch has brought up to date."""
    import time

    from localdev.core.sizes import counted

    report = change.report
    done = {"added": report.added, "changed": report.changed, "removed": report.removed}
    if change.path:
        what = f"{change.path} {next(word for word, number in done.items() if number)}"
    else:
        first, *further = [(number, word) for word, number in done.items() if number]
        what = ", ".join([f"{counted(first[0], 'file')} {first[1]}", *(f"{number} {word}" for number, word in further)])
    out = place.printer
    out.line(out.styled(f"{time.strftime('%H:%M:%S')}  {what}; {counted(report.chunks, 'chunk')} in all", "plain"))


def _show(place: Workplace, report: RefreshReport, *, every: bool) -> None:
    """Print what was done, then what was left out and why."""
    from localdev.core.sizes import counted

    out = place.printer
    changes = f"{report.added} added, {report.changed} changed, {report.removed} removed"
    held = f"{counted(report.files, 'file')}, {counted(report.chunks, 'chunk')}"
    out.line(f"{held} ({changes}) in {report.seconds:.1f} s")
    if cut := len(report.line_chunked):
        out.line(f"{counted(cut, 'file')} without a grammar {'was' if cut == 1 else 'were'} cut by lines")
    if not report.skipped:
        return
    reasons = Counter(item.reason for item in report.skipped).most_common()
    listed = f"{len(report.skipped)} skipped: " + ", ".join(f"{count} {reason}" for reason, count in reasons)
    out.wrapped(listed)
    shown = report.skipped if every else report.skipped[:_SHOWN_SKIPPED]
    for item in shown:
        out.line(out.styled(f"  {item.path}  ({item.reason})", "dim"))
    if len(shown) < len(report.skipped):
        out.line(f"  ... and {len(report.skipped) - len(shown)} more (--all lists them)")
