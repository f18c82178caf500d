"""A small reader of what a program draws on a terminal: enough for full-screen programs, no more."""

from __future__ import annotations

import codecs
import re

from rich.cells import cell_len

_TOKEN = re.compile(
    r"\x1b\[(?P<arguments>[0-9;:?<>=!$ ]*)(?P<final>[@-~])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, clipboard
    r"|\x1b[P_^X][^\x1b]*\x1b\\"  # questions to the terminal
    r"|\x1b[()][A-Za-z0-9]|\x1b[^\[\]P_^X()]"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
)


class Grid:
    """The characters on a terminal of some columns and rows; colours and scrolling regions are not kept."""

    def __init__(self, columns: int, rows: int) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Start with an empty screen of another size: programs draw everything anew then."""
        self.columns, self.rows = columns, rows
        self._cells = [[" "] * columns for _ in range(rows)]
        self._x = self._y = 0

    def text(self) -> str:
        """Give what the screen shows, spaces at the ends of lines removed."""
        return "\n".join("".join(row).rstrip() for row in self._cells)

    def feed(self, data: bytes) -> None:
        """Take in what the program wrote; a sequence may be cut anywhere."""
        text, at = self._rest + self._decoder.decode(data), 0
        while at < len(text) and (found := _TOKEN.match(text, at)):
            at = found.end()
            if found["text"] is not None:
                self._put(found["text"])
            elif found["control"] is not None:
                self._control(found["control"])
            elif found["final"] is not None:
                self._command(found["arguments"], found["final"])
        self._rest = text[at:]

    def _put(self, text: str) -> None:
        for character in text:
            width = cell_len(character)
            if not width:
                self._cells[self._y][max(self._x - 1, 0)] += character
                continue
            if self._x + width > self.columns:
                self._x, self._y = 0, min(self._y + 1, self.rows - 1)
            self._cells[self._y][self._x : self._x + width] = [character, *[""] * (width - 1)]
            self._x += width

    def _control(self, control: str) -> None:
        if control == "\r":
            self._x = 0
        elif control == "\b":
            self._x = max(self._x - 1, 0)
        elif control == "\n" and self._y == self.rows - 1:
            self._cells = [*self._cells[1:], [" "] * self.columns]
        elif control == "\n":
            self._y += 1

    def _command(self, arguments: str, final: str) -> None:
        if arguments[:1] in ("?", "<", ">", "="):
            if arguments == "?1049":
                self.resize(self.columns, self.rows)
            return
        numbers = [int(part) if part.isdigit() else 0 for part in arguments.split(";")]
        count = max(numbers[0], 1)
        if final in "Hf":
            self._y = min(count, self.rows) - 1
            self._x = min(max([*numbers, 1][1], 1), self.columns) - 1
        elif final in "ABCD":
            self._x += {"C": count, "D": -count}.get(final, 0)
            self._y += {"A": -count, "B": count}.get(final, 0)
            self._x, self._y = min(max(self._x, 0), self.columns - 1), min(max(self._y, 0), self.rows - 1)
        elif final == "J" and numbers[0] == 2:
            self._cells = [[" "] * self.columns for _ in range(self.rows)]
        elif final == "K":
            self._cells[self._y][self._x :] = [" "] * (self.columns - self._x)
