"""All turns as one long column of rows: how high it is, what stands where, and what of it is laid out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from localdev.core.talk import Turn
from localdev.tui.transcript.blocks import Block, TurnBlocks
from localdev.tui.transcript.rows import Row

# Memory is bounded by how much stays laid out beyond what is in view: rows, and turns that are cut into blocks.
_MOST_ROWS = 2000
_MOST_OPEN = 60
# No view holds more blocks than this: so many stay laid out however many rows they have.
_LEAST_LAID = 160
# Heights settle within a few rounds: each one lays out everything that is in view.
_MOST_ROUNDS = 20
# A row's key holds the number of its turn, of its block and of itself, so that keys are ordered as the rows are and
# stay the same when rows are added above or estimates are corrected.
_BITS = 24
_MASK = (1 << _BITS) - 1


class Place(NamedTuple):
    """A row: the index of its turn, of the block in it, and of the row in that."""

    turn: int
    block: int
    row: int


class History:
    """Turns by their number; heights are exact for what is in view and estimates elsewhere."""

    def __init__(self) -> None:
        self.turns: list[TurnBlocks] = []
        self.width = 0
        self._numbers: list[int] = []
        self._tops = [0]
        self._laid: OrderedDict[int, Block] = OrderedDict()
        self._rows = 0
        self._last_y = 0
        self._open: OrderedDict[int, TurnBlocks] = OrderedDict()

    # --- what it holds

    @property
    def total(self) -> int:
        """Rows in all, as far as is known."""
        return self._all_tops()[-1]

    def set(self, turns: Sequence[Turn]) -> None:
        """Hold these turns, in order of their numbers, and no others."""
        self.turns, self._numbers, self._tops, self._rows = [], [], [0], 0
        self._laid.clear()
        self._open.clear()
        before: Turn | None = None
        for turn in turns:
            self.turns.append(self._new(turn, before))
            before = turn
        self._numbers = [turn.number for turn in turns]

    def prepend(self, turns: Sequence[Turn]) -> None:
        """Put older turns before the others; any that are held already are left out."""
        older = [turn for turn in turns if not self._numbers or turn.number < self._numbers[0]]
        if not older:
            return
        befores: list[Turn | None] = [None, *older[:-1]]
        self.turns[:0] = [self._new(turn, before) for turn, before in zip(older, befores, strict=True)]
        self._numbers[:0] = [turn.number for turn in older]
        self._tops = [0]
        if len(self.turns) > len(older):
            self._update(len(older), self.turns[len(older)].turn, older[-1])

    def put(self, turn: Turn) -> int:
        """Add a turn or replace the one of its number; give its index."""
        at = bisect_left(self._numbers, turn.number)
        before = self.turns[at - 1].turn if at else None
        if at < len(self._numbers) and self._numbers[at] == turn.number:
            changed = self.turns[at].turn.form != turn.form
            self._update(at, turn, before)
        else:
            changed = True
            self.turns.insert(at, self._new(turn, before))
            self._numbers.insert(at, turn.number)
            del self._tops[at + 1 :]
        if changed and at + 1 < len(self.turns):
            self._update(at + 1, self.turns[at + 1].turn, turn)
        return at

    def index_of(self, number: int) -> int | None:
        """Find the index of a turn by its number."""
        at = bisect_left(self._numbers, number)
        return at if at < len(self._numbers) and self._numbers[at] == number else None

    def set_width(self, width: int) -> None:
        """Lay everything out for another width; heights are estimates again."""
        if width == self.width:
            return
        self.width, self._tops, self._rows = width, [0], 0
        self._laid.clear()
        for turn in self.turns:
            turn.set_width(width)

    # --- what stands where

    def top_of(self, place: Place) -> int:
        """Give the height at which a row stands."""
        blocks = self._blocks(place.turn)
        above = sum(block.height for block in blocks[: place.block])
        return self._all_tops()[place.turn] + above + place.row

    def bounds(self, at: int) -> tuple[int, int]:
        """Give where a turn begins and ends."""
        tops = self._all_tops()
        return tops[at], tops[at + 1]

    def place(self, y: int) -> Place:
        """Find the row at a height; beyond the end it is the last one. There must be turns."""
        tops = self._all_tops()
        at = min(max(bisect_right(tops, y) - 1, 0), len(self.turns) - 1)
        rest = y - tops[at]
        blocks = self._blocks(at)
        for index, block in enumerate(blocks):
            if rest < block.height or index == len(blocks) - 1:
                return Place(at, index, max(min(rest, block.height - 1), 0))
            rest -= block.height
        raise AssertionError("a turn has blocks")

    def row(self, place: Place) -> Row | None:
        """Give a row that is laid out; None for one that is not."""
        rows = self._blocks(place.turn)[place.block].rows
        return rows[place.row] if rows is not None and place.row < len(rows) else None

    def block(self, place: Place) -> Block:
        """Give the block a row stands in."""
        return self._blocks(place.turn)[place.block]

    def key(self, place: Place) -> int:
        """Give the key of a row."""
        return (((self._numbers[place.turn] << _BITS) + place.block) << _BITS) + place.row

    def rows_between(self, first: int | None, last: int | None) -> Iterator[tuple[int, Row]]:
        """Give the rows from one key to another, both included, with their keys; None is the very first or last."""
        start = 0 if first is None else bisect_left(self._numbers, first >> (2 * _BITS))
        for at in range(start, len(self.turns)):
            for index, block in enumerate(list(self._blocks(at))):
                base = self.key(Place(at, index, 0))
                if first is not None and base + _MASK < first:
                    continue
                if last is not None and base > last:
                    return
                for number, row in enumerate(self._lay(block, at)):
                    if (first is None or base + number >= first) and (last is None or base + number <= last):
                        yield base + number, row

    def index_of_key(self, key: int) -> int | None:
        """Find the index of the turn that a row belongs to."""
        return self.index_of(key >> (2 * _BITS))

    def keys_of(self, key: int) -> tuple[int, int] | None:
        """Give the keys of the first and the last row of the turn that a row belongs to."""
        at = self.index_of_key(key)
        if at is None:
            return None
        last = len(self._blocks(at)) - 1
        rows = self._lay(self._blocks(at)[last], at)
        return self.key(Place(at, 0, 0)), self.key(Place(at, last, max(len(rows) - 1, 0)))

    def end_of(self, place: Place) -> int:
        """Give where the block of a row ends."""
        rows = self._lay(self.block(place), place.turn)
        return self.top_of(place._replace(row=0)) + len(rows)

    def shown_at(self, place: Place, share: float) -> int:
        """Give where the row stands that is at this share of a block which may have been laid out anew."""
        blocks = self._blocks(place.turn)
        index = min(place.block, len(blocks) - 1)
        rows = self._lay(blocks[index], place.turn)
        return self.top_of(Place(place.turn, index, min(round(share * len(rows)), max(len(rows) - 1, 0))))

    # --- laying out

    def prepare(self, y: int, height: int, *, at_end: bool = False) -> int:
        """Lay out what a view of `height` rows shows from `y`, or of the end; give where it shows the same now.

        What stands above the view is an estimate. Where that turns out wrong the view moves along, so that what was
        laid out in it before stays where it is.
        """
        if not self.turns or not self.width:
            return 0
        upwards, self._last_y = y < self._last_y, y
        for _ in range(_MOST_ROUNDS):
            last = max(self.total - height, 0)
            y = last if at_end else min(max(y, 0), last)
            anchor, offset = self._anchor(y, height, upwards=upwards)
            # Cutting a turn into blocks alone may change the total, and with it where the end is.
            if not self._lay_out(y, height) and last == max(self.total - height, 0):
                break
            y = self.top_of(anchor) - offset
        last = max(self.total - height, 0)
        self._last_y = last if at_end else min(max(y, 0), last)
        return self._last_y

    def _anchor(self, y: int, height: int, *, upwards: bool) -> tuple[Place, int]:
        """Find the row that must not move: one that is laid out and was in view before, else the topmost.

        It is told where that row stands with the heights as they are: no turn is cut into blocks for this.
        """
        tops, found = self._all_tops(), None
        for at in range(max(bisect_right(tops, y) - 1, 0), len(self.turns)):
            if tops[at] > y + height or (found and not upwards):
                break
            top = tops[at]
            for index, block in enumerate(self._blocks(at) if self.turns[at].open else ()):
                if block.exact and top + block.height > y and top <= y + height and not (found and not upwards):
                    found = Place(at, index, max(y - top, 0)), max(top - y, 0)
                top += block.height
        return found or (self.place(y), 0)

    def _lay_out(self, y: int, height: int) -> bool:
        """Lay out the blocks in view; tell whether any height has changed."""
        place = self.place(y)
        changed, covered = False, -place.row
        for turn, _index, block in self._walk(place):
            before = block.height
            self._lay(block, turn)
            changed = changed or before != block.height
            covered += block.height
            if covered >= height:
                break
        return changed

    def _lay(self, block: Block, turn: int) -> list[Row]:
        """Lay a block out, or find it so, and forget what was not needed for longest."""
        before = block.height
        rows = block.lay_out(self.width)
        if id(block) not in self._laid:  # the end of an answer may have laid itself out: its rows count all the same
            self._rows += len(rows)
        self._laid[id(block)] = block
        self._laid.move_to_end(id(block))
        if before != block.height:
            del self._tops[turn + 1 :]
        while self._rows > _MOST_ROWS and len(self._laid) > _LEAST_LAID:
            _, oldest = self._laid.popitem(last=False)
            self._rows -= oldest.height
            oldest.rows = None
        return rows

    def _walk(self, place: Place) -> Iterator[tuple[int, int, Block]]:
        """Go through the blocks from a place to the end."""
        first = place.block
        for at in range(place.turn, len(self.turns)):
            blocks = self._blocks(at)
            for index in range(first, len(blocks)):
                yield at, index, blocks[index]
            first = 0

    def _blocks(self, at: int) -> list[Block]:
        """Give the blocks of a turn; those of turns that were not needed for longest are dropped."""
        turn = self.turns[at]
        was_open, before = turn.open, turn.height if not turn.open else 0
        blocks = turn.blocks()
        self._open[id(turn)] = turn
        self._open.move_to_end(id(turn))
        if not was_open:
            if turn.height != before:
                del self._tops[at + 1 :]
            if len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)[1].close()
        return blocks

    def _new(self, turn: Turn, before: Turn | None) -> TurnBlocks:
        """Make a turn's blocks, to be cut when they come into view."""
        blocks = TurnBlocks(turn, before)
        blocks.set_width(self.width)
        return blocks

    def _update(self, at: int, turn: Turn, before: Turn | None) -> None:
        """Let a turn be as it is now."""
        self.turns[at].update(turn, before)
        del self._tops[at + 1 :]

    def _all_tops(self) -> list[int]:
        """Give where every turn begins, and where the last one ends."""
        tops = self._tops
        for at in range(len(tops) - 1, len(self.turns)):
            tops.append(tops[at] + self.turns[at].height)
        return tops
