"""What the program and the process that runs a model say to each other: one line of JSON for each message.

The program says what to open, then asks; each request has a number, and what belongs to it carries the number. The
process takes requests in their order, and counts tokens while it answers. Or all messages are tasks: the process does
one after another, tells how far it is, and gives its result. When the program's end of the pipe is closed, whatever
the reason, the process ends at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from localdev.backends.llamacpp.perplexity import Measuring, Perplexity
from localdev.backends.llamacpp.quantise import Quantised, Quantising
from localdev.backends.options import BackendOptions
from localdev.core.chat import ChatRequest, ModelInfo
from localdev.core.events import BackendEvent, Progress

# What the process is at: loading the model, building a prompt from the model's template, answering, or waiting.
Phase = Literal["loading", "template", "answering", "idle"]


@dataclass(frozen=True, slots=True)
class Open:
    """The first message: load this file."""

    path: Path
    options: BackendOptions


Task = Quantising | Measuring


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer a request, when those before it are done."""

    number: int
    request: ChatRequest


@dataclass(frozen=True, slots=True)
class Count:
    """Count the tokens of a text, now."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop answering a request, or take it out of the line."""

    number: int


@dataclass(frozen=True, slots=True)
class Close:
    """Stop what runs, free the model, and end."""


ToHost = Ask | Count | Cancel | Close


@dataclass(frozen=True, slots=True)
class Ready:
    """The model is loaded."""

    info: ModelInfo


@dataclass(frozen=True, slots=True)
class At:
    """A phase has begun."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class Given:
    """Some events of an answer, in order; `Finished` is the last."""

    number: int
    events: tuple[BackendEvent, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """The number of tokens that was asked for."""

    number: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A request failed, or, with number 0, the loading or the task.

    `error` is one of ours, else `bug` is Python's traceback.
    """

    number: int
    error: dict[str, str]
    bug: str = ""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something went wrong that fails no answer: what cost time and will cost it again."""

    text: str


FromHost = Ready | At | Given | Counted | Failed | Warned


@dataclass(frozen=True, slots=True)
class Going:
    """How far the task is."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class Done:
    """The task is done."""

    result: Quantised | Perplexity


FromTask = Going | Done | Failed
