"""Opens what a turn has brought besides text: findings, a patch, a message to commit with."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

        screen.app.push_screen(FindingsScreen(payload, screen.desk))
    elif turn.kind == "gen":
        from localdev.tui.patch.screen import PatchScreen

        screen.app.push_screen(PatchScreen(payload, screen.desk))
    elif turn.kind == "commit":
        from localdev.tui.review.commit import CommitScreen

        screen.app.push_screen(CommitScreen(payload, screen.desk))
