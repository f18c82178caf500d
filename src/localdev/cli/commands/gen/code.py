"""`localdev gen code`."""

from __future__ import annotations

from typing import Annotated

import typer

from localdev.cli.commands.gen.group import Apply, Request, app, from_root, propose
from localdev.cli.options import Adapter, Directory, Json, Model, NoService
from localdev.cli.workplace import open_workplace


@app.command("code")
def code(
    context: typer.Context,
    request: Request,
    into: Annotated[str, typer.Option("--into", metavar="PATH", help="The file, there already or new.")],
    after: Annotated[str, typer.Option("--after", metavar="SYMBOL", help="Put it right behind this symbol.")] = "",
    apply: Apply = False,
    model: Model = None,
    adapter: Adapter = None,
    no_service: NoService = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Write new functions, classes or constants into a file.

    They go to the end of the file, before what runs it as a program, and the imports they need among its imports. All
    that was there stays byte for byte. This needs a model. Exit code 1: refused by the checks.
    """
    place = open_workplace(context, directory, {"model": ("--model", model), "gen.adapter": ("--adapter", adapter)})
    options = {"target": from_root(place, into), "after": after, "instruction": request, "apply": apply}
    propose(place, "code", options, as_json=as_json, no_service=no_service)
