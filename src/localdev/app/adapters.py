"""LoRA adapters by name: kept in the store, held against the models there, and found again for a request."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.app.vetted import VettedModel, is_path, vetted_model
from localdev.core.errors import ModelError, NotFound, UsageError
from localdev.core.folders import Folders, expanded
from localdev.core.under_way import UnderWay

if TYPE_CHECKING:
    from localdev.config.settings import Settings
    from localdev.core.chat import ChatRequest, ModelInfo
    from localdev.core.events import BackendEvent
    from localdev.core.ports import ChatBackend, ProgressSink
    from localdev.models.adapters import Lora
    from localdev.models.passport import Passport
    from localdev.models.store import ModelStore

_MOST_REASONS = 3
_ADD = "`localdev models adapters add FILE.gguf`"
_OTHER = "use one that was made for this very model, or name with --model the one it was made for"
_MOST_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Adapter:
    """A stored adapter, what its file holds (None where it is damaged), and the names of the stored models it fits.

    `doubtful` says that none of these is called what the adapter says it was made for: shapes cannot tell whether it
    is one of them under another name, or another model of the same sizes.
    """

    passport: Passport
    lora: Lora | None
    fits: tuple[str, ...]
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """An adapter to be added: its file, its name (empty: made of the file's), and the model it is said to be for."""

    path: Path
    name: str = ""
    base: str = ""
    copy: bool = False


def add_adapter(wish: Wish, settings: Settings, folders: Folders, progress: ProgressSink | None = None) -> Adapter:
    """Store an adapter that fits a model: `base` where one is named, else at least one of the stored ones.

    Raises:
        NotFound, ModelError: it cannot be read, is refused by vetting, is no LoRA, or fits none of these models.
        UsageError: the name is taken, or there is no model to hold it against.
        StorageError: the store cannot be written.
    """
    from localdev.models.adapters import read_adapter
    from localdev.models.store import Adding, ModelStore
    from localdev.models.vetting.vet import vet_or_refuse

    store = ModelStore(folders.models)
    path = expanded(wish.path)
    vet_or_refuse(path)  # what is no GGUF file at all is refused with what to do instead
    lora = read_adapter(path)
    if wish.base:
        _refuse_misfit(path, lora, vetted_model(wish.base, settings, folders, progress))
    else:
        _refuse_homeless(path, lora, store)
    adding = Adding(mode="copy" if wish.copy else "auto", name=wish.name, kind="adapter")
    passport = store.add(path, adding, progress)
    fits = fitting(passport, store, folders)
    return Adapter(passport, lora, fits, doubtful=_is_doubtful(passport.base, fits, store))


def listed(folders: Folders) -> list[Adapter]:
    """Give the stored adapters, each with the models it fits."""
    from localdev.models.store import ModelStore

    store = ModelStore(folders.models)
    return [Adapter(each, _read(each), fitting(each, store, folders)) for each in store.list("adapter")]


def _read(passport: Passport) -> Lora | None:
    """Read what a stored adapter holds."""
    from localdev.models.adapters import read_adapter

    try:
        return read_adapter(passport.file)
    except (ModelError, NotFound):  # whoever uses it is told
        return None


def remove_adapter(name: str, folders: Folders) -> Passport:
    """Forget an adapter; the file that it was linked from stays.

    Raises:
        NotFound, UsageError: there is none of this name.
        StorageError: it cannot be removed.
    """
    from localdev.models.adapters import Fits
    from localdev.models.store import ModelStore

    passport = ModelStore(folders.models).remove(name, "adapter")
    Fits(folders.models / "fits").forget(passport.digest)
    return passport


def fitting(adapter: Passport, store: ModelStore, folders: Folders) -> tuple[str, ...]:
    """Give the names of the stored models that an adapter fits; what cannot be read fits nothing."""
    return tuple(
        model.name
        for model in store.list()
        if _fits(adapter, model.digest, model.architecture, model.file, folders=folders)
    )


def _fits(adapter: Passport, digest: str, architecture: str, path: Path, *, folders: Folders) -> bool:
    """Say whether an adapter fits a model."""
    try:
        return not _misfit(adapter, digest, architecture, path, folders=folders)
    except (ModelError, NotFound):  # damaged: whoever opens it is told
        return False


def _is_doubtful(said: str, fits: tuple[str, ...], store: ModelStore) -> bool:
    """Say whether what an adapter says it was made for is called otherwise than all models it fits."""
    from localdev.models.adapters import sounds_alike
    from localdev.models.gguf import read_header

    if not said or not fits:
        return False
    files = [store.find(name).file for name in fits]
    return not sounds_alike(said, [*fits, *(read_header(file).name for file in files)])


def _misfit(adapter: Passport, digest: str, architecture: str, path: Path, *, folders: Folders) -> str:
    """Say why an adapter of the store does not fit a model, empty where it does; each pair is looked at once."""
    from localdev.models.adapters import Fits, misfit, read_adapter, read_base

    fits = Fits(folders.models / "fits")
    known = fits.find(adapter.digest, digest) if digest else None
    if known is not None:
        return known
    against = misfit(read_adapter(adapter.file), read_base(architecture, path))
    if digest:
        fits.note(adapter.digest, digest, against)
    return against


def _refuse_misfit(path: Path, lora: Lora, model: VettedModel) -> None:
    """Refuse an adapter for another base than the one that was named."""
    from localdev.models.adapters import misfit, read_base

    if against := misfit(lora, read_base(model.architecture, model.path)):
        raise ModelError(f"the adapter {path} does not fit {model.name}: {against}", "name the model it was made for")


def _refuse_homeless(path: Path, lora: Lora, store: ModelStore) -> None:
    """Refuse an adapter that fits none of the stored models."""
    from localdev.models.adapters import misfit, read_base

    models = store.list()
    if not models:
        raise UsageError(
            f"no model is stored that {path} could be for",
            "add its base model first: `localdev models add FILE.gguf`; or name the file of it: --base FILE.gguf",
        )
    reasons = []
    for model in models:
        try:
            against = misfit(lora, read_base(model.architecture, model.file))
        except (ModelError, NotFound) as error:
            against = str(error)
        if not against:
            return
        reasons.append(f"{model.name}: {against}")
    more = f"; and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
    raise ModelError(
        f"the adapter {path} fits none of the stored models ({'; '.join(reasons[:_MOST_REASONS])}{more})",
        "add its base model first: `localdev models add FILE.gguf`; or name the file of it: --base FILE.gguf",
    )


def vetted_adapter(
    text: str, model: VettedModel, settings: Settings, folders: Folders, *, progress: ProgressSink | None = None
) -> str:
    """Give the adapter NAME or FILE, perhaps with @SCALE, as the embedded engine knows adapters: a path, and the scale.

    Raises:
        NotFound: there is none; of the store's those are listed that fit the model.
        ModelError: it was changed since it was added, does not fit the model, is no whole LoRA, or
            `policy.require_passport` refuses it.
    """
    from localdev.backends.llamacpp.native import stamps_of
    from localdev.models.store import ModelStore

    store = ModelStore(folders.models)
    name, scale = split(text)
    if is_path(name):
        path = _by_path(expanded(Path(name)), store, settings, progress=progress)
        stamps = tuple(stamps_of(path)), tuple(stamps_of(model.path))
        if against := _held(path, model.architecture, model.path, stamps=stamps):
            raise ModelError(f"the adapter {path} does not fit {model.name}: {against}", _OTHER)
        return str(path) + scale
    try:
        passport = store.find(name, "adapter")
    except NotFound as error:
        raise _unknown(name, model, store, folders) from error
    path = store.checked_file(passport, progress)
    against = _misfit(passport, model.digest, model.architecture, model.path, folders=folders)
    if against:
        raise ModelError(
            f"the adapter {passport.name} does not fit {model.name}: {against}",
            f"it fits: {', '.join(fitting(passport, store, folders)) or 'none of the stored models'}",
        )
    return str(path) + scale


def split(text: str) -> tuple[str, str]:
    """Split NAME@SCALE into the name and `@SCALE`, which is empty where there is none; a path may hold an @."""
    name, at, scale = text.rpartition("@")
    return (text, "") if not at or text.lower().endswith(".gguf") else (name, at + scale)


def _by_path(path: Path, store: ModelStore, settings: Settings, *, progress: ProgressSink | None) -> Path:
    """Check an adapter that is named by its path."""
    from localdev.models.adapters import read_adapter
    from localdev.models.vetting.vet import vet_or_refuse

    if not settings.policy.require_passport:
        vet_or_refuse(path)
        read_adapter(path)
        return path
    try:
        passport = store.find(str(path), "adapter")
    except NotFound as error:
        raise ModelError(
            f"{path} has no passport, and policy.require_passport refuses adapters without one",
            f"{_ADD} vets and stores it; then call it by its name",
        ) from error
    return store.checked_file(passport, progress)


@functools.lru_cache(maxsize=_MOST_REMEMBERED)
def _held(path: Path, architecture: str, base: Path, *, stamps: object) -> str:
    """Say why an adapter by its path does not fit a model, empty where it does; read anew when `stamps` change."""
    from localdev.models.adapters import misfit, read_adapter, read_base

    return misfit(read_adapter(path), read_base(architecture, base))


def _unknown(name: str, model: VettedModel, store: ModelStore, folders: Folders) -> NotFound:
    """Say that there is no such adapter, and which ones there are for the model in use."""
    stored = store.list("adapter")
    fit = [each.name for each in stored if _fits(each, model.digest, model.architecture, model.path, folders=folders)]
    known = f"those that fit {model.name}: {', '.join(fit) or 'none'}"
    if len(stored) > len(fit):
        known += f"; {len(stored) - len(fit)} more fit other models"
    return NotFound(f"no adapter named {name!r}; {known}", f"add one: {_ADD}, or give the path of a .gguf file")


class NamedAdapters:
    """A model of the embedded engine whose requests name adapters as its user does."""

    def __init__(self, backend: ChatBackend, path_of: Callable[[str], str]) -> None:
        """Take the backend, and what turns a user's name of an adapter into the engine's."""
        self._backend = backend
        self._path_of = path_of
        self._under_way = UnderWay()

    def describe(self) -> ModelInfo:
        """Say which model this is."""
        return self._backend.describe()

    def count_tokens(self, text: str) -> int:
        """Count the tokens of plain text."""
        return self._backend.count_tokens(text)

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Yield the answer; see `vetted_adapter` for what is wrong with adapters, the backend for all else."""
        if not request.adapter:
            yield from self._backend.stream(request)
            return
        meant = replace(request, adapter=self._path_of(request.adapter))
        with self._under_way.entered(request, lambda: self._backend.cancel(meant)):
            yield from self._backend.stream(meant)

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """End the stream of a request, or all streams."""
        if request is None or not request.adapter:
            return self._backend.cancel(request)
        return self._under_way.cancel(request)

    def facts(self) -> dict[str, Any]:
        """Give what the backend says of its process, where it does."""
        found: dict[str, Any] = getattr(self._backend, "facts", dict)()
        return found

    def close(self) -> None:
        """Close the backend."""
        self._backend.close()
