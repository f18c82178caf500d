"""A model's passport: what was known when it was added, kept as one JSON file beside the model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from localdev.core.errors import ModelError
from localdev.core.files import write_atomic

SCHEMA_VERSION = 1
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
class Passport:
    """What is known of a stored model.

    `digest` is the SHA-256 of the whole file in hex, `size` its bytes and `mtime_ns` its time stamp when the digest was
    last seen to be right. `mode` is link or copy, `source` the path it was added from, `added` a UTC time in ISO form.
    `file` is where the store keeps it.
    """

    name: str
    digest: str
    size: int
    mtime_ns: int
    architecture: str
    parameters: int
    quantisation: str
    context_length: int
    has_template: bool
    has_fim: bool
    mode: str
    source: str
    added: str
    file: Path

    def seems_whole(self) -> bool:
        """Say whether size and time stamp of the stored file are the recorded ones; it is not read."""
        try:
            stat = self.file.stat()
        except OSError:
            return False
        return (stat.st_size, stat.st_mtime_ns) == (self.size, self.mtime_ns)

    def links(self) -> int:
        """Count the places on disk that the stored file has, 0 when it is gone."""
        try:
            return self.file.stat().st_nlink
        except OSError:
            return 0


def write_passport(path: Path, passport: Passport) -> None:
    """Write it in one step. The file's own place is left out, so that a store can be moved."""
    entry = {"schema_version": SCHEMA_VERSION, **asdict(passport)}
    del entry["file"]
    write_atomic(path, (json.dumps(entry, indent=2) + "\n").encode())


def read_passport(path: Path, file: Path) -> Passport:
    """Read the passport of the stored `file`.

    Raises:
        ModelError: it cannot be read, is of a newer version, or lacks something.
    """
    hint = f"remove {path} and add {file} again"
    try:
        entry = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read the model passport {path}: {error}", hint) from error
    if not isinstance(entry, dict) or entry.pop("schema_version", None) != SCHEMA_VERSION:
        raise ModelError(f"the model passport {path} is not of version {SCHEMA_VERSION}", hint)
    kinds = {field.name: field.type for field in fields(Passport) if field.name != "file"}
    wrong = [name for name, kind in kinds.items() if type(entry.get(name)).__name__ != kind]
    if wrong or len(entry) != len(kinds):
        raise ModelError(f"the model passport {path} has missing, wrong or unknown entries", hint)
    return Passport(file=file, **entry)
