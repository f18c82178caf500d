"""Opens what a turn has brought besides text: findings, a patch, a message to commit with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localdev.core.neutral import one_line
from localdev.core.talk import Turn

if TYPE_CHECKING:
    from localdev.tui.screens.main import MainScreen


def open_result(screen: MainScreen, turn: Turn) -> None:
    """Show the result of a turn on a screen of its own; a question has none."""
    payload = turn.payload
    if payload is None:
        return
    if turn.kind == "review":
        from localdev.tui.review.findings import FindingsScreen

        screen.app.push_screen(FindingsScreen(payload, screen.desk), lambda command: _draft(screen, command))
    elif turn.kind == "gen":
        from localdev.tui.patch.screen import PatchScreen

        screen.app.push_screen(PatchScreen(payload, screen.desk))
    elif turn.kind == "commit":
        from localdev.tui.review.commit import CommitScreen

        screen.app.push_screen(CommitScreen(payload, screen.desk))


def _draft(screen: MainScreen, command: str | None) -> None:
    """Put a command that a screen ended with into the question, to be looked at and sent."""
    if command and not screen.composer.text.strip():
        screen.composer.set_draft(command)
        screen.composer.focus_editor()
    elif command:
        screen.notify(f"the question is not empty; the command is: {one_line(command)}", markup=False)
