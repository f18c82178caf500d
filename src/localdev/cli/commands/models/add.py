"""`localdev models add`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localdev.cli.commands.models.group import app, describe, payload, print_json
from localdev.cli.options import Json


@app.command(short_help="Keep a model file.")
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE.gguf")],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What to call it; else made from the file's.")
    ] = "",
    copy: Annotated[bool, typer.Option("--copy", help="Copy the file even where a link would do.")] = False,
    as_json: Json = False,
) -> None:
    """Keep a model file: linked where the disk allows it, else copied; its digest is recorded."""
    from localdev.cli.progress import ProgressLine
    from localdev.cli.terminal import Printer, one_line
    from localdev.core.events import Notice
    from localdev.core.folders import expanded, find_folders
    from localdev.models.store import Adding, ModelStore

    printer = Printer()
    progress = ProgressLine(printer)
    try:
        adding = Adding(mode="copy" if copy else "auto", name=name)
        passport = ModelStore(find_folders().models).add(expanded(file), adding, progress.update)
    finally:
        progress.close()
    if as_json:
        print_json(printer, {**payload(passport)})
        return
    how = "linked" if passport.mode == "link" else "copied"
    printer.line(one_line(f"{passport.name}: {how}, {describe(passport)}"))
    if file.suffix.lower() != ".gguf":
        said = f"call it {passport.name} from now on: only a path ending in .gguf names a model"
        printer.notice(Notice("hint", said))
    printer.line(f"sha256 {passport.digest}")
