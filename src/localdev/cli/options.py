"""Options that many commands share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from localdev.core.folders import expanded

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
    """The folder that the `-C` options before a command's name have led to."""

    folder: Path = Path()


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
    before = context.obj.folder if isinstance(context.obj, Invocation) else Path()
    return before / expanded(directory) if directory else before
