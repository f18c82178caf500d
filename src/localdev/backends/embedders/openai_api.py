"""An embedding model of an OpenAI-compatible server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.backends.embedders.sending import TooLong, embed_by
from localdev.core.errors import ModelError
from localdev.core.files import write_atomic

if TYPE_CHECKING:
    from localdev.backends.openai_api.probe import Server
    from localdev.backends.options import RemoteOptions
    from localdev.core.ports import FloatMatrix

_PROBE = "def probe(): ..."
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
        self._seconds, self._look_seconds = remote.first_token_seconds, remote.look_seconds
        self._entry = f"{self._model}@{address.url}"
        self._found: Server | None = None
        self._record = record
        self._dimension = 0
        self._dimension = _recorded(record).get(self._entry) or self._probed()

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
        sends = any(text.strip() for text in texts)  # what sends nothing asks nothing
        window = self._server().window if sends else 0
        return embed_by(self._request, texts, self._dimension, window=window, source=self.name)

    def _server(self) -> Server:
        """Give what the server is, looked up once.

        Raises:
            NotFound: it does not list the model.
        """
        from localdev.backends.openai_api.probe import probe

        if self._found is None:
            self._found = probe(self._channel, self._model, seconds=self._look_seconds)
        return self._found

    def _probed(self) -> int:
        """Find the length of a vector by asking for one, and record it."""
        try:
            raw = self._request([_PROBE])
        except TooLong as refused:
            raise refused.error from refused
        if raw.ndim != 2 or not raw.shape[1]:
            raise ModelError(f"{self._entry} gives no vector for a text", "search.embedder needs an embedding model")
        return self._recorded_as(int(raw.shape[1]))

    def _recorded_as(self, length: int) -> int:
        """Write down how long a vector is."""
        if self._record is not None:
            write_atomic(self._record, json.dumps({**_recorded(self._record), self._entry: length}).encode())
        return length

    def _request(self, texts: list[str]) -> FloatMatrix:
        """Ask for the vectors of some texts.

        Raises:
            TooLong: one of them is, and the server does not cut it.
            ModelError: they are no vectors, or longer or shorter ones than this model gave before.
        """
        import numpy as np

        from localdev.backends.openai_api.calls import call, checked
        from localdev.backends.openai_api.failures import overflow

        server = self._server()
        body: dict[str, Any] = {"model": self._model, "input": texts, "encoding_format": "float"}
        if server.dialect.cut and server.window:
            body[server.dialect.cut] = server.window
        answer = call(self._channel, f"{self._channel.address.path}/embeddings", body, seconds=self._seconds)
        if answer.status != 200 and (too_long := overflow(answer.raw)):
            known = 0 < too_long.window < too_long.prompt
            share = too_long.window / too_long.prompt * _SPARE if known else 0.5
            raise TooLong(too_long.error(self._model), share)
        found = checked(self._channel, answer, self._model)
        try:
            rows = sorted(found["data"], key=lambda entry: int(entry["index"]))
            raw = np.asarray([row["embedding"] for row in rows], dtype=np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{self._entry} gives no vectors for texts: one for each token, or none",
                "search.embedder needs an embedding model, and a server that pools its vectors",
            ) from error
        if self._dimension and raw.ndim == 2 and raw.shape[1] != self._dimension:
            now = self._recorded_as(int(raw.shape[1]))  # this one keeps its own, as vectors of it may be stored already
            raise ModelError(
                f"{self._entry} gave vectors of {self._dimension} numbers, and now of {now}: it is another model",
                "run the command again: the index is then made anew",
            )
        return raw


def _recorded(record: Path | None) -> dict[str, int]:
    """Read the lengths that were found before; a file that cannot be read holds none."""
    try:
        found = json.loads(record.read_text(encoding="utf-8")) if record is not None else {}
    except (OSError, ValueError):
        return {}
    lengths = found.items() if isinstance(found, dict) else ()
    return {name: length for name, length in lengths if isinstance(length, int) and length > 0}
