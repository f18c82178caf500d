"""`localdev gen edit`."""

from __future__ import annotations

from typing import Annotated

import typer

from localdev.cli.commands.gen.group import Apply, Request, app, from_root, propose
from localdev.cli.options import Adapter, Directory, Json, Model, NoService
from localdev.cli.workplace import open_workplace


@app.command("edit")
def edit(
    context: typer.Context,
    request: Request,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files or symbols: src/app.py, src/app.py::Session.get.")
    ],
    apply: Apply = False,
    model: Model = None,
    adapter: Adapter = None,
    no_service: NoService = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Change code as asked for in words, symbol by symbol.

    The model sees the symbols that fit and gives the whole new text of those it changes; all else stays byte for byte.
    This needs a model. Exit code 1: refused by the checks.
    """
    place = open_workplace(context, directory, {"model": ("--model", model), "gen.adapter": ("--adapter", adapter)})
    targets = [from_root(place, path) for path in paths]
    options = {"target": ", ".join(targets), "targets": targets, "instruction": request, "apply": apply}
    propose(place, "edit", options, as_json=as_json, no_service=no_service)
