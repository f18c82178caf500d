"""Masking: each credential is replaced by a placeholder, and the placeholder by the credential in what comes back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from localdev.core.pieces import beginning_at_end
from localdev.privacy.spans import Detector, Span
from localdev.privacy.strength import looks_random

# A credential is masked wherever it stands, also where nothing around it says what it is; one so short only where it
# was found: it may be an ordinary word elsewhere.
_LEAST_ELSEWHERE = 8
# No credential is longer on one side of a cursor, but for a whole key, which is found there by itself.
_ACROSS = 4_000
# Signs that no two of which look alike; none comes twice in a tag, so that a tag never overlaps itself.
_TAG_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
_TAG_LENGTH = 4


class Masker:
    """Masks the texts of one request; the same credential always gets the same placeholder.

    A placeholder is a name such as `SECRET_PASSWORD_1_x7qk`, which every language reads as a name or a text. Its end
    stands in none of the texts, so that each placeholder in an answer is one that was given out. The same texts are
    always masked in the same way, so that a server may keep its state of them.
    """

    def __init__(
        self, texts: Sequence[str], detectors: Sequence[Detector], *, joined: tuple[str, str] = ("", "")
    ) -> None:
        """Find the credentials in all texts of a request; in two `joined` ones also one that begins in the first."""
        self._detectors = detectors
        self._found: dict[str, list[Span]] = {text: _merged(text, self._spans(text)) for text in dict.fromkeys(texts)}
        if all(joined):
            self._find_across(*joined)
        self._tag = _free_tag(texts)
        self._by_value: dict[str, str] = {}
        self._by_placeholder: dict[str, str] = {}
        for spans in self._found.values():
            for each in spans:
                self._name(each)
        known = sorted((value for value in self._by_value if len(value) >= _LEAST_ELSEWHERE), key=len, reverse=True)
        self._elsewhere = re.compile("|".join(map(_elsewhere, known))) if known else None

    @property
    def count(self) -> int:
        """The number of different credentials."""
        return len(self._by_value)

    def mask(self, text: str) -> str:
        """Replace every credential in one of the texts of the request."""
        pieces, done = [], 0
        for each in self._all(text):
            pieces += [text[done : each.start], self._name(each)]
            done = each.end
        return "".join([*pieces, text[done:]])

    def unmask(self, text: str) -> str:
        """Put the credentials back into a whole text."""
        unmasker = self.unmasker()
        return unmasker.feed(text) + unmasker.finish()

    def unmasker(self, *, in_json: bool = False) -> Unmasker:
        """Give what puts the credentials back into a streamed text; in JSON they are escaped, as texts there are."""
        escape = _escaped if in_json else str
        return Unmasker({name: escape(value) for name, value in self._by_placeholder.items()})

    def _spans(self, text: str) -> Iterator[Span]:
        """Run every detector over a text."""
        for detector in self._detectors:
            yield from detector(text)

    def _find_across(self, first: str, second: str) -> None:
        """Find what the border of two texts cuts: each part of it is masked by itself."""
        start = max(0, len(first) - _ACROSS)
        border = len(first) - start
        for each in self._spans(first[start:] + second[:_ACROSS]):
            if each.start < border <= each.end:
                part = Span(start + each.start, len(first), each.kind, first[start + each.start :])
                self._found[first] = _merged(first, [*self._found[first], part])
                rest = Span(0, each.end - border, each.kind, second[: each.end - border])
                self._found[second] = _merged(second, [*self._found[second], rest])

    def _all(self, text: str) -> list[Span]:
        """Give what to mask in a text: what was found in it, and what was found in another text and stands here."""
        found = self._found[text]
        if self._elsewhere is None:
            return found
        again = [Span(each.start(), each.end(), "", each.group()) for each in self._elsewhere.finditer(text)]
        return _merged(text, [*found, *again])

    def _name(self, found: Span) -> str:
        """Give the placeholder of a credential."""
        name = self._by_value.get(found.value)
        if name is None:
            name = f"SECRET_{found.kind or 'VALUE'}_{len(self._by_value) + 1}_{self._tag}"
            self._by_value[found.value] = name
            self._by_placeholder[name] = found.value
        return name


class Unmasker:
    """Puts credentials back into a text that comes in pieces; what may become a placeholder is held back.

    Only exact placeholders are replaced: one that a model wrote in other letters stays as it is.
    """

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values
        self._pattern = re.compile("|".join(map(re.escape, values))) if values else None
        self._pending = ""

    def feed(self, piece: str) -> str:
        """Give the text that is certain after a piece."""
        if self._pattern is None:
            return piece
        return self._pattern.sub(lambda found: self._values[found.group()], self._held(piece))

    def finish(self) -> str:
        """Give what was held back, when nothing more comes."""
        rest, self._pending = self._pending, ""
        return rest

    def _held(self, piece: str) -> str:
        """Give what was pending and the piece, without an end that may be the beginning of a placeholder."""
        text = self._pending + piece
        keep = beginning_at_end(text, self._values)
        border = len(text) - keep
        self._pending = text[border:]
        return text[:border]


def mask_values(value: Any, mask: Callable[[str], str]) -> Any:
    """Mask every text within a value of JSON, keys included."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask_values(key, mask): mask_values(inner, mask) for key, inner in value.items()}
    return [mask_values(inner, mask) for inner in value] if isinstance(value, list) else value


def texts_in(value: Any) -> Iterator[str]:
    """Give every text within a value of JSON, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_in(key)
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def _merged(text: str, spans: Iterator[Span] | list[Span]) -> list[Span]:
    """Put overlapping finds together, in order; those that only touch stay apart. The first detector names it."""
    merged: list[Span] = []
    for each in sorted((each for each in spans if each.end > each.start), key=lambda each: each.start):
        if not merged or each.start >= merged[-1].end:
            merged.append(each)
            continue
        last = merged.pop()
        end = max(last.end, each.end)
        merged.append(Span(last.start, end, last.kind or each.kind, text[last.start : end]))
    return merged


def _elsewhere(value: str) -> str:
    """Give the pattern of a credential anywhere; one that a word could be stands alone there."""
    pattern = re.escape(value)
    return pattern if looks_random(value, least=12) else rf"(?<!\w){pattern}(?!\w)"


def _free_tag(texts: Sequence[str]) -> str:
    """Give the end of this request's placeholders: one that stands in none of its texts."""
    number = 0
    while True:
        tag = _tag(number)
        if not any(tag in text for text in texts):
            return tag
        number += 1


def _tag(number: int) -> str:
    """Give the n-th tag: a letter, then letters and digits, none of them twice."""
    digest = hashlib.sha256(f"tag {number}".encode()).digest()
    signs = dict.fromkeys(_TAG_SIGNS[byte % len(_TAG_SIGNS)] for byte in digest)
    first = next(sign for sign in signs if sign.isalpha())
    return first + "".join([sign for sign in signs if sign != first][: _TAG_LENGTH - 1])


def _escaped(value: str) -> str:
    """Write a value as it stands inside a text of JSON."""
    return json.dumps(value, ensure_ascii=False)[1:-1]
