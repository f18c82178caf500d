"""A turn as blocks, each laid out for itself and only when it comes into view."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from localdev.core.talk import Turn
from localdev.tui.transcript.code import code_rows
from localdev.tui.transcript.places import place_rows
from localdev.tui.transcript.prose import plain_rows, prose_rows
from localdev.tui.transcript.rows import Row, Span, folded
from localdev.tui.transcript.scan import Piece, Scanner
from localdev.tui.transcript.summary import clock, day_line, foot_parts, form_line, opens, result_line, state_line
from localdev.tui.transcript.tables import table_piece_rows
from localdev.tui.transcript.text import LONGEST_LINE, lines_of, shown

# A long question is laid out in parts too.
_ASKED_LINES = 200
_SPACE = Row((), between=True)
_BAND = ("band",)
_LEVELS = {"warning": "warning", "hint": "hint", "info": "muted"}


class Block:
    """Rows that are laid out together. `height` is exact once they were for this width, and an estimate before."""

    __slots__ = ("_make", "exact", "height", "piece", "rows")

    def __init__(self, make: Callable[[int], list[Row]], height: int, piece: Piece | None = None) -> None:
        self._make = make
        self.piece = piece
        self.rows: list[Row] | None = None
        self.height = height
        self.exact = False

    def lay_out(self, width: int) -> list[Row]:
        """Give the rows; the height is exact from now on."""
        if self.rows is None:
            self.rows = self._make(width)
            self.height, self.exact = len(self.rows), True
        return self.rows


class TurnBlocks:
    """The blocks of one turn at one width; while it streams, those that are whole stay as they are."""

    def __init__(self, turn: Turn, before: Turn | None) -> None:
        self.turn = turn
        self.before = before
        self._scanner = Scanner(places=_is_places(turn))
        self._taken = 0
        self._width = 0
        self._blocks: list[Block] | None = None
        self._estimate = 0
        self._known: object = None

    @property
    def open(self) -> bool:
        """Whether the blocks are known; only then are there heights better than an estimate."""
        return self._blocks is not None

    @property
    def height(self) -> int:
        """Rows of the turn at the current width, as far as they are known."""
        if self._blocks is None:
            return self._estimate
        return sum(block.height for block in self._blocks)

    def set_width(self, width: int) -> None:
        """Lay out for another width from now on; what was laid out is dropped."""
        if width != self._width:
            self._width = width
            self._estimate = _estimate(self.turn, width)
            if self._blocks is not None:
                self._blocks = self._make_blocks(())

    def blocks(self) -> list[Block]:
        """Give the blocks, from the top of the turn."""
        if self._blocks is None:
            self._read(final=self.turn.state != "streaming")
            self._blocks = self._make_blocks(())
        return self._blocks

    def close(self) -> None:
        """Drop what can be made again; the height is kept."""
        self._estimate = self.height
        self._blocks, self._scanner, self._taken = None, Scanner(places=_is_places(self.turn)), 0

    def update(self, turn: Turn, before: Turn | None) -> None:
        """Take the turn as it is now; blocks of an answer that only went on are kept."""
        old, self.turn, self.before = self.turn, turn, before
        if self._blocks is None:
            self._estimate = _estimate(turn, self._width)
            return
        kept: Sequence[Block] = self._blocks
        if _is_places(turn) != _is_places(old) or not turn.answer.startswith(old.answer[: self._taken]):
            self._scanner, self._taken = Scanner(places=_is_places(turn)), 0
        if turn.unverified != old.unverified:
            kept = ()
        self._read(final=turn.state != "streaming")
        self._blocks = self._make_blocks(kept)

    def _read(self, *, final: bool) -> None:
        """Read the whole lines that have come since; the last line may still grow."""
        answer = self.turn.answer
        end = len(answer) if final else answer.rfind("\n") + 1
        if end > self._taken:
            lines = lines_of(answer[self._taken : end])
            for line in lines[:-1] if answer[end - 1] == "\n" else lines:
                self._scanner.feed(line)
            self._taken = end

    def _make_blocks(self, kept: Sequence[Block]) -> list[Block]:
        """Make the blocks of the question, of the answer and of what is said below it."""
        width, turn = self._width, self.turn
        scanner = self._scanner.copy()
        rest = turn.answer[self._taken :]
        if rest:
            scanner.feed(rest.removesuffix("\r"))
        if turn.state != "streaming":
            scanner.finish()
        known = {id(block.piece): block for block in kept if block.piece is not None and block.piece.whole}
        blocks = self._head(kept)
        blocks += [known.get(id(piece)) or _block_of(piece, width, turn.unverified) for piece in scanner.pieces]
        _keep_height(kept[len(blocks) - 1 : len(blocks)], blocks[-1], width)
        blocks.append(Block(lambda width: tail_rows(turn, width), 2))
        return blocks

    def _head(self, kept: Sequence[Block]) -> list[Block]:
        """Give the blocks of the question; while the turn streams they stay the same."""
        turn, before, width = self.turn, self.before, self._width
        known = (turn.asked, turn.attachments, turn.form, turn.asked_at, before and (before.form, before.asked_at))
        later = _later_lines(turn.asked)
        if kept and known == self._known:
            return list(kept[: len(later) + 1])
        self._known = known
        return [
            Block(lambda width: head_rows(turn, before, width), 3),
            *(_asked_block(lines, width) for lines in later),
        ]


def _is_places(turn: Turn) -> bool:
    """Tell whether the answer is no model's; then it is not Markdown either."""
    return turn.kind == "question" and not turn.model


