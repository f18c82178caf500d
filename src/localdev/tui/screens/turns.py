"""Answers what the user sends, one after the other; the rest waits in a queue that the user may change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from localdev.core.errors import LocaldevError
from localdev.core.talk import Attachment, Turn
from localdev.tui.pump import Pump, RunningTurn
from localdev.tui.state import Follower, Status


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something sent: its words, what was attached, and how it is started when its turn comes.

    `typed` says that the words are the user's own, who gets them back when it cannot start.
    """

    text: str
    start: Callable[[], RunningTurn]
    attachments: tuple[Attachment, ...] = ()
    typed: bool = True


class Shows(Protocol):
    """What the screen does with what happens."""

    def show_turn(self, turn: Turn) -> None:
        """Show a turn as it is now."""
        ...

    def show_status(self, status: Status) -> None:
        """Show the status line."""
        ...

    def show_queue(self, waiting: list[str]) -> None:
        """Show what waits."""
        ...

    def show_failure(self, error: LocaldevError, waiting: Waiting) -> None:
        """Say why a turn could not even start."""
        ...

    def turn_over(self, turn: Turn) -> None:
        """Do what comes after a turn."""
        ...


class Turns:
    """The turn under way and those that wait. All calls but `wait` come from the screen's thread."""

    def __init__(self, shows: Shows) -> None:
        self._shows = shows
        self._pump = Pump()
        self._waiting: list[Waiting] = []
        self.held = False  # nothing begins while another session is being opened
        self._stopped = False
        self.follower = Follower()

    @property
    def busy(self) -> bool:
        """Whether a turn is being answered."""
        return self._pump.busy

    @property
    def turn(self) -> Turn | None:
        """The turn being answered, None where there is none."""
        return self._pump.turn if self._pump.busy else None

    @property
    def reformed(self) -> tuple[Turn, ...]:
        """Earlier turns of which the prompt of the last one holds less than before."""
        return self._pump.reformed

    def send(self, waiting: Waiting) -> None:
        """Answer it, now or when those before it are answered."""
        self._waiting.append(waiting)
        self._next()

    def cancel(self) -> bool:
        """End the turn under way; False where there is none."""
        self._pump.cancel()
        return self.busy

    def take_back(self, index: int) -> Waiting | None:
        """Take one that waits out of the queue; None where it has just begun."""
        taken = self._waiting.pop(index) if index < len(self._waiting) else None
        self._show_queue()
        return taken

    def look(self) -> None:
        """Show what has come since; called some times a second.

        Raises:
            BaseException: the bug that ended the turn.
        """
        if not self._pump.busy:
            return
        events, over = self._pump.take()
        for event in events:
            self.follower.note(event)
        turn = self._pump.turn
        if turn is not None and (events or over):
            self._shows.show_turn(turn)
        if over and turn is not None:
            self.follower.end()
            self._shows.turn_over(turn)
            self._next()
        if events or over:
            self._shows.show_status(self.follower.status)

    def hold(self) -> None:
        """Begin nothing before `release`."""
        self.held = True

    def release(self) -> None:
        """Begin what was sent meanwhile."""
        self.held = False
        self._next()

    def stop(self) -> None:
        """End everything, and begin nothing any more."""
        self._stopped = True
        self._waiting.clear()
        self._pump.cancel()

    def wait(self) -> None:
        """Wait until the turn under way is saved; from another thread."""
        self._pump.wait()

    def _next(self) -> None:
        """Begin the next one that waits, unless one is under way."""
        while self._waiting and not (self._pump.busy or self.held or self._stopped):
            first = self._waiting.pop(0)
            try:
                self._pump.start(first.start())
                self.follower.begin()
            except LocaldevError as error:
                self._shows.show_failure(error, first)
        self._show_queue()

    def _show_queue(self) -> None:
        """Show how many wait, and what."""
        self.follower.set(queued=len(self._waiting))
        self._shows.show_queue([each.text for each in self._waiting])
        self._shows.show_status(self.follower.status)
