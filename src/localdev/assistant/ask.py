"""Answering a question about a repository: refresh, retrieve, pack, ask the model, verify."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.assistant.answer import Clock, ModelAnswer, Put, answer_with_places
from localdev.assistant.passages import AskRequest, Filled, Found, fill_prompt, find_passages
from localdev.core.errors import UsageError
from localdev.core.events import Event, Notice, PromptShown, Refreshed
from localdev.core.ports import ChatBackend, ProgressSink, PromptOrders, Repository
from localdev.prompting.prompts import Prompt

__all__ = ["AskRequest", "ask"]


def ask(
    request: AskRequest,
    *,
    repository: Repository,
    prompt: Prompt,
    backend: ChatBackend | None = None,
    progress: ProgressSink | None = None,
    orders: PromptOrders | None = None,
) -> Iterator[Event]:
    """Answer a question, yielding events; `Answered` is the last one, or `PromptShown` when only that was asked for.

    Without a backend the answer is the places themselves. Closing the iterator stops the engine. With `orders` a prompt
    begins as an earlier one did, as far as their passages are the same.

    Raises:
        UsageError: the question is empty, or a file it names lies outside the repository.
        NotFound: a file it names is not there.
        ContextOverflow: question and extra text alone do not fit the model's window.
    """
    if not request.question.strip():
        raise UsageError("the question is empty", 'write it in quotes: `localdev ask "where are settings read?"`')
    clock = Clock()
    report = repository.refresh(progress)
    clock.refresh_ms = clock.lap()
    yield Refreshed(report)
    found = find_passages(request.question, repository, limit=request.limit, where=request.where)
    clock.retrieve_ms = clock.lap()
    if request.show_prompt:
        filled = fill_prompt(request, found, prompt=prompt, backend=backend, orders=orders)
        yield from found.notices([source.hit for source in filled.packed])
        yield PromptShown(filled.messages, filled.tokens)
        return
    if backend is None or not found.hits:
        if backend is not None:
            yield Notice("warning", "no passage of this repository matches, so the model was not asked")
        yield from answer_with_places(found, repository, clock, most=request.limit)
        return
    answer = ModelAnswer(request, repository, prompt, backend, clock)
    filled = fill_prompt(request, found, prompt=prompt, backend=backend, orders=orders)
    if orders is not None:
        orders.remember(filled.order)
    yield from answer.stream(_put(request, found, filled))
    if not answer.text.strip():
        yield Notice("warning", "the model gave an empty answer; these are the places it was asked about")
        yield from answer_with_places(found, repository, clock, most=request.limit)


def _put(request: AskRequest, found: Found, filled: Filled) -> Put:
    """Give what the model is asked, with the texts whose names its answer may use."""
    sources = tuple(source.hit for source in filled.packed)
    given = (found.question, request.extra, *(source.text for source in filled.packed))
    return Put(filled.messages, sources, given, tuple(found.notices(sources)))
