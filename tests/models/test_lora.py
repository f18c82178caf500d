"""LoRA adapters: which are whole, which models they fit, and what is remembered of that."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from localdev.core.errors import ModelError, NotFound
from localdev.models.adapters import Base, Fits, misfit, read_adapter, read_base, sounds_alike, written
from tests.backends.lora import RANK, WIDTH, write_adapter
from tests.models.conftest import TINY, Pair, gguf, pair, tensor

HEAD = [pair("general.architecture", "llama"), pair("general.type", "adapter")]
LORA = [*HEAD, pair("adapter.type", "lora")]
TENSORS = {"blk.0.attn_q.weight.lora_a": (128, 4), "blk.0.attn_q.weight.lora_b": (4, 128)}


def alpha(value: float) -> Pair:
    """Make the pair that says the alpha."""
    return ("adapter.lora.alpha", 6, struct.pack("<f", value))


def adapter(path: Path, pairs: Sequence[Pair], shapes: Mapping[str, Sequence[int]]) -> Path:
    """Write an adapter of zeros."""
    tensors, end = [], 0
    for name, shape in shapes.items():
        tensors.append(tensor(name, shape, offset=end))
        end += -(-4 * math.prod(shape) // 32) * 32
    path.write_bytes(gguf(pairs, tensors, data=bytes(end)))
    return path


@pytest.fixture
def tiny() -> Base:
    """Give the tiny model as a base."""
    return read_base("llama", TINY)


def test_what_is_read(tmp_path: Path, tiny: Base) -> None:
    """Architecture, alpha, ranks and the shapes of the base are read, and the tiny model's adapter fits it."""
    found = read_adapter(write_adapter(tmp_path / "style.gguf"))
    assert (found.architecture, found.alpha, found.ranks) == ("llama", float(RANK), (RANK,))
    assert {pair.base for pair in found.pairs.values()} == {(WIDTH, WIDTH)}
    assert list(found.pairs) == ["blk.0.attn_q.weight", "blk.3.attn_q.weight"]
    assert misfit(found, tiny) == ""


def test_embeddings_are_turned(tmp_path: Path, tiny: Base) -> None:
    """For the token embeddings A is written the other way, and for experts both have a third length."""
    shapes = {"token_embd.weight.lora_a": (4, 2048), "token_embd.weight.lora_b": (4, 128)}
    found = read_adapter(adapter(tmp_path / "a.gguf", [*LORA, alpha(1)], shapes))
    assert found.pairs["token_embd.weight"].base == (128, 2048) and misfit(found, tiny) == ""
    several = {"blk.0.e.weight.lora_a": (128, 4, 8), "blk.0.e.weight.lora_b": (4, 64, 8)}
    experts = read_adapter(adapter(tmp_path / "b.gguf", [*LORA, alpha(1)], several))
    assert misfit(experts, Base("llama", {"blk.0.e.weight": (128, 64, 8, 1)})) == ""
    assert "128 x 64 x 8, the model's is 128 x 64 x 4" in misfit(
        experts, Base("llama", {"blk.0.e.weight": (128, 64, 4, 1)})
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"width": 64}, "it is for blk.0.attn_q.weight of shape 64 x 64, the model's is 128 x 128"),
        ({"architecture": "gemma"}, "it is for models of the architecture gemma, not llama"),
        ({"layers": (0, 77)}, "it adapts blk.77.attn_q.weight, which the model does not have"),
    ],
)
def test_another_base(change: dict[str, object], said: str, tmp_path: Path, tiny: Base) -> None:
    """The reason against a pair names the tensor and both shapes."""
    assert misfit(read_adapter(write_adapter(tmp_path / "a.gguf", **change)), tiny) == said  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pairs", "shapes", "said"),
    [
        ([HEAD[0]], TENSORS, "is a model, not an adapter"),
        ([HEAD[0], pair("general.type", "imatrix")], TENSORS, "holds no adapter but: imatrix"),
        (HEAD, TENSORS, "of the type None; lora alone is known"),
        ([*HEAD, pair("adapter.type", "ia3")], TENSORS, "of the type 'ia3'"),
        ([*LORA, alpha(math.nan)], TENSORS, "has the alpha nan"),
        ([*LORA, alpha(math.inf)], TENSORS, "has the alpha inf"),
        ([*LORA, pair("adapter.lora.alpha", "16")], TENSORS, "type string instead of f32"),
        (
            [*LORA, ("adapter.alora.invocation_tokens", 9, struct.pack("<IQI", 4, 1, 3))],
            TENSORS,
            "switched on within a prompt",
        ),
        (LORA, {}, "adapts nothing"),
        (LORA, {"blk.0.attn_norm.weight": (128,)}, "adapts nothing"),
        (LORA, {"blk.0.attn_q.weight": (128, 128)}, "is no part of a LoRA"),
        (LORA, {"x.weight.lora_a": (128, 4)}, r"lacks x\.weight\.lora_b"),
        (LORA, {"x.weight.lora_b": (4, 128)}, r"lacks x\.weight\.lora_a"),
        (LORA, {"x.weight.lora_a": (128, 4), "x.weight.lora_b": (8, 128)}, "do not go together: 128 x 4 and 8 x 128"),
        (LORA, {"x.weight.lora_a": (128, 4, 2), "x.weight.lora_b": (4, 128)}, "do not go together"),
    ],
)
def test_no_adapter(pairs: Sequence[Pair], shapes: Mapping[str, Sequence[int]], said: str, tmp_path: Path) -> None:
    """What is no LoRA, or none that llama.cpp could use, is named with what is wrong."""
    with pytest.raises(ModelError, match=said):
        read_adapter(adapter(tmp_path / "a.gguf", pairs, shapes))


