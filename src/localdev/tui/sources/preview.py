"""A file shown at the lines an answer cites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from localdev.core.errors import LocaldevError
from localdev.core.events import Citation
from localdev.core.neutral import neutral
from localdev.tui.background import in_thread
from localdev.tui.dialogs.base import Dialog
from localdev.tui.patch.lines import shown
from localdev.tui.sources.code import CodeView
from localdev.tui.sources.editor import open_editor
from localdev.tui.sources.places import place as place_of
from localdev.tui.transcript.code import highlighted
from localdev.tui.transcript.rows import Span

if TYPE_CHECKING:
    from localdev.app.conversation.desk import Desk
    from localdev.app.conversation.reading import Preview

# Lines before and after the cited ones: enough to read on without an editor, little enough to colour at once.
_AROUND = 200


class PreviewScreen(Dialog[None]):
    """The cited lines, marked, with what stands around them; `since` is when they were cited (seconds since 1970)."""

    HELP: ClassVar[str] = """\
## The lines of a source

The lines the answer rests on are marked in the margin. Above them stands a warning when the file changed since.

- **Up**, **Down**, **Page Up**, **Page Down**, **Left**, **Right**: scroll
- **Enter**: back to the marked lines
- **o**: open the file in `$VISUAL` or `$EDITOR` at the line
- **Escape** or **q**: close
"""
    heading = "Source"
    hint = "o editor · Enter back to the lines · Esc closes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "open_editor", "Editor", show=False),
        Binding("enter", "back", "Back to the lines", show=False),
        Binding("q", "close", "Close", show=False),
    ]
    DEFAULT_CSS = """
    PreviewScreen #changed { display: none; color: $warning; }
    PreviewScreen.changed #changed { display: block; }
    """

    def __init__(self, citation: Citation, desk: Desk, *, since: float = 0.0) -> None:
        super().__init__()
        self._citation = citation
        self._desk = desk
        self._since = since

    def body(self) -> ComposeResult:
        """Show a warning where one is due, and the lines."""
        yield Static(Content("Changed since it was cited: the lines may have moved."), id="changed")
        yield CodeView(say="reading …")

    def on_mount(self) -> None:
        """Read the lines in the background."""
        symbol = f"  {self._citation.symbol}" if self._citation.symbol else ""
        self.retitle(f"[{self._citation.id}] {place_of(self._citation, max(20, self.size.width - 24))}{symbol}")
        in_thread(self, self._read, self._show)

    def _read(self) -> tuple[Preview, Sequence[Sequence[Span]]] | LocaldevError:
        """Read and colour the lines; what cannot be read is given, not raised: it is said in their place."""
        try:
            place = (self._citation.path, self._citation.start_line, self._citation.end_line)
            seen = self._desk.preview(*place, around=_AROUND, since=self._since)
        except LocaldevError as error:
            return error
        return seen, list(highlighted([shown(line) for line in seen.lines], seen.language))

    def _show(self, got: tuple[Preview, Sequence[Sequence[Span]]] | LocaldevError) -> None:
        """Show them, or why they cannot be shown."""
        view = self.query_one(CodeView)
        if isinstance(got, LocaldevError):
            view.say(neutral(f"{got}\n\nhint: {got.hint}" if got.hint else str(got)))
            return
        seen, lines = got
        self.set_class(seen.changed, "changed")
        if not seen.lines:
            view.say("The file is empty now.")
            return
        view.show(lines, first=seen.first_line, marked=range(self._citation.start_line, self._citation.end_line + 1))

    def action_back(self) -> None:
        """Bring the marked lines into view again."""
        self.query_one(CodeView).see_marked()

    def action_open_editor(self) -> None:
        """Give the terminal to the editor, and read the lines again afterwards: they may be others now."""
        open_editor(self.app, self._desk, self._citation.path, self._citation.start_line)
        in_thread(self, self._read, self._show)
