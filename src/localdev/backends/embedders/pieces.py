"""From text to rows of the embedding table: identifiers, their parts, and the WordPiece pieces of each part.

Code repeats its names, so the pieces of every identifier are remembered: after the first sight an identifier costs
one look-up. That makes this several times faster than a general tokenizer, with the standard library alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import chain

# Raise with any change that gives other pieces for some text: stored vectors are then made anew.
PIECES_VERSION = 1

# Identifiers and words. Numbers are left out (a hex table says nothing of meaning; exact numbers are the lexical
# index's work), and so is punctuation, which every piece of code shares.
_IDENTIFIER = re.compile(r"\b[^\W\d]\w*")
# Chinese characters run together without spaces; the vocabulary holds them one by one.
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
_SMALL = rf"[^\W\d_A-Z{_HAN}]"  # small letters, and letters of scripts where case does not part names
# Borders inside an identifier: getHTTPResponse_2 -> get HTTP Response, allURLs -> all URLs.
_PART = re.compile(rf"[A-Z]{{2,}}s(?!{_SMALL})|[A-Z]+(?=[A-Z]{_SMALL})|[A-Z]?{_SMALL}+|[A-Z]+|[{_HAN}]")
# A longer run of letters is data (base64, a digest), not a name; it is neither embedded nor remembered.
_LONGEST_IDENTIFIER = 100
_REMEMBERED_IDENTIFIERS = 200_000  # about 40 MB; a repository of a million lines holds roughly half as many


class Pieces:
    """Finds the rows of a text's pieces in a WordPiece vocabulary (`##` marks a piece that continues a word)."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        """Take the vocabulary in the order of the table's rows."""
        self._memory = _Memory({token: row for row, token in enumerate(vocabulary)})

    def rows(self, text: str) -> list[int]:
        """Give the rows of the pieces of `text`, in order; what the vocabulary does not hold is left out."""
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)  # a combining mark would otherwise cut its word in two
        return list(chain.from_iterable(map(self._memory.__getitem__, _IDENTIFIER.findall(text))))


class _Memory(dict[str, tuple[int, ...]]):
    """Rows by identifier, worked out on first sight."""

    def __init__(self, table: Mapping[str, int]) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, identifier: str) -> tuple[int, ...]:
        if len(identifier) > _LONGEST_IDENTIFIER:
            return ()
        rows = tuple(chain.from_iterable(map(self._word, _PART.findall(_without_accents(identifier)))))
        if len(self) >= _REMEMBERED_IDENTIFIERS:
            self.clear()
        self[identifier] = rows
        return rows

    def _word(self, word: str) -> list[int]:
        """Cut one word into the longest known pieces from the left; a word that cannot be cut gives none."""
        word = word.lower()
        rows: list[int] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            for end in range(len(word), start, -1):
                row = self._table.get(mark + word[start:end])
                if row is not None:
                    break
            else:
                return []
            rows.append(row)
            start = end
        return rows


def _without_accents(word: str) -> str:
    """Give `word` with its letters bare (`café` -> `cafe`), as the base model's tokenizer does."""
    if word.isascii():
        return word
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if unicodedata.category(letter) != "Mn")
