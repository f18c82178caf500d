"""The message of the staged change: the floor's draft, or a model's words where there is one and they hold."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from localdev.assistant.answer import Clock
from localdev.assistant.commit.checks import Known
from localdev.assistant.commit.dress import Worded, scope_of, with_trailer, worded, wrapped
from localdev.assistant.commit.fitting import fit
from localdev.assistant.commit.floor import Draft, draft
from localdev.assistant.commit.model import Asked, Words
from localdev.assistant.commit.payload import commit_payload
from localdev.assistant.commit.style import Style
from localdev.assistant.commit.tickets import ticket_of
from localdev.core.chat import Sampling
from localdev.core.events import Event, Notice, Result, Sources
from localdev.core.ports import ChatBackend
from localdev.prompting.prompts import Prompt
from localdev.rules.changed import ReviewedChange

# The prompt's own words, the draft and the examples need about this many tokens beside the diff.
_AROUND = 700


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """What to word, and how: `kind` and `scope` are the user's, empty for none; `branch` may name a ticket.

    `first` says that there is no commit yet. `until` is a moment of `time.monotonic`, 0 for no deadline.
    """

    change: ReviewedChange
    style: Style
    kind: str = ""
    scope: str = ""
    branch: str = ""
    first: bool = False
    until: float = 0.0
    context_tokens: int = 3000
    sampling: Sampling = field(default_factory=lambda: Sampling(max_tokens=384))
    adapter: str = ""
    owner: str = ""


def commit(request: CommitRequest, *, prompt: Prompt, backend: ChatBackend | None, known: Known) -> Iterator[Event]:
    """Yield what a model was given, notices, and one `Result` with the message.

    A model's words that fail the checks twice, or are late, are replaced by the draft, with a notice that says why.
    """
    clock = Clock()
    if request.kind:  # what the user calls it is called so, whatever the history has for it
        request = replace(request, style=replace(request.style, types=(), usual=()))
    floor = draft(request.change, first=request.first, branch=request.branch)
    ticket = ticket_of(request.branch, request.style.ticket)
    scope = request.scope or _scope(request, floor)
    kind = (request.kind or floor.type) + "!" * floor.breaks
    plain = worded(request.style, floor.subjects, floor.lines, kind=kind, scope=scope, ticket=ticket)
    message, words = plain, Words(clock)
    if backend is not None and not request.first:
        asked = _asked(request, floor, prompt, backend, scope=scope, ticket=ticket)
        info = backend.describe()
        yield Sources(asked.fitted.shown, info.name, info.backend, prompt.label)
        yield from words.ask(backend, asked, known)
        if words.why:
            yield Notice("warning", f"the model's words were not used: {words.why}; this is the draft without a model")
        else:
            message = _from_model(request.style, words, scope, ticket, mark="!" * floor.breaks)
    model = _model(backend, words)
    times = clock.timings()
    yield Result(
        commit_payload(
            message,
            files=len(request.change.files),
            model=model,
            prompt=prompt.label if model else "",
            attempts=words.attempts,
            style=_style(request.style),
            usage=asdict(words.usage),
            timings={"first_token_ms": round(times.first_token_ms, 1), "total_ms": round(times.total_ms, 1)},
        )
    )


def _scope(request: CommitRequest, floor: Draft) -> str:
    """Choose the scope: the draft's own where types carry scopes, else the one of its paths."""
    if floor.scope and request.style.form == "conventional" and request.style.scoped:
        return floor.scope
    return scope_of(request.style, floor.paths, request.change.paths)


def _asked(
    request: CommitRequest, floor: Draft, prompt: Prompt, backend: ChatBackend, *, scope: str, ticket: str
) -> Asked:
    """Put together what the model is asked with."""
    room = backend.describe().context_window - request.sampling.max_tokens - _AROUND
    fitted = fit(request.change.change.files, max(0, min(request.context_tokens, room)), backend.count_tokens)
    return Asked(
        prompt,
        fitted,
        floor,
        request.style,
        scope,
        ticket,
        kind=request.kind,
        until=request.until,
        sampling=request.sampling,
        adapter=request.adapter,
        owner=request.owner,
    )


def _from_model(style: Style, words: Words, scope: str, ticket: str, *, mark: str) -> Worded:
    """Dress a model's words; `mark` stands behind the type where others have to follow the change."""
    kind = words.kind + mark
    message = worded(style, (words.subject,), (), kind=kind, scope=scope)
    line = worded(style, (words.subject,), (), kind=kind, scope=scope, ticket=ticket).subject
    return Worded(line, with_trailer(wrapped(words.body), style, ticket), message.type, scope, ticket)


def _style(style: Style) -> dict[str, Any]:
    """Say which habits the message follows, and of how many subjects they were learned."""
    names = ("form", "emoji", "mood", "capital", "full_stop", "subjects")
    return {name: getattr(style, name) for name in names}


def _model(backend: ChatBackend | None, words: Words) -> str:
    """Name the model whose words these are; empty for the draft's."""
    return backend.describe().name if backend is not None and words.subject else ""


def moment(seconds: float) -> float:
    """Give the moment so many seconds from now, 0 for none."""
    return time.monotonic() + seconds if seconds > 0 else 0.0
