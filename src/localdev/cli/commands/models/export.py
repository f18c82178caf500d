"""`localdev models export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localdev.cli.commands.models.group import app, describe, payload, print_json
from localdev.cli.commands.models.lookup import adapters_for, find_stored
from localdev.cli.options import Json


@app.command(short_help="Write a model into one file, for a stick.")
def export(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A model or adapter of yours, by its name or digits of its digest.")
    ],
    to: Annotated[
        Path | None,
        typer.Argument(metavar="[TO.ldm or FOLDER]", help="Where to; else NAME.ldm in the current folder."),
    ] = None,
    with_adapters: Annotated[
        bool, typer.Option("--with-adapters", help="Take along the adapters that fit this model.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there already.")] = False,
    as_json: Json = False,
) -> None:
    """Write a model with its passport into one file, which `localdev models import` takes on another machine.

    Every byte is checked against the model's digest while it is written, and the file appears under its name only when
    it is whole. An adapter is exported like a model.
    """
    from localdev.cli.progress import ProgressLine
    from localdev.cli.terminal import Printer
    from localdev.core.events import Notice
    from localdev.core.folders import find_folders
    from localdev.core.neutral import one_line
    from localdev.core.sizes import sized
    from localdev.models.archive import export_models
    from localdev.models.store import ModelStore

    printer, folders = Printer(), find_folders()
    store = ModelStore(folders.models)
    passport = find_stored(store, name)
    beside = adapters_for(passport, store, folders) if with_adapters and passport.kind == "model" else []
    passports = [passport, *beside]
    target = _target(to, passports[0].name)
    progress = ProgressLine(printer)
    try:
        size = export_models(folders.models, passports, target, force=force, progress=progress.update)
    finally:
        progress.close()
    if as_json:
        models = [payload(passport) for passport in passports]
        print_json(printer, {"file": str(target), "size": size, "exported": models})
        return
    for passport in passports:
        printer.line(one_line(f"{passport.name}: {describe(passport)}"))
    printer.line(one_line(f"exported to {target}, {sized(size)}"))
    printer.notice(Notice("hint", f"on the other machine: `localdev models import {target.name}`"))


def _target(to: Path | None, name: str) -> Path:
    """Give the file to write, which ends in .ldm: a mistyped folder of a stick is no name of a file."""
    from localdev.core.errors import NotFound
    from localdev.core.folders import expanded

    place = expanded(to) if to is not None else Path()
    if place.is_dir():
        return place / f"{name}.ldm"
    if place.suffix.lower() != ".ldm":
        raise NotFound(f"there is no folder {place}", "name a folder that is there, or a new file ending in .ldm")
    return place
