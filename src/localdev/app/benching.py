"""Measures models on this machine, and where wanted on the user's own history, so that a choice rests on both."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from localdev.app.recording import journal_of, recording
from localdev.assistant.speed import LONG_TOKENS, Fit, Speed, best, judge
from localdev.config.settings import IndexSettings, ModelsSettings, Settings
from localdev.core.errors import LocaldevError, NotFound, UsageError
from localdev.core.events import Notice, Progress
from localdev.core.folders import Folders

if TYPE_CHECKING:
    from localdev.assistant.past_work import Completed, Gap, Rate
    from localdev.core.chat import ModelInfo
    from localdev.core.ports import ChatBackend, Embedder
    from localdev.index.repository import IndexedRepository
    from localdev.source.history import AddedLine, PastCommit

    Aside = Callable[[Progress | Notice], None]

# Most commits have nothing to ask of them: too many files, or a subject that says nothing.
_COMMITS_PER_CASE = 10
_SAMPLE_TEXTS = 64
_STATIC = "static"
_BUSY = 0.5  # of the processors: then others' work shows in the figures


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What to measure: `models` by name, path or server (none: all that are stored), and how thoroughly.

    `history` is the number of cases of each kind made of the repository's commits, 0 for none. `embedders` are forms of
    `search.embedder`.
    """

    models: tuple[str, ...] = ()
    embedders: tuple[str, ...] = ()
    history: int = 0
    prompt_tokens: int = 512
    tokens: int = 64
    long_tokens: int = LONG_TOKENS


@dataclass(frozen=True, slots=True)
class BenchedModel:
    """One model that answers: what was measured, or the error that kept it from being.

    `name` is its own, or what it was asked for by where two have the same; `digest` is that of a stored one. `load_s`
    is the time until it had written its first token. `memory_bytes` is what the engine's process held after the
    answers, weights included; it is 0 for a server's model, and so is `parameters`: neither is told.
    """

    name: str
    error: str = ""
    hint: str = ""
    digest: str = ""
    parameters: int = 0
    backend: str = ""
    placement: str = ""
    window: int = 0
    load_s: float = 0.0
    memory_bytes: int = 0
    speed: Speed | None = None
    jobs: dict[str, Fit] = field(default_factory=dict)
    completed: Completed | None = None


