"""The screen of a commit: its message to be edited, what is staged, and the commit itself by the user's own git."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

from rich.text import Text
from textual import on
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Input, Static, TextArea

from localdev.app.conversation.wording import in_chat
from localdev.app.git_commit import commit_unseen, commit_with, index_file, new_commit, nothing_staged, signs, why_not
from localdev.core.change import FileChange
from localdev.core.errors import LocaldevError
from localdev.core.neutral import neutral, one_line
from localdev.core.sizes import counted
from localdev.tui.background import in_thread
from localdev.tui.keyline import KeyLine
from localdev.tui.keys import bind, bind_close
from localdev.tui.patch.lines import shown
from localdev.tui.patch.reading import DiffScreen
from localdev.tui.rows import Rows

# What `git log --oneline` shows whole on a screen of 80 columns, with the id before it.
_SUBJECT = 72
# Lower screens have no room for the files and for what git says.
_TIGHT = 20
# Colours that hooks print; the words are what counts here.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MOST_PRINTED = 20_000
_STATUS = {"added": "new", "modified": "changed", "deleted": "removed", "renamed": "renamed", "copied": "copied"}


class CommitDesk(Protocol):
    """Knows the repository."""

    @property
    def root(self) -> Path:
        """The repository's folder."""
        ...


class StagedList(Rows[FileChange]):
    """The staged files with their numbers of lines."""

    HELP: ClassVar[str] = """\
**What the commit will hold**: staged files, with lines added and removed.

- `Up` `Down` go through them, `Enter` or a click shows what is changed
- `Tab` goes on to the buttons
"""

    def draw(self, item: FileChange, line: int, width: int) -> Text:
        """Give a row."""
        lines = "binary" if item.binary else f"+{sum(1 for _ in item.added())} -{sum(1 for _ in item.removed())}"
        return Text(f"{_STATUS.get(item.status, item.status):<8} {lines:<12} {shown(item.path)}")


