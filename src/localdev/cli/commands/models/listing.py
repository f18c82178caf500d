"""`localdev models list`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from localdev.cli.commands.models.group import app, describe, payload, print_json
from localdev.cli.options import Json
from localdev.core.sizes import sized

if TYPE_CHECKING:
    from localdev.core.events import Notice
    from localdev.models.passport import Passport


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the models and adapters that were added, and pulls that are not finished."""
    from localdev.app.pulling_left import unfinished
    from localdev.cli.terminal import Printer, one_line
    from localdev.core.events import Notice
    from localdev.core.folders import find_folders
    from localdev.models.store import ModelStore

    printer, folders = Printer(), find_folders()
    store = ModelStore(folders.models)
    passports, unreadable = store.readable()
    models = [each for each in passports if each.kind == "model"]
    adapters = [each for each in passports if each.kind == "adapter"]
    for error in unreadable:
        printer.notice(Notice("warning", one_line(f"{error}; {error.hint}")))
    pulls = unfinished(folders)
    if as_json:
        entries = {"models": [*map(payload, models)], "adapters": [*map(payload, adapters)]}
        print_json(printer, {**entries, "unfinished": [asdict(each) for each in pulls]})
        return
    for passport in (*models, *adapters):
        origin = f"from {passport.source.place}, {passport.added[:10]}"
        printer.line(one_line(f"{passport.name}  {passport.digest[:12]}  {describe(passport)}, {origin}"))
        if notice := _changes(passport):
            printer.notice(notice)
    for pull in pulls:
        said = f"unfinished: {pull.source}, {sized(pull.size)} are here; pull it again to go on, or with --discard"
        printer.notice(Notice("hint", one_line(said)))
    if not models and not unreadable:
        printer.notice(Notice("hint", "no models yet; add one with `localdev models add FILE.gguf`"))


def _changes(passport: Passport) -> Notice | None:
    """Say what seems to have become of the stored files since they were added."""
    from localdev.core.events import Notice

    said = {
        "whole": None,
        "touched": Notice("hint", f"{passport.name} was touched: it is read whole before it is opened again"),
        "changed": Notice("warning", f"{passport.name} was changed since it was added; `localdev doctor` says more"),
        "gone": Notice("warning", f"the file of {passport.name} is gone; `localdev doctor` says more"),
    }
    return said[passport.state()]
