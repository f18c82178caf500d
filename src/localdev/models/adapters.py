"""LoRA adapters in GGUF form: whether one is whole, and which models it fits.

An adapter holds for each matrix W of its base two thin ones, A and B, so that W + scale * B A is computed instead of W.
GGUF writes shapes with the length of a row first: for W of shape (in, out), A is (in, rank) and B (rank, out). Of the
token embeddings, of which one row is looked up, A is (rank, vocabulary) and B (rank, in): llama.cpp's converter writes
A turned, and `llama-adapter.cpp` checks it so.

Shapes cannot tell two models of one family and size apart; what an adapter says it was made for is a matter of names.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from localdev.core.errors import ModelError, StorageError
from localdev.core.files import write_atomic
from localdev.models.gguf import GgufHeader, read_header, read_tensors

_A, _B = ".lora_a", ".lora_b"
_EMBEDDINGS = "token_embd.weight"
_NORMS = "_norm.weight"  # llama.cpp passes over adapted norms
_ALPHA, _INVOCATION = "adapter.lora.alpha", "adapter.alora.invocation_tokens"
_VERSION = 1  # counts up when an adapter that did not fit might now, or the other way round
_HINT = "get the adapter again, or convert it anew with llama.cpp's convert_lora_to_gguf.py"

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """The two matrices for the tensor `name` of the base, by their shapes; `rank` is what they share."""

    name: str
    a: Shape
    b: Shape

    @property
    def flipped(self) -> bool:
        """Whether A is written turned, as for token embeddings."""
        return self.name.endswith(_EMBEDDINGS)

    @property
    def rank(self) -> int:
        """The length that both share, as A has it."""
        return self.a[0] if self.flipped else self.a[1]

    @property
    def base(self) -> tuple[int, int]:
        """The shape (in, out) of the tensor it is made for."""
        return (self.b[1], self.a[1]) if self.flipped else (self.a[0], self.b[1])

    @property
    def layers(self) -> Shape:
        """The lengths beyond the second: the experts of a mixture, else (1, 1)."""
        return self.a[2:]


@dataclass(frozen=True, slots=True)
class Lora:
    """An adapter: the architecture it is for, its alpha (0: none), and its pairs by the base's tensor."""

    architecture: str
    alpha: float
    pairs: Mapping[str, Pair]

    @property
    def ranks(self) -> tuple[int, ...]:
        """The ranks of its pairs, each once, ascending."""
        return tuple(sorted({pair.rank for pair in self.pairs.values()}))


@dataclass(frozen=True, slots=True)
class Base:
    """What an adapter is held against: a model's architecture and the shapes of its tensors."""

    architecture: str
    shapes: Mapping[str, Shape]


def read_base(architecture: str, path: Path) -> Base:
    """Read the shapes of a model's tensors, of a split one from its first part.

    Raises:
        NotFound, ModelError: what `read_tensors` says.
    """
    return Base(architecture, {name: _filled(entry.shape) for name, entry in read_tensors(path).items()})


def read_adapter(path: Path) -> Lora:
    """Read an adapter's header and the shapes of its tensors, and check that it is whole.

    Raises:
        NotFound: there is no such file.
        ModelError: it is no LoRA adapter, or one that llama.cpp would refuse or misread.
    """
    header = read_header(path)
    if header.kind == "model":
        raise ModelError(f"{path} is a model, not an adapter", "`localdev models add FILE.gguf` adds a model")
    if header.kind != "adapter":
        raise ModelError(f"{path} holds no adapter but: {header.kind}", _HINT)
    alpha = _checked_alpha(header, path)
    shapes = {name: _filled(entry.shape) for name, entry in read_tensors(path).items()}
    names = dict.fromkeys(_base_of(name, path) for name in shapes if not name.endswith(_NORMS))
    if not names:
        raise ModelError(f"the adapter {path} adapts nothing", _HINT)
    pairs = {name: _pair(name, shapes, path) for name in names}
    return Lora(header.architecture, alpha, pairs)


def _checked_alpha(header: GgufHeader, path: Path) -> float:
    """Check what the header says of the adapter and give its alpha."""
    found = header.metadata
    kind, alpha = found.get("adapter.type"), found.get(_ALPHA, 0.0)
    if kind != "lora":
        raise ModelError(f"{path} is an adapter of the type {kind!r}; lora alone is known", _HINT)
    if _INVOCATION in found:
        raise ModelError(f"the adapter {path} is to be switched on within a prompt, which is not built", _HINT)
    if not isinstance(alpha, float) or not math.isfinite(alpha):
        raise ModelError(f"the adapter {path} has the alpha {alpha!r}, which is no number to scale by", _HINT)
    return alpha


