"""A model's passport: what was known when it was added, kept as one JSON file beside the model.

Whoever can write the store can write a passport, so a passport proves nothing against them. What it holds together:
the digest, its own file name and the digests and names of the model's files must fit, so an entry changed by hand or
by a fault is noticed when the digest is part of it. The other entries (findings, licence, source, what the header
said) are records; vetting a stored file anew is what brings them up to date.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict, dataclass, fields
from os import stat_result
from pathlib import Path
from typing import Any, Literal, get_args

from localdev.core.errors import ModelError
from localdev.core.files import write_atomic
from localdev.models.digests import digest_of_parts
from localdev.models.findings import Finding, Severity

SCHEMA_VERSION = 2
Kind = Literal["model", "adapter"]
Mode = Literal["link", "copy", "move"]
Origin = Literal["file", "hub", "ollama", "archive", "quantised"]
State = Literal["whole", "touched", "changed", "gone"]
_DIGEST = re.compile(r"[0-9a-f]{64}")
# Architectures of GGUF that give vectors for texts and cannot write any.
_EMBEDDING = frozenset(
    {
        "bert",
        "eurobert",
        "gemma-embedding",
        "jina-bert-v2",
        "jina-bert-v3",
        "modern-bert",
        "neo-bert",
        "nomic-bert",
        "nomic-bert-moe",
    }
)


def embeds(architecture: str) -> bool:
    """Say whether models of this architecture are for search (they embed) and not for answers."""
    return architecture in _EMBEDDING


@dataclass(frozen=True, slots=True)
class Source:
    """Where a model came from: a path, a hub's repository and file, a model of Ollama, an archive, or another model.

    `revision` is the hub's commit, `at` the host it was fetched from; both are empty where there is none.
    """

    kind: Origin
    place: str
    revision: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a model, with its stamp when its SHA-256 `digest` (hex) was last seen to be right.

    `size` is in bytes, the times are in nanoseconds. 0 for `ctime_ns` or `inode` means that it is not recorded: on
    Windows `st_ctime` is the time of creation, which says nothing of changes. `spoilt_ns` is the change time at which
    it was read and found to be another file (0: never), so that what was proven is not forgotten.
    """

    name: str
    size: int
    digest: str
    mtime_ns: int
    ctime_ns: int
    inode: int
    spoilt_ns: int = 0

    def fits(self, now: stat_result) -> bool:
        """Say whether a file seems to be the recorded one, unchanged: size, inode and times are the same."""
        ctime_ns = stamp(now)[2]
        return self.unwritten(now) and self.ctime_ns in (0, ctime_ns) and not self.is_spoilt(now)

    def is_spoilt(self, now: stat_result) -> bool:
        """Say whether this is what was read and found to be another file, and nothing has touched it since then."""
        return bool(self.spoilt_ns) and self.spoilt_ns == stamp(now)[2]

    def unwritten(self, now: stat_result) -> bool:
        """Say the same whatever its change time: links to the file made or removed since then count for nothing."""
        size, mtime_ns, _, inode = stamp(now)
        return (size, mtime_ns) == (self.size, self.mtime_ns) and self.inode in (0, inode)


def unwritten(then: stat_result, now: stat_result) -> bool:
    """Say whether two looks at a file show the same one and the same, whatever its change time."""
    (*before, _, inode), (*after, _, inode_now) = stamp(then), stamp(now)
    return before == after and inode == inode_now


def stamp(stat: stat_result) -> tuple[int, int, int, int]:
    """Give (size, mtime_ns, ctime_ns, inode): what changes with a file, or with what programs do to it.

    The system sets the change time (ctime) itself; unlike the time of modification no ordinary program sets it back.
    """
    return stat.st_size, stat.st_mtime_ns, 0 if sys.platform == "win32" else stat.st_ctime_ns, stat.st_ino


@dataclass(frozen=True, slots=True)
class Passport:
    """What is known of a stored model or adapter.

    `digest` is the SHA-256 of its file in hex, of one in several files `digest_of_parts`. `parameters` counts weights,
    `context_length` tokens. `template_digest` is the SHA-256 of its chat template, `licence` what its file or its user
    says, `base` what an adapter says it was made for; empty when there is none. `mode` is how it came into the store,
    `added` a UTC time in ISO form. `vetting` is the version of the rules that `findings` are of (0: never vetted),
    `accepted` the rules whose findings its user accepted. `folder` holds `files`.
    """

    name: str
    kind: Kind
    digest: str
    files: tuple[StoredFile, ...]
    architecture: str
    parameters: int
    quantisation: str
    context_length: int
    has_template: bool
    has_fim: bool
    template_digest: str
    licence: str
    base: str
    mode: Mode
    source: Source
    added: str
    vetting: int
    findings: tuple[Finding, ...]
    accepted: tuple[str, ...]
    folder: Path

    @property
    def file(self) -> Path:
        """The file to open: the only one, or the first part."""
        return self.folder / self.files[0].name

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        return sum(file.size for file in self.files)

    def paths(self) -> tuple[Path, ...]:
        """Give the paths of its files in order."""
        return tuple(self.folder / file.name for file in self.files)

    def state(self) -> State:
        """Compare the stored files with their recorded sizes and stamps; they are not read.

        `touched` are files of which the change time or the inode alone is another: links to them were made or removed,
        or a byte was changed and the time set back; the store tells these apart by reading them, and what it found
        stays `changed` until they are touched again.
        """
        try:
            now = self._now()
        except OSError:
            return "gone"
        if all(file.fits(stat) for file, stat in now):
            return "whole"
        unsuspicious = _same_times(now) and not any(file.is_spoilt(stat) for file, stat in now)
        return "touched" if unsuspicious else "changed"

    def keeps_times(self) -> bool:
        """Say whether sizes and times of modification of the stored files are the recorded ones."""
        try:
            return _same_times(self._now())
        except OSError:
            return False

    def _now(self) -> list[tuple[StoredFile, stat_result]]:
        """Look at the files. Raises OSError."""
        return [(file, (self.folder / file.name).stat()) for file in self.files]

    def seems_whole(self) -> bool:
        """Say whether nothing speaks for a change of the stored files; they are not read."""
        return self.state() == "whole"

    def is_elsewhere(self) -> bool:
        """Say whether all its files have another name on the disk, so that removing it loses nothing."""
        try:
            return all(stat.st_nlink > 1 for _, stat in self._now())
        except OSError:
            return False

    def is_shared(self) -> bool:
        """Say whether it is not the store's own: who may write to another name of a file may change it."""
        try:
            return self.mode == "link" or any(stat.st_nlink > 1 for _, stat in self._now())
        except OSError:
            return False


