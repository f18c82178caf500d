"""Chooses what turns text into vectors: the table in the package, a folder, a GGUF file, or a server's model.

Nothing is substituted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from localdev.core.errors import ConfigError, ModelError, NotFound, UsageError
from localdev.core.folders import Folders, expanded

if TYPE_CHECKING:
    from localdev.app.remote import Contact
    from localdev.config.settings import Settings
    from localdev.core.ports import Embedder, ProgressSink

STATIC = "static"
_SENTENCES, _GGUF, _OLLAMA, _OPENAI = "sentence-transformers", "gguf", "ollama", "openai"
FORMS = (
    "search.embedder is static, sentence-transformers:/path/to/folder, gguf: and a name that "
    "`localdev models list` shows or the path of a .gguf file, ollama:NAME, or openai:NAME"
)
_RECORD = "embedder-digests.json"
_DIMENSIONS = "embedder-dimensions.json"


def open_embedder(
    settings: Settings, folders: Folders, *, progress: ProgressSink | None = None, contact: Contact | None = None
) -> Embedder:
    """Open the configured embedder: its files are looked at, its weights are loaded with the first text.

    `contact` is who is told of what goes to a server beyond this machine.

    Raises:
        ConfigError: the setting names no kind there is, or a path that depends on the current folder.
        NotFound, ModelError: what is named is not there, or no model to embed with.
        MissingExtra: the part that runs it is not installed.
        Unreachable, TimedOut, EgressRefused: its server does not answer, or must not be asked.
    """
    kind, rest = read_form(settings.search.embedder)
    if kind == STATIC:
        from localdev.backends.embedders import make_embedder

        return make_embedder(STATIC)
    if kind == _SENTENCES:
        _refuse_without_passport(rest, settings)
        return _sentences(_full(rest), folders, progress)
    if kind in (_OLLAMA, _OPENAI):
        return _on_server(kind, settings, folders, contact=contact)
    return _gguf(rest, settings, folders, progress=progress)


def read_form(text: str) -> tuple[str, str]:
    """Give the kind of embedder that the setting names, and what of that kind; nothing is opened.

    Raises:
        ConfigError: it names no kind there is, or a path that depends on the current folder.
        NotFound: a path begins with the home of somebody who has none.
    """
    kind, _, rest = text.partition(":")
    if text != STATIC and not (kind in (_SENTENCES, _GGUF, _OLLAMA, _OPENAI) and rest.strip()):
        raise ConfigError(f"search.embedder = {text!r} names no embedder", FORMS)
    if kind in (_OLLAMA, _OPENAI):
        _refuse_no_model(text)
    elif kind == _SENTENCES or _is_path(rest):
        _full(rest)
    return kind, rest


def _refuse_no_model(text: str) -> None:
    """Refuse what names no model of a server; the server is not asked."""
    from localdev.app.remote import server_of

    try:
        server_of(text, "http://127.0.0.1")
    except UsageError as error:
        raise ConfigError(f"search.embedder: {error}", error.hint) from error


def missing_part(text: str, folders: Folders) -> str:
    """Say what a setting that can be read names and what is not there; empty when it is there."""
    from localdev.models.store import ModelStore

    kind, rest = read_form(text)
    if kind in (_OLLAMA, _OPENAI):  # what a server has is seen when it is asked
        return ""
    if kind == _SENTENCES or _is_path(rest):
        return "" if _full(rest).exists() else f"there is no {_full(rest)} yet"
    try:
        if kind == _GGUF:
            ModelStore(folders.models).find(rest)
    except NotFound as error:
        return f"{error}; {error.hint}"
    return ""


def _is_path(model: str) -> bool:
    """Tell the path of a GGUF file from a name in the store."""
    return model.lower().endswith(".gguf") or "/" in model or "\\" in model


def _refuse_without_passport(folder: str, settings: Settings) -> None:
    """A folder has none, as the store keeps GGUF files."""
    if settings.policy.require_passport:
        raise ModelError(
            f"{folder} has no passport, and policy.require_passport refuses models without one",
            "search with `localdev config set search.embedder static`, or with a GGUF model of the store: gguf:NAME",
        )


def _sentences(folder: Path, folders: Folders, progress: ProgressSink | None) -> Embedder:
    """Open a sentence-transformers folder."""
    from localdev.backends.embedders.sentences import SentenceTransformersEmbedder, model_files
    from localdev.models.digests import digest_of
    from localdev.models.vetting.embedders import vet_embedder_or_refuse

    files = model_files(folder)
    vet_embedder_or_refuse(folder)
    return SentenceTransformersEmbedder(folder, digest_of(files, folder, folders.cache / _RECORD, progress))


def _on_server(kind: str, settings: Settings, folders: Folders, *, contact: Contact | None) -> Embedder:
    """Open a model of an Ollama or an OpenAI-compatible server."""
    from localdev.app.remote import Contact, open_embedder_on_server, remote_options

    model, contact = settings.search.embedder, contact or Contact()
    options = remote_options(kind, settings, contact)

    def opened() -> Embedder:
        if kind == _OLLAMA:
            from localdev.backends.embedders.ollama import OllamaEmbedder

            return OllamaEmbedder(model, options)
        from localdev.backends.embedders.openai_api import OpenAIEmbedder

        return OpenAIEmbedder(model, options, record=folders.cache / _DIMENSIONS)

    return open_embedder_on_server(model, settings, opener=opened, contact=contact)


def _gguf(model: str, settings: Settings, folders: Folders, *, progress: ProgressSink | None) -> Embedder:
    """Open a GGUF file by its path, or by its name in the store."""
    from localdev.app.vetted import header_of, vetted_model
    from localdev.backends.embedders.gguf import GgufEmbedder
    from localdev.backends.options import BackendOptions, EngineOptions
    from localdev.models.digests import digest_of
    from localdev.models.passport import embeds

    if _is_path(model):
        model = str(_full(model))
    found = vetted_model(model, settings, folders, progress)
    if not embeds(found.architecture):
        raise ModelError(
            f"{found.path} is a {found.architecture} model, which writes text; it does not embed",
            "search.embedder needs an embedding model, of the architecture bert or one like it",
        )
    dimension = header_of(found).metadata.get(f"{found.architecture}.embedding_length")
    if not isinstance(dimension, int) or dimension < 1:
        raise ModelError(f"{found.path} does not say how long its vectors are", "use another model")
    llama = settings.llama
    engine = EngineOptions(threads=llama.threads, gpu_layers=llama.gpu_layers)
    digest = found.digest or digest_of(found.paths, found.path.parent, folders.cache / _RECORD, progress)
    options = BackendOptions(name=found.name, digest=digest, engine=engine)
    return GgufEmbedder(found.path, options, dimension)


def _full(text: str) -> Path:
    """Give a path that means the same wherever the command was started: an index is made with one embedder."""
    path = expanded(Path(text))
    if not path.is_absolute():
        raise ConfigError(
            f"search.embedder names the path {text!r}, which depends on the current folder",
            f"write it in full: {Path.cwd() / path}",
        )
    return path