@dataclass(frozen=True, slots=True)
class BenchedEmbedder:
    """One embedder: texts a second, and the share of questions that led to their files among the first 1, 3 and 10."""

    name: str
    error: str = ""
    hint: str = ""
    dimension: int = 0
    texts_s: float = 0.0
    index_s: float = 0.0
    hits: dict[int, Rate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BenchResult:
    """All that was measured, and the model to choose for each job.

    `load` is how many programs ran or wanted to during the minute before, on average, and `processors` how many can at
    once; both are 0 where the system does not tell (Windows).
    """

    models: tuple[BenchedModel, ...] = ()
    embedders: tuple[BenchedEmbedder, ...] = ()
    choice: dict[str, str] = field(default_factory=dict)
    load: float = 0.0
    processors: int = 0

    @property
    def busy(self) -> bool:
        """Whether the machine did other work just before, so that the figures are lower than they could be."""
        return self.load > _BUSY * self.processors


class Bench:
    """Measures one model after another; each is opened alone and closed before the next."""

    def __init__(self, settings: Settings, folders: Folders, root: Path, *, aside: Aside) -> None:
        # Nothing is kept of prompts: cold is to be cold, and the texts are not worth the disk. Nor are words guessed
        # from the prompt: how often that is right depends on the text, and ours says the same over and over.
        llama = replace(settings.llama, states_mb=0, lookup=0)
        self._settings = replace(settings, llama=llama, models=ModelsSettings())
        self._folders, self._root, self._aside = folders, root, aside
        self._journal = journal_of(settings, folders, aside)

    def run(self, options: BenchOptions) -> BenchResult:
        """Measure all; a model that fails is reported with its error, and the others go on. One line is recorded.

        Raises:
            NotFound: no model is stored and none was named.
            UsageError: history was wanted and there is none.
        """
        with recording("bench", self._journal, {"root": str(self._root), "models": list(options.models)}) as entry:
            load, processors = _load()
            chat, embedders = self._chosen(options)
            entry.update(models=chat, embedders=embedders)
            commits = self._commits(options.history)
            if commits:
                entry["read"] = {"commits": len(commits), "newest": commits[0].id}
            found_embedders = tuple(self._embedder(form, commits, options) for form in embedders)
            gaps = self._gaps(commits, options.history) if chat else []
            found = _told_apart(chat, [self._model(name, gaps, options) for name in chat])
            entry["models"] = [
                {"model": each.name, "digest": each.digest, "outcome": "failed" if each.error else "ok"}
                for each in found
            ]
        self._aside(Progress(""))
        return BenchResult(found, found_embedders, choices(found), load, processors)

    def _chosen(self, options: BenchOptions) -> tuple[list[str], list[str]]:
        """Sort what is to be measured into models that answer and embedders."""
        from localdev.models.passport import embeds
        from localdev.models.store import ModelStore

        stored = ModelStore(self._folders.models).list()
        embedding = {each.name for each in stored if embeds(each.architecture)}
        named = options.models or (() if options.embedders else tuple(each.name for each in stored))
        if not named and not options.embedders:
            raise NotFound("there is no model to measure", "add one: `localdev models add FILE.gguf`")
        chat = [name for name in dict.fromkeys(named) if name not in embedding]
        forms = [f"gguf:{name}" for name in dict.fromkeys(named) if name in embedding]
        if options.history:
            forms = [_STATIC, self._settings.search.embedder, *forms]
        return chat, list(dict.fromkeys([*options.embedders, *forms]))

    def _commits(self, cases: int) -> list[PastCommit]:
        """Read as much of the history as cases may take."""
        if not cases:
            return []
        from localdev.source.history import past_commits

        commits = past_commits(self._root, cases * _COMMITS_PER_CASE)
        if not commits:
            raise UsageError(f"{self._root} has no history in git to make questions of", "leave out --history")
        return commits

    def _gaps(self, commits: Sequence[PastCommit], cases: int) -> list[Gap]:
        """Cut lines out of what was committed."""
        from localdev.assistant.past_work import gaps
        from localdev.source.history import added_lines, text_at

        root, read = self._root, 0

        def added(commit: str) -> Iterator[AddedLine]:
            nonlocal read
            read += 1
            self._aside(Progress("reading the history", read, len(commits), "commits"))
            return added_lines(root, commit)

        return gaps(commits, added, lambda *place: text_at(root, *place), cases)

    def _model(self, name: str, gaps: Sequence[Gap], options: BenchOptions) -> BenchedModel:
        """Measure one model."""
        from localdev.app.engines import open_engine
        from localdev.app.remote import Contact

        settings = replace(self._settings, model=name)
        started = time.perf_counter()
        try:
            engine = open_engine(
                settings,
                self._folders,
                progress=self._aside,
                contact=Contact(tell=self._aside, journal=self._journal),
            )
            assert engine.backend is not None  # a model that is named is opened, or the reason raised
            with contextlib.closing(engine.backend) as backend:
                info = backend.describe()
                load_s = time.perf_counter() - started
                found = self._measured(backend, info, load_s, gaps=gaps, options=options)
            return self._identified(found, name)
        except LocaldevError as error:
            return BenchedModel(name, error=str(error), hint=error.hint)

    def _measured(
        self, backend: ChatBackend, info: ModelInfo, load_s: float, *, gaps: Sequence[Gap], options: BenchOptions
    ) -> BenchedModel:
        """Measure an open model: its speed, what it is fit for, and how it fills the gaps."""
        from localdev.assistant.speed import measure

        speed = _with_progress(
            measure(
                backend,
                salt=os.urandom(3).hex(),
                prompt_tokens=options.prompt_tokens,
                tokens=options.tokens,
                long_tokens=options.long_tokens,
            ),
            lambda event: self._aside(replace(event, stage=f"{info.name}: {event.stage}")),
        )
        facts: dict[str, Any] = getattr(backend, "facts", dict)()
        jobs, done = judge(speed, info.capabilities, info.context_window), None
        if gaps and "fim" in info.capabilities:
            try:
                done = self._filled(backend, info, gaps)
            except LocaldevError as error:  # of some servers only trying tells; what was measured stays
                jobs["complete"] = Fit("no", str(error))
        return BenchedModel(
            info.name,
            backend=info.backend,
            placement=info.placement,
            window=info.context_window,
            load_s=load_s + speed.warm_up_s,
            memory_bytes=facts.get("memory_bytes") or 0,
            speed=speed,
            jobs=jobs,
            completed=done,
        )

    def _filled(self, backend: ChatBackend, info: ModelInfo, gaps: Sequence[Gap]) -> Completed:
        """Have a model fill the gaps of the history."""
        from localdev.assistant.past_work import completed, fill

        written = []
        for case in fill(gaps, backend, self._settings.complete.context_tokens):
            written.append(case)
            self._aside(Progress(f"{info.name}: completing", len(written), len(gaps), "lines"))
        return completed(written)

    def _identified(self, model: BenchedModel, name: str) -> BenchedModel:
        """Add what is known of a model in a file, of others nothing."""
        from localdev.app.vetted import header_of, vetted_model
        from localdev.backends.registry import kind_of

        if kind_of(name) not in ("", "gguf"):
            return model
        vetted = vetted_model(name, self._settings, self._folders)
        return replace(model, digest=vetted.digest, parameters=header_of(vetted).parameters)

    def _embedder(self, form: str, commits: Sequence[PastCommit], options: BenchOptions) -> BenchedEmbedder:
        """Measure one embedder; questions are asked of an index that is made for them and thrown away."""
        from localdev.app.embedders import open_embedder
        from localdev.app.remote import Contact

        settings = replace(self._settings, search=replace(self._settings.search, embedder=form))
        contact = Contact(tell=self._aside, journal=self._journal)
        try:
            embedder = open_embedder(settings, self._folders, progress=self._aside, contact=contact)
            texts_s = _embedding_speed(embedder)
            index_s, hits = self._found(embedder, commits, options.history) if commits else (0.0, {})
        except LocaldevError as error:
            return BenchedEmbedder(form, error=str(error), hint=error.hint)
        return BenchedEmbedder(form, "", "", embedder.dimension, texts_s, index_s, hits)

    def _found(self, embedder: Embedder, commits: Sequence[PastCommit], cases: int) -> tuple[float, dict[int, Rate]]:
        """Index the repository with an embedder, and see how often what somebody wrote of a change leads to it."""
        from localdev.app.limits import refuse_too_many
        from localdev.app.stored import open_indexed
        from localdev.assistant.past_work import hit_rates, questions
        from localdev.models.staging import staging

        refuse_too_many(self._root, self._settings.index.max_files)
        # What a killed process leaves there is removed by the next one.
        with staging(self._folders.cache / "bench") as folder:
            own = replace(self._folders, data=folder)
            # Never the team's Chroma server: this index is nobody's but ours.
            with contextlib.closing(open_indexed(own, self._root, embedder, store=IndexSettings())) as repository:
                started = time.perf_counter()
                repository.refresh(self._aside)
                index_s = time.perf_counter() - started
                asked = questions(commits, set(repository.paths()), cases)
                return index_s, hit_rates(asked, [_paths(question.text, repository) for question in asked])


def _load() -> tuple[float, int]:
    """Give the average load of the last minute, and the number of processors."""
    if not hasattr(os, "getloadavg"):
        return 0.0, 0
    try:
        load = os.getloadavg()[0]
    except OSError:
        return 0.0, 0
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return round(load, 2), len(allowed)


def _told_apart(asked: Sequence[str], found: Sequence[BenchedModel]) -> tuple[BenchedModel, ...]:
    """Give models of one name the names they were asked for by: a stored one and another file of it, say."""
    names = [each.name for each in found]
    return tuple(
        replace(each, name=name) if names.count(each.name) > 1 else each
        for name, each in zip(asked, found, strict=True)
    )


def choices(models: Sequence[BenchedModel]) -> dict[str, str]:
    """Name the model to choose for each job, as far as one can do it.

    For completions the one that filled the most gaps as they had been; for the rest speed is all that was measured, so
    of those that are quick enough the one with the most parameters.
    """
    found = {}
    for job in dict.fromkeys(job for each in models for job in each.jobs):
        able = [(each.name, _merit(each, job), each.jobs[job]) for each in models if job in each.jobs]
        chosen = best(able)
        if chosen:
            found[job] = chosen
    return found


def _merit(model: BenchedModel, job: str) -> float:
    """Give what is known of a model's quality for a job."""
    if job == "complete" and model.completed is not None:
        return model.completed.exact.share + model.completed.alike / 1e3
    return model.parameters / 1e12 if job == "complete" else float(model.parameters)


def _paths(query: str, repository: IndexedRepository) -> list[str]:
    """Give the paths of what a search finds, best first."""
    from localdev.retrieval.search import search

    return [hit.chunk.path for hit in search(query, repository, limit=20)]


def _embedding_speed(embedder: Embedder) -> float:
    """Give texts a second, of some forty words of code each; the first one loads the weights and is not counted."""
    texts = [f"def total_{n}(items, rate):\n    return sum(item.price for item in items) * (1 + rate) + {n}\n" * 2
             for n in range(_SAMPLE_TEXTS)]  # fmt: skip
    embedder.embed(texts[:1])
    started = time.perf_counter()
    embedder.embed(texts)
    return len(texts) / max(time.perf_counter() - started, 1e-6)


def _with_progress(steps: Generator[Progress, None, Speed], show: Callable[[Progress], None]) -> Speed:
    """Run a measurement to its end, and give what it found."""
    while True:
        try:
            show(next(steps))
        except StopIteration as ended:
            return cast(Speed, ended.value)
