"""`localdev gen doc`."""

from __future__ import annotations

from typing import Annotated

import typer

from localdev.cli.commands.gen.group import Apply, Instruction, NoModel, app, from_root, propose
from localdev.cli.options import Adapter, Directory, Json, Model, NoService
from localdev.cli.workplace import open_workplace


@app.command("doc")
def doc(
    context: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="PATH[::SYMBOL]", help="For example src/app.py::Session.get, or a file.")
    ],
    instruction: Instruction = "",
    apply: Apply = False,
    no_model: NoModel = False,
    model: Model = None,
    adapter: Adapter = None,
    no_service: NoService = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Document a symbol, or a file, in the form the file uses.

    The code itself stays as it is, which is checked.
    Given a file alone, all that it offers and does not document yet is documented.
    Without a model it holds what the code shows, and TODO(docs) where a person has to write. Exit code 1: refused by
    the checks.
    """
    place = open_workplace(context, directory, {"model": ("--model", model), "gen.adapter": ("--adapter", adapter)})
    options = {
        "target": from_root(place, target),
        "instruction": instruction,
        "no_model": no_model,
        "apply": apply,
    }
    propose(place, "doc", options, as_json=as_json, no_service=no_service)
