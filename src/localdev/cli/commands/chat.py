"""`localdev chat`."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from localdev.cli.options import Adapter, Directory, Model, NoService, new_app
from localdev.cli.workplace import Workplace, has_model, open_workplace

if TYPE_CHECKING:
    from localdev.app.conversation.conversation import Conversation
    from localdev.app.conversation.desk import Desk
    from localdev.service.starter import ServiceStarter

app = new_app()


@app.command()
def chat(
    context: typer.Context,
    question: Annotated[
        list[str] | None, typer.Argument(metavar="QUESTION", help="Asked at once; the conversation goes on from there.")
    ] = None,
    continue_last: Annotated[bool, typer.Option("--continue", help="Go on with the last conversation.")] = False,
    session: Annotated[
        str, typer.Option("--session", metavar="ID", help="Go on with this one: its id, the beginning of it, or title.")
    ] = "",
    model: Model = None,
    adapter: Adapter = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="Answer with the places themselves.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines of text instead of a screen.")] = False,
    no_service: NoService = False,
    directory: Directory = None,
) -> None:
    """Talk about the repository: questions and follow-ups, reviews, commits and patches.

    What is said is kept: --continue goes on with it, `localdev sessions` lists all.
    Without a terminal, or with --plain, each line on stdin is one question and the answers are plain text.
    """
    from localdev.core.errors import UsageError

    if continue_last and session:
        raise UsageError("--continue and --session name different conversations", "give one of them")
    if model is not None and no_model:
        raise UsageError("--model and --no-model exclude each other", "leave one of them out")
    flags = {"model": ("--model", model), "chat.adapter": ("--adapter", adapter)}
    place = open_workplace(context, directory, flags)
    first = " ".join(question or [])
    screen = not (plain or place.settings.chat.plain) and _has_screen()
    with contextlib.ExitStack() as parts:
        conversation, desk = _opened(place, parts, (session, continue_last), no_service=no_service, no_model=no_model)
        code = _on_screen(place, conversation, desk, first) if screen else _in_lines(place, conversation, desk, first)
    if code:
        raise typer.Exit(code)


def _has_screen() -> bool:
    """Say whether there is a terminal that a screen can be drawn on."""
    streams = (sys.stdin, sys.stdout)
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM", "") not in (
        "dumb",
        "unknown",
        "" if os.name != "nt" else "-",
    )


def _opened(
    place: Workplace,
    parts: contextlib.ExitStack,
    which: tuple[str, bool],
    *,
    no_service: bool,
    no_model: bool,
) -> tuple[Conversation, Desk]:
    """Open the conversation and its desk; index, service and models are opened when they are needed first."""
    from localdev.app.conversation.choosing import NONE, Choice
    from localdev.app.conversation.conversation import open_conversation
    from localdev.app.conversation.desk import Desk
    from localdev.app.conversation.starter import LocalStarter
    from localdev.core.ports import JobStarter
    from localdev.sessions.store import SessionStore

    starter: JobStarter
    served: ServiceStarter | None = None
    starter = alone = LocalStarter(place.settings, place.folders, place.root)
    parts.callback(alone.close)
    if place.settings.service.enabled and not no_service:
        from localdev.app.anywhere import secrets_of
        from localdev.service.starter import ServiceStarter

        secrets = secrets_of(os.environ)
        starter = served = ServiceStarter(place.settings, place.folders, place.root, secrets, alone)
    store = parts.enter_context(contextlib.closing(SessionStore(place.folders.sessions)))
    session, continue_last = which
    conversation = open_conversation(
        store, place.root, place.settings, starter, session=session, continue_last=continue_last
    )
    parts.callback(conversation.close)
    if no_model:
        conversation.choice = Choice(model=NONE)

    def warm() -> None:
        if served is not None and not no_model and has_model(place, "chat"):
            served.warm()

    return conversation, Desk(place.settings, place.folders, place.root, starter, store, warm=warm)


def _on_screen(place: Workplace, conversation: Conversation, desk: Desk, first: str) -> int:
    """Show the screen until the user leaves."""
    from localdev.cli.terminal import wants_color
    from localdev.core.errors import ConfigError
    from localdev.tui.app import ChatOptions, run_chat
    from localdev.tui.keys import read_keys

    chosen = place.settings.chat
    try:
        read_keys(chosen.keys)
    except ConfigError as error:
        hint = f"{error.hint}; or the usual ones: `localdev config set chat.keys ''`"
        raise ConfigError(f"{error} ({place.loaded.origins['chat.keys']})", hint) from error
    color = wants_color(sys.stdout, place.settings.ui.color)
    code = run_chat(conversation, desk, ChatOptions(chosen.theme, chosen.keys, first, color))
    if (session := conversation.session).turns:
        place.printer.aside(f"to go on with this conversation: `localdev chat --session {session.id}`")
    return code


def _in_lines(place: Workplace, conversation: Conversation, desk: Desk, first: str) -> int:
    """Talk in plain lines until the input ends."""
    from localdev.cli.chat_plain import PlainChat
    from localdev.cli.terminal import Printer

    # Colours are noise to a screen reader; who wants them says so.
    color = "always" if place.settings.ui.color == "always" else "never"
    return PlainChat(conversation, desk, Printer(color)).run(first)
