"""Hostile safetensors files, and hostile folders of sentence-transformers models."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.hostile.cases import Case, Content, single
from scripts.hostile.foreign import touching

_POOLING = "sentence_transformers.models.Pooling"
_ENTRY: dict[str, Any] = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def safetensors(header: Mapping[str, Any] | bytes, data: bytes = bytes(8), length: int | None = None) -> bytes:
    """Encode a file; `length` overrides what it claims of its header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def good_folder() -> dict[str, Content]:
    """Give the files of a folder that must not be refused."""
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    return {
        "modules.json": json.dumps(modules).encode(),
        "config.json": b'{"model_type": "bert"}',
        "1_Pooling/config.json": b'{"word_embedding_dimension": 2, "pooling_mode_mean_tokens": true}',
        "model.safetensors": safetensors({"a": _ENTRY}),
        "README.md": b"words",
    }


def hostile_safetensors() -> Iterator[Case]:
    """Give files whose headers lie."""
    for name, data, reason in _headers():
        yield single(f"{name}.safetensors", data, reason, "format-safetensors")


def _headers() -> Iterator[tuple[str, bytes, str]]:
    """Give (name, bytes, part of the reason)."""
    second = {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}
    yield "truncated", safetensors({"a": _ENTRY}, bytes(7)), "truncated: its tensors need 8 bytes"
    yield "longer", safetensors({"a": _ENTRY}, bytes(9)), "1 bytes follow its last tensor"
    yield "appended-pickle", safetensors({"a": _ENTRY}, bytes(8) + b"\x80\x04."), "3 bytes follow"
    yield "header-beyond-file", safetensors(b'{"a":{}}', b"", 60_000), "truncated: its header claims"
    yield "name-twice", safetensors(b'{"a":%s,"a":%s}' % ((json.dumps(_ENTRY).encode(),) * 2)), "twice"
    yield "overlap", safetensors({"a": _ENTRY, "b": {**_ENTRY, "data_offsets": [4, 12]}}, bytes(12)), "an overlap"
    yield "same-place", safetensors({"a": _ENTRY, "b": _ENTRY}), "an overlap"
    yield "hole", safetensors({"b": second}, bytes(16)), "a hole"
    yield "negative-place", safetensors({"a": {**_ENTRY, "data_offsets": [-8, 0]}}), "no usable place"
    yield "backward", safetensors({"a": {**_ENTRY, "data_offsets": [8, 0]}}), "takes -8 bytes"
    yield "wrong-size", safetensors({"a": {**_ENTRY, "shape": [3]}}), "need 12"
    yield "overflowing-shape", safetensors({"a": {**_ENTRY, "shape": [2**62, 4]}}), "impossible shape"
    yield "overflowing-to-nothing", safetensors({"a": {**_ENTRY, "shape": [2**63, 2]}}), "no usable shape"
    yield "shape-of-truth", safetensors({"a": {**_ENTRY, "shape": [True, 2]}}), "no usable shape"
    yield "shape-of-fractions", safetensors({"a": {**_ENTRY, "shape": [2.0]}}), "no usable shape"
    yield "unknown-type", safetensors({"a": {**_ENTRY, "dtype": "OBJECT"}}), "unknown type"
    yield "unknown-entry", safetensors({"a": {**_ENTRY, "code": "x"}}), "not exactly dtype, shape"
    yield "metadata-nested", safetensors({"a": _ENTRY, "__metadata__": {"x": {}}}), "something else than texts"
    yield "huge-number", safetensors(b'{"a":%s}' % (b"9" * 20_000)), "not JSON"
    yield "deep", safetensors(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "not JSON"
    yield "many-lists", safetensors(b'{"a":[%s0]}' % (b"[]," * (2 << 20))), "lists more than the tensors of any model"
    yield "not-utf8", safetensors(b'{"\xff":1}'), "not JSON"


def hostile_embedders(marker: Path) -> Iterator[Case]:
    """Give folders of embedders that hold what must not be run."""
    code = touching(marker, 2)
    for name, change, reason, rule in (
        ("pickle-beside", {"pytorch_model.bin": code}, "pytorch_model.bin is a pickle", "folder-pickle"),
        ("pickle-below", {"2_Dense/pytorch_model.bin": code}, "2_Dense/pytorch_model.bin", "folder-pickle"),
        ("pickle-as-weights", {"model.safetensors": code}, "model.safetensors is a pickle", "folder-pickle"),
        ("pickle-hidden", {".cache/x": code}, ".cache/x is a pickle", "folder-pickle"),
        ("code", {"config.json": b'{"auto_map": {"AutoModel": "evil.Model"}}'}, "code of its own", "folder-code"),
        ("code-behind-depth", {"config.json": _deep(900)}, "code of its own", "folder-code"),
        ("code-too-deep", {"config.json": _deep(200_000)}, "nested more deeply", "folder-large"),
        ("tokenizer-code", {"tokenizer_config.json": b'{"auto_map": {}}'}, "code of its own", "folder-code"),
        ("pickle-behind-text", {"2_Dense/pytorch_model.bin": _behind_text(marker)}, "as pickles", "folder-pickle"),
        ("pickle-packed", {"2_Dense/pytorch_model.bin": zlib.compress(code)}, "as pickles", "folder-pickle"),
        ("part-of-its-own", {"modules.json": _parts("evil.Evil", "")}, "names the code 'evil.Evil'", "folder-code"),
        (
            "part-below-of-its-own",  # a part may be a whole model again
            {
                "modules.json": _parts("sentence_transformers.SentenceTransformer", "inner"),
                "inner/modules.json": _parts("evil.Evil", ""),
            },
            "inner/modules.json names the code 'evil.Evil'",
            "folder-code",
        ),
        ("part-module", {"modules.json": _parts("sentence_transformers.util.torch", "x")}, "util.torch", "folder-code"),
        ("part-outside", {"modules.json": _parts(_POOLING, "../../x")}, "names '../../x'", "folder-outside"),
        ("part-absolute", {"modules.json": _parts(_POOLING, "C:\\x")}, "outside of the folder", "folder-outside"),
        ("router-code", {"router_config.json": _routes("os.system", "a")}, "the code 'os.system'", "folder-code"),
        ("router-outside", {"router_config.json": _routes(_POOLING, "../x")}, "names '../x'", "folder-outside"),
        (
            "activation",
            {"2_Dense/config.json": b'{"activation_function": "antigravity.X"}'},
            "the code 'antigravity.X'",
            "folder-code",
        ),
        ("adapter", {"adapter_config.json": b"{}"}, "whose weights lie elsewhere", "folder-outside"),
        (
            "tokenizer-elsewhere",
            {"sentence_bert_config.json": b'{"tokenizer_name_or_path": "/tmp/x"}'},
            "names '/tmp/x'",
            "folder-outside",
        ),
        ("pipe", {"config.json": None}, "config.json is no file", "format-no-file"),
        ("endless", {"tokenizer_config.json": "/dev/zero"}, "tokenizer_config.json is no file", "format-no-file"),
        (
            "trusting",
            {"sentence_bert_config.json": b'{"model_args": {"trust_remote_code": true}}'},
            "code of its own",
            "folder-code",
        ),
        ("pointer", {"model.safetensors": b"version https://git-lfs.github.com/spec/v1\n"}, "LFS", "format-pointer"),
        ("damaged", {"model.safetensors": safetensors({"a": _ENTRY}, b"")}, "truncated", "safetensors-structure"),
    ):
        files: dict[str, Content] = {**good_folder(), **change}
        yield Case(f"embedder-{name}", files, reason, rule, "embedder")
    without = {path: data for path, data in good_folder().items() if not path.endswith(".safetensors")}
    yield Case("embedder-without-weights", without, "no weights in safetensors form", "folder-weights", "embedder")


def _deep(depth: int) -> bytes:
    """Give settings that name code of their own behind lists in lists."""
    return b'{"a": %s1%s, "auto_map": {}}' % (b"[" * depth, b"]" * depth)


def _parts(kind: str, place: str) -> bytes:
    """Give an index of one part."""
    return json.dumps([{"idx": 0, "name": "0", "path": place, "type": kind}]).encode()


def _routes(kind: str, place: str) -> bytes:
    """Give the settings of a part that chooses among others."""
    return json.dumps({"types": {place: kind}, "structure": {"query": [place]}, "parameters": {}}).encode()


def _behind_text(marker: Path) -> bytes:
    """Make a pickle that begins with a text longer than what is looked at, so that its content does not show it."""
    return b"T" + struct.pack("<I", 200_000) + b"A" * 200_000 + b"0" + touching(marker, 0)
