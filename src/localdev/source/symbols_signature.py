"""The one-line signature of a definition: its text up to the body, without annotations and comments."""

from __future__ import annotations

import re
from bisect import bisect_left

Span = tuple[int, int]

# Longer ones are cut: a signature is read in a list and counted in the model's window.
SIGNATURE_CHARACTERS = 200
# What may stand before a definition on its line and belongs to it: `export default`, `const`, `private`.
_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_ \t")
# A macro around the type: `API_PUBLIC(int) run(void)`.
_MACRO = re.compile(rb"[ \t]*[A-Z]\w*_[A-Z]+\(")


def signature(data: bytes, start: int, name_and_body: Span, *, attributes: dict[int, int], comments: list[Span]) -> str:
    """Give the text from `start` to the body in one line.

    `name_and_body` are the offsets of the name and of the body; `attributes` maps start -> end of annotations, which
    are left out before the name; `comments` are in order.
    """
    name, body = name_and_body
    begin = _after_attributes(data, start, name, attributes=attributes)
    line = data.rfind(b"\n", 0, begin) + 1
    before = data[line:begin]
    if begin == start and len(before) <= 40 and (_WORD_BYTES.issuperset(before) or _MACRO.fullmatch(before)):
        begin = line
    pieces: list[bytes] = []
    at = begin
    index = bisect_left(comments, (begin, 0))
    end = min(body, begin + 8 * SIGNATURE_CHARACTERS)
    while index < len(comments) and comments[index][0] < end:
        pieces.append(data[at : comments[index][0]])
        at = max(at, comments[index][1])
        index += 1
    pieces.append(data[at:end])
    if name > body:  # typedef struct { ... } Name
        pieces.append(data[name : name + SIGNATURE_CHARACTERS].split(b";")[0])
    text = " ".join(b" ".join(pieces).decode("utf-8", "replace").replace("\x00", "").split())
    text = text.replace("( ", "(").replace(" )", ")").replace(",)", ")").rstrip(":{=;, ")
    return text if len(text) <= SIGNATURE_CHARACTERS else text[: SIGNATURE_CHARACTERS - 2].rstrip() + " …"


def opens_inside(data: bytes, line: int, start: int) -> bool:
    """Say whether more than keywords stands before a definition on its line: it lies inside another one."""
    return not _WORD_BYTES.issuperset(data[line:start])


def _after_attributes(data: bytes, start: int, name: int, *, attributes: dict[int, int]) -> int:
    """Step over the annotations a definition begins with, never past its name."""
    at = start
    while at in attributes and attributes[at] <= name:
        at = attributes[at]
        while at < name and data[at : at + 1].isspace():
            at += 1
    return at
