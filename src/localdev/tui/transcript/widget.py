"""The transcript: the whole conversation in one widget that scrolls, follows, marks turns and lets text be selected."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from localdev.core.talk import Turn
from localdev.tui.keys import CLOSE
from localdev.tui.transcript.history import History, Place
from localdev.tui.transcript.palette import COLOURS, COMPONENTS, FOCUSED, MARKED, PLAIN, Palette
from localdev.tui.transcript.rows import Row, Span, folded
from localdev.tui.transcript.selecting import selected_text, word_at
from localdev.tui.transcript.text import markdown_of

_WELCOME = (
    "Ask a question about this repository.",
    "@ completes files and names, / lists the commands, F1 explains what has the focus.",
)
_NEW_TEXT = " new text below - End "
# Painted rows that are kept: twice what a tall screen shows.
_MOST_STRIPS = 300
# After text that streams was laid out, so many times as long is left to everything else.
_REST = 3
_NARROWEST = 10


class Transcript(ScrollView, can_focus=True):
    """The turns of a conversation; only what is in view is laid out.

    `following` tells that the end is shown and stays shown while text comes; scrolling up ends that, the End key and
    scrolling to the end begin it again. `marked` is the number of the turn that keys act on, 0 for none.
    """

    HELP: ClassVar[str] = """\
## Conversation

Questions and answers, the newest at the end.

