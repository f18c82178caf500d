"""`localdev models adapters`: add, list and remove LoRA adapters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.commands.models.group import app as models
from localdev.cli.commands.models.group import (
    asked_name,
    describe,
    payload,
    print_json,
    tell_stored,
    write_down,
)
from localdev.cli.commands.models.info_adapter import rank_and_alpha
from localdev.cli.options import Json, Yes, new_group
from localdev.cli.workplace import open_workplace

if TYPE_CHECKING:
    from localdev.app.adapters import Adapter

app = new_group("Keep LoRA adapters for the models here.")
models.add_typer(app, name="adapters")


@app.command(short_help="Keep an adapter file.")
def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.gguf")],
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help="What to call it; else made from the file's.", callback=asked_name),
    ] = "",
    base: Annotated[
        str, typer.Option("--base", metavar="MODEL", help="The model it is for: a stored name, or a GGUF file.")
    ] = "",
    copy: Annotated[bool, typer.Option("--copy", help="Copy the file even where a link would do.")] = False,
    as_json: Json = False,
) -> None:
    """Keep an adapter that fits the model named by --base, or else one of the stored models."""
    from localdev.app.adapters import Wish, add_adapter
    from localdev.cli.progress import ProgressLine
    from localdev.core.events import Notice
    from localdev.core.neutral import one_line

    place = open_workplace(context, None)
    progress = ProgressLine(place.printer)
    try:
        added = add_adapter(Wish(file, name, base, copy), place.settings, place.folders, progress.update)
    finally:
        progress.close()
    tell_stored(place, added.passport, name)
    if as_json:
        print_json(place.printer, _payload(added))
        return
    place.printer.line(one_line(f"{added.passport.name}: {_describe(added)}"))
    place.printer.line(f"sha256 {added.passport.digest}")
    if added.doubtful:
        said = f"it says it was made for {added.passport.base}; whether that is one of these, shapes cannot tell"
        place.printer.notice(Notice("warning", one_line(said)))


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the adapters that were added, with the models they fit."""
    from localdev.app.adapters import listed
    from localdev.cli.terminal import Printer
    from localdev.core.events import Notice
    from localdev.core.folders import find_folders
    from localdev.core.neutral import one_line

    printer = Printer()
    adapters = listed(find_folders())
    if as_json:
        print_json(printer, {"adapters": [_payload(each) for each in adapters]})
        return
    for each in adapters:
        printer.line(one_line(f"{each.passport.name}  {each.passport.digest[:12]}  {_describe(each)}"))
    if not adapters:
        printer.notice(Notice("hint", "no adapters yet; add one with `localdev models adapters add FILE.gguf`"))


@app.command()
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from `models adapters list`, or a digest.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Forget an adapter. A file it was linked from stays."""
    from localdev.app.adapters import remove_adapter
    from localdev.cli.confirm import confirmed
    from localdev.core.neutral import one_line
    from localdev.models.store import ModelStore

    place = open_workplace(context, None)
    passport = ModelStore(place.folders.models).find(name, "adapter")
    if not confirmed(one_line(f"Remove {passport.name} ({describe(passport)})?"), yes=yes):
        place.printer.aside("nothing was removed")
        raise typer.Exit(1)
    remove_adapter(passport.digest, place.folders)
    write_down(place, "model_removed", passport)
    if as_json:
        print_json(place.printer, payload(passport))
        return
    place.printer.line(one_line(f"removed {passport.name}"))


def _describe(adapter: Adapter) -> str:
    """Say in a few words what an adapter is and which models it fits."""
    lora = f", {rank_and_alpha(adapter.lora.ranks, adapter.lora.alpha)}" if adapter.lora else ""
    return f"{describe(adapter.passport)}{lora}; fits {', '.join(adapter.fits) or 'none of the stored models'}"


def _payload(adapter: Adapter) -> dict[str, Any]:
    """Give what `--json` prints of an adapter."""
    lora = adapter.lora
    ranks, alpha = (list(lora.ranks), lora.alpha) if lora else ([], 0.0)
    return {**payload(adapter.passport), "ranks": ranks, "alpha": alpha, "fits": list(adapter.fits)}
