"""Chooses the model of an answer and opens its backend; nothing is substituted, and what was chosen is said."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.app.hints import how_to_get_a_model
from localdev.app.remote import KINDS, Contact, open_on_server, remote_options
from localdev.config.settings import ModelsSettings, Settings
from localdev.core.errors import MissingExtra, ModelError, UsageError
from localdev.core.events import Notice
from localdev.core.folders import Folders

if TYPE_CHECKING:
    from localdev.backends.options import BackendOptions
    from localdev.core.ports import ChatBackend, ProgressSink

    # Opens what the names below were turned into: a backend of one's own, or one that several jobs share.
    Opener = Callable[[str, BackendOptions], ChatBackend]


@dataclass(frozen=True, slots=True)
class Engine:
    """The backend to answer with, or None for the floor's answer; `notice` says why there is none."""

    backend: ChatBackend | None
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class _Opening:
    """What opening a model needs besides its name."""

    settings: Settings
    folders: Folders
    opener: Opener
    progress: ProgressSink | None
    contact: Contact


def open_engine(
    settings: Settings,
    folders: Folders,
    *,
    job: str = "ask",
    opener: Opener | None = None,
    progress: ProgressSink | None = None,
    contact: Contact | None = None,
) -> Engine:
    """Open the model that does a job: of `models.<job>` the first that can be had, else `model`, else the only one.

    `opener` opens a backend (None: one of one's own); `contact` is what speaking to servers needs of the job.

    Raises:
        NotFound: no such model or file; the known ones are listed.
        ModelError, UsageError: what is named is no usable model.
        MissingExtra: a model was named but the engine is not installed.
        EgressRefused: it is on a server beyond this machine that `egress.allow` does not name.
        BackendError: its server does not answer.
    """
    opening = _Opening(settings, folders, opener or _open, progress, contact or Contact())
    named = models_for(settings, job)
    if len(named) > 1:
        from localdev.app.routing import RoutedBackend

        return Engine(RoutedBackend(named, lambda model: _open_named(model, opening), opening.contact.tell))
    if named:
        return Engine(_open_named(named[0], opening))
    from localdev.models.passport import embeds
    from localdev.models.store import ModelStore

    stored = [passport for passport in ModelStore(folders.models).list() if not embeds(passport.architecture)]
    if not stored:
        purposes = {
            "complete": "for completions of code",
            "gen": "for documentation and tests written out",
            "commit": "for messages in a model's words",
            "review": "for a model's look beside the rules",
        }
        purpose = purposes.get(job, "for answers in words")
        return Engine(None, Notice("hint", how_to_get_a_model(purpose, job=job)))
    if len(stored) > 1:
        names = ", ".join(passport.name for passport in stored)
        return Engine(
            None, Notice("hint", f"several models are there ({names}): choose with `localdev config set model NAME`")
        )
    try:
        return Engine(_usable(_open_named(stored[0].name, opening)))
    except MissingExtra as error:  # nobody asked for this model, so the answer without one is still an answer
        return Engine(None, Notice("hint", f"{error}; {error.hint}"))


def _usable(backend: ChatBackend) -> ChatBackend:
    """Give a backend that has loaded its model; the embedded engine says only then whether its native part works."""
    try:
        backend.describe()
    except BaseException:
        backend.close()
        raise
    return backend


def models_for(settings: Settings, job: str) -> tuple[str, ...]:
    """Give the models that the settings name for a job, in order; none when they leave the choice to us."""
    by_job: tuple[str, ...] = getattr(settings.models, job)
    return tuple(dict.fromkeys(by_job)) or ((settings.model,) if settings.model else ())


def jobs_with_models() -> list[str]:
    """List the jobs that a model can be chosen for."""
    return [field.name for field in fields(ModelsSettings)]


def _open(model: str, options: BackendOptions) -> ChatBackend:
    """Open a backend of one's own."""
    from localdev.backends.registry import open_backend

    return open_backend(model, options=options)


def _open_named(model: str, opening: _Opening) -> ChatBackend:
    """Open a model by path, by kind (`ollama:NAME`), or by its name in the store."""
    from localdev.backends.registry import kind_of

    settings, opener, kind = opening.settings, opening.opener, kind_of(model)
    if kind in KINDS:
        options = replace(_options(opening), remote=remote_options(kind, settings, opening.contact))
        return open_on_server(model, options, settings, opener=opener, contact=opening.contact)
    if kind not in ("", "gguf"):
        return opener(model, _options(opening))
    from localdev.app.vetted import vetted_model

    # A file that is no model is refused here, with the reason, before any engine sees it.
    found = vetted_model(model, settings, opening.folders, opening.progress)
    _refuse_embedder(found.architecture, model if kind else found.name)
    _refuse_other_ending(found.path)
    options = _options(opening, trained=found.context_length, name=found.name, digest=found.digest)
    from localdev.app.adapters import NamedAdapters, vetted_adapter

    def path_of(adapter: str) -> str:
        return vetted_adapter(adapter, found, settings, opening.folders, progress=opening.progress)

    return NamedAdapters(opener(str(found.path), options), path_of)


def _refuse_embedder(architecture: str, model: str) -> None:
    """An embedding model cannot write an answer; the engine would say so in words of its own, or crash."""
    from localdev.models.passport import embeds

    if embeds(architecture):
        raise ModelError(
            f"{model} is an embedding model ({architecture}): it serves search and cannot answer",
            f"choose another model to answer with; to search with this one: "
            f"`localdev config set search.embedder gguf:{model}`",
        )


def _refuse_other_ending(path: Path) -> None:
    """Engines are chosen by what a path ends in; one that was found to be GGUF by its content is told what to do."""
    if not path.name.lower().endswith(".gguf"):
        raise UsageError(
            f"{path} is a GGUF model, but only a path ending in .gguf names one to answer with",
            f"`localdev models add {shlex.quote(str(path))}` stores it; then call it by its name",
        )


def _options(opening: _Opening, *, trained: int = 0, name: str = "", digest: str = "") -> BackendOptions:
    """Give how the settings want a model opened; a model is never given a larger window than it was trained for."""
    from localdev.backends.options import BackendOptions, EngineOptions

    llama = opening.settings.llama
    window = min(llama.context, trained) if trained else llama.context
    engine = EngineOptions(
        threads=llama.threads,
        gpu_layers=llama.gpu_layers,
        flash_attention=llama.flash_attention,
        kv_type=llama.kv_type,
        lookup=llama.lookup,
        states=opening.folders.states,
        states_bytes=llama.states_mb * 1_000_000,
        host_module="localdev.app.engine_host",
    )
    return BackendOptions(context_window=window, name=name, digest=digest, engine=engine)
