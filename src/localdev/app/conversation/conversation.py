"""A conversation: what was said in a session, the choice of the model, and the next turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.app.conversation.book import Book
from localdev.app.conversation.choosing import NONE, Choice
from localdev.app.conversation.commands import Parsed, parse
from localdev.app.conversation.job_words import JobCommand
from localdev.app.conversation.turn_run import TurnRun
from localdev.app.conversation.turns import as_history, had_passages
from localdev.core.errors import Busy, NotFound, UsageError
from localdev.core.neutral import one_line
from localdev.core.ports import JobRun, JobStarter
from localdev.core.talk import Attachment, SessionInfo, Turn, TurnKind

if TYPE_CHECKING:
    from localdev.config.settings import Settings
    from localdev.sessions.store import SessionStore

LONGEST_QUESTION = 200_000


class Conversation:
    """One session at a time, and at most one turn under way. Asking is cheap: work begins with a run's events."""

    def __init__(self, store: SessionStore, root: Path, starter: JobStarter, book: Book) -> None:
        self._store = store
        self._root = root
        self._starter = starter
        self._book = book
        self._run: TurnRun | None = None  # the one that began last
        self._changing = threading.Lock()  # a turn begins in the session before a change, or in the one after it
        self.choice = Choice()

    @property
    def root(self) -> Path:
        """The repository it is about."""
        return self._root

    @property
    def session(self) -> SessionInfo:
        """The session; its id is empty until the first turn is stored."""
        return self._book.info

    def turns(self, *, before: int | None = None, limit: int | None = 50) -> list[Turn]:
        """Give the last `limit` turns before the number `before` (None: of all), in their order. Reads the disk.

        Raises:
            StorageError: they cannot be read.
        """
        return self._book.turns(before=before, limit=limit)

    def ask(self, question: str, attachments: Sequence[Attachment] = ()) -> TurnRun:
        """Begin a turn: a question, with texts given beside it.

        Raises:
            UsageError: it is empty, or longer than any model reads.
        """
        if not question.strip():
            raise UsageError("the question is empty", "say what you want to know")
        if len(question) > LONGEST_QUESTION:
            hint = "attach long text, and ask about it"
            raise UsageError(f"the question is longer than {LONGEST_QUESTION} characters", hint)

        def start(history: Sequence[Turn]) -> JobRun:
            return self._start("chat", self._question(question, attachments, history))

        return self._begun("question", question, attachments, start)

    def run(self, command: JobCommand, attachments: Sequence[Attachment] = ()) -> TurnRun:
        """Begin a turn with a job: `/review`, `/commit`, `/gen`; texts given beside `/gen fix` say what to mend."""

        def start(_history: Sequence[Turn]) -> JobRun:
            return self._start(command.kind, self._options(command, attachments))

        return self._begun(command.kind, command.asked, attachments, start)

    def retry(self) -> TurnRun:
        """Begin the last turn again, with what was attached to it; prompts hold its earlier answer no more.

        Raises:
            UsageError: nothing was asked yet.
            Busy: an answer is under way.
        """
        self._refuse_busy("wait for its end, or cancel it")
        turn = self._book.last_turn
        if turn is None:
            raise UsageError("nothing was asked yet", "ask something first")
        again = parse(turn.asked) if turn.kind != "question" else None
        if isinstance(again, Parsed) and again.job is not None:
            run = self.run(again.job, turn.attachments)
        else:
            run = self.ask(turn.asked, turn.attachments)
        run.replaces = turn
        return run

    def revise(self, turn: Turn) -> None:
        """Store a turn that is over with what became of it since: a patch that was applied, a commit that was made.

        Raises:
            LocaldevError: it cannot be stored.
        """
        trouble = self._book.revise(turn)
        if trouble is not None:
            raise trouble

    def show_prompt(self, question: str, attachments: Sequence[Attachment] = ()) -> JobRun:
        """Give a job that yields `PromptShown`: what a model would be sent. Nothing is asked and nothing kept."""
        options = self._question(question, attachments, self._book.history())
        return self._start("chat", {**options, "show_prompt": True})

    def compact(self) -> list[Turn]:
        """Have later prompts hold only question and answer of all turns but the last; gives those that changed.

        Raises:
            LocaldevError: it cannot be stored.
        """
        shortened = [
            replace(turn, form="short")
            for turn in self._book.history()[:-1]
            if turn.form == "whole" and had_passages(turn)
        ]
        trouble = self._book.keep_all(shortened)
        if trouble is not None:
            raise trouble
        return shortened

    def new(self) -> None:
        """Begin a new session; the one before stays stored.

        Raises:
            Busy: an answer is under way.
        """
        with self._changing:
            self._refuse_busy("cancel it, or wait for its end, before a new conversation")
            self._turn_to(Book(self._store, self._root))

    def resume(self, text: str) -> None:
        """Go on with a session of this repository: by id, the first letters of one, or title.

        Raises:
            NotFound, UsageError: there is none, several fit, or it is about another repository.
            Busy: an answer is under way, or another chat has it open.
        """
        with self._changing:
            self._refuse_busy("cancel it, or wait for its end, before another conversation")
            info = find_session(self._store, self._root, text)
            if info.id != self.session.id:
                self._turn_to(Book(self._store, self._root, info))

    def rename(self, title: str) -> None:
        """Give the session a title, on one line.

        Raises:
            UsageError: it is empty.
            LocaldevError: it cannot be stored.
        """
        line = " ".join(title.split())
        if not line:
            raise UsageError("a title needs words", "/rename TITLE")
        self._book.rename(line)

    def close(self) -> None:
        """End the turn under way, and let others have the session."""
        if self._run is not None and self._run.under_way:
            self._run.cancel()
            self._run.wait()
        self._book.close()

    def _turn_to(self, book: Book) -> None:
        """Change the session."""
        self._book.close()
        self._book = book

    def _refuse_busy(self, hint: str) -> None:
        """Refuse while an answer is under way."""
        if self._run is not None and self._run.under_way:
            raise Busy("an answer is under way", hint)

    def _begun(self, kind: TurnKind, asked: str, attachments: Sequence[Attachment], start: Any) -> TurnRun:
        """Make the run of a new turn."""
        number, adapter = self._book.last + 1, self.choice.adapter
        turn = Turn(
            number, kind, asked, attachments=tuple(attachments), asked_at=time.time(),
            adapter="" if adapter == NONE else adapter,
        )  # fmt: skip
        return TurnRun(turn, self._entered, start)

    def _entered(self, run: TurnRun) -> Book:
        """Note that a turn begins, and give the session that it stands in.

        Raises:
            Busy: another one is under way.
        """
        with self._changing:
            self._refuse_busy("wait for its end, or cancel it")
            self._run = run
            return self._book

    def _start(self, job: str, options: Mapping[str, Any]) -> JobRun:
        """Start a job with the model that is chosen now."""
        if not self._root.is_dir():
            raise NotFound(f"the repository {self._root} is not there any more", "put it back, or leave: /quit")
        choice = self.choice
        model = "" if choice.model == NONE else choice.model
        asked = {**options, "no_model": choice.model == NONE}
        return self._starter.start(job, asked, model=model, adapter=choice.adapter)

    def _question(self, question: str, attachments: Sequence[Attachment], history: Sequence[Turn]) -> dict[str, Any]:
        """Give the options of the chat job."""
        return {
            "question": question,
            "attachments": [asdict(each) for each in attachments],
            "history": [as_history(turn) for turn in history],
            "show_prompt": False,
        }

    def _options(self, command: JobCommand, attachments: Sequence[Attachment]) -> dict[str, Any]:
        """Give the options of another job: with git's own index where one is prepared, and what is to be mended."""
        options = dict(command.options)
        if command.kind == "commit" or options.get("kind") == "staged":
            from localdev.source.git import index_of_caller

            options["index_file"] = index_of_caller(self._root)
        if options.get("kind") == "fix" and not options.get("finding"):
            if not attachments:
                raise UsageError(
                    "nothing is named that could be mended",
                    "/gen fix --finding RULE@PATH:LINE, or attach what a command has said: /attach FILE",
                )
            output = "\n".join(each.text for each in attachments)
            options.update(output=output, target=attachments[0].name)
        return options


