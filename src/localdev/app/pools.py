"""What jobs share: loaded models, open repositories and embedders, kept between them.

Without the background service a pool lives as long as one job, and everything in it is closed at the job's end.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.app.anywhere import STORE_TOKEN, secrets_of
from localdev.app.cancelling import Cancellation
from localdev.app.pool_models import Models, watched
from localdev.app.pool_repositories import Repositories
from localdev.app.remote import KINDS
from localdev.app.stored import open_indexed
from localdev.core.events import Notice, Progress

if TYPE_CHECKING:
    from localdev.app.remote import Contact
    from localdev.backends.options import BackendOptions
    from localdev.config.settings import Settings
    from localdev.core.chat import ChatRequest, ModelInfo
    from localdev.core.events import BackendEvent
    from localdev.core.folders import Folders
    from localdev.core.ports import ChatBackend, Embedder, Journal
    from localdev.index.repository import IndexedRepository

# An embedder is a table of 30 MB, or a model of some hundred.
_MOST_EMBEDDERS = 2

Aside = Callable[[Progress | Notice], None]


class Pools:
    """Everything that is costly to open, shared by the jobs of one process. Safe to use from several threads."""

    def __init__(self) -> None:
        self.models = Models()
        self.repositories = Repositories()
        self._embedders: dict[tuple[object, ...], Embedder] = {}
        self._lock = threading.Lock()

    def embedder(self, settings: Settings, folders: Folders, aside: Aside, contact: Contact) -> Embedder:
        """Give the configured embedder, one for all jobs that want the same; one on a server is the job's own.

        Raises:
            LocaldevError: what opening it says.
        """
        from localdev.app.embedders import open_embedder

        opened = open_embedder(settings, folders, progress=aside, contact=contact)
        if not _is_shared(settings):
            return opened
        key = (opened.name, settings.llama.threads, settings.llama.gpu_layers)
        with self._lock:
            shared = self._embedders.pop(key, opened)
            self._embedders[key] = shared  # the last one is the newest
            for oldest in list(self._embedders)[:-_MOST_EMBEDDERS]:
                del self._embedders[oldest]  # who still uses it keeps it
        return shared

    def sweep(self) -> None:
        """Let go of what is not used any more; called every few seconds."""
        self.repositories.sweep()

    def forget(self) -> None:
        """Let go of what was read of repositories: open indexes, and the prompts in models that no job uses."""
        self.models.close_idle()
        self.repositories.close()

    def close(self) -> None:
        """Close everything."""
        self.models.close()
        self.repositories.close()
        with self._lock:
            self._embedders.clear()


@dataclass(frozen=True, slots=True)
class Host:
    """What the process that runs a job lends it: pools, the secrets of whoever asked, and how it is cancelled."""

    pools: Pools = field(default_factory=Pools)
    secrets: Mapping[str, str] = field(default_factory=lambda: secrets_of(os.environ), repr=False)
    cancellation: Cancellation = field(default_factory=Cancellation)

    @contextlib.contextmanager
    def repository(
        self, settings: Settings, folders: Folders, root: Path, aside: Aside, *, journal: Journal | None = None
    ) -> Iterator[IndexedRepository]:
        """Open a repository with the configured embedder, or have a kept one, for one job alone.

        The journal is for what an embedder on a server is sent.

        Raises:
            LocaldevError: what the settings name cannot be used.
        """
        from localdev.app.remote import Contact
        from localdev.index.layout import index_folder

        embedder = self.pools.embedder(settings, folders, aside, Contact(self.secrets, aside, journal))
        token = self.secrets.get(STORE_TOKEN, "")

        def opened(tell: Callable[[str], None]) -> IndexedRepository:
            return open_indexed(folders, root, embedder, store=settings.index, token=token, on_notice=tell)

        if not _is_shared(settings):
            with contextlib.closing(opened(lambda text: aside(Notice("info", text)))) as repository:
                yield repository
            return
        key = (folders.indexes, root, embedder.name, settings.index, token)
        folder = index_folder(folders.indexes, root)
        with self.pools.repositories.taken(key, folder, lambda text: aside(Notice("info", text)), opened) as taken:
            yield taken

    def backend(self, model: str, options: BackendOptions, aside: Aside) -> ChatBackend:
        """Open a backend: a model file is shared with other jobs, anything else is this job's own.

        Raises:
            LocaldevError: what opening it says.
        """
        from localdev.backends.registry import kind_of, open_backend

        if kind_of(model) == "gguf":
            return self.pools.models.lease(model, options, self.cancellation, aside)
        return _Watched(open_backend(model, options=options), self.cancellation)


def _is_shared(settings: Settings) -> bool:
    """Tell whether other jobs may use what is opened with the embedder: one on a server speaks for one job alone."""
    return not settings.search.embedder.startswith(tuple(f"{kind}:" for kind in KINDS))


class _Watched:
    """A backend of one job, which stops when the job is cancelled."""

    def __init__(self, backend: ChatBackend, cancellation: Cancellation) -> None:
        self._backend = backend
        self._cancellation = cancellation

    def describe(self) -> ModelInfo:
        """Say which model this is."""
        return self._backend.describe()

    def count_tokens(self, text: str) -> int:
        """Count tokens with the model's own tokenizer."""
        return self._backend.count_tokens(text)

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Pass the model's words on."""
        return watched(self._backend, request, self._cancellation)

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """End a stream of the backend."""
        return self._backend.cancel(request)

    def close(self) -> None:
        """Close the backend."""
        self._backend.close()
