"""The screen of a proposed patch: what was checked of it, its hunks, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from localdev.app.conversation.wording import in_chat
from localdev.app.proposed import ProposedFile, proposed_files
from localdev.core.errors import LocaldevError
from localdev.core.neutral import one_line
from localdev.core.patch import FileEdit
from localdev.core.sizes import counted
from localdev.tui.background import in_thread
from localdev.tui.keyline import KeyLine
from localdev.tui.patch.hunks import WORDS, PatchState
from localdev.tui.patch.reading import ViewScreen
from localdev.tui.patch.view import PatchView
from localdev.tui.sources.editor import open_editor

if TYPE_CHECKING:
    from localdev.app.applying import Undone


class PatchDesk(Protocol):
    """Reads and writes the work tree of a repository, and knows the user's editor."""

    @property
    def root(self) -> Path:
        """The repository's folder."""
        ...

    def apply(self, edits: Sequence[FileEdit], label: str) -> None:
        """Write edits, every file or none.

        Raises:
            LocaldevError: a file is not as the edits say it was, or cannot be written; nothing is written.
        """
        ...

    def undo(self) -> Undone:
        """Take back what was written last.

        Raises:
            LocaldevError: there is nothing to take back, or a file has changed since.
        """
        ...

    def editor(self, path: str, line: int) -> list[str]:
        """Give the command that opens a file at a line.

        Raises:
            LocaldevError: there is no such file, or no editor.
        """
        ...


