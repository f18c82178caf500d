"""`localdev complete`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localdev.cli.options import Adapter, Directory, Json, Model, NoService, new_app
from localdev.cli.workplace import open_workplace, use_service
from localdev.config.settings import CompleteSettings

if TYPE_CHECKING:
    from localdev.cli.workplace import Workplace

app = new_app()
_CURSOR = "<|cursor|>"
_EXAMPLE = "for example: `localdev complete --at src/app.py:12:5`"
_LARGEST = 1_000_000
_DEFAULTS = CompleteSettings()


@app.command()
def complete(
    context: typer.Context,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="PATH:LINE:COL", help="The cursor, counted from 1. Text on stdin is not saved yet."
        ),
    ] = None,
    cursor: Annotated[
        str, typer.Option("--cursor", metavar="TEXT", help="What marks the cursor in the text on stdin.")
    ] = _CURSOR,
    model: Model = None,
    adapter: Adapter = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            "--max-tokens",
            metavar="N",
            help=f"Longest completion; {_DEFAULTS.max_tokens} unless complete.max_tokens is set.",
        ),
    ] = None,
    no_service: NoService = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Fill in the code at a place of a file, with a model that was trained for it.

    Given no place, the text on stdin is completed where the cursor is marked, else at its end.
    """
    from localdev.cli.events import running
    from localdev.core.events import Result, TextDelta

    flags = {
        "complete.max_tokens": ("--max-tokens", max_tokens),
        "model": ("--model", model),
        "complete.adapter": ("--adapter", adapter),
    }
    place = open_workplace(context, directory, flags)
    options = _at_place(place, at) if at is not None else _at_mark(place, cursor)
    service = use_service(place, "complete", never=no_service)
    with running(place, "complete", options, service=service) as events:
        for event in events:
            if isinstance(event, TextDelta) and not as_json:
                place.printer.piece(event.text)
            elif isinstance(event, Result) and as_json:
                place.printer.json(event.payload)
    if sys.stdout.isatty():  # elsewhere the completion is all there is, to the last character
        place.printer.end_line()


def _at_place(place: Workplace, at: str) -> dict[str, object]:
    """Cut a file's text, or what is piped in for it, at a line and column.

    Raises:
        UsageError: it is no place, or not one of the text.
        NotFound: the file cannot be read.
    """
    from localdev.cli.texts import text_of
    from localdev.core.errors import UsageError
    from localdev.core.folders import expanded

    written, _, numbers = at.rpartition(":")
    name, _, line = written.rpartition(":")
    if not name or not (line.isascii() and line.isdigit()) or not (numbers.isascii() and numbers.isdigit()):
        raise UsageError(f"{at} is not of the form PATH:LINE:COL", _EXAMPLE)
    path = place.start / expanded(Path(name))
    hint = f"pipe in the part around the cursor, marked by {_CURSOR}"
    text = _piped(place) or text_of(path, most=_LARGEST, hint=hint)
    prefix, suffix = _cut(text, int(line), int(numbers), name)
    return {"prefix": prefix, "suffix": suffix, "path": _relative(path, place.root)}


def _at_mark(place: Workplace, cursor: str) -> dict[str, object]:
    """Cut the text on stdin at the cursor's mark, or take all of it as what stands before the cursor.

    Raises:
        UsageError: there is no text, no mark to look for, or the mark stands there more than once.
    """
    from localdev.core.errors import UsageError

    if not cursor:
        raise UsageError("--cursor is empty", f"leave it out: the cursor is then marked by {_CURSOR}")
    text = _piped(place)
    if not text:
        raise UsageError("complete needs a place, or text on stdin", _EXAMPLE)
    if text.count(cursor) > 1:
        raise UsageError(
            f"{cursor} stands in the text {text.count(cursor)} times",
            "mark the cursor with a text that stands there once: --cursor TEXT",
        )
    prefix, _, suffix = text.partition(cursor)
    return {"prefix": prefix, "suffix": suffix}


def _piped(place: Workplace) -> str:
    """Give the text on stdin with plain line ends, and say when a silent pipe was left alone."""
    from localdev.cli.stdin import NOT_READ, piped_text
    from localdev.core.events import Notice

    text, left_alone = piped_text()
    if left_alone:
        place.printer.notice(Notice("hint", NOT_READ))
    return text.replace("\r\n", "\n")


def _cut(text: str, line: int, column: int, name: str) -> tuple[str, str]:
    """Cut a text in front of the character at a line and column, both counted from 1.

    Raises:
        UsageError: there is no such line or column.
    """
    from localdev.core.errors import UsageError

    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        raise UsageError(f"{name} has no line {line}", f"its lines are 1 to {len(lines)}")
    if not 1 <= column <= len(lines[line - 1]) + 1:
        raise UsageError(f"line {line} of {name} has no column {column}", f"give 1 to {len(lines[line - 1]) + 1}")
    at = sum(len(before) + 1 for before in lines[: line - 1]) + column - 1
    return text[:at], text[at:]


def _relative(path: Path, root: Path) -> str:
    """Give the path as the index has it, or as it is for a file elsewhere."""
    whole = path.absolute()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else str(whole)
