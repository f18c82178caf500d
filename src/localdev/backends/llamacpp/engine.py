"""One loaded model of llama.cpp: its context, and the tokens whose state the context holds.

The package's own high-level class is not used: it silently turns seed 0 into a random one, renders chat templates with
control tokens inside user text, and can only change the window by loading the weights again.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from localdev.backends.llamacpp.devices import devices, model_sizes
from localdev.backends.llamacpp.native import (
    complaints,
    load_library,
    load_model,
    physical_cores,
    reason,
    watch_flag,
)
from localdev.backends.llamacpp.offload import ModelSizes, plan_offload
from localdev.backends.llamacpp.vocab import Vocabulary
from localdev.backends.options import EngineOptions
from localdev.core.errors import BackendError, UsageError

# Prompt tokens evaluated in one native call. Ctrl-C is only seen between calls, so on a CPU, where 512 tokens of a
# 7-billion-parameter model take half a minute, the steps are smaller; the cost is a few percent.
_CPU_STEP, _GPU_STEP = 128, 512
_ABORTED = 2  # what llama_decode gives when its abort callback said so
_WINDOW_STEP = 2048  # a context grows by at least this many tokens, so that a chat does not resize it at every turn


class Interrupted(Exception):
    """`interrupt` was called: the token or the step of the prompt under way was not finished. No error of the user."""


class Engine(Vocabulary):
    """A loaded model. Not thread-safe but for the vocabulary and `interrupt`; the caller sees to turns."""

    def __init__(self, path: Path, options: EngineOptions, *, window: int = 0) -> None:
        """Load a model, for contexts of up to `window` tokens (0: its own window).

        Raises:
            ModelError, MissingExtra: llama.cpp refuses the file, or is not installed.
            UsageError: the options do not go together.
        """
        self._kinds = _attention(options)
        lib = load_library()
        found = devices(lib)
        sizes = model_sizes(lib, path, options.kv_type) if found else ModelSizes()
        self.plan = plan_offload(sizes, found, window=window, asked=options.gpu_layers)
        self._model: Any = load_model(lib, path, self.plan.layers)
        super().__init__(lib, self._model)
        self._context: Any = None
        self._memory: Any = None
        self._held: list[int] = []
        self.threads = options.threads or physical_cores()
        self._on_gpu = self.plan.layers > 0
        self._step = _GPU_STEP if self._on_gpu else _CPU_STEP
        self._next = (lib.llama_token * 1)()
        self._next_batch = lib.llama_batch_get_one(self._next, 1)
        self._flag = ctypes.create_string_buffer(2)
        self._border = self._rotation_border()
        self._adapter: tuple[Any, float] = (None, 0.0)
        self.identity = ""
        self.window = 0
        self.trained_window: int = lib.llama_model_n_ctx_train(self._model)
        # Such models keep one running state, which cannot be cut back to an earlier token.
        self.recurrent = bool(lib.llama_model_is_recurrent(self._model) or lib.llama_model_is_hybrid(self._model))
        template = lib.llama_model_chat_template(self._model, None)
        self.template: str = template.decode("utf-8", errors="replace") if template else ""

    @property
    def step(self) -> int:
        """Most tokens that are evaluated in one native call."""
        return self._step

    @property
    def placement(self) -> str:
        """Say where the model runs."""
        return f"{self.plan.said}, {self.threads} thread{'s' if self.threads != 1 else ''}"

    def metadata(self, key: str) -> str:
        """Give a value of the file's header as text, empty where there is none."""
        room = 256
        buffer = ctypes.create_string_buffer(room)
        found = self._lib.llama_model_meta_val_str(self._model, key.encode(), buffer, room)
        return buffer.value.decode("utf-8", errors="replace") if found >= 0 else ""

    def _rotation_border(self) -> int:
        """Give the context size beyond which the model takes other rotary factors, 0 where there is none.

        llama.cpp chooses a `longrope` model's factors by the size of the context, whatever it holds: answers would
        depend on how far earlier requests had made it grow, and the state of one kind is wrong for the other.
        """
        architecture = self.metadata("general.architecture")
        if self.metadata(f"{architecture}.rope.scaling.type") == "yarn":
            return 0
        found = self.metadata(f"{architecture}.rope.scaling.original_context_length")
        return int(found) if found.isdecimal() else 0

    @property
    def rotation(self) -> str:
        """Name the rotary factors in use, where there are several: a state is only good for its own."""
        return "long" if self._border and self.window > self._border else ""

    def close(self) -> None:
        """Free context and model; the engine must not be used afterwards."""
        self._free_context()
        if self._model:
            self._lib.llama_model_free(self._model)
            self._model = None

    def make_room(self, need: int, most: int) -> None:
        """See that the context holds `need` tokens, growing in steps up to `most`; the state it holds is carried over.

        Of a model with several rotary factors the context has those for `need` tokens, so it may also shrink.

        Raises:
            BackendError: there is no memory for a context of that size.
        """
        short = need <= self._border
        same = short == (self.window <= self._border)
        if self._context and need <= self.window and same:
            return
        size = min(-(-need // _WINDOW_STEP) * _WINDOW_STEP, most, self._border if short else most)
        held, state = list(self._held), self.save_state() if same else bytearray()
        self._free_context()
        params = self._context_params(size)
        complaints.clear()
        self._context = self._lib.llama_init_from_model(self._model, params)
        self._held = []
        if not self._context:
            raise BackendError(
                f"llama.cpp cannot make a context of {size} tokens: {reason()}",
                "free some memory, or set a smaller context window",
            )
        self._memory = self._lib.llama_get_memory(self._context)
        self.window = self._lib.llama_n_ctx(self._context)
        self._apply_adapter()
        self.load_state(held, state)

    def _context_params(self, size: int) -> Any:
        """Say how a context is to be."""
        lib = self._lib
        params = lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = size, self._step, self._step
        params.n_threads = params.n_threads_batch = self.threads
        params.no_perf = True
        params.abort_callback, params.abort_callback_data = watch_flag(lib), ctypes.addressof(self._flag)
        flash, kind = self._kinds
        if flash is None and not self._on_gpu:
            # On a CPU flash attention is no gain for prompts and halves the speed of answers behind long ones.
            flash = False
        if flash is not None:
            params.flash_attn_type = lib.LLAMA_FLASH_ATTN_TYPE_ENABLED if flash else lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.type_k = params.type_v = getattr(lib, f"GGML_TYPE_{kind.upper()}")
        return params

    def use_adapter(self, adapter: Any, scale: float, identity: str) -> None:
        """Switch to a native adapter, or to none; what is held under another `identity` is dropped."""
        if identity == self.identity:
            return
        self._adapter, self.identity = (adapter, scale), identity
        if self._context:
            self._forget()
            self._apply_adapter()

    def _apply_adapter(self) -> None:
        """Tell the context which adapter is in use."""
        adapter, scale = self._adapter
        natives = (self._lib.llama_adapter_lora_p_ctypes * 1)(adapter)
        if self._lib.llama_set_adapters_lora(self._context, natives, int(bool(adapter)), (ctypes.c_float * 1)(scale)):
            raise BackendError(f"llama.cpp cannot use the adapter: {reason()}", "ask without an adapter")

    def save_state(self) -> bytearray:
        """Give the state of the held tokens in llama.cpp's own form, empty when there is none, or no memory for it."""
        if not self._context or not self.keep(len(self._held)) or not self._held:
            return bytearray()
        try:
            state = bytearray(self._lib.llama_state_seq_get_size(self._context, 0))
        except MemoryError:  # it is as large as what the context holds; without it that is evaluated again
            return bytearray()
        native = (ctypes.c_uint8 * len(state)).from_buffer(state)
        return state if self._lib.llama_state_seq_get_data(self._context, native, len(state), 0) else bytearray()

    def load_state(self, tokens: Sequence[int], state: bytearray) -> bool:
        """Hold `tokens` by their saved state instead of what is held; False, and nothing held, if it does not fit."""
        self._forget()
        if not state or len(tokens) > self.window:
            return False
        native = (ctypes.c_uint8 * len(state)).from_buffer(state)
        if not self._lib.llama_state_seq_set_data(self._context, native, len(state), 0):
            self._forget()
            return False
        self._held.extend(tokens)
        return True

    def _free_context(self) -> None:
        """Free the context; `_held` is left to the caller."""
        if self._context:
            self._lib.llama_free(self._context)
        self._context, self._memory, self.window = None, None, 0

    def keep(self, length: int) -> bool:
        """Keep the state of the first `length` held tokens alone; False, and nothing is kept, where it cannot be cut.

        Recurrent models keep one running state that cannot be cut back.
        """
        # Also where nothing is to go: Ctrl-C may come between an evaluation and the note that it was made.
        if self._lib.llama_memory_seq_rm(self._memory, 0, length, -1):
            del self._held[length:]
            return True
        self._forget()
        return False

    def evaluate(self, tokens: Sequence[int]) -> None:
        """Evaluate tokens behind the held ones."""
        for _ in self.steps(tokens):
            pass

    def steps(self, tokens: Sequence[int]) -> Iterator[int]:
        """Evaluate tokens behind the held ones, in steps, none of them of a single token where there are more.

        Yields after each how many tokens are held.

        One token alone goes through other routines of the engine than two or more, whose results differ in the last
        digits (0.2 where logits spread by 3, for a Q4_0 model of half a billion parameters), while the number of tokens
        beyond one makes no difference at all. So a prompt gives the same answer whatever part of it was kept.
        """
        start = 0
        while start < len(tokens):
            left = len(tokens) - start
            part = tokens[start : start + (self._step - 1 if left == self._step + 1 else self._step)]
            start += len(part)
            native = (self._lib.llama_token * len(part))(*part)
            self._decode(self._lib.llama_batch_get_one(native, len(part)))
            self._held.extend(part)
            yield len(self._held)

    def advance(self, token: int) -> None:
        """Evaluate one more token."""
        self._next[0] = token
        self._decode(self._next_batch)
        self._held.append(token)

    def advance_all(self, tokens: Sequence[int]) -> None:
        """Evaluate a few tokens at once and give logits behind each: those behind `tokens[i]` are at index i."""
        count = len(tokens)
        native, wanted = (self._lib.llama_token * count)(*tokens), (ctypes.c_int8 * count)(*[1] * count)
        batch = self._lib.llama_batch_get_one(native, count)  # a bare pointer: `native` must outlive it
        batch.logits = wanted
        self._decode(batch)
        self._held.extend(tokens)

    def interrupt(self) -> None:
        """End what is being evaluated with `Interrupted`, now and until `resume`; may be called from any thread."""
        self._flag.value = b"x"

    def resume(self) -> None:
        """Take `interrupt` back."""
        self._flag.value = b""

    def _decode(self, batch: Any) -> None:
        """Run the network; on an interruption the held tokens stay what they were.

        Raises:
            Interrupted, BackendError: see `interrupt`; or the engine failed, and nothing is held any more.
        """
        if self._flag.value:  # the engine itself looks at it on a CPU only
            raise Interrupted
        status = self._lib.llama_decode(self._context, batch)
        if not status:
            return
        if status == _ABORTED:
            if not self._lib.llama_memory_seq_rm(self._memory, 0, len(self._held), -1):
                self._forget()
            raise Interrupted
        self._forget()
        raise BackendError(f"llama.cpp failed while it ran (code {status}): {reason()}", "try again; then report this")

    def _forget(self) -> None:
        """Drop the state of all tokens."""
        self._held.clear()
        self._lib.llama_memory_clear(self._memory, True)

    @property
    def held(self) -> Sequence[int]:
        """The tokens whose state the context holds."""
        return self._held

    @property
    def evaluated(self) -> int:
        """Number of tokens whose state the context holds."""
        return len(self._held)

    def logits(self, index: int) -> Any:
        """Give the logits at a place of the last batch (-1: the last) as float32, valid until the next evaluation."""
        import numpy as np

        found = self._lib.llama_get_logits_ith(self._context, index)
        return np.ctypeslib.as_array(found, shape=(self.vocabulary_size,))

    @property
    def lib(self) -> Any:
        """The native library, for what works beside the engine (samplers, states, adapters)."""
        return self._lib

    @property
    def model(self) -> Any:
        """The native model."""
        return self._model

    @property
    def context(self) -> Any:
        """The native context, None before `make_room`."""
        return self._context


def _attention(options: EngineOptions) -> tuple[bool | None, str]:
    """Give whether flash attention is on (None: as llama.cpp finds best) and the type of the kept state.

    A state in eight or four bits needs flash attention, so that is switched on with it.
    """
    flash = {"auto": None, "on": True, "off": False}.get(options.flash_attention, "")
    if flash == "":
        raise UsageError(f"llama.flash_attention is {options.flash_attention!r}", "use auto, on or off")
    if options.kv_type not in ("f16", "f32", "q8_0", "q4_0"):
        raise UsageError(f"llama.kv_type is {options.kv_type!r}", "use f16, f32, q8_0 or q4_0")
    if options.kv_type.startswith("q"):
        if flash is False:
            raise UsageError(
                f"a state of type {options.kv_type} needs flash attention, which is off",
                "set llama.flash_attention to auto or on, or llama.kv_type to f16",
            )
        flash = True
    return (flash if isinstance(flash, bool) else None), options.kv_type
