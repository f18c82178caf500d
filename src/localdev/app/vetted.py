"""The one way to a GGUF file: a model of the store is looked at for changes, one named by its path is vetted.

Vetting reads the headers of a file and never its weights: 0.15 s of processor time for a vocabulary of 150,000 tokens,
against seconds for loading the model. A model of the store was vetted when it was added. A file by path is vetted when
it is first opened, and a process remembers that for as long as its stamp (see `passport.stamp`) stays the same; nothing
is kept on the disk, where another program could write that a file is fine.
"""

from __future__ import annotations

import functools
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.core.errors import ModelError, NotFound
from localdev.core.folders import Folders, expanded

if TYPE_CHECKING:
    from localdev.config.settings import Settings
    from localdev.core.ports import ProgressSink
    from localdev.models.findings import Finding
    from localdev.models.gguf import GgufHeader
    from localdev.models.passport import Passport
    from localdev.models.store import ModelStore

_MOST_REMEMBERED = 16
Stamps = tuple[tuple[int, int, int, int], ...]


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
    """Give the passport of a file, or of the model in a folder, that must have one.

    Raises:
        ModelError: it has none, or the folder does not hold one model.
    """
    from localdev.models.gguf_split import first_in

    try:
        return store.find(str(first_in(path) if path.is_dir() else path))
    except NotFound as error:
        raise ModelError(
            f"{path} has no passport, and policy.require_passport refuses models without one",
            f"`localdev models add {shlex.quote(str(path))}` vets and stores it; then call it by its name",
        ) from error


def header_of(found: VettedModel) -> GgufHeader:
    """Give the header of a model that was found, read anew only when its files have changed."""
    return _read(found.paths, _stamps(found.paths))


def _by_path(path: Path) -> VettedModel:
    """Vet a file, or all parts of a split one."""
    from localdev.models.gguf_split import parts_of

    try:
        folder = path.is_dir()
        files = sorted(each for each in path.iterdir() if is_path(each.name)) if folder else parts_of(path)
        return _vetted(path, _stamps(files))
    except (OSError, ValueError) as error:  # ValueError: a zero byte in it
        reason = getattr(error, "strerror", "") or error
        raise NotFound(f"cannot read the model file {path}: {reason}", "check the path") from error


@functools.lru_cache(maxsize=_MOST_REMEMBERED)
def _vetted(path: Path, stamps: Stamps) -> VettedModel:
    """Vet a model whose files have these stamps; what a user may accept is accepted by adding it, for good."""
    from localdev.models.names import stem
    from localdev.models.vetting.vet import ACCEPTABLE, vet

    vetted = vet(path)
    if refusal := vetted.refusal():
        rules = dict.fromkeys(each.rule for each in vetted.findings if each.severity == "refuse")
        if all(rule in ACCEPTABLE for rule in rules):
            file, accept = shlex.quote(str(path)), " ".join(f"--accept {rule}" for rule in rules)
            refusal.hint = (
                f"`localdev models vet {file}` says more; if that is fine for you, "
                f"`localdev models add {file} {accept}` stores it: then call it by its name"
            )
        raise refusal
    if vetted.model is None:
        raise ModelError(f"{path} holds no GGUF model", "models in other formats must be converted to GGUF first")
    for finding in vetted.findings:
        if finding.rule == "kind":  # sound, but nothing to run
            raise ModelError(f"{path}: {finding.message}", "name the file of a model; adapters are given by --adapter")
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


@functools.lru_cache(maxsize=_MOST_REMEMBERED)
def _read(paths: tuple[Path, ...], stamps: Stamps) -> GgufHeader:
    """Read the header of a model whose files have these stamps."""
    from localdev.models.gguf import read_model

    return read_model(paths[0]).header


def _stamps(paths: Sequence[Path]) -> Stamps:
    """Give what changes with the files."""
    from localdev.models.passport import stamp

    return tuple(stamp(path.stat()) for path in paths)
