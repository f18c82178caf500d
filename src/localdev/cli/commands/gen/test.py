"""`localdev gen test`."""

from __future__ import annotations

import typer

from localdev.cli.commands.gen.group import Apply, Instruction, NoModel, Symbol, app, from_root, propose
from localdev.cli.options import Adapter, Directory, Json, Model, NoService
from localdev.cli.workplace import open_workplace


@app.command("test")
def test(
    context: typer.Context,
    target: Symbol,
    instruction: Instruction = "",
    apply: Apply = False,
    no_model: NoModel = False,
    model: Model = None,
    adapter: Adapter = None,
    no_service: NoService = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Write tests of a function in the project's framework.

    They go where the project has its tests. Without a model they are blank: the call is there, and a skip that says
    what is to be filled in. They are run when gen.test_command names a command. Exit code 1: refused by the checks.
    """
    place = open_workplace(context, directory, {"model": ("--model", model), "gen.adapter": ("--adapter", adapter)})
    options = {
        "target": from_root(place, target),
        "instruction": instruction,
        "no_model": no_model,
        "apply": apply,
    }
    propose(place, "test", options, as_json=as_json, no_service=no_service)
