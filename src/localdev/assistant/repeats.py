"""Ends a completion where it begins to repeat what stands behind the cursor."""

from __future__ import annotations

# Shorter lines (`}`, `end`, `else`) end many blocks: that one comes again says nothing.
_LEAST_CHARACTERS = 5


class UntilRepeated:
    """Passes streamed text on until a whole line of it is the first line of text below the cursor's own.

    What may become that line is held back until it has become another.
    """

    def __init__(self, prefix: str, suffix: str) -> None:
        below = suffix.split("\n")[1:]
        line = next((line.rstrip() for line in below if line.strip()), "")
        self._line = line if len(line.strip()) >= _LEAST_CHARACTERS else ""
        self._text, self._passed = "", 0
        self._start = 0  # of the line that is being written
        self._whole = not prefix or prefix.endswith("\n")  # whether that line begins at its beginning
        self.repeated = False

    def feed(self, text: str) -> str:
        """Give the text that is certain after `text`; sets `repeated` when the line came, which is left out."""
        self._text += text
        return self._certain(ended=False)

    def finish(self) -> str:
        """Give what was held back, when the stream has ended."""
        return self._certain(ended=True)

    def _certain(self, *, ended: bool) -> str:
        """Look at each line that has ended, and give what was not given before."""
        if self.repeated or not self._line:
            return self._pass(self._passed if self.repeated else len(self._text))
        while not self._is_repeated(ended):
            end = self._text.find("\n", self._start)
            if end < 0:
                line = self._text[self._start :]
                held = not ended and self._whole and (self._line.startswith(line) or line.rstrip() == self._line)
                return self._pass(self._before() if held else len(self._text))
            self._start, self._whole = end + 1, True
        self.repeated = True
        return self._pass(self._before())

    def _is_repeated(self, ended: bool) -> bool:
        """Say whether the current line has ended and is the one."""
        end = self._text.find("\n", self._start)
        if not self._whole or (end < 0 and not ended):
            return False
        return self._text[self._start : end if end >= 0 else None].rstrip() == self._line

    def _before(self) -> int:
        """Give where the line end before the current line is."""
        return max(0, self._start - 1)

    def _pass(self, until: int) -> str:
        """Give what was not given before."""
        text = self._text[self._passed : until]
        self._passed = max(self._passed, until)
        return text
