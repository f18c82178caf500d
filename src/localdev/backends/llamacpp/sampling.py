"""What draws the tokens: llama.cpp's samplers for one request, in the order of its own command-line tools."""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from localdev.backends.llamacpp.engine import Engine
from localdev.backends.llamacpp.native import complaints, reason
from localdev.core.chat import Sampling
from localdev.core.errors import BackendError, UsageError

PENALTY_WINDOW = 64  # tokens the penalties look back on, those of the prompt included: llama.cpp's `repeat-last-n`


class Sampler:
    """Draws one token after the other; `draw` takes the place in the last batch whose logits count (-1: the last)."""

    draw: Callable[[int], int]

    def __init__(self, engine: Engine, chain: Any, grammar: Any) -> None:
        self._engine, self._lib, self._chain, self._grammar = engine, engine.lib, chain, grammar
        if grammar:
            self._candidates = _Candidates(engine)
            self._letters = codecs.getincrementaldecoder("utf-8")("strict")
        self.draw = self._draw_within if grammar else self._draw_free

    def _draw_free(self, index: int = -1) -> int:
        """Draw a token without a grammar: one native call."""
        token: int = self._lib.llama_sampler_sample(self._chain, self._engine.context, index)
        return token

    def _draw_within(self, index: int = -1) -> int:
        """Draw a token the grammar allows.

        The chain's own choice is checked alone first, which is cheap; only where the grammar refuses it, the grammar
        goes over the whole vocabulary. llama.cpp's own loop would end the process at a grammar's dead end. Its grammars
        also take the bytes of a letter as they come, valid or not, so that is seen to here.
        """
        candidates, refused = self._candidates, list[int]()
        token = candidates.choose([self._chain], index)
        if not candidates.allows(self._grammar, token) or not self._spells(token):
            token = candidates.choose([self._grammar, self._chain], index)
            while candidates.allows(self._grammar, token) and not self._spells(token):
                refused.append(token)
                token = candidates.choose([self._grammar, self._chain], index, refused)
            if token in refused or not candidates.allows(self._grammar, token):
                raise BackendError(
                    "the grammar has a dead end: no token of the model can follow what was written",
                    "correct the grammar, so that every beginning it allows can be finished",
                )
        self._lib.llama_sampler_accept(self._chain, token)
        if not self._engine.is_end(token):
            self._letters.decode(self._engine.piece(token))
            self._lib.llama_sampler_accept(self._grammar, token)
        return token

    def _spells(self, token: int) -> bool:
        """Say whether a token ends the answer or goes on with it in valid UTF-8.

        Grammars take control tokens for the text of their names; in the answer they would be nothing.
        """
        piece = self._engine.piece(token)
        if not piece:
            return self._engine.is_end(token)
        before = self._letters.getstate()
        try:
            self._letters.decode(piece)
        except UnicodeDecodeError:
            return False
        finally:
            self._letters.setstate(before)
        return True


class _Candidates:
    """The tokens to choose from, as llama.cpp's samplers take them: (id, logit, probability) for each."""

    def __init__(self, engine: Engine) -> None:
        import numpy as np

        self._engine = engine
        kind = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
        self._fresh = np.zeros(engine.vocabulary_size, dtype=kind)
        self._fresh["id"] = np.arange(engine.vocabulary_size)
        self._rows = self._fresh.copy()
        lib = engine.lib
        self._array = lib.llama_token_data_array()
        self._single = (lib.llama_token_data * 1)()
        self._alone = lib.llama_token_data_array()
        self._data = ctypes.cast(self._rows.ctypes.data, ctypes.POINTER(lib.llama_token_data))

    def choose(self, samplers: Sequence[Any], index: int, refused: Sequence[int] = ()) -> int:
        """Let samplers go over the model's logits without the tokens refused, the last one choosing."""
        self._fresh["logit"] = self._engine.logits(index)
        self._fresh["logit"][list(refused)] = -math.inf
        self._rows[:] = self._fresh  # samplers sort in place
        array = self._array
        array.data, array.size, array.selected, array.sorted = self._data, len(self._rows), -1, False
        for sampler in samplers:
            self._engine.lib.llama_sampler_apply(sampler, ctypes.byref(array))
        token: int = array.data[array.selected].id
        return token

    def allows(self, grammar: Any, token: int) -> bool:
        """Say whether the grammar lets a token be next."""
        self._single[0].id, self._single[0].logit = token, 1.0
        alone = self._alone
        alone.data, alone.size, alone.selected, alone.sorted = self._single, 1, -1, False
        self._engine.lib.llama_sampler_apply(grammar, ctypes.byref(alone))
        return not math.isinf(self._single[0].logit)


