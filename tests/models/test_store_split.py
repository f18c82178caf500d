"""Models split into parts: stored as one model with one digest, checked part by part, and run as the whole is."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.core.errors import ModelError
from localdev.core.events import Progress
from localdev.models.incoming import Wish
from localdev.models.store import Adding, ModelStore
from tests.backends.tiny_weights import write_split
from tests.models.conftest import TINY


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """Give an empty store."""
    return ModelStore(tmp_path / "store")


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """Write the tiny model in two parts."""
    return write_split(tmp_path / "parts", TINY)


@pytest.mark.parametrize("mode", ["link", "copy", "move"])
@pytest.mark.parametrize("named", ["the folder", "the first part", "the last part"])
def test_stored(store: ModelStore, parts: list[Path], mode: Wish, named: str) -> None:
    """One passport for all parts, which are named as the engine looks for them, with the sizes of the whole."""
    contents = [part.read_bytes() for part in parts]
    path = {"the folder": parts[0].parent, "the first part": parts[0], "the last part": parts[1]}[named]
    told: list[Progress] = []
    passport = store.add(path, Adding(mode=mode, name="tiny"), told.append)
    assert store.list() == [passport] and passport.mode == mode and passport.seems_whole()
    assert [path.name for path in passport.paths()] == ["model-00001-of-00002.gguf", "model-00002-of-00002.gguf"]
    assert [path.read_bytes() for path in passport.paths()] == contents
    assert (passport.parameters, passport.size) == (1_123_712, sum(map(len, contents)))
    assert told[-1].done == told[-1].total == passport.size
    assert [part.exists() for part in parts] == [mode != "move"] * 2
    assert store.checked_file(passport) == passport.paths()[0]


def test_the_digest_is_that_of_the_content(store: ModelStore, parts: list[Path], tmp_path: Path) -> None:
    """Other names and places give the same model; found by any part's path, it is not read again."""
    passport = store.add(parts[0].parent)
    other = tmp_path / "other"
    other.mkdir()
    for part in parts:
        shutil.copyfile(part, other / part.name.replace("tiny", "huge"))
    assert store.add(other) == passport
    told: list[Progress] = []
    assert store.add(parts[1], progress=told.append) == passport and not told
    assert store.find(str(parts[1])) == store.find(passport.digest[:8]) == passport
    assert ModelStore(tmp_path / "second").add(other).digest == passport.digest


def spoil(path: Path) -> None:
    """Change a byte of the weights."""
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.unlink()
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [spoil, Path.unlink])
def test_a_part_that_was_harmed(store: ModelStore, parts: list[Path], harm: Callable[[Path], object]) -> None:
    """It is refused, and put in order by adding the good parts again, under the name it has."""
    passport = store.add(parts[0], Adding(name="tiny"))
    harm(passport.paths()[1])
    with pytest.raises(ModelError, match="the stored model tiny"):
        store.checked_file(store.find("tiny"))
    repaired = store.add(parts[0].parent)
    assert repaired.name == "tiny" and store.checked_file(repaired) and store.list() == [repaired]


def test_only_what_was_touched_is_read(store: ModelStore, parts: list[Path]) -> None:
    """A touched part costs the reading of that part."""
    passport = store.add(parts[0])
    os.utime(passport.paths()[1])
    told: list[Progress] = []
    store.checked_file(passport, told.append)
    assert told[-1].total == passport.files[1].size < passport.size
    assert store.list()[0].seems_whole()


def test_a_missing_part(store: ModelStore, parts: list[Path], tmp_path: Path) -> None:
    """It is named, and nothing is stored."""
    parts[1].unlink()
    for path in (parts[0], parts[0].parent):
        with pytest.raises(ModelError, match="00002-of-00002"):
            store.add(path)
    assert not (tmp_path / "store").exists()


def test_removed_whole(store: ModelStore, parts: list[Path], tmp_path: Path) -> None:
    """Neither parts nor folder stay; the files they were linked from do."""
    store.add(parts[0])
    store.remove("tiny")
    assert not list((tmp_path / "store" / "files").iterdir()) and all(part.exists() for part in parts)


@pytest.mark.llama
def test_it_answers_as_the_whole_does(store: ModelStore, parts: list[Path]) -> None:
    """The engine is given the first part and finds the others; removed meanwhile, they are kept until it ends."""
    pytest.importorskip("llama_cpp")
    from localdev.backends.options import BackendOptions
    from localdev.backends.registry import open_backend
    from localdev.core.chat import ChatRequest, Message, Sampling
    from localdev.core.events import TextDelta

    answers = []
    passport = store.add(parts[0])
    for path in (store.checked_file(passport), TINY):
        backend = open_backend(str(path), options=BackendOptions(name="x"))
        backend.describe()  # it is loaded now
        if path == passport.file and sys.platform != "win32":
            store.remove("tiny")  # who has it open goes on with it
        request = ChatRequest((Message("user", "def add("),), sampling=Sampling(max_tokens=12))
        answers.append("".join(each.text for each in backend.stream(request) if isinstance(each, TextDelta)))
        backend.close()
    assert answers[0] == answers[1] != ""