def test_files(tmp_path: Path) -> None:
    """A model, a file that was cut and one that is not there are errors of their own."""
    with pytest.raises(ModelError, match=r"tiny\.gguf is a model, not an adapter") as caught:
        read_adapter(TINY)
    assert "models add" in caught.value.hint
    whole = write_adapter(tmp_path / "style.gguf").read_bytes()
    for cut in (3, 40, 400, 3000):
        (tmp_path / "cut.gguf").write_bytes(whole[:cut])
        with pytest.raises(ModelError):
            read_adapter(tmp_path / "cut.gguf")
    with pytest.raises(NotFound):
        read_adapter(tmp_path / "none.gguf")


def test_shapes_are_written_short() -> None:
    """Two lengths at least, and no ones at the end."""
    assert [written(shape) for shape in ((128, 4, 1, 1), (128, 1, 1, 1), (1, 2, 3, 1))] == [
        "128 x 4",
        "128 x 1",
        "1 x 2 x 3",
    ]


@pytest.mark.parametrize(
    ("said", "names", "alike"),
    [
        ("https://huggingface.co/Qwen/Qwen2.5-Coder-7B-Instruct", ["qwen2.5-coder-7b-instruct-q4-k-m"], True),
        ("Qwen2.5 Coder 7B", ["other", "Qwen2.5-Coder-7B"], True),
        ("Qwen2.5-Coder-7B-Instruct", ["qwen2.5-coder-7b"], True),
        ("Qwen2.5-Coder-7B", ["qwen3-8b"], False),
        ("", ["qwen3-8b"], False),
        ("Qwen3", ["", "..."], False),
    ],
)
def test_names(said: str, names: list[str], alike: bool) -> None:
    """Names are compared by their letters and digits, without owners and types."""
    assert sounds_alike(said, names) is alike


def test_what_is_remembered(tmp_path: Path) -> None:
    """A verdict is kept by both digests; a file that cannot be read, or is of another form, counts as none."""
    fits = Fits(tmp_path / "fits")
    assert fits.find("a", "m") is None
    fits.note("a", "m", "")
    fits.note("a", "n", "too wide")
    assert [Fits(tmp_path / "fits").find("a", model) for model in "mno"] == ["", "too wide", None]
    for spoiled in ("", "[]", '{"schema_version": 9, "fits": {"m": ""}}', '{"schema_version": 1, "fits": {"m": 3}}'):
        (tmp_path / "fits" / "a.json").write_text(spoiled)
        assert fits.find("a", "m") is None
    fits.note("a", "m", "")
    fits.forget("a")
    fits.forget("a")
    assert fits.find("a", "m") is None and list((tmp_path / "fits").iterdir()) == []
    (tmp_path / "file").write_text("no folder")
    Fits(tmp_path / "file").note("a", "m", "")  # found out again next time
