"""`localdev models remove`."""

from __future__ import annotations

from typing import Annotated

import typer

from localdev.cli.commands.models.group import app, describe, payload, print_json
from localdev.cli.options import Json, Yes


@app.command()
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from `models list`, or a digest.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Forget a model. A file it was linked from stays."""
    from localdev.cli.confirm import confirmed
    from localdev.cli.terminal import Printer, one_line
    from localdev.core.folders import find_folders
    from localdev.models.store import ModelStore

    printer, store = Printer(), ModelStore(find_folders().models)
    passport = store.find(name)
    what = (
        "The file it was linked from stays"
        if passport.links() > 1
        else f"This deletes the copy of {passport.source.place}"
    )
    question = one_line(f"Remove {passport.name} ({describe(passport)})? {what}.")
    if not confirmed(question, yes=yes):
        printer.aside("nothing was removed")
        raise typer.Exit(1)
    store.remove(passport.digest)
    if as_json:
        print_json(printer, {"removed": payload(passport)})
        return
    printer.line(one_line(f"removed {passport.name}"))
