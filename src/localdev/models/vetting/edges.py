"""Looks at what lies in a GGUF file outside of what engines read: behind its last tensor, and in its tokens."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from localdev.core.errors import NotFound
from localdev.models.findings import Finding
from localdev.models.gguf import GgufHeader
from localdev.models.gguf_tables import ARRAY, SCALARS, STRING
from localdev.models.vetting.containers import zip_names

_LONGEST_HEADER = 64 << 20  # bytes; the largest vocabularies known take below 20 MiB
_STEP = 1 << 20
_CONTROL, _OWN = 3, 4  # types of tokens that stand for themselves in a text
_ESCAPE = b"\x1b"
# Zero-width and direction characters, the byte order mark and tag letters, in UTF-8.
_HIDDEN = re.compile(rb"\xe2\x80[\x8b\xaa-\xae]|\xe2\x81[\xa0\xa6-\xa9]|\xef\xbb\xbf|\xf3\xa0[\x80\x81]")


def tail_findings(path: Path, header: GgufHeader) -> list[Finding]:
    """Say what follows the last tensor of the single file `path`.

    Raises:
        NotFound: it cannot be read any more.
    """
    alignment = header.metadata.get("general.alignment", 32)
    step = alignment if type(alignment) is int else 32
    end = -(-(header.data_offset + header.tensor_bytes) // step) * step
    try:
        with path.open("rb") as file:
            names = zip_names(file, header.file_size)
            if names is not None:
                said = f"it is a zip archive as well ({len(names)} entries): another program would open that"
                return [Finding("file-zip", "refuse", said)]
            if header.file_size <= end:
                return []
            zeros = _only_zeros(file, end)
    except OSError as error:
        raise NotFound(f"cannot read the model file {path}: {error.strerror or error}", "check the path") from error
    surplus = f"{header.file_size - end} bytes follow its last tensor"
    if zeros:
        return [Finding("file-trailing", "note", f"{surplus}, zeros as far as looked at")]
    return [Finding("file-trailing", "warn", f"{surplus}; the engine does not read them, so what are they for?")]


def _only_zeros(file: BinaryIO, at: int) -> bool:
    """Say whether the next mebibyte holds zeros alone."""
    file.seek(at)
    return not any(file.read(_STEP))


def token_findings(path: Path, header: GgufHeader) -> list[Finding]:
    """Count the tokens that a screen would not show as they are.

    Escape sequences are odd in any token. Invisible characters are part of ordinary texts, so they are counted only in
    tokens that steer the model, of which a reader of the template believes to see every letter.

    Raises:
        NotFound: it cannot be read any more.
    """
    if header.data_offset > _LONGEST_HEADER:
        return [Finding("token-odd", "note", "its metadata is too long for its tokens to be looked at")]
    try:
        with path.open("rb") as file:
            start = file.read(header.data_offset)
    except OSError as error:
        raise NotFound(f"cannot read the model file {path}: {error.strerror or error}", "check the path") from error
    try:
        tokens, kinds = _tokens(start)
    except (struct.error, KeyError):  # its header was sound a moment ago
        return [Finding("file-changed", "refuse", "it was changed while it was looked at")]
    escapes = sum(_ESCAPE in token for token in tokens)
    hidden = sum(
        1 for token, kind in zip(tokens, kinds, strict=False) if kind in (_CONTROL, _OWN) and _HIDDEN.search(token)
    )
    said = []
    if escapes:
        said.append(f"{escapes} of its tokens hold terminal escape sequences")
    if hidden:
        said.append(f"{hidden} of its control tokens hold invisible characters")
    return [Finding("token-odd", "note", " and ".join(said))] if said else []


def _tokens(start: bytes) -> tuple[list[bytes], tuple[int, ...]]:
    """Give the tokens and their types, as far as the header has them."""
    tokens: list[bytes] = []
    kinds: tuple[int, ...] = ()
    for key, kind, count, at in _arrays(start):
        if key == b"tokenizer.ggml.tokens" and kind == STRING:
            tokens = list(_strings(start, at, count))
        elif key == b"tokenizer.ggml.token_type" and kind in (4, 5):
            kinds = struct.unpack_from(f"<{count}i", start, at)
        if tokens and kinds:  # what follows, the merges, is as long again
            break
    return tokens, kinds


def _arrays(start: bytes) -> Iterator[tuple[bytes, int, int, int]]:
    """Give (key, type of the items, how many, place of the first) of the arrays in a header that was checked before."""
    pairs, at = struct.unpack_from("<Q", start, 16)[0], 24
    for _ in range(pairs):
        length = struct.unpack_from("<Q", start, at)[0]
        key = start[at + 8 : at + 8 + length]
        at += 8 + length
        kind = struct.unpack_from("<I", start, at)[0]
        at += 4
        if kind == ARRAY:
            inner, count = struct.unpack_from("<IQ", start, at)
            at += 12
            yield key, inner, count, at
            at = _behind(start, at, inner, count=count)
        else:
            at = _behind(start, at, kind, count=1)


def _behind(start: bytes, at: int, kind: int, *, count: int) -> int:
    """Give the place behind `count` values of one type."""
    if kind != STRING:
        return at + count * struct.calcsize(SCALARS[kind])
    length_at = struct.Struct("<Q").unpack_from
    for _ in range(count):
        at += 8 + length_at(start, at)[0]
    return at


def _strings(start: bytes, at: int, count: int) -> Iterator[bytes]:
    """Give `count` strings."""
    length_at = struct.Struct("<Q").unpack_from
    for _ in range(count):
        length = length_at(start, at)[0]
        yield start[at + 8 : at + 8 + length]
        at += 8 + length
