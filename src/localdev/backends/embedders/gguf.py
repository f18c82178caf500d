"""A GGUF embedding model (BERT and its kin) run by llama.cpp in this process.

Several texts go through the network in one native call, as sequences side by side. The package's own high-level class
is not used: it embeds one text a call where a context is small, and writes to stderr.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.backends.embedders.checks import unit_vectors
from localdev.backends.llamacpp.native import load_library, load_model, physical_cores, reason
from localdev.core.errors import BackendError, ModelError

if TYPE_CHECKING:
    from localdev.backends.options import BackendOptions
    from localdev.core.ports import FloatMatrix

# Tokens in one native call, unless the model's window is larger. Every token of a call is compared with every other, of
# other texts too, so a larger call is slower on a CPU: with 512 a chunk takes one core 42 ms, with 1024 45 ms.
_CALL = 512
_MOST_SEQUENCES = 64
# Parameters times tokens that one core is through with in a tenth of a second. Threads wait for each other hundreds of
# times in a call, and where cores are busy with other work a question took a second on two of them, 5 ms on one.
_ONE_THREAD = 2_000_000_000
# A token stands for about four characters of code; what is surely cut need not be split into tokens.
_CHARACTERS_PER_TOKEN = 32


class GgufEmbedder:
    """Embeds texts with one GGUF file; the weights are loaded with the first text. Threads take turns."""

    def __init__(self, path: Path, options: BackendOptions, dimension: int) -> None:
        """Take the file, its identity (`options.name` and `options.digest`) and the length of its vectors.

        Raises:
            MissingExtra: llama-cpp-python is not installed.
        """
        import importlib.util

        if importlib.util.find_spec("llama_cpp") is None:
            load_library()
        self._path = path
        self._options = options
        self._dimension = dimension
        self._lock = threading.Lock()
        self._loaded: _Network | None = None

    @property
    def name(self) -> str:
        """The model and the digest of its file."""
        return f"gguf:{self._options.name}-{self._options.digest[:12]}"

    @property
    def dimension(self) -> int:
        """Length of a vector, as the file says."""
        return self._dimension

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Give float32 vectors of shape (len(texts), dimension), each of length 1; a text is read to the window's end.

        The same call gives the same bits again. Which texts share a call moves the fifth digit.

        Raises:
            ModelError: llama.cpp refuses the file, or what it gives are no vectors of the promised length.
            BackendError: the engine failed while it ran.
        """
        with self._lock:
            if self._loaded is None:
                self._loaded = _Network(self._path, self._options)
            return unit_vectors(self._loaded.run(texts), (len(texts), self._dimension), self._path)


class _Network:
    """The loaded weights and one context; freed with the object."""

    def __init__(self, path: Path, options: BackendOptions) -> None:
        lib = self._lib = load_library()
        self._path = path
        self._model = load_model(lib, path, options.engine.gpu_layers)
        free_model = weakref.finalize(self, lib.llama_model_free, self._model)
        self._vocab = lib.llama_model_get_vocab(self._model)
        self._window: int = lib.llama_model_n_ctx_train(self._model)
        self._width: int = lib.llama_model_n_embd(self._model)
        self._call = max(_CALL, self._window)
        self._parameters: int = lib.llama_model_n_params(self._model)
        self._threads = options.engine.threads or physical_cores()
        self._context = self._new_context(lib.LLAMA_POOLING_TYPE_UNSPECIFIED)
        if lib.llama_pooling_type(self._context) == lib.LLAMA_POOLING_TYPE_NONE:
            lib.llama_free(self._context)
            self._context = self._new_context(lib.LLAMA_POOLING_TYPE_MEAN)
        free_model.detach()
        self._batch = lib.llama_batch_init(self._call, 0, 1)
        weakref.finalize(self, _free, lib, self._model, self._context, self._batch)

    def _new_context(self, pooling: int) -> Any:
        """Make a context that gives one vector for each sequence."""
        lib = self._lib
        params = lib.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = self._call
        params.n_seq_max = _MOST_SEQUENCES
        params.embeddings, params.no_perf, params.kv_unified = True, True, True
        params.pooling_type = pooling
        # Nearly twice as fast on a CPU, since tokens of other texts are then skipped; the vectors are the same.
        params.flash_attn_type = lib.LLAMA_FLASH_ATTN_TYPE_ENABLED
        context = lib.llama_init_from_model(self._model, params)
        if not context:
            raise BackendError(
                f"llama.cpp cannot use {self._path}: {reason()}", "free some memory, or use another model"
            )
        return context

    def run(self, texts: Sequence[str]) -> FloatMatrix:
        """Give the raw vectors, shape (len(texts), width)."""
        import numpy as np

        vectors = np.zeros((len(texts), self._width), dtype=np.float32)
        for group in self._groups([self._tokens(text) for text in texts]):
            self._evaluate([tokens for _, tokens in group])
            for sequence, (row, _) in enumerate(group):
                found = self._lib.llama_get_embeddings_seq(self._context, sequence)
                if not found:
                    raise ModelError(f"{self._path} gives no vectors for texts", "use an embedding model")
                vectors[row] = np.ctypeslib.as_array(found, (self._width,))
        return vectors

    def _tokens(self, text: str) -> list[int]:
        """Give the tokens of a text with the model's own start and end marks, the end mark kept where it is cut."""
        lib = self._lib
        data = text[: self._window * _CHARACTERS_PER_TOKEN].encode("utf-8", errors="replace")
        room = len(data) + 4
        tokens = (lib.llama_token * room)()
        count = lib.llama_tokenize(self._vocab, data, len(data), tokens, room, True, False)
        if count < 1:
            raise BackendError(f"llama.cpp could not tokenize a text for {self._path}", "use another model")
        if count > self._window:
            return [*tokens[: self._window - 1], tokens[count - 1]]
        return list(tokens[:count])

    def _groups(self, texts: Sequence[list[int]]) -> Iterator[list[tuple[int, list[int]]]]:
        """Yield (row, tokens) of texts that fit into one call together, longest first."""
        group: list[tuple[int, list[int]]] = []
        used = 0
        for row in sorted(range(len(texts)), key=lambda row: -len(texts[row])):
            if group and (used + len(texts[row]) > self._call or len(group) == _MOST_SEQUENCES):
                yield group
                group, used = [], 0
            group.append((row, texts[row]))
            used += len(texts[row])
        if group:
            yield group

    def _evaluate(self, sequences: Sequence[list[int]]) -> None:
        """Run the network over some texts side by side."""
        batch, place = self._batch, 0
        for sequence, tokens in enumerate(sequences):
            for position, token in enumerate(tokens):
                batch.token[place], batch.pos[place] = token, position
                batch.n_seq_id[place], batch.seq_id[place][0] = 1, sequence
                batch.logits[place] = 1
                place += 1
        batch.n_tokens = place
        threads = 1 if place * self._parameters < _ONE_THREAD else self._threads
        self._lib.llama_set_n_threads(self._context, threads, threads)
        status = self._lib.llama_encode(self._context, batch)
        if status:
            raise BackendError(f"llama.cpp failed while it ran {self._path} (code {status}): {reason()}", "try again")


def _free(lib: Any, model: Any, context: Any, batch: Any) -> None:
    """Free what native code holds, the context before its model."""
    lib.llama_batch_free(batch)
    lib.llama_free(context)
    lib.llama_model_free(model)
