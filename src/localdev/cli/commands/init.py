"""`localdev init`: what works here, and what comes next."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.options import Directory, Json, Yes, new_app
from localdev.cli.workplace import open_workplace

if TYPE_CHECKING:
    from localdev.app.starting import Place, Step

app = new_app()


@app.command()
def init(
    context: typer.Context,
    write: Annotated[
        bool, typer.Option("--write", help="Also write a .localdev.toml with every default, switched off.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Look at this place, and say what works now and the commands that come next. Nothing is downloaded.

    With --write a .localdev.toml is written beside; one that is there is replaced with --yes alone.
    """
    from localdev.app.starter import write_starter
    from localdev.app.starting import look, steps, works
    from localdev.cli.program import as_typed
    from localdev.core.neutral import one_line

    place = open_workplace(context, directory, tolerant=True)
    written = write_starter(place.root, replace=yes) if write else None
    found = look(place.folders, place.root, place.settings)
    now = [as_typed(line) for line in works(found)]
    following = steps(found)
    if as_json:
        from localdev.render.payloads import SCHEMA_VERSION

        parts = {**_payload(found), "written": str(written or ""), "works": now, "next": _next(following)}
        place.printer.json({"schema_version": SCHEMA_VERSION, **parts})
        return
    out = place.printer
    if written:
        out.line(one_line(f"wrote {written}"))
    out.line(out.styled("Now:", "bold"))
    for line in now:
        out.wrapped(one_line(f"  {line}"))
    out.line(out.styled("Next:" if following else "Next: nothing is missing", "bold"))
    for step in following:
        out.wrapped(one_line(f"  {step.what}:"))
        for command in step.commands:
            out.line(one_line(f"      {as_typed(command)}"))


def _next(steps: list[Step]) -> list[dict[str, Any]]:
    """Give the steps for `--json`, with the commands as they work here."""
    from localdev.cli.program import as_typed

    return [{"what": step.what, "commands": [as_typed(each).strip("`") for each in step.commands]} for step in steps]


def _payload(place: Place) -> dict[str, Any]:
    """Give what was found for `--json`."""
    found: dict[str, Any] = {
        "root": str(place.root),
        "git": place.git,
        "indexed_files": place.files,
        "engine": place.engine,
        "memory_bytes": place.memory,
        "models": list(place.models),
        "configured": list(place.configured),
        "servers": [asdict(server) for server in place.servers],
        "suggestion": None,
    }
    if place.suggestion:
        model = place.suggestion.model
        found["suggestion"] = {
            "name": model.name,
            "title": model.title,
            "licence": model.licence,
            "pull": model.pull(),
            "bytes": model.chosen().bytes,
            "memory_bytes": place.suggestion.memory_bytes,
        }
    return found
