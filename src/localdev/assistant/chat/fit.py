"""Fits a conversation into the model's window: earlier turns, new passages, what the user gave, and the question.

A prompt begins as the one before it, to the byte, and goes on with the new message, so that a model that keeps its
state evaluates the new message alone. What already stands in the conversation is not sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from localdev.assistant.chat.compaction import Size, compact
from localdev.assistant.chat.given import fit_attachments
from localdev.assistant.chat.history import Passage, first_form, messages_in, messages_of, standing
from localdev.assistant.passages import (
    ASSUMED_WINDOW,
    LEAST_PASSAGE_TOKENS,
    TEMPLATE_TOKENS,
    Found,
    choose,
    estimate_tokens,
)
from localdev.core.chat import Message, Sampling
from localdev.core.errors import ContextOverflow
from localdev.core.events import ContextFitted, HistoryForm
from localdev.core.ports import ChatBackend
from localdev.core.search import Hit
from localdev.core.talk import Attachment, Turn
from localdev.prompting.prompts import Prompt, render_prompt
from localdev.retrieval.pack import PackedSource

# A chat template adds a few marks to each message.
_MESSAGE_TOKENS = 8
# An answer is sure of this part of the window, or of as much as it may have at most; it takes more where more is left.
_ANSWER_SHARE = 0.25
# New passages take at most this part of what is left, so that a small window holds more turns than one.
_PASSAGE_SHARE = 1 / 3
_GIVEN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """The next question of a conversation.

    `turns` are the earlier ones, oldest first; `limit` is the number of new passages, `context_tokens` the most tokens
    they may take. `owner` is the id of the repository, `adapter` the LoRA adapter to answer with.
    """

    question: str
    turns: tuple[Turn, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    limit: int = 6
    context_tokens: int = 1500
    sampling: Sampling = field(default_factory=Sampling)
    owner: str = ""
    adapter: str = ""
    show_prompt: bool = False

    @property
    def first(self) -> int:
        """The number of the first new passage: numbers go on over the whole conversation."""
        return 1 + max((source.id for turn in self.turns for source in turn.sources), default=0)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A conversation as it is sent: all messages, the new passages, those that still stand, and what it takes.

    `cut` says what of the attachments is missing.
    """

    messages: tuple[Message, ...]
    packed: tuple[PackedSource, ...]
    standing: tuple[Passage, ...]
    event: ContextFitted
    cut: tuple[str, ...]

    @property
    def sources(self) -> tuple[Hit, ...]:
        """The new passages as hits."""
        return tuple(source.hit for source in self.packed)


def fit(asked: Asked, found: Found, *, prompt: Prompt, backend: ChatBackend | None) -> Fitted:
    """Fit a conversation; without a backend sizes are guessed.

    Raises:
        ContextOverflow: the question alone leaves no room.
    """
    return _Fitting(asked, found, prompt, backend).fitted()


