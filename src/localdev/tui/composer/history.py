"""What was asked before: going back and forth through it, and searching it."""

from __future__ import annotations

from collections.abc import Iterable

MOST_KEPT = 1000


class History:
    """Earlier inputs, oldest first, each once; the draft one leaves to look at them is there again at the end.

    What is written into an earlier input while looking stays with it until something is sent.
    """

    def __init__(self, asked: Iterable[str] = ()) -> None:
        self._asked: list[str] = []
        self._sent: list[str] = []
        self._at: int | None = None
        self._draft = ""
        self._edited: dict[str, str] = {}
        self.reset(asked)

    def reset(self, asked: Iterable[str]) -> None:
        """Set what was asked in the session; what was sent since the program began comes after it.

        Whoever is looking at an earlier input keeps their place and their draft.
        """
        shown = None if self._at is None else self._asked[self._at]
        every = [text for text in (*asked, *self._sent) if text.strip()]
        if shown is not None and shown not in every:
            every.append(shown)
        # A dictionary keeps the place of the first; the last is the one that counts.
        self._asked = list(reversed(dict.fromkeys(reversed(every))))[-MOST_KEPT:]
        self._at = self._asked.index(shown) if shown in self._asked else None

    def add(self, text: str) -> None:
        """Put an input that was sent at the end; one that is there already moves there."""
        self._sent = [*self._sent[-MOST_KEPT:], text]
        self._at = None
        self._edited.clear()
        self.reset(self._asked)

    def earlier(self, text: str) -> str | None:
        """Give the input before the one shown, None at the oldest; `text` is what is left, and is kept."""
        at = len(self._asked) if self._at is None else self._at
        if at == 0:
            return None
        self._keep(text)
        self._at = at - 1
        return self._here()

    def later(self, text: str) -> str | None:
        """Give the input after the one shown, after the newest the draft; None where the draft is shown already."""
        if self._at is None:
            return None
        self._keep(text)
        self._at = self._at + 1 if self._at + 1 < len(self._asked) else None
        return self._here()

    def _keep(self, text: str) -> None:
        """Keep what stands where one is."""
        if self._at is None:
            self._draft = text
        else:
            self._edited[self._asked[self._at]] = text

    def _here(self) -> str:
        """Give what stands where one is."""
        if self._at is None:
            return self._draft
        asked = self._asked[self._at]
        return self._edited.get(asked, asked)

    def search(self, words: str) -> list[str]:
        """Give the inputs that hold every word, in any order and case, newest first."""
        wanted = words.lower().split()
        return [text for text in reversed(self._asked) if all(word in text.lower() for word in wanted)]
