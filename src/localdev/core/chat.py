"""Values of a conversation with a model: messages, the request, and what a backend says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose tokens.

    `temperature` 0 is greedy; `seed` makes a sampled answer repeatable; `max_tokens` counts new tokens.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a backend is asked: either `messages`, or `prefix` and `suffix` for fill-in-the-middle.

    `schema` is a JSON schema the output must follow, `grammar` a GBNF text; at most one of them is given.
    `cache_key` names the stable prefix so that a backend may keep its state.
    """

    messages: tuple[Message, ...] = ()
    prefix: str = ""
    suffix: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    schema: dict[str, Any] | None = None
    grammar: str = ""
    adapter: str = ""
    cache_key: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one answer: the prompt's, how many of those came from kept state, and the completion's."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a backend says of its model.

    `context_window` is in tokens; `capabilities` holds words such as `chat`, `fim`, `schema`.
    """

    name: str
    backend: str
    context_window: int
    digest: str = ""
    template: str = ""
    capabilities: frozenset[str] = frozenset()
