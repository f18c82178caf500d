"""What is kept of a prompt: the state of the longest beginning that an earlier request had in common.

The context holds the tokens of the last request. Behind it, where a folder is given, stand the states on disk: of whole
conversations, and of the stable beginning that many prompts share.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from localdev.backends.llamacpp.engine import Engine
from localdev.backends.llamacpp.native import parts_of
from localdev.backends.llamacpp.states import StateFolder, common, pack_tokens
from localdev.backends.options import BackendOptions

# Reading a state takes as long as evaluating some tens of tokens: for fewer it is not worth it, to keep or to read.
_LEAST_TOKENS = 64
_LEAST_GAIN = 32


@dataclass(frozen=True, slots=True)
class Kept:
    """How the state of a request is kept.

    `owner` is whose text the prompt holds; only for a `lasting` one the disk is looked at and written. The first
    `stable` tokens are those of many prompts.
    """

    owner: str = ""
    lasting: bool = False
    stable: int = 0


class PrefixKeeper:
    """Evaluates the prompts of one engine, and as little of each as is new."""

    def __init__(self, engine: Engine, states: StateFolder | None = None, key: str = "") -> None:
        self._engine = engine
        self._states = states
        self._key = key
        self._request = Kept()
        self._prompt = 0
        self._stable: tuple[list[int], bytearray] | None = None

    def begin(self, prompt: Sequence[int], request: Kept | None = None) -> Generator[int, None, int]:
        """Evaluate a prompt, keeping the state of the longest common prefix; give how many tokens were kept.

        Yields after each step how many tokens of the prompt are held.

        The last token is always evaluated, since the next one is drawn from what it gives, and never alone: see
        `Engine.steps`.
        """
        self._take(prompt, request or Kept())
        kept = self._reuse(prompt[:-2])
        start = self._evaluate_stable(prompt, kept)
        yield from self._engine.steps(prompt[start:])
        return kept

    def prepare(self, prompt: Sequence[int], request: Kept) -> int:
        """Hold the stable tokens of a prompt, unless what is held begins with them; give how many were kept."""
        self._take(prompt, request)
        stable = prompt[: request.stable]
        if common(pack_tokens(self._engine.held), pack_tokens(stable)) == len(stable):
            self._request = Kept()  # what is held is another request's, perhaps not to be kept
            return len(stable)
        kept = self._reuse(stable)
        start = self._evaluate_stable(prompt, kept)
        self._engine.evaluate(stable[start:])
        return kept

    def settle(self) -> None:
        """Keep on disk what the last request left: to be called when its answer is complete, or was given up."""
        if self._states is None or not self._request.lasting:
            return
        owner, key = self._request.owner, self._state_key
        stable, self._stable = self._stable, None
        if stable is not None:
            self._states.save(owner, key, *stable)
        held = list(self._engine.held)
        if len(held) < _LEAST_TOKENS or self._states.covers(key, held):
            return
        state = self._engine.save_state()
        if state:
            self._states.save(owner, key, held, state, prompt=min(self._prompt, len(held)))

    def _take(self, prompt: Sequence[int], request: Kept) -> None:
        """Note what is asked."""
        self._request, self._prompt, self._stable = request, len(prompt), None

    def _reuse(self, tokens: Sequence[int]) -> int:
        """Let the engine hold as much of these tokens as was evaluated before; give how many."""
        engine = self._engine
        same = common(pack_tokens(engine.held), pack_tokens(tokens))
        if engine.recurrent and same < len(engine.held):
            same = 0
        if self._states is not None and self._request.lasting:
            found = self._states.find(self._state_key, tokens, most=engine.window, whole=engine.recurrent)
            if found is not None and found[1] >= same + _LEAST_GAIN:
                state, length = found
                data = self._states.load(state)
                if data is not None:
                    same = length if engine.load_state(state.ids, data) else 0
        return same if engine.keep(same) else 0

    def _evaluate_stable(self, prompt: Sequence[int], start: int) -> int:
        """Evaluate up to the end of the stable tokens and remember their state; give where to go on."""
        stable = self._request.stable
        if self._states is None or not self._request.lasting or not max(start, _LEAST_TOKENS) <= stable < len(prompt):
            return start
        if stable - start == 1 or len(prompt) - stable == 1:  # it would be evaluated alone
            return start
        tokens = list(prompt[:stable])
        if self._states.covers(self._state_key, tokens, whole=True):
            return start
        self._engine.evaluate(prompt[start:stable])
        state = self._engine.save_state()
        self._stable = (tokens, state) if state else None
        return stable

    @property
    def _state_key(self) -> str:
        """The key of states that this request may use: made by the adapters and rotary factors now in use."""
        return f"{self._key}{self._engine.identity}{self._engine.rotation}"


def open_keeper(engine: Engine, path: Path, *, options: BackendOptions, warn: Callable[[str], None]) -> PrefixKeeper:
    """Give the keeper for a model file opened with these options; `warn` is told when states cannot be written."""
    wanted = options.engine
    if wanted.states is None or wanted.states_bytes <= 0:
        return PrefixKeeper(engine)
    return PrefixKeeper(engine, StateFolder(wanted.states, wanted.states_bytes, warn), _key(engine, path, options))


def _key(engine: Engine, path: Path, options: BackendOptions) -> str:
    """Give the digest of everything that a state depends on besides its tokens and adapters."""
    import llama_cpp

    found = [(part.resolve(), part.stat()) for part in parts_of(path)]
    model = options.digest or [(str(part), status.st_size, status.st_mtime_ns) for part, status in found]
    build = [llama_cpp.__version__, engine.lib.llama_print_system_info().decode(errors="replace")]
    facts = [model, options.engine.kv_type, options.engine.flash_attention, build]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