class _Fitting:
    """One conversation while it is fitted."""

    def __init__(self, asked: Asked, found: Found, prompt: Prompt, backend: ChatBackend | None) -> None:
        self._asked, self._found, self._prompt = asked, found, prompt
        self._count: Callable[[str], int] = backend.count_tokens if backend else estimate_tokens
        self._window = backend.describe().context_window if backend else ASSUMED_WINDOW
        self._answer = min(asked.sampling.max_tokens, int(self._window * _ANSWER_SHARE))
        self._given: tuple[Attachment, ...] = ()
        # What history, passages and question may take together.
        self._room = self._window - self._answer - TEMPLATE_TOKENS - self._tokens(self._render((), ())[:-1])

    def fitted(self) -> Fitted:
        """Fit it as it stands; where that is too much, let earlier turns give way first."""
        cut = self._fit_given()
        bare = self._tokens(self._render((), ())[-1:])
        self._refuse_long(bare)
        forms: tuple[HistoryForm, ...] = tuple(map(first_form, self._asked.turns))
        budget = min(self._asked.context_tokens, max(LEAST_PASSAGE_TOKENS, int(self._room * _PASSAGE_SHARE)))
        budget = min(budget, self._room - bare)
        fitted = self._put(forms, budget, cut)
        if fitted.event.prompt_tokens + self._answer + TEMPLATE_TOKENS <= self._window:
            return fitted
        smaller = compact(forms, self._sizes(forms), self._room - bare - budget)
        return self._put(smaller, budget, cut)

    def _fit_given(self) -> tuple[str, ...]:
        """Cut what the user gave to its share of the room; give what is to be said of it."""
        room = self._room - self._tokens(self._render((), ())[-1:])
        self._given, cut = fit_attachments(
            self._asked.attachments, room=max(0, int(room * _GIVEN_SHARE)), count=self._count
        )
        return cut

    def _refuse_long(self, bare: int) -> None:
        """Refuse a question that leaves no room for anything it could be answered from."""
        if self._room - bare < LEAST_PASSAGE_TOKENS:
            raise ContextOverflow(
                f"the question needs {bare} tokens and the answer up to {self._answer}, "
                f"but the model's window has {self._window}",
                "shorten the question and attach long text to it, or use a model with a larger window",
            )

    def _sizes(self, forms: Sequence[HistoryForm]) -> list[Size]:
        """Count the turns that may stand in the prompt, in both forms."""
        nothing = Size(0, 0)
        return [
            nothing
            if form == "out"
            else Size(self._tokens(messages_in(turn, form)), self._tokens(messages_in(turn, "short")))
            for turn, form in zip(self._asked.turns, forms, strict=True)
        ]

    def _put(self, forms: tuple[HistoryForm, ...], budget: int, cut: tuple[str, ...]) -> Fitted:
        """Put the conversation together with the turns in these forms."""
        before = standing(self._asked.turns, forms)
        packed, again = self._choose(before, budget)
        history = messages_of(self._asked.turns, forms)
        *front, message = self._render(packed, again)
        sizes = self._tokens(history), sum(source.tokens for source in packed), self._tokens([*front, message])
        event = ContextFitted(
            forms,
            message.content,
            history_tokens=sizes[0],
            passage_tokens=sizes[1],
            prompt_tokens=sizes[0] + sizes[2],
            answer_tokens=self._answer,
            window=self._window,
            standing=tuple(
                passage.citation for passage in sorted(before, key=lambda one: one.citation.id not in again)
            ),
        )
        return Fitted((*front, *history, message), packed, before, event, cut)

    def _choose(self, before: Sequence[Passage], budget: int) -> tuple[tuple[PackedSource, ...], tuple[int, ...]]:
        """Choose the passages that are new, and the numbers of those before that the question is about as well."""
        most = max(self._asked.limit, self._found.named)
        held = {hit.chunk_id: number for hit in self._found.hits if (number := number_of(before, hit))}
        packed = choose(self._found, budget, self._count, most=self._asked.limit, held=held)
        # A chunk that was too long is cut the same way again.
        new = tuple(source for source in packed if not number_of(before, source.hit))
        again = {held[hit.chunk_id] for hit in self._found.hits[:most] if hit.chunk_id in held}
        return new, tuple(sorted(again))

    def _render(self, packed: Sequence[PackedSource], again: Sequence[int]) -> tuple[Message, ...]:
        """Render what every prompt begins with, and last the new message."""
        passages = [
            {
                "number": number,
                "path": source.path,
                "start_line": source.start_line,
                "end_line": source.end_line,
                "text": source.text,
            }
            for number, source in enumerate(packed, start=self._asked.first)
        ]
        given = [{"name": each.name, "text": each.text} for each in self._given]
        values = {"passages": passages, "standing": again, "attachments": given, "question": self._found.question}
        return render_prompt(self._prompt, values)

    def _tokens(self, messages: Sequence[Message]) -> int:
        """Count messages with the marks around them; at once, since some are counted by a server far away."""
        return self._count("\n".join(message.content for message in messages)) + _MESSAGE_TOKENS * len(messages)


def number_of(before: Sequence[Passage], hit: Hit) -> int:
    """Give the number of the passage that holds a hit already, the last one of several; 0 where none does."""
    return next((passage.citation.id for passage in reversed(before) if passage.holds(hit.chunk)), 0)
