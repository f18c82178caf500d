"""The session browser: go on with an earlier conversation, search, rename, delete, export."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input

from localdev.app.conversation.wording import in_chat
from localdev.core.errors import Busy, LocaldevError
from localdev.core.neutral import neutral, one_line
from localdev.core.sizes import counted
from localdev.tui.background import in_thread, show_error
from localdev.tui.dialogs.ask_text import AskText
from localdev.tui.dialogs.base import Dialog
from localdev.tui.dialogs.confirm import Confirm
from localdev.tui.dialogs.session_rows import Entry, SessionRows, entries, title_of
from localdev.tui.keys import worded
from localdev.tui.rows import Rows

if TYPE_CHECKING:
    from localdev.app.conversation.conversation import Conversation
    from localdev.app.conversation.desk import Desk

# A search starts when nobody has typed for so long: sooner, each letter would search all answers.
_TYPING_SECONDS = 0.12
_EMPTY = "No sessions here yet. Ask a question: the conversation is kept and listed here."
_NO_MATCH = "No title, question or answer here has all these words. Esc closes; fewer words find more."


class SessionBrowser(Dialog[str]):
    """Ends with the id of the session to go on with, with an empty text for a new one, or with None."""

    heading = "Sessions"
    hint = "Enter go on · n new · / search · r rename · d delete · e export"
    HELP: ClassVar[str] = SessionRows.HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New", show=False),
        Binding("r", "rename", "Rename", show=False),
        Binding("d,delete", "delete", "Delete", show=False),
        Binding("e", "export", "Export", show=False),
        Binding("slash", "search", "Search", show=False),
        Binding("down", "to_list", "To the list", show=False),
    ]
    DEFAULT_CSS = """
    SessionBrowser {
        & SessionRows { height: 1fr; }
    }
    """

    def __init__(self, conversation: Conversation, desk: Desk, *, query: str = "") -> None:
        super().__init__()
        self._conversation = conversation
        self._desk = desk
        self._query = query
        self._typing: Timer | None = None

    @property
    def _rows(self) -> SessionRows:
        return self.query_one(SessionRows)

    def body(self) -> ComposeResult:
        """Show the field and the list."""
        yield Input(one_line(self._query), compact=True, placeholder="/ searches titles, questions and answers")
        yield SessionRows(say="reading …")

    def on_mount(self) -> None:
        """Begin in the list, or in the field when there is something to search already."""
        (self.query_one(Input) if self._query else self._rows).focus()
        self.read()

    def read(self) -> None:
        """Read the list anew in the background; the cursor stays on its session where that is still there."""
        query, current = self.query_one(Input).value.strip(), self._conversation.session.id
        store, root = self._desk.store, self._conversation.root

        def work() -> list[Entry] | LocaldevError:
            try:
                return entries(store, root, query, current)
            except LocaldevError as error:
                return error

        in_thread(self, work, lambda got: self._show(query, got))

    def _show(self, query: str, got: list[Entry] | LocaldevError) -> None:
        """Show what was read, unless something else is asked by now."""
        if query != self.query_one(Input).value.strip():
            return
        if isinstance(got, LocaldevError):
            self._rows.show((), say=neutral(in_chat(f"{got}\n\nhint: {got.hint}")))
            return
        here, at = self._rows.current, self._rows.cursor
        same = (index for index, each in enumerate(got) if here is not None and each.info.id == here.info.id)
        self._rows.show(
            got, say=worded(_NO_MATCH if query else _EMPTY, getattr(self.app, "keys", {})), cursor=next(same, at)
        )
        self.query_one("#frame").border_subtitle = Content(counted(len(got), "place" if query else "session"))

    # --- going on

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        """End with the session, if it is still there and nobody else has it."""
        event.stop()
        entry: Entry = event.item
        store = self._desk.store

        def work() -> str:
            info = store.info(entry.info.id)
            if not entry.here and store.is_open(info.id):
                raise Busy(f"{title_of(info)} is open in another chat", "leave that chat first, or begin a new session")
            return info.id

        self._do(work, self.dismiss)

    def action_new(self) -> None:
        """End with a new session."""
        self.dismiss("")

    # --- changing

    def action_rename(self) -> None:
        """Ask for another title."""
        entry = self._rows.current
        if entry is not None:
            ask = AskText("Rename", "The title of this conversation:", entry.info.title)
            self.app.push_screen(ask, lambda title: self._rename(entry, title))

    def _rename(self, entry: Entry, title: str | None) -> None:
        if title is None or title == one_line(entry.info.title):
            return
        if not title:
            self.notify("a title needs words", severity="warning", markup=False)
            return
        if entry.here:
            self._do(lambda: self._conversation.rename(title))
        else:
            self._do(lambda: self._desk.store.rename(entry.info.id, title))

    def action_delete(self) -> None:
        """Ask whether the session is to be deleted."""
        entry = self._rows.current
        if entry is None:
            return
        if entry.here:
            self.notify("you are in this one: /clear begins a new one", severity="warning", markup=False)
            return
        detail = f"{counted(entry.info.turns, 'turn')}. This cannot be undone."
        question = Confirm(f"Delete {title_of(entry.info)}?", detail=detail, yes="Delete", no="Keep")
        self.app.push_screen(question, lambda yes: self._delete(entry) if yes else None)

    def _delete(self, entry: Entry) -> None:
        self._do(lambda: self._desk.store.delete(entry.info.id))

    def action_export(self) -> None:
        """Ask for the file."""
        entry = self._rows.current
        if entry is not None:
            label = "The file; one that ends in .json is JSON, else it is Markdown. Empty: into localdev's own folder."
            ask = AskText("Export", label)
            self.app.push_screen(ask, lambda file: self._export(entry, file))

    def _export(self, entry: Entry, file: str | None) -> None:
        if file is None:
            return
        form = "json" if file.lower().endswith(".json") else "markdown"
        self._do(
            lambda: self._desk.export(entry.info, form, file),
            lambda path: self.notify(f"written: {one_line(str(path))}", markup=False),
        )

    def _do(self, work: Callable[[], object], then: Callable[..., object] | None = None) -> None:
        """Do something in the background and read the list anew; an error is said, and the list shows why."""

        def attempt() -> object:
            try:
                return work()
            except LocaldevError as error:
                return error

        def done(got: object) -> None:
            self.read()
            if isinstance(got, LocaldevError):
                show_error(self, got)
            elif then is not None:
                then(got)

        in_thread(self, attempt, done, whole=True)

    # --- searching

    def action_search(self) -> None:
        """Go to the field."""
        self.query_one(Input).focus()

    def action_to_list(self) -> None:
        """Go to the list."""
        self._rows.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(_TYPING_SECONDS, self.read)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._rows.focus()
