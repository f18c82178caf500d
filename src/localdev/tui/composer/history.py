"""What was asked before: going back and forth through it, and searching it."""

from __future__ import annotations

from collections.abc import Iterable

MOST_KEPT = 1000


class History:
    """Earlier inputs, oldest first, each once; the draft one leaves to look at them is there again at the end."""

    def __init__(self, asked: Iterable[str] = ()) -> None:
        self._asked: list[str] = []
        self._at: int | None = None
        self._draft = ""
        self.reset(asked)

    def reset(self, asked: Iterable[str]) -> None:
        """Begin anew with these."""
        # A dictionary keeps the place of the first; the last is the one that counts.
        newest = reversed(dict.fromkeys(reversed([text for text in asked if text.strip()])))
        self._asked = list(newest)[-MOST_KEPT:]
        self._at = None

    def add(self, text: str) -> None:
        """Put an input at the end; one that is there already moves there."""
        if not text.strip():
            return
        if text in self._asked:
            self._asked.remove(text)
        self._asked.append(text)
        del self._asked[:-MOST_KEPT]
        self._at = None

    def __contains__(self, text: str) -> bool:
        return text in self._asked

    def earlier(self, draft: str) -> str | None:
        """Give the input before the one shown, None at the oldest; `draft` is kept when one leaves it."""
        at = len(self._asked) if self._at is None else self._at
        if at == 0:
            return None
        if self._at is None:
            self._draft = draft
        self._at = at - 1
        return self._asked[self._at]

    def later(self) -> str | None:
        """Give the input after the one shown, after the newest the draft; None where the draft is shown already."""
        if self._at is None:
            return None
        if self._at + 1 < len(self._asked):
            self._at += 1
            return self._asked[self._at]
        self._at = None
        return self._draft

    def search(self, words: str) -> list[str]:
        """Give the inputs that hold every word, in any order and case, newest first."""
        wanted = words.lower().split()
        return [text for text in reversed(self._asked) if all(word in text.lower() for word in wanted)]
