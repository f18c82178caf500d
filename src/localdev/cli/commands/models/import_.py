"""`localdev models import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localdev.cli.commands.models.group import app, describe, payload, print_json
from localdev.cli.options import Json


@app.command("import", short_help="Keep the model of an export.")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.ldm", help="What `models export` wrote.")],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What to call it; else as it was called there.")
    ] = "",
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="RULE", help="Accept findings of a rule of vetting about the template."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Keep the model that an export holds, and its adapters if it holds any.

    Nothing the export says is taken on trust: its files are compared with their digests and vetted as if they came
    from anywhere. Where the model first came from and its licence are kept as the export's claims.
    """
    from localdev.cli.progress import ProgressLine
    from localdev.cli.terminal import Printer, one_line
    from localdev.core.events import Notice
    from localdev.core.folders import expanded, find_folders
    from localdev.models.archive import import_archive

    printer = Printer()
    progress = ProgressLine(printer)
    try:
        done = import_archive(
            find_folders().models, expanded(file), name=name, accept=tuple(accept or ()), progress=progress.update
        )
    finally:
        progress.close()
    if as_json:
        print_json(
            printer,
            {
                "imported": [payload(each.passport) for each in done if each.new],
                "already": [payload(each.passport) for each in done if not each.new],
            },
        )
        return
    for each in done:
        passport = each.passport
        if not each.new:
            printer.line(one_line(f"{passport.name}: was here already, nothing changed"))
            continue
        printer.line(one_line(f"{passport.name}: imported, {describe(passport)}"))
        printer.line(f"sha256 {passport.digest}")
        for finding in passport.findings:
            if finding.severity != "note":
                printer.notice(Notice("warning", f"{finding.rule}: {finding.message}"))
