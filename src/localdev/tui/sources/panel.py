"""The list of sources beside the conversation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message

from localdev.core.events import Citation
from localdev.core.neutral import one_line
from localdev.core.sizes import counted
from localdev.tui.rows import Rows
from localdev.tui.sources.places import place

# From so many columns on a place and its symbol fit on one line.
_WIDE = 60
_EMPTY = "No sources yet. Ask a question: the passages its answer rests on are listed here."
_NONE = "No passages came with this turn."


class SourcesPanel(Rows[Citation]):
    """The passages of one turn, those the answer cites first; Enter shows one, `o` opens it in the editor."""

    HELP: ClassVar[str] = """\
## Sources

The passages the answer rests on. `*` marks those it cites; they stand first. The number is the one in the answer.

- **Up**, **Down**, **Home**, **End**: move
- **Enter** or a click: show the lines
- **o**: open the file in `$VISUAL` or `$EDITOR` at the line
"""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("o", "open_editor", "Editor", show=True)]
    DEFAULT_CSS = """
    SourcesPanel {
        border: round $border-blurred; border-title-color: $text-muted; border-subtitle-color: $text-muted;
        &:focus { border: heavy $border; border-title-color: $foreground; border-title-style: bold; }
    }
    """

    class Opened(Message):
        """A source is to be shown with its lines."""

        def __init__(self, citation: Citation) -> None:
            super().__init__()
            self.citation = citation

    class EditorWanted(Opened):
        """A source is to be opened in the editor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, say=_EMPTY)
        self.border_title = "Sources"
        self._cited: frozenset[int] = frozenset()
        self._turn = 0

    @property
    def row_height(self) -> int:
        """One line where there is room for place and symbol beside each other, else two."""
        return 1 if self.scrollable_content_region.width >= _WIDE else 2

    def show_turn(self, number: int, sources: Sequence[Citation], cited: Collection[int] = ()) -> None:
        """Show the sources of a turn; while the same turn goes on, the cursor stays on its source."""
        same, here = number == self._turn, self.current
        self._turn, self._cited = number, frozenset(cited)
        ordered = sorted(sources, key=lambda each: (each.id not in self._cited, each.id))
        cursor = next((at for at, each in enumerate(ordered) if same and here and each.id == here.id), 0)
        self.show(ordered, say=_NONE, cursor=cursor)
        self.border_title = f"Sources of turn {number}"
        self.border_subtitle = f"{len(self._cited)} cited of {counted(len(ordered), 'passage')}" if ordered else ""

    def point_at(self, number: int) -> bool:
        """Put the cursor on the source with a number; False where this turn has none."""
        for at, each in enumerate(self.items):
            if each.id == number:
                self.cursor = at
                return True
        return False

    def clear(self) -> None:
        """Show that there is nothing yet."""
        self._turn, self._cited = 0, frozenset()
        self.show((), say=_EMPTY)
        self.border_title, self.border_subtitle = "Sources", ""

    def draw(self, item: Citation, line: int, width: int) -> Text:
        """Draw `* [3] symbol` and below it, or beside it, the place."""
        head = f"{'*' if item.id in self._cited else ' '} [{item.id}] "
        name = one_line(item.symbol)
        if self.row_height == 1:
            room = width - len(head) - min(cell_len(name) + 2, width // 3)
            return Text(head).append(place(item, room)).append(f"  {name}" if name else "")
        indent = " " * 2
        if line == 0:
            return Text(head).append(name or place(item, width - len(head)), style="bold" if name else "")
        return Text(indent + place(item, width - len(indent))) if name else Text("")

    def action_open_editor(self) -> None:
        """Ask for the editor."""
        if self.current is not None:
            self.post_message(self.EditorWanted(self.current))

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        """Say which source is to be shown."""
        event.stop()
        self.post_message(self.Opened(event.item))
