"""Opening a file in the user's own editor: the terminal is the editor's until it ends."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from textual.app import App, SuspendNotSupported

from localdev.core.errors import EnvironmentFault, LocaldevError, NotFound
from localdev.core.neutral import one_line
from localdev.tui.background import show_error

_HINT = "set $VISUAL or $EDITOR to your editor"


class Editors(Protocol):
    """Knows the user's editor."""

    def editor(self, path: str, line: int) -> list[str]:
        """Give the command that opens a file at a line.

        Raises:
            LocaldevError: there is no such file, or no editor.
        """
        ...


def open_editor(app: App[Any], desk: Editors, path: str, line: int) -> None:
    """Open a file at a line and come back when the editor has ended; what goes wrong is said, never raised."""
    try:
        run_editor(app, desk.editor(path, line))
    except LocaldevError as error:
        show_error(app, error)


def run_editor(app: App[Any], command: Sequence[str]) -> None:
    """Give the terminal to a program until it ends.

    Raises:
        NotFound: there is no such program.
        EnvironmentFault: it cannot be run here, or did not end well.
    """
    name = one_line(Path(command[0]).name)
    try:
        with app.suspend(), _interrupts_are_the_programs():
            code = subprocess.run(command, check=False).returncode
    except SuspendNotSupported as error:
        raise EnvironmentFault("an editor cannot be opened in this terminal", "open the file yourself") from error
    except FileNotFoundError as error:
        raise NotFound(f"there is no program {name}", _HINT) from error
    except OSError as error:
        raise EnvironmentFault(f"{name} cannot be run: {error.strerror}", _HINT) from error
    if code:
        raise EnvironmentFault(f"{name} ended with {code}", _HINT)


@contextmanager
def _interrupts_are_the_programs() -> Iterator[None]:
    """Let Ctrl-C reach the program alone: the terminal sends it to this one too, which would end the chat.

    A handler that does nothing, because a program that is started inherits what is ignored but no handler.
    """
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
