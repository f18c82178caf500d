"""Opens what a turn has brought besides text: findings, a patch, a message to commit with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from localdev.core.neutral import one_line
from localdev.core.talk import Turn
from localdev.tui.background import in_thread

if TYPE_CHECKING:
    from localdev.tui.screens.main import MainScreen


def has_result(turn: Turn) -> bool:
    """Tell whether there is more to look at than the turn says itself."""
    payload = turn.payload or {}
    return bool(
        {
            "review": payload.get("findings") or payload.get("not_reviewed"),
            "gen": payload.get("patch"),
            "commit": not payload.get("stopped"),
        }.get(turn.kind)
    )


def open_result(screen: MainScreen, turn: Turn) -> None:
    """Show the result of a turn on a screen of its own; a question has none."""
    payload = turn.payload
    if payload is None:
        return
    if turn.kind == "review":
        from localdev.tui.review.findings import FindingsScreen

        screen.app.push_screen(FindingsScreen(payload, screen.desk), lambda command: draft(screen, command))
    elif turn.kind == "gen":
        from localdev.tui.patch.screen import PatchScreen

        screen.app.push_screen(
            PatchScreen(payload, screen.desk), lambda paths: _became(screen, turn, applied=bool(paths))
        )
    elif turn.kind == "commit":
        from localdev.tui.review.commit import CommitScreen

        screen.app.push_screen(CommitScreen(payload, screen.desk), lambda made: _became(screen, turn, committed=made))


def _became(screen: MainScreen, turn: Turn, **since: bool | str | None) -> None:
    """Keep with a turn what became of it on its screen."""
    payload = {**(turn.payload or {}), **since}
    if any(since.values()):
        screen.read_names()
    if not any(since.values()) and not (turn.payload or {}).keys() & since.keys():
        return
    # What waited in the queue may have changed the turn meanwhile, such as how much of it prompts hold.
    now = next((each for each in screen.transcript.turns if each.number == turn.number), turn)
    revised = replace(now, payload=payload)
    screen.transcript.show(revised)
    in_thread(screen, lambda: screen.conversation.revise(revised), whole=True)


def taken_back(screen: MainScreen, paths: Sequence[str]) -> None:
    """Keep with the last turn whose patch was applied to these files that it is not any more."""
    for turn in reversed(screen.transcript.turns):
        payload = turn.payload or {}
        if payload.get("applied") and set(payload.get("files") or ()) >= set(paths):
            _became(screen, turn, applied=False)
            return


def draft(screen: MainScreen, command: str | None) -> None:
    """Put a command that was chosen elsewhere into the question, to be looked at and sent."""
    if command and not screen.composer.text.strip():
        screen.composer.set_draft(command)
        screen.composer.focus_editor()
    elif command:
        screen.notify(f"the question is not empty; the command is: {one_line(command)}", markup=False)
