"""Samplers, grammars and log-probabilities of the in-process backend."""

from __future__ import annotations

import math

import pytest

from localdev.backends.llamacpp.backend import LlamaCppBackend
from localdev.core.chat import ChatRequest, Message, Sampling, TokenLogprob
from localdev.core.errors import BackendError, CutShort, UsageError
from localdev.core.events import TextDelta
from tests.backends.conftest import ask, collect

pytestmark = pytest.mark.llama
QUESTION = "open: Open a file and return a reader."


@pytest.mark.parametrize("narrow", [{"top_k": 1}, {"top_p": 0.0}, {"min_p": 1.0}, {"temperature": 0.0}])
def test_narrow_choices_are_greedy(narrow: dict[str, float], tiny: LlamaCppBackend) -> None:
    """A sampler that leaves one token gives the greedy answer at any temperature; without it the answer is another."""
    greedy = collect(tiny.stream(ask(QUESTION, max_tokens=30)))[0]
    hot = {"temperature": 1.5, "seed": 3, "max_tokens": 30}
    assert collect(tiny.stream(ask(QUESTION, **{**hot, **narrow})))[0] == greedy
    assert collect(tiny.stream(ask(QUESTION, **hot)))[0] != greedy


def drawn_tokens(backend: LlamaCppBackend, **sampling: object) -> list[str]:
    """Give the tokens of an answer of 40, from their log-probabilities."""
    request = ask("for for for for", max_tokens=40, **sampling)
    request = ChatRequest(messages=request.messages, sampling=request.sampling, logprobs=1)
    found = [event for event in backend.stream(request) if isinstance(event, TextDelta)]
    return [entry.token for event in found for entry in event.logprobs]


@pytest.mark.parametrize("penalty", [{"frequency_penalty": 100.0}, {"presence_penalty": 100.0}])
def test_penalties_hold_at_temperature_zero(penalty: dict[str, float], tiny: LlamaCppBackend) -> None:
    """With the largest penalty no token comes twice within 40, nor one of the prompt's."""
    tokens = drawn_tokens(tiny, **penalty)
    assert len(tokens) == len(set(tokens)) == 40
    assert " for" not in tokens
    plain = drawn_tokens(tiny)
    assert len(set(plain)) < len(plain)


def test_repeat_penalty(tiny: LlamaCppBackend) -> None:
    """A repeat penalty makes repetitions fewer, and 1 changes nothing."""
    plain, neutral = drawn_tokens(tiny), drawn_tokens(tiny, repeat_penalty=1.0)
    assert plain == neutral
    assert len(set(drawn_tokens(tiny, repeat_penalty=3.0))) > len(set(plain))


@pytest.mark.parametrize(
    "wrong",
    [
        {"top_p": 1.5},
        {"top_p": math.nan},
        {"min_p": -0.1},
        {"top_k": -1},
        {"repeat_penalty": 0.0},
        {"temperature": math.inf},
        {"temperature": -1.0},
        {"frequency_penalty": math.nan},
    ],
)
def test_numbers_out_of_range(wrong: dict[str, float], tiny: LlamaCppBackend) -> None:
    """They are refused by name, before native code sees them."""
    with pytest.raises(UsageError, match=next(iter(wrong))):
        collect(tiny.stream(ask(QUESTION, **wrong)))


def guided(grammar: str, **sampling: object) -> ChatRequest:
    """Make a request that follows a grammar."""
    return ChatRequest(messages=(Message("user", "x"),), grammar=grammar, sampling=Sampling(**sampling))  # type: ignore[arg-type]


def test_a_grammar_is_followed(tiny: LlamaCppBackend) -> None:
    """Hot or not, with penalties or not, what comes is of the grammar."""
    for seed in range(5):
        request = guided('root ::= ("yes" | "no") "!"', temperature=1.5, seed=seed, repeat_penalty=1.5)
        text, finished = collect(tiny.stream(request))
        assert text in ("yes!", "no!") and finished.reason == "stop"


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_dead_end(temperature: float, tiny: LlamaCppBackend) -> None:
    """A grammar that allows a beginning and no end is an error once it is stuck; the backend goes on working."""
    with pytest.raises(BackendError, match="dead end"):
        collect(tiny.stream(guided('root ::= "a" "\\U00FFFFFF"', temperature=temperature)))
    assert collect(tiny.stream(guided('root ::= "a"')))[0] == "a"


@pytest.mark.parametrize(
    "grammar",
    [
        "root ::= (",
        "other ::= 'x'",
        'root ::= missing "x"',
        'root ::= root "x" | "y"',
        'root ::= "a"{3000}',
        "\0",
        'root ::= "x"\0',
    ],
)
def test_refused_grammars(grammar: str, tiny: LlamaCppBackend) -> None:
    """What is no grammar, has no root, names what is not there or never comes to a letter is refused in words."""
    with pytest.raises(UsageError, match="refuses the grammar"):
        collect(tiny.stream(guided(grammar)))


