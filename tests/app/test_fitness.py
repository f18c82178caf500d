"""Models that do not fit: too large for the memory, or set for a job that they cannot do."""

from __future__ import annotations

import re
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest

from localdev.app.fitness import _cannot_fill_in, fills_in, misfits
from localdev.config.settings import build
from localdev.core.folders import Folders
from localdev.models.gguf import read_header
from localdev.models.store import Adding, ModelStore
from tests.models.conftest import gguf, pair, text

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
GB = 10**9


def with_tokens(path: Path, *tokens: str) -> Path:
    """Write a model of one tensor with a vocabulary."""
    listed = struct.pack("<IQ", 8, len(tokens)) + b"".join(map(text, tokens))
    path.write_bytes(gguf((pair("general.architecture", "llama"), ("tokenizer.ggml.tokens", 9, listed))))
    return path


def said(folders: Folders, values: dict[str, Any], memory: int = 0) -> list[str]:
    """Give what is wrong with a hint each."""
    found = list(misfits(folders, build(values), memory))
    assert all(each.hint and "\n" not in each.what + each.hint for each in found)
    return [each.what for each in found]


def test_a_model_too_large_for_the_memory(folders: Folders) -> None:
    """It is named with what it takes; in enough memory, or where memory is not known, nothing is said."""
    ModelStore(folders.models).add(TINY, Adding(mode="copy", name="tiny"))
    (line,) = said(folders, {}, 10**6)
    assert re.match(r"tiny takes \d+ MB with a window of 2048 tokens, more than the 1 MB here", line)
    assert said(folders, {}, 64 * GB) == said(folders, {}, 0) == []


def test_a_file_that_vanishes_meanwhile(folders: Folders, tmp_path: Path) -> None:
    """Between two looks a file may go: that is no verdict on it, and no fault of the looking."""
    path = Path(shutil.copyfile(TINY.with_name("tiny-bert.gguf"), tmp_path / "gone.gguf"))
    header = read_header(path)
    assert _cannot_fill_in(header, path)
    path.unlink()
    assert not _cannot_fill_in(header, path)
    assert said(folders, {"models.complete": (str(path),)}) == []


def test_a_smaller_window_is_proposed_where_it_helps(folders: Folders, tmp_path: Path) -> None:
    """The largest of the usual windows with which the model fits is the hint."""
    from localdev.models.memory import memory_need

    keys = [("block_count", 80), ("context_length", 131_072), ("embedding_length", 8192)]
    heads = [("attention.head_count", 64), ("attention.head_count_kv", 8)]
    pairs = [pair("general.architecture", "llama"), *(pair(f"llama.{key}", value) for key, value in (*keys, *heads))]
    path = tmp_path / "large.gguf"
    path.write_bytes(gguf(pairs))
    ModelStore(folders.models).add(path, Adding(mode="copy", name="large"))
    header = read_header(path)
    memory = memory_need(header, 8192).total + 1
    (found,) = misfits(folders, build({"llama.context": 65_536}), memory)
    assert found.hint == "`localdev config set llama.context 8192`"


@pytest.mark.parametrize(
    ("tokens", "able"),
    [
        (("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"), True),
        (("a", "<fim_prefix>", "<fim_middle>", "<fim_suffix>"), True),
        (("▁<PRE>", "▁<SUF>", "▁<MID>"), True),
        (("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"), True),
        (("<|fim_prefix|>", "<|fim_suffix|>"), False),
        (("a<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"), False),
        (("a", "b"), False),
    ],
)
def test_tokens_to_fill_in_with(tmp_path: Path, tokens: tuple[str, ...], able: bool) -> None:
    """A vocabulary that has all three tokens by name fills in, as llama.cpp finds them; a part of one is none."""
    path = with_tokens(tmp_path / "a.gguf", *tokens)
    assert fills_in(read_header(path), path) is able


def test_a_model_for_completions_that_cannot_complete(folders: Folders, tmp_path: Path) -> None:
    """It matters where the model is set for completions, and not where it answers."""
    path = str(with_tokens(tmp_path / "chat.gguf", "a", "b"))
    (line,) = said(folders, {"models.complete": (path,)})
    assert line.startswith("models.complete names") and "fill in the middle" in line
    assert said(folders, {"models.ask": (path,), "model": path}) == []


def test_an_embedder_that_should_answer(folders: Folders, tmp_path: Path) -> None:
    """An embedding model is misplaced in every job."""
    path = tmp_path / "bert.gguf"
    path.write_bytes(gguf((pair("general.architecture", "nomic-bert"),)))
    assert [line.split(" ")[0] for line in said(folders, {"model": str(path)})] == ["model"]
    assert [line.split(" ")[0] for line in said(folders, {"models.gen": ("fake:x", str(path))})] == ["models.gen"]


def test_what_is_not_there_is_left_to_others(folders: Folders, tmp_path: Path) -> None:
    """Servers' models, names nobody knows, missing and broken files are no matter of fitting."""
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    named = ("ollama:m", "openai:m", "nosuch", str(tmp_path / "gone.gguf"), str(broken))
    assert said(folders, {"models.complete": named, "models.ask": named}) == []
