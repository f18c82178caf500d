"""The manifest of an export: what it claims of the models in it, and the list of their files. Read without trust.

    {"format": "localdev-models", "schema_version": 1, "models": [{
        "name": ..., "kind": ..., "digest": ..., "architecture": ..., "parameters": ..., "quantisation": ...,
        "context_length": ..., "template_digest": ..., "licence": ..., "base": ...,
        "source": {"kind": ..., "place": ..., "revision": ..., "at": ...},
        "files": [{"name": ..., "size": ..., "sha256": ...}, ...]}, ...], "check": ...}

`check` is the SHA-256 of all else, so that a byte changed on the way is noticed; it proves nothing against someone who
means to deceive. Findings do not travel: whoever reads an export vets it anew.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NoReturn, get_args

from localdev.models.archive_tar import LONGEST_FOLDER, LONGEST_NAME
from localdev.models.digests import digest_of_parts
from localdev.models.passport import Kind, Origin

FORMAT = "localdev-models"
SCHEMA_VERSION = 1
MOST_BYTES = 1 << 20
_ENTRIES = {"format", "schema_version", "models", "check"}
_LARGEST = 1 << 62
_LONGEST_TEXT = 4096
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MODEL_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*\.gguf")
# What Windows takes for a device whatever follows the first dot.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
# What a terminal may obey, and halves of characters.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class BadManifest(Exception):
    """What is wrong with a manifest, in words that follow the name of the export."""


class NewerManifest(BadManifest):
    """It was written by a later version of localdev."""


@dataclass(frozen=True, slots=True)
class ArchivedSource:
    """Where the model came from before it was exported; of a path only the last name travels."""

    kind: str
    place: str
    revision: str
    at: str

    @property
    def origin(self) -> str:
        """Where it came from before it was ever exported, in a few words: `hub org/name at host`."""
        if self.kind == "archive":
            return self.at
        return f"{self.kind} {self.place}" + (f" at {self.at}" if self.at else "")


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file of a model: its name without folders, its size in bytes, and the SHA-256 of its content in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ArchivedModel:
    """What the export claims of one model or adapter; the fields are those of its passport."""

    name: str
    kind: Kind
    digest: str
    architecture: str
    parameters: int
    quantisation: str
    context_length: int
    template_digest: str
    licence: str
    base: str
    source: ArchivedSource
    files: tuple[ArchivedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The models of an export, in the order in which they follow."""

    models: tuple[ArchivedModel, ...]

    def members(self) -> Iterator[tuple[ArchivedModel, ArchivedFile]]:
        """Give all files in order, each with the model it belongs to."""
        return ((model, file) for model in self.models for file in model.files)


def encode(manifest: Manifest) -> bytes:
    """Give the bytes of a manifest, always the same ones for the same models.

    Raises:
        BadManifest: no reader would take it.
    """
    data = _laid_out(manifest)
    decode(data)
    return data


