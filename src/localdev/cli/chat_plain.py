"""The chat in plain lines, for screen readers and pipes: nothing moves the cursor, and every state is said in words."""

from __future__ import annotations

import io
import queue
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from localdev.app.conversation.commands import Parsed, ProblemText, is_command, parse
from localdev.app.conversation.wording import in_chat
from localdev.cli import signals
from localdev.cli.events import filtered
from localdev.cli.progress import ProgressLine
from localdev.core.errors import LocaldevError, UsageError
from localdev.core.events import (
    Event,
    Notice,
    PromptShown,
    Result,
    Sources,
    TextDelta,
)
from localdev.core.neutral import neutral, one_line
from localdev.core.sizes import counted
from localdev.core.talk import Attachment, Turn

if TYPE_CHECKING:
    from localdev.app.conversation.conversation import Conversation
    from localdev.app.conversation.desk import Desk
    from localdev.app.conversation.turn_run import TurnRun
    from localdev.cli.terminal import Printer
    from localdev.core.ports import JobRun

_FAILED = 4
# Two lines, as 80 columns hold them: a screen reader would read a key in two halves.
_WELCOME = ("Ask about the repository; /help lists the commands.", "Ctrl-C ends an answer, Ctrl-D leaves.")
_STATES = {"cancelled": "cancelled; the part above is kept", "unfinished": "unfinished: the program was ended"}
_LOOK_SECONDS = 0.1


