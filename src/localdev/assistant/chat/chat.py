"""Answering the next question of a conversation about a repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from localdev.assistant.answer import Clock, ModelAnswer, Put, answer_with_places
from localdev.assistant.chat.fit import Asked, Fitted, fit, number_of
from localdev.assistant.chat.followup import about
from localdev.assistant.chat.history import first_form
from localdev.assistant.chat.users import used, with_users
from localdev.assistant.passages import Found, find_passages
from localdev.core.errors import UsageError
from localdev.core.events import Event, Notice, PromptShown, Refreshed
from localdev.core.ports import ChatBackend, ProgressSink, Repository
from localdev.prompting.prompts import Prompt

__all__ = ["Asked", "chat"]


def chat(
    asked: Asked,
    *,
    repository: Repository,
    prompt: Prompt,
    backend: ChatBackend | None = None,
    progress: ProgressSink | None = None,
) -> Iterator[Event]:
    """Answer the next question, yielding events; `Answered` is the last, or `PromptShown` where only that is wanted.

    Before a model is asked `ContextFitted` says what of the earlier turns it is shown. Without a backend the answer is
    the places themselves. Closing the iterator stops the engine.

    Raises:
        UsageError: the question is empty, or a file it names lies outside the repository.
        NotFound: a file it names is not there.
        ContextOverflow: the question alone does not fit the model's window.
    """
    if not asked.question.strip():
        raise UsageError("the question is empty", "write what you want to know")
    clock = Clock()
    report = repository.refresh(progress)
    clock.refresh_ms = clock.lap()
    yield Refreshed(report)
    topic = about(asked.question, asked.turns, asked.attachments)
    found = find_passages(asked.question, repository, limit=asked.limit, about=topic)
    found = with_users(found, repository, *used(asked.question, asked.turns))
    clock.retrieve_ms = clock.lap()
    if backend is None and not asked.show_prompt:
        yield from answer_with_places(found, repository, clock, most=asked.limit, first=asked.first)
        if asked.attachments:
            yield Notice("hint", "what you attached was not used: only a model reads it")
        return
    fitted = fit(asked, found, prompt=prompt, backend=backend)
    yield from _said(asked, fitted)
    if asked.show_prompt:
        yield PromptShown(fitted.messages, fitted.event.prompt_tokens)
    elif backend is not None:
        answer = ModelAnswer(asked, repository, prompt, backend, clock, "chat")
        yield from _answer(answer, asked, found, fitted)


def _answer(answer: ModelAnswer, asked: Asked, found: Found, fitted: Fitted) -> Iterator[Event]:
    """Yield a model's answer; where it says nothing, or has nothing to go by, the places."""
    repository, clock, first = answer.repository, answer.clock, asked.first
    if not (fitted.packed or fitted.event.history_tokens or asked.attachments):
        yield Notice("warning", "no passage of this repository matches, so the model was not asked")
        yield from answer_with_places(found, repository, clock, most=asked.limit, first=first)
        return
    yield fitted.event
    yield from answer.stream(_put(asked, found, fitted))
    if not answer.text.strip():
        yield Notice("warning", "the model gave an empty answer; these are the places it was asked about")
        behind = first + len(fitted.packed)
        yield from answer_with_places(found, repository, clock, most=asked.limit, first=behind)


def _put(asked: Asked, found: Found, fitted: Fitted) -> Put:
    """Give what the model is asked; what it said itself before makes no name known."""
    again = (hit for hit in found.hits if number_of(fitted.standing, hit))
    return Put(
        fitted.messages,
        fitted.sources,
        tuple(message.content for message in fitted.messages if message.role == "user"),
        tuple(found.notices((*fitted.sources, *again))),
        asked.first,
        fitted.event.standing,
    )


def _said(asked: Asked, fitted: Fitted) -> Iterator[Notice]:
    """Say what was cut, and which earlier turns have had to give way this time."""
    yield from (Notice("warning", text) for text in fitted.cut)
    changes = [
        (turn.number, form)
        for turn, form in zip(asked.turns, fitted.event.forms, strict=True)
        if form != first_form(turn)
    ]
    short = [number for number, form in changes if form == "short"]
    out = [number for number, form in changes if form == "out"]
    if short:
        yield Notice(
            "info", f"to make room the model sees {_turns(short)} without passages and attachments from now on"
        )
    if out:
        yield Notice("info", f"to make room the model does not see {_turns(out)} any more")


def _turns(numbers: Sequence[int]) -> str:
    """Name turns by their numbers, first and last where there are several."""
    return f"turn {numbers[0]}" if len(numbers) == 1 else f"turns {numbers[0]} to {numbers[-1]}"
