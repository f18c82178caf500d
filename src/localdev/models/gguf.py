"""Reads GGUF files defensively: every size and count is checked against the file before it is used.

A file that passes has all its tensors inside it, in the order and at the places llama.cpp expects them, and says
nothing that is known to end the process that loads it. What the weights say, and whether the engine knows the
architecture, only loading shows. For how much memory reading takes see `gguf_contents`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localdev.core.errors import ModelError, NotFound
from localdev.models.gguf_contents import GgufContents, TensorEntry, read_contents
from localdev.models.gguf_header import GgufHeader, header_of
from localdev.models.gguf_split import first_in, merged, part_name, parts_of
from localdev.models.gguf_vocabulary import read_vocabulary

__all__ = ["GgufHeader", "GgufModel", "TensorEntry", "read_header", "read_model", "read_tensors"]

_ONE_FILE = "give the model by its first part, or join the parts with llama-gguf-split --merge"


@dataclass(frozen=True, slots=True)
class GgufModel:
    """A whole model: its header, summed over the parts, the files it is in, and the number of tokens not in UTF-8."""

    header: GgufHeader
    parts: tuple[Path, ...]
    odd_tokens: int = 0


def read_header(path: Path) -> GgufHeader:
    """Read and check the header of one file: in milliseconds, and little more for a hostile one.

    Raises:
        NotFound: there is no such file, or it may not be read.
        ModelError: it is no file or one part of several, not GGUF, of an unknown version, truncated or inconsistent, or
            says what would end the process that loads it.
    """
    with _readable(path):
        if path.is_dir():
            raise ModelError(f"{path} is a folder", "name the .gguf file itself")
        contents = read_contents(path)
        name, count = part_name(path), contents.whole("split.count") or 1
        if count > 1 or (name and name.count > 1):
            raise ModelError(f"{path.name} is one part of a model split over several files", _ONE_FILE)
        return header_of(contents, path)


def read_model(path: Path) -> GgufModel:
    """Read and check a whole model: a file, any part of a split one, or a folder that holds one of these alone.

    Unlike `read_header` it looks at every token of the vocabulary, which takes some 200 ns each.

    Raises:
        NotFound: there is no such file, or it may not be read.
        ModelError: what `read_header` says; a part is missing, foreign, renamed or there twice (it is named); a token
            comes twice; the folder holds no model or several.
    """
    with _readable(path):
        parts, contents = _whole(path)
        header = header_of(contents, parts[0])
        return GgufModel(header, parts, read_vocabulary(parts[0], contents.text("tokenizer.ggml.model")).odd)


def read_tensors(path: Path) -> dict[str, TensorEntry]:
    """Give the tensors of a file, or of a whole split model (see `read_model`), by their names.

    Raises:
        NotFound, ModelError: as of `read_model`; what the metadata say is not looked at.
    """
    with _readable(path):
        return dict(_whole(path)[1].tensors)


def _whole(path: Path) -> tuple[tuple[Path, ...], GgufContents]:
    """Give the parts of a model and what they hold together."""
    parts = parts_of(first_in(path) if path.is_dir() else path)
    for part in parts:
        _refuse_no_file(part)
    return parts, merged(parts)


def _refuse_no_file(path: Path) -> None:
    """Refuse what is neither a file nor absent: opening a pipe would wait for whoever writes to it."""
    if path.exists() and not path.is_file():
        raise ModelError(f"{path} is no file", "name the .gguf file itself")


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say what the system says of a file that cannot be read."""
    try:
        if not path.is_dir():
            _refuse_no_file(path)
        yield
    except OSError as error:
        raise NotFound(f"cannot read the model file {path}: {error.strerror or error}", "check the path") from error