def find_session(store: SessionStore, root: Path, text: str) -> SessionInfo:
    """Find a session of a repository by id, the first letters of one, or title.

    Raises:
        NotFound, UsageError: there is none, several fit, or it is about another repository.
    """
    info = store.find(text, root)
    if Path(info.root) != root.resolve():
        hint = f"go there to continue it: `localdev chat -C {info.root} --session {info.id}`"
        raise UsageError(f"that conversation is about {info.root}", hint)
    return info


def open_conversation(
    store: SessionStore,
    root: Path,
    settings: Settings,
    starter: JobStarter,
    *,
    session: str = "",
    continue_last: bool = False,
) -> Conversation:
    """Open a conversation: a new one, the session named, or the last one of the repository.

    Where another chat has the last one open nobody but the user knows which other one is meant. A new one writes
    nothing until its first turn; where there is nothing to continue, a new one begins.

    Raises:
        NotFound, UsageError: there is no such session.
        Busy: another chat has it open.
        StorageError: the sessions cannot be read.
    """
    info = find_session(store, root, session) if session else None
    if info is None and continue_last:
        info = store.latest(root)
    if info is None:
        store.list(root, limit=1)  # what could never be kept is said before anything is asked
    try:
        return Conversation(store, root, starter, Book(store, root, info))
    except Busy as busy:
        if session or info is None:
            raise
        title, hint = one_line(info.title) or info.id, "`localdev chat` begins a new one"
        other = next((each for each in store.list(root, limit=2) if each.id != info.id and each.turns), None)
        if other is not None:
            hint += f"; `localdev chat --session {other.id}` goes on with the one before: {one_line(other.title)}"
        raise Busy(f"the last conversation ({title}) is open in another chat", hint) from busy
