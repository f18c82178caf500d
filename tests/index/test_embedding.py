"""The index and its embedder: another one rebuilds and says so, an unfit one changes nothing, a slow one is shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from localdev.core.errors import BackendError, LocaldevError
from localdev.core.events import Progress
from localdev.index.repository import open_repository
from tests.index.contents import contents, query_index
from tests.index.sample import HashingEmbedder, Opener, write_files

if TYPE_CHECKING:
    from localdev.core.ports import FloatMatrix


class Odd(HashingEmbedder):
    """Hands out vectors after something was done to them."""

    def __init__(self, spoil: Callable[[FloatMatrix], FloatMatrix], name: str = "odd-1") -> None:
        super().__init__(name)
        self._spoil = spoil

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Give spoilt vectors."""
        return self._spoil(super().embed(texts))


def longer(vectors: FloatMatrix) -> FloatMatrix:
    """Add a number to each vector."""
    return np.concatenate([vectors, vectors[:, :1]], axis=1)


def fewer(vectors: FloatMatrix) -> FloatMatrix:
    """Lose the last vector."""
    return vectors[:-1]


def broken(vectors: FloatMatrix) -> FloatMatrix:
    """Hold one number that is none."""
    spoilt = vectors.copy()
    spoilt[-1, 3] = np.nan
    return spoilt


def down(vectors: FloatMatrix) -> FloatMatrix:
    """Fail as an engine does."""
    raise BackendError("the engine failed", "try again")


SPOILT = pytest.mark.parametrize("spoil", [longer, fewer, broken, down])


def test_another_embedder_rebuilds_and_says_from_what_to_what(root: Path, tmp_path: Path) -> None:
    """One message, before the work; then only vectors of the new one are there, and the next refresh is silent."""
    folder, said = tmp_path / "index", list[str]()
    with open_repository(root, folder, HashingEmbedder(), on_notice=said.append) as repository:
        repository.refresh()
        before = contents(repository)
    assert said == []
    other = HashingEmbedder("hashing-2", dimension=32)
    with open_repository(root, folder, other, on_notice=said.append) as repository:
        report = repository.refresh()
        changed = contents(repository)
        repository.flush()
        again = repository.refresh()
    assert said == ["the index is built anew: the embedder changed from hashing-1 to hashing-2"]
    assert report.rebuilt == "the embedder changed from hashing-1 to hashing-2"
    assert again.rebuilt == ""
    assert {len(row[0]) for row in query_index(folder, "SELECT vector FROM pending")} <= {32 * 4}
    assert changed["lexical"] == before["lexical"]
    assert changed["dense"] != before["dense"]
    with open_repository(root, tmp_path / "fresh", other) as repository:
        repository.refresh()
        assert contents(repository) == changed


def test_a_rebuild_that_was_asked_for_is_not_explained(root: Path, tmp_path: Path) -> None:
    """Who asks knows why."""
    said: list[str] = []
    with open_repository(root, tmp_path / "index", HashingEmbedder(), on_notice=said.append) as repository:
        repository.refresh()
        assert repository.refresh(rebuild=True).rebuilt == "a rebuild was asked for"
    assert said == []


@SPOILT
def test_an_unfit_embedder_builds_nothing(
    root: Path, opened: Opener, tmp_path: Path, spoil: Callable[[FloatMatrix], FloatMatrix]
) -> None:
    """Another length, too few, NaN, a failing engine: an error, and the index that was there answers as before."""
    repository = opened()
    repository.refresh()
    before = contents(repository)
    with pytest.raises(BackendError) as caught:
        opened(Odd(spoil)).refresh()
    assert caught.value.hint
    with pytest.raises(BackendError):
        opened(Odd(spoil)).refresh(rebuild=True)
    repository.close()
    assert repository.refresh().rebuilt == ""
    assert contents(repository) == before


@SPOILT
def test_an_embedder_that_goes_bad_leaves_the_old_chunks(
    root: Path, opened: Opener, spoil: Callable[[FloatMatrix], FloatMatrix]
) -> None:
    """A changed file whose vectors cannot be made keeps its old chunks until they can."""
    repository = opened()
    repository.refresh()
    before = contents(repository)
    write_files(root, {"src/shop/cart.py": "def other():\n    return 1\n"})
    with pytest.raises(BackendError):
        opened(Odd(spoil, name="hashing-1")).refresh()
    assert contents(repository) == before
    assert repository.refresh().changed == 1


@SPOILT
def test_a_query_without_a_vector_is_an_error(opened: Opener, spoil: Callable[[FloatMatrix], FloatMatrix]) -> None:
    """It is never answered from words alone without a word."""
    opened().refresh()
    with pytest.raises(LocaldevError):
        opened(Odd(spoil, name="hashing-1")).dense("total price", 5)


class Slow(HashingEmbedder):
    """Takes its time."""

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Give vectors, a hundred a second."""
        time.sleep(0.01 * len(texts))
        return super().embed(texts)


class Ending(Slow):
    """Fails for good after some texts."""

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Give vectors, a hundred a second, for about a hundred texts."""
        if self.texts > 100:
            raise BackendError("the engine failed", "try again")
        return super().embed(texts)


def test_what_a_slow_embedder_has_done_is_kept(root: Path, tmp_path: Path) -> None:
    """Once it is known to be slow, its work is stored in small parts; the next run goes on behind the last one."""
    write_files(root, {f"many/m{n:03}.py": f"def f{n}():\n    return {n}\n" for n in range(150)})
    with open_repository(root, tmp_path / "index", Ending("slow")) as repository, pytest.raises(BackendError):
        repository.refresh()
    with open_repository(root, tmp_path / "index", HashingEmbedder("slow")) as repository:
        report = repository.refresh()
    (note,) = report.notes
    kept = int(note.split()[-2])
    assert 64 < kept < report.files
    assert kept % 64


def test_a_slow_embedder_is_followed_chunk_by_chunk(root: Path, tmp_path: Path) -> None:
    """Progress counts chunks, never runs back, and ends at what there is."""
    write_files(root, {f"many/m{n}.py": f"def f{n}():\n    return {n}\n" for n in range(150)})
    told: list[Progress] = []
    with open_repository(root, tmp_path / "index", Slow()) as repository:
        report = repository.refresh(told.append)
    chunks = [step for step in told if step.stage == "embedding"]
    assert len(chunks) >= 2
    assert [step.unit for step in chunks] == ["chunks"] * len(chunks)
    done = [step.done for step in chunks]
    assert done == sorted(done)
    assert chunks[-1].done == chunks[-1].total == report.chunks
    assert all(step.done <= step.total for step in chunks)
    stages = [step.stage for step in told]
    assert "parsing" not in stages[stages.index("embedding") :]