class CommitScreen(Screen[str]):
    """Shows the payload of `localdev commit`; ends with the id of the new commit, empty for none."""

    HELP: ClassVar[str] = """\
**The message of a commit**, to be edited, and what is staged.

- `Tab` goes from the subject to the text, the files and the buttons
- `Enter` on a file shows what is changed in it
- `Alt+G`, or `Enter` on **Commit**, commits with your own git, its hooks and signing
- `Esc` leaves; nothing is committed then
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the fields get it: many terminals send it with the letter, which they would type.
        bind("commit", "commit", show=True, priority=True),
        bind_close("Back", show=True),
    ]
    DEFAULT_CSS = """
    CommitScreen {
        background: $background;
        & > #title { height: auto; max-height: 2; padding: 0 1; background: $panel; color: $foreground; }
        & Input { height: 1; border: none; padding: 0 1; background: $surface; }
        & Input:focus { background: $panel; border: none; }
        & TextArea { height: 1fr; min-height: 3; border: none; padding: 0 1; background: $surface; }
        & TextArea:focus { background: $panel; border: none; }
        & .label { height: 1; padding: 0 1; color: $text-muted; }
        & StagedList { height: 1fr; max-height: 12; }
        & #printed { height: auto; max-height: 30%; padding: 0 1; background: $surface; display: none; }
        &.-tight StagedList { display: none; }
        & #printed.-error { color: $error; }
        & #printed Static { height: auto; }
        & Horizontal { height: 1; align-horizontal: right; }
        & Button { margin: 0 1 0 1; }
    }
    """

    def __init__(self, payload: Mapping[str, Any], desk: CommitDesk) -> None:
        """Take what `localdev commit --json` prints; nothing is read yet."""
        super().__init__()
        self._payload = payload
        self._desk = desk
        self._busy = False

    @property
    def _stopped(self) -> bool:
        """Whether there is no message, and something keeps the commit from being made."""
        return bool(self._payload.get("stopped"))

    def compose(self) -> ComposeResult:
        """Give the message, what is staged, and the buttons; or what is in the way."""
        yield Static(Content.styled("commit", "bold"), id="title")
        if self._stopped:
            with VerticalScroll(can_focus=True):
                yield Static(_in_the_way(self._payload))
        else:
            yield Static(id="length", classes="label")
            subject, body = (str(self._payload.get(name) or "") for name in ("subject", "body"))
            yield Input(one_line(subject), placeholder="what the change does", id="subject")
            yield Static(Content("text"), classes="label")
            yield TextArea(neutral(body.replace("\r\n", "\n")), id="body", soft_wrap=True)
            yield Static(Content("staged"), id="staged", classes="label")
            yield StagedList(id="files", say="reading what is staged ...")
            with VerticalScroll(id="printed", can_focus=True):
                yield Static()
            with Horizontal():
                yield Button(Content("Back"), id="back", compact=True)
                yield Button(Content("Commit"), id="commit", variant="primary", compact=True)
        yield KeyLine()

    def on_mount(self) -> None:
        """Read what is staged."""
        if self._stopped:
            return
        self._count()
        self.query_one("#subject").focus()
        root = self._desk.root
        in_thread(self, lambda: _staged(root), self._show_staged)

    @property
    def message(self) -> str:
        """The message as it stands in the fields."""
        subject = self.query_one("#subject", Input).value.strip()
        body = self.query_one("#body", TextArea).text.strip("\n")
        return f"{subject}\n\n{body}" if body.strip() else subject

    def on_resize(self) -> None:
        """Keep the buttons in sight."""
        if not self._stopped:
            self._arrange()

    def _arrange(self) -> None:
        """Give what git says the room of the files where there is little."""
        self.set_class(self.size.height < _TIGHT and self.query_one("#printed").display, "-tight")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no commit where there is no message."""
        return not (action == "commit" and self._stopped)

    def action_commit(self) -> None:
        """Commit with the message."""
        if self._busy:
            return
        if not self.query_one("#subject", Input).value.strip():
            self._print("a commit needs a subject", error=True)
            return
        self._busy = True
        self._print("committing; hooks may take their time ...")
        root, text, merging = self._desk.root, self.message, bool(self._payload.get("doing"))
        in_thread(self, lambda: _asks(root), lambda asks: self._start(text, merging=merging, asks=asks))

    def _start(self, text: str, *, merging: bool, asks: bool) -> None:
        """Commit, with the terminal in git's hands where it may ask for a passphrase to sign with."""
        root = self._desk.root
        if asks:
            try:
                with self.app.suspend():
                    got = _said(lambda: (commit_with(root, text, edit=False, quiet=False), ""))
            except SuspendNotSupported:
                pass  # then there is no terminal to ask on, and git says what it lacks
            else:
                self._tried(got)
                return
        in_thread(self, lambda: _said(lambda: _unseen(root, text, merging=merging)), self._tried, whole=True)

    def action_copy_text(self) -> None:
        """Copy what the mouse has selected."""
        from localdev.tui.clipboard import copy_selected

        copy_selected(self)

    def action_close(self) -> None:
        """Leave without a commit."""
        if self._busy:
            self._print("one moment: git is committing")
        else:
            self.dismiss("")

    @on(Input.Submitted)
    def _on_to_the_text(self) -> None:
        self.query_one("#body").focus()

    @on(Input.Changed)
    def _count(self) -> None:
        """Say how long the subject is."""
        length = len(self.query_one("#subject", Input).value)
        long = f" - longer than {_SUBJECT}, which many tools cut" if length > _SUBJECT else ""
        self.query_one("#length", Static).update(Content(f"subject, {counted(length, 'character')}{long}"))

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        files = list(self.query_one(StagedList).items)
        self.app.push_screen(DiffScreen("what is staged", files, first=files.index(event.item)))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "commit":
            self.action_commit()
        else:
            self.action_close()

    def _show_staged(self, files: tuple[FileChange, ...]) -> None:
        """Show what is staged, and whether that is what the message was made for."""
        self.query_one(StagedList).show(files, say="nothing is staged any more")
        made_for = int(self._payload.get("files") or 0)
        words = f"staged: {counted(len(files), 'file')}"
        if made_for and made_for != len(files):
            words += f" - the message was made for {made_for}"
        self.query_one("#staged", Static).update(Content(words))

    def _tried(self, got: tuple[int, str] | LocaldevError) -> None:
        """Take what became of the commit."""
        self._busy = False
        if isinstance(got, LocaldevError):
            self._print(in_chat(f"error: {got}" + (f"\nhint: {got.hint}" if got.hint else "")), error=True)
            return
        code, printed = got
        if code:
            self._print(f"{printed}\n\ngit did not commit (exit code {code})".lstrip("\n"), error=True)
            return
        root, subject = self._desk.root, self.message.split("\n")[0]
        in_thread(self, lambda: new_commit(root), lambda made: self._committed(made, subject))

    def _committed(self, made: str, subject: str) -> None:
        """Say it and end."""
        self.app.notify(f"committed {made[:10]}: {one_line(subject)}", markup=False)
        self.dismiss(made)

    def _print(self, text: str, *, error: bool = False) -> None:
        """Show what git and its hooks say."""
        place = self.query_one("#printed")
        place.set_class(error, "-error")
        place.display = bool(text)
        text = neutral(_COLOURS.sub("", text.replace("\r\n", "\n")))
        place.query_one(Static).update(Content(text[-_MOST_PRINTED:]))
        self._arrange()
        self.call_after_refresh(place.scroll_end, animate=False)


def _staged(root: Path) -> tuple[FileChange, ...]:
    """Read what is staged."""
    from localdev.source.changes import staged

    return staged(root, index=index_file(root)).change.files


def _said(work: Callable[[], tuple[int, str]]) -> tuple[int, str] | LocaldevError:
    """Make a value of an error: the screen shows it."""
    try:
        return work()
    except LocaldevError as error:
        return error


def _asks(root: Path) -> bool:
    """Say whether git may ask for a passphrase; without a git the commit itself says so."""
    with contextlib.suppress(LocaldevError):
        return signs(root)
    return False


def _unseen(root: Path, text: str, *, merging: bool) -> tuple[int, str]:
    """Commit away from the terminal; say so where another process has taken what was staged."""
    code, printed = commit_unseen(root, text)
    if code and not merging and nothing_staged(root):
        return code, "nothing is staged any more: `git log -1` shows whether another commit has taken it"
    return code, printed


def _in_the_way(payload: Mapping[str, Any]) -> Content:
    """Say why there is no message."""
    paths = [one_line(str(path)) for path in payload.get("paths") or ()]
    what, hint = why_not({"stopped": payload["stopped"], "paths": paths})
    rows = [f"{one_line(str(each['path']))}:{each['line']}: {each['message']}" for each in payload.get("secrets") or ()]
    told = "".join(f"\n{neutral(row)}" for row in rows)
    return Content.assemble((what or "there is no message", "bold"), told, "\n\n", ("hint: ", "bold"), hint)
