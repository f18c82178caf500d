"""Options that many commands share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

Directory = Annotated[
    Path | None,
    typer.Option("-C", metavar="PATH", help="Work on the repository at PATH instead of the current folder."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Limit = Annotated[int | None, typer.Option("-k", metavar="N", help="How many.")]
Project = Annotated[bool, typer.Option("--project", help="The repository's own .localdev.toml.")]


@dataclass(frozen=True, slots=True)
class Invocation:
    """What stood before the command's name: `-C` of the program itself."""

    directory: Path | None = None


def new_app(help: str = "") -> typer.Typer:
    """Make the Typer application of one command, plain text and without completion options of its own."""
    return typer.Typer(
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=help or None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def start_folder(context: typer.Context, directory: Path | None) -> Path:
    """Give the folder to work in: each `-C` counts from the one before it, as with git."""
    start = Path()
    chain: list[Path | None] = [directory]
    level: typer.Context | None = context
    while level is not None:
        if isinstance(level.obj, Invocation) and (level.parent is None or level.parent.obj is not level.obj):
            chain.append(level.obj.directory)
        level = level.parent  # type: ignore[assignment]
    for step in reversed(chain):
        start = start / step.expanduser() if step else start
    return start
