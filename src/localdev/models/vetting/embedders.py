"""Vets the folder of a sentence-transformers model, which a library opens that also opens pickles and runs code."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localdev.core.errors import ModelError, NotFound
from localdev.models.findings import Finding
from localdev.models.vetting import formats
from localdev.models.vetting.contents import shown
from localdev.models.vetting.safetensors import read_safetensors
from localdev.models.vetting.sniff import identify
from localdev.models.vetting.vet import Vetted

MARK = "modules.json"  # the file that makes a folder one of these
_MOST_FILES = 2000
_LONGEST_CONFIG = 4 << 20  # bytes; those of tokenizers with many tokens of their own take a megabyte
_NO_PICKLES = "openvino_"  # the weights of another library end in .bin too, and hold numbers alone
_PICKLES = frozenset({formats.PICKLE.rule, formats.PYTORCH.rule, formats.JOBLIB.rule, formats.NUMPY_OBJECTS.rule})
_WEIGHTS = ".safetensors"
_ADAPTER = "adapter_config.json"  # names the folder of another model, which would be opened too
_OWN_CODE = "auto_map"  # the entry by which a model names Python code to be run in place of the library's
_TRUSTED = "trust_remote_code"  # asks for that
_ELSEWHERE = ("tokenizer_name_or_path", "model_name_or_path")  # name another folder to open in place of this one
# Names of classes, which such a library imports and calls; a class, for its modules have others in them that are not.
_CLASS = re.compile(r"(?:sentence_transformers|torch\.nn)(?:\.\w+)*\.[A-Z]\w*")
_NO_WEIGHTS = Finding("folder-weights", "refuse", "it holds no weights in safetensors form")
# What to do about a finding that refuses the folder, by its rule; about others, to get the model again.
_HINTS = {
    "folder-pickle": "remove that file: weights are taken from .safetensors files alone",
    "folder-code": "use another model, of a kind that sentence-transformers knows without code of the model's own",
    "folder-outside": "copy what it names into the folder, or use another model",
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
    """Give the files of a folder and those below it; a link to a folder is not followed but refused."""

    def unreadable(error: OSError) -> None:
        raise NotFound(
            f"cannot read the folder {error.filename}: {error.strerror or error}", "check the path"
        ) from error

    count = 0
    for place, folders, names in os.walk(folder, onerror=unreadable):
        for path in (Path(place, name) for name in sorted(folders)):
            if path.is_symlink():
                said = f"{shown(path.relative_to(folder).as_posix())} is a link to another folder"
                findings.append(Finding("folder-outside", "refuse", said))
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                findings.append(Finding("folder-large", "refuse", f"it holds more than {_MOST_FILES} files"))
                return
            yield Path(place, name)


def _file_findings(path: Path, name: str) -> Iterator[Finding]:
    """Judge one file; `name` is what it is called within the folder."""
    found = identify(path)
    if found is formats.NO_FILE:  # reading it might never end
        yield Finding(found.rule, "refuse", found.said_of(shown(name)))
    elif found.rule in _PICKLES:
        yield Finding("folder-pickle", "refuse", found.said_of(shown(name)))
    elif path.name.lower().endswith(formats.PICKLED) and not path.name.startswith(_NO_PICKLES):
        said = f"{shown(name)} is {found.name} by its content, but libraries open files of that name as pickles"
        yield Finding("folder-pickle", "refuse", said)
    elif path.name.endswith(_WEIGHTS):
        if found.rule != formats.SAFETENSORS.rule:
            yield Finding(found.rule, "refuse", found.said_of(shown(name)))
        else:
            yield from _weights_findings(path)
    elif path.suffix == ".py":
        yield Finding("folder-code", "note", f"{shown(name)} is Python code, which is not run")
    elif path.name.lower() == _ADAPTER:
        yield Finding("folder-outside", "refuse", f"{shown(name)} is of an adapter, whose weights lie elsewhere")
    elif path.suffix.lower() == ".json" and ("config" in path.name.lower() or _is_index(path)):
        yield from _settings_findings(path, shown(name))


def _weights_findings(path: Path) -> Iterator[Finding]:
    """Check the header of a file of weights."""
    try:
        read_safetensors(path)
    except ModelError as error:
        yield Finding("safetensors-structure", "refuse", str(error))


def _settings_findings(path: Path, name: str) -> Iterator[Finding]:
    """Look for code that the model would have run, and for parts elsewhere; what is no JSON, the library refuses."""
    try:
        if path.stat().st_size > _LONGEST_CONFIG:
            yield Finding("folder-large", "refuse", f"{name} is larger than any settings are")
            return
        entries = list(_entries(json.loads(path.read_bytes())))
    except RecursionError:
        yield Finding("folder-large", "refuse", f"{name} is nested more deeply than any settings are")
        return
    except (OSError, ValueError):
        return
    if any(key == _OWN_CODE or (key == _TRUSTED and value) for key, value in entries):
        said = f"{name} names code of its own ({_OWN_CODE}), and without that the model is another one"
        yield Finding("folder-code", "refuse", said)
    if foreign := [each for each in _classes(entries, path) if not _CLASS.fullmatch(each)]:
        said = f"{name} names the code {shown(foreign[0])!r}, which is no part of the library"
        yield Finding("folder-code", "refuse", said)
    if outside := next(_outside(entries, path), ""):
        yield Finding("folder-outside", "refuse", f"{name} names {shown(outside)!r}, outside of the folder")


def _entries(found: Any) -> Iterator[tuple[str, Any]]:
    """Give the entries of all objects in parsed JSON, however deep; recursion would end before the parser does."""
    left = [found]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            yield from each.items()
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)


def _is_index(path: Path) -> bool:
    """Say whether a file lists the parts of a model."""
    return path.name.lower() == MARK


def _classes(entries: list[tuple[str, Any]], path: Path) -> Iterator[str]:
    """Give the names of classes that settings ask for: of the model's parts, and of what their numbers go through."""
    for key, value in entries:
        if key == "types" and isinstance(value, dict):
            yield from map(str, value.values())
        elif (key == "type" and _is_index(path)) or (key == "activation_function" and "." in str(value)):
            yield str(value)


def _outside(entries: list[tuple[str, Any]], path: Path) -> Iterator[str]:
    """Give the folders that settings ask for and that are not surely below this one."""
    for key, value in entries:
        if key in _ELSEWHERE and value:
            yield str(value)
        elif key == "types" and isinstance(value, dict):
            yield from (place for place in value if not _is_below(place))
        elif key == "path" and _is_index(path) and not _is_below(str(value)):
            yield str(value)


def _is_below(place: str) -> bool:
    """Say whether a path, as any system reads it, leads from a folder to one below."""
    return not place.startswith(("/", "\\")) and ":" not in place and ".." not in re.split(r"[/\\]", place)
