"""A list with a cursor that draws only the rows in view, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Span, Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

Item = TypeVar("Item")

# The cursor is told by a mark too: colour alone is not seen by everybody, and not there with NO_COLOR.
_CURSOR, _NO_CURSOR = "▸ ", "  "
# Text that is needed less: quiet on its own ground, as all other text on the cursor's, where quiet would be too faint.
QUIET = "quiet"


class Rows(ScrollView, Generic[Item], can_focus=True):
    """Rows of `row_height` lines each; a subclass says in `draw` how one looks, with `QUIET` as a style.

    `say` is what stands in an empty list: that it is being loaded, or what to do. All text is taken as it is, never as
    markup; `draw` makes it harmless.
    """

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move_to(0)", "First", show=False),
        Binding("end", "move_to(-1)", "Last", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--row", "rows--cursor", "rows--quiet"}
    DEFAULT_CSS = """
    Rows {
        background: $surface; color: $foreground; overflow-x: hidden; scrollbar-size-vertical: 1;
        & > .rows--row { background: $surface; color: $foreground; }
        & > .rows--cursor { background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground; }
        & > .rows--quiet { background: $surface; color: $text-muted; }
        &:focus > .rows--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
        }
    }
    """
    cursor: reactive[int] = reactive(0, init=False)

    class OfRow(Message):
        """What happened to a row."""

        def __init__(self, rows: Rows[Any], item: Any) -> None:
            super().__init__()
            self.rows = rows
            self.item = item

        @property
        def control(self) -> Rows[Any]:
            """The list, for `@on` with a selector."""
            return self.rows

    class Chosen(OfRow):
        """Enter, or a click, on a row."""

    class Moved(OfRow):
        """The cursor stands on another row."""

    def __init__(self, *, id: str | None = None, say: str = "") -> None:
        super().__init__(id=id)
        self._items: Sequence[Item] = ()
        self._say = say

    @property
    def row_height(self) -> int:
        """Lines a row takes, the same for all."""
        return 1

    @property
    def items(self) -> Sequence[Item]:
        """All rows."""
        return self._items

    @property
    def current(self) -> Item | None:
        """The row the cursor stands on; None where there is none."""
        return self._items[self.cursor] if 0 <= self.cursor < len(self._items) else None

    def draw(self, item: Item, line: int, width: int) -> Text:
        """Give line `line` of a row, in at most `width` cells (more is cut)."""
        raise NotImplementedError

    def show(self, items: Sequence[Item], *, say: str = "", cursor: int = 0) -> None:
        """Show other rows; `say` stands there when there are none."""
        self._items, self._say = items, say
        self._measure()
        self.cursor = max(0, min(cursor, len(items) - 1))
        self._see_cursor()
        self._tell()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of what is in view."""
        width = self.scrollable_content_region.width
        index, line = divmod(y + self.scroll_offset.y, self.row_height)
        if index >= len(self._items):
            said = Text(self._said(y, width))
            return self._strip(said, "rows--quiet", width)
        here = index == self.cursor
        text = Text(_CURSOR if here and line == 0 else _NO_CURSOR)
        text.append_text(self.draw(self._items[index], line, width - len(_CURSOR)))
        return self._strip(text, "rows--cursor" if here else "rows--row", width)

    def on_resize(self) -> None:
        """Lay out anew: a row may take other lines."""
        self._measure()
        self._see_cursor()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is, and choose that row."""
        offset = event.get_content_offset(self)
        if offset is not None:
            index = (offset.y + self.scroll_offset.y) // self.row_height
            if index < len(self._items):
                self.cursor = index
                self.action_choose()

    def watch_cursor(self) -> None:
        """Keep the cursor in view and say where it is."""
        self._see_cursor()
        self._tell()
        self.refresh()

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self._to(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move it by pages."""
        self._to(self.cursor + by * max(1, self.scrollable_content_region.height // self.row_height))

    def action_move_to(self, index: int) -> None:
        """Move it to a row; -1 is the last one."""
        self._to(index if index >= 0 else len(self._items) - 1)

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self._items:
            self.post_message(self.Chosen(self, self._items[self.cursor]))

    def _to(self, index: int) -> None:
        self.cursor = max(0, min(index, len(self._items) - 1))

    def _tell(self) -> None:
        if self._items:
            self.post_message(self.Moved(self, self._items[self.cursor]))

    def _measure(self) -> None:
        """Set how far the list can be scrolled."""
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._items) * self.row_height)

    def _see_cursor(self) -> None:
        if self.is_mounted and self._items:
            region = Region(0, self.cursor * self.row_height, 1, self.row_height)
            self.scroll_to_region(region, animate=False, force=True, immediate=True)

    def _said(self, y: int, width: int) -> str:
        """Give line `y` of what stands in an empty list."""
        if self._items or width <= len(_CURSOR):
            return ""
        lines = Text(self._say).wrap(self.app.console, width - len(_CURSOR))
        return _NO_CURSOR + lines[y].plain if y < len(lines) else ""

    def _strip(self, text: Text, component: str, width: int) -> Strip:
        """Give a line in its colours, exactly `width` cells wide."""
        style = self.get_component_rich_style(component)
        quiet = (
            self.get_component_rich_style("rows--quiet", partial=True) if component != "rows--cursor" else Style.null()
        )
        text.spans = [Span(at, end, quiet if look == QUIET else look) for at, end, look in text.spans]
        text.no_wrap = True
        text.truncate(max(1, width), overflow="ellipsis")
        parts = [Segment(part.text, part.style) for part in text.render(self.app.console)]
        return Strip(parts).adjust_cell_length(width, style).apply_style(style)
