"""The ports: what a room needs from rooms above or beside it, as Protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from localdev.core.chat import ChatRequest, ModelInfo
from localdev.core.code import RefreshReport, Symbol
from localdev.core.events import BackendEvent, Event, Progress
from localdev.core.search import Candidate, IndexedChunk, SearchFilter

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatMatrix = npt.NDArray[np.float32]
    IdVector = npt.NDArray[np.int64]

ProgressSink = Callable[[Progress], None]


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """Identity of model and version, digest included; an index made with another name is rebuilt."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Give float32 vectors of shape (len(texts), dimension), each of length 1 (or all zero for an empty text)."""
        ...


class VectorStore(Protocol):
    """Keeps vectors by chunk id; the source of truth for them. One writer at a time."""

    def upsert(self, ids: Sequence[int], vectors: FloatMatrix) -> None:
        """Store vectors; an id that is there is replaced."""
        ...

    def delete(self, ids: Sequence[int]) -> None:
        """Remove vectors; unknown ids are ignored."""
        ...

    def load(self) -> tuple[IdVector, FloatMatrix]:
        """Give all ids, ascending, and their vectors in that order."""
        ...

    def count(self) -> int:
        """Give the number of vectors."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class Repository(Protocol):
    """An open, indexed repository: what retrieval and the jobs ask."""

    @property
    def root(self) -> Path:
        """The folder whose files are indexed."""
        ...

    def refresh(self, progress: ProgressSink | None = None, *, rebuild: bool = False) -> RefreshReport:
        """Bring the index up to date with the files on disk."""
        ...

    def lexical(
        self, terms: Sequence[str], weights: Sequence[float], limit: int, *, where: SearchFilter | None = None
    ) -> list[Candidate]:
        """Rank chunks by BM25 over the fields (path, symbol, signature, doc, body), weighted in that order.

        A chunk matches when it holds any of `terms` (already split and stemmed); best first, at most `limit`.
        """
        ...

    def dense(self, text: str, limit: int, *, where: SearchFilter | None = None) -> list[Candidate]:
        """Rank chunks by the cosine of their vectors with that of `text`; best first, at most `limit`."""
        ...

    def dense_files(self, text: str, limit: int, *, where: SearchFilter | None = None) -> list[tuple[str, float]]:
        """Rank paths by the cosine of the sum of their chunks' vectors with that of `text`; at most `limit`."""
        ...

    def chunks(self, ids: Sequence[int]) -> dict[int, IndexedChunk]:
        """Give stored chunks by id; ids that are gone are left out."""
        ...

    def chunk_ids(self, path: str, start_line: int = 1, end_line: int = 2**31) -> list[int]:
        """Give ids of the chunks of `path` that overlap the lines, in order of lines."""
        ...

    def symbols_named(self, names: Sequence[str], *, ignore_case: bool = False) -> list[tuple[int, Symbol]]:
        """Give (chunk id, definition) for definitions whose plain or qualified name is one of `names`.

        Of a name that is defined hundreds of times only some, the outermost first.
        """
        ...

    def defined_names(self, near: str = "") -> list[str]:
        """Give the plain names of all definitions, in no order.

        With `near` those suffice that are at most two letters longer or shorter and share its first or last two.
        """
        ...

    def callers(self, name: str, limit: int, *, path: str = "") -> list[tuple[str, int, str]]:
        """Give (path, line, enclosing symbol) of uses of `name` outside its definition, calls first.

        With `path` only uses that mean a definition in that file. A use that may mean several things, or one of the
        language's own, is left out.
        """
        ...

    def callees(self, chunk_id: int, limit: int) -> list[Symbol]:
        """Give definitions in this repository that the chunk surely calls or refers to, most specific names first."""
        ...

    def symbols(self, path_prefix: str = "") -> list[tuple[Symbol, int]]:
        """Give (definition, number of other files that refer to its name) under a path, in file and line order."""
        ...

    def paths(self) -> list[str]:
        """Give the indexed paths, sorted."""
        ...

    def known_names(self, names: Sequence[str]) -> set[str]:
        """Give the subset of `names` that occur in the index as a definition, reference, path or file name."""
        ...


class ChatBackend(Protocol):
    """Runs a language model."""

    def describe(self) -> ModelInfo:
        """Say which model this is and what it can do."""
        ...

    def count_tokens(self, text: str) -> int:
        """Count tokens with the model's own tokenizer."""
        ...

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Yield text as it comes, then one `Finished`; closing the iterator stops the engine within one token."""
        ...

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """End the stream of a request (None: every one) from another thread, even before its first token.

        It then ends with the reason `cancelled`. False where there is no such stream (yet). The request is told by
        identity: one that is equal is another one.
        """
        ...

    def close(self) -> None:
        """Free the model."""
        ...


class PromptOrders(Protocol):
    """Remembers in which order the passages of a repository's earlier prompts stood."""

    def earlier(self) -> Sequence[Sequence[str]]:
        """Give the orders of earlier prompts as digests of their passages, the most recent one first."""
        ...

    def remember(self, order: Sequence[str]) -> None:
        """Note the order of a prompt; what cannot be written is forgotten."""
        ...


class Journal(Protocol):
    """Records what was done."""

    def record(self, kind: str, entry: Mapping[str, Any]) -> None:
        """Append one entry; never raises for a full disk but warns once."""
        ...


class JobRun(Protocol):
    """A job under way: its events are read by one thread, any other may cancel it."""

    def events(self) -> Iterator[Event]:
        """Yield its events, progress from inside long work included; a cancelled job just ends.

        Raises:
            LocaldevError: what the job itself raises.
        """
        ...

    def cancel(self) -> None:
        """End it within one token, from any thread; again, or when it is over, is harmless."""
        ...


class JobStarter(Protocol):
    """Starts jobs that can be cancelled, each with the model and adapter it is to use."""

    def start(self, job: str, options: Mapping[str, Any], *, model: str = "", adapter: str = "") -> JobRun:
        """Start a job by name; nothing is done before its events are read. Empty: what the settings say."""
        ...


class Jobs(Protocol):
    """Runs jobs: in this process, or in the background service."""

    def run(self, job: str, options: Mapping[str, Any]) -> Iterator[Event]:
        """Start a job by name and yield its events; closing the iterator cancels it."""
        ...
