"""Looks at the tokens of a vocabulary one by one, which `read_header` leaves out for speed."""

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from localdev.models.gguf_bytes import GgufBytes
from localdev.models.gguf_contents import read_counts, read_key
from localdev.models.gguf_tables import INT32, STRING, array_of

_TOKENS = "tokenizer.ggml.tokens"
_MOST_TOKENS = 1 << 20  # the largest vocabularies known have 262,144
_MEMORY_OF_A_DIGEST = 160  # bytes one takes in a set while that grows, with room to spare
_LEAST_MEMORY = 1 << 20
_BYTES = frozenset(b"<0x%02X>" % byte for byte in range(256))
_BYTE, _BLOCK = 6, 4096  # the type of tokens that stand for a byte; types looked at together
_WITHOUT_BYTES = "bert"  # the tokenizer that aborts on such tokens
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

    Raises:
        OSError: the file cannot be read.
        ModelError: a token comes twice, one of the single bytes is missing, or there is one where there should be none:
            each of these ends llama.cpp's process.
    """
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        source = GgufBytes(file, size, path)
        count = _find(source, path)
        if count > _MOST_TOKENS:
            raise source.fault(f"its vocabulary has {count} tokens, at most {_MOST_TOKENS} are allowed")
        digests, odd, number = array("q", [0]) * count, 0, 0
        missing = set(_BYTES) if count and model == _SPELLED_OUT else set()
        for batch in source.strings(count, "the vocabulary"):
            tokens = _as_the_engine_sees(batch, number)
            digests[number : number + len(tokens)] = array("q", map(hash, tokens))
            if missing:
                missing.difference_update(tokens)
            odd += _odd(tokens)
            number += len(tokens)
        if model == _WITHOUT_BYTES and _has_bytes(source, path):
            raise source.fault("a token is marked as a byte, of which its tokenizer knows none")
        if _twice(digests, size):
            raise source.fault("a token comes twice in its vocabulary")
        if missing:
            raise source.fault(f"its vocabulary lacks the token {min(missing).decode()} ({len(missing)} such in all)")
    return Vocabulary(count, odd)


def _twice(digests: array[int], size: int) -> bool:
    """Say whether a number comes twice, in memory for as many bytes as the file has, or 1 MiB where that is more.

    Of a large vocabulary in a small file a share of the numbers is looked at after the other.
    """
    shares = -(-len(digests) * _MEMORY_OF_A_DIGEST // max(size, _LEAST_MEMORY))
    if shares == 1:
        return len(set(digests)) < len(digests)
    for share in range(shares):
        part = [digest for digest in digests if digest % shares == share]
        if len(set(part)) < len(part):
            return True
    return False


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


def _find(source: GgufBytes, path: Path, wanted: str = _TOKENS, item: int = STRING) -> int:
    """Move to the first item of an array and give their number, 0 when there are none."""
    source.seek(0)
    for _ in range(read_counts(source, path)[2]):
        key = read_key(source)
        kind = source.kind(key)
        if key == wanted and kind == array_of(item):
            return source.number("<Q", key)
        source.value(kind, key)
    return 0


def _has_bytes(source: GgufBytes, path: Path) -> bool:
    """Say whether a token is marked as standing for a single byte."""
    left = _find(source, path, "tokenizer.ggml.token_type", INT32)
    while left:
        part = min(left, _BLOCK)
        if _BYTE in struct.unpack(f"<{part}i", source.take(part * 4, "the types of tokens")):
            return True
        left -= part
    return False


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
