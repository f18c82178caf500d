"""An embedding model that an Ollama runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localdev.backends.addresses import read_model
from localdev.backends.embedders.sending import TooLong, embed_by
from localdev.backends.ollama_api.client import OllamaServer, keep_alive, sendable
from localdev.backends.ollama_api.models import show_model
from localdev.core.errors import ContextOverflow, ModelError

if TYPE_CHECKING:
    from localdev.backends.options import RemoteOptions
    from localdev.core.ports import FloatMatrix

_UNKNOWN_WINDOW = 8192


class OllamaEmbedder:
    """Embeds texts with one model of one Ollama; the server loads it with the first text."""

    def __init__(self, model: str, options: RemoteOptions) -> None:
        """Find the model, `ollama:NAME[:TAG][@URL]`, its identity and the length of its vectors.

        Raises:
            UsageError: `model` has another form.
            Unreachable, TimedOut, NotFound: no Ollama answers, or it has no such model.
            ModelError, EgressRefused: the model makes no vectors, or runs somewhere else.
        """
        self._model, address = read_model(model, options.url)
        self._server = OllamaServer(address.url, options, origin=address.origin)
        self._keep_alive = keep_alive(options)
        shown = show_model(self._server, self._model)
        # Before 0.6.4 no capabilities are told, and later ones than that still list none for some embedding models.
        if shown.capabilities and "embedding" not in shown.capabilities:
            raise ModelError(
                f"{self._model} makes no vectors: Ollama calls it {', '.join(sorted(shown.capabilities))}",
                "search.embedder needs an embedding model, as nomic-embed-text",
            )
        if not shown.digest or not shown.embedding_length:
            raise ModelError(
                f"the Ollama at {address.url} does not say which vectors {self._model} makes",
                "update Ollama (0.5 or newer)",
            )
        self._digest = shown.digest
        self._dimension = shown.embedding_length
        self._window = shown.context_length or _UNKNOWN_WINDOW

    @property
    def name(self) -> str:
        """The model and its digest."""
        return f"ollama:{self._model}-{self._digest[:12]}"

    @property
    def dimension(self) -> int:
        """Length of a vector, as the server says."""
        return self._dimension

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Give float32 vectors of shape (len(texts), dimension), each of length 1; a text is read to the window's end.

        An empty text, which some versions refuse, gets zeros and is not sent.

        Raises:
            ModelError: what comes are no vectors of the promised length.
            Unreachable, TimedOut, NotFound, Busy, BackendError: what went wrong at the server.
        """
        return embed_by(self._request, texts, self._dimension, window=self._window, source=self.name)

    def _request(self, texts: list[str]) -> FloatMatrix:
        """Ask for the vectors of some texts; where the server refuses one in place of cutting it, it is cut here."""
        import numpy as np

        try:
            with self._server.speaking(self._model):
                found = self._server.client.embed(
                    self._model, list(map(sendable, texts)), truncate=True, keep_alive=self._keep_alive
                )
        except ContextOverflow as error:
            raise TooLong(error) from error
        try:
            return np.asarray(found.embeddings, dtype=np.float32)
        except ValueError:  # rows of different lengths
            return np.zeros((0, 0), dtype=np.float32)
