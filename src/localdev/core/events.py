"""Typed events that jobs and backends yield; every door (terminal, service, gateway) reads the same stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from localdev.core.chat import Message, TokenLogprob, Usage
from localdev.core.code import RefreshReport
from localdev.core.search import Hit

# How much of an earlier turn a prompt holds: all of it as it was sent, question and answer alone, or nothing.
HistoryForm = Literal["whole", "short", "out"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Work under way: `stage` names it, `done` of `total` (0 when unknown) counted in `unit`.

    One without a stage says that the work is over, where no other event comes to say so.
    """

    stage: str
    done: int = 0
    total: int = 0
    unit: str = "files"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know while the job goes on; printed on stderr as `warning:` or `hint:`."""

    level: Literal["info", "warning", "hint"]
    text: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer, in order. From a backend it is raw; from a job it is checked and may be shown."""

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """A piece of what a model thinks before it answers: never a part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A backend's last event: why it stopped and the token counts."""

    reason: Literal["stop", "length", "cancelled"]
    usage: Usage


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The index is up to date; the report says what was done, `path` to which file where one alone is known of."""

    report: RefreshReport
    path: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """The numbered passages an answer rests on: `hits[i]` is cited as `[i + first]`.

    `model`, `backend` and `prompt` (as in `Answered`) name what the passages go to; empty when nothing is sent.
    """

    hits: tuple[Hit, ...]
    model: str = ""
    backend: str = ""
    prompt: str = ""
    first: int = 1


@dataclass(frozen=True, slots=True)
class ContextFitted:
    """How a conversation was fitted into the model's window, before it is sent.

    `forms` says of each earlier turn that was given, in order, how much of it the prompt holds, and `message` is the
    user's message exactly as it is sent. `standing` are the passages of earlier turns that are sent once more, those
    that the question is about first. Counts are in tokens; `answer_tokens` are kept free for the answer.
    """

    forms: tuple[HistoryForm, ...]
    message: str
    history_tokens: int
    passage_tokens: int
    prompt_tokens: int
    answer_tokens: int
    window: int
    standing: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptShown:
    """The messages that would be sent, for `--show-prompt`."""

    messages: tuple[Message, ...]
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage an answer cites as `[id]`."""

    id: int
    path: str
    start_line: int
    end_line: int
    symbol: str = ""

    @property
    def place(self) -> str:
        """The place as people write it: `shop.py:10-40`, and `shop.py:10` for one line."""
        last = f"-{self.end_line}" if self.end_line > self.start_line else ""
        return f"{self.path}:{self.start_line}{last}"


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds spent per step; `first_token_ms` is 0 without a model."""

    refresh_ms: float = 0.0
    retrieve_ms: float = 0.0
    first_token_ms: float = 0.0
    total_ms: float = 0.0

    def tokens_per_second(self, tokens: int) -> float:
        """Give the speed at which so many tokens were written after the first one; 0 where that is not known."""
        writing = self.total_ms - self.refresh_ms - self.retrieve_ms - self.first_token_ms
        return (tokens - 1) * 1000 / writing if self.first_token_ms and writing > 0 and tokens > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Answered:
    """The last event of `ask`: the whole checked answer and all that `--json` and the journal need.

    `model` is empty when the answer is the floor's. `dropped_citations` counts `[n]` that were removed from the text.
    `prompt` is `id@version:digest` of the prompt used, empty without one.
    """

    answer: str
    citations: tuple[Citation, ...] = ()
    unverified: tuple[str, ...] = ()
    dropped_citations: int = 0
    model: str = ""
    backend: str = ""
    prompt: str = ""
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    stop_reason: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The last event of a job that reports a plain value: what `--json` prints, without `schema_version`."""

    payload: dict[str, Any]


BackendEvent = Progress | TextDelta | ThinkingDelta | Finished
Event = (
    Progress
    | Notice
    | TextDelta
    | ThinkingDelta
    | Refreshed
    | Sources
    | ContextFitted
    | PromptShown
    | Answered
    | Result
)
