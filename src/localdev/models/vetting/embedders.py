"""Vets the folder of a sentence-transformers model, which a library opens that also opens pickles and runs code."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from localdev.core.errors import ModelError, NotFound
from localdev.models.findings import Finding
from localdev.models.vetting import formats
from localdev.models.vetting.contents import shown
from localdev.models.vetting.safetensors import read_safetensors
from localdev.models.vetting.sniff import identify
from localdev.models.vetting.vet import Vetted

MARK = "modules.json"  # the file that makes a folder one of these
_MOST_FILES = 2000
_LONGEST_CONFIG = 16 << 20  # bytes; those of tokenizers with many tokens of their own take a megabyte
_PICKLES = frozenset({formats.PICKLE.rule, formats.PYTORCH.rule, formats.JOBLIB.rule, formats.NUMPY_OBJECTS.rule})
_WEIGHTS = ".safetensors"
_OWN_CODE = "auto_map"  # the entry by which a model names Python code to be run in place of the library's
_NO_WEIGHTS = Finding("folder-weights", "refuse", "it holds no weights in safetensors form")
# What to do about a finding that refuses the folder, by its rule; about others, to get the model again.
_HINTS = {
    "folder-pickle": "remove that file: weights are taken from .safetensors files alone",
    "folder-code": "use another model, of a kind that sentence-transformers knows without code of the model's own",
    "folder-weights": "save the model again with sentence-transformers 3 or newer",
    "folder-large": "name the folder of the model alone",
}


def vet_embedder(folder: Path) -> Vetted:
    """Look at every file of the folder: pickles and code are refused wherever they lie in it, opened or not.

    Raises:
        NotFound: there is no such folder, or it may not be read.
    """
    findings: list[Finding] = []
    weights = 0
    for path in _files(folder, findings):
        findings += _file_findings(path, path.relative_to(folder).as_posix())
        weights += path.name.endswith(_WEIGHTS)
    if not weights:
        findings.append(_NO_WEIGHTS)
    findings.sort(key=lambda each: each.severity != "refuse")
    hint = _HINTS.get(findings[0].rule, "get the model again from where it came") if findings else ""
    return Vetted(folder, formats.FOLDER_EMBEDDER.name, None, tuple(findings), hint=hint)


def vet_embedder_or_refuse(folder: Path) -> None:
    """Vet the folder.

    Raises:
        NotFound: it cannot be read.
        ModelError: it is refused.
    """
    if refusal := vet_embedder(folder).refusal():
        raise ModelError(f"{folder} is refused: {refusal}", refusal.hint)


def _files(folder: Path, findings: list[Finding]) -> Iterator[Path]:
    """Give the files of a folder and those below it; a link to a folder is not followed."""

    def unreadable(error: OSError) -> None:
        raise NotFound(
            f"cannot read the folder {error.filename}: {error.strerror or error}", "check the path"
        ) from error

    count = 0
    for place, _, names in os.walk(folder, onerror=unreadable):
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                findings.append(Finding("folder-large", "refuse", f"it holds more than {_MOST_FILES} files"))
                return
            yield Path(place, name)


def _file_findings(path: Path, name: str) -> Iterator[Finding]:
    """Judge one file; `name` is what it is called within the folder."""
    found = identify(path)
    if found.rule in _PICKLES:
        yield Finding("folder-pickle", "refuse", found.said_of(shown(name)))
    elif path.name.endswith(_WEIGHTS):
        if found.rule != formats.SAFETENSORS.rule:
            yield Finding(found.rule, "refuse", found.said_of(shown(name)))
        else:
            yield from _weights_findings(path)
    elif path.suffix == ".py":
        yield Finding("folder-code", "note", f"{shown(name)} is Python code, which is not run")
    elif path.suffix == ".json" and "config" in path.name:
        yield from _config_findings(path, shown(name))


def _weights_findings(path: Path) -> Iterator[Finding]:
    """Check the header of a file of weights."""
    try:
        read_safetensors(path)
    except ModelError as error:
        yield Finding("safetensors-structure", "refuse", str(error))


def _config_findings(path: Path, name: str) -> Iterator[Finding]:
    """Look for code that the model would have run; what is no JSON, the library refuses itself."""
    try:
        if path.stat().st_size > _LONGEST_CONFIG:
            yield Finding("folder-large", "refuse", f"{name} is larger than any settings are")
            return
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    if isinstance(found, dict) and _OWN_CODE in found:
        said = f"{name} names code of its own ({_OWN_CODE}), and without that the model is another one"
        yield Finding("folder-code", "refuse", said)
