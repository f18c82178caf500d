"""An embedding model of an OpenAI-compatible server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.backends.embedders.checks import unit_vectors
from localdev.core.errors import BackendError, ModelError
from localdev.core.files import write_atomic

if TYPE_CHECKING:
    from localdev.backends.openai_api.failures import Overflow
    from localdev.backends.openai_api.probe import Server
    from localdev.backends.options import RemoteOptions
    from localdev.core.ports import FloatMatrix

_BATCH = 32  # texts in one request: an answer every few seconds even on a slow machine
_BATCH_CHARACTERS = 100_000
_PROBE = "def probe(): ..."
# A token stands for about four characters of code; what is surely cut need not be sent.
_CHARACTERS_PER_TOKEN = 32
_SPARE = 0.95  # of the share of a text that should fit: tokens are not spread evenly over it


class OpenAIEmbedder:
    """Embeds texts with one model of one server, which is not spoken to before a vector is needed."""

    def __init__(self, model: str, remote: RemoteOptions, *, record: Path | None = None) -> None:
        """Take `openai:NAME` or `openai:NAME@URL`, and ask for one vector where its length is not in the file `record`.

        With it an index can be opened, and searched by words, while the server is away.

        Raises:
            UsageError, ConfigError: the model string, the address or the key cannot be read.
            Unreachable, TimedOut, NotFound, ModelError, BackendError: the server gives no vector.
        """
        from localdev.backends.addresses import read_model
        from localdev.backends.openai_api.connection import Channel

        self._model, address = read_model(model, remote.url)
        self._channel = Channel(address, api_key=remote.api_key, connect_seconds=remote.connect_seconds)
        self._seconds = remote.first_token_seconds
        self._entry = f"{self._model}@{address.url}"
        self._found: Server | None = None
        self._dimension = _recorded(record).get(self._entry) or self._probed(record)

    @property
    def name(self) -> str:
        """The model and the length of its vectors. Servers tell no digest, so other weights of that name go unseen."""
        return f"openai:{self._model}-{self._dimension}"

    @property
    def dimension(self) -> int:
        """Length of a vector, as the server gave it once."""
        return self._dimension

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Give float32 vectors of shape (len(texts), dimension), each of length 1; a text is read to the window's end.

        An empty text, which servers refuse, gets zeros and is not sent.

        Raises:
            ModelError: what comes are no vectors of the promised length.
            Unreachable, TimedOut, NotFound, BackendError: what went wrong at the server.
        """
        import numpy as np

        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for rows in _batches(texts):
            raw = self._some([self._shortened(texts[row]) for row in rows])
            vectors[rows] = unit_vectors(raw, (len(rows), self._dimension), self.name)
        return vectors

    def _server(self) -> Server:
        """Give what the server is, looked up once.

        Raises:
            NotFound: it does not list the model.
        """
        from localdev.backends.openai_api.probe import probe

        if self._found is None:
            self._found = probe(self._channel, self._model)
        return self._found

    def _shortened(self, text: str) -> str:
        """Cut off what is surely beyond the window."""
        window = self._server().window
        return text[: window * _CHARACTERS_PER_TOKEN] if window else text

    def _probed(self, record: Path | None) -> int:
        """Find the length of a vector by asking for one, and record it."""
        raw = self._some([_PROBE])
        if raw.ndim != 2 or not raw.shape[1]:
            raise ModelError(f"{self._entry} gives no vector for a text", "search.embedder needs an embedding model")
        length = int(raw.shape[1])
        if record is not None:
            write_atomic(record, json.dumps({**_recorded(record), self._entry: length}).encode())
        return length

    def _some(self, texts: list[str]) -> FloatMatrix:
        """Embed a few texts; one that the server refuses as too long, in place of cutting it, is cut here.

        Each text is cut for itself, so that its vector does not depend on the others of the call.
        """
        found = self._request(texts)
        if not isinstance(found, tuple):
            return found
        import numpy as np

        if len(texts) > 1:
            return np.concatenate([self._some([text]) for text in texts])
        overflow, error = found
        text = texts[0]
        share = overflow.window / overflow.prompt if 0 < overflow.window < overflow.prompt else 0.5
        shorter = text[: min(int(len(text) * share * _SPARE), len(text) - 1)]
        if not shorter.strip():
            raise error
        return self._some([shorter])

    def _request(self, texts: list[str]) -> FloatMatrix | tuple[Overflow, BackendError]:
        """Ask for the vectors of some texts; gives what the server says where one is too long."""
        import numpy as np

        from localdev.backends.openai_api.calls import call, checked
        from localdev.backends.openai_api.failures import overflow

        server = self._server()
        body: dict[str, Any] = {"model": self._model, "input": texts, "encoding_format": "float"}
        if server.dialect.cut and server.window:
            body[server.dialect.cut] = server.window
        answer = call(self._channel, f"{self._channel.address.path}/embeddings", body, seconds=self._seconds)
        if answer.status != 200 and (too_long := overflow(answer.raw)):
            return too_long, too_long.error(self._model)
        found = checked(self._channel, answer, self._model)
        try:
            rows = sorted(found["data"], key=lambda entry: int(entry["index"]))
            return np.asarray([row["embedding"] for row in rows], dtype=np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{self._entry} gives no vectors for texts: one for each token, or none",
                "search.embedder needs an embedding model, and a server that pools its vectors",
            ) from error


def _recorded(record: Path | None) -> dict[str, int]:
    """Read the lengths that were found before; a file that cannot be read holds none."""
    try:
        found = json.loads(record.read_text(encoding="utf-8")) if record is not None else {}
    except (OSError, ValueError):
        return {}
    lengths = found.items() if isinstance(found, dict) else ()
    return {name: length for name, length in lengths if isinstance(length, int) and length > 0}


def _batches(texts: Sequence[str]) -> list[list[int]]:
    """Give the rows of texts that are sent together, in order; empty texts are not."""
    batches: list[list[int]] = []
    used = 0
    for row, text in enumerate(texts):
        if not text.strip():
            continue
        if not batches or len(batches[-1]) == _BATCH or used + len(text) > _BATCH_CHARACTERS:
            batches.append([])
            used = 0
        batches[-1].append(row)
        used += len(text)
    return batches