class PatchScreen(ViewScreen[tuple[str, ...]]):
    """Shows the payload of `localdev gen`; ends with the paths of what is written and was not taken back."""

    HELP: ClassVar[str] = PatchView.HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "mark('accepted')", "Accept"),
        Binding("r", "mark('rejected')", "Reject"),
        Binding("enter", "apply", "Apply"),
        Binding("q", "close", "Back"),
        Binding("n", "part(1)", "Next"),
        Binding("u", "undo", "Undo"),
        Binding("v", "view", "View"),
        Binding("s", "split", "Split"),
        Binding("A", "mark_all('accepted')", "Accept all"),
        Binding("R", "mark_all('rejected')", "Reject all"),
        Binding("p", "part(-1)", "Previous"),
        Binding("o", "edit", "Editor"),
        Binding("c", "checks", "Checks"),
        Binding("space", "turn", "Accept or reject", show=False),
    ]
    DEFAULT_CSS = """
    PatchScreen {
        background: $background;
        & > .head { height: auto; max-height: 2; padding: 0 1; background: $panel; color: $foreground; }
        & > #checks { height: auto; max-height: 2; padding: 0 1; color: $text-muted; }
        & > #checks.-whole { max-height: 50%; }
        & > #said { height: auto; max-height: 3; padding: 0 1; color: $foreground; }
        & > #said.-error { color: $error; }
        & > PatchView { height: 1fr; }
    }
    """

    def __init__(self, payload: Mapping[str, Any], desk: PatchDesk) -> None:
        """Take what `localdev gen --json` prints; nothing is read yet."""
        super().__init__()
        self._payload = payload
        self._desk = desk
        self._patch: PatchState | None = None
        self._busy = False

    def compose(self) -> ComposeResult:
        """Give the head, the checks, the patch, the last word and the keys."""
        yield Static(id="title", classes="head")
        yield Static(id="checks")
        yield PatchView(id="patch")
        yield Static(id="cut")
        yield Static(id="said")
        yield KeyLine()

    def on_mount(self) -> None:
        """Hold the patch against the files."""
        self._entitle()
        self._say("")
        self._show_checks(whole=not all(each["ok"] for each in self._payload.get("checks") or ()))
        self.view.focus()
        text, root = str(self._payload.get("patch") or ""), self._desk.root
        if not text:
            self._say("nothing is proposed: the checks refused it", error=True)
            return
        self._busy = True
        self._try(lambda: proposed_files(text, root), self._loaded)

    def action_mark(self, state: Literal["accepted", "rejected"]) -> None:
        """Decide on the current part and go to the next one."""
        self._mark(state)
        self.view.to_part(1)

    def action_turn(self) -> None:
        """Accept the current part, or reject it where it is accepted."""
        if self._patch is not None and self._patch.parts:
            self._mark("rejected" if self._patch.parts[self.view.current].state == "accepted" else "accepted")

    @on(PatchView.Turned)
    def _turned(self) -> None:
        self.action_turn()

    def action_mark_all(self, state: Literal["accepted", "rejected"]) -> None:
        """Decide on all parts."""
        if self._patch is not None and not self._busy:
            self._patch.mark_all(state)
            self._decided()

    def action_split(self) -> None:
        """Cut the current hunk."""
        if self._patch is None or self._busy or not self._patch.parts:
            return
        at = self.view.current
        count = self._patch.split(at)
        self._say(f"cut into {count} hunks" if count > 1 else "this cannot be cut any further")
        if count > 1:
            self.view.show(self._patch, current=at)
            self._entitle()

    def action_checks(self) -> None:
        """Show all that the checks say, or only that they went well."""
        self._show_checks(whole=not self.query_one("#checks").has_class("-whole"))

    def action_edit(self) -> None:
        """Open the current place in the editor."""
        path, line = self.view.place
        if path:
            open_editor(self.app, self._desk, path, line)

    def action_apply(self) -> None:
        """Write what is accepted."""
        if self._patch is None or self._busy:
            return
        edits = self._patch.edits()
        if not edits:
            self._say("nothing is accepted: a accepts a hunk, A accepts all")
            return
        self._busy = True
        self._say(f"writing {counted(len(edits), 'file')} ...")
        label = f"gen {one_line(str(self._payload.get('kind') or 'patch'))} {edits[0].path}"
        self._try(lambda: self._desk.apply(edits, label), lambda _: self._written(edits))

    def action_undo(self) -> None:
        """Take back what was applied here last."""
        if self._patch is None or self._busy:
            return
        if not self._patch.last_paths():
            self._say("nothing was applied here; /undo takes back what was applied last in this repository")
            return
        self._busy = True
        self._try(self._desk.undo, self._undone)

    def action_close(self) -> None:
        """Leave; asks first where something is accepted and not applied."""
        if self._busy:
            self._say("one moment: files are being read or written")
        elif question := self.unsaved:
            from localdev.tui.dialogs.confirm import Confirm

            self.app.push_screen(Confirm(question, yes="Leave", no="Stay"), self._leave)
        else:
            self._leave(True)

    @property
    def unsaved(self) -> str:
        """The question to be answered before this is left; empty where nothing would be lost."""
        waiting = self._patch.counts().get("accepted", 0) if self._patch is not None else 0
        return f"{counted(waiting, 'accepted hunk')} not applied. Leave?" if waiting else ""

    def _leave(self, sure: bool | None) -> None:
        if sure:
            self.dismiss(self._patch.written_paths() if self._patch is not None else ())

    def _mark(self, state: Literal["accepted", "rejected"]) -> None:
        """Decide on the current part."""
        if self._patch is None or self._busy or not self._patch.parts:
            return
        at = self.view.current
        if self._patch.mark(at, state):
            self._decided()
        elif self._patch.parts[at].state == "applied":
            self._say("this is applied already: u takes it back" if self._patch.last_paths() else "this is applied")
        else:
            self._say(f"this cannot be applied: {self._patch.files[self._patch.parts[at].file].moved}", error=True)

    def _decided(self) -> None:
        """Show decisions."""
        counts = self._patch.counts() if self._patch is not None else {}
        ready = counts.get("accepted") and not counts.get("open")
        self._say("everything is decided: Enter applies what is accepted" if ready else "")
        self.view.refresh()
        self._entitle()

    def _loaded(self, files: tuple[ProposedFile, ...]) -> None:
        """Show what was read."""
        self._patch = PatchState(files)
        self.view.show(self._patch)
        counts = self._patch.counts()
        if counts.get("moved"):
            names = ", ".join(one_line(file.path) for file in files if file.moved)
            self._say(f"{_cut(names)}: cannot be applied as it is now; ask again for a new patch", error=True)
        elif counts.get("applied") == len(self._patch.parts):
            self._say("all of this is applied; /undo takes back what was applied last")
        self._entitle()

    def _written(self, edits: Sequence[FileEdit]) -> None:
        """Say what was written."""
        assert self._patch is not None
        self._patch.written()
        names = _cut(", ".join(one_line(edit.path) for edit in edits))
        partly = set(self._patch.counts()) != {"applied"} and self._payload.get("checks")
        self._say(
            f"applied: {names}; u takes it back"
            + ("\nthe checks were made with the whole patch, not with this part alone" if partly else "")
        )
        self.view.refresh()
        self._entitle()

    def _undone(self, undone: Undone) -> None:
        """Say what was taken back; another process may have applied something in between."""
        assert self._patch is not None
        names = _cut(", ".join(one_line(path) for path in undone.paths))
        if tuple(sorted(undone.paths)) == self._patch.last_paths():
            self._patch.taken_back()
            self._say(f"taken back: {names}; Enter applies it again")
        else:
            self._say(
                f"something else was applied last and is taken back: {one_line(undone.label)} ({names})", error=True
            )
        self.view.refresh()
        self._entitle()

    def _try(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Do work in a thread; what goes wrong is said on the screen."""

        def attempt() -> Any:
            try:
                return work()
            except LocaldevError as error:
                return error

        def over(got: Any) -> None:
            self._busy = False
            if isinstance(got, LocaldevError):
                self._say(in_chat(f"error: {got}" + (f"\nhint: {got.hint}" if got.hint else "")), error=True)
            else:
                then(got)

        in_thread(self, attempt, over, whole=True)

    def _say(self, text: str, *, error: bool = False) -> None:
        """Put the last word below the patch."""
        said = self.query_one("#said", Static)
        said.set_class(error, "-error")
        said.update(Content(text))
        said.display = bool(text)

    def _show_checks(self, *, whole: bool) -> None:
        """Show what was checked."""
        checks = self.query_one("#checks", Static)
        checks.set_class(whole, "-whole")
        checks.update(_checks(self._payload, whole=whole))

    def _entitle(self) -> None:
        """Say what this is and what was decided."""
        kind = one_line(str(self._payload.get("kind") or ""))
        title = [(f"gen {kind}".strip(), "bold")]
        if self._patch is not None:
            counts, parts = self._patch.counts(), self._patch.parts
            words = [f"{counts[state]} {word}" for state, word in WORDS.items() if counts.get(state)]
            files = counted(len(self._patch.files), "file")
            title.append((f"  {files}, {counted(len(parts), 'hunk')}: {', '.join(words)}", ""))
        self.query_one("#title", Static).update(Content.assemble(*title))


def _checks(payload: Mapping[str, Any], *, whole: bool) -> Content:
    """Say what was checked: in a row, or each with what there is to say of it."""
    checks: Sequence[Mapping[str, Any]] = payload.get("checks") or ()
    if not whole:
        text = " · ".join(f"{one_line(each['name'])}: {'ok' if each['ok'] else 'FAILED'}" for each in checks)
        return Content(f"checked: {text}" if text else "nothing was checked")
    rows = [
        f"{one_line(each['name'])}: {'ok' if each['ok'] else 'FAILED'} {one_line(each['detail'])}" for each in checks
    ]
    return Content("\n".join(rows))


def _cut(text: str, most: int = 120) -> str:
    """Shorten a list of names."""
    return text if len(text) <= most else f"{text[: most - 4]} ..."
