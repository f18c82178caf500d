"""Looks at the tokens of a vocabulary one by one, which `read_header` leaves out for speed."""

from __future__ import annotations

import os
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from localdev.models.gguf_bytes import GgufBytes
from localdev.models.gguf_contents import read_counts, read_key
from localdev.models.gguf_tables import STRING, array_of

_TOKENS = "tokenizer.ggml.tokens"
_MEMORY_OF_A_TOKEN = 150  # bytes a token takes in a set while it grows, measured
_LEAST_MEMORY = 1 << 20
_BYTES = {b"<0x%02X>" % byte for byte in range(256)}
_SPELLED_OUT = "llama"  # the tokenizer that spells what it has no token for in bytes, and aborts without them


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How many tokens there are, and how many of them (`odd`) are not UTF-8 by themselves.

    Some real vocabularies have such tokens, and llama.cpp takes tokens as bytes; so they are counted, not refused.
    """

    tokens: int = 0
    odd: int = 0


def read_vocabulary(path: Path, model: str) -> Vocabulary:
    """Count the tokens of a file that `read_contents` has passed; `model` is the kind of its tokenizer.

    Allocates at most as much as the file is large, or 1 MiB where that is more: a large vocabulary in a small file is
    gone through several times, for a share of its tokens each.

    Raises:
        OSError: the file cannot be read.
        ModelError: a token comes twice or one of the single bytes is missing, both of which end llama.cpp's process.
    """
    with path.open("rb", buffering=0) as file:
        source = GgufBytes(file, os.fstat(file.fileno()).st_size, path)
        count = _find(source, path)
        if not count:
            return Vocabulary()
        start, size = source.position, source.position + source.left()
        shares = -(-count * _MEMORY_OF_A_TOKEN // max(size, _LEAST_MEMORY))
        odd = 0
        for share in range(shares):
            source.seek(start)
            odd += _look(source, count, (share, shares), model)
    return Vocabulary(count, odd)


def read_tokens(path: Path, ids: Set[int]) -> dict[int, str]:
    """Give the texts of the tokens with these ids, as far as a file that `read_contents` has passed has them.

    Raises:
        OSError: the file cannot be read.
        ModelError: it was changed since.
    """
    with path.open("rb", buffering=0) as file:
        source = GgufBytes(file, os.fstat(file.fileno()).st_size, path)
        count = min(_find(source, path), max(ids, default=-1) + 1)
        found: dict[int, str] = {}
        number = 0
        for batch in source.strings(count, "the vocabulary"):
            here = [id_ for id_ in ids if number <= id_ < number + len(batch)]
            found.update((id_, batch[id_ - number].decode(errors="replace")) for id_ in here)
            number += len(batch)
    return found


def _find(source: GgufBytes, path: Path) -> int:
    """Move to the first token and give their number, 0 when there are none."""
    for _ in range(read_counts(source, path)[2]):
        key = read_key(source)
        kind = source.kind(key)
        if key == _TOKENS and kind == array_of(STRING):
            return source.number("<Q", key)
        source.value(kind, key)
    return 0


def _look(source: GgufBytes, count: int, share: tuple[int, int], model: str) -> int:
    """Go through the tokens that belong to this share and give how many of them are odd."""
    turn, shares = share
    seen: set[bytes] = set()
    odd = number = 0
    for batch in source.strings(count, "the vocabulary"):
        tokens = _as_the_engine_sees(batch, number)
        number += len(batch)
        if shares > 1:
            tokens = [token for token in tokens if hash(token) % shares == turn]
        expected = len(seen) + len(tokens)
        seen.update(tokens)
        if len(seen) < expected:
            raise source.fault(f"one of the tokens up to number {number} of its vocabulary comes twice")
        odd += _odd(tokens)
    if model == _SPELLED_OUT:
        missing = sorted(byte for byte in _BYTES if hash(byte) % shares == turn and byte not in seen)
        if missing:
            raise source.fault(f"its vocabulary lacks the token {missing[0].decode()} ({len(missing)} such in all)")
    return odd


def _as_the_engine_sees(tokens: list[bytes], number: int) -> list[bytes]:
    """Give the tokens as llama.cpp reads them: up to a zero byte, and empty ones by their number."""
    if b"" not in tokens and b"\0" not in b"".join(tokens):
        return tokens
    return [token.partition(b"\0")[0] or b"[EMPTY_%d]" % at for at, token in enumerate(tokens, number)]


def _odd(tokens: list[bytes]) -> int:
    """Count the tokens that are not UTF-8, all at once where there are none."""
    try:
        b"\n".join(tokens).decode()
    except UnicodeDecodeError:
        return sum(not _is_text(token) for token in tokens)
    return 0


def _is_text(token: bytes) -> bool:
    """Say whether a token is UTF-8."""
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True
