"""`localdev models list`."""

from __future__ import annotations

from localdev.cli.commands.models.group import app, describe, payload, print_json
from localdev.cli.options import Json


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the models that were added."""
    from localdev.cli.terminal import Printer, one_line
    from localdev.core.events import Notice
    from localdev.core.folders import find_folders
    from localdev.models.store import ModelStore

    printer = Printer()
    passports = ModelStore(find_folders().models).list()
    if as_json:
        print_json(printer, {"models": [payload(passport) for passport in passports]})
        return
    for passport in passports:
        printer.line(one_line(f"{passport.name}  {passport.digest[:12]}  {describe(passport)}"))
        if not passport.seems_whole():
            printer.notice(
                Notice("warning", f"{passport.name} was changed since it was added; `localdev doctor` says more")
            )
    if not passports:
        printer.notice(Notice("hint", "no models yet; add one with `localdev models add FILE.gguf`"))
