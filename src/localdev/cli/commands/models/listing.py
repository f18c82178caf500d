"""`localdev models list`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from localdev.cli.commands.models.group import app, came_from, payload, print_json, table
from localdev.cli.options import Json
from localdev.core.sizes import scaled, sized

if TYPE_CHECKING:
    from localdev.core.events import Notice
    from localdev.models.passport import Passport

_HEADS, _LAST = ["model", "digest", "architecture", "weights", "type", "size"], ["added", "from"]


@app.command("list", short_help="List what is stored or only half pulled.")
def list_(as_json: Json = False) -> None:
    """List the models and adapters that were added, and pulls that are not finished."""
    from localdev.app.pulling_left import unfinished
    from localdev.cli.terminal import Printer
    from localdev.core.events import Notice
    from localdev.core.folders import find_folders
    from localdev.core.neutral import one_line
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
    for each in (models, adapters):
        if each:
            heads = [*_HEADS, "reads", *_LAST] if each is models else ["adapter", *_HEADS[1:], *_LAST]
            for line in table([heads, *map(_row, each)]):
                printer.line(line)
    for passport in (*models, *adapters):
        if notice := _changes(passport):
            printer.notice(notice)
    for pull in pulls:
        said = f"unfinished: {pull.source}, {sized(pull.size)} are here; pull it again to go on, or with --discard"
        printer.notice(Notice("hint", one_line(said)))
    if not models and not unreadable:
        printer.notice(Notice("hint", "no models yet; add one with `localdev models add FILE.gguf`"))


def _row(passport: Passport) -> list[str]:
    """Give what is listed of a model, or of an adapter, which reads nothing by itself."""
    from localdev.models.passport import embeds

    parts = f" in {len(passport.files)} files" if len(passport.files) > 1 else ""
    search = " (for search only)" if embeds(passport.architecture) else ""
    first = [passport.name, passport.digest[:12], passport.architecture + search]
    reads = [f"{passport.context_length} tokens"] if passport.kind == "model" else []
    size = [scaled(passport.parameters), passport.quantisation, sized(passport.size) + parts]
    return [*first, *size, *reads, passport.added[:10], came_from(passport)]


def _changes(passport: Passport) -> Notice | None:
    """Say what seems to have become of the stored files since they were added."""
    from localdev.core.events import Notice
    from localdev.models.checking import how_to_mend

    mend = how_to_mend(passport)
    said = {
        "whole": None,
        "touched": Notice("hint", f"{passport.name} was touched: it is read whole before it is opened again"),
        "changed": Notice("warning", f"{passport.name} was changed since it was added; {mend}"),
        "gone": Notice("warning", f"the file of {passport.name} is gone; {mend}"),
    }
    return said[passport.state()]
