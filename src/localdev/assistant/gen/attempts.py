"""Asking a model for a proposal: to a schema, checked, once more with what was wrong, and then a clear refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from localdev.assistant.gen.checks import failed
from localdev.core.chat import ChatRequest, Message, Sampling, Usage
from localdev.core.errors import BackendError, CutShort
from localdev.core.events import Event, Finished, Progress, TextDelta
from localdev.core.patch import Check, FileEdit, Proposal
from localdev.core.ports import ChatBackend

MOST_ATTEMPTS = 2
# As much of an answer that was refused is shown to the model again.
_MOST_REPEATED = 4000
_AGAIN = "This was refused: {why}\nAnswer again, in the same form, without that mistake."

# The check that an answer of a model fails which cannot become a change at all.
ANSWER = "the model's answer"

Edits = tuple[FileEdit, ...]


class Unfit(Exception):
    """An answer cannot become edits; the text says why, to the model and to the user."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked of a model, how an answer becomes edits, and what they are held against.

    `build` raises `Unfit` for an answer that cannot be used. `prompt` is the label of the prompt the messages are of.
    """

    messages: tuple[Message, ...]
    schema: dict[str, Any]
    build: Callable[[dict[str, Any]], Edits]
    check: Callable[[Edits], Sequence[Check]]
    prompt: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    adapter: str = ""
    owner: str = ""


def propose(job: Job, backend: ChatBackend) -> Generator[Event, None, Proposal]:
    """Ask until the checks pass, twice at most; a refused proposal comes back without edits and with its checks.

    Raises:
        BackendError: the engine failed, or ignores the schema. An answer that is cut counts as one that is refused.
    """
    messages, usage = job.messages, Usage()
    checks: Sequence[Check] = ()
    model = backend.describe().name
    for attempt in range(1, MOST_ATTEMPTS + 1):
        if attempt > 1:
            yield Progress("asking once more", attempt, MOST_ATTEMPTS, "attempts")
        answer = _Answer()
        yield from answer.take(job, messages, backend)
        usage = usage + answer.usage
        edits: Edits = ()
        try:
            edits = job.build(_read(answer))
            if edits and all(edit.old == edit.new for edit in edits):
                raise Unfit("nothing would change")
            checks = tuple(job.check(edits))
        except Unfit as problem:
            checks = (Check(ANSWER, False, str(problem)),)
        why = failed(checks)
        if edits and not why:
            return Proposal(edits, tuple(checks), attempt, model, job.prompt, usage)
        again = _AGAIN.format(why=why or "nothing was proposed")
        messages = (
            *job.messages,
            Message("assistant", answer.text[:_MOST_REPEATED] or "{}"),
            Message("user", again),
        )
    return Proposal((), tuple(checks), MOST_ATTEMPTS, model, job.prompt, usage)


def floor(edits: Edits, check: Callable[[Edits], Sequence[Check]]) -> Proposal:
    """Hold what was made without a model against the same checks."""
    checks = tuple(check(edits))
    return Proposal(() if failed(checks) else edits, checks)


@dataclass(slots=True)
class _Answer:
    """One answer of a model, as far as it came."""

    text: str = ""
    problem: str = ""
    usage: Usage = field(default_factory=Usage)

    def take(self, job: Job, messages: tuple[Message, ...], backend: ChatBackend) -> Generator[Event, None, None]:
        """Read the whole answer; progress and thoughts are passed on."""
        request = ChatRequest(
            messages,
            sampling=job.sampling,
            schema=job.schema,
            adapter=job.adapter,
            cache_key=job.prompt,
            owner=job.owner,
        )
        stream = backend.stream(request)
        ended = False
        try:
            for event in stream:
                if isinstance(event, Finished):
                    self.usage, ended = event.usage, True
                    break
                if isinstance(event, TextDelta):
                    self.text += event.text
                    yield Progress("writing", len(self.text), unit="characters")
                else:
                    yield event
            if not ended:
                raise BackendError("the engine ended without saying why", "run the command again")
        except CutShort:
            self.problem = "it was too long to be finished (gen.max_tokens); write less"
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()


def _read(answer: _Answer) -> dict[str, Any]:
    """Give the answer's object.

    Raises:
        Unfit: there is none.
    """
    if answer.problem:
        raise Unfit(answer.problem)
    try:
        read = json.loads(answer.text)
    except (ValueError, RecursionError) as error:
        raise Unfit("it does not have the form that was asked for (JSON)") from error
    if not isinstance(read, dict):
        raise Unfit("it does not have the form that was asked for (a JSON object)")
    return read
