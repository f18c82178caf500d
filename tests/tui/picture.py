"""Pictures of a running app as SVG: the same bytes everywhere, small, without web fonts, readable as text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape, unescape
from itertools import groupby
from typing import Any

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.app import App

CELL = (8.4, 18)  # width and height of a character cell in pixels, for letters of 14 pixels
_BASELINE = 13.5
_FONT = "'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace"
# Of a screen in the terminal's own colours: those of xterm.
_PLAIN = TerminalTheme(
    (0, 0, 0),
    (229, 229, 229),
    [(0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229)],
    [(127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255), (255,) * 3],
)


def picture(app: App[Any]) -> str:
    """Draw what the app shows now; called from its own event loop."""
    rows = screen_rows(app)
    width, height = app.size
    classes: dict[str, str] = {}
    grounds: dict[str, list[tuple[int, int, int]]] = {}
    texts = [line for y, row in enumerate(rows) for line in _row(row, y, classes, grounds)]
    size = f"{_number(width * CELL[0])} {_number(height * CELL[1])}"
    most = max(grounds, key=lambda colour: sum(cells for _, _, cells in grounds[colour]))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}">',
        "<desc>" + escape("\n".join(_plain(row).rstrip() for row in rows)) + "</desc>",
        f"<style>text{{font:14px {_FONT};white-space:pre}}",
        *(f".{name}{{{rules}}}" for rules, name in classes.items()),
        "</style>",
        f'<rect width="100%" height="100%" fill="{most}"/>',
        f'<g transform="scale({_number(CELL[0])} {CELL[1]})" shape-rendering="crispEdges">',
        *(f'<path fill="{colour}" d="{_path(places)}"/>' for colour, places in grounds.items() if colour != most),
        "</g>",
        *texts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def screen_rows(app: App[Any]) -> list[list[Segment]]:
    """Give the segments of every row of the screen, the screens beneath a dialog included."""
    with app._context():
        update: Any = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
        return [[part for strip in row for part in strip if not part.control] for row in update.strips]


def screen_text(app: App[Any]) -> str:
    """Give what the app shows now as plain lines, spaces at their ends removed."""
    return "\n".join(_plain(row).rstrip() for row in screen_rows(app))


def text_of(svg: str) -> list[str]:
    """Give the lines of text of a picture that was made here."""
    return unescape(svg.partition("<desc>")[2].partition("</desc>")[0]).split("\n")


def _plain(row: Iterable[Segment]) -> str:
    return "".join(part.text for part in row)


def _path(places: list[tuple[int, int, int]]) -> str:
    """Draw boxes of one row in height from (column, row, columns), those side by side as one."""
    boxes: list[tuple[int, int, int]] = []
    for x, y, cells in places:
        if boxes and boxes[-1][1] == y and boxes[-1][0] + boxes[-1][2] == x:
            x, _, before = boxes.pop()
            cells += before
        boxes.append((x, y, cells))
    return "".join(f"M{x} {y}h{cells}v1h-{cells}z" for x, y, cells in boxes)


def _row(
    row: list[Segment], y: int, classes: dict[str, str], grounds: dict[str, list[tuple[int, int, int]]]
) -> list[str]:
    """Give the texts of one row, one element for each run of equal looks, and note its backgrounds."""
    drawn, x = [], 0
    for looks, parts in groupby(row, key=lambda part: _looks(part.style or Style.null())):
        text = _plain(parts)
        rules, ground = looks
        cells = cell_len(text)
        grounds.setdefault(ground, []).append((x, y, cells))
        visible = text if "underline" in rules or "through" in rules else text.strip(" ")
        if visible:
            start = x + (len(text) - len(text.lstrip(" ")) if visible != text else 0)
            name = classes.setdefault(rules, f"s{len(classes)}")
            drawn.append(
                f'<text class="{name}" x="{_number(start * CELL[0])}" y="{_number(y * CELL[1] + _BASELINE)}" '
                f'textLength="{_number(cell_len(visible) * CELL[0])}">{escape(visible, quote=False)}</text>'
            )
        x += cells
    return drawn


def _looks(style: Style) -> tuple[str, str]:
    """Give a style as CSS rules for the text, and the colour behind it."""
    front, back = _hex(style.color, foreground=True), _hex(style.bgcolor, foreground=False)
    if style.reverse:
        front, back = back, front
    rules = [f"fill:{front}"]
    if style.bold:
        rules.append("font-weight:bold")
    if style.italic:
        rules.append("font-style:italic")
    lines = ("underline " if style.underline else "") + ("line-through" if style.strike else "")
    if lines:
        rules.append(f"text-decoration:{lines.strip()}")
    if style.dim:
        rules.append("opacity:.66")
    return ";".join(rules), back


def _hex(colour: Color | None, *, foreground: bool) -> str:
    if colour is None or colour.is_default:
        return (_PLAIN.foreground_color if foreground else _PLAIN.background_color).hex
    return colour.get_truecolor(_PLAIN, foreground=foreground).hex


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
