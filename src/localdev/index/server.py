"""A Chroma server that keeps vectors: its HTTP interface, spoken with the standard library.

Chroma's own client would cost its import (0.6 s), waits without end for a server that hangs, and goes through whatever
proxy the environment names.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import urllib.parse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from localdev.core.errors import StorageError
from localdev.index.database import Damaged
from localdev.index.vectors import GRAPH

if TYPE_CHECKING:
    from localdev.core.ports import FloatMatrix, IdVector

_Kind = TypeVar("_Kind")

_BASE = "/api/v2/tenants/default_tenant/databases/default_database/collections"
_VERSION = "1."
# The server takes at most 5,461 vectors at a time; pages of 2,000 are two megabytes on the way.
_PAGE = 2000
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 120.0
_NOT_FOUND = 404
# Characters of what a server says that stand in an error.
_MOST_QUOTED = 200
_DENIED = (401, 403)


class StoreAway(StorageError):
    """The server does not answer, or is none that can be used."""

    code = "store_away"


class ServerVectors:
    """A `VectorStore` in one collection of a Chroma server."""

    def __init__(self, url: str, name: str, *, token: str = "", create: bool | None = False) -> None:
        """Open the collection, or make it; with `create` None no collection is opened.

        Raises:
            StoreAway: no server answers, it refuses the token, or it speaks another version.
            Damaged: it has no such collection.
        """
        self._url = url
        self._token = token
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers |= {"Authorization": f"Bearer {token}", "X-Chroma-Token": token}
        self._connection = self._connect()
        self._check_version()
        self._id = ""
        if create:
            body = {"name": name, "configuration": GRAPH, "metadata": {"made_by": "localdev"}}
            self._id = self._made(body)
        elif create is not None:
            self._id = _field(self._ask("GET", f"{_BASE}/{name}"), "id", str)

    def upsert(self, ids: Sequence[int], vectors: FloatMatrix) -> None:
        """Store vectors; an id that is there is replaced."""
        for start in range(0, len(ids), _PAGE):
            part = slice(start, start + _PAGE)
            # A number of 32 bits as it is, not as a text of ten digits.
            packed = [base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii") for vector in vectors[part]]
            self._ask("POST", f"{_BASE}/{self._id}/upsert", {"ids": list(map(str, ids[part])), "embeddings": packed})

    def delete(self, ids: Sequence[int]) -> None:
        """Remove vectors; unknown ids are ignored."""
        for start in range(0, len(ids), _PAGE):
            self._ask("POST", f"{_BASE}/{self._id}/delete", {"ids": list(map(str, ids[start : start + _PAGE]))})

    def load(self) -> tuple[IdVector, FloatMatrix]:
        """Give all ids, ascending, and their float32 vectors in that order."""
        import numpy as np

        ids: list[int] = []
        parts = []
        while True:
            asked = {"include": ["embeddings"], "limit": _PAGE, "offset": len(ids)}
            page = self._ask("POST", f"{_BASE}/{self._id}/get", asked)
            names = _field(page, "ids", list)
            if not names:
                break
            try:
                ids.extend(map(int, names))
                parts.append(np.asarray(_field(page, "embeddings", list), dtype=np.float32).reshape(len(names), -1))
            except (TypeError, ValueError) as error:
                raise Damaged("the server gives vectors that are none") from error
        if not ids:
            return np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32)
        numbers = np.asarray(ids, dtype=np.int64)
        order = np.argsort(numbers, kind="stable")
        return numbers[order], np.concatenate(parts)[order]

    def count(self) -> int:
        """Give the number of vectors."""
        count = self._ask("GET", f"{_BASE}/{self._id}/count")
        if not isinstance(count, int):
            raise Damaged("the server gives no number of vectors")
        return count

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def collections(self, prefix: str) -> list[str]:
        """Give the names of the collections on the server that begin so.

        Raises:
            StoreAway: the server does not answer, or not with a list of them.
        """
        names: list[str] = []
        while (page := self._page_of_names(len(names))) and page[0] not in names:
            names += page
        return [name for name in names if name.startswith(prefix)]

    def remove(self, name: str) -> None:
        """Remove a whole collection; one that is gone already is no error."""
        with contextlib.suppress(Damaged):
            self._ask("DELETE", f"{_BASE}/{name}")

    def _connect(self) -> http.client.HTTPConnection:
        """Connect; the longer patience for answers begins only then."""
        address = urllib.parse.urlsplit(self._url)
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = kind(address.hostname or "", address.port, timeout=_CONNECT_SECONDS)
        try:
            connection.connect()
        except OSError as error:
            raise self._away(error.strerror or str(error) or type(error).__name__) from error
        connection.sock.settimeout(_ANSWER_SECONDS)
        return connection

    def _check_version(self) -> None:
        """Make sure that it is a Chroma server whose interface is known."""
        hint = "`chroma run` of the chromadb that localdev brings starts one that fits"
        try:
            version = self._ask("GET", "/api/v2/version")
        except Damaged as error:
            raise StoreAway(f"{self._url} is no Chroma server that localdev knows: {error}", hint) from error
        if not isinstance(version, str) or not version.startswith(_VERSION):
            said = self._quoted(json.dumps(version))[:40]
            raise StoreAway(f"the Chroma server at {self._url} speaks version {said}, not {_VERSION}x", hint)

    def _made(self, body: object) -> str:
        """Make a collection and give its id; a server that cannot is none to keep vectors in."""
        try:
            return _field(self._ask("POST", _BASE, body), "id", str)
        except Damaged as error:
            raise self._away(str(error)) from error

    def _page_of_names(self, offset: int) -> list[str]:
        """Give the names of some collections; a server that cannot say is none to keep vectors in."""
        try:
            page = self._ask("GET", f"{_BASE}?limit=1000&offset={offset}")
            if not isinstance(page, list):
                raise Damaged("the server gives no list of its collections")
            return [_field(one, "name", str) for one in page]
        except Damaged as error:
            raise self._away(str(error)) from error

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        """Send one request and read its answer.

        Raises:
            StoreAway: there was no answer, or a refusal.
            Damaged: the server does not have what is asked for, or its answer is not one.
        """
        status, text = self._answer(method, path, None if body is None else json.dumps(body).encode())
        if status in _DENIED:
            raise StoreAway(
                f"the Chroma server at {self._url} refuses the token ({status})",
                "set LOCALDEV_STORE_TOKEN to the token of the server",
            )
        try:
            answer = json.loads(text) if text else None
        except ValueError:
            answer = None
        if status == _NOT_FOUND or (status < 300 and answer is None):
            raise Damaged(f"the server answers {status} to {method} {path.partition('?')[0]}")
        if status >= 300:
            said = answer.get("message") if isinstance(answer, dict) else None
            told = self._quoted(str(said or text.decode("utf-8", "replace")))
            raise self._away(f"it answers {status}: {' '.join(told[:_MOST_QUOTED].split())}")
        return answer

    def _answer(self, method: str, path: str, data: bytes | None) -> tuple[int, bytes]:
        """Send one request, again when the server had closed the line meanwhile; give status and text."""
        for again in (True, False):
            try:
                self._connection.request(method, path, body=data, headers=self._headers)
                response = self._connection.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if not again or isinstance(error, TimeoutError):
                    raise self._away(str(error) or type(error).__name__) from error
                self._connection = self._connect()
        raise AssertionError("not reached")

    def _quoted(self, text: str) -> str:
        """Give what a server said without the token, which some answer with."""
        return text.replace(self._token, "(token)") if self._token else text

    def _away(self, why: str) -> StoreAway:
        """Make the error for a server that does not do what it should."""
        return StoreAway(
            f"the Chroma server at {self._url} cannot be used: {self._quoted(why)}",
            "start it (`chroma run --path FOLDER --port PORT`), or `localdev config set index.store embedded`",
        )


def _field(answer: object, name: str, kind: type[_Kind]) -> _Kind:
    """Read a field of an answer.

    Raises:
        Damaged: the answer has no such field, or one of another kind.
    """
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, kind):
        raise Damaged(f"the server gives no {name}")
    return value
