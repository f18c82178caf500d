"""Vectors: Chroma has them, the snapshot serves them, the outbox carries them, and every way gives the same results."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.core.ports import VectorStore
from localdev.core.search import Candidate
from localdev.index import layout, outbox, snapshot
from localdev.index.database import Damaged
from localdev.index.dense import VectorView
from localdev.index.repository import status
from localdev.index.snapshot import SnapshotMark
from localdev.index.vectors import ChromaVectors
from tests.index.contents import QUERIES, change_index, contents, query_index
from tests.index.sample import HashingEmbedder, Opener, write_files

if TYPE_CHECKING:
    from localdev.core.ports import FloatMatrix

RNG = np.random.default_rng(7)


def vectors(count: int, dimension: int = 16) -> FloatMatrix:
    """Give random float32 unit vectors."""
    made: FloatMatrix = RNG.standard_normal((count, dimension)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


def generation_of(folder: Path) -> Path:
    """Give the current generation."""
    generation = layout.current(folder)
    assert generation is not None
    return generation


def test_chroma_gives_back_the_same_bits(tmp_path: Path) -> None:
    """What was stored comes back unchanged and in order, after replacing, deleting and opening again."""
    made = vectors(50)
    store: VectorStore = ChromaVectors(tmp_path / "chroma", create=True)
    store.upsert(list(range(50, 0, -1)), made)
    store.upsert([7], made[:1])
    store.delete([1, 2, 999])
    store.close()
    store = ChromaVectors(tmp_path / "chroma")
    ids, loaded = store.load()
    assert ids.tolist() == list(range(3, 51))
    assert store.count() == 48
    expected = made[::-1].copy()
    expected[6] = made[0]
    assert loaded.dtype == np.float32
    assert np.array_equal(loaded, expected[2:])
    store.close()


def test_a_missing_or_foreign_store_is_damaged(tmp_path: Path) -> None:
    """Opening what is not a store says so instead of making one."""
    with pytest.raises(Damaged):
        ChromaVectors(tmp_path)
    (tmp_path / "chroma.sqlite3").write_bytes(b"not a database at all" * 100)
    with pytest.raises(Damaged):
        ChromaVectors(tmp_path)


@pytest.mark.parametrize("rows", [0, 1, 7])
def test_snapshot_roundtrip(tmp_path: Path, rows: int) -> None:
    """Records come back as written, also after more were appended; an older mark still sees its own part."""
    made = vectors(rows + 3)
    ids = np.arange(1, rows + 4, dtype=np.int64)
    first = snapshot.append(tmp_path, SnapshotMark(), 16, [(ids[:rows], made[:rows])])
    both = snapshot.append(tmp_path, first, 16, [(ids[rows:], made[rows:])])
    for mark, end in ((first, rows), (both, rows + 3)):
        loaded = snapshot.load(tmp_path, SnapshotMark.from_meta(mark.as_meta()), 16)
        assert loaded is not None
        assert np.array_equal(loaded[0], ids[:end])
        assert np.array_equal(loaded[1], made[:end])


def test_snapshot_tail_of_a_killed_writer_is_overwritten(tmp_path: Path) -> None:
    """Records that were written but never marked do not count, and the next writer replaces them."""
    made = vectors(9)
    ids = np.arange(9, dtype=np.int64)
    mark = snapshot.append(tmp_path, SnapshotMark(), 16, [(ids[:3], made[:3])])
    snapshot.append(tmp_path, mark, 16, [(ids[3:9], made[3:9])])
    again = snapshot.append(tmp_path, mark, 16, [(ids[3:5], made[5:7])])
    loaded = snapshot.load(tmp_path, again, 16)
    assert loaded is not None
    assert np.array_equal(loaded[1], np.concatenate([made[:3], made[5:7]]))


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(bytes(data))


def _swap_head(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(b"X" + data[1:])


SNAPSHOT_HARM: dict[str, Callable[[Path], None]] = {
    "deleted": Path.unlink,
    "emptied": lambda path: os.truncate(path, 0),
    "truncated": _truncate,
    "one bit": _flip,
    "other head": _swap_head,
}


@pytest.mark.parametrize("harm", SNAPSHOT_HARM.values(), ids=SNAPSHOT_HARM.keys())
def test_without_a_good_snapshot_results_are_the_same(
    opened: Opener, tmp_path: Path, harm: Callable[[Path], None], embedder: HashingEmbedder
) -> None:
    """A lost or torn snapshot is written again from Chroma; every score is the same to the last bit."""
    folder = tmp_path / "index" / "shop"
    repository = opened()
    repository.refresh()
    before = [repository.dense(query, 100) for query in QUERIES]
    repository.close()
    (path,) = generation_of(folder).glob("vectors-*.bin")
    harm(path)
    embedder.texts = 0
    again = opened()
    assert [again.dense(query, 100) for query in QUERIES] == before
    assert embedder.texts == len(QUERIES)
    assert len(list(generation_of(folder).glob("vectors-*.bin"))) == 1


def test_pending_and_flushed_give_the_same(root: Path, opened: Opener, tmp_path: Path) -> None:
    """A small edit waits in the outbox; searching before and after the flush gives the same bits."""
    folder = tmp_path / "index" / "shop"
    repository = opened()
    repository.refresh()
    write_files(
        root, {"src/shop/tax.py": "def value_alpha(total):\n    return total\n", "README.md": "# total price\n"}
    )
    repository.refresh()
    assert status(folder).pending == 2
    waiting = [repository.dense(query, 100) for query in QUERIES]
    assert query_index(folder, "SELECT count(*) FROM dead WHERE NOT applied") == [(1,)]
    assert repository.flush() == ()
    assert status(folder).pending == 0
    assert [repository.dense(query, 100) for query in QUERIES] == waiting
    repository.close()
    assert [opened().dense(query, 100) for query in QUERIES] == waiting


def test_nothing_to_flush_leaves_chroma_alone(opened: Opener, tmp_path: Path) -> None:
    """A flush of a level index opens no vector store."""
    repository = opened()
    repository.refresh()
    (store,) = generation_of(tmp_path / "index" / "shop").glob("chroma-*")
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    assert repository.flush() == ()
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == before


def test_many_changes_flush_by_themselves(root: Path, opened: Opener, tmp_path: Path) -> None:
    """Once the outbox is large enough a refresh empties it."""
    repository = opened()
    repository.refresh()
    write_files(root, {f"many/{number}.txt": f"value {number}\n" for number in range(outbox.FLUSH_AT)})
    repository.refresh()
    assert status(tmp_path / "index" / "shop").pending == 0


def _remove_store(folder: Path) -> None:
    for store in generation_of(folder).glob("chroma-*"):
        shutil.rmtree(store)


def _break_store(folder: Path) -> None:
    for store in generation_of(folder).glob("chroma-*"):
        (store / "chroma.sqlite3").write_bytes(b"broken" * 1000)


def _lose_vector(folder: Path) -> None:
    (name,) = generation_of(folder).glob("chroma-*")
    store = ChromaVectors(name)
    store.delete([1])
    store.close()


def _swap_vector(folder: Path) -> None:
    (name,) = generation_of(folder).glob("chroma-*")
    store = ChromaVectors(name)
    store.upsert([77], store.load()[1][:1])
    store.delete([1])
    store.close()
    for path in generation_of(folder).glob("vectors-*.bin"):
        path.unlink()


STORE_HARM = {
    "removed": _remove_store,
    "broken": _break_store,
    "one lost": _lose_vector,
    "one swapped, no snapshot": _swap_vector,
}


@pytest.mark.parametrize("harm", STORE_HARM.values(), ids=STORE_HARM.keys())
def test_a_bad_vector_store_is_made_anew(
    root: Path, opened: Opener, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    """A store that is gone, broken or not complete is filled again from the stored chunks, and that is said."""
    folder = tmp_path / "index" / "shop"
    first = opened()
    first.refresh()
    first.close()
    harm(folder)
    write_files(root, {"new.md": "# value alpha\n"})
    repository = opened()
    notes = (*repository.refresh().notes, *repository.flush())
    assert len(notes) == 1
    assert "made anew" in notes[0]
    fresh = opened(folder=tmp_path / "fresh" / "shop")
    fresh.refresh()
    assert contents(repository) == contents(fresh)
    (store,) = generation_of(folder).glob("chroma-*")
    assert repository.flush() == ()
    assert list(generation_of(folder).glob("chroma-*")) == [store]


def test_a_removed_store_is_noticed_by_a_refresh_without_changes(opened: Opener, tmp_path: Path) -> None:
    """Even when no file changed, a refresh sees that the store is gone and makes it anew."""
    repository = opened()
    repository.refresh()
    _remove_store(tmp_path / "index" / "shop")
    assert "made anew" in repository.refresh().notes[0]
    assert repository.refresh().notes == ()


def test_an_interrupted_flush_is_done_again(root: Path, opened: Opener, tmp_path: Path) -> None:
    """When the store already has what the outbox still holds, flushing again ends in the same state."""
    folder = tmp_path / "index" / "shop"
    repository = opened()
    repository.refresh()
    write_files(root, {"new.md": "# value alpha\n"})
    repository.refresh()
    rows = query_index(folder, "SELECT chunk_id, vector FROM pending")
    (name,) = generation_of(folder).glob("chroma-*")
    store = ChromaVectors(name)
    store.upsert(
        [row[0] for row in rows], np.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(len(rows), -1)
    )
    store.close()
    before = contents(repository)
    assert repository.flush() == ()
    assert contents(repository) == before


def test_dead_records_are_swept_out(root: Path, opened: Opener, tmp_path: Path) -> None:
    """When much of the snapshot is dead it is written anew, and the list of the dead is empty again."""
    folder = tmp_path / "index" / "shop"
    repository = opened()
    repository.refresh()
    for round_ in range(4):
        write_files(root, {"src/shop/cart.py": f"def value_{round_}(): pass\n", "README.md": f"# beta {round_}\n"})
        repository.refresh()
        repository.flush()
    (path,) = generation_of(folder).glob("vectors-*.bin")
    assert path.stat().st_size < 64 + 8 * (8 + 64 * 4)
    assert query_index(folder, "SELECT count(*) FROM dead")[0][0] <= 2


def test_vectors_that_are_wrong_in_the_outbox_do_not_break_the_index(opened: Opener, tmp_path: Path) -> None:
    """Vectors of chunks nobody knows are noticed by the count and cured."""
    folder = tmp_path / "index" / "shop"
    repository = opened()
    repository.refresh()
    change_index(folder, f"INSERT INTO pending VALUES (900, zeroblob({64 * 4}))")
    assert "made anew" in repository.flush()[0]
    assert repository.flush() == ()


MATRICES = st.integers(0, 12).flatmap(
    lambda rows: st.tuples(
        st.lists(
            st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=3, max_size=3), min_size=rows, max_size=rows
        ),
        st.integers(0, rows),
        st.sets(st.integers(0, max(rows - 1, 0))),
        st.sets(st.integers(0, max(rows - 1, 0))) | st.none(),
        st.integers(0, 14),
    )
)


@given(MATRICES)
def test_dense_ranking_is_the_plain_one(
    case: tuple[list[list[float]], int, set[int], set[int] | None, int],
) -> None:
    """Wherever the border between snapshot and outbox lies, ranking equals sorting all live rows by score, then id."""
    rows, border, dead, allowed, limit = case
    matrix = np.asarray(rows, dtype=np.float32).reshape(len(rows), 3)
    ids = np.arange(10, 10 + len(rows), dtype=np.int64)
    query = np.asarray([1.0, 0.5, -0.25], dtype=np.float32)
    view = VectorView(
        (ids[:border], matrix[:border]),
        (ids[border:], matrix[border:]),
        np.asarray(sorted(number + 10 for number in dead), dtype=np.int64),
    )
    live = [row for row in range(len(rows)) if row not in dead and (allowed is None or row in allowed)]
    expected = sorted((-float(matrix[row] @ query), row + 10) for row in live)[:limit]
    chosen = None if allowed is None else [row + 10 for row in allowed]
    assert view.rank(query, limit, allowed=chosen) == [Candidate(chunk_id, -score) for score, chunk_id in expected]