- `up` `down`: mark the turn before or after; long ones scroll first. `[` `]`: the same at once
- `page up` `page down` `home` `end`: scroll; `end` follows new text again
- `enter`: open what a review, a commit or a proposal brought, or the first source an answer cites
- `c`: copy the selected text, else the marked turn as Markdown
- `escape`: mark no turn
- Click a turn to mark it, a number such as `[3]` to see that source
- Drag to select; two clicks select a word, three a turn
"""
    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    DEFAULT_CSS = (
        """
    Transcript {
        background: $background; color: $foreground; overflow-x: hidden; overflow-y: scroll;
        scrollbar-size-vertical: 1; scrollbar-background: $background;
        scrollbar-background-hover: $background; scrollbar-background-active: $background;
    """
        + COLOURS
        + "}"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "walk(-1)", "Turn before", show=False),
        Binding("down", "walk(1)", "Turn after", show=False),
        Binding("left_square_bracket", "mark(-1)", "Turn before", show=False),
        Binding("right_square_bracket", "mark(1)", "Turn after", show=False),
        Binding("enter", "open", "Open", show=False),
        Binding("c", "copy", "Copy", show=False),
        Binding("escape", "unmark", "Mark nothing", show=False, id=CLOSE),
    ]
    following: reactive[bool] = reactive(True, init=False)
    marked: reactive[int] = reactive(0, init=False)

    class OlderWanted(Message):
        """The top is in view and there are older turns than those that are shown."""

    class SourceChosen(Message):
        """A citation was clicked, or an answer opened that cites it."""

        def __init__(self, number: int, turn: Turn) -> None:
            super().__init__()
            self.number = number
            self.turn = turn

    class TurnMarked(Message):
        """Another turn was marked."""

        def __init__(self, turn: Turn) -> None:
            super().__init__()
            self.turn = turn

    class TurnOpened(Message):
        """What a review, a commit or a generation brought is to be shown."""

        def __init__(self, turn: Turn) -> None:
            super().__init__()
            self.turn = turn

    class CopyAsked(Message):
        """Text is to be copied; `what` names it."""

        def __init__(self, text: str, what: str) -> None:
            super().__init__()
            self.text = text
            self.what = what

    def __init__(self, *, id: str | None = None, welcome: Sequence[str] = _WELCOME) -> None:
        super().__init__(id=id)
        self._history = History()
        self._welcome = welcome
        self._palette: Palette | None = None
        self._strips: OrderedDict[tuple[int, str], tuple[Row, Strip]] = OrderedDict()
        self._shown: dict[int, Strip] = {}
        self._new_text = False
        self._older_asked = 0
        self._settling = False
        self._late: Turn | None = None
        self._not_before = 0.0

    # --- what it shows

    @property
    def turns(self) -> list[Turn]:
        """The turns that are held, oldest first."""
        return [each.turn for each in self._history.turns]

    def set_turns(self, turns: Sequence[Turn]) -> None:
        """Show these turns and no others, from their end."""
        self._history.set(turns)
        self._late, self._older_asked = None, 0
        self.marked = 0
        self.following = True
        self._changed()

    def prepend(self, turns: Sequence[Turn]) -> None:
        """Put older turns above; what is in view stays where it is."""
        if not self._history.turns:
            self.set_turns(turns)
            return
        history, count = self._history, len(self._history.turns)
        place = history.place(self.scroll_offset.y)
        below = history.end_of(place) - self.scroll_offset.y
        history.prepend(turns)
        place = place._replace(turn=place.turn + len(history.turns) - count)
        self._older_asked = 0
        self._changed(history.end_of(place) - below)

    def show(self, turn: Turn) -> None:
        """Add a turn, or show it as it is now; one that streams is shown as often as leaves most time for keys."""
        if turn.state == "streaming" and time.monotonic() < self._not_before:
            if self._late is None:
                self.set_timer(max(self._not_before - time.monotonic(), 0.001), self._show_late)
            self._late = turn
            return
        if self._late is not None and self._late.number == turn.number:
            self._late = None
        start = time.monotonic()
        is_new = self._history.index_of(turn.number) is None
        self._history.put(turn)
        if is_new and turn.number == self._history.turns[-1].turn.number:
            self.following = True  # just asked: also one that was answered before it could be shown
        elif not self.following:
            self._new_text = True
        self._settle()
        self._refresh_rows()
        now = time.monotonic()
        self._not_before = now + _REST * (now - start)

    def _show_late(self) -> None:
        """Show the turn that had to wait."""
        turn, self._late, self._not_before = self._late, None, 0.0
        if turn is not None:
            self.show(turn)

    def mark(self, step: int) -> None:
        """Mark the turn before (-1) or after (1) the marked one, or the last one in view, and scroll to it."""
        turns = self._history.turns
        if not turns:
            return
        now = self._history.index_of(self.marked) if self.marked else None
        if now is None:
            at = self._history.place(max(self.scroll_offset.y + self._height - 1, 0)).turn
        else:
            at = min(max(now + step, 0), len(turns) - 1)
        self._mark(at)
        self._show_turn(at)

    def show_from_top(self, number: int) -> None:
        """Go from the end of a turn to its top, for what has the best first; a user who has scrolled away stays."""
        at = self._history.index_of(number)
        if at is None or not self.following:
            return
        top, bottom = self._history.bounds(at)
        if bottom - top > self._height:
            self.following = False
            self.scroll_to(y=top, animate=False)

    def _mark(self, at: int) -> None:
        """Mark a turn and say so."""
        turn = self._history.turns[at].turn
        self.marked = turn.number
        self.post_message(self.TurnMarked(turn))

    def marked_turn(self) -> Turn | None:
        """Give the turn that is marked."""
        at = self._history.index_of(self.marked) if self.marked else None
        return None if at is None else self._history.turns[at].turn

    # --- keys

    def action_mark(self, step: int) -> None:
        """Mark the turn before or after."""
        self.mark(step)

    def action_walk(self, step: int) -> None:
        """Scroll within the marked turn while there is more of it, then mark the next one."""
        at = self._history.index_of(self.marked) if self.marked else None
        if at is not None:
            top, bottom = self._history.bounds(at)
            y, height = self.scroll_offset.y, self._height
            if (step < 0 and top < y) or (step > 0 and bottom > y + height):
                rest = y - top if step < 0 else bottom - y - height
                self.scroll_to(y=y + step * min(3, rest), animate=False)
                return
        self.mark(step)

    def action_open(self) -> None:
        """Open what the marked turn, or else the last one, has brought."""
        turn = self.marked_turn() or (self._history.turns[-1].turn if self._history.turns else None)
        if turn is None:
            return
        if turn.kind != "question":
            self.post_message(self.TurnOpened(turn))
        elif turn.cited or turn.sources:
            self.post_message(self.SourceChosen(turn.cited[0] if turn.cited else turn.sources[0].id, turn))

    def action_copy(self) -> None:
        """Copy the selected text, else the marked turn, else the last one."""
        selection = self.text_selection
        if selection is not None and (text := selected_text(self._history, selection)):
            self.post_message(self.CopyAsked(text, "the selected text"))
            return
        turn = self.marked_turn() or (self._history.turns[-1].turn if self._history.turns else None)
        if turn is not None:
            self.post_message(self.CopyAsked(markdown_of(turn), f"turn {turn.number} as Markdown"))

    def action_unmark(self) -> None:
        """Mark no turn, and select nothing; with neither the key is for others."""
        if not self.marked and self.text_selection is None:
            raise SkipAction
        self.marked = 0
        self.screen.clear_selection()

    def action_scroll_home(self) -> None:
        """Go to the first row."""
        self.scroll_to(y=0, animate=False)

    def action_scroll_end(self) -> None:
        """Go to the last row, and follow."""
        self.following = True
        self._settle()

    def action_page_up(self) -> None:
        """Go up by a page, less one row to read on from."""
        self.scroll_to(y=max(self.scroll_offset.y - self._height + 1, 0), animate=False)

    def action_page_down(self) -> None:
        """Go down by a page, less one row to read on from."""
        self.scroll_to(y=min(self.scroll_offset.y + self._height - 1, self.max_scroll_y), animate=False)

    # --- the mouse

    def on_click(self, event: events.Click) -> None:
        """Choose the source that was clicked; select a word or a turn."""
        meta = event.style.meta
        if event.chain > 1:
            event.prevent_default()
            event.stop()  # the screen would select everything
            self._select_at(meta.get("offset"), whole_turn=event.chain > 2)
        elif "new_text" in meta:
            self.action_scroll_end()
        elif "source" in meta:
            number, source = meta["source"]
            at = self._history.index_of(number)
            if at is not None:
                self.post_message(self.SourceChosen(source, self._history.turns[at].turn))
        elif "offset" in meta:
            at = self._history.index_of_key(meta["offset"][1])
            if at is not None:
                self._mark(at)

    def _select_at(self, offset: tuple[int, int] | None, *, whole_turn: bool) -> None:
        """Select the word, or the turn, at a place."""
        if offset is None:
            return
        x, key = offset
        selection = word_at(self._history, x, key, whole_turn=whole_turn)
        if selection is not None:
            self.screen.selections = {self: selection}

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Give the selected text as it is shown."""
        return selected_text(self._history, selection), "\n"

    # --- scrolling and size

    @property
    def _height(self) -> int:
        """Rows in view."""
        return self.scrollable_content_region.height

    def on_resize(self) -> None:
        """Lay out for the new size; the topmost row in view stays there."""
        width = self.scrollable_content_region.width - Palette.GUTTER - 1
        self._strips.clear()
        self._shown.clear()
        history = self._history
        if not self.size:  # hidden for now
            return
        if not history.turns or not history.width:
            history.set_width(max(width, _NARROWEST))
            self._changed()
            return
        place = history.place(self.scroll_offset.y)
        share = place.row / max(history.block(place).height, 1)
        history.set_width(max(width, _NARROWEST))
        self._changed(history.shown_at(place, share))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Lay out what has come into view."""
        super().watch_scroll_y(old_value, new_value)
        if not self._settling and round(old_value) != round(new_value):
            self.following = round(new_value) >= self.max_scroll_y
            self._settle()

    def watch_following(self, following: bool) -> None:
        """Nothing is new any more when the end is shown."""
        if following:
            self._new_text = False
        self.refresh()

    def watch_marked(self) -> None:
        """Paint the mark."""
        self.refresh()

    def notify_style_update(self) -> None:
        """Take the colours of another theme."""
        super().notify_style_update()
        self._palette = None
        self._strips.clear()

    def _changed(self, y: int | None = None) -> None:
        """Show what has changed, from `y` on if that is given and the end is not followed."""
        self._settle(y)
        self.refresh()

    def _settle(self, y: int | None = None) -> None:
        """Lay out what is in view and take heights that have changed into account."""
        history, height = self._history, self._height
        if self._settling or not height:
            return
        self._settling = True
        try:
            y = history.prepare(self.scroll_offset.y if y is None else y, height, at_end=self.following)
            self.virtual_size = Size(self.scrollable_content_region.width, history.total)
            if y != self.scroll_y:
                self.scroll_to(y=y, animate=False, force=True)
        finally:
            self._settling = False
        self._ask_for_older()

    def _ask_for_older(self) -> None:
        """Ask for older turns once when the top is in view."""
        turns = self._history.turns
        if turns and self.scroll_offset.y <= 1 and turns[0].turn.number not in (1, self._older_asked):
            self._older_asked = turns[0].turn.number
            self.post_message(self.OlderWanted())

    def _show_turn(self, at: int) -> None:
        """Scroll so that a turn is in view: whole, or from its top."""
        top, bottom = self._history.bounds(at)
        y, height = self.scroll_offset.y, self._height
        if top < y or bottom - top > height:
            self.scroll_to(y=top, animate=False)
        elif bottom > y + height:
            self.scroll_to(y=bottom - height, animate=False)

    # --- painting

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint rows of the view. Nothing frames them, so they do without the work that frames and paddings need."""
        filters, ground = self.get_line_filters(), self.background_colors[1]
        base = (self._palette or Palette(self)).base
        strips = []
        for y in crop.line_range:
            strip = self.render_line(y)
            for each in filters:
                strip = strip.apply_filter(each, ground)
            strips.append(strip.crop_extend(crop.x, crop.right, base))
        return strips

    def render_line(self, y: int) -> Strip:
        """Paint one row of the view."""
        self._shown[y] = strip = self._line(y)
        return strip

    def _refresh_rows(self) -> None:
        """Paint those rows of the view again that have changed: over SSH every row counts."""
        for y in range(self._height):
            if self._line(y) is not self._shown.get(y):
                self.refresh(Region(0, y, self.size.width, 1))

    def _line(self, y: int) -> Strip:
        """Make a row of the view, or find it made."""
        width = self.scrollable_content_region.width
        palette = self._palette or Palette(self)
        self._palette = palette
        height = self.scroll_offset.y + y
        if not self._history.turns:
            return self._welcome_line(y, width, palette)
        if height >= self._history.total:
            return Strip.blank(width, palette.base)
        strip = self._strip(self._history.place(height), width, palette)
        if self._new_text and y == self._height - 1:
            strip = self._with_new_text(strip, width, palette)
        return strip

    def _strip(self, place: Place, width: int, palette: Palette) -> Strip:
        """Paint a row, or find it painted; what is selected of it is painted over."""
        turn = self._history.turns[place.turn].turn
        row, key = self._history.row(place), self._history.key(place)
        if row is None:
            return Strip.blank(width, palette.base)
        marked = turn.number == self.marked and not row.between
        bar = MARKED if marked else FOCUSED if self.has_focus else PLAIN
        painted = self._strips.get((key, bar))
        if painted is not None and painted[0] == row:
            known = painted[1]
        else:
            known = palette.paint(row, width, turn=turn.number, bar=bar).apply_offsets(0, key)
            self._strips[key, bar] = row, known
            if len(self._strips) > _MOST_STRIPS:
                self._strips.popitem(last=False)
        selection = self.text_selection
        span = selection.get_span(key) if selection is not None else None
        return known if span is None else self._selected(known, span)

    def _selected(self, strip: Strip, span: tuple[int, int]) -> Strip:
        """Paint the selected characters of a row over."""
        start, end = span
        length = len(strip.text)
        first, last = max(start, Palette.GUTTER), length if end == -1 else min(end, length)
        if first >= last:
            return strip
        style = self.screen.get_component_rich_style("screen--selection")
        cells = [strip.index_to_cell_position(at) for at in (first, last)]
        before, middle, after = strip.divide([*cells, strip.cell_length])
        return Strip.join([before, middle.apply_style(Style(color=style.color, bgcolor=style.bgcolor)), after])

    def _with_new_text(self, strip: Strip, width: int, palette: Palette) -> Strip:
        """Say at the right end of the last row that there is new text below."""
        label = Row((Span(_NEW_TEXT, ("new-text",)),))
        said = Strip([palette.segment(label.spans[0], 0)]).apply_style(Style.from_meta({"new_text": True}))
        return Strip.join([strip.crop_extend(0, max(width - len(_NEW_TEXT), 0), palette.base), said])

    def _welcome_line(self, y: int, width: int, palette: Palette) -> Strip:
        """Paint a row of what stands where nothing was asked yet."""
        rows = [row for line in self._welcome for row in folded([Span(line, ("muted",))], max(width - 3, _NARROWEST))]
        at = y - 1
        row = rows[at] if 0 <= at < len(rows) else Row(())
        return palette.paint(row, width, turn=0, bar=FOCUSED if self.has_focus else PLAIN)
