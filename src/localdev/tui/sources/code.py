"""Lines of text with their numbers: drawn when they come into view, scrolled both ways, selected by the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from localdev.tui.transcript.rows import Span

_LOOKS = ("comment", "string", "number", "keyword", "function", "type", "builtin")
_MARK, _NO_MARK = "▌", " "
_STEP = 8  # columns that left and right scroll


class CodeView(ScrollView, can_focus=True):
    """Lines as given, in colours where they have them; a range of them is marked, in the margin and by its ground.

    The lines must be harmless already. `say` stands there while there are none.
    """

    HELP: ClassVar[str] = """\
## Lines of a file

- **Up**, **Down**, **Page Up**, **Page Down**, **Home**, **End**: scroll
- **Left**, **Right**: scroll sideways
- the mouse selects text, **Ctrl+C** copies it
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "sideways(-1)", "Left", show=False),
        Binding("right", "sideways(1)", "Right", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *{f"code--{look}" for look in _LOOKS},
        *{"code--line", "code--marked", "code--number", "code--quiet"},
    }
    DEFAULT_CSS = """
    CodeView {
        height: 1fr; background: $background; color: $foreground; scrollbar-size: 1 1;
        & > .code--line { background: $background; color: $foreground; }
        & > .code--marked { background: $panel; color: $foreground; }
        & > .code--number { color: $text-muted; }
        & > .code--quiet { background: $background; color: $text-muted; }
        & > .code--comment { color: $text-muted; text-style: italic; }
        & > .code--string { color: $success; }
        & > .code--number { color: $accent; }
        & > .code--keyword { color: $secondary; text-style: bold; }
        & > .code--function { color: $primary; }
        & > .code--type { color: $warning; }
        & > .code--builtin { color: $primary; }
    }
    """

    def __init__(self, *, id: str | None = None, say: str = "", numbers: bool = True) -> None:
        super().__init__(id=id)
        self._numbers = numbers
        self._say = say
        self._lines: list[Sequence[Span]] = []
        self._first = 1
        self._marked = range(0)

    def show(self, lines: Sequence[Sequence[Span]], *, first: int = 1, marked: range = range(0)) -> None:
        """Show lines, the first of which has the number `first`; `marked` are numbers, and come into view."""
        self._lines, self._first, self._marked = list(lines), first, marked
        longest = max((cell_len(_plain(line)) for line in self._lines), default=0)
        self.virtual_size = Size(longest + self._margin + 1, len(self._lines))
        self.call_after_refresh(self.see_marked)
        self.refresh()

    def say(self, text: str) -> None:
        """Show a text instead of lines."""
        self._lines, self._say = [], text
        self.virtual_size = Size(0, 0)
        self.refresh()

    @property
    def text(self) -> str:
        """All lines, without their numbers."""
        return "\n".join(_plain(line) for line in self._lines)

    @property
    def _margin(self) -> int:
        """Columns before a line: its number and the mark."""
        return len(str(self._first + len(self._lines))) + 2 if self._numbers else 0

    def render_line(self, y: int) -> Strip:
        """Draw one line of what is in view."""
        width = self.scrollable_content_region.width
        left, top = self.scroll_offset
        at = top + y
        if at >= len(self._lines):
            return self._quiet(y, width)
        number = self._first + at
        ground = self.get_component_rich_style("code--marked" if number in self._marked else "code--line")
        body = self._body(at).crop(left, left + width - self._margin).apply_offsets(left, at)
        margin = Strip(self._margin_of(number)) if self._numbers else Strip([])
        return Strip.join([margin, body]).adjust_cell_length(width, ground).apply_style(ground)

    def _body(self, at: int) -> Strip:
        """Give a line in its colours, and what is selected of it."""
        text = Text(no_wrap=True, end="")
        for part, looks, _ in self._lines[at]:
            text.append(part, next((self._look(look) for look in looks if look in _LOOKS), None))
        if self.text_selection is not None and (span := self.text_selection.get_span(at)) is not None:
            start, end = span
            style = self.screen.get_component_rich_style("screen--selection")
            text.stylize(style, start, len(text) if end == -1 else end)
        return Strip([Segment(part.text, part.style) for part in text.render(self.app.console)])

    def _look(self, look: str) -> Style:
        return self.get_component_rich_style(f"code--{look}", partial=True)

    def _margin_of(self, number: int) -> list[Segment]:
        """Give the number and the mark of a line."""
        mark = _MARK if number in self._marked else _NO_MARK
        quiet = self.get_component_rich_style("code--quiet", partial=True).without_color
        color = self.get_component_rich_style("code--comment", partial=True).color
        return [Segment(f"{number:>{self._margin - 2}}{mark} ", quiet + Style(color=color))]

    def _quiet(self, y: int, width: int) -> Strip:
        """Give a line of what is said instead of lines, or an empty one."""
        style = self.get_component_rich_style("code--quiet")
        said = Text("" if self._lines else self._say).wrap(self.app.console, max(1, width))
        return Strip([Segment(said[y].plain if y < len(said) else "", style)]).adjust_cell_length(width, style)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Give the text that is selected, without numbers."""
        found = []
        for at, line in enumerate(self._lines):
            span = selection.get_span(at)
            if span is not None:
                plain = _plain(line)
                found.append(plain[span[0] : len(plain) if span[1] == -1 else span[1]])
        return "\n".join(found), "\n"

    def action_sideways(self, by: int) -> None:
        """Scroll by columns."""
        self.scroll_relative(x=by * _STEP, animate=False)

    def see_marked(self) -> None:
        """Bring the marked lines into view, with a little of what stands before them."""
        if self._marked:
            self.scroll_to(0, max(0, self._marked.start - self._first - 2), animate=False, force=True)


def _plain(line: Sequence[Span]) -> str:
    """Give the text of a line."""
    return "".join(span.text for span in line)