def test_an_endless_grammar_ends_by_length(tiny: LlamaCppBackend) -> None:
    """It is the request's most tokens that end it."""
    text, finished = collect(tiny.stream(guided('root ::= "a" root', max_tokens=20)))
    assert set(text) == {"a"} and finished.reason == "length"


def test_grammar_and_schema(tiny: LlamaCppBackend) -> None:
    """Both at once is an error, not a choice."""
    request = ChatRequest(messages=(Message("user", "x"),), grammar='root ::= "a"', schema={"type": "null"})
    with pytest.raises(UsageError, match="schema and a grammar"):
        collect(tiny.stream(request))


def test_cut_structured_output(tiny: LlamaCppBackend) -> None:
    """Half a JSON text is an error; the same schema with more tokens is answered."""
    schema = {"type": "array", "items": {"enum": ["one"]}, "minItems": 4, "maxItems": 4}
    request = ChatRequest(messages=(Message("user", "x"),), schema=schema, sampling=Sampling(max_tokens=4))
    with pytest.raises(CutShort, match="after 4 tokens"):
        collect(tiny.stream(request))
    whole = ChatRequest(messages=(Message("user", "x"),), schema=schema, sampling=Sampling(max_tokens=200))
    assert collect(tiny.stream(whole))[1].reason == "stop"


def with_logprobs(request: ChatRequest, count: int) -> ChatRequest:
    """Ask the same with log-probabilities."""
    return ChatRequest(messages=request.messages, grammar=request.grammar, sampling=request.sampling, logprobs=count)


def test_logprobs_are_the_models_own(tiny: LlamaCppBackend) -> None:
    """They are the log-softmax of the raw engine's logits, at temperature and penalties of any kind."""
    import llama_cpp
    import numpy as np

    from tests.backends.conftest import TINY

    asked = ask(QUESTION, max_tokens=12, temperature=1.3, seed=5, repeat_penalty=1.2)
    events = [event for event in tiny.stream(with_logprobs(asked, 3)) if isinstance(event, TextDelta)]
    assert "".join(event.text for event in events) == collect(tiny.stream(asked))[0]
    found = [entry for event in events for entry in event.logprobs]
    raw = llama_cpp.Llama(str(TINY), n_ctx=256, logits_all=True, verbose=False)
    prompt = tiny._prompts.chat(asked.messages)
    answer = list(tiny._engine.held[len(prompt) :])
    raw.eval([*prompt, *answer])
    for number, (entry, token) in enumerate(zip(found, answer, strict=False)):
        logits = raw.scores[len(prompt) - 1 + number].astype(np.float64)
        expected = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
        assert entry.logprob == pytest.approx(expected[token], abs=2e-3)
        assert [value for _, value in entry.top] == pytest.approx(sorted(expected)[:-4:-1], abs=2e-3)
        assert entry.token == tiny._engine.piece(token).decode(errors="replace")
    assert len(found) == 12


def test_logprobs_wait_for_their_text(tiny: LlamaCppBackend) -> None:
    """A token's log-probability comes with the piece that shows its first letter, none for what a stop string cut."""
    grammar = 'root ::= "🙂abENDx"'
    request = guided(grammar, stop=("END",))
    events = [event for event in tiny.stream(with_logprobs(request, 1)) if isinstance(event, TextDelta)]
    assert "".join(event.text for event in events) == "🙂ab"
    assert all(event.logprobs for event in events)
    held = guided('root ::= "EN x"', stop=("END",))
    pieces = [event for event in tiny.stream(with_logprobs(held, 1)) if isinstance(event, TextDelta)]
    assert "".join(piece.text for piece in pieces) == "EN x"
    assert "".join(entry.token for piece in pieces for entry in piece.logprobs) == "EN x"


def test_no_logprobs_unless_asked_for(tiny: LlamaCppBackend) -> None:
    """By default pieces carry none; more than the vocabulary has are all it has."""
    assert all(event.logprobs == () for event in tiny.stream(ask(QUESTION, max_tokens=5)) if hasattr(event, "logprobs"))
    request = with_logprobs(ask(QUESTION, max_tokens=1), 10**6)
    [piece] = [event for event in tiny.stream(request) if isinstance(event, TextDelta)]
    [entry] = piece.logprobs
    assert isinstance(entry, TokenLogprob)
    assert len(entry.top) == 2048
    assert sum(math.exp(value) for _, value in entry.top) == pytest.approx(1)
