"""Runs jobs in this process: the `Jobs` port over settings, an open repository, a backend and the journal."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.app.pools import Aside, Host
from localdev.app.recording import journal_of, recorded
from localdev.app.tools import prompt_folders
from localdev.config.settings import Settings
from localdev.core.errors import NotFound, UsageError
from localdev.core.events import Event, Notice, Progress, Refreshed, Result, Sources
from localdev.core.folders import Folders

if TYPE_CHECKING:
    from localdev.app.engines import Engine
    from localdev.app.tools import JobTools
    from localdev.backends.options import BackendOptions
    from localdev.core.code import RefreshReport
    from localdev.core.ports import ChatBackend, Journal
    from localdev.index.repository import IndexedRepository

Options = Mapping[str, Any]


class LocalJobs:
    """The jobs of one repository with one set of settings.

    `aside` is told of what happens while a job is inside long work and cannot yield: progress, and waiting for another
    process. Everything else comes as events.
    """

    def __init__(
        self, settings: Settings, folders: Folders, root: Path, *, aside: Aside | None = None, host: Host | None = None
    ) -> None:
        """Take what every job needs; without a `host` everything is opened for one job and closed at its end."""
        self._settings = settings
        self._folders = folders
        self._root = root
        self._aside: Aside = aside or (lambda _event: None)
        self._given = host
        self._host = host or Host()
        self._jobs: dict[str, Callable[[Options, IndexedRepository], Iterator[Event]]] = {
            "ask": self._ask,
            "chat": self._chat,
            "names": self._names,
            "search": self._search,
            "index": self._index,
            "outline": self._outline,
        }
        # What needs no index and builds none.
        self._plain: dict[str, Callable[[Options], Iterator[Event]]] = {
            "complete": self._complete,
            "review": self._review,
            "commit": self._commit,
            "gen": self._gen,
        }

    def run(self, job: str, options: Options) -> Iterator[Event]:
        """Start a job by name and yield its events; closing the iterator cancels it.

        Raises:
            UsageError: there is no such job.
            LocaldevError: what the job itself raises.
        """
        known = [*self._jobs, *self._plain]
        if job not in known:
            raise UsageError(f"there is no job {job!r}", f"known jobs: {', '.join(known)}")
        from localdev.audit import egress

        egress.install()
        events = self._without_repository(job, options) if job in self._plain else self._events(job, options)
        return recorded(job, events, self._journal(), root=str(self._root))

    def _without_repository(self, job: str, options: Options) -> Generator[Event, None, None]:
        """Run a job that needs no repository."""
        with contextlib.nullcontext() if self._given else contextlib.closing(self._host.pools):
            yield from self._plain[job](options)

    def _events(self, job: str, options: Options) -> Generator[Event, None, None]:
        """Run a job on the open repository."""
        with (
            contextlib.nullcontext() if self._given else contextlib.closing(self._host.pools),
            self._opened_repository() as repository,
        ):
            yield from self._jobs[job](options, repository)

    def _ask(self, options: Options, repository: IndexedRepository) -> Iterator[Event]:
        """Options: question, extra, show_prompt, no_model. `k` and the model stand in the settings."""
        from localdev.app.orders import FileOrders
        from localdev.assistant.ask import AskRequest, ask
        from localdev.core.chat import Sampling
        from localdev.index.layout import index_folder
        from localdev.prompting.prompts import load_prompt

        chosen, folder = self._settings.ask, index_folder(self._folders.indexes, self._root)
        request = AskRequest(
            options["question"],
            limit=chosen.k,
            extra=options.get("extra", ""),
            show_prompt=options.get("show_prompt", False),
            context_tokens=chosen.context_tokens,
            sampling=Sampling(temperature=chosen.temperature, seed=chosen.seed, max_tokens=chosen.max_tokens),
            adapter=chosen.adapter,
            owner=folder.name,
        )
        prompt = load_prompt("ask", folders=prompt_folders(self._root, self._folders))
        engine = self._engine(without=options.get("no_model", False))
        with contextlib.ExitStack() as open_parts:
            if engine.backend is not None:
                open_parts.callback(engine.backend.close)
            yield from ask(
                request,
                repository=repository,
                prompt=prompt,
                backend=engine.backend,
                progress=self._aside,
                orders=FileOrders(folder),
            )
            if engine.backend is None and request.extra.strip() and not request.show_prompt:
                yield Notice("hint", "the text on stdin was not used: only a model reads it")
            if engine.notice is not None:
                yield engine.notice

    def _chat(self, options: Options, repository: IndexedRepository) -> Iterator[Event]:
        """Options as in `app.chatting`."""
        from localdev.app.chatting import chat_job

        return chat_job(self._tools(), options, repository)

    def _names(self, options: Options, repository: IndexedRepository) -> Iterator[Event]:
        """No options."""
        from localdev.app.chatting import names_job

        return names_job(self._tools(), repository)

    def _complete(self, options: Options) -> Iterator[Event]:
        """Options: prefix, suffix, path (relative to the root, or empty). The model stands in the settings.

        Raises:
            NotFound: there is no model; only a model can complete.
        """
        from localdev.assistant.complete import CompleteRequest, complete
        from localdev.core.chat import Sampling
        from localdev.index.layout import index_folder

        chosen = self._settings.complete
        request = CompleteRequest(
            options["prefix"],
            options.get("suffix", ""),
            path=options.get("path", ""),
            context_tokens=chosen.context_tokens,
            sampling=Sampling(max_tokens=chosen.max_tokens),
            adapter=chosen.adapter,
            owner=index_folder(self._folders.indexes, self._root).name,
        )
        engine = self._engine(without=False, job="complete")
        if engine.backend is None:
            raise NotFound("`localdev complete` needs a model", engine.notice.text if engine.notice else "")
        with contextlib.closing(engine.backend) as backend:
            yield from complete(request, backend=backend)

    def _review(self, options: Options) -> Iterator[Event]:
        """Options as in `app.reviewing`."""
        from localdev.app.reviewing import review_job

        return review_job(self._tools(), options)

    def _commit(self, options: Options) -> Iterator[Event]:
        """Options as in `app.committing`."""
        from localdev.app.committing import commit_job

        return commit_job(self._tools(), options)

    def _gen(self, options: Options) -> Iterator[Event]:
        """Options as in `app.generating`."""
        from localdev.app.generating import gen_job

        return gen_job(self._tools(), options)

    def _tools(self) -> JobTools:
        """Give what jobs that stand in files of their own need."""
        from localdev.app.tools import JobTools

        return JobTools(self._settings, self._folders, self._root, self._aside, self._opened_repository, self._engine)

    @contextlib.contextmanager
    def _opened_repository(self) -> Iterator[IndexedRepository]:
        """Open the repository for a job that needs its index only now and then; it is not refreshed yet."""
        from localdev.app.limits import keep_out, refuse_too_many
        from localdev.app.stored import has_index

        keep_out(self._folders, self._root)
        if not has_index(self._folders, self._root):
            refuse_too_many(self._root, self._settings.index.max_files)
        with self._host.repository(
            self._settings, self._folders, self._root, self._aside, journal=self._journal()
        ) as repository:
            yield repository

    def _search(self, options: Options, repository: IndexedRepository) -> Iterator[Event]:
        """Options: queries, paths, languages, kinds, explain. One `Sources` and one `Result` for each query."""
        from localdev.app.narrowing import search_filter
        from localdev.app.unmatched import Searched, search_notice
        from localdev.render.payloads import search_payload
        from localdev.retrieval.search import search

        narrowing = {name: options.get(name) or () for name in ("paths", "languages", "kinds")}
        where = search_filter(self._root, **narrowing)
        report = repository.refresh(self._aside)
        yield Refreshed(report)
        for query in options["queries"]:
            started = time.perf_counter()
            hits = tuple(search(query, repository, limit=self._settings.search.k, where=where))
            took_ms = (time.perf_counter() - started) * 1000
            notice = search_notice(query, hits, Searched(repository, report, where))
            yield Sources(hits)
            yield Result(search_payload(query, hits, took_ms, explain=bool(options.get("explain")), notice=notice))

    def _index(self, options: Options, repository: IndexedRepository) -> Iterator[Event]:
        """Options: rebuild; watch, to go on until closed, yielding again whenever something has changed."""
        from localdev.render.payloads import index_payload

        rebuild = bool(options.get("rebuild"))
        report = self._flushed(repository, repository.refresh(self._aside, rebuild=rebuild, needed=True))
        yield Refreshed(report)
        yield Result(index_payload(report))
        for change in self._changes(repository) if options.get("watch") else ():
            yield change
            yield Result(index_payload(change.report))

    def _changes(self, repository: IndexedRepository) -> Iterator[Refreshed]:
        """Refresh whenever files have changed; what waits for the vector store is brought there when it is much."""
        from localdev.app.stored import has_index
        from localdev.app.watching import changed_path, moments

        own = (self._folders.data, self._folders.state, self._folders.cache)
        with contextlib.closing(moments(self._root, own, self._aside)) as looks:
            for seen in looks:
                if not has_index(self._folders, self._root):
                    self._aside(Notice("warning", "the index was removed meanwhile: it is built anew"))
                report = repository.refresh(self._aside)
                if report.added or report.changed or report.removed:
                    yield Refreshed(report, changed_path(report, seen, repository))
                else:
                    self._aside(Progress(""))

    def _flushed(self, repository: IndexedRepository, report: RefreshReport) -> RefreshReport:
        """Bring what waits to the vector store, which is opened only if something does; add its notes to the report."""
        notes = repository.flush(self._aside)
        return replace(report, notes=tuple(dict.fromkeys((*report.notes, *notes))))

    def _outline(self, options: Options, repository: IndexedRepository) -> Iterator[Event]:
        """Options: path, relative to the root, empty for all."""
        from localdev.render.payloads import SCHEMA_VERSION
        from localdev.retrieval.outline import outline

        yield Refreshed(repository.refresh(self._aside))
        entries = outline(repository, prefix=options.get("path", ""), budget_tokens=self._settings.outline.tokens)
        yield Result({"schema_version": SCHEMA_VERSION, "symbols": [asdict(entry) for entry in entries]})

    def warm(self, job: str = "ask") -> None:
        """Load the model that answers questions (a chat's: `chat`) and evaluate what each of their prompts begins with.

        Only a model on this machine: a server keeps its own. No repository is opened and nothing is recorded.

        Raises:
            LocaldevError: what opening or running the model says.
        """
        from localdev.app.engines import models_for
        from localdev.app.remote import is_on_server
        from localdev.core.chat import ChatRequest, Message, Sampling
        from localdev.index.layout import index_folder
        from localdev.prompting.prompts import load_prompt

        first = models_for(self._settings, job)[:1]
        if any(map(is_on_server, first)):
            return
        prompt = load_prompt(job, folders=prompt_folders(self._root, self._folders))
        role, text = prompt.sections[0]
        if role != "system" or "{{" in text or "{%" in text:
            return
        # The first one alone: where it cannot be had, the next may be a server, which nobody has asked anything yet.
        settings = replace(self._settings, models=replace(self._settings.models, **{job: first}))
        backend = self._engine(without=False, job=job, settings=settings).backend
        if backend is None:
            return
        with contextlib.closing(backend):
            if backend.describe().backend != "llamacpp":
                return
            owner = index_folder(self._folders.indexes, self._root).name
            messages = (Message(role, text), Message("user", "-"))  # some templates refuse the one without the other
            request = ChatRequest(messages, sampling=Sampling(max_tokens=0), cache_key=prompt.label, owner=owner)
            for _ in backend.stream(request):
                pass

    def _engine(self, *, without: bool, job: str = "ask", settings: Settings | None = None) -> Engine:
        """Open the model (of other settings where some are given), unless the answer is wanted without one."""
        from localdev.app.engines import Engine, open_engine
        from localdev.app.remote import Contact

        if without:
            return Engine(None)
        contact = Contact(self._host.secrets, self._aside, self._journal())
        return open_engine(
            settings or self._settings,
            self._folders,
            job=job,
            opener=self._open_backend,
            progress=self._aside,
            contact=contact,
        )

    def _open_backend(self, model: str, options: BackendOptions) -> ChatBackend:
        """Open a backend, or have one that other jobs use too."""
        return self._host.backend(model, options, self._aside)

    def _journal(self) -> Journal:
        """Give the journal, or one that forgets when it is switched off."""
        return journal_of(self._settings, self._folders, self._aside)
