"""One loaded model of llama.cpp: its context, and the tokens whose state the context holds.

The package's own high-level class is not used: it silently turns seed 0 into a random one, renders chat templates with
control tokens inside user text, and can only change the window by loading the weights again.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localdev.backends.llamacpp_native import complaints, load_library, load_model, physical_cores, reason
from localdev.core.errors import BackendError

# Prompt tokens evaluated in one native call. Ctrl-C is only seen between calls, so on a CPU, where 512 tokens of a
# 7-billion-parameter model take half a minute, the steps are smaller; the cost is a few percent.
_CPU_STEP, _GPU_STEP = 128, 512
_WINDOW_STEP = 2048  # a context grows by at least this many tokens, so that a chat does not resize it at every turn
_CONTROL, _UNKNOWN, _STRIP_LEFT, _STRIP_RIGHT = 8, 1, 128, 256  # enum llama_token_attr


class Engine:
    """A loaded model. Not thread-safe but for `tokenize`; the caller holds a lock around everything else."""

    def __init__(self, path: Path, *, threads: int, gpu_layers: int) -> None:
        lib = self._lib = load_library()
        self._model: Any = load_model(lib, path, gpu_layers)
        self._vocab = lib.llama_model_get_vocab(self._model)
        self._context: Any = None
        self._memory: Any = None
        self._held: list[int] = []
        self._pieces: dict[int, bytes] = {}
        self._threads = threads or physical_cores()
        self._on_gpu = gpu_layers != 0 and bool(lib.llama_supports_gpu_offload())
        self._step = _GPU_STEP if self._on_gpu else _CPU_STEP
        self._next = (lib.llama_token * 1)()
        self._next_batch = lib.llama_batch_get_one(self._next, 1)
        self.window = 0
        self.trained_window: int = lib.llama_model_n_ctx_train(self._model)
        template = lib.llama_model_chat_template(self._model, None)
        self.template: str = template.decode("utf-8", errors="replace") if template else ""
        self.bos: int = lib.llama_vocab_bos(self._vocab)
        self.eos: int = lib.llama_vocab_eos(self._vocab)
        self.add_bos: bool = lib.llama_vocab_get_add_bos(self._vocab)
        self.fim: tuple[int, int, int] = (
            lib.llama_vocab_fim_pre(self._vocab),
            lib.llama_vocab_fim_suf(self._vocab),
            lib.llama_vocab_fim_mid(self._vocab),
        )

    def close(self) -> None:
        """Free context and model; the engine must not be used afterwards."""
        self._free_context()
        if self._model:
            self._lib.llama_model_free(self._model)
            self._model = None

    def tokenize(self, text: str) -> list[int]:
        """Give the tokens of plain text: nothing is added, and text that looks like a control token stays text."""
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 2  # a token is at least a byte; two for the spaces some tokenizers put in front
        tokens = (self._lib.llama_token * room)()
        count = self._lib.llama_tokenize(self._vocab, data, len(data), tokens, room, False, False)
        if count < 0:
            raise BackendError("llama.cpp could not tokenize the text", "report this with the model's name")
        return list(tokens[:count])

    def control_tokens(self) -> dict[str, tuple[int, bool, bool]]:
        """Give the control tokens: text -> (id, whether it swallows the blanks before it, and those after it)."""
        lib, vocab, found = self._lib, self._vocab, {}
        for token in range(lib.llama_vocab_n_tokens(vocab)):
            attributes = lib.llama_vocab_get_attr(vocab, token)
            if attributes & (_CONTROL | _UNKNOWN):
                text = lib.llama_vocab_get_text(vocab, token).decode("utf-8", errors="replace")
                found[text] = (token, bool(attributes & _STRIP_LEFT), bool(attributes & _STRIP_RIGHT))
        found.pop("", None)
        return found

    def text_of(self, token: int) -> str:
        """Give the vocabulary's text of a token, empty for -1."""
        return (
            self._lib.llama_vocab_get_text(self._vocab, token).decode("utf-8", errors="replace") if token >= 0 else ""
        )

    def piece(self, token: int) -> bytes:
        """Give the bytes a token stands for in an answer; control tokens give none."""
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = self._read_piece(token)
        return piece

    def _read_piece(self, token: int) -> bytes:
        """Ask the vocabulary; the answer is kept by `piece`."""
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            size = self._lib.llama_token_to_piece(self._vocab, token, buffer, room, 0, False)
            if size >= 0:
                return buffer.raw[:size]
            room = -size

    def is_end(self, token: int) -> bool:
        """Say whether the model ends its turn with this token."""
        return bool(self._lib.llama_vocab_is_eog(self._vocab, token))

    def make_room(self, need: int, most: int) -> None:
        """See that the context holds `need` tokens, growing in steps up to `most`; the state it holds is carried over.

        Raises:
            BackendError: there is no memory for a context of that size.
        """
        if self._context and need <= self.window:
            return
        size = min(-(-need // _WINDOW_STEP) * _WINDOW_STEP, most)
        state = self._save_state()
        self._free_context()
        params = self._lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = size, self._step, self._step
        params.n_threads = params.n_threads_batch = self._threads
        params.no_perf = True
        if not self._on_gpu:
            # On a CPU flash attention is no gain for prompts and halves the speed of answers behind long ones.
            params.flash_attn_type = self._lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
        complaints.clear()
        self._context = self._lib.llama_init_from_model(self._model, params)
        if not self._context:
            self._held = []
            raise BackendError(
                f"llama.cpp cannot make a context of {size} tokens: {reason()}",
                "free some memory, or set a smaller context window",
            )
        self._memory = self._lib.llama_get_memory(self._context)
        self.window = self._lib.llama_n_ctx(self._context)
        # Also where there was no state to carry over: what is not in the new context must not count as held.
        if state is None or not self._lib.llama_state_seq_set_data(self._context, state, len(state), 0):
            self._held = []

    def _save_state(self) -> Any:
        """Give the state of the held tokens as a native buffer, None when there is none."""
        if not self._context or not self._held:
            return None
        size = self._lib.llama_state_seq_get_size(self._context, 0)
        state = (ctypes.c_uint8 * size)()
        return state if self._lib.llama_state_seq_get_data(self._context, state, size, 0) else None

    def _free_context(self) -> None:
        """Free the context; `_held` is left to the caller."""
        if self._context:
            self._lib.llama_free(self._context)
        self._context, self._memory, self.window = None, None, 0

    def keep(self, length: int) -> bool:
        """Keep the state of the first `length` held tokens alone; False, and nothing is kept, where it cannot be cut.

        Recurrent models keep one running state that cannot be cut back.
        """
        if length >= len(self._held) or self._lib.llama_memory_seq_rm(self._memory, 0, length, -1):
            del self._held[length:]
            return True
        self._lib.llama_memory_clear(self._memory, True)
        self._held.clear()
        return False

    def evaluate(self, tokens: Sequence[int]) -> None:
        """Evaluate tokens behind the held ones, in steps."""
        for start in range(0, len(tokens), self._step):
            part = tokens[start : start + self._step]
            native = (self._lib.llama_token * len(part))(*part)
            self._decode(self._lib.llama_batch_get_one(native, len(part)))
            self._held.extend(part)

    def advance(self, token: int) -> None:
        """Evaluate one more token."""
        self._next[0] = token
        self._decode(self._next_batch)
        self._held.append(token)

    def _decode(self, batch: Any) -> None:
        """Run the network."""
        status = self._lib.llama_decode(self._context, batch)
        if status:
            self._held = []
            self._lib.llama_memory_clear(self._memory, True)
            raise BackendError(
                f"llama.cpp failed while it ran (code {status}): {reason()}", "try again; then report this"
            )

    @property
    def held(self) -> Sequence[int]:
        """The tokens whose state the context holds."""
        return self._held

    @property
    def evaluated(self) -> int:
        """Number of tokens whose state the context holds."""
        return len(self._held)

    def sample(self, sampler: Any) -> int:
        """Draw the next token."""
        token: int = self._lib.llama_sampler_sample(sampler, self._context, -1)
        return token

    @property
    def lib(self) -> Any:
        """The native library, for what works beside the engine (samplers, states, adapters)."""
        return self._lib

    @property
    def vocab(self) -> Any:
        """The native vocabulary."""
        return self._vocab

    @property
    def context(self) -> Any:
        """The native context, None before `make_room`."""
        return self._context
