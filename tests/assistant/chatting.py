"""A conversation for tests: asks one question after the other and keeps the turns as a caller would."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from localdev.assistant.chat.chat import Asked, chat
from localdev.backends.fake import FakeBackend
from localdev.core.chat import Message
from localdev.core.events import Answered, Citation, ContextFitted, Event, Notice, Sources
from localdev.core.ports import ChatBackend, Repository
from localdev.core.talk import Turn
from localdev.prompting.prompts import load_prompt


def backend_of(*replies: str, window: int = 8192) -> FakeBackend:
    """Give a scripted model; without replies it says the same again and again."""
    return FakeBackend(list(replies) or ["It is so."] * 100, context_window=window)


@dataclass
class Talk:
    """A conversation about a repository; `turns` are those so far, `events` those of the last question."""

    repository: Repository
    backend: ChatBackend | None = None
    turns: list[Turn] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def ask(self, question: str, **more: Any) -> Turn:
        """Ask the next question and keep what came of it."""
        asked = Asked(question, tuple(self.turns), **more)
        self.events = list(chat(asked, repository=self.repository, prompt=load_prompt("chat"), backend=self.backend))
        self.turns = kept(self.turns, question, self.events)
        return self.turns[-1]

    @property
    def fitted(self) -> ContextFitted:
        """What was told of the last fitting."""
        return next(event for event in self.events if isinstance(event, ContextFitted))

    @property
    def prompt(self) -> tuple[Message, ...]:
        """The messages that were sent last."""
        assert isinstance(self.backend, FakeBackend)
        return self.backend.requests[-1].messages

    @property
    def notices(self) -> str:
        """All that was said beside the last answer."""
        return "\n".join(event.text for event in self.events if isinstance(event, Notice))


def kept(turns: list[Turn], question: str, events: list[Event]) -> list[Turn]:
    """Give the turns with the newest one, and in the forms that they were fitted in."""
    new = Turn(len(turns) + 1, "question", question, state="done")
    for event in events:
        if isinstance(event, ContextFitted):
            new = replace(new, sent=event.message)
            turns = [replace(turn, form=form) for turn, form in zip(turns, event.forms, strict=True)]
        elif isinstance(event, Sources):
            new = replace(new, sources=new.sources + places(event))
        elif isinstance(event, Answered):
            cited = tuple(citation.id for citation in event.citations)
            new = replace(new, answer=event.answer, cited=cited, unverified=event.unverified, model=event.model)
    return [*turns, new]


def places(sources: Sources) -> tuple[Citation, ...]:
    """Give the places of passages with their numbers."""
    return tuple(
        Citation(number, hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line, hit.chunk.symbol)
        for number, hit in enumerate(sources.hits, start=sources.first)
    )
