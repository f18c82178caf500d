"""What draws the tokens: llama.cpp's chain of samplers for one request."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from localdev.backends.llamacpp_engine import Engine
from localdev.backends.llamacpp_native import complaints, reason
from localdev.core.chat import Sampling
from localdev.core.errors import BackendError


@contextlib.contextmanager
def sampler(engine: Engine, sampling: Sampling, grammar: str) -> Iterator[Any]:
    """Build the chain of a request (grammar, then top-p, temperature and the seeded draw, or the best one); free it.

    Raises:
        BackendError: llama.cpp refuses the grammar.
    """
    chain = engine.lib.llama_sampler_chain_init(engine.lib.llama_sampler_chain_default_params())
    try:
        _fill(chain, engine, sampling, grammar)
        yield chain
    finally:
        engine.lib.llama_sampler_free(chain)


def _fill(chain: Any, engine: Engine, sampling: Sampling, grammar: str) -> None:
    """Add the samplers in their order."""
    lib = engine.lib
    if grammar:
        complaints.clear()
        ruled = lib.llama_sampler_init_grammar(engine.vocab, grammar.encode(), b"root")
        if not ruled:
            raise BackendError(f"llama.cpp refuses the grammar: {reason()}", "correct the schema or the grammar")
        lib.llama_sampler_chain_add(chain, ruled)
    if sampling.temperature <= 0:
        lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_greedy())
        return
    if sampling.top_p < 1:
        lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_top_p(sampling.top_p, 1))
    lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_temp(sampling.temperature))
    # The largest number means "random" to llama.cpp, so it is left out.
    lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_dist(sampling.seed % 0xFFFFFFFF))
