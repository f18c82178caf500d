"""A model's words for a change, asked for by schema and checked; one more attempt with the reason, then none."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from localdev.assistant.answer import Clock
from localdev.assistant.commit.checks import Known, cleaned, fault
from localdev.assistant.commit.dress import subject_line
from localdev.assistant.commit.fitting import Fitted
from localdev.assistant.commit.floor import Draft
from localdev.assistant.commit.style import LONGEST, TYPES, Style
from localdev.core.chat import ChatRequest, Sampling, Usage
from localdev.core.errors import BackendError, CutShort
from localdev.core.events import Event, Finished, Progress, TextDelta
from localdev.core.ports import ChatBackend
from localdev.prompting.prompts import Prompt, render_prompt

_ATTEMPTS = 2
_LONGEST_BODY = 800


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked with: the prompt, the diff as it fits, the floor's draft, and how the answer will be dressed.

    `until` is a moment of `time.monotonic`, 0 for no deadline; `kind` the type that the user wants, or empty.
    """

    prompt: Prompt
    fitted: Fitted
    draft: Draft
    style: Style
    scope: str
    ticket: str
    kind: str = ""
    until: float = 0.0
    sampling: Sampling = field(default_factory=lambda: Sampling(max_tokens=384))
    adapter: str = ""
    owner: str = ""


@dataclass(slots=True)
class Words:
    """What came of asking: type, subject and body, or `why` there are none."""

    clock: Clock
    kind: str = ""
    subject: str = ""
    body: str = ""
    why: str = ""
    attempts: int = 0
    usage: Usage = field(default_factory=Usage)

    def ask(self, backend: ChatBackend, asked: Asked, known: Known) -> Iterator[Event]:
        """Ask until an answer passes the checks, at most twice; yields progress alone."""
        for attempt in range(1, _ATTEMPTS + 1):
            self.attempts = attempt
            wrong = self.why
            yield Progress("wording the commit", attempt, _ATTEMPTS, unit="attempts")
            try:
                yield from self._attempt(backend, asked, wrong, known)
            except CutShort:
                self.why = "the answer was longer than allowed"
            except BackendError as error:
                self.why = str(error)
                return
            if not self.why or self.why == _LATE:
                return

    def _attempt(self, backend: ChatBackend, asked: Asked, wrong: str, known: Known) -> Iterator[Event]:
        """Ask once, and note the words or what is wrong with them."""
        text = ""
        self.why = _LATE
        request = _request(asked, wrong)
        with _ended_at(asked.until, backend, request) as in_time:
            if not in_time:
                return
            stream = backend.stream(request)
            try:
                for event in stream:
                    if isinstance(event, TextDelta):
                        self.clock.first_token_ms = self.clock.first_token_ms or self.clock.lap()
                        text += event.text
                    elif isinstance(event, Finished):
                        self._count(event.usage)
                        if event.reason == "cancelled":
                            return
                    else:
                        yield event
            finally:
                close = getattr(stream, "close", None)
                if close is not None:
                    close()
        self._take(text, asked, known)

    def _count(self, usage: Usage) -> None:
        """Add up what the attempts cost."""
        self.usage += usage

    def _take(self, text: str, asked: Asked, known: Known) -> None:
        """Read and check an answer."""
        try:
            answer = json.loads(text)
            kind, subject, body = answer.get("type", asked.kind), answer["subject"], answer["body"]
        except (ValueError, LookupError, AttributeError, RecursionError):
            self.why = "the answer is not of the form that was asked for"
            return
        if not all(isinstance(each, str) for each in (kind, subject, body)):
            self.why = "the answer is not of the form that was asked for"
            return
        subject, body = cleaned(subject, body)
        kind = asked.kind or (kind if kind in TYPES else asked.draft.type)
        mark = "!" * asked.draft.breaks
        line = subject_line(asked.style, subject, kind=kind + mark, scope=asked.scope, ticket=asked.ticket)
        self.why = fault(subject, body, known, line=line)
        if not self.why:
            self.kind, self.subject, self.body = kind, subject, body


_LATE = "the deadline was over"


def _request(asked: Asked, wrong: str) -> ChatRequest:
    """Put the request together."""
    style = asked.style
    messages = render_prompt(
        asked.prompt,
        {
            "form": _form(style),
            "examples": list(style.examples[:5]),
            "facts": [f"probably {asked.draft.type}: {asked.draft.subjects[0]}", *asked.draft.lines],
            "names": asked.fitted.names,
            "diff": asked.fitted.diff,
            "wrong": wrong,
        },
    )
    return ChatRequest(
        messages,
        sampling=asked.sampling if not wrong else replace(asked.sampling, temperature=0.4, seed=1),
        schema=schema(_room(asked), with_type=not asked.kind),
        adapter=asked.adapter,
        cache_key=asked.prompt.label,
        owner=asked.owner,
    )


def _room(asked: Asked) -> int:
    """Give the characters that are left of a subject beside what is put around it."""
    kind = (asked.kind or max(TYPES, key=len)) + "!" * asked.draft.breaks
    return LONGEST - len(subject_line(asked.style, "", kind=kind, scope=asked.scope, ticket=asked.ticket))


def schema(longest: int, *, with_type: bool) -> dict[str, Any]:
    """Give the schema of an answer; `longest` is the most characters of a subject."""
    properties: dict[str, Any] = {"type": {"type": "string", "enum": list(TYPES)}} if with_type else {}
    properties["subject"] = {"type": "string", "minLength": 8, "maxLength": max(20, longest)}
    properties["body"] = {"type": "string", "maxLength": _LONGEST_BODY}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _form(style: Style) -> str:
    """Say how this repository's subjects sound."""
    verb = {"imperative": "add, fix", "past": "added, fixed", "present": "adds, fixes"}[style.mood]
    first = "begins with a capital letter" if style.capital else "begins with a small letter"
    return f"the verb as in {verb}; {first}; {'with' if style.full_stop else 'without'} a full stop"


@contextlib.contextmanager
def _ended_at(until: float, backend: ChatBackend, request: ChatRequest) -> Iterator[bool]:
    """End the model's answer at a moment; gives false where that is over already."""
    if not until:
        yield True
        return
    left = until - time.monotonic()
    if left <= 0:
        yield False
        return
    timer = threading.Timer(left, backend.cancel, [request])
    timer.daemon = True
    timer.start()
    try:
        yield True
    finally:
        timer.cancel()
