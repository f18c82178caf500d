"""How fast a model is on this machine: prompt, first token cold and warm, and generation, over the chat port alone."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass

from localdev.core.chat import ChatRequest, Message, Sampling, Usage
from localdev.core.errors import BackendError
from localdev.core.events import BackendEvent, Finished, Progress, TextDelta, ThinkingDelta
from localdev.core.ports import ChatBackend

# A model that ends its answer after a few words is asked anew, until enough was written to time it by.
_LEAST_TOKENS = 24
_MOST_ANSWERS = 6
# Source code has three to four characters a token with every common tokenizer; the count itself is the model's.
_LINE = "def step_{0}_{1}(value: int) -> int:\n    return (value * {2} + {0}) % {3}  # part {0} of the chain\n\n"
_ASK = "Write a long explanation of what the following functions do, one after another.\n\n"


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured: tokens a second of prompt and of answer, and seconds to the first token.

    `cold_s` is with nothing of the prompt kept (the model being loaded), `warm_s` the same prompt again.
    `prompt_tokens` is the length of that prompt, `generated_tokens` what generation was timed over.
    """

    prompt_tokens: int
    prompt_tokens_s: float
    cold_s: float
    warm_s: float
    generated_tokens: int
    generated_tokens_s: float


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer: seconds to its first token and to its end, and its counts."""

    first_s: float
    total_s: float
    usage: Usage


def measure(
    backend: ChatBackend, *, salt: str, prompt_tokens: int = 512, tokens: int = 64
) -> Generator[Progress, None, Speed]:
    """Measure a model, and give the `Speed` as the generator's value; the events tell how far it is.

    `salt` makes the prompts unlike those of any other run, so that a server keeps nothing of them from before; in
    the same words, so that they are as long.

    Raises:
        BackendError: the model writes nothing to time.
        LocaldevError: what the backend says.
    """
    steps = 4
    can_chat = "chat" in backend.describe().capabilities
    yield Progress("warming up", 0, steps, "steps")
    _ask(backend, "x = 1\n", 1, chat=can_chat)  # the first use of weights reads them from the disk
    text = sized_text(backend, prompt_tokens, salt)
    yield Progress("reading a prompt", 1, steps, "steps")
    cold = _ask(backend, text, 1, chat=can_chat)
    yield Progress("the same again", 2, steps, "steps")
    warm = _ask(backend, text, 1, chat=can_chat)
    yield Progress("writing", 3, steps, "steps")
    written, seconds = _write(backend, salt, tokens, chat=can_chat)
    read = max(1, cold.usage.prompt_tokens - cold.usage.cached_tokens)
    return Speed(
        prompt_tokens=cold.usage.prompt_tokens,
        prompt_tokens_s=read / max(cold.first_s, 1e-6),
        cold_s=cold.first_s,
        warm_s=warm.first_s,
        generated_tokens=written,
        generated_tokens_s=written / max(seconds, 1e-6),
    )


def sized_text(backend: ChatBackend, tokens: int, salt: str) -> str:
    """Make source text of about `tokens` tokens of the model, unlike that of another salt from its first line on."""
    lines = [_LINE.format(number, salt, number * 7 + 3, number + 11) for number in range(max(4, tokens // 8))]
    low, high = 1, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        if backend.count_tokens("".join(lines[:middle])) <= tokens:
            low = middle
        else:
            high = middle - 1
    return "".join(lines[:low])


def _write(backend: ChatBackend, salt: str, tokens: int, *, chat: bool) -> tuple[int, float]:
    """Have the model write, and give tokens behind the first ones, and the seconds they took."""
    written, seconds = 0, 0.0
    for number in range(_MOST_ANSWERS):
        answer = _ask(backend, sized_text(backend, 48, f"{salt}{number}"), tokens, chat=chat)
        made = answer.usage.completion_tokens - 1  # the first one belongs to the prompt's time
        if made > 0:
            written += made
            seconds += answer.total_s - answer.first_s
        if written >= min(tokens - 1, _LEAST_TOKENS):
            return written, seconds
    if not written:
        raise BackendError(
            f"{backend.describe().name} ended every answer at once, so there is nothing to time",
            "see what it answers: `localdev ask QUESTION --model NAME`",
        )
    return written, seconds


def _ask(backend: ChatBackend, text: str, tokens: int, *, chat: bool) -> _Answer:
    """Ask once, as a chat or, of a model that only completes, as a text to go on with."""
    sampling = Sampling(max_tokens=tokens)
    request = (
        ChatRequest((Message("user", _ASK + text),), sampling=sampling)
        if chat
        else ChatRequest(prefix=text, suffix="\n", sampling=sampling)
    )
    return _timed(backend.stream(request))


def _timed(events: Iterable[BackendEvent]) -> _Answer:
    """Read an answer to its end."""
    started = time.perf_counter()
    first, usage = 0.0, Usage()
    for event in events:
        now = time.perf_counter() - started
        if isinstance(event, TextDelta | ThinkingDelta):
            first = first or now
        elif isinstance(event, Finished):
            usage = event.usage
    total = time.perf_counter() - started
    return _Answer(first or total, total, usage)


@dataclass(frozen=True, slots=True)
class Need:
    """What a job asks of a model: tokens it reads and writes as a rule, and what it must be able to do.

    `first_s` and `total_s` are how long somebody waits gladly for the first token and for all of it.
    """

    capability: str
    reads: int
    writes: int
    first_s: float
    total_s: float


# Tokens are those of the default settings (ask.context_tokens and the instructions, complete.context_tokens) and of a
# hunk with its surroundings. Seconds: a completion is waited for at the cursor; beyond ten seconds without a sign
# people turn to something else (J. Nielsen, Usability Engineering, 1993, ch. 5); a commit has its hook's deadline.
NEEDS = {
    "ask": Need("chat", 2300, 250, 10.0, 60.0),
    "chat": Need("chat", 2300, 250, 10.0, 60.0),
    "review": Need("schema", 1500, 200, 30.0, 60.0),
    "commit": Need("schema", 1200, 60, 10.0, 15.0),
    "gen": Need("chat", 2000, 400, 20.0, 120.0),
    "complete": Need("fim", 1000, 32, 1.5, 3.0),
}


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a model does a job on this machine: `fits` or `slow` or `no`, why, and the seconds it would take."""

    verdict: str
    why: str
    first_s: float = 0.0
    total_s: float = 0.0


