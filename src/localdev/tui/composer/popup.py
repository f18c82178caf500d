"""The list that opens above the draft."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.text import Text
from textual.widget import Widget

from localdev.core.neutral import one_line
from localdev.tui.composer.choices import Choice
from localdev.tui.keys import worded
from localdev.tui.rows import Rows

MOST_ROWS: Final = 8
_BORDER = 2
_GAP = 2
# Below this the name alone is shown: a few letters of a description say nothing.
_LEAST_DETAIL = 12


class Popup(Rows[Choice], can_focus=False):
    """Completions, or earlier questions; keys stay with the draft, which hands the few it needs on."""

    DEFAULT_CSS = """
    Popup {
        overlay: screen; display: none; width: 100%; height: auto; padding: 0;
        background: $panel; border: round $border;
        border-title-color: $text-muted; border-subtitle-color: $text-muted;
        & > .rows--row { background: $panel; color: $foreground; }
        & > .rows--cursor { background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold; }
        & > .rows--quiet { background: $panel; color: $text-muted; }
    }
    """

    def open(self, choices: Sequence[Choice], *, title: str = "", say: str = "", selected: bool = True) -> None:
        """Show choices, or what is said where there are none; `selected` puts the cursor on the first."""
        self.border_title = Text(title)
        self.show(choices, say=say)
        if not selected:
            self.cursor = -1
        self._say_usage()
        self.display = True
        self._place()

    def close(self) -> None:
        """Take it off the screen."""
        self.display = False

    def follow(self) -> None:
        """Stand above the composer again after that has another height or place."""
        if self.display:
            self._place()

    def watch_cursor(self) -> None:
        """Say how the choice under the cursor is used."""
        super().watch_cursor()
        self._say_usage()

    def _say_usage(self) -> None:
        """Say it in the border."""
        usage = self.current.help if self.current else ""
        keys = "Enter, Tab choose · Esc closes" if self.current else "Down, Tab select · Enter sends · Esc closes"
        self.border_subtitle = Text(one_line(usage) or worded(keys, getattr(self.app, "keys", {})))

    def draw(self, item: Choice, line: int, width: int) -> Text:
        """Give the name with its letters marked, then what it is; of a long name the end is what tells it apart."""
        name = Text(item.shown)
        for place in item.marked:
            name.stylize("underline", place, place + 1)
        name = _harmless(name)
        room = width - cell_len(item.detail) - _GAP if item.detail and cell_len(item.detail) < width // 2 else width
        name = _end_of(name, max(room, width // 2) if item.detail else width)
        if item.detail and width - name.cell_len - _GAP >= _LEAST_DETAIL:
            name.append(" " * _GAP + one_line(item.detail))
        return name

    def _place(self) -> None:
        """Stand above the composer, or below it where there is more room, within the screen."""
        composer = self.parent
        if not isinstance(composer, Widget) or not self.is_mounted:
            return
        region, screen = composer.region, self.screen.size.height
        above, below = region.y, screen - region.bottom
        over = above >= min(below, MOST_ROWS + _BORDER) or above >= below
        wanted = min(max(1, len(self.items)), MOST_ROWS) + _BORDER
        height = max(1 + _BORDER, min(wanted, above if over else below))
        self.styles.height = height
        top = region.y - height if over else region.bottom
        self.styles.offset = (0, top - composer.content_region.y)


def _harmless(text: Text) -> Text:
    """Show control characters instead of writing them; where there are any the marks go."""
    safe = one_line(text.plain)
    return text if safe == text.plain else Text(safe)


def _end_of(text: Text, width: int) -> Text:
    """Give the end of a text that is wider than `width` cells."""
    if text.cell_len <= width:
        return text
    plain, cut = text.plain, 0
    over = text.cell_len - width + 1
    while cut < len(plain) and over > 0:
        over -= cell_len(plain[cut])
        cut += 1
    return Text("…").append_text(text[cut:])
