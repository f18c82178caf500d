"""How fast a model is on this machine: prompt, first token cold and warm, and generation, over the chat port alone."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace

from localdev.core.chat import ChatRequest, Message, Sampling, Usage
from localdev.core.errors import BackendError
from localdev.core.events import BackendEvent, Finished, Progress, TextDelta, ThinkingDelta
from localdev.core.ports import ChatBackend

# A model that ends its answer after a few words is asked anew, until enough was written to time it by.
_LEAST_TOKENS = 24
_MOST_ANSWERS = 6
_FEW = 4
# Nothing writes as many tokens a second one after another: such an answer came in one piece.
_FASTEST = 10_000
# Source code has three to four characters a token with every common tokenizer; the count itself is the model's.
_LINE = "def step_{0}_{1}(value: int) -> int:\n    return (value * {2} + {0}) % {3}  # part {0} of the chain\n\n"
# It stands behind the text, so that nothing but the words of a chat template is kept from one prompt to the next.
_ASK = "\nWrite a long explanation of what these functions do, one after another.\n"


# Long prompts cost more a token than short ones. One as long as jobs have is read too, unless that would take minutes:
# then no verdict hangs on it.
LONG_TOKENS = 2300
_LONGEST_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class At:
    """Speeds at one length of prompt: seconds to the first token with none of it kept, tokens a second written then."""

    prompt_tokens: int
    first_s: float
    generated_tokens_s: float


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured: tokens a second of prompt and of answer, and seconds to the first token.

    `cold_s` is with nothing of the prompt kept (the model being loaded), `warm_s` the same prompt again.
    `prompt_tokens` is the length of that prompt, `generated_tokens` what generation was timed over. `warm_up_s` is what
    the very first answer took, of one token. `long` is measured at the length that jobs have, None where that would
    have taken too long or does not go into the window.
    """

    prompt_tokens: int
    prompt_tokens_s: float
    cold_s: float
    warm_s: float
    generated_tokens: int
    generated_tokens_s: float
    warm_up_s: float = 0.0
    long: At | None = None

    def reading(self, tokens: int) -> float:
        """Give the seconds that a prompt of so many tokens takes: a n + b n^2, as attention looks at all before."""
        each = 1 / self.prompt_tokens_s
        if self.long is None:
            return each * tokens
        short, far = self.prompt_tokens, self.long.prompt_tokens
        bend = max(0.0, (self.long.first_s / far - each) / (far - short))
        straight = each - bend * short if bend else self.long.first_s / far
        return tokens * (straight + bend * tokens)

    def writing(self, tokens: int, behind: int) -> float:
        """Give the seconds that an answer of so many tokens takes behind a prompt of `behind` tokens."""
        each = 1 / self.generated_tokens_s
        if self.long is not None:
            more = max(0.0, 1 / self.long.generated_tokens_s - each)
            each += more * min(1.0, behind / self.long.prompt_tokens)
        return each * tokens


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer: seconds to its first token and to its end, and its counts."""

    first_s: float
    total_s: float
    usage: Usage

    @property
    def read_tokens(self) -> int:
        """The tokens of the prompt that were read for it, without those that were kept."""
        return max(1, self.usage.prompt_tokens - self.usage.cached_tokens)

    @property
    def written_tokens(self) -> int:
        """The tokens behind the first one, which belongs to the prompt's time."""
        return max(0, self.usage.completion_tokens - 1)

    @property
    def writing_s(self) -> float:
        """The seconds these took; where all came in one piece at the end the prompt's time is in it, as none tells."""
        behind_first = self.total_s - self.first_s
        return max(self.total_s if behind_first < self.written_tokens / _FASTEST else behind_first, 1e-6)


def measure(
    backend: ChatBackend, *, salt: str, prompt_tokens: int = 512, tokens: int = 64, long_tokens: int = LONG_TOKENS
) -> Generator[Progress, None, Speed]:
    """Measure a model, and give the `Speed` as the generator's value; the events tell how far it is.

    `salt` makes the prompts unlike those of any other run, so that a server keeps nothing of them from before; in
    the same words, so that they are as long. A model with a small window is given half of it to read. `long_tokens` is
    the length of the long prompt.

    Raises:
        BackendError: the model writes nothing to time.
        LocaldevError: what the backend says.
    """
    steps, info = 5, backend.describe()
    can_chat, window = "chat" in info.capabilities, info.context_window
    tokens = max(2, min(tokens, window // 4))
    yield Progress("warming up", 0, steps, "steps")
    first = _ask(backend, "x = 1\n", 1, chat=can_chat)  # the first use of weights reads them from the disk
    text = sized_text(backend, min(prompt_tokens, window // 2), salt)
    yield Progress("reading a prompt", 1, steps, "steps")
    cold = _ask(backend, text, 1, chat=can_chat)
    yield Progress("the same again", 2, steps, "steps")
    warm = _ask(backend, text, 1, chat=can_chat)
    yield Progress("writing", 3, steps, "steps")
    written, seconds = _write(backend, salt, tokens, chat=can_chat)
    speed = Speed(
        prompt_tokens=cold.usage.prompt_tokens,
        prompt_tokens_s=cold.read_tokens / max(cold.first_s, 1e-6),
        cold_s=cold.first_s,
        warm_s=warm.first_s,
        generated_tokens=written,
        generated_tokens_s=written / seconds,
        warm_up_s=first.total_s,
    )
    far = min(long_tokens, window - 4 * tokens)
    if far < 2 * speed.prompt_tokens or speed.reading(far) > _LONGEST_SECONDS:
        return speed
    yield Progress("reading a long prompt", 4, steps, "steps")
    answer = _ask(backend, sized_text(backend, far, f"{salt}l"), min(tokens, _LEAST_TOKENS), chat=can_chat)
    return replace(speed, long=_at(answer, speed))


def _at(answer: _Answer, speed: Speed) -> At:
    """Give the speeds at a long prompt; of one that is answered in a word nothing is known of writing."""
    read = answer.usage.prompt_tokens
    rate = answer.written_tokens / answer.writing_s if answer.written_tokens >= _FEW else speed.generated_tokens_s
    return At(read, answer.first_s * read / answer.read_tokens, rate)


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
        if answer.written_tokens:
            written += answer.written_tokens
            seconds += answer.writing_s
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
        ChatRequest((Message("user", text + _ASK),), sampling=sampling)
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
    first = speed.reading(reads)
    total = first + speed.writing(need.writes, reads)
    verdict = "fits" if first <= need.first_s and total <= need.total_s else "slow"
    least = "" if speed.long is not None or reads <= speed.prompt_tokens else "at least "
    return Fit(verdict, f"first word after {least}{_seconds(first)}, all after {least}{_seconds(total)}", first, total)


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