def _keep_height(old: Sequence[Block], new: Block, width: int) -> None:
    """Give a block that grows at least the height it had: what stands in view must not jump."""
    if old and old[0] is not new and not new.exact:
        if old[0].rows is not None:
            new.lay_out(width)
        else:
            new.height = max(new.height, old[0].height)


def _block_of(piece: Piece, width: int, unverified: Collection[str]) -> Block:
    """Make the block of a piece of an answer."""

    def make(width: int) -> list[Row]:
        if piece.kind == "code":
            rows = code_rows(piece.lines, piece.language, width, first=piece.first, last=piece.last)
        elif piece.kind == "table":
            rows = table_piece_rows(piece, width, unverified)
        elif piece.kind == "place":
            rows = place_rows(piece.lines, width)
        else:
            rows = prose_rows(piece.lines, width, unverified)
        return [Row(()), *rows] if piece.gap else rows

    return Block(make, _rows_of(piece.lines, width) + piece.gap, piece)


def _rows_of(lines: Sequence[str], width: int) -> int:
    """Estimate how many rows lines take."""
    return sum(1 + min(len(line), LONGEST_LINE) // width for line in lines)


def _estimate(turn: Turn, width: int) -> int:
    """Estimate how many rows a whole turn takes, without looking at its lines."""
    if not width:
        return 0
    text = len(turn.answer) + len(turn.asked)
    return turn.answer.count("\n") + turn.asked.count("\n") + min(text, 500 * LONGEST_LINE) // (2 * width) + 5


def _later_lines(asked: str) -> list[list[str]]:
    """Give the lines of a long question behind the first part, which the head shows, in parts."""
    lines = lines_of(asked)
    return [lines[at : at + _ASKED_LINES] for at in range(_ASKED_LINES, len(lines), _ASKED_LINES)]


def _asked_block(lines: Sequence[str], width: int) -> Block:
    """Make the block of a part of a long question."""
    return Block(lambda width: _asked_rows(lines, width, lead=Span("  ", _BAND)), _rows_of(lines, width))


def _asked_rows(lines: Sequence[str], width: int, *, lead: Span) -> list[Row]:
    """Lay out lines of a question; `lead` stands before the first one."""
    look = ("band", "asked")
    follow = [Span("  ", look)]
    rows: list[Row] = []
    for line in lines:
        rows += folded([Span(shown(line), look)], width, lead=follow if rows else [lead], follow=follow, fill=_BAND)
    return rows


def head_rows(turn: Turn, before: Turn | None, width: int) -> list[Row]:
    """Lay out what stands above an answer: a line where something changes, the question, what came with it."""
    rows: list[Row] = []
    if before is not None:
        rows.append(_SPACE)
        lines = (day_line(turn, before.asked_at), form_line(turn, before.form))
        rows += [row for line in lines if line for row in (_rule(line, width), _SPACE)]
    asked = _asked_rows(lines_of(turn.asked)[:_ASKED_LINES], width, lead=Span("❯ ", ("band", "asked", "prompt")))
    at = clock(turn)
    if at and sum(len(span.text) for span in asked[0].spans) + len(at) + 2 <= width:
        first = asked[0]
        asked[0] = Row(first.spans, first.lead, first.joint, first.fill, f"{at} ")
    rows += asked
    for each in turn.attachments:
        lines_ = each.text.count("\n") + 1
        label = f"+ {shown(each.name)} ({lines_:,} line{'' if lines_ == 1 else 's'})"
        look = ("band", "attached")
        rows += folded([Span(label, look)], width, lead=[Span("  ", look)], fill=_BAND)
    return rows


def _rule(text: str, width: int) -> Row:
    """Make a line across the width with words in it."""
    room = max(width - len(text) - 4, 0)
    return Row((Span(f"── {text} {'─' * room}"[:width], ("muted",)),), between=True)


def tail_rows(turn: Turn, width: int) -> list[Row]:
    """Lay out what stands below an answer: what a job brought, notices, how it ended, model and times."""
    rows: list[Row] = []
    result = result_line(turn)
    if result:
        opening = [Span(" - Enter opens it", ("open",))] if opens(turn) else []
        rows += folded([Span(shown(result), ("strong",)), *opening], width)
    for said in turn.said:
        look = (_LEVELS.get(said.level, "muted"),)
        label = "" if said.level == "info" else f"{said.level}: "
        for line in lines_of(said.text):
            rows += folded([Span(label + shown(line), look)], width, follow=[Span("  ")])
            label = ""
    state, hint = state_line(turn)
    if state:
        look = ("error",) if turn.state == "failed" else ("warning",)
        rows += [row for line in lines_of(state) for row in folded([Span(shown(line), look)], width)]
    if hint:
        rows += plain_rows(lines_of(f"hint: {hint}"), width, ("hint",))
    foot: list[str] = []
    for part in foot_parts(turn):
        if foot and len(foot[-1]) + len(part) + 3 <= width:
            foot[-1] += f" · {part}"
        else:
            foot.append(part)
    rows += plain_rows(foot, width, ("muted",))
    return [Row(()), *rows] if rows else []
