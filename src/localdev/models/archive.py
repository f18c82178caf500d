"""Models in one file, to be carried: export from a store, import into another.

    manifest.json                       what the export claims of its models, and their files with sizes and digests
    NAME/model.gguf                     a model in one file, or
    NAME/model-00001-of-00003.gguf ...  its parts

It is a plain tar, not compressed: weights do not get smaller, and nothing in it can be larger than it seems.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from localdev.core.errors import ModelError, StorageError, UsageError
from localdev.core.files import locked, refuse_without_room
from localdev.core.folders import ensure
from localdev.core.ports import ProgressSink
from localdev.models.archive_manifest import ArchivedModel
from localdev.models.archive_read import Archive, bad_export, in_all, opened_archive
from localdev.models.archive_write import write_archive
from localdev.models.names import name_for, slug
from localdev.models.passport import Passport, Source
from localdev.models.store import Adding, ModelStore


@dataclass(frozen=True, slots=True)
class Imported:
    """A model of an export: its passport in the store, and whether it was not there before."""

    passport: Passport
    new: bool


def export_models(
    folder: Path,
    passports: Sequence[Passport],
    target: Path,
    *,
    force: bool = False,
    progress: ProgressSink | None = None,
) -> int:
    """Write models and adapters of the store in `folder` into one file at `target` and give its size in bytes.

    Raises:
        Busy: another export from this store is under way.
        UsageError, NotFound, ModelError, StorageError: what `write_archive` says; then `target` is as it was.
    """
    store = ModelStore(folder)
    with _alone(folder):
        for passport in passports:
            store.checked_file(passport, progress)
        renewed = [store.find(passport.digest, passport.kind) for passport in passports]
        return write_archive(target, renewed, force=force, progress=progress)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other exports from this store off, which would write the same part, or pull one stick to and fro.

    Exporting only reads the store: one that cannot be written, on a read-only disk or another user's, has no lock.
    """
    with contextlib.ExitStack() as held:
        with contextlib.suppress(StorageError):
            held.enter_context(locked(folder / "export.lock", timeout=0))
        yield


def import_archive(
    folder: Path, path: Path, *, name: str = "", accept: Sequence[str] = (), progress: ProgressSink | None = None
) -> list[Imported]:
    """Store the models of an export in the store in `folder`, and give them in its order; `name` is for the first.

    Of what the export says only where a model came from and its licence are carried over, as its claims. Everything is
    vetted anew, findings of the rules in `accept` set aside. No model is stored before all of them were checked.

    Raises:
        NotFound: the export cannot be read.
        ModelError: it is not one, is damaged, does not fit its own passport, or a model in it is refused by vetting.
        UsageError: a name is taken by another model, or the model is stored under another one.
        StorageError: the store cannot be written, or its disk is full.
    """
    store = ModelStore(folder)
    with opened_archive(path) as archive, store.staging() as place:
        wanted = [
            _wanted(store, model, name if not index else "") for index, model in enumerate(archive.manifest.models)
        ]
        missing = [index for index, one in enumerate(wanted) if not _is_whole(store, one.stored, progress)]
        total = sum(archive.manifest.models[index].size for index in missing)
        refuse_without_room(place / "models", total)
        count = in_all("import", total, progress)
        files = {index: _extracted(archive, index, place, accept, count=count) for index in missing}
        imported = []
        for index, one in enumerate(wanted):
            if index in files:
                passport = store.add(files[index], _adding(archive, index, one.name, accept), progress)
                imported.append(Imported(passport, new=True))
            elif one.stored is not None:
                imported.append(Imported(one.stored, new=False))
        return imported


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a model of the export will be called, and what is stored of it already."""

    name: str
    stored: Passport | None


def _wanted(store: ModelStore, model: ArchivedModel, name: str) -> _Wanted:
    """Look at what is stored, so that a name that cannot be had is said before gigabytes are copied."""
    stored = next((each for each in store.list(model.kind) if each.digest == model.digest), None)
    if stored is not None:
        if name and slug(name) != stored.name:
            raise UsageError(f"this {model.kind} is stored already, as {stored.name}", "leave out --name")
        return _Wanted(stored.name, stored)
    chosen = name_for(name or model.name, Path(model.name))
    try:
        store.refuse_taken(chosen)
    except UsageError as error:
        error.hint += " (in an export of several it is for the first)"
        raise
    return _Wanted(chosen, None)


def _is_whole(store: ModelStore, passport: Passport | None, progress: ProgressSink | None) -> bool:
    """Say whether a model is stored as it should be, so that there is nothing to import."""
    try:
        return passport is not None and bool(store.checked_file(passport, progress))
    except ModelError:
        return False


def _extracted(
    archive: Archive, index: int, place: Path, accept: Sequence[str], *, count: Callable[[int], None]
) -> Path:
    """Write one model below `place`, check that it is what its passport says, and give its file or its first part."""
    from localdev.models.vetting.unseen import refusal_unseen
    from localdev.models.vetting.vet import vet

    model = archive.manifest.models[index]
    folder = ensure(place / str(index))
    archive.extract(index, folder, count)
    file = folder / model.files[0].name
    vetted = vet(file, accept)
    if vetted.refusal() is not None or vetted.model is None:
        raise refusal_unseen(f"{model.name} in {archive.path}", vetted)
    header = vetted.model.header
    found = {
        "kind": header.kind,
        "architecture": header.architecture,
        "context_length": header.context_length,
        "template_digest": vetted.template_digest,
    }
    for fact, value in found.items():
        if (claimed := getattr(model, fact)) != value:
            said = f"it says that {model.name} has the {fact} {claimed!r}, its file has {value!r}"
            raise bad_export(archive.path, said)
    if header.kind == "adapter":
        _refuse_broken_adapter(file, f"{model.name} in {archive.path}")
    return file


def _refuse_broken_adapter(file: Path, what: str) -> None:
    """Refuse an adapter that is none of a kind that runs here; which models it fits is seen where it is used."""
    from localdev.models.adapters import read_adapter

    try:
        read_adapter(file)
    except ModelError as error:
        raise ModelError(f"{what} is refused: {str(error).replace(str(file), file.name)}", error.hint) from error


def _adding(archive: Archive, index: int, name: str, accept: Sequence[str]) -> Adding:
    """Say how a model of the export is stored; what it claims to come from stands beside the export's own name."""
    model = archive.manifest.models[index]
    source = Source("archive", str(archive.path.absolute()), model.source.revision, model.source.origin)
    return Adding(mode="move", name=name, licence=model.licence, source=source, accept=tuple(accept), kind=model.kind)
