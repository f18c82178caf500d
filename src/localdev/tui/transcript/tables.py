"""Tables as rows: columns as wide as what stands in them, as far as the width allows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from localdev.tui.transcript.inline import inline
from localdev.tui.transcript.rows import NO_LOOK, Look, Row, Span, cells_of, folded
from localdev.tui.transcript.scan import Piece, cells
from localdev.tui.transcript.text import shown

Cells = list[list[list[Span]]]
_BETWEEN = Span(" │ ", ("muted",))
_LEAST = 4
# A row with more cells than this is no table that a screen could show; the rest is left to copying.
_MOST_COLUMNS = 40


def table_piece_rows(piece: Piece, width: int, unverified: Collection[str] = ()) -> list[Row]:
    """Lay out a piece of a table; every piece of one table has the same columns."""
    head = _read(piece.header[0], ("strong",), unverified)
    sample = [_read(line, NO_LOOK, unverified) for line in piece.sample]
    body = sample if piece.sample is piece.lines else [_read(line, NO_LOOK, unverified) for line in piece.lines]
    aligned = [_side(cell) for cell in cells(piece.header[1])]
    return table_rows(head, body, width, sample=sample, aligned=aligned, first=piece.first)


def _read(line: str, look: Look, unverified: Collection[str]) -> list[list[Span]]:
    """Read the cells of a row."""
    return [inline(shown(cell), look, unverified) for cell in cells(line)[:_MOST_COLUMNS]]


def _side(cell: str) -> str:
    """Tell to which side a column is aligned."""
    return "center" if cell.startswith(":") and cell.endswith(":") else "right" if cell.endswith(":") else "left"


def table_rows(
    head: list[list[Span]],
    body: Cells,
    width: int,
    *,
    sample: Cells | None = None,
    aligned: Sequence[str] = (),
    first: bool = True,
) -> list[Row]:
    """Lay out a table; where it does not fit at all every row becomes lines of `column: value`."""
    columns = len(head)
    widths = _widths([head, *(body if sample is None else sample)], columns, width)
    if widths is None:
        return [row for cells_ in body for row in _as_lines(head, cells_, width)]
    rows: list[Row] = []
    if first:
        rows += _row(head, widths, aligned)
        rows.append(Row((Span("─┼─".join("─" * wide for wide in widths), ("muted",)),)))
    for line in body:
        rows += _row(line, widths, aligned)
    return rows


def _widths(rows: Cells, columns: int, width: int) -> list[int] | None:
    """Share the width out: narrow columns get what they need, wide ones share the rest; None when it is too little."""
    room = width - 3 * (columns - 1)
    needs = [max((cells_of(row[at]) for row in rows if at < len(row)), default=1) or 1 for at in range(columns)]
    if not columns or room < sum(min(need, _LEAST) for need in needs):
        return None
    widths = [0] * columns
    left = sorted(range(columns), key=lambda at: needs[at])
    while left:
        fair = room // len(left)
        at = left.pop(0)
        widths[at] = max(min(needs[at], fair), 1)
        room -= widths[at]
    return widths


def _row(cells_: Sequence[list[Span]], widths: Sequence[int], aligned: Sequence[str]) -> list[Row]:
    """Lay out one row of a table; its cells are folded side by side."""
    columns = [folded(cells_[at] if at < len(cells_) else [], wide) for at, wide in enumerate(widths)]
    rows: list[Row] = []
    for line in range(max(map(len, columns))):
        spans: list[Span] = []
        for at, (column, wide) in enumerate(zip(columns, widths, strict=True)):
            inner = column[line].spans if line < len(column) else ()
            spans += [_BETWEEN] if at else []
            spans += _padded(inner, wide, aligned[at] if at < len(aligned) else "left")
        rows.append(Row(tuple(spans)))
    return rows


def _padded(spans: Sequence[Span], wide: int, side: str) -> list[Span]:
    """Fill a cell to its width."""
    rest = max(wide - cells_of(spans), 0)
    before = rest if side == "right" else rest // 2 if side == "center" else 0
    return [span for span in (Span(" " * before), *spans, Span(" " * (rest - before))) if span.text]


def _as_lines(head: Sequence[list[Span]], cells_: Sequence[list[Span]], width: int) -> list[Row]:
    """Lay out a row of a table that is too wide for the screen as one line for each of its cells."""
    rows: list[Row] = []
    for at, cell in enumerate(cells_):
        name = [*head[at], Span(": ")] if at < len(head) and head[at] else []
        rows += folded([*name, *cell], width, follow=[Span("  ")])
    return [*rows, Row(())]
