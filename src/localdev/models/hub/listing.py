"""What a repository on the hub holds at one commit, and choosing one model among several."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localdev.core.errors import BackendError, NotFound, UsageError
from localdev.models.digests import digest_of_parts
from localdev.models.hub.sources import HubSource, is_safe
from localdev.models.passport import part_name

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
# GGUF files that belong to a model and are none: projectors of images, and importance matrices.
_NO_MODEL = re.compile(r"(^|[/._-])(mmproj|imatrix)([/._-]|$)", re.IGNORECASE)
_NEAREST = 5
_LARGEST = 1 << 62  # bytes


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file at the commit: its path, size in bytes, and the SHA-256 of LFS or the git id (SHA-1) of a small one."""

    path: str
    size: int
    sha256: str = ""
    blob: str = ""

    @property
    def name(self) -> str:
        """The path's last part."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model that can be pulled: one file, or the parts of a split one in order."""

    files: tuple[HubFile, ...]

    @property
    def path(self) -> str:
        """The path of its first file."""
        return self.files[0].path

    @property
    def stem(self) -> str:
        """What a name is made of: the first file's without ending and number of the part."""
        part = _PART.fullmatch(self.files[0].name)
        return part["stem"] if part else self.files[0].name[: -len(".gguf")]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def digest(self) -> str:
        """The digest that the store would know it by; empty where that shows only when all of it has come."""
        if not all(file.sha256 for file in self.files):
            return ""
        count = len(self.files)
        parts = [(part_name(number, count), file.sha256) for number, file in enumerate(self.files, 1)]
        return digest_of_parts(parts) if count > 1 else self.files[0].sha256


@dataclass(frozen=True, slots=True)
class HubRepository:
    """A repository at one commit. `gated` is auto or manual where its owner asks for terms to be accepted."""

    name: str
    commit: str
    licence: str
    gated: str
    models: tuple[HubModel, ...]
    files: tuple[str, ...]


class SeveralModels(Exception):
    """A repository holds more than one model that fits; `models` lists them, `refusal` says so to who is not asked."""

    def __init__(self, repository: HubRepository, models: Sequence[HubModel], asked: str) -> None:
        what = f"{len(models)} models fit {asked} in" if asked else f"there are {len(models)} models in"
        super().__init__(f"{what} {repository.name}: one has to be chosen")
        self.repository = repository
        self.models = tuple(models)

    def refusal(self) -> UsageError:
        """Give the error that says what to do."""
        return UsageError(str(self), "name one: --quant Q4_K_M or --file NAME")


def read_listing(answer: Any, name: str) -> HubRepository:
    """Read the hub's answer to `GET /api/models/NAME/revision/REV?blobs=true`.

    Raises:
        BackendError: it does not have the shape such answers have.
    """
    siblings = answer.get("siblings") if isinstance(answer, dict) else None
    commit = answer.get("sha") if isinstance(answer, dict) else None
    if not isinstance(siblings, list) or not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise BackendError(
            f"the hub's answer about {name} names no commit or no files", "see whether remote.hub_url names a hub"
        )
    entries = [entry for entry in siblings if isinstance(entry, dict) and isinstance(entry.get("rfilename"), str)]
    files = [_read_file(entry) for entry in entries if is_safe(entry["rfilename"])]
    gated = answer.get("gated")
    return HubRepository(
        name=name,
        commit=commit,
        licence=_licence(answer.get("cardData")),
        gated=gated if isinstance(gated, str) else "",
        models=_models([file for file in files if file.path.lower().endswith(".gguf")]),
        files=tuple(file.path for file in files),
    )


def choose(repository: HubRepository, source: HubSource) -> HubModel:
    """Give the model that a source means; without a word of it the only one there is.

    Raises:
        NotFound: there is none such; names near to what was asked for are listed.
        SeveralModels: there are several.
        BackendError: the hub does not say how large it is or what its digest is, or a part is missing.
    """
    if source.file:
        return _whole(_of_file(repository, source.file))
    fitting = [model for model in repository.models if not _NO_MODEL.search(model.path)]
    if not fitting:
        raise NotFound(
            f"{repository.name} holds no model in GGUF form",
            "many models have a second repository with GGUF files: look for one with GGUF in its name",
        )
    if source.quant:
        named = [model for model in fitting if _is_quant(model.path, source.quant)]
        if not named:
            raise NotFound(f"no model of {repository.name} is named for {source.quant}", _there(fitting))
        fitting = named
    if len(fitting) > 1:
        raise SeveralModels(repository, fitting, source.quant)
    return _whole(fitting[0])


