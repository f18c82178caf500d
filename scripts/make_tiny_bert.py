"""Make the tiny embedding model of the tests: as a sentence-transformers folder, and converted to GGUF.

    python -m scripts.make_tiny_bert --out tests/data/tiny-bert.gguf      # needs `pip install gguf numpy`

The weights are drawn from a seed, not learnt: with random directions for words, texts that share words are near each
other, which is all the tests ask. Beside the GGUF file a `*-reference.json` is written with vectors that this script
computes from the weights by the plain formulas of BERT in float64; the tests compare what the engines compute with
those. `make_folder` needs numpy alone, so that the tests can make the same folder again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import string
import tempfile
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

WIDTH, HEADS, LAYERS, HIDDEN, WINDOW, SEED = 32, 2, 2, 64, 48, 7
EPSILON = 1e-12
SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = """
add all and append args array as async attribute await base block body bool buffer build by byte cache call cart case
check class clear client close code config connect copy count create customer data date def default delete dict
discount do else empty end error event except exit false field file find for format from function get gold handle hash
header help if import in index init input insert int is item join json key kind len line list load lock log loop make
map match max message method min mode model name new next none not number object of open option or order out output
parse pass path pay percent point price print process query raise range read remove request response result return run
save search select self send server set shop show size sort source start state store str stream string table test text
the thread time to token total true try type update url use user value version wait when while with word write
"""
SAMPLES = (
    "def add(price, discount): return price",
    "The discount of a gold customer is ten percent.",
    "",
    "Grüße, 世界 — naïve café 🙂",
    "import os; os.path.join('a', 'b')",
    "open the file and read all lines of text " * 20,
)

Floats = npt.NDArray[np.float32]


class Draw(Protocol):
    """Draws a tensor."""

    def __call__(self, *shape: int, scale: float) -> Floats:
        """Give normal numbers of `shape`, times `scale`."""


def vocabulary() -> list[str]:
    """Give the pieces: marks, single characters alone and within a word, and common words."""
    signs = string.ascii_lowercase + string.digits
    return [
        *SPECIALS,
        *string.punctuation,
        *signs,
        *(f"##{sign}" for sign in signs),
        *sorted(set(WORDS.split()) - set(signs)),
    ]


def weights() -> dict[str, Floats]:
    """Draw every tensor, under the names of a BERT checkpoint."""
    rng = np.random.default_rng(SEED)

    def draw(*shape: int, scale: float) -> Floats:
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": draw(len(vocabulary()), WIDTH, scale=1.0),
        "embeddings.position_embeddings.weight": draw(WINDOW, WIDTH, scale=0.05),
        "embeddings.token_type_embeddings.weight": draw(2, WIDTH, scale=0.05),
        **_norm("embeddings.LayerNorm", draw),
    }
    shapes = {
        "attention.self.query": (WIDTH, WIDTH),
        "attention.self.key": (WIDTH, WIDTH),
        "attention.self.value": (WIDTH, WIDTH),
        "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (HIDDEN, WIDTH),
        "output.dense": (WIDTH, HIDDEN),
    }
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        for name, shape in shapes.items():
            tensors[f"{layer}.{name}.weight"] = draw(*shape, scale=0.1)
            tensors[f"{layer}.{name}.bias"] = draw(shape[0], scale=0.02)
        tensors |= _norm(f"{layer}.attention.output.LayerNorm", draw) | _norm(f"{layer}.output.LayerNorm", draw)
    return tensors


def _norm(name: str, draw: Draw) -> dict[str, Floats]:
    """Draw a layer norm near the identity."""
    return {f"{name}.weight": 1 + draw(WIDTH, scale=0.05), f"{name}.bias": draw(WIDTH, scale=0.05)}


def make_folder(folder: Path) -> Path:
    """Write the model as sentence-transformers reads it; give the folder back."""
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary()) + "\n", encoding="utf-8")
    written = {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": WIDTH,
            "intermediate_size": HIDDEN,
            "layer_norm_eps": EPSILON,
            "max_position_embeddings": WINDOW,
            "num_attention_heads": HEADS,
            "num_hidden_layers": LAYERS,
            "pad_token_id": 0,
            "type_vocab_size": 2,
            "vocab_size": len(vocabulary()),
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ],
        "sentence_bert_config.json": {"max_seq_length": WINDOW, "do_lower_case": False},
        "tokenizer_config.json": {
            "tokenizer_class": "BertTokenizer",
            "do_lower_case": True,
            "model_max_length": WINDOW,
        },
        "1_Pooling/config.json": {"word_embedding_dimension": WIDTH, "pooling_mode_mean_tokens": True},
    }
    for name, value in written.items():
        (folder / name).write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(_safetensors(weights()))
    return folder


def _safetensors(tensors: dict[str, Floats]) -> bytes:
    """Encode tensors: the length of a JSON table, the table, the data."""
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor in tensors.items():
        table[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + tensor.nbytes]}
        end += tensor.nbytes
    head = json.dumps(table).encode()
    head += b" " * (-len(head) % 8)
    return (
        len(head).to_bytes(8, "little") + head + b"".join(tensor.astype("<f4").tobytes() for tensor in tensors.values())
    )


def reference(ids: list[int]) -> npt.NDArray[np.float64]:
    """Compute the unit vector of a text's tokens by BERT's formulas, in float64."""
    w = {name: tensor.astype(np.float64) for name, tensor in weights().items()}
    erf = np.vectorize(math.erf)

    def norm(x: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.float64]:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + EPSILON)
        result: npt.NDArray[np.float64] = scaled * w[f"{name}.weight"] + w[f"{name}.bias"]
        return result

    def linear(x: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.float64]:
        result: npt.NDArray[np.float64] = x @ w[f"{name}.weight"].T + w[f"{name}.bias"]
        return result

    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        query, key, value = (
            linear(x, f"{layer}.attention.self.{part}").reshape(len(ids), HEADS, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(WIDTH // HEADS)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (shares / shares.sum(axis=-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(len(ids), WIDTH)
        x = norm(x + linear(mixed, f"{layer}.attention.output.dense"), f"{layer}.attention.output.LayerNorm")
        inner = linear(x, f"{layer}.intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = norm(x + linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    pooled = x.mean(axis=0)
    unit: npt.NDArray[np.float64] = pooled / np.linalg.norm(pooled)
    return unit


def token_ids(texts: tuple[str, ...]) -> list[list[int]]:
    """Cut texts into pieces with the reference tokenizer, marks included, to the window's end."""
    from tokenizers import BertWordPieceTokenizer

    tokenizer = BertWordPieceTokenizer({token: row for row, token in enumerate(vocabulary())}, lowercase=True)
    tokenizer.enable_truncation(WINDOW)
    return [list(tokenizer.encode(text).ids) for text in texts]


def main() -> None:
    """Make folder, GGUF file and reference."""
    from scripts.convert_bert_gguf import read_folder, write_gguf

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as scratch:
        write_gguf(read_folder(make_folder(Path(scratch) / "tiny-bert")), out, half=False)
    rows = [
        {"text": text, "ids": ids, "vector": [round(float(value), 6) for value in reference(ids)]}
        for text, ids in zip(SAMPLES, token_ids(SAMPLES), strict=True)
    ]
    out.with_name(f"{out.stem}-reference.json").write_text(json.dumps(rows) + "\n", encoding="utf-8")
    size = sum(tensor.size for tensor in weights().values())
    print(f"{size} parameters, {len(vocabulary())} pieces, {out.stat().st_size} bytes")
    print(f"sha256 {hashlib.sha256(out.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
