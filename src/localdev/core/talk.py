"""Values of a chat: sessions, their turns, and what of earlier turns stands in a prompt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from localdev.core.chat import Usage
from localdev.core.events import Citation, HistoryForm, Notice, Timings

TurnKind = Literal["question", "review", "commit", "gen"]
# `streaming`: being answered now; `unfinished`: the process that answered it is gone.
TurnState = Literal["streaming", "done", "cancelled", "failed", "unfinished"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """Text that the user gave with a question, and what it is called: a file's path, or `pasted text 1`."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing the user asked, and what came of it.

    `number` counts from 1 within a session. `asked` is as typed; `sent` is the user's message exactly as a model got
    it, passages included, so that a later prompt can begin with the same tokens; `form` is how much of the turn later
    prompts hold. `sources` are all passages the answer may cite, `cited` the ids it does. `payload` is the result of a
    review, a commit or a generation. `error` and `hint` say why a failed turn failed. Times are seconds since 1970.
    """

    number: int
    kind: TurnKind
    asked: str
    answer: str = ""
    state: TurnState = "streaming"
    attachments: tuple[Attachment, ...] = ()
    sources: tuple[Citation, ...] = ()
    cited: tuple[int, ...] = ()
    unverified: tuple[str, ...] = ()
    dropped_citations: int = 0
    said: tuple[Notice, ...] = ()
    model: str = ""
    backend: str = ""
    adapter: str = ""
    prompt: str = ""
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    stop_reason: str = ""
    payload: dict[str, Any] | None = None
    sent: str = ""
    form: HistoryForm = "whole"
    error: str = ""
    hint: str = ""
    asked_at: float = 0.0
    ended_at: float = 0.0


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What is known of a session without reading its turns; `root` is the repository it is about, as a path."""

    id: str
    title: str
    root: str
    created_at: float
    changed_at: float
    turns: int = 0
    model: str = ""