class PlainChat:
    """One conversation in lines."""

    def __init__(self, conversation: Conversation, desk: Desk, out: Printer) -> None:
        self.conversation = conversation
        self.desk = desk
        self.out = out
        self.interactive = sys.stdin is not None and sys.stdin.isatty()
        self.attachments: list[Attachment] = []
        self.failed = False
        self._left = self._spoken = False
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")

    def run(self, first: str = "") -> int:
        """Talk until the input ends, and give the exit code; `first` is asked at once.

        With a first question, text on stdin belongs to it and nothing else is read from there.

        Raises:
            UsageError: there is nobody to talk with.
        """
        if first and not self.interactive:
            self._attach_stdin()
            self.take(first)
            return _FAILED if self.failed else 0
        if self.interactive:
            for told in _WELCOME:
                self.out.aside(told)
            self.say_where()
            threading.Thread(target=self.desk.warm, name="chat-warm", daemon=True).start()
        if first:
            self.take(first)
        asked = bool(first)
        for line in self._lines():
            if line.strip():
                asked = True
                self._repeat(line)
            self.take(line)
            if self._left:
                break
        if not (asked or self.interactive):
            hint = "`echo QUESTION | localdev chat` asks one, and so does `localdev chat QUESTION`"
            raise UsageError("there is no terminal to talk on, and no question on stdin", hint)
        return _FAILED if self.failed and not self.interactive else 0

    def take(self, line: str) -> None:
        """Do what a line asks for; an error of ours is said and the conversation goes on."""
        if not line.strip():
            return
        try:
            if is_command(line):
                self._command(line)
            else:
                self.answer(self.conversation.ask(line, self.given()))
        except LocaldevError as error:
            self.failed = True
            self.say_error(str(error), error.hint)

    def given(self) -> tuple[Attachment, ...]:
        """Take what was attached for the next question."""
        found = tuple(self.attachments)
        self.attachments.clear()
        return found

    def leave(self) -> None:
        """End the conversation after this line."""
        self._left = True

    def say_where(self) -> None:
        """Say which conversation this is."""
        info = self.conversation.session
        if info.turns:
            self.out.aside(f"conversation: {one_line(info.title)} ({counted(info.turns, 'turn')}, id {info.id})")

    def say_error(self, what: str, hint: str) -> None:
        """Say what went wrong and what to do."""
        self.out.aside(f"error: {one_line(in_chat(what))}")
        if hint:
            self.out.notice(Notice("hint", in_chat(hint)))

    # --- answers

    def answer(self, run: TurnRun) -> None:
        """Print a turn as it comes. The first Ctrl-C ends it, a second one leaves.

        Raises:
            KeyboardInterrupt: the second one.
            Exception: a bug; the turn was stored.
        """
        payload: dict[str, Any] | None = None
        for event in self.events(run):
            if isinstance(event, TextDelta):
                self.out.piece(event.text)
            elif isinstance(event, Sources) and event.model and run.turn.kind == "question":
                what = f"reads {counted(len(event.hits), 'new passage')}" if event.hits else "answers"
                self.out.aside(f"{one_line(event.model)} {what}")
            elif isinstance(event, Result):
                payload = event.payload
        self.out.end_line()
        turn = run.turn
        if payload is not None:
            from localdev.cli.chat_plain_results import show_result

            show_result(self, turn, payload)
        self._finish(turn)

    def _repeat(self, asked: str) -> None:
        """Print what came out of a pipe, parted from what is above: else nobody sees what is answered."""
        if self.interactive:
            return
        if self._spoken:
            self.out.line()
        self._spoken = True
        for line in asked.split("\n"):
            self.out.line(f"> {neutral(line)}")

    def events(self, run: TurnRun | JobRun) -> Iterator[Event]:
        """Yield a run's events but notices and progress, which are said; they are read in a thread of their own.

        Raises:
            KeyboardInterrupt: Ctrl-C a second time.
        """
        return filtered(interruptible(run, self.out), self.out, ProgressLine(self.out, lines=True))

    def _finish(self, turn: Turn) -> None:
        """Print what belongs below an answer: its sources, what could not be checked, how it ended."""
        if turn.state == "failed":
            self.failed = True
            self.say_error(turn.error, turn.hint)
            return
        if turn.kind == "question" and turn.model:
            self._print_sources(turn)
        if turn.unverified:
            self.out.notice(Notice("warning", f"not found in this repository: {', '.join(turn.unverified)}"))
        if turn.dropped_citations:
            text = f"citations of a source that is not there were removed: {turn.dropped_citations}"
            self.out.notice(Notice("warning", text))
        if turn.state in _STATES:
            self.out.aside(_STATES[turn.state])
        elif turn.model and turn.kind == "question":
            used, times = turn.usage, turn.timings
            self.out.aside(
                f"{one_line(turn.model)} read {counted(used.prompt_tokens, 'token')} "
                f"({used.cached_tokens} kept from before) and wrote {used.completion_tokens} "
                f"in {times.total_ms / 1000:.1f} s"
            )

    def _print_sources(self, turn: Turn) -> None:
        """List what the answer cites; where it cites nothing, what it was given."""
        cited = [source for source in turn.sources if source.id in turn.cited]
        if shown := cited or list(turn.sources):
            self.out.line()
            self.out.line("Sources:" if cited else "Given to the model, none of it cited:")
        for source in shown:
            self.out.line(f"[{source.id}] {one_line(source.place)}  {one_line(source.symbol)}".rstrip())

    # --- what is typed

    def _command(self, line: str) -> None:
        """Run a slash command."""
        from localdev.cli.chat_plain_commands import run_command

        parsed = parse(line)
        if isinstance(parsed, ProblemText):
            self.failed = True
            self.say_error(parsed.text, parsed.hint)
            return
        assert isinstance(parsed, Parsed)
        run_command(self, parsed)

    def _attach_stdin(self) -> None:
        """Give what is piped in with the question."""
        from localdev.cli.stdin import NOT_READ, piped_text

        text, left_alone = piped_text()
        if left_alone:
            self.out.notice(Notice("hint", NOT_READ))
        if text.strip():
            self.attachments.append(Attachment("stdin", text))

    def _lines(self) -> Iterator[str]:
        """Yield what is typed; a line that ends with a backslash goes on. Ctrl-C at the prompt twice leaves."""
        pressed = False
        while True:
            try:
                line = self._read()
            except KeyboardInterrupt:
                if pressed or not self.interactive:
                    raise
                pressed = True
                signals.watch()  # it is dealt with
                self.out.aside("\nCtrl-D leaves, and so does Ctrl-C once more")
                continue
            pressed = False
            if line is None:
                return
            yield line

    def _read(self) -> str | None:
        """Read one entry; None when the input has ended."""
        parts: list[str] = []
        while True:
            line = self.read_line("> " if not parts else "... ")
            if line is None:
                return "\n".join(parts) if parts else None
            if not line.endswith("\\"):
                return "\n".join([*parts, line])
            parts.append(line[:-1])

    def read_line(self, prompt: str) -> str | None:
        """Ask for one line; None when the input has ended."""
        if self.interactive:
            sys.stdout.flush()
            sys.stderr.write(prompt)
            sys.stderr.flush()
        line = sys.stdin.readline() if sys.stdin is not None else ""
        if not line:
            if self.interactive:
                self.out.aside("")
            return None
        return line.rstrip("\r\n")

    def show_prompt(self, run: JobRun) -> None:
        """Print what a model would be sent."""
        for event in self.events(run):
            if isinstance(event, PromptShown):
                for message in event.messages:
                    self.out.line(f"=== {message.role} ===")
                    self.out.line(neutral(message.content))
                self.out.aside(f"about {event.prompt_tokens} tokens")


def interruptible(run: TurnRun | JobRun, out: Printer) -> Iterator[Event]:
    """Read a run's events in a thread, so that Ctrl-C is heard at once: it cancels, and once more it leaves.

    So it does while what was yielded is printed: a slow terminal has that take most of the time.

    Raises:
        KeyboardInterrupt: Ctrl-C a second time.
        LocaldevError, Exception: what the run raises.
    """
    waiting: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
    pressed: list[bool] = []

    def read() -> None:
        try:
            for event in run.events():
                waiting.put(event)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            waiting.put(error)
        waiting.put(None)

    thread = threading.Thread(target=read, name="chat-plain", daemon=True)
    with signals.first_one(lambda: pressed.append(True)):
        thread.start()
        while True:
            if pressed:
                pressed.clear()
                out.aside("\nending the answer")
                run.cancel()
            try:
                event = waiting.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            if isinstance(event, BaseException):
                raise event
            if event is None:
                thread.join()
                return
            yield event
