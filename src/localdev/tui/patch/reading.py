"""Screens around the view of a patch: what they share, and the one of a change that is only read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from localdev.app.proposed import ProposedFile
from localdev.core.change import FileChange
from localdev.core.neutral import one_line
from localdev.tui.dialogs.picker import Offer, Picker
from localdev.tui.keyline import KeyLine
from localdev.tui.keys import bind_close
from localdev.tui.patch.hunks import PatchState
from localdev.tui.patch.view import PatchView

# Narrower screens show both versions one below the other: half of this, less the numbers, holds hardly a line of code.
_BESIDE = 140

Value = TypeVar("Value")


class ViewScreen(Screen[Value]):
    """A screen whose main part is the view of a patch: it goes through it and chooses how it is laid out."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "files", "Files", show=False),
        Binding("right_square_bracket", "file(1)", "Next file", show=False),
        Binding("left_square_bracket", "file(-1)", "Previous file", show=False),
        bind_close(),
    ]
    DEFAULT_CSS = """
    ViewScreen > #cut { height: 1; padding: 0 1; color: $text-muted; display: none; }
    """
    _asked_view: bool | None = None

    @property
    def view(self) -> PatchView:
        """The patch."""
        return self.query_one(PatchView)

    def on_resize(self) -> None:
        """Put old and new side by side where there is room, unless the user has chosen."""
        self._arrange()

    @on(PatchView.Cut)
    def _lines_cut(self, event: PatchView.Cut) -> None:
        """Say that there is more to read than is seen."""
        said = self.query_one("#cut", Static)
        said.display = bool(event.said)
        said.update(Content(event.said))

    def action_copy_text(self) -> None:
        """Copy what the mouse has selected."""
        from localdev.tui.clipboard import copy_selected

        copy_selected(self)

    def action_part(self, by: int) -> None:
        """Go to another part."""
        self.view.to_part(by)

    def action_file(self, by: int) -> None:
        """Go to another file."""
        self.view.to_file(by)

    def action_files(self) -> None:
        """Choose a file to go to."""
        if (patch := self.view.patch) is not None:
            self.app.push_screen(PatchFiles(patch, deciding=self.view.deciding), self._to_file)

    def _to_file(self, path: str | None) -> None:
        patch = self.view.patch
        if path and patch is not None:
            self.view.to_file_at(next(at for at, file in enumerate(patch.files) if file.path == path))

    def action_view(self) -> None:
        """Change between the two views."""
        self._asked_view = not self.view.beside
        self._arrange()

    def _arrange(self) -> None:
        """Choose the view."""
        self.view.beside = self.size.width >= _BESIDE if self._asked_view is None else self._asked_view


class PatchFiles(Picker):
    """Ends with the path of one of a patch's files."""

    heading = "Files of the patch"
    placeholder = "letters of the path"

    def __init__(self, patch: PatchState, *, deciding: bool) -> None:
        super().__init__()
        self._patch = patch
        self._deciding = deciding

    def load(self) -> Sequence[Offer]:
        """Give the paths, with what was decided."""
        files = enumerate(self._patch.files)
        return [Offer(file.path, self._patch.told(at) if self._deciding else file.status) for at, file in files]


class ReadingView(PatchView):
    """A change without decisions."""

    HELP: ClassVar[str] = """\
**A change**, to be read.

- `n` `p` next and previous hunk, `]` `[` next and previous file
- `g` any file; `v` one below the other, or side by side; `Left` `Right` move long lines
- the mouse selects text, `Ctrl+C` copies it; `Esc` goes back
"""


class DiffScreen(ViewScreen[None]):
    """Shows changes of files, beginning with one of them."""

    HELP: ClassVar[str] = ReadingView.HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "part(1)", "Next"),
        Binding("p", "part(-1)", "Previous"),
        Binding("v", "view", "View"),
        Binding("q", "close", "Back"),
    ]
    DEFAULT_CSS = """
    DiffScreen {
        background: $background;
        & > #title { height: 1; padding: 0 1; background: $panel; color: $foreground; text-style: bold; }
        & > PatchView { height: 1fr; }
    }
    """

    def __init__(self, title: str, files: Sequence[FileChange], *, first: int = 0) -> None:
        super().__init__()
        self._title = title
        shown = [ProposedFile(file.path, file.status, file.hunks, moved=_without_lines(file)) for file in files]
        self._patch = PatchState(shown)
        self._first = first

    def compose(self) -> ComposeResult:
        """Give the title, the change and the keys."""
        yield Static(Content(one_line(self._title)), id="title")
        yield ReadingView(id="change", deciding=False)
        yield Static(id="cut")
        yield KeyLine()

    def on_mount(self) -> None:
        """Show the first file asked for."""
        self.view.focus()
        at = next((at for at, part in enumerate(self._patch.parts) if part.file == self._first), 0)
        self.call_after_refresh(self.view.show, self._patch, current=at)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)


def _without_lines(file: FileChange) -> str:
    """Say why a file has no lines to show; empty where it has, or is empty."""
    if file.binary:
        return "it is no text"
    return "" if file.hunks or file.status in ("added", "deleted") else "none of its lines is changed"