def _filled(shape: Shape) -> Shape:
    """Give a shape its four lengths; those that are not written are 1."""
    return tuple(shape) + (1,) * (4 - len(shape))


def _base_of(name: str, path: Path) -> str:
    """Give the tensor of the base that a tensor of the adapter is for."""
    for suffix in (_A, _B):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    raise ModelError(f"the adapter {path} has a tensor {name!r} that is no part of a LoRA", _HINT)


def _pair(name: str, shapes: Mapping[str, Shape], path: Path) -> Pair:
    """Give the pair for a tensor, whose two matrices must go together."""
    a, b = shapes.get(name + _A), shapes.get(name + _B)
    if a is None or b is None:
        raise ModelError(f"the adapter {path} lacks {name}{_A if a is None else _B}", _HINT)
    pair = Pair(name, a, b)
    if pair.rank != b[0] or a[2:] != b[2:]:
        raise ModelError(
            f"the adapter {path} has matrices for {name} that do not go together: {written(a)} and {written(b)}", _HINT
        )
    return pair


def misfit(lora: Lora, base: Base) -> str:
    """Say why an adapter cannot be used with a model, empty where it can."""
    if lora.architecture != base.architecture:
        return f"it is for models of the architecture {lora.architecture}, not {base.architecture}"
    for name, pair in lora.pairs.items():
        shape = base.shapes.get(name)
        if shape is None:
            return f"it adapts {name}, which the model does not have"
        if shape != (*pair.base, *pair.layers):
            return f"it is for {name} of shape {written((*pair.base, *pair.layers))}, the model's is {written(shape)}"
    return ""


def written(shape: Shape) -> str:
    """Write a shape as people do: 128 x 4, without the ones at its end."""
    lengths = list(shape)
    while len(lengths) > 2 and lengths[-1] == 1:
        lengths.pop()
    return " x ".join(map(str, lengths))


def sounds_alike(said: str, names: Sequence[str]) -> bool:
    """Guess whether what an adapter says it was made for (`Qwen/Qwen2.5-Coder-7B`, a URL) is called by one of `names`.

    Only letters and digits count, and one may be the beginning of the other: files are called by their type as well.
    """
    wanted = _plain(said.rstrip("/").rpartition("/")[2])
    return bool(wanted) and any(
        plain.startswith(wanted) or wanted.startswith(plain) for plain in map(_plain, names) if plain
    )


def _plain(text: str) -> str:
    """Keep the letters and digits of a name."""
    return "".join(letter for letter in text.lower() if letter.isalnum())


class Fits:
    """Remembers which stored adapter fits which stored model: by digests, so that no answer ever becomes wrong.

    ADAPTER.json below `folder` maps digests of models to the reason against, empty where it fits.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, adapter: str, model: str) -> str | None:
        """Give the reason against a pair by its digests, empty where it fits, None where nobody has looked yet."""
        return self._read(adapter).get(model)

    def note(self, adapter: str, model: str, reason: str) -> None:
        """Remember what was found; where the disk does not take it, it is found out again next time."""
        found = {**self._read(adapter), model: reason}
        entry = {"schema_version": _VERSION, "fits": dict(sorted(found.items()))}
        try:
            write_atomic(self._folder / f"{adapter}.json", (json.dumps(entry, indent=2) + "\n").encode())
        except StorageError:
            return

    def forget(self, adapter: str) -> None:
        """Remove what is remembered of an adapter."""
        try:
            (self._folder / f"{adapter}.json").unlink(missing_ok=True)
        except OSError:  # nobody asks for it any more
            return

    def _read(self, adapter: str) -> dict[str, str]:
        """Read what is known of an adapter; what cannot be read, or is of another version, counts as nothing."""
        try:
            entry = json.loads((self._folder / f"{adapter}.json").read_bytes())
        except (OSError, ValueError):
            return {}
        known = entry.get("fits") if isinstance(entry, dict) and entry.get("schema_version") == _VERSION else None
        if not isinstance(known, dict):
            return {}
        return {digest: reason for digest, reason in known.items() if isinstance(reason, str)}