def judge(speed: Speed, capabilities: Iterable[str], window: int) -> dict[str, Fit]:
    """Say for every job whether a model can do it here, and how long it takes with nothing of the prompt kept."""
    able = set(capabilities)
    return {job: _fit(speed, able, window, need) for job, need in NEEDS.items()}


def _fit(speed: Speed, able: set[str], window: int, need: Need) -> Fit:
    """Judge one job."""
    if need.capability not in able:
        return Fit("no", _LACKS.get(need.capability, f"it lacks {need.capability}"))
    if window < need.reads // 2 + need.writes:
        return Fit("no", f"its window of {window} tokens is too small")
    reads = min(need.reads, window - need.writes)
    first = reads / speed.prompt_tokens_s
    total = first + need.writes / speed.generated_tokens_s
    verdict = "fits" if first <= need.first_s and total <= need.total_s else "slow"
    return Fit(verdict, f"first word after {_seconds(first)}, all after {_seconds(total)}", first, total)


_LACKS = {
    "chat": "it takes no turns",
    "fim": "it was not trained to fill in the middle",
    "schema": "its answers cannot be bound to a schema",
}


def _seconds(seconds: float) -> str:
    """Write seconds: two digits that matter."""
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def best(fits: Sequence[tuple[str, float, Fit]]) -> str:
    """Choose for one job among (name, merit, fit): what fits before what is slow, then the higher merit; or nothing.

    The merit is what is known of quality: measured on the user's own history, or the number of parameters.
    """
    order = {"fits": 1, "slow": 0}
    able = [(order[fit.verdict], merit, -fit.total_s, name) for name, merit, fit in fits if fit.verdict in order]
    return max(able)[-1] if able else ""
