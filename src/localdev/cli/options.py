"""Options that many commands share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from typer.models import Default

from localdev.core.folders import expanded

Directory = Annotated[
    Path | None,
    typer.Option("-C", metavar="PATH", help="Work on the repository at PATH instead of the current folder."),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="MODEL", help="A name from `models list`, a GGUF file, ollama:NAME or openai:NAME."
    ),
]
Adapter = Annotated[
    str | None,
    typer.Option(
        "--adapter", metavar="ADAPTER", help="LoRA adapter: a name from `models adapters list`, or a GGUF file; @SCALE."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
NoService = Annotated[bool, typer.Option("--no-service", help="Run in this process, without the background service.")]
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
        help=help or Default(None),  # none given, it is the docstring of the command
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def new_group(help: str) -> typer.Typer:
    """Make the Typer application of a command that has commands of its own; given none, it prints its help."""
    app = new_app(help)
    app.callback(invoke_without_command=True, help=help)(_print_help)
    return app


def _print_help(context: typer.Context) -> None:
    """Print the help of a group that was given no command."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def start_folder(context: typer.Context, directory: Path | None) -> Path:
    """Give the folder to work in: each `-C` counts from the one before it, as with git."""
    before = context.obj.folder if isinstance(context.obj, Invocation) else Path()
    return before / expanded(directory) if directory else before
