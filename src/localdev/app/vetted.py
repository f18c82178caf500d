"""The one way to a GGUF file: a model of the store is looked at for changes, one named by its path is vetted.

A file by path is vetted each time, which reads its headers and never its weights: some tens of milliseconds for a
vocabulary of 150,000 tokens, against seconds for loading the model. So nothing is remembered of it.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.core.errors import ModelError, NotFound
from localdev.core.folders import Folders, expanded

if TYPE_CHECKING:
    from localdev.config.settings import Settings
    from localdev.core.ports import ProgressSink
    from localdev.models.findings import Finding
    from localdev.models.passport import Passport
    from localdev.models.store import ModelStore


@dataclass(frozen=True, slots=True)
class VettedModel:
    """A model that may be opened.

    `paths` are its file or its parts in order, `digest` is the one in the store (empty for a file by path, which is not
    read), `context_length` the window it was trained for in tokens, 0 where it does not say; `findings` what vetting
    found.
    """

    name: str
    paths: tuple[Path, ...]
    digest: str
    architecture: str
    quantisation: str
    context_length: int
    findings: tuple[Finding, ...]

    @property
    def path(self) -> Path:
        """The file to open: the only one, or the first part."""
        return self.paths[0]


def is_path(model: str) -> bool:
    """Tell a path from a name in the store: it ends in .gguf, or has a separator and is there."""
    return model.lower().endswith(".gguf") or (("/" in model or "\\" in model) and expanded(Path(model)).exists())


def vetted_model(model: str, settings: Settings, folders: Folders, progress: ProgressSink | None = None) -> VettedModel:
    """Find a model by its name in the store or by its path, and see that it may be opened.

    Raises:
        NotFound: there is none; those of the store are listed.
        UsageError: the digits of a digest fit several.
        ModelError: it was changed since it was added, vetting refuses it, or `policy.require_passport` does.
    """
    from localdev.models.store import ModelStore

    store = ModelStore(folders.models)
    if is_path(model):
        path = expanded(Path(model))
        if not settings.policy.require_passport:
            return _by_path(path)
        stored = _stored(store, path)
    else:
        stored = store.find(model)
    store.checked_file(stored, progress)
    return VettedModel(
        stored.name,
        stored.paths(),
        stored.digest,
        stored.architecture,
        stored.quantisation,
        stored.context_length,
        stored.findings,
    )


def _stored(store: ModelStore, path: Path) -> Passport:
    """Give the passport of a file that must have one.

    Raises:
        ModelError: it has none.
    """
    try:
        return store.find(str(path))
    except NotFound as error:
        raise ModelError(
            f"{path} has no passport, and policy.require_passport refuses models without one",
            f"`localdev models add {shlex.quote(str(path))}` vets and stores it; then call it by its name",
        ) from error


def _by_path(path: Path) -> VettedModel:
    """Vet a file, or all parts of a split one."""
    from localdev.models.store import stem
    from localdev.models.vetting.vet import vet_or_refuse

    vetted = vet_or_refuse(path)
    if vetted.model is None:
        raise ModelError(f"{path} holds no GGUF model", "models in other formats must be converted to GGUF first")
    header = vetted.model.header
    return VettedModel(
        stem(path),
        vetted.model.parts,
        "",
        header.architecture,
        header.quantisation,
        header.context_length,
        vetted.findings,
    )
