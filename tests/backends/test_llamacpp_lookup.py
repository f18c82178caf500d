"""Prompt-lookup speculation: the same answers in fewer evaluations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.backends.llamacpp.backend import LlamaCppBackend
from localdev.backends.llamacpp.lookup import Guesser
from localdev.backends.options import BackendOptions, EngineOptions
from localdev.core.chat import ChatRequest, Message, Sampling
from localdev.core.errors import UsageError
from tests.backends.conftest import TINY, ask, collect

CODE = "def read(path, mode='r'):\n    with open(path, mode) as file:\n        return file.read()\n"


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(0, 8))
def test_guesses_followed_before(tokens: list[int], most: int) -> None:
    """A guess is what followed an earlier place with the same last two or three tokens."""
    guess = Guesser(tokens).guess(most)
    assert len(guess) <= most
    if guess:
        places = [
            at
            for at in range(2, len(tokens))
            if tokens[at - 2 : at] == tokens[-2:] and tokens[at : at + len(guess)] == guess
        ]
        assert places


@pytest.mark.parametrize(
    ("tokens", "guess"),
    [([1, 2, 3, 9, 8, 1, 2, 3], [9, 8, 1]), ([1, 2, 7, 5, 2, 3, 8, 1, 2], [7, 5, 2]), ([1, 2, 3], []), ([], [])],
)
def test_the_longer_match_wins(tokens: list[int], guess: list[int]) -> None:
    """Three agreeing tokens come before two; the last such place counts, and the end itself is none."""
    assert Guesser(tokens).guess(3) == guess


def opened(lookup: int, kv_type: str = "f32") -> LlamaCppBackend:
    """Load the tiny model with speculation."""
    return LlamaCppBackend(TINY, BackendOptions(engine=EngineOptions(threads=1, lookup=lookup, kv_type=kv_type)))


REQUESTS = [
    ask("open: Open a file and return a reader.", max_tokens=120),
    ask(CODE * 4 + "Write it again.", max_tokens=200),
    ask(CODE * 2, max_tokens=60, temperature=1.2, seed=4, top_p=0.9, repeat_penalty=1.1),
    ask(CODE * 2, max_tokens=60, stop=("return",)),
    ChatRequest(
        messages=(Message("user", "x"),),
        grammar='root ::= ("abc abd " "abc abe "){6}',
        sampling=Sampling(max_tokens=99),
    ),
    replace(ask(CODE, max_tokens=30), logprobs=2),
    ask(CODE * 30, max_tokens=7),
]


@pytest.mark.llama
@pytest.mark.parametrize("lookup", [1, 10])
def test_the_answer_is_the_same(lookup: int, llama: None) -> None:
    """Greedy, sampled, with a stop string or a grammar: text, figures and log-probabilities are those without it."""
    plain, guessing = opened(0), opened(lookup)
    for number, request in enumerate(REQUESTS):
        expected, finished = collect(plain.stream(request))
        found, last = collect(guessing.stream(request))
        assert (found, last.reason) == (expected, finished.reason), number
        assert last.usage.completion_tokens == finished.usage.completion_tokens
        assert list(guessing._engine.held) == list(plain._engine.held), "no guess is left in the engine"
    for backend in (plain, guessing):
        backend.close()


@pytest.mark.llama
def test_fewer_evaluations(llama: None) -> None:
    """Where an answer repeats itself, several of its tokens are evaluated at once."""
    backend = opened(10)
    engine, calls = backend._engine, [0, 0]
    single, several = engine.advance, engine.advance_all

    def counted(token: int) -> None:
        calls[0] += 1
        single(token)

    def counted_all(tokens: list[int]) -> None:
        calls[1] += 1
        several(tokens)

    engine.advance, engine.advance_all = counted, counted_all  # type: ignore[method-assign,assignment]
    _, finished = collect(backend.stream(REQUESTS[4]))
    made = finished.usage.completion_tokens
    backend.close()
    assert calls[1] > 0 and sum(calls) < made / 1.5


@pytest.mark.llama
def test_a_number_out_of_range(llama: None) -> None:
    """More than a short batch is refused."""
    with pytest.raises(UsageError, match="lookup is 1000"):
        opened(1000)
