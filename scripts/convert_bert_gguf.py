"""Convert a BERT model in a sentence-transformers folder to GGUF, for `search.embedder = "gguf:FILE"`.

    python -m scripts.convert_bert_gguf FOLDER OUT.gguf [--type f32|f16]

Needs `pip install gguf numpy`. The folder holds `config.json` (model type `bert`), `vocab.txt`, `model.safetensors` and
what sentence-transformers keeps of itself: how tokens are pooled and how many of a text are read. The tables of
positions are cut to that number, so that the engine reads exactly as much of a text as sentence-transformers does.
Matrices of the layers are written as float16 unless f32 is asked for; everything else stays float32.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gguf import GGUFWriter, LlamaFileType, PoolingType, TokenType

# BERT's names within a layer -> GGUF's.
LAYER_PARTS = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
EMBEDDING_PARTS = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm.weight": "token_embd_norm.weight",
    "embeddings.LayerNorm.bias": "token_embd_norm.bias",
}
_SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_SAFETENSORS_TYPES = {"F32": "<f4", "F16": "<f2"}
_WORD_START = "\u2581"  # the engine marks pieces that begin a word, BERT those that do not (with ##)

Tensors = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Folder:
    """What was read of a sentence-transformers folder; `window` is how many tokens of a text are read."""

    name: str
    config: dict[str, Any]
    vocabulary: list[str]
    tensors: Tensors
    pooling: PoolingType
    window: int


def read_folder(folder: Path) -> Folder:
    """Read and check a folder; ends the program for a model that would not be converted truly."""
    config = _json(folder / "config.json")
    wanted = {"model_type": "bert", "hidden_act": "gelu"}
    for key, value in wanted.items():
        if config.get(key) != value:
            raise SystemExit(f"{folder}/config.json: {key} is {config.get(key)!r}; only {value!r} is converted")
    window = config["max_position_embeddings"]
    if (own := folder / "sentence_bert_config.json").exists():
        window = min(window, _json(own).get("max_seq_length") or window)
    return Folder(
        name=folder.resolve().name,
        config=config,
        vocabulary=(folder / "vocab.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n"),
        tensors=read_safetensors(folder / "model.safetensors"),
        pooling=_pooling(folder),
        window=window,
    )


def _pooling(folder: Path) -> PoolingType:
    """Read how the vectors of the tokens become one."""
    path = folder / "1_Pooling" / "config.json"
    if not path.exists():
        return PoolingType.MEAN
    said = _json(path)
    modes = {key for key, value in said.items() if key.startswith("pooling_mode_") and value is True}
    known = {"pooling_mode_mean_tokens": PoolingType.MEAN, "pooling_mode_cls_token": PoolingType.CLS}
    if len(modes) != 1 or not modes <= set(known):
        raise SystemExit(f"{path}: {sorted(modes)} cannot be converted")
    return known[modes.pop()]


def read_safetensors(path: Path) -> Tensors:
    """Read all tensors of a safetensors file: a length, a JSON table of places, and the data."""
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    table = json.loads(raw[8:start])
    tensors: Tensors = {}
    for name, entry in table.items():
        if name == "__metadata__" or entry["dtype"] not in _SAFETENSORS_TYPES:
            continue  # the numbers 0, 1, 2, ... of positions are kept as int64; nobody needs them
        begin, end = entry["data_offsets"]
        flat = np.frombuffer(raw[start + begin : start + end], dtype=np.dtype(_SAFETENSORS_TYPES[entry["dtype"]]))
        tensors[name.removeprefix("bert.")] = flat.reshape(entry["shape"])
    return tensors


def write_gguf(source: Folder, out: Path, *, half: bool) -> None:
    """Write a folder's model as one GGUF file."""
    config = source.config
    writer = GGUFWriter(out, "bert")
    writer.add_type("model")
    writer.add_name(source.name)
    writer.add_file_type(LlamaFileType.MOSTLY_F16 if half else LlamaFileType.ALL_F32)
    writer.add_context_length(source.window)
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(source.pooling)
    _write_vocabulary(writer, source)
    for name, tensor in named_tensors(source):
        matrix = half and tensor.ndim == 2 and name.startswith("blk.")
        writer.add_tensor(name, np.ascontiguousarray(tensor.astype(np.float16 if matrix else np.float32)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_vocabulary(writer: GGUFWriter, source: Folder) -> None:
    """Add the pieces as the engine wants them, their types and the special ids."""
    types = {"[UNK]": TokenType.UNKNOWN} | dict.fromkeys(("[PAD]", "[CLS]", "[SEP]", "[MASK]"), TokenType.CONTROL)
    ids = {token: source.vocabulary.index(token) for token in _SPECIALS}
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([_piece(token) for token in source.vocabulary])
    writer.add_token_types([types.get(token, TokenType.NORMAL) for token in source.vocabulary])
    writer.add_token_type_count(source.config["type_vocab_size"])
    writer.add_pad_token_id(ids["[PAD]"])
    writer.add_unk_token_id(ids["[UNK]"])
    writer.add_bos_token_id(ids["[CLS]"])
    writer.add_sep_token_id(ids["[SEP]"])
    writer.add_mask_token_id(ids["[MASK]"])


def _piece(token: str) -> str:
    """Write one piece of the vocabulary the engine's way."""
    if token.startswith("[") and token.endswith("]"):
        return token
    return token[2:] if token.startswith("##") else _WORD_START + token


def named_tensors(source: Folder) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    """Give (GGUF name, weights) of everything the engine needs."""
    for theirs, ours in EMBEDDING_PARTS.items():
        tensor = source.tensors[theirs]
        yield ours, tensor[: source.window] if ours == "position_embd.weight" else tensor
    for number in range(source.config["num_hidden_layers"]):
        for theirs, ours in LAYER_PARTS.items():
            for kind in ("weight", "bias"):
                yield f"blk.{number}.{ours}.{kind}", source.tensors[f"encoder.layer.{number}.{theirs}.{kind}"]


def _json(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def main() -> None:
    """Convert."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--type", choices=("f32", "f16"), default="f16")
    options = parser.parse_args()
    write_gguf(read_folder(options.folder), options.out, half=options.type == "f16")
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
