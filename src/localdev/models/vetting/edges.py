"""Looks at what lies in a GGUF file outside of what its reader gives: behind its last tensor, and in its tokens."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from localdev.core.errors import ModelError, NotFound
from localdev.models.findings import Finding
from localdev.models.gguf import GgufModel
from localdev.models.gguf_bytes import GgufBytes
from localdev.models.gguf_contents import read_contents, read_counts, read_key
from localdev.models.gguf_tables import STRING, array_of
from localdev.models.vetting.containers import tar_names, zip_names

_STEP = 1 << 20
_MOST_FOUND = 4096
_UINT32, _INT32 = 4, 5
_STEERING = (3, 4)  # types of tokens: control, and those of the model's own
_ESCAPE = re.compile(rb"\x1b|\xc2[\x90\x98\x9b\x9d-\x9f]")  # ESC, and the one-byte forms of what it begins, in UTF-8
# Zero-width and direction characters, the byte order mark and tag letters, in UTF-8.
_HIDDEN = re.compile(rb"\xe2\x80[\x8b\xaa-\xae]|\xe2\x81[\xa0\xa6-\xa9]|\xef\xbb\xbf|\xf3\xa0[\x80\x81]")


def tail_findings(model: GgufModel) -> list[Finding]:
    """Say what follows the last tensor of each file of a model.

    Raises:
        NotFound: a file cannot be read any more.
    """
    found: list[Finding] = []
    for part in model.parts:
        which = f"{part.name}: " if len(model.parts) > 1 else ""
        with _readable(part), part.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if finding := _tail(file, size, _end_of_tensors(model, part)):
                found.append(replace(finding, message=which + finding.message))
    return found


def _end_of_tensors(model: GgufModel, part: Path) -> int:
    """Give the place behind the last tensor of a file, and the padding that belongs to it."""
    if len(model.parts) == 1:
        metadata, end = model.header.metadata, model.header.data_offset + model.header.tensor_bytes
    else:
        contents = read_contents(part)
        metadata, end = contents.metadata, contents.data_offset + contents.data_bytes
    alignment = metadata.get("general.alignment", 32)
    step = alignment if type(alignment) is int else 32
    return -(-end // step) * step


def _tail(file: BinaryIO, size: int, end: int) -> Finding | None:
    """Judge what an open file of `size` bytes holds behind `end`, and whether it is an archive as well.

    It is a zip archive by its end; of a tar archive the first header would lie in the metadata.
    """
    for kind, names in (("zip", zip_names(file, size)), ("tar", tar_names(file, size))):
        if names is not None:
            said = f"it is a {kind} archive as well ({len(names)} entries): another program would open that"
            return Finding("file-archive", "refuse", said)
    if size <= end:
        return None
    file.seek(end)
    surplus = f"{size - end} bytes follow its last tensor"
    if not any(file.read(_STEP)):
        return Finding("file-trailing", "note", f"{surplus}, zeros as far as looked at")
    return Finding("file-trailing", "warn", f"{surplus}; the engine does not read them, so what are they for?")


def token_findings(model: GgufModel) -> list[Finding]:
    """Count the tokens that a screen would not show as they are.

    Escape sequences are odd in any token. Invisible characters are part of ordinary texts, so they are counted only in
    tokens that steer the model, of which a reader of the template believes to see every letter.

    Raises:
        NotFound: the file cannot be read any more.
        ModelError: it was changed since it was read.
    """
    path = model.parts[0]
    with _readable(path), path.open("rb", buffering=0) as file:
        source = GgufBytes(file, os.fstat(file.fileno()).st_size, path)
        escapes, hidden = _count(source, path)
    counted = (
        (model.odd_tokens, "are not UTF-8"),
        (escapes, "hold terminal escape sequences"),
        (hidden, "steer the model and hold invisible characters"),
    )
    said = " and ".join(f"{count} of its tokens {what}" for count, what in counted if count)
    return [Finding("token-odd", "note", said)] if said else []


def _count(source: GgufBytes, path: Path) -> tuple[int, int]:
    """Give the numbers of tokens with escapes, and of control tokens with invisible characters."""
    escapes: list[int] = []
    hidden: list[int] = []
    kinds, looked = range(0), False
    for _ in range(read_counts(source, path)[2]):
        key = read_key(source)
        kind = source.kind(key)
        if key == "tokenizer.ggml.tokens" and kind == array_of(STRING):
            _look(source, key, escapes, hidden)
            looked = True
        elif key == "tokenizer.ggml.token_type" and kind in (array_of(_UINT32), array_of(_INT32)):
            start = source.position + 8
            source.value(kind, key)
            kinds = range(start, source.position, 4)
        else:
            source.value(kind, key)
        if looked and (kinds or not hidden):  # behind the tokens lie the merges, as long again
            break
    steering = [number for number in hidden if number < len(kinds) and _kind_at(source, kinds[number]) in _STEERING]
    return len(escapes), len(steering)


def _look(source: GgufBytes, key: str, escapes: list[int], hidden: list[int]) -> None:
    """Note the numbers of tokens with escapes and of those with invisible characters, of either at most some 6000."""
    number = 0
    for batch in source.strings(source.number("<Q", key), key):
        together = b"".join(batch)  # nearly always there is nothing, and one look at all says so
        for pattern, found in ((_ESCAPE, escapes), (_HIDDEN, hidden)):
            if len(found) < _MOST_FOUND and pattern.search(together):
                found += [at for at, token in enumerate(batch, number) if pattern.search(token)]
        number += len(batch)


def _kind_at(source: GgufBytes, place: int) -> int:
    """Give the type of a token."""
    source.seek(place)
    return source.number("<i", "the type of a token")


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say what the system says of a file that cannot be read."""
    try:
        yield
    except OSError as error:
        raise NotFound(f"cannot read the model file {path}: {error.strerror or error}", "check the path") from error
    except ModelError as error:  # it was sound a moment ago
        raise ModelError(f"{path} was changed while it was looked at", "wait until nothing writes it") from error
