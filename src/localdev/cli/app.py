"""The table of commands and the group that imports a command's file when it is run, not before."""

from __future__ import annotations

import importlib
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from localdev.cli.options import Directory, Invocation, start_folder
from localdev.cli.program import as_typed

# Name, what `--help` says of it; the file is `cli/commands/<name>.py` and holds an `app`.
COMMANDS = {
    "init": "Say what works here, and what to do next.",
    "ask": "Answer a question, with the places the answer rests on.",
    "chat": "Talk about the repository, on a screen or in plain lines.",
    "sessions": "List, search, export and delete what chats have kept.",
    "search": "Rank the code that fits a query.",
    "complete": "Fill in the code at a place of a file.",
    "review": "Look for what is wrong in a change.",
    "commit": "Word the message of the staged change, and commit it.",
    "gen": "Propose documentation, tests or code as a checked patch.",
    "hooks": "Review, draft and check at every commit, from git's hooks.",
    "undo": "Take back what `localdev gen --apply` wrote last.",
    "outline": "Map the definitions that matter most.",
    "index": "Build or refresh the index of the repository.",
    "models": "Add, list and remove model files.",
    "config": "Show and change settings.",
    "trust": "Let the repository's own settings act.",
    "service": "Look after the background process that keeps models warm.",
    "doctor": "Check what works here, and name what fixes the rest.",
    "setup": "Add an optional part, such as the embedded engine.",
    "wipe": "Remove what is stored about the repository, or all.",
}


class LazyGroup(TyperGroup):
    """A group whose commands are known by name and loaded when used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Give the command names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command's file and build the command; None when there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"localdev.cli.commands.{cmd_name}")
        return typer.main.get_command(module.app)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command to run; an unknown one is an error that names the nearest."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from localdev.cli.usage import unknown_command

            raise unknown_command(args[0], list(COMMANDS), "localdev")
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """Give the help with the example as it works here."""
        return as_typed(str(super().get_help(ctx)))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands for `--help` from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def command() -> TyperGroup:
    """Build the root command."""
    app = typer.Typer(
        cls=LazyGroup,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        invoke_without_command=True,
        epilog="Exit codes: 0 fine, 1 a negative answer, 2 wrong usage, 3 a bug, 4 the environment, 130 interrupted.",
    )
    app.callback()(root)
    return cast(TyperGroup, typer.main.get_command(app))


def root(
    context: typer.Context,
    directory: Directory = None,
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version and exit.")] = False,
) -> None:
    """Answer questions about the code in a repository, on this machine alone.

    Start with: `localdev ask "how are settings read?"`
    """
    if version:
        from localdev import __version__

        typer.echo(f"localdev {__version__}")
        raise typer.Exit
    context.obj = Invocation(start_folder(context, directory))
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
