"""The group `localdev models` and what its commands share."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from localdev.cli.options import new_group
from localdev.core.sizes import scaled, sized

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localdev.cli.terminal import Printer
    from localdev.cli.workplace import Workplace
    from localdev.models.gguf import GgufHeader
    from localdev.models.passport import Passport

app = new_group("Model files: yours, in GGUF form, kept by content; `pull` alone fetches any.")


def print_json(printer: Printer, entries: Mapping[str, Any]) -> None:
    """Print a JSON object with the version that heads every one."""
    from localdev.render.payloads import SCHEMA_VERSION

    printer.json({"schema_version": SCHEMA_VERSION, **entries})


def payload(passport: Passport) -> dict[str, Any]:
    """Give what `--json` prints of a model: its passport, with path, size and digest of each file for its stamps."""
    entry = {**asdict(passport), "files": files_of(passport), "folder": str(passport.folder)}
    return {**entry, "file": str(passport.file), "size": passport.size}


def files_of(passport: Passport) -> list[dict[str, Any]]:
    """Give what `--json` prints of a model's files, in order."""
    return [
        {"path": str(path), "size": file.size, "sha256": file.digest}
        for path, file in zip(passport.paths(), passport.files, strict=True)
    ]


def describe(model: Passport | GgufHeader) -> str:
    """Say in a few words what kind of model or adapter it is."""
    from localdev.models.gguf import GgufHeader
    from localdev.models.passport import embeds

    size = model.file_size if isinstance(model, GgufHeader) else model.size
    adapter = model.kind == "adapter"
    parts = [
        f"adapter for {model.architecture}" if adapter else model.architecture,
        scaled(model.parameters),
        model.quantisation,
        sized(size),
    ]
    if not isinstance(model, GgufHeader) and len(model.files) > 1:
        parts.append(f"{len(model.files)} files")
    if not adapter:
        parts.append(f"reads up to {model.context_length} tokens")
    if embeds(model.architecture):
        parts.append("for search only")
    return ", ".join(parts)


def table(rows: Sequence[Sequence[str]], *, figures: bool = False) -> list[str]:
    """Give rows of the same number of cells as lines with the cells below each other.

    With `figures` all columns but the first hold numbers, which end below each other.
    """
    from localdev.core.neutral import one_line

    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    sides = ["<", *(">" if figures else "<") * (len(widths) - 1)]
    forms = [f"{side}{width}" for side, width in zip(sides, widths, strict=True)]
    return ["  ".join(map(format, row, forms)).rstrip() for row in cells]


def came_from(passport: Passport) -> str:
    """Say where a model came from; of a digest in it the first twelve digits, as they are written elsewhere."""
    return re.sub(r"\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b", r"\1", passport.source.place)


def asked_name(context: typer.Context, value: str) -> str:
    """See that a --name that is given is one: left out, it is made from the file's.

    Raises:
        UsageError: it is empty.
    """
    from localdev.core.errors import UsageError

    source = context.get_parameter_source("name")
    if not value and source is not None and source.name == "COMMANDLINE":
        raise UsageError("'' holds no letter or digit to make a name of", "leave out --name, or give one: --name NAME")
    return value


def tell_name(printer: Printer, asked: str, passport: Passport) -> None:
    """Say what a model is called where that is not the name that was asked for."""
    from localdev.core.events import Notice
    from localdev.core.neutral import one_line

    if asked and asked != passport.name:
        said = f"it is called {passport.name} and not {asked}: names have lower-case letters, digits, dots and dashes"
        printer.notice(Notice("hint", one_line(said)))


def tell_findings(printer: Printer, passport: Passport) -> None:
    """Print on stderr what vetting warned of, and what it found that was accepted."""
    from localdev.core.events import Notice
    from localdev.core.neutral import one_line

    for finding in passport.findings:
        if finding.severity != "note":
            accepted = " (accepted)" if finding.rule in passport.accepted else ""
            printer.notice(Notice("warning", one_line(f"{finding.rule}{accepted}: {finding.message}")))


def tell_stored(place: Workplace, passport: Passport, asked: str = "") -> None:
    """Write down what was stored, and say what vetting warned of and what it is called where that was `asked` for."""
    write_down(place, "model_added", passport)
    tell_findings(place.printer, passport)
    tell_name(place.printer, asked, passport)


def write_down(place: Workplace, kind: str, passport: Passport) -> None:
    """Write a line into the journal, unless it is switched off: what was stored or removed, and where it came from."""
    from localdev.app.recording import journal_of

    what = {"name": passport.name, "digest": passport.digest, "what": passport.kind}
    journal = journal_of(place.settings, place.folders, place.printer.notice)
    journal.record(kind, {**what, "source": asdict(passport.source), "accepted": passport.accepted})
