"""`localdev models add`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localdev.cli.commands.models.group import (
    app,
    asked_name,
    describe,
    payload,
    print_json,
    tell_stored,
)
from localdev.cli.options import Json
from localdev.cli.workplace import open_workplace

if TYPE_CHECKING:
    from localdev.models.incoming import Wish

_DONE = {"link": "linked", "copy": "copied", "move": "moved"}


@app.command(short_help="Vet and keep a model file.")
def add(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.gguf|FOLDER", help="Of a split model: a part, or their folder.")
    ],
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help="What to call it; else made from the file's.", callback=asked_name),
    ] = "",
    copy: Annotated[bool, typer.Option("--copy", help="Copy the file even where a link would do.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Link the file, and do not copy it where that fails.")] = False,
    move: Annotated[bool, typer.Option("--move", help="Take the file away once the store has it.")] = False,
    accept: Annotated[
        list[str] | None, typer.Option("--accept", metavar="RULE", help="Accept what this rule of vetting finds.")
    ] = None,
    licence: Annotated[
        str, typer.Option("--licence", metavar="TEXT", help="Under what it may be used; else what the file says.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Keep a model: vetted, linked where the disk allows it, else copied; its digest and its origin are recorded."""
    from localdev.cli.progress import ProgressLine
    from localdev.core.events import Notice
    from localdev.core.folders import expanded
    from localdev.core.neutral import one_line
    from localdev.models.store import Adding, ModelStore

    mode = _mode(copy=copy, link=link, move=move)
    place = open_workplace(context, None)
    progress = ProgressLine(place.printer)
    try:
        adding = Adding(mode=mode, name=name, licence=licence, accept=tuple(accept or ()))
        passport = ModelStore(place.folders.models).add(expanded(file), adding, progress.update)
    finally:
        progress.close()
    tell_stored(place, passport, name)
    if as_json:
        print_json(place.printer, payload(passport))
        return
    place.printer.line(one_line(f"{passport.name}: {_DONE[passport.mode]}, {describe(passport)}"))
    if file.suffix.lower() != ".gguf":
        said = f"call it {passport.name} from now on: only a path ending in .gguf names a model"
        place.printer.notice(Notice("hint", said))
    place.printer.line(f"sha256 {passport.digest}")


def _mode(*, copy: bool, link: bool, move: bool) -> Wish:
    """Give how the file is wanted in the store.

    Raises:
        UsageError: in more than one way.
    """
    from localdev.core.errors import UsageError

    wishes: dict[Wish, bool] = {"copy": copy, "link": link, "move": move}
    asked = [wish for wish, wanted in wishes.items() if wanted]
    if len(asked) > 1:
        raise UsageError(f"--{asked[0]} and --{asked[1]} exclude each other", "give one of them")
    return asked[0] if asked else "auto"