@contextlib.contextmanager
def sampler(engine: Engine, sampling: Sampling, grammar: str, *, prompt: Sequence[int] = ()) -> Iterator[Sampler]:
    """Build what draws the tokens of a request, and free it.

    Raises:
        UsageError: llama.cpp refuses the grammar, or a number is out of its range.
    """
    _check(sampling)
    lib = engine.lib
    chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
    ruled = None
    try:
        if grammar:
            ruled = _grammar(engine, grammar)
        for part in _chain(engine, sampling):
            lib.llama_sampler_chain_add(chain, part)
        if _penalises(sampling):
            for token in prompt[-PENALTY_WINDOW:]:
                lib.llama_sampler_accept(chain, token)
        yield Sampler(engine, chain, ruled)
    finally:
        lib.llama_sampler_free(chain)
        if ruled:
            lib.llama_sampler_free(ruled)


def _grammar(engine: Engine, grammar: str) -> Any:
    """Compile a grammar."""
    complaints.clear()
    data = grammar.encode("utf-8", errors="replace")
    # A zero byte would silently cut the text there.
    ruled = None if b"\0" in data else engine.lib.llama_sampler_init_grammar(engine.vocab, data, b"root")
    if not ruled:
        raise UsageError(
            f"llama.cpp refuses the grammar: {reason()}",
            "correct it: GBNF as llama.cpp reads it, without left recursion, with a rule named root",
        )
    return ruled


def _penalises(sampling: Sampling) -> bool:
    """Say whether earlier tokens count."""
    return sampling.repeat_penalty != 1 or sampling.presence_penalty != 0 or sampling.frequency_penalty != 0


def _chain(engine: Engine, sampling: Sampling) -> Iterator[Any]:
    """Give the samplers in order: penalties, top-k, top-p, min-p, temperature, and the draw."""
    lib = engine.lib
    if _penalises(sampling):
        yield lib.llama_sampler_init_penalties(
            engine.vocabulary_size,
            PENALTY_WINDOW,
            sampling.repeat_penalty,
            sampling.frequency_penalty,
            sampling.presence_penalty,
        )
    if sampling.temperature <= 0:
        yield lib.llama_sampler_init_greedy()
        return
    if sampling.top_k > 0:
        yield lib.llama_sampler_init_top_k(sampling.top_k)
    if sampling.top_p < 1:
        yield lib.llama_sampler_init_top_p(sampling.top_p, 1)
    if sampling.min_p > 0:
        yield lib.llama_sampler_init_min_p(sampling.min_p, 1)
    yield lib.llama_sampler_init_temp(sampling.temperature)
    # The largest number means "random" to llama.cpp, so it is left out.
    yield lib.llama_sampler_init_dist(sampling.seed % 0xFFFFFFFF)


def _check(sampling: Sampling) -> None:
    """Refuse numbers that llama.cpp would take for something else, or end the process at."""
    limits = (
        ("temperature", sampling.temperature, 0.0, 100.0),
        ("top_p", sampling.top_p, 0.0, 1.0),
        ("min_p", sampling.min_p, 0.0, 1.0),
        ("top_k", sampling.top_k, 0, 2**31 - 1),
        ("repeat_penalty", sampling.repeat_penalty, 0.01, 100.0),
        ("presence_penalty", sampling.presence_penalty, -100.0, 100.0),
        ("frequency_penalty", sampling.frequency_penalty, -100.0, 100.0),
    )
    for name, value, least, most in limits:
        if not least <= value <= most:  # not a number is neither
            raise UsageError(f"{name} is {value}", f"give a {name} between {least:g} and {most:g}")
