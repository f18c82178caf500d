"""What each slash command does on the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from localdev.app.conversation.commands import COMMANDS, Parsed, ProblemText, find_command, parse
from localdev.core.errors import LocaldevError, NotFound
from localdev.core.neutral import one_line
from localdev.core.sizes import counted
from localdev.core.talk import Turn
from localdev.tui.background import in_thread, show_error
from localdev.tui.composer.token import mention
from localdev.tui.keys import worded
from localdev.tui.screens.turns import Waiting
from localdev.tui.screens.views import draft, taken_back
from localdev.tui.transcript.text import code_blocks

if TYPE_CHECKING:
    from localdev.app.applying import Undone
    from localdev.app.conversation.choosing import Choice
    from localdev.tui.screens.main import MainScreen

Got = TypeVar("Got")


class Slash:
    """Runs the commands of one main screen."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._typed = ""  # the command that is being done, as typed; empty where a key or a dialog does it
        self._does: dict[str, Callable[[Parsed], object]] = {
            "help": self._help,
            "model": self._model,
            "adapter": self._adapter,
            "files": self._files,
            "attach": self._attach,
            "review": self._job,
            "commit": self._job,
            "gen": self._job,
            "clear": self._clear,
            "sessions": self._sessions,
            "resume": lambda parsed: self.resume(parsed.words[0]),
            "rename": self._rename,
            "export": self._export,
            "prompt": self._prompt,
            "copy": self._copy,
            "retry": self._retry,
            "compact": self._compact,
            "undo": self._undo,
            "theme": self._theme,
            "keys": lambda _parsed: screen.app.action_explain(),  # type: ignore[attr-defined]
            "quit": lambda _parsed: screen.leave(),
        }

    def run(self, text: str, *, typed: bool = False) -> None:
        """Do what a command says; what is wrong is said, and a command that was typed stays to be mended."""
        parsed = parse(text)
        self._typed = text if typed else ""
        try:
            if isinstance(parsed, ProblemText):
                self._wrong(parsed)
            else:
                self._does[parsed.name](parsed)
        finally:
            self._typed = ""

    def give(self, text: str) -> None:
        """Do a command that was chosen from a list; one that needs words is put into the question."""
        if isinstance(parse(text), ProblemText):
            draft(self._screen, text + " ")
        else:
            self.run(text)

    def resume(self, session: str) -> None:
        """Go on with an earlier session."""
        self._elsewhere(lambda: self._screen.conversation.resume(session))

    def say(self, text: str) -> None:
        """Tell something in passing."""
        self._screen.notify(one_line(text), markup=False)

    def _wrong(self, problem: ProblemText) -> None:
        """Say what is wrong and what to do; the command that is being done stays."""
        hint = f"\nhint: {one_line(problem.hint)}" if problem.hint else ""
        self._screen.notify(one_line(problem.text) + hint, severity="error", markup=False, timeout=10)
        self._give_back(self._typed)

    def _give_back(self, typed: str) -> None:
        """Let a command stay."""
        if typed:
            self._screen.composer.give_back(typed)

    def _thread(self, work: Callable[[], Got], then: Callable[[Got], object], *, whole: bool = False) -> None:
        """Do the work of the command that is being done in the background; when it fails the command stays."""
        typed = self._typed

        def failed(error: LocaldevError) -> None:
            show_error(self._screen, error)
            self._give_back(typed)

        in_thread(self._screen, work, then, failed=failed, whole=whole)

    def _elsewhere(self, move: Callable[[], object]) -> None:
        """Change to another session, when nothing is under way."""
        if self._screen.turns.busy:
            hint = worded("wait for it, or stop it with Escape", getattr(self._screen.app, "keys", {}))
            self._wrong(ProblemText("an answer is under way", hint))
            return
        if self._screen.turns.held:
            self._wrong(ProblemText("another session is being opened", "try again in a moment"))
            return
        self._screen.turns.hold()
        typed = self._typed

        def failed(error: LocaldevError) -> None:
            self._screen.not_opened(error)
            self._give_back(typed)

        in_thread(self._screen, move, lambda _done: self._screen.read_session(), failed=failed)

    # --- what is looked at

    def _help(self, parsed: Parsed) -> None:
        """All commands, or one of them."""
        from localdev.tui.help import HelpScreen

        named = [find_command(word) for word in parsed.words]
        if problem := next((each for each in named if isinstance(each, ProblemText)), None):
            self._wrong(problem)
            return
        chosen = [each for each in named if not isinstance(each, ProblemText)]
        lines = [f"### {each.usage}\n\n{each.help}" for each in chosen] or [
            "## Commands\n",
            *(f"- `{each.usage}` - {each.summary}" for each in COMMANDS),
        ]
        self._screen.app.push_screen(HelpScreen("\n".join(lines), self._screen.app.keys))  # type: ignore[attr-defined]

    def _files(self, parsed: Parsed) -> None:
        """The indexed files; the chosen one goes into the question."""
        from localdev.tui.dialogs.files import FilePicker

        def chosen(path: str | None) -> None:
            if path:
                self._screen.composer.insert(mention(path) + " ")

        self._screen.app.push_screen(FilePicker(self._screen.desk, parsed.rest), chosen)

    def _prompt(self, parsed: Parsed) -> None:
        """What the model would be sent."""
        from localdev.tui.dialogs.prompt import PromptScreen

        asked = [turn.asked for turn in self._screen.transcript.turns if turn.kind == "question"]
        question = parsed.rest or (asked[-1] if asked else "")
        if not question:
            self._wrong(ProblemText("there is no question yet", "write one behind it: /prompt QUESTION"))
            return
        self._screen.app.push_screen(PromptScreen(lambda: self._screen.conversation.show_prompt(question)))

    def _sessions(self, parsed: Parsed) -> None:
        """The earlier sessions."""
        from localdev.tui.dialogs.sessions import SessionBrowser

        def chosen(session: str | None) -> None:
            self._screen.show_title()  # it may have another one by now
            if session == "":
                self._clear(parsed)
            elif session is not None:
                self.resume(session)

        self._screen.app.push_screen(
            SessionBrowser(self._screen.conversation, self._screen.desk, query=parsed.rest), chosen
        )

    # --- what answers

    def _model(self, parsed: Parsed) -> None:
        """Choose the model by name, or from a list."""
        if parsed.words:
            self._choose(model=parsed.words[0])
            return
        from localdev.tui.dialogs.pickers import ModelPicker

        picker = ModelPicker(self._screen.desk, self._screen.conversation.choice)
        self._screen.app.push_screen(picker, lambda name: self._choose(model=name) if name else None)

    def _adapter(self, parsed: Parsed) -> None:
        """Choose the adapter by name, or from a list."""
        if parsed.words:
            self._choose(adapter=parsed.words[0])
            return
        from localdev.tui.dialogs.pickers import AdapterPicker

        picker = AdapterPicker(self._screen.desk, self._screen.conversation.choice)
        self._screen.app.push_screen(picker, lambda name: self._choose(adapter=name) if name else None)

    def _theme(self, parsed: Parsed) -> None:
        """Change the colours until the chat is left."""
        self._screen.app.action_switch_theme(*parsed.words[:1])  # type: ignore[attr-defined]
        self.say("for this time; `localdev config set chat.theme light` (or dark) keeps it")

    def _choose(self, **chosen: str) -> None:
        """Take it for the next question on, if there is such a one."""
        desk, wanted = self._screen.desk, replace(self._screen.conversation.choice, **chosen)

        def take(choice: Choice) -> None:
            self._screen.conversation.choice = choice
            self._screen.show_choice()
            self._screen.read_choices()
            self.say("from the next question on: " + ", ".join(f"{what} {name}" for what, name in chosen.items()))

        self._thread(lambda: desk.chosen(wanted), take)

    # --- what is asked

    def _job(self, parsed: Parsed) -> None:
        """Review, word a commit, or propose a patch."""
        job = parsed.job
        assert job is not None
        given = self._screen.take_attachments() if parsed.name == "gen" else ()
        start = partial(self._screen.conversation.run, job, given)
        self._screen.turns.send(Waiting(job.asked, start, given, typed=bool(self._typed)))

    def _attach(self, parsed: Parsed) -> None:
        """Give a file with the next question."""
        path = parsed.words[0]
        self._thread(lambda: self._screen.desk.read(path), self._screen.composer.attach)

    def _retry(self, _parsed: Parsed) -> None:
        """Ask the last question again."""
        self._screen.turns.send(Waiting("/retry", self._screen.conversation.retry, typed=bool(self._typed)))

    # --- the session

    def _clear(self, _parsed: Parsed) -> None:
        """Begin a new one."""
        self._elsewhere(self._screen.conversation.new)

    def _rename(self, parsed: Parsed) -> None:
        """Give it another title."""
        self._thread(
            lambda: self._screen.conversation.rename(parsed.rest),
            lambda _done: self._screen.show_title(),
            whole=True,
        )

    def _export(self, parsed: Parsed) -> None:
        """Write it into a file."""
        form, file = parsed.words
        desk, session = self._screen.desk, self._screen.conversation.session
        self._thread(
            lambda: desk.export(session, form, file),
            lambda path: self.say(f"written: {path}"),
            whole=True,
        )

    def _compact(self, _parsed: Parsed) -> None:
        """Shorten what the model sees of it."""

        def done(shortened: Sequence[Turn]) -> None:
            for turn in shortened:
                self._screen.transcript.show(turn)
            what = f"{counted(len(shortened), 'turn')} shortened: questions and answers stay, passages do not"
            self.say(what if shortened else "there is nothing to shorten: the last turn stays whole")

        self._thread(self._screen.conversation.compact, done, whole=True)

    # --- what is taken along, or back

    def _copy(self, parsed: Parsed) -> None:
        """Copy an answer, or its code."""
        word = parsed.words[0] if parsed.words else ""
        if word.isdecimal():  # it may be one that is not held any more
            self._thread(partial(self._answered, int(word)), self._copied)
            return
        turns = self._screen.transcript.turns
        marked = self._screen.transcript.marked_turn()
        self._copied(marked or (turns[-1] if turns else None), code=word == "code")

    def _answered(self, number: int) -> Turn:
        """Read a turn that has an answer."""
        found = self._screen.conversation.turns(before=number + 1, limit=1)
        if not found or found[0].number != number or not found[0].answer:
            raise NotFound(f"there is no answer {number}", "/copy alone copies the last one")
        return found[0]

    def _copied(self, turn: Turn | None, *, code: bool = False) -> None:
        """Copy the answer of a turn, or say that there is none."""
        if turn is None or not turn.answer:
            self._wrong(ProblemText("there is no answer yet"))
            return
        text = "\n\n".join(block.code for block in code_blocks(turn.answer)) if code else turn.answer
        if not text:
            self._wrong(ProblemText("the answer holds no code", "/copy copies all of it"))
            return
        self._screen.copy(text)

    def _undo(self, _parsed: Parsed) -> None:
        """Take the last patch back."""

        def done(undone: Undone) -> None:
            self.say(f"put back: {', '.join(undone.paths)}")
            taken_back(self._screen, undone.paths)
            self._screen.read_names()

        self._thread(self._screen.desk.undo, done, whole=True)
