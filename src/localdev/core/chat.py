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

    `temperature` 0 is greedy; `seed` makes a sampled answer repeatable; `max_tokens` counts new tokens. `top_k` 0,
    `top_p` 1, `min_p` 0, `repeat_penalty` 1 and penalties of 0 change nothing.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()
    top_k: int = 0
    min_p: float = 0.0
    repeat_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a backend is asked: either `messages`, or `prefix` and `suffix` for fill-in-the-middle.

    `schema` is a JSON schema the output must follow, `grammar` a GBNF text; at most one of them is given. An answer
    to a schema that is cut by its length is an error (`CutShort`). `adapter` names a LoRA adapter: `NAME` or
    `NAME@SCALE`. `cache_key` names the stable prefix so that a backend may keep its state; `owner` is the id of the
    repository whose text the prompt holds, so that what is kept of it can be found and removed. With `logprobs` N each
    piece carries its tokens' log-probabilities and those of the N likeliest.
    """

    messages: tuple[Message, ...] = ()
    prefix: str = ""
    suffix: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    schema: dict[str, Any] | None = None
    grammar: str = ""
    adapter: str = ""
    cache_key: str = ""
    owner: str = ""
    logprobs: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one answer: the prompt's, how many of those came from kept state, and the completion's."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Count two answers together."""
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One token of an answer with its natural log-probability, and the likeliest tokens in its place with theirs."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a backend says of its model.

    `context_window` is in tokens; `capabilities` holds words of `chat`, `fim`, `schema`, `grammar`, `seed`, `adapter`,
    `logprobs`, `thinking`. `placement` says where it runs: layers on which device, or the host of a server.
    """

    name: str
    backend: str
    context_window: int
    digest: str = ""
    template: str = ""
    capabilities: frozenset[str] = frozenset()
    placement: str = ""
