"""Tells what a file is by its content, whatever its name. Nothing is unpacked, parsed in depth or run."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from localdev.core.errors import ModelError, NotFound
from localdev.models.vetting import formats
from localdev.models.vetting.containers import first_zip_name, tar_names, zip_names
from localdev.models.vetting.formats import MAGIC, PROGRAMS, Format
from localdev.models.vetting.pickles import TORCH_MAGIC, pickle_calls
from localdev.models.vetting.safetensors import read_safetensors

HEAD = 1 << 16  # bytes that are looked at
_SHOWN = 60  # characters of a text file's beginning
_MOST_CALLS = 3
_MANIFEST = "manifest.json"  # an export begins with it


def identify(path: Path) -> Format:
    """Say what the file at `path` is.

    Raises:
        NotFound: there is none, or it may not be read.
    """
    try:
        if path.is_symlink() and not path.exists() and "annex/objects/" in os.readlink(path).replace("\\", "/"):
            return formats.ANNEX
        if path.exists() and not path.is_file():
            return formats.NO_FILE
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return _identify(file, size, path)
    except OSError as error:
        raise NotFound(f"cannot read the model file {path}: {error.strerror or error}", "check the path") from error


def _identify(file: BinaryIO, size: int, path: Path) -> Format:
    """Look at an open file: first for the marks of formats, then for what has none."""
    head = file.read(HEAD) if size else b""  # what the system makes up when it is read can wait without end
    if not head:
        return formats.EMPTY
    for place, magic, found in MAGIC:
        if head.startswith(magic, place):
            return _numpy(head) if found is formats.NUMPY else found
    if head.startswith(PROGRAMS):
        inside = zip_names(file, size) or []
        return formats.LLAMAFILE if any(name.lower().endswith(".gguf") for name in inside) else formats.PROGRAM
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return _zip(zip_names(file, size) or [first_zip_name(head)])
    if head.startswith(TORCH_MAGIC):
        return formats.PYTORCH
    if (calls := pickle_calls(head)) is not None:
        return _pickle(calls)
    if head[257:262] == b"ustar" or (head[0] and tar_names(file, size)):
        return _tar(tar_names(file, size) or [])
    return _unmarked(head, size, path)


def _unmarked(head: bytes, size: int, path: Path) -> Format:
    """Tell formats that have no magic number: safetensors, protocol buffers and texts."""
    length = int.from_bytes(head[:8], "little")
    if head[8:9] == b"{" and 2 <= length <= max(size, HEAD):
        return _safetensors(path)
    if head[:1] == b"\x08" and len(head) > 2 and (found := _protobuf(head)):
        return found
    if not any(head):
        return formats.ZEROS
    if (text := _text(head)) is not None:
        return _of_text(text)
    return formats.UNKNOWN


def _numpy(head: bytes) -> Format:
    """Tell arrays of numbers from arrays of objects, whose contents are pickled."""
    described = re.search(rb"'descr':\s*([^}]*)'fortran_order'", head[:4096])
    objects = described is None or re.search(rb"'[|<>=]?O\d*'", described[1])
    return formats.NUMPY_OBJECTS if objects else formats.NUMPY


def _zip(names: Sequence[str]) -> Format:
    """Tell what a zip archive is by the names in it."""
    ends = [name.rpartition("/")[2] for name in names]
    if "constants.pkl" in ends and any("/code/" in name for name in names):
        return formats.TORCHSCRIPT
    if "data.pkl" in ends:
        return formats.PYTORCH
    if any(end.endswith((".pkl", ".pickle")) for end in ends):
        return formats.PICKLE
    if "model.weights.h5" in ends:
        return formats.KERAS
    if "saved_model.pb" in ends:
        return formats.SAVEDMODEL
    if any(end.endswith(".npy") for end in ends):
        return formats.NUMPY_ARCHIVE
    return formats.ZIP


def _tar(names: Sequence[str]) -> Format:
    """Tell what a tar archive is by the names in it."""
    if names[:1] == [_MANIFEST] and any(name.endswith(".gguf") for name in names):
        return formats.EXPORT
    ends = {name.rpartition("/")[2] for name in names}
    if "model_config.yaml" in ends:
        return formats.NEMO
    if {"pickle", "storages"} <= ends:  # as PyTorch wrote before version 0.1.10
        return formats.PYTORCH
    return formats.TAR


def _pickle(calls: Sequence[str]) -> Format:
    """Tell pickles of models from others, and name what they call for."""
    if any(call.startswith("joblib.") for call in calls):
        return formats.JOBLIB
    if any(call.startswith(("torch.", "torch._utils")) for call in calls):
        return formats.PYTORCH
    if not calls:
        return formats.PICKLE
    named = ", ".join(_shown(call) for call in dict.fromkeys(calls[:_MOST_CALLS]))
    return replace(formats.PICKLE, why=f"{formats.PICKLE.why}, and this one calls for {named}")


def _safetensors(path: Path) -> Format:
    """Tell adapters from weights by the names of the tensors; a damaged header is named as that."""
    try:
        header = read_safetensors(path)
    except ModelError as error:
        return replace(formats.SAFETENSORS, why=str(error).partition("file: ")[2], instead=error.hint)
    adapts = bool(header.names) and all("lora_" in name for name in header.names)
    return formats.LORA if adapts else formats.SAFETENSORS


def _protobuf(head: bytes) -> Format | None:
    """Tell ONNX and SavedModel, which begin with a small version number, by what follows it."""
    if head[1:2] == b"\1" and head[2:3] == b"\x12" and b"serve" in head[:4096]:
        return formats.SAVEDMODEL
    # The fields of an ONNX model after its version: producer, its version, domain, model version, texts, graph, sets.
    if 3 <= head[1] <= 32 and head[2:3] in (b"\x12", b"\x1a", b"\x22", b"\x28", b"\x32", b"\x3a", b"\x42"):
        return formats.ONNX
    return None


def _text(head: bytes) -> str | None:
    """Give a beginning as text, None where it is none."""
    try:
        # The last character of what was read may be cut off.
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head, final=len(head) < HEAD)
    except UnicodeDecodeError:
        return None
    return text if all(char.isprintable() or char in "\t\n\r\f\x1b" for char in text[:4096]) else None


def _of_text(text: str) -> Format:
    """Tell what a text file is."""
    start = text.lstrip()
    if re.match(r"(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body)\b", start, re.IGNORECASE | re.DOTALL):
        return formats.HTML
    if start.startswith("{") and "application/vnd.ollama.image.model" in text:
        return formats.OLLAMA_MANIFEST
    if re.search(r"^FROM\s+\S", text, re.MULTILINE | re.IGNORECASE) and not start.startswith("{"):
        return formats.MODELFILE
    kind = formats.JSON if start.startswith(("{", "[")) else formats.TEXT
    return replace(kind, why=f"it begins {_shown(start)!r}") if start else kind


def _shown(text: str) -> str:
    """Give the beginning of a foreign text in a form that is safe to print."""
    first = text.splitlines()[0] if text else ""
    return "".join(char if char.isprintable() else "?" for char in first[:_SHOWN])
