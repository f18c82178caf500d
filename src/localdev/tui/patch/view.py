"""The view of a patch: draws only the lines in sight, whatever the patch's length."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from localdev.core.change import DiffLine, Hunk, LineKind
from localdev.core.neutral import one_line
from localdev.tui.patch.colours import Colours
from localdev.tui.patch.hunks import WORDS, PatchState
from localdev.tui.patch.lines import Line, changed_words, code_text, laid_out, longest, returns_differ, shown

_BOXES = {"open": "[ ]", "accepted": "[x]", "rejected": "[-]", "applied": "[*]", "moved": "[!]"}
_NO_END = " (no line feed at the end)"
_SHIFT = 8
# Later than this at once, a key pressed meanwhile is answered in between.
_PAUSE = 0.01
LOOKS = ("keyword", "string", "number", "comment", "function", "type", "builtin")


class PatchView(ScrollView, can_focus=True):
    """The lines of a patch with a current part, unified or side by side."""

    HELP: ClassVar[str] = """\
**The patch.** Each hunk is decided on by itself; nothing is written before `Enter`.

- `n` `p` next and previous hunk, `]` `[` next and previous file, `g` any file
- `a` accept, `r` reject, `Space` turn over; `A` accept all, `R` reject all
- `s` split a hunk into its stretches of changed lines
- `v` one below the other, or side by side; `Left` `Right` move long lines
- `Enter` apply what is accepted, `u` take that back
- `o` open the line in your editor, `c` what was checked; `Esc` or `q` goes back, and asks where something is accepted
- a click chooses a hunk, one on its box decides
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("left,h", "shift(-1)", "Left", show=False),
        Binding("right,l", "shift(1)", "Right", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"patch--{name}" for name in ("context", "added", "removed", "gutter", "file", "part", "here", "note")),
        *(f"patch--{name}" for name in LOOKS),
        *("patch--word", "patch--plus", "patch--minus"),
    }
    DEFAULT_CSS = """
    PatchView {
        background: $surface; color: $foreground; overflow-x: hidden; scrollbar-size-vertical: 1;
        & > .patch--context { background: $surface; color: $foreground; }
        & > .patch--added { background: $success 14%; color: $foreground; }
        & > .patch--removed { background: $error 14%; color: $foreground; }
        & > .patch--gutter { color: $text-muted; }
        & > .patch--note { background: $surface; color: $text-muted; text-style: italic; }
        & > .patch--file { background: $panel; color: $foreground; text-style: bold; }
        & > .patch--part { background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground; }
        & > .patch--here { background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground; }
        &:focus > .patch--here {
            background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
        }
        & > .patch--keyword, & > .patch--builtin { color: $secondary; }
        & > .patch--string { color: $success; }
        & > .patch--number, & > .patch--type { color: $accent; }
        & > .patch--comment { color: $text-muted; text-style: italic; }
        & > .patch--function { color: $primary; }
        & > .patch--plus { color: $success; text-style: bold; }
        & > .patch--minus { color: $error; text-style: bold; }
        & > .patch--word { text-style: bold underline; }
    }
    """
    current: reactive[int] = reactive(0, init=False)
    beside: reactive[bool] = reactive(False, init=False)

    class Turned(Message):
        """A click on a part's box."""

    class Cut(Message):
        """Lines are longer than the view now, and moved by so many columns; or none is, with `said` empty."""

        def __init__(self, said: str) -> None:
            super().__init__()
            self.said = said

    def __init__(self, *, id: str | None = None, deciding: bool = True) -> None:
        """Show a patch to decide on, or one that can only be read."""
        super().__init__(id=id)
        self.deciding = deciding
        self._patch: PatchState | None = None
        self._lines: list[Line] = []
        self._firsts: list[int] = []
        self._ordinals: list[str] = []
        self._returns: dict[int, bool] = {}
        self._colours = Colours()
        self._colouring = False
        self._shift = 0
        self._digits = 1
        self._longest = 0

    def show(self, patch: PatchState, *, current: int = 0) -> None:
        """Show a patch, or what it has become after its parts were cut."""
        self._patch = patch
        self._lines = laid_out(patch, beside=self.beside)
        self._firsts = [0] * len(patch.parts)
        for at in range(len(self._lines) - 1, -1, -1):
            if self._lines[at].kind == "part":
                self._firsts[self._lines[at].part] = at
        self._ordinals = _ordinals(patch)
        self._returns.clear()
        hunks = [hunk for file in patch.files for hunk in file.hunks]
        most = max((max(hunk.old_start + hunk.old_count, hunk.new_start + hunk.new_count) for hunk in hunks), default=1)
        self._digits = len(str(most))
        self._longest = longest(file.hunks for file in patch.files)
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._lines))
        self.set_reactive(PatchView.current, max(0, min(current, len(patch.parts) - 1)))
        self._see(self.current)
        self._tell_cut()
        self.refresh()

    @property
    def patch(self) -> PatchState | None:
        """What is shown; None before it is."""
        return self._patch

    @property
    def place(self) -> tuple[str, int]:
        """The path of the current part, and the first line it changes on the side that is on disk now."""
        if self._patch is None or not self._patch.parts:
            return "", 0
        part = self._patch.parts[self.current]
        file = self._patch.files[part.file]
        hunk = part.hunk or next(iter(file.hunks), None)
        if hunk is None:
            return file.path, 1
        changed = next((line for line in hunk.lines if line.kind != "context"), None)
        before = hunk.lines.index(changed) if changed else 0
        return file.path, max(1, (hunk.new_start if part.state == "applied" else hunk.old_start) + before)

    def to_part(self, by: int) -> None:
        """Go to another part, by so many."""
        if self._patch is not None and self._patch.parts:
            self.current = max(0, min(self.current + by, len(self._patch.parts) - 1))
            self._see(self.current)

    def to_file(self, by: int) -> None:
        """Go to another file, by so many."""
        if self._patch is not None and self._patch.parts:
            self.to_file_at(self._patch.parts[self.current].file + by)

    def to_file_at(self, wanted: int) -> None:
        """Go to the first part of a file, by its place among all."""
        parts = self._patch.parts if self._patch is not None else []
        found = next((at for at, part in enumerate(parts) if part.file == wanted), None)
        if found is not None:
            self.to_part(found - self.current)

    def action_shift(self, by: int) -> None:
        """Move long lines to one side."""
        self._shift = max(0, min(self._shift + by * _SHIFT, self._longest - 1))
        self._tell_cut()
        self.refresh()

    def watch_beside(self) -> None:
        """Lay out anew for the other view."""
        if self._patch is not None:
            self.show(self._patch, current=self.current)

    def watch_current(self) -> None:
        """Draw which part is current now."""
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Make a part current that is in sight: what a key decides on must be seen."""
        super().watch_scroll_y(old_value, new_value)
        if not self._lines or round(old_value) == round(new_value):
            return
        top, height = round(new_value), self.scrollable_content_region.height
        if not top <= self._firsts[self.current] < top + height:
            self.current = self._lines[min(top + height // 2, len(self._lines) - 1)].part

    def on_resize(self) -> None:
        """Keep the scrollable size in step."""
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._lines))
        self._tell_cut()

    def on_click(self, event: events.Click) -> None:
        """Choose the part under the mouse; on its box, decide."""
        offset = event.get_content_offset(self)
        at = offset.y + self.scroll_offset.y if offset is not None else -1
        if offset is None or not 0 <= at < len(self._lines):
            return
        self.current = self._lines[at].part
        if self.deciding and self._lines[at].kind == "part" and offset.x <= len("> [x]"):
            self.post_message(self.Turned())

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Give selected code as it is, without numbers and marks."""
        return selection.extract("\n".join(self._selectable(line) for line in self._lines)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw what is selected."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of what is in sight."""
        width, at = self.scrollable_content_region.width, y + self.scroll_offset.y
        if self._patch is None or at >= len(self._lines) or width < 1:
            return Strip.blank(width, self._style("context"))
        line = self._lines[at]
        if line.kind == "code":
            strip = self._beside(line, at, width) if line.beside else self._below(line, at, width)
        else:
            strip = self._head(line, width)
        if self._colours.waiting and not self._colouring:
            self._colouring = True
            self.set_timer(_PAUSE, self._colour)
        return strip

    def _see(self, at: int) -> None:
        """Bring a part into sight, from its head on."""
        if not self._firsts:
            return
        first = self._firsts[at]
        first -= first > 0 and self._lines[first - 1].kind == "file"
        last = self._firsts[at + 1] if at + 1 < len(self._firsts) else len(self._lines)
        top = self.scroll_offset.y
        if first < top or last > top + self.scrollable_content_region.height:
            self.scroll_to(y=first, animate=False, force=True, immediate=True)

    def _tell_cut(self) -> None:
        """Say whether lines are longer than what there is for them, and how they are moved."""
        width = self.scrollable_content_region.width
        if any(line.beside for line in self._lines):
            room = width // 2 - self._digits - len("▌ + ")
        else:
            room = width - 2 * self._digits - len("▌  + ")
        said = "lines are longer than the view: Left and Right move them" if self._longest > max(0, room) else ""
        if not said:
            self._shift = 0
        elif self._shift:
            said = f"long lines from column {self._shift + 1} on: Left and Right move them"
        self.post_message(self.Cut(said))

    def _colour(self) -> None:
        """Find further colours, a stretch at a time."""
        self._colouring = False
        if self._colours.waiting:
            self._colours.further()
            self.refresh()

    def _head(self, line: Line, width: int) -> Strip:
        """Draw the head of a file or a part, or a note."""
        assert self._patch is not None
        if line.kind == "note":
            return self._filled(Text(f"      {one_line(line.text)}"), width, "note")
        part = self._patch.parts[line.part]
        file = self._patch.files[part.file]
        if line.kind == "file":
            words = {"added": "new file", "deleted": "file is removed", "modified": "changed"}
            return self._filled(Text(f"{shown(file.path)}  {words.get(file.status, file.status)}"), width, "file")
        here = line.part == self.current
        text = f"{'>' if here else ' '} {_BOXES[part.state]} " if self.deciding else f"{'>' if here else ' '} "
        text += self._ordinals[line.part] + (f": {WORDS[part.state]}" if self.deciding else "")
        text += f"  {shown(file.path)}"  # its head may be out of sight
        if part.hunk is not None:
            text += f":{part.hunk.old_start} {shown(part.hunk.heading)}"
        return self._filled(Text(text), width, "here" if here else "part")

    def _below(self, line: Line, at: int, width: int) -> Strip:
        """Draw a line with both numbers, its mark and its code."""
        row = line.old if line.side == "old" else line.new
        assert row is not None
        old, new = (str(number or "").rjust(self._digits) for number in (row.old_line, row.new_line))
        look = row.kind
        gutter = self._style(look) + self._style("gutter", partial=True)
        head = f"{self._bar(line)}{old} {new} "
        left = [Segment(head, gutter), self._mark(look)]
        rest = max(0, width - len(head) - 2)
        return Strip.join([Strip(left), self._code(row, line, at, rest)]).adjust_cell_length(width, self._style(look))

    def _beside(self, line: Line, at: int, width: int) -> Strip:
        """Draw the old version left and the new one right."""
        half = (width - 1) // 2
        left = self._half(line.old, line, -1, half)
        right = self._half(line.new, line, at, width - half - 1)
        return Strip.join([left, Strip([Segment("│", self._style("gutter"))]), right])

    def _half(self, row: DiffLine | None, line: Line, at: int, width: int) -> Strip:
        """Draw one side; `at` is the line's place for what is selected, below 0 for none."""
        bar = self._bar(line) if at < 0 else ""
        if row is None:
            style = self._style("context") + self._style("gutter", partial=True)
            return Strip([Segment(bar, style)]).adjust_cell_length(width, style)
        number = row.old_line if line.old is row and row.kind != "added" and at < 0 else row.new_line
        head = f"{bar}{str(number or '').rjust(self._digits)} "
        gutter = self._style(row.kind) + self._style("gutter", partial=True)
        left = [Segment(head, gutter), self._mark(row.kind)]
        code = self._code(row, line, at, max(0, width - len(head) - 2))
        return Strip.join([Strip(left), code]).adjust_cell_length(width, self._style(row.kind))

    def _mark(self, kind: LineKind) -> Segment:
        """Give the mark of a line, coloured: terminals of few colours may show both grounds as one."""
        mark, look = _MARKS[kind]
        style = self._style(kind) + (self._style(look, partial=True) if look else Style())
        return Segment(f"{mark} ", style)

    def _code(self, row: DiffLine, line: Line, at: int, width: int) -> Strip:
        """Draw the code of a line, moved to the side and cut at the width."""
        assert self._patch is not None
        base = self._style(row.kind)
        hunk = self._hunk(line, row)
        text = self._text(row, hunk)
        styled = Text(text + (_NO_END if row.no_newline else ""), style=base, end="", no_wrap=True)
        place = 0
        for span in self._colours.of(row, hunk, self._patch.files[self._patch.parts[line.part].file].path) or ():
            look = next((name for name in span.look if name in LOOKS), "")
            if look:
                styled.stylize(self._style(look, partial=True), place, place + len(span.text))
            place += len(span.text)
        if row.kind != "context" and line.old is not None and line.new is not None:
            olds, news = changed_words(self._text(line.old, hunk), self._text(line.new, hunk))
            for first, last in olds if row.kind == "removed" else news:
                styled.stylize(self._style("word", partial=True), first, last)
        if row.no_newline:
            styled.stylize(self._style("note", partial=True), len(text), len(styled))
        selection = self.text_selection
        if at >= 0 and selection is not None and (chosen := selection.get_span(at)) is not None:
            last = len(styled) if chosen[1] == -1 else chosen[1]
            styled.stylize(self.screen.get_component_rich_style("screen--selection"), chosen[0], last)
        # A text without spans is rendered without its own style.
        strip = Strip(styled.render(self.app.console), cell_len(styled.plain)).apply_style(base)
        if at >= 0:
            strip = strip.apply_offsets(0, at)
        more = strip.cell_length > self._shift + width > 1
        strip = strip.crop(self._shift, self._shift + width - more).adjust_cell_length(max(0, width - more), base)
        return Strip.join([strip, Strip([Segment("…", self._style("note"))])]) if more else strip

    def _hunk(self, line: Line, row: DiffLine) -> Hunk:
        """Give the hunk a line belongs to."""
        assert self._patch is not None
        part = self._patch.parts[line.part]
        if part.hunk is not None:
            return part.hunk
        hunks = self._patch.files[part.file].hunks
        return next((hunk for hunk in hunks if hunk.lines[-1].new_line >= row.new_line), hunks[-1])

    def _text(self, row: DiffLine, hunk: Hunk) -> str:
        """Give a line's code as it is shown."""
        differ = self._returns.get(id(hunk))
        if differ is None:
            differ = self._returns[id(hunk)] = returns_differ(hunk.lines)
        return code_text(row, returns=differ)

    def _selectable(self, line: Line) -> str:
        """Give what of a line can be selected."""
        row = line.old if line.side == "old" else line.new
        return code_text(row) if line.kind == "code" and row is not None else ""

    def _bar(self, line: Line) -> str:
        """Give the mark that lines of the current part begin with."""
        return "▌" if line.part == self.current else " "

    def _filled(self, text: Text, width: int, name: str) -> Strip:
        """Give a text in its looks over the whole width."""
        style = self._style(name)
        text.truncate(max(1, width), overflow="ellipsis")
        return Strip([Segment(text.plain, style)]).adjust_cell_length(width, style)

    def _style(self, name: str, *, partial: bool = False) -> Style:
        """Give the style of one of the looks above."""
        return self.get_component_rich_style(f"patch--{name}", partial=partial)


# The mark of each kind of line, and its look.
_MARKS: dict[LineKind, tuple[str, str]] = {"context": (" ", ""), "added": ("+", "plus"), "removed": ("-", "minus")}


def _ordinals(patch: PatchState) -> list[str]:
    """Name every part by its place among those of its file."""
    totals: dict[int, int] = {}
    for part in patch.parts:
        totals[part.file] = totals.get(part.file, 0) + 1
    found, last, count = [], -1, 0
    for part in patch.parts:
        count = count + 1 if part.file == last else 1
        last = part.file
        found.append("the file" if part.hunk is None else f"hunk {count} of {totals[part.file]}")
    return found
