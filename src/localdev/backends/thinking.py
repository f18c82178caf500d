"""Keeps what a model thinks apart from its answer, where a server leaves both in one text."""

from __future__ import annotations

from localdev.core.pieces import beginning_at_end

_BEGIN, _END = "<think>", "</think>"


class ThinkingSplitter:
    """Splits streamed text that may begin with `<think>...</think>`; marks further inside are part of the answer."""

    def __init__(self) -> None:
        self._state = "start"
        self._pending = ""

    def add(self, text: str) -> tuple[str, str]:
        """Give (thinking, answer) that are certain after `text`."""
        if self._state == "answer":
            return "", text
        self._pending += text
        if self._state == "start":
            begun = self._pending.lstrip()
            if begun.startswith(_BEGIN):
                self._state, self._pending = "thinking", begun[len(_BEGIN) :]
            elif _BEGIN.startswith(begun):
                return "", ""
            else:
                return "", self._rest()
        if self._state == "gap":
            return "", self._after()
        thought, mark, rest = self._pending.partition(_END)
        if mark:
            self._state, self._pending = "gap", rest
            return thought, self._after()
        border = len(self._pending) - beginning_at_end(self._pending, [_END])
        thought, self._pending = self._pending[:border], self._pending[border:]
        return thought, ""

    def finish(self) -> tuple[str, str]:
        """Give what was held back at the end of the stream."""
        thinking = self._state == "thinking"
        rest = "" if self._state == "gap" else self._rest()
        return (rest, "") if thinking else ("", rest)

    def _after(self) -> str:
        """Leave out the empty lines between the thinking and the answer."""
        self._pending = self._pending.lstrip()
        return self._rest() if self._pending else ""

    def _rest(self) -> str:
        """From here on everything is answer."""
        rest, self._pending, self._state = self._pending, "", "answer"
        return rest
