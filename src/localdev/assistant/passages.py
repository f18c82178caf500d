"""The passages of an answer: found, fitted to the window, and put into the prompt's messages."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace

from localdev.assistant.mentions import find_mentions, mentioned_hits
from localdev.core.chat import Message, Sampling
from localdev.core.errors import ContextOverflow
from localdev.core.events import Notice
from localdev.core.ports import ChatBackend, PromptOrders, Repository
from localdev.core.search import Hit, SearchFilter
from localdev.prompting.prompts import Prompt, render_prompt
from localdev.prompting.steady import steady_order
from localdev.retrieval.likeness import ONLY_SIMILAR, only_similar
from localdev.retrieval.pack import PackedSource, pack, pack_all
from localdev.retrieval.search import search

# Without a model its tokenizer is not there: source text has about 3.5 characters a token in current code tokenizers.
_CHARACTERS_PER_TOKEN = 3.5
# The window `--show-prompt` assumes where no model is configured.
ASSUMED_WINDOW = 4096
# A chat template adds a few marks to each message; this many tokens are kept free for them.
TEMPLATE_TOKENS = 32
# So many hits are weighed against each other: with fewer, the further chunks of the right file are not among them.
_WEIGHED = 80
# Below this many tokens left for passages an answer cannot rest on anything.
LEAST_PASSAGE_TOKENS = 64


@dataclass(frozen=True, slots=True)
class AskRequest:
    """A question and how to answer it.

    `limit` is the number of passages, `extra` further text given by the user, `context_tokens` the most tokens that
    passages may take (0: as many as the window leaves). `owner` is the id of the repository, under which a backend
    keeps what it keeps of the prompt, `adapter` the LoRA adapter to answer with.
    """

    question: str
    limit: int = 8
    extra: str = ""
    show_prompt: bool = False
    context_tokens: int = 0
    sampling: Sampling = field(default_factory=Sampling)
    where: SearchFilter | None = None
    owner: str = ""
    adapter: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The question without `@` marks, and its passages: the first `named` ones are those it names itself."""

    question: str
    hits: tuple[Hit, ...]
    named: int

    def notices(self, shown: Sequence[Hit]) -> Iterator[Notice]:
        """Say what of the files that the question names is not among what is shown."""
        if sum(_lines(hit) for hit in self.hits[: self.named]) > sum(
            _lines(hit) for hit in shown if any(_within(hit, own) for own in self.hits[: self.named])
        ):
            yield Notice(
                "warning", "only a part of what the question names fits; name fewer lines with @path:FIRST-LAST"
            )
        if only_similar(self.hits):
            yield Notice("warning", ONLY_SIMILAR)


def _lines(hit: Hit) -> int:
    """Count the lines of a passage that are not blank."""
    return sum(bool(line.strip()) for line in hit.chunk.text.split("\n"))


def _within(hit: Hit, named: Hit) -> bool:
    """Say whether a passage overlaps a named one."""
    one, other = hit.chunk, named.chunk
    return one.path == other.path and one.start_line <= other.end_line and other.start_line <= one.end_line


def find_passages(
    question: str, repository: Repository, *, limit: int = 8, about: str = "", where: SearchFilter | None = None
) -> Found:
    """Give the passages for a question: those it names first, then those that search finds.

    `about` is what the question is about beyond its own words: it is searched for with them.

    Raises:
        UsageError, NotFound: a file it names is not in the repository.
    """
    question, mentions = find_mentions(question, repository.paths() if "@" in question else [])
    named = mentioned_hits(mentions, repository)
    taken = {hit.chunk_id for hit in named}
    searched = f"{question}\n{about}" if about else question
    found = search(searched, repository, limit=max(limit, _WEIGHED), where=where)
    hits = named + [hit for hit in found if hit.chunk_id not in taken]
    return Found(question, tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1)), len(named))


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of source text where no tokenizer is at hand."""
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class Filled:
    """The messages to send, the passages in them, and the tokens of it all."""

    messages: tuple[Message, ...]
    packed: tuple[PackedSource, ...]
    tokens: int

    @property
    def order(self) -> list[str]:
        """The passages in the order they stand in, as digests."""
        return [_digest(source) for source in self.packed]


def fill_prompt(
    request: AskRequest,
    found: Found,
    *,
    prompt: Prompt,
    backend: ChatBackend | None,
    orders: PromptOrders | None = None,
) -> Filled:
    """Fit the passages into what the model's window leaves and render the prompt; without a backend sizes are guessed.

    They stand in the order that lets the prompt begin as an earlier one did, best first where there is none.

    Raises:
        ContextOverflow: question and extra text alone leave no room.
    """
    count = backend.count_tokens if backend else estimate_tokens
    window = backend.describe().context_window if backend else ASSUMED_WINDOW

    def render(packed: Sequence[PackedSource]) -> tuple[Message, ...]:
        passages = [
            {"path": source.path, "start_line": source.start_line, "end_line": source.end_line, "text": source.text}
            for source in packed
        ]
        return render_prompt(prompt, {"passages": passages, "extra": request.extra, "question": found.question})

    fixed = sum(count(message.content) for message in render([])) + TEMPLATE_TOKENS
    room = window - fixed - request.sampling.max_tokens
    if room < LEAST_PASSAGE_TOKENS:
        raise ContextOverflow(
            f"the question needs {fixed} tokens and the answer up to {request.sampling.max_tokens}, "
            f"but the model's window has {window}",
            "shorten the question or the text given with it, lower ask.max_tokens, or use a model with a larger window",
        )
    packed = choose(found, min(room, request.context_tokens or room), count, most=request.limit)
    if orders is not None:
        digests, sizes = [_digest(source) for source in packed], [source.tokens for source in packed]
        packed = tuple(packed[place] for place in steady_order(digests, sizes, orders.earlier()))
    messages = render(packed)
    return Filled(messages, packed, sum(count(message.content) for message in messages))


def choose(
    found: Found, budget: int, count: Callable[[str], int], *, most: int, held: Container[int] = ()
) -> tuple[PackedSource, ...]:
    """Pack what the question names before anything else may take the room, then at most `most` found passages.

    Chunks whose ids are `held` are at hand already and are not packed.
    """
    wanted = [hit for hit in found.hits[: found.named] if hit.chunk_id not in held]
    named = pack_all(wanted, budget=budget, count=count)
    left = budget - sum(source.tokens for source in named)
    return (*named, *pack(found.hits[found.named :], budget=left, count=count, most=most, held=held))


def _digest(source: PackedSource) -> str:
    """Tell passages apart by all that stands in the prompt of them but their number."""
    shown = f"{source.path}:{source.start_line}-{source.end_line}\n{source.text}"
    return hashlib.blake2b(shown.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
