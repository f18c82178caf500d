"""Ends an answer that goes on beyond the tokens its server was told."""

from __future__ import annotations

_PIECES = 64
_MOST_LETTERS = 128  # of one token: the longest in common vocabularies are runs of blanks of about that length


class AnswerBound:
    """Counts the pieces and letters of an answer of at most `limit` tokens. An honest server never passes the bound.

    A piece is a token or more, except from gateways that pass single letters on: so twice as many pieces as tokens are
    too many only with more letters than so many tokens have together, which is four to each and never eight.
    """

    def __init__(self, limit: int) -> None:
        self._limit = max(1, limit)
        self._pieces = self._letters = 0

    def passed(self, letters: int) -> bool:
        """Take a piece of so many letters, and say whether there were too many; pieces without any count, too."""
        self._pieces += 1
        self._letters += letters
        tokens = self._limit
        return (
            (self._pieces > 2 * tokens + _PIECES and self._letters > 8 * tokens)
            or self._pieces > 16 * (tokens + _PIECES)
            or self._letters > _MOST_LETTERS * (tokens + _PIECES)
        )
