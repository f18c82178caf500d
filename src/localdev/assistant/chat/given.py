"""Texts that the user gave with a question, cut by rule where they are too long for the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from localdev.core.sizes import counted
from localdev.core.talk import Attachment

# No tokenizer makes fewer tokens of a text: what is longer than that many need not be counted, which takes seconds for
# megabytes.
_MOST_CHARACTERS_PER_TOKEN = 8


def fit_attachments(
    attachments: Sequence[Attachment], *, room: int, count: Callable[[str], int]
) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """Give the attachments in at most `room` tokens of `count`, and what to say of each that was cut.

    The shorter ones stay whole as long as they can. A long one keeps its first and its last lines, with a line between
    them that says how many are missing: a log names the trouble at one end and its cause at the other.
    """
    fitted: dict[int, Attachment] = {}
    said: list[str] = []
    sizes = [_size(attachment.text, room, count) for attachment in attachments]
    left = room
    for done, at in enumerate(sorted(range(len(attachments)), key=sizes.__getitem__)):
        share = left // (len(attachments) - done)
        fitted[at] = attachments[at]
        if sizes[at] > share:
            fitted[at], lost = _cut(attachments[at], share, count)
            said.append(f"only a part of {attachments[at].name} fits the model's window: {lost} left out")
        left -= min(sizes[at], share)
    return tuple(fitted[at] for at in range(len(attachments))), tuple(said)


def _cut(attachment: Attachment, room: int, count: Callable[[str], int]) -> tuple[Attachment, str]:
    """Give the ends of a text that take at most `room` tokens, and how much is left out."""
    lines = attachment.text.split("\n")
    best = _most(len(lines) - 1, lambda kept: _size(_ends(lines, kept), room, count) <= room)
    if best:
        return Attachment(attachment.name, _ends(lines, best)), counted(len(lines) - best, "line")
    text = attachment.text  # a line alone is too long
    best = _most(len(text), lambda kept: _size(_middle_out(text, kept), room, count) <= room)
    return Attachment(attachment.name, _middle_out(text, best)), counted(len(text) - best, "character")


def _size(text: str, room: int, count: Callable[[str], int]) -> int:
    """Count the tokens of a text; of one that cannot fit the room in any case give what is surely more than that."""
    return len(text) if len(text) > room * _MOST_CHARACTERS_PER_TOKEN else count(text)


def _ends(lines: Sequence[str], kept: int) -> str:
    """Give the first and last lines of a text, `kept` of them."""
    first, last = lines[: (kept + 1) // 2], lines[len(lines) - kept // 2 :]
    return "\n".join([*first, f"... {counted(len(lines) - kept, 'line')} left out ...", *last])


def _middle_out(text: str, kept: int) -> str:
    """Give the first and last characters of a text, `kept` of them."""
    return f"{text[: (kept + 1) // 2]} ... {text[len(text) - kept // 2 :]}"


def _most(highest: int, fits: Callable[[int], bool]) -> int:
    """Give the largest number up to `highest` that fits, by halving; 0 where none does."""
    low = 0
    while low < highest:
        middle = (low + highest + 1) // 2
        if fits(middle):
            low = middle
        else:
            highest = middle - 1
    return low