def _same_times(now: list[tuple[StoredFile, stat_result]]) -> bool:
    """Say whether files have their recorded sizes and times of modification."""
    return all((file.size, file.mtime_ns) == (stat.st_size, stat.st_mtime_ns) for file, stat in now)


def part_name(number: int, count: int) -> str:
    """Name part `number` (from 1) of a stored model as llama.cpp looks for it beside the first."""
    return f"model-{number:05d}-of-{count:05d}.gguf"


def write_passport(path: Path, passport: Passport) -> None:
    """Write it in one step. The folder is left out, so that a store can be moved."""
    entry = {"schema_version": SCHEMA_VERSION, **asdict(passport)}
    del entry["folder"]
    write_atomic(path, (json.dumps(entry, indent=2) + "\n").encode())


def read_passport(path: Path, files: Path) -> Passport:
    """Read a passport of the store that keeps model files in `files`; one of version 1 is read as never vetted.

    Raises:
        ModelError: it cannot be read, is of a newer version, lacks something, or its digests do not fit.
    """
    hint = f"remove it and add the model again, from {files / path.stem}* if that is all you have"
    try:
        entry = json.loads(path.read_bytes())
    except OSError as error:
        raise ModelError(f"cannot read the model passport {path}: {error.strerror or error}", hint) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"the model passport {path} is no JSON", hint) from error
    version = entry.pop("schema_version", None) if isinstance(entry, dict) else None
    if version not in (1, SCHEMA_VERSION):
        raise ModelError(f"the model passport {path} is not of version {SCHEMA_VERSION}", hint)
    try:
        passport = _passport(_from_first(entry) if version == 1 else entry, files)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ModelError(f"the model passport {path} has missing, wrong or unknown entries", hint) from error
    if passport.digest != path.stem or not _fits_together(passport):
        raise ModelError(f"the digests in the model passport {path} do not fit together", hint)
    return passport


def _from_first(entry: dict[str, Any]) -> dict[str, Any]:
    """Turn the entries of a version-1 passport, which knew single files alone, into those of this version."""
    file = {name: entry.pop(name) for name in ("size", "mtime_ns")}
    digest = entry["digest"]
    return entry | {
        "kind": "model",
        "files": [{"name": f"{digest}.gguf", "digest": digest, "ctime_ns": 0, "inode": 0, **file}],
        "source": {"kind": "file", "place": entry["source"], "revision": "", "at": ""},
        **dict.fromkeys(("template_digest", "licence", "base"), ""),
        "vetting": 0,
        "findings": [],
        "accepted": [],
    }


def _passport(entry: dict[str, Any], files: Path) -> Passport:
    """Make the passport of checked entries."""
    entry["files"] = tuple(_checked(StoredFile, {"spoilt_ns": 0, **each}) for each in entry["files"])
    entry["findings"] = tuple(_checked(Finding, each) for each in entry["findings"])
    entry["source"] = _checked(Source, entry["source"])
    entry["accepted"] = tuple(entry["accepted"])
    entry["folder"] = files / entry["digest"] if len(entry["files"]) > 1 else files
    passport: Passport = _checked(Passport, entry)
    if not all(isinstance(rule, str) for rule in passport.accepted):
        raise TypeError("a rule that is no text")
    return passport


_NAMED: dict[str, tuple[type, tuple[Any, ...]]] = {
    "str": (str, ()),
    "int": (int, ()),
    "bool": (bool, ()),
    "Path": (object, ()),
    "Source": (Source, ()),
    "Kind": (str, get_args(Kind)),
    "Mode": (str, get_args(Mode)),
    "Origin": (str, get_args(Origin)),
    "Severity": (str, get_args(Severity)),
}


def _checked(kind: type[Any], entry: dict[str, Any]) -> Any:
    """Make a `kind` of the entries of a JSON object: every field, no other, each of its type and from its choices."""
    for field in fields(kind):
        wanted, choices = _NAMED.get(str(field.type), (tuple, ()))
        value = entry[field.name]
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise TypeError(field.name)
        if choices and value not in choices:
            raise ValueError(field.name)
    return kind(**entry)


def _fits_together(passport: Passport) -> bool:
    """Say whether digest, file names and the files' digests belong to each other; names lead nowhere else."""
    files, digest = passport.files, passport.digest
    if not all(_DIGEST.fullmatch(each) for each in (digest, *(file.digest for file in files))):
        return False
    if len(files) == 1:
        return files[0].name == f"{digest}.gguf" and files[0].digest == digest
    names = [part_name(number + 1, len(files)) for number in range(len(files))]
    return [file.name for file in files] == names and digest == digest_of_parts(
        [(file.name, file.digest) for file in files]
    )
