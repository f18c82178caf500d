"""`localdev models add|list|remove`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.options import Json, Yes, new_group

if TYPE_CHECKING:
    from localdev.models.passport import Passport

app = new_group("Model files: yours, in GGUF form, kept by content and never fetched.")


@app.command(short_help="Keep a model file.")
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE.gguf")],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What to call it; else made from the file's.")
    ] = "",
    copy: Annotated[bool, typer.Option("--copy", help="Copy the file even where a link would do.")] = False,
    as_json: Json = False,
) -> None:
    """Keep a model file: linked where the disk allows it, else copied; its digest is recorded."""
    from localdev.cli.progress import ProgressLine
    from localdev.cli.terminal import Printer, one_line
    from localdev.core.events import Notice
    from localdev.core.folders import expanded, find_folders
    from localdev.models.store import ModelStore

    printer = Printer()
    progress = ProgressLine(printer)
    try:
        mode: Any = "copy" if copy else "link"
        passport = ModelStore(find_folders().models).add(expanded(file), mode=mode, name=name, progress=progress.update)
    finally:
        progress.close()
    if as_json:
        printer.json({"schema_version": _schema_version(), **_payload(passport)})
        return
    how = "linked" if passport.mode == "link" else "copied"
    printer.line(one_line(f"{passport.name}: {how}, {_describe(passport)}"))
    if file.suffix.lower() != ".gguf":
        said = f"call it {passport.name} from now on: only a path ending in .gguf names a model"
        printer.notice(Notice("hint", said))
    printer.line(f"sha256 {passport.digest}")


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
        printer.json({"schema_version": _schema_version(), "models": [_payload(passport) for passport in passports]})
        return
    for passport in passports:
        printer.line(one_line(f"{passport.name}  {passport.digest[:12]}  {_describe(passport)}"))
        if not passport.seems_whole():
            printer.notice(
                Notice("warning", f"{passport.name} was changed since it was added; `localdev doctor` says more")
            )
    if not passports:
        printer.notice(Notice("hint", "no models yet; add one with `localdev models add FILE.gguf`"))


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
        "The file it was linked from stays" if passport.links() > 1 else f"This deletes the copy of {passport.source}"
    )
    question = one_line(f"Remove {passport.name} ({_describe(passport)})? {what}.")
    if not confirmed(question, yes=yes):
        printer.aside("nothing was removed")
        raise typer.Exit(1)
    store.remove(passport.digest)
    if as_json:
        printer.json({"schema_version": _schema_version(), "removed": _payload(passport)})
        return
    printer.line(one_line(f"removed {passport.name}"))


def _schema_version() -> int:
    """Give the version that heads every JSON object."""
    from localdev.render.payloads import SCHEMA_VERSION

    return SCHEMA_VERSION


def _payload(passport: Passport) -> dict[str, Any]:
    """Give what `--json` prints of a model."""
    return {**asdict(passport), "file": str(passport.file)}


def _describe(passport: Passport) -> str:
    """Say in a few words what kind of model it is."""
    from localdev.models.passport import embeds

    parts = [
        passport.architecture,
        f"{passport.parameters / 1e9:.1f} B" if passport.parameters >= 1e8 else f"{passport.parameters / 1e6:.1f} M",
        passport.quantisation,
        f"{passport.size / 1e6:.0f} MB",
        f"reads up to {passport.context_length} tokens",
    ]
    if embeds(passport.architecture):
        parts.append("for search only")
    return ", ".join(parts)
