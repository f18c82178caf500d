"""The main screen: the conversation, its sources, the question being written, and the status line."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Static

from localdev.app.conversation.choosing import NONE
from localdev.core.errors import LocaldevError
from localdev.core.events import Citation, Event, Progress
from localdev.core.neutral import one_line
from localdev.core.sizes import counted
from localdev.core.talk import Attachment, Turn
from localdev.tui.background import in_thread, show_error
from localdev.tui.composer.messages import CommandGiven, QueueRemoved, Submitted
from localdev.tui.composer.widget import Composer
from localdev.tui.keys import bind
from localdev.tui.pump import BATCHES_PER_SECOND
from localdev.tui.screens.slash import Slash
from localdev.tui.screens.turns import Turns, Waiting
from localdev.tui.screens.views import has_result, open_result
from localdev.tui.sources.panel import SourcesPanel
from localdev.tui.state import Status, worded
from localdev.tui.status import StatusBar
from localdev.tui.transcript.widget import Transcript

if TYPE_CHECKING:
    from localdev.app.conversation.choosing import Choice
    from localdev.app.conversation.conversation import Conversation
    from localdev.app.conversation.desk import Desk, ModelChoice, Names
    from localdev.app.conversation.reaching import Reach

# So many earlier turns are read at a time; older ones when the user scrolls up to them.
_PAGE = 100
# So many are held while the user stays at the end: a chat of days needs no more memory than one of hours.
_MOST_TURNS = 250
# Beside the conversation the sources need so many columns in all.
_WIDE = 100
_IN_USE = "in use"


class MainScreen(Screen[None]):
    """A conversation about one repository."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("cancel", "stop"),
        bind("focus_composer", "go('composer')"),
        bind("focus_transcript", "go('transcript')"),
        bind("focus_sources", "go('sources')"),
        bind("toggle_sources", "toggle_sources"),
        bind("older_turn", "mark(-1)"),
        bind("newer_turn", "mark(1)"),
        bind("copy_answer", "command('/copy')"),
        bind("copy_code", "command('/copy code')"),
        bind("open_preview", "preview"),
        bind("open_editor", "edit"),
        bind("sessions", "command('/sessions')"),
        bind("new_session", "command('/clear')"),
        bind("pick_model", "command('/model')"),
        bind("pick_adapter", "command('/adapter')"),
        bind("review", "command('/review')"),
        bind("commit", "command('/commit')"),
        bind("undo", "command('/undo')"),
        bind("theme", "command('/theme')"),
        bind("retry", "command('/retry')"),
    ]
    DEFAULT_CSS = """
    MainScreen #title { height: 1; padding: 0 1; background: $panel; color: $text-muted; }
    MainScreen #body { height: 1fr; }
    MainScreen #transcript { width: 1fr; }
    MainScreen #sources { width: 30%; min-width: 36; max-width: 60; display: none; }
    MainScreen.sources #sources { display: block; }
    MainScreen.narrow #body { layout: vertical; }
    MainScreen.narrow #sources { width: 100%; max-width: 100%; height: 40%; max-height: 12; }
    """

    def __init__(self, conversation: Conversation, desk: Desk, *, first_question: str = "") -> None:
        super().__init__()
        self.conversation = conversation
        self.desk = desk
        self.turns = Turns(self)
        self.slash = Slash(self)
        self._first_question = first_question
        self._openings = 0
        self._oldest = self._newest = 0
        self._leaving = False
        self._asked: list[str] = []
        self._asked_elsewhere: list[str] = []
        self._listed: Turn | None = None
        self._panel_wanted: bool | None = None
        self._titled = ""

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        yield Static(id="title")
        with Horizontal(id="body"):
            yield Transcript(id="transcript")
            yield SourcesPanel(id="sources")
        yield Composer(id="composer")
        yield StatusBar()

    @property
    def transcript(self) -> Transcript:
        """The conversation."""
        return self.query_one(Transcript)

    @property
    def composer(self) -> Composer:
        """Where a question is written."""
        return self.query_one(Composer)

    @property
    def sources(self) -> SourcesPanel:
        """The sources of the turn that is marked, or of the last one."""
        return self.query_one(SourcesPanel)

    def on_mount(self) -> None:
        """Read what there is in the background, and begin."""
        self.composer.focus_editor()
        self._ticks = self.set_interval(1 / BATCHES_PER_SECOND, self.turns.look, pause=True)
        self.read_session()
        in_thread(self, lambda: self.desk.store.asked(self.conversation.root), self._asked_known)
        self.read_names()
        self.read_choices()
        in_thread(self, self.desk.warm)
        if self._first_question:
            self.ask(self._first_question)

    def on_resize(self) -> None:
        """Put the sources where there is room for them; with little they are hidden until they are asked for."""
        self.set_class(self.size.width < _WIDE, "narrow")
        self._show_panel(self._panel_wanted)

    def read_names(self) -> None:
        """Read what files and symbols there are, in the background: at the start, and when files were changed."""
        in_thread(self, lambda: self.desk.names(self._index_told), self._names_known, failed=self._no_names)

    def _index_told(self, event: Event) -> None:
        """Say how far the index is; called from the thread that brings it up to date."""
        if isinstance(event, Progress):
            self.call_later(self._show_index, worded(event))

    def _show_index(self, said: str) -> None:
        """Show it in the status line, beside what else goes on."""
        self.turns.follower.set(index=said)
        self.show_status(self.turns.follower.status)

    def _names_known(self, names: Names) -> None:
        """Complete files and symbols from now on."""
        self.composer.set_names(names)
        self._show_index(counted(len(names.paths), "file"))

    def _no_names(self, error: LocaldevError) -> None:
        """Say that there is nothing to search; a question says so again."""
        self._show_index("no index")
        show_error(self, error, "the index cannot be read or brought up to date")

    def read_choices(self) -> None:
        """Read what commands can name, in the background."""
        choice = self.conversation.choice
        in_thread(self, lambda: self._choices(choice), self._complete_choices)

    def _choices(self, choice: Choice) -> dict[str, list[tuple[str, str]]]:
        """Read what commands can name; what is in use is marked."""
        from localdev.sessions.export import moment

        models, adapters = self.desk.models(choice), self.desk.adapters(choice)
        sessions = self.desk.store.list(self.conversation.root)
        plain = not any(each.chosen for each in adapters)
        return {
            "models": [(NONE, _IN_USE if choice.model == NONE else ""), *map(_marked, models)],
            "adapters": [(NONE, _IN_USE if plain else ""), *map(_marked, adapters)],
            "sessions": [(each.id, f"{moment(each.changed_at)}  {each.title}") for each in sessions],
        }

    def _complete_choices(self, choices: dict[str, list[tuple[str, str]]]) -> None:
        """Complete them from now on."""
        for kind, values in choices.items():
            self.composer.set_arguments(kind, values)

    # --- the session

    def read_session(self) -> None:
        """Show the session that is open now; what is sent meanwhile waits, or it would not be seen."""
        self.turns.hold()
        self.show_title()
        in_thread(self, lambda: self.conversation.turns(limit=_PAGE), self._show_session, failed=self.not_opened)
        self.show_choice()

    def not_opened(self, error: LocaldevError) -> None:
        """Say why a session cannot be opened or read, and go on."""
        show_error(self, error)
        self.turns.release()

    def _show_session(self, turns: list[Turn]) -> None:
        """Show what was said so far."""
        self.transcript.set_turns(turns)
        self.turns.follower.forget()
        self._openings += 1
        self._oldest = turns[0].number if turns else 0
        self._newest = turns[-1].number if turns else 0
        self._asked = [turn.asked for turn in turns]
        self._show_history()
        if turns:
            self._show_sources(turns[-1])
        else:
            self._listed = None
            self.sources.clear()
        self.turns.release()

    @on(Transcript.OlderWanted)
    def _read_older(self) -> None:
        """Read the turns before those that are shown."""
        if self._oldest > 1:
            before, self._oldest = self._oldest, 0  # not twice at once
            opened = self._openings

            def show(turns: list[Turn]) -> None:
                if opened == self._openings:  # else another session has been opened meanwhile
                    self.transcript.prepend(turns)
                    self._oldest = turns[0].number if turns else 0

            def failed(error: LocaldevError) -> None:
                self._oldest = before
                show_error(self, error)

            in_thread(self, lambda: self.conversation.turns(before=before, limit=_PAGE), show, failed=failed)

    def show_title(self) -> None:
        """Name the repository and the session."""
        session = self.conversation.session
        self._titled = session.title
        name = one_line(session.root).rstrip("/").rpartition("/")[2] or one_line(session.root)
        title = one_line(session.title) or "new conversation"
        self.query_one("#title", Static).update(Text.assemble((name, "bold"), "  ", title, no_wrap=True))

    def show_choice(self) -> None:
        """Say which model answers next, and whether anything could leave the machine."""
        choice = self.conversation.choice
        in_thread(self, lambda: self.desk.reach(choice), self._show_reach)

    def _show_reach(self, reach: Reach) -> None:
        """Show it in the status line."""
        self.turns.follower.set(model=reach.model, reach=reach.label)
        self.show_status(self.turns.follower.status)

    # --- turns

    def ask(self, text: str, attachments: tuple[Attachment, ...] = ()) -> None:
        """Ask a question, now or when those before it are answered."""
        self.turns.send(Waiting(text, lambda: self.conversation.ask(text, attachments), attachments))

    @on(Submitted)
    def _submitted(self, event: Submitted) -> None:
        """Ask what was written."""
        event.stop()
        self.ask(event.text, event.attachments)

    @on(CommandGiven)
    def _command_given(self, event: CommandGiven) -> None:
        """Do what was commanded."""
        event.stop()
        self.slash.run(event.text, typed=True)

    @on(QueueRemoved)
    def _queue_removed(self, event: QueueRemoved) -> None:
        """Take a question that waits out of the queue."""
        event.stop()
        self.take_back(event.index, edit=event.edit)

    def take_back(self, index: int, *, edit: bool) -> None:
        """Take one that waits out of the queue, for good or back into the draft."""
        taken = self.turns.take_back(index)
        if taken is not None and edit:
            self.composer.set_draft(taken.text, taken.attachments)

    def take_attachments(self) -> tuple[Attachment, ...]:
        """Take what was attached from the draft."""
        given = self.composer.attachments
        self.composer.set_draft(self.composer.text)
        return given

    @on(Transcript.CopyAsked)
    def _copy(self, event: Transcript.CopyAsked) -> None:
        """Copy what was selected or marked."""
        self.copy(event.text)

    def action_copy_text(self) -> None:
        """Copy what the mouse has selected."""
        from localdev.tui.clipboard import copy_selected

        copy_selected(self)

    def copy(self, text: str) -> None:
        """Bring text to the clipboard, and say how."""
        from localdev.tui.clipboard import copy

        copy(self, text)

    def show_turn(self, turn: Turn) -> None:
        """Show a turn as it is now; the first one gives the session its title."""
        if self.conversation.session.title != self._titled:
            self.show_title()
        self.transcript.show(turn)
        begins, self._newest = turn.number > self._newest, max(turn.number, self._newest)
        if begins or (self._listed is not None and self._listed.number == turn.number):
            self._show_sources(turn)  # unless those of another turn are being looked at

    def show_status(self, status: Status) -> None:
        """Show the status line; as long as a turn is under way it is looked at."""
        self.query_one(StatusBar).status = status
        (self._ticks.resume if self.turns.busy else self._ticks.pause)()

    def show_queue(self, waiting: list[str]) -> None:
        """Show what waits."""
        self.composer.set_queue(waiting)

    def show_failure(self, error: LocaldevError, waiting: Waiting) -> None:
        """Say why a turn could not even start, and give its words back."""
        show_error(self, error)
        if waiting.typed:
            self.composer.give_back(waiting.text, waiting.attachments)

    def turn_over(self, turn: Turn) -> None:
        """Make the question one of the history, and open what a review or a proposal has brought."""
        for earlier in self.turns.reformed:
            if earlier.number >= self._oldest:
                self.transcript.show(earlier)
        self._let_go()
        if turn.kind == "question" and turn.state == "done" and not turn.model:
            self.transcript.show_from_top(turn.number)  # places, the best of them first
        self._asked.append(turn.asked)
        self._show_history()
        if self.turns.follower.refreshed:
            self.read_names()
        if turn.payload is None or turn.state != "done":
            return
        if not has_result(turn):
            return
        if self.app.screen is self and not self.composer.text.strip():
            open_result(self, turn)
        else:  # what is being typed would decide on a patch
            self.notify(f"{one_line(turn.asked)} is done: Enter on it in the conversation opens it", markup=False)

    def _asked_known(self, asked: list[str]) -> None:
        """Find what was asked in other sessions too."""
        self._asked_elsewhere = asked
        self._show_history()

    def _show_history(self) -> None:
        """Let earlier questions be gone back to, those of this session last."""
        self.composer.set_history([*self._asked_elsewhere, *self._asked])

    def _let_go(self) -> None:
        """Hold no more turns than a user looks back at while at the end: older ones are read again when wanted."""
        turns = self.transcript.turns
        if len(turns) > _MOST_TURNS and self.transcript.following and not self.transcript.marked:
            self.transcript.set_turns(turns[-_PAGE:])
            self._oldest = turns[-_PAGE].number

    def _show_sources(self, turn: Turn) -> None:
        """List the passages of a turn, unless they are listed already: most pieces of text bring none."""
        before, self._listed = self._listed, turn
        if before is not None and _passages(before) == _passages(turn):
            return
        self.sources.show_turn(turn.number, turn.sources, turn.cited)

    # --- what is marked, and where the focus goes

    @on(Transcript.TurnMarked)
    def _marked(self, event: Transcript.TurnMarked) -> None:
        """List the sources of the turn that is marked."""
        self._show_sources(event.turn)

    @on(Transcript.TurnOpened)
    def _opened(self, event: Transcript.TurnOpened) -> None:
        """Open what a review or a proposal has brought."""
        open_result(self, event.turn)

    @on(Transcript.SourceChosen)
    def _source_chosen(self, event: Transcript.SourceChosen) -> None:
        """Show the lines of a source that was clicked in an answer."""
        self._show_sources(event.turn)
        if self.sources.point_at(event.number):
            self.action_preview()

    @on(SourcesPanel.Opened)
    def _source_opened(self, event: SourcesPanel.Opened) -> None:
        """Show its lines, or open it in the editor."""
        event.stop()
        if isinstance(event, SourcesPanel.EditorWanted):
            self.action_edit()
        else:
            self.action_preview()

    def on_key(self, event: events.Key) -> None:
        """Take what is typed while something else has the focus for the beginning of a question."""
        typed = event.character if event.is_printable else None
        if typed is None or self.focused not in (self.sources, self.transcript) or event.key in self.active_bindings:
            return
        event.stop()
        self.composer.focus_editor()
        self.composer.insert(typed)

    def action_preview(self) -> None:
        """Show the lines of the source under the cursor."""
        from localdev.tui.sources.preview import PreviewScreen

        if (citation := self._source()) is not None:
            since = self._listed.asked_at if self._listed is not None else 0.0
            self.app.push_screen(PreviewScreen(citation, self.desk, since=since))

    def action_edit(self) -> None:
        """Open the source under the cursor in the editor."""
        from localdev.tui.sources.editor import open_editor

        if (citation := self._source()) is not None:
            open_editor(self.app, self.desk, citation.path, citation.start_line)

    def _source(self) -> Citation | None:
        """Give the source under the cursor, or say that there is none."""
        if self.sources.current is None:
            what = "nothing was asked yet" if self._listed is None else f"turn {self._listed.number} has none"
            self.notify(f"there are no sources: {what}", markup=False)
        return self.sources.current

    def action_go(self, where: str) -> None:
        """Put the focus somewhere."""
        if where == "composer":
            self.composer.focus_editor()
            return
        if where == "sources":
            self._show_panel(True)
        self.query_one(f"#{where}").focus()

    def action_toggle_sources(self) -> None:
        """Show or hide the sources."""
        self._show_panel(not self.has_class("sources"))
        if self.focused is self.sources:
            self.composer.focus_editor()

    def _show_panel(self, wanted: bool | None) -> None:
        """Show or hide the sources as the user wants; None: as there is room."""
        self._panel_wanted = wanted
        self.set_class(self.size.width >= _WIDE if wanted is None else wanted, "sources")

    def action_mark(self, step: int) -> None:
        """Mark the turn before or after."""
        self.transcript.mark(step)

    def action_command(self, text: str) -> None:
        """Do what a slash command does."""
        self.slash.run(text)

    def action_stop(self) -> None:
        """Close a list, or else stop the answer; where there is neither, go back to the question."""
        if not (self.composer.close_list() or self.turns.cancel()):
            self.composer.focus_editor()

    def leave(self) -> None:
        """End what is under way, save it, and leave."""
        if not self._leaving:
            self._leaving = True
            self.turns.stop()
            in_thread(self, self._end, lambda _none: self.app.exit(0))

    def _end(self) -> None:
        """Wait for the turn's thread to have saved it."""
        self.turns.wait()
        self.conversation.close()


def _marked(each: ModelChoice) -> tuple[str, str]:
    """Give a model or adapter and what it is, marked where it is in use."""
    return each.name, f"{_IN_USE} · {each.detail}" if each.chosen else each.detail


def _passages(turn: Turn) -> tuple[object, ...]:
    """Give what the list of sources shows of a turn."""
    return turn.number, turn.sources, turn.cited
