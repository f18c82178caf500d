"""The status line: what goes on, which model answers and where, and how full its window is."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from localdev.core.neutral import one_line
from localdev.tui.state import Status

_BETWEEN = "  "
_BAR_CELLS = 8
_QUIET = "quiet"


class StatusBar(Widget):
    """One line; pieces that do not fit are left out, the least needed first."""

    HELP: ClassVar[str] = """\
## Status line

From the left: what goes on now, the model that answers, `offline` or the host its words go to, how much of the model's
context window the conversation fills, tokens per second, the times of the last answer, and what the index holds.
"""
    DEFAULT_CSS = """
    StatusBar { height: 1; dock: bottom; background: $panel; color: $foreground; padding: 0 1; }
    StatusBar > .status--quiet { color: $text-muted; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"status--quiet"}
    status: reactive[Status] = reactive(Status)

    def render(self) -> Text:
        """Put together what fits."""
        return line(self.status, self.size.width, self.get_component_rich_style("status--quiet", partial=True))


def line(status: Status, width: int, quiet: Style | None = None) -> Text:
    """Give the status in at most `width` cells; figures that are seldom needed in the style `quiet`."""
    pieces = [(text, style) for text, style in _by_need(status) if text]
    order = [text for text, _ in _by_place(status)]
    while pieces and sum(cell_len(text) for text, _ in pieces) + len(_BETWEEN) * (len(pieces) - 1) > width:
        if len(pieces) == 1:
            break
        pieces.pop()
    pieces.sort(key=lambda piece: order.index(piece[0]))
    shown = Text(no_wrap=True, overflow="ellipsis", end="")
    for text, style in pieces:
        shown.append(_BETWEEN if shown.plain else "").append(text, quiet if style == _QUIET else style)
    shown.truncate(max(1, width), overflow="ellipsis")
    return shown


def _by_place(status: Status) -> list[tuple[str, str]]:
    """Give all pieces from left to right."""
    doing = one_line(status.doing) or "ready"
    queue = f"{status.queued} waiting" if status.queued else ""
    return [
        (doing, "bold" if status.doing else ""),
        (queue, ""),
        ("" if status.model is None else one_line(status.model) or "no model", "bold"),
        (one_line(status.reach), ""),
        (_window(status), ""),
        (f"{status.tokens_per_second:.1f} tok/s" if status.tokens_per_second else "", ""),
        (_times(status), _QUIET),
        (status.index, _QUIET),
    ]


def _by_need(status: Status) -> list[tuple[str, str]]:
    """Give them with the most needed first."""
    doing, queue, model, reach, window, speed, times, index = _by_place(status)
    return [doing, reach, model, window, queue, speed, times, index]


def _window(status: Status) -> str:
    """Say how full the window is: `context 3.1k/8.2k ▆▆▁▁`, also as a bar."""
    if not status.window:
        return ""
    share = min(1.0, status.used / status.window)
    full = round(share * _BAR_CELLS)
    return f"context {_thousands(status.used)}/{_thousands(status.window)} {'■' * full}{'·' * (_BAR_CELLS - full)}"


def _thousands(tokens: int) -> str:
    """Write 8192 as 8.2k."""
    return str(tokens) if tokens < 1000 else f"{tokens / 1000:.1f}k"


def _times(status: Status) -> str:
    """Give the times of the last answer: until the search was done, the first word, the end."""
    times = status.timings
    if not times.total_ms:
        return ""
    found = times.refresh_ms + times.retrieve_ms
    first = f" · first word {times.first_token_ms / 1000:.1f} s" if times.first_token_ms else ""
    return f"found in {found:.0f} ms{first} · {times.total_ms / 1000:.1f} s"