def _of_file(repository: HubRepository, path: str) -> HubModel:
    """Give the model that a file belongs to, named by its path or its name alone."""
    for model in repository.models:
        if any(file.path == path for file in model.files):
            return model
    named = [model for model in repository.models if any(file.name == path for file in model.files)]
    if len(named) == 1:
        return named[0]
    if named:
        raise SeveralModels(repository, named, path)
    if path in repository.files:
        raise UsageError(f"{path} is no GGUF file", "only models in GGUF form can be pulled")
    gguf = [file.path for model in repository.models for file in model.files]
    near = difflib.get_close_matches(path, gguf, _NEAREST, cutoff=0.4)
    hint = f"nearest: {', '.join(near)}" if near else _there(repository.models)
    raise NotFound(f"{repository.name} has no file {path} at {repository.commit[:12]}", hint)


def _there(models: Sequence[HubModel]) -> str:
    """Say in a hint what there is."""
    if not models:
        return "it holds no GGUF file at all"
    more = f" and {len(models) - _NEAREST} more" if len(models) > _NEAREST else ""
    return "there are: " + ", ".join(model.path for model in models[:_NEAREST]) + more


def _is_quant(path: str, quant: str) -> bool:
    """Say whether a file is named for a quantisation: as a word of its own, so that Q4_K does not mean Q4_K_M."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(quant)}(?![A-Za-z0-9_])", path, re.IGNORECASE) is not None


def _read_file(entry: Mapping[str, Any]) -> HubFile:
    """Read one entry; a size of -1 and empty digests stand for what the hub does not say, or not soundly."""
    lfs = entry.get("lfs")
    lfs = lfs if isinstance(lfs, dict) else {}
    size = lfs.get("size", entry.get("size"))
    sha256, blob = str(lfs.get("sha256") or "").lower(), str(entry.get("blobId") or "").lower()
    return HubFile(
        path=entry["rfilename"],
        size=size if type(size) is int and 0 <= size < _LARGEST else -1,
        sha256=sha256 if _SHA256.fullmatch(sha256) else "",
        # The id of an LFS file is that of its pointer, which says nothing of the file itself.
        blob=blob if not lfs and _COMMIT.fullmatch(blob) else "",
    )


def _models(files: Sequence[HubFile]) -> tuple[HubModel, ...]:
    """Put the parts of split models together, in the order of their numbers; sorted by path."""
    groups: dict[tuple[str, str], list[HubFile]] = {}
    for file in sorted(files, key=lambda file: file.path):
        part = _PART.fullmatch(file.path)
        groups.setdefault((part["stem"], part["count"]) if part else (file.path, ""), []).append(file)
    return tuple(HubModel(tuple(group)) for group in groups.values())


def _whole(model: HubModel) -> HubModel:
    """Give a model back where all of it is there, with sizes and digests."""
    part = _PART.fullmatch(model.path)
    if part:
        stem, count = part["stem"], int(part["count"])
        numbers = {int(found["number"]) for file in model.files if (found := _PART.fullmatch(file.path))}
        missing = sorted(set(range(1, count + 1)) - numbers)
        if missing or len(model.files) != count:
            raise NotFound(
                f"part {missing[0] if missing else count} of {count} of {stem} is not in the repository",
                "choose another model of it, or another revision: --revision REV",
            )
    for file in model.files:
        if file.size < 0 or not (file.sha256 or file.blob):
            raise BackendError(
                f"the hub gives no size or no digest for {file.path}", "nothing is fetched that cannot be checked"
            )
    return model


def _licence(card: Any) -> str:
    """Give the licence that the model's page names, as a short identifier; `other` with the name it goes by."""
    card = card if isinstance(card, dict) else {}
    said = card.get("license")
    names = [str(name) for name in said] if isinstance(said, list) else [said] if isinstance(said, str) else []
    if names == ["other"] and isinstance(card.get("license_name"), str):
        names = [card["license_name"]]
    return "".join(sign for sign in ", ".join(" ".join(name.split()) for name in names) if sign.isprintable())[:200]
