"""`localdev models import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localdev.cli.commands.models.group import (
    app,
    asked_name,
    describe,
    payload,
    print_json,
    tell_name,
    tell_stored,
)
from localdev.cli.options import Json
from localdev.cli.workplace import open_workplace


@app.command("import", short_help="Keep the model of an export.")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.ldm", help="What `models export` wrote.")],
    name: Annotated[
        str,
        typer.Option(
            "--name", metavar="NAME", help="What to call it; else as it was called there.", callback=asked_name
        ),
    ] = "",
    accept: Annotated[
        list[str] | None, typer.Option("--accept", metavar="RULE", help="Accept what this rule of vetting finds.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Keep the model that an export holds, and its adapters if it holds any.

    Nothing the export says is taken on trust: its files are compared with their digests and vetted as if they came
    from anywhere. Where the model first came from and its licence are kept as the export's claims.
    """
    from localdev.cli.progress import ProgressLine
    from localdev.core.folders import expanded
    from localdev.core.neutral import one_line
    from localdev.models.archive import import_archive

    place = open_workplace(context, None)
    progress = ProgressLine(place.printer)
    try:
        done = import_archive(
            place.folders.models, expanded(file), name=name, accept=tuple(accept or ()), progress=progress.update
        )
    finally:
        progress.close()
    new = [each.passport for each in done if each.new]
    already = [each.passport for each in done if not each.new]
    for passport in new:
        tell_stored(place, passport)
    tell_name(place.printer, name, done[0].passport)
    if as_json:
        print_json(place.printer, {"imported": [*map(payload, new)], "already": [*map(payload, already)]})
        return
    for passport in already:
        place.printer.line(one_line(f"{passport.name}: was here already, nothing changed"))
        place.printer.line(f"sha256 {passport.digest}")
    for passport in new:
        place.printer.line(one_line(f"{passport.name}: imported, {describe(passport)}"))
        place.printer.line(f"sha256 {passport.digest}")
