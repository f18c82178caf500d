"""Turns the names of looks into the colours of the theme in use."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from localdev.tui.transcript.rows import Look, Row, Span

_LOOKS = (
    "asked attached band bar block builtin bullet cite code comment deleted em error function heading heading1 hint"
    " inserted keyword label link muted new-text number open prompt quote quote-mark string strong struck type"
    " unverified warning"
)
COMPONENTS: frozenset[str] = frozenset(f"transcript--{name}" for name in _LOOKS.split())
COLOURS = """
& > .transcript--band { background: $panel; color: $foreground; }
& > .transcript--asked { text-style: bold; }
& > .transcript--prompt { color: $primary; }
& > .transcript--attached { color: $text-muted; }
& > .transcript--bar { color: $primary; text-style: bold; }
& > .transcript--block { background: $surface; color: $foreground; }
& > .transcript--label { color: $text-muted; }
& > .transcript--bullet { color: $primary; }
& > .transcript--cite { color: $primary; text-style: underline; }
& > .transcript--code { background: $panel; color: $foreground; }
& > .transcript--unverified { color: $warning; text-style: italic; }
& > .transcript--strong { text-style: bold; }
& > .transcript--em { text-style: italic; }
& > .transcript--struck { text-style: strike; }
& > .transcript--link { text-style: underline; }
& > .transcript--heading { color: $primary; text-style: bold; }
& > .transcript--heading1 { color: $primary; text-style: bold underline; }
& > .transcript--quote { color: $text-muted; }
& > .transcript--quote-mark { color: $primary; }
& > .transcript--muted { color: $text-muted; }
& > .transcript--warning { color: $warning; }
& > .transcript--error { color: $error; text-style: bold; }
& > .transcript--hint { color: $text-muted; text-style: italic; }
& > .transcript--open { color: $primary; }
& > .transcript--new-text { background: $primary; color: $background; text-style: bold; }
& > .transcript--keyword { color: $secondary; text-style: bold; }
& > .transcript--string { color: $success; }
& > .transcript--number { color: $accent; }
& > .transcript--comment { color: $text-muted; text-style: italic; }
& > .transcript--function { color: $primary; }
& > .transcript--type { color: $warning; }
& > .transcript--builtin { color: $secondary; }
& > .transcript--inserted { color: $success; }
& > .transcript--deleted { color: $error; }
"""
_MARGIN = 1
# In the gutter: the turn that is marked, and that the keys go to the transcript; told apart without colour.
MARKED, FOCUSED, PLAIN = "▌", "┃", ""


class Palette:
    """Styles of looks under one theme; `paint` makes a strip of a row."""

    GUTTER: ClassVar[int] = 2

    def __init__(self, widget: Widget) -> None:
        self.base = widget.rich_style
        self._widget = widget
        self._styles: dict[Look, Style] = {}

    def style(self, look: Look) -> Style:
        """Give the style of a look; names the theme does not know change nothing."""
        if look not in self._styles:
            style = self.base
            for name in look:
                component = f"transcript--{name}"
                if component in COMPONENTS:
                    style += self._widget.get_component_rich_style(component, partial=True)
            self._styles[look] = style
        return self._styles[look]

    def paint(self, row: Row, width: int, *, turn: int, bar: str) -> Strip:
        """Paint a row of the turn of that number on `width` cells, with `bar` in the gutter."""
        gutter = Segment(bar.ljust(self.GUTTER), self.style(("bar",)))
        strip = Strip([gutter, *(self.segment(span, turn) for span in row.spans)])
        room = width - strip.cell_length - _MARGIN
        if room > 0 and row.end and room > len(row.end):
            fill = self.style(row.fill)
            end = Segment(row.end, self.style((*row.fill, "label")))
            strip = Strip([*strip, Segment(" " * (room - len(row.end)), fill), end])
        elif room > 0 and row.fill:
            strip = Strip([*strip, Segment(" " * room, self.style(row.fill))])
        return strip.crop_extend(0, width, self.base)

    def segment(self, span: Span, turn: int) -> Segment:
        """Make a segment; a citation knows its source."""
        style = self.style(span.look)
        return Segment(span.text, style + Style.from_meta({"source": (turn, span.target)}) if span.target else style)
