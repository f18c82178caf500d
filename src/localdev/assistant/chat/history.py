"""Earlier turns as messages of a prompt, and which of their passages still stand there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from localdev.assistant.chat.compaction import smaller
from localdev.assistant.verify import UNVERIFIED_MARK, Verifier
from localdev.core.chat import Message
from localdev.core.code import Chunk
from localdev.core.events import Citation, HistoryForm
from localdev.core.talk import Turn

# A part of an answer stays: the user has seen it, and may ask about it or for the rest.
_CUT = "\n\n(This answer was not finished.)"
# What came of a review, a commit or a generation, in characters: more would crowd out the code that is asked about.
_LONGEST_OUTCOME = 2000


def first_form(turn: Turn) -> HistoryForm:
    """Give the most of a turn that a prompt can hold: nothing where nothing was answered."""
    if not turn.answer.strip():
        return "out"
    return smaller("whole" if turn.sent and turn.kind == "question" else "short", turn.form)


def messages_of(turns: Sequence[Turn], forms: Sequence[HistoryForm]) -> tuple[Message, ...]:
    """Give the messages of earlier turns, each in its form; the same turns in the same forms give the same messages."""
    numbers = {passage.citation.id for passage in standing(turns, forms)}
    return tuple(
        message
        for turn, form in zip(turns, forms, strict=True)
        if form != "out"
        for message in _messages(turn, form, numbers)
    )


def messages_in(turn: Turn, form: HistoryForm) -> tuple[Message, ...]:
    """Give the messages of one turn alone in a form, all that it cites at hand."""
    return () if form == "out" else _messages(turn, form, set(turn.cited))


def _messages(turn: Turn, form: HistoryForm, numbers: Collection[int]) -> tuple[Message, Message]:
    """Give question and answer of one turn; of the answer's citations those of `numbers` stay."""
    answer = turn.answer.replace(UNVERIFIED_MARK, "")  # our words, which a model would take up
    if turn.kind != "question" and len(answer) > _LONGEST_OUTCOME:
        answer = f"{answer[:_LONGEST_OUTCOME]}\n(and more)"
    if form == "short" or not set(turn.cited) <= set(numbers):
        answer = _citing(answer, numbers if form == "whole" else ())
    cut = _CUT if turn.state in ("cancelled", "failed", "unfinished") else ""
    return Message("user", turn.sent if form == "whole" else _asked(turn)), Message("assistant", answer + cut)


def _asked(turn: Turn) -> str:
    """Give the question alone, and what was attached to it by name."""
    names = ", ".join(attachment.name for attachment in turn.attachments)
    given = f"Given by the user and no longer shown: {names}\n\n" if names else ""
    return f"{given}Question: {turn.asked}"


class _All:
    """Knows every name: what an earlier answer said was checked then."""

    def has_name(self, name: str) -> bool:
        """Say yes."""
        return True

    def has_place(self, path: str, last_line: int) -> bool:
        """Say yes."""
        return True


def _citing(answer: str, numbers: Collection[int]) -> str:
    """Give an answer with the citations of some passages alone."""
    verifier = Verifier(numbers, _All())
    return verifier.feed(answer) + verifier.finish()


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that stands in an earlier message, with its lines as they were when it was sent."""

    citation: Citation
    lines: tuple[str, ...]

    def holds(self, chunk: Chunk) -> bool:
        """Say whether all lines of a chunk stand here, the same as they are now."""
        lines = chunk.text.split("\n")
        at = chunk.start_line - self.citation.start_line
        return chunk.path == self.citation.path and at >= 0 and self.lines[at : at + len(lines)] == tuple(lines)


def standing(turns: Sequence[Turn], forms: Sequence[HistoryForm]) -> tuple[Passage, ...]:
    """List the passages of the turns that stand whole in the prompt.

    What a turn lists but never sent, such as the places of an answer without a model, does not stand.
    """
    return tuple(
        passage
        for turn, form in zip(turns, forms, strict=True)
        for citation in (turn.sources if form == "whole" else ())
        if (passage := _passage(citation, turn.sent)) is not None
    )


def _passage(citation: Citation, sent: str) -> Passage | None:
    """Find a passage in a message by the line above it."""
    start, end = citation.start_line, citation.end_line
    _, found, behind = sent.partition(f"[{citation.id}] {citation.path}:{start}-{end}\n")
    return Passage(citation, tuple(behind.split("\n")[: end - start + 1])) if found else None
