"""A turn being answered: reads the job's events, lets the turn grow, and stores it as it grows."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from localdev.app.conversation.refusals import known_error
from localdev.app.conversation.turns import reformed, with_cited, with_error, with_event, with_said
from localdev.app.conversation.wording import event_in_chat
from localdev.core.errors import BackendError, LocaldevError
from localdev.core.events import Answered, Citation, ContextFitted, Event, Notice, Result, TextDelta
from localdev.core.ports import JobRun
from localdev.core.talk import Turn

if TYPE_CHECKING:
    from localdev.app.conversation.book import Book

# A process that is killed loses at most this much of an answer, in seconds, and what one writing takes.
SAVE_SECONDS = 0.4


class TurnRun:
    """One turn under way: one thread reads its events, any may look at the turn or cancel it."""

    def __init__(self, turn: Turn, enter: Callable[[TurnRun], Book], start: Callable[[Sequence[Turn]], JobRun]) -> None:
        """Take the turn as asked, what gives its session when it begins, and what starts its job."""
        self._turn = turn
        self._book: Book
        self._enter = enter
        self._history: Sequence[Turn] = ()
        self._earlier: tuple[Citation, ...] = ()  # passages of earlier turns that the answer may cite
        self._start = start
        self._job: JobRun | None = None
        self._lock = threading.Lock()
        self._pieces: list[str] = []
        self._changed = False
        self._saved = threading.Event()
        self._over = threading.Event()
        self._cancelled = False
        self._finished = False
        self._troubles: list[Notice] = []
        self._reformed: tuple[Turn, ...] = ()
        self.replaces: Turn | None = None  # an earlier turn that later prompts are to hold no more

    @property
    def turn(self) -> Turn:
        """The turn as it is now."""
        with self._lock:
            if self._pieces:
                self._turn = replace(self._turn, answer=self._turn.answer + "".join(self._pieces))
                self._pieces.clear()
            return self._turn

    @property
    def under_way(self) -> bool:
        """Whether it is not over yet."""
        return not self._over.is_set()

    @property
    def reformed(self) -> tuple[Turn, ...]:
        """Earlier turns of which the prompt holds less than before, as they are now."""
        return self._reformed

    def cancel(self) -> None:
        """End the answer within one token, from any thread; its part is kept. Never waits."""
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
            job = self._job
        if job is not None:  # an engine that is just starting up is waited for, which a screen must not
            threading.Thread(target=job.cancel, name="chat-cancel", daemon=True).start()

    def wait(self, seconds: float = 5.0) -> bool:
        """Wait until the turn is over and stored; False where that takes longer."""
        return self._over.wait(seconds)

    def events(self) -> Iterator[Event]:
        """Yield the job's events; the turn is stored meanwhile, and whole when they end.

        An error of ours ends the turn as failed and is not raised. What cannot be stored comes as a notice.

        Raises:
            Busy: another turn of the conversation is under way.
            Exception: a bug; the turn was stored as failed before.
        """
        self._book = self._enter(self)
        with self._lock:
            self._turn = replace(self._turn, number=self._book.claim())
        self._keep()
        saver = threading.Thread(target=self._save_along, name="chat-save", daemon=True)
        saver.start()
        try:
            yield from self._job_events()
        except LocaldevError as error:
            self._fail(error)
        except OSError as error:
            known = known_error(error)
            self._fail(known or _as_bug(error))
            if known is None:
                raise
        except GeneratorExit:
            self.cancel()
            self._end("cancelled")
            raise
        except BaseException as bug:
            self._fail(_as_bug(bug))
            raise
        else:
            self._end_well()
        finally:
            self._saved.set()
            saver.join()
            self._keep()
            self._over.set()
        yield from self._told()

    def _job_events(self) -> Iterator[Event]:
        """Start the job and take in what comes of it."""
        if self.replaces is not None:
            self._reform([replace(self.replaces, form="out")])
        self._history = self._book.history()
        if self._cancelled:
            return
        job = self._start(self._history)  # may ask git, and whoever draws the turn must not wait for that
        with self._lock:
            if self._cancelled:
                return
            self._job = job
        with contextlib.closing(_closable(job.events())) as events:
            for event in map(event_in_chat, events):
                self._take(event)
                yield event
                yield from self._told()

    def _take(self, event: Event) -> None:
        """Let the turn grow."""
        if isinstance(event, TextDelta):
            with self._lock:
                self._pieces.append(event.text)
                self._changed = True
            return
        with self._lock:
            if isinstance(event, Answered | Result):
                self._pieces.clear()  # the whole is in the event
                self._finished = True
            before, self._turn = self._turn, with_event(self._turn, event)
            self._changed = self._changed or before is not self._turn
        if isinstance(event, ContextFitted):
            self._earlier = event.standing
            self._reform(reformed(self._history, event.forms))

    def _reform(self, turns: Sequence[Turn]) -> None:
        """Note earlier turns of which prompts hold less from now on."""
        self._reformed = (*self._reformed, *turns)
        self._trouble(self._book.keep_all(turns))

    def _end_well(self) -> None:
        """The job's events are over: the answer is there, or somebody cancelled it."""
        if self._finished:
            self._end("done")
        elif self._cancelled:
            self._end("cancelled")
        else:
            self._fail(BackendError("the answer ended before it was whole", "ask again: /retry"))

    def _fail(self, error: LocaldevError) -> None:
        """End the turn as failed; an error in the wake of cancelling is none."""
        if self._cancelled:
            self._end("cancelled")
            return
        turn = with_cited(self.turn, self._earlier)
        with self._lock:
            self._turn = replace(with_error(turn, error), ended_at=time.time())

    def _end(self, state: str) -> None:
        """End the turn."""
        turn = self._as_it_stands()
        with self._lock:
            self._turn = replace(turn, state=state, ended_at=time.time())  # type: ignore[arg-type]

    def _save_along(self) -> None:
        """Store the turn again and again while it grows: also when text stands still after a last piece."""
        while not self._saved.wait(SAVE_SECONDS):
            with self._lock:
                changed, self._changed = self._changed, False
            if changed:
                self._trouble(self._book.keep(self._as_it_stands()))

    def _as_it_stands(self) -> Turn:
        """Give the turn with what it cites so far."""
        return self.turn if self._finished else with_cited(self.turn, self._earlier)

    def _keep(self) -> None:
        """Store the turn as it is."""
        self._trouble(self._book.keep(self.turn))

    def _trouble(self, trouble: LocaldevError | None) -> None:
        """Note what keeps the turn from being stored; said once, the answer goes on."""
        if trouble is None:
            return
        notice = Notice("warning", f"this is not kept: {trouble}" + (f" ({trouble.hint})" if trouble.hint else ""))
        with self._lock:
            before, self._turn = self._turn, with_said(self._turn, notice)
            if before is not self._turn:
                self._troubles.append(notice)

    def _told(self) -> Iterator[Event]:
        """Yield the troubles that were noted since."""
        while self._troubles:
            yield self._troubles.pop(0)


def _closable(events: Iterator[Event]) -> Generator[Event, None, None]:
    """Give events that can be closed, whatever iterates over them."""
    try:
        yield from events
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()


def _as_bug(error: BaseException) -> LocaldevError:
    """Say in a turn that something nobody expected has ended it."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return LocaldevError(f"a bug in localdev ({' '.join(what.split())[:300]})", "please report it")
