"""`localdev models remove`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localdev.cli.commands.models.group import app, came_from, describe, payload, print_json, write_down
from localdev.cli.options import Json, Yes
from localdev.cli.workplace import open_workplace

if TYPE_CHECKING:
    from localdev.models.passport import Passport


@app.command()
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from `models list`, or a digest.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Forget a model. A file it was linked from stays; a program that runs the model goes on."""
    from localdev.cli.confirm import confirmed
    from localdev.core.neutral import one_line
    from localdev.models.store import ModelStore

    place = open_workplace(context, None)
    store = ModelStore(place.folders.models)
    passport = store.find(name)
    question = one_line(f"Remove {passport.name} ({describe(passport)})? {what_goes(passport)}.")
    if not confirmed(question, yes=yes):
        place.printer.aside("nothing was removed")
        raise typer.Exit(1)
    went = what_goes(passport)
    store.remove(passport.digest)
    write_down(place, "model_removed", passport)
    if as_json:
        print_json(place.printer, payload(passport))
        return
    place.printer.line(one_line(f"removed {passport.name}. {went.replace('This deletes', 'This deleted')}"))


def what_goes(passport: Passport) -> str:
    """Say what is left on the disk afterwards."""
    if passport.is_elsewhere():
        return "The file it was linked from stays"
    if passport.mode == "copy" and passport.source.kind == "file" and Path(passport.source.place).exists():
        return f"This deletes the copy of {passport.source.place}"
    return f"This deletes its only name on this disk; it came from {came_from(passport)}"