def decode(data: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        NewerManifest: a later version of localdev wrote it.
        BadManifest: it is too large, no JSON, or says what it may not.
    """
    if len(data) > MOST_BYTES:
        _bad(f"has a manifest of more than {MOST_BYTES} bytes")
    try:
        entry = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError) as error:  # ValueError: no UTF-8 too
        _bad(f"has a manifest that is no JSON: {error}")
    if not isinstance(entry, dict) or entry.get("format") != FORMAT:
        _bad("has a manifest of something else")
    version = entry.get("schema_version")
    if type(version) is int and version > SCHEMA_VERSION:
        raise NewerManifest(f"was made by a newer localdev (its form is {version}, this one reads {SCHEMA_VERSION})")
    if version != SCHEMA_VERSION or type(version) is not int or set(entry) != _ENTRIES:
        _bad("has a manifest with missing, wrong or unknown entries")
    models = tuple(_model(each) for each in _list(entry["models"], "models"))
    names = [model.name for model in models]
    if len(set(names)) != len(names):
        _bad("names two models alike")
    if len({model.digest for model in models}) != len(models):
        _bad("holds a model twice, under two names")
    manifest = Manifest(models)
    if data != _laid_out(manifest):
        _bad("has a damaged manifest: its check sum is another one, or it was laid out anew")
    return manifest


def printable(text: str) -> str:
    """Give text as it may stand in a manifest: one line, no more than 4096 characters."""
    return _UNPRINTABLE.sub("?", text)[:_LONGEST_TEXT]


def _laid_out(manifest: Manifest) -> bytes:
    """Give the bytes that stand for a manifest; no others do."""
    entry = {"format": FORMAT, "schema_version": SCHEMA_VERSION, **asdict(manifest)}
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    entry["check"] = hashlib.sha256(text.encode("ascii")).hexdigest()
    return (json.dumps(entry, indent=2) + "\n").encode("ascii")


def _model(entry: object) -> ArchivedModel:
    """Read and check one model."""
    checked = _checked(entry, ArchivedModel, "a model")
    source = ArchivedSource(**_checked(checked["source"], ArchivedSource, "a source"))
    files = tuple(_file(each) for each in _list(checked["files"], "files"))
    model = ArchivedModel(**{**checked, "source": source, "files": files})
    if len(model.name) > LONGEST_FOLDER or not _MODEL_NAME.fullmatch(model.name):
        _bad(f"holds a model with the impossible name {model.name!r}")
    if model.kind not in get_args(Kind):
        _bad(f"holds a {model.kind!r}, which is neither a model nor an adapter")
    if source.kind not in get_args(Origin):
        _bad(f"says that {model.name} came from {source.kind[:80]!r}, which is no kind of origin")
    if not _DIGEST.fullmatch(model.digest) or not re.fullmatch(r"|[0-9a-f]{64}", model.template_digest):
        _bad(f"gives a digest of {model.name} that is none")
    if len({file.name.lower() for file in files}) != len(files):
        _bad(f"names two files of {model.name} alike")
    parts = [(file.name, file.sha256) for file in files]
    if model.digest != (digest_of_parts(parts) if len(parts) > 1 else parts[0][1]):
        _bad(f"gives a digest of {model.name} that is not the one of its files")
    return model


def _file(entry: object) -> ArchivedFile:
    """Read and check one file of a model."""
    file = ArchivedFile(**_checked(entry, ArchivedFile, "a file"))
    if len(file.name) > LONGEST_NAME or not _FILE_NAME.fullmatch(file.name) or _DEVICE.fullmatch(file.name):
        _bad(f"holds a file with the name {file.name!r}, which no model's file has")
    if not 0 < file.size < _LARGEST:
        _bad(f"gives {file.name} the size {file.size}")
    if not _DIGEST.fullmatch(file.sha256):
        _bad(f"gives a digest of {file.name} that is none")
    return file


def _checked(entry: object, shape: type[Any], what: str) -> dict[str, Any]:
    """Give the entries of a JSON object that has just the fields of `shape`, with texts and whole numbers as such."""
    if not isinstance(entry, dict) or set(entry) != {field.name for field in fields(shape)}:
        _bad(f"describes {what} with missing or unknown entries")
    for field in fields(shape):
        value = entry[field.name]
        if field.type == "int" and (type(value) is not int or not 0 <= value < _LARGEST):
            _bad(f"describes {what} whose {field.name} is no number that can be")
        if field.type in ("str", "Kind"):
            if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
                _bad(f"describes {what} whose {field.name} is no text")
            if _UNPRINTABLE.search(value):
                _bad(f"describes {what} with unprintable characters in its {field.name}: {value[:80]!a}")
    return entry


def _list(value: object, what: str) -> list[object]:
    """Give a list that is not empty."""
    if not isinstance(value, list) or not value:
        _bad(f"has a manifest without {what}")
    return value


def _object(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    """Make a JSON object; a key that comes twice means one thing to one reader and another to the next."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise ValueError(f"the key {twice[:80]!a} comes twice")
    return found


def _whole(digits: str) -> int:
    """Read a whole number of at most 19 digits."""
    if len(digits) > 19:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _no_number(text: str) -> NoReturn:
    """Refuse fractions and what JSON has no word for."""
    raise ValueError(f"the number {text[:40]}")


def _bad(what: str) -> NoReturn:
    """Refuse the manifest."""
    raise BadManifest(what)
