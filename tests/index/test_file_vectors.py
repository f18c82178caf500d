"""Files ranked by the sum of their chunks' vectors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
import pytest

from localdev.index.dense import VectorView
from localdev.index.file_vectors import FileVectors

DIMENSION = 8


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """Chunks 1-3 in file 7, 4 and 9 in file 8 (one of them came later), 5 in file 9; chunk 6 is gone."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE chunks (id INTEGER PRIMARY KEY, file_id INTEGER)")
        homes = [(1, 7), (2, 7), (3, 7), (4, 8), (5, 9), (9, 8)]
        connection.executemany("INSERT INTO chunks VALUES (?, ?)", homes)
        yield connection
    connection.close()


def test_files_stand_by_the_direction_of_their_sum(database: sqlite3.Connection) -> None:
    """Each file's score is the cosine of the sum of its chunks, wherever these are kept; gone chunks do not count."""
    random = np.random.default_rng(4)
    vectors = random.normal(size=(10, DIMENSION)).astype(np.float32)
    base, extra, dead = np.array([1, 2, 3, 4, 5, 6]), np.array([9]), np.array([6])
    view = VectorView((base, vectors[base]), (extra, vectors[extra]), dead)
    query = random.normal(size=DIMENSION).astype(np.float32)
    query /= np.linalg.norm(query)
    expected = {}
    for file_id, chunk_ids in {7: [1, 2, 3], 8: [4, 9], 9: [5]}.items():
        total = vectors[chunk_ids].sum(axis=0)
        expected[file_id] = float(total @ query / np.linalg.norm(total))
    found = FileVectors(database, view).rank(query, 10)
    assert dict(found) == pytest.approx(expected, abs=1e-6)
    assert [file_id for file_id, _ in found] == sorted(expected, key=lambda file_id: -expected[file_id])
    assert FileVectors(database, view).rank(query, 10, allowed=[9, 5]) == [one for one in found if one[0] in {8, 9}]
    assert FileVectors(database, view).rank(query, 1) == found[:1]


def test_nothing_to_rank(database: sqlite3.Connection) -> None:
    """Without vectors, or for a query without one, no file is given."""
    none = (np.empty(0, dtype=np.int64), np.empty((0, DIMENSION), dtype=np.float32))
    one = (np.array([1]), np.ones((1, DIMENSION), dtype=np.float32))
    query = np.ones(DIMENSION, dtype=np.float32)
    assert FileVectors(database, VectorView(none, none, np.empty(0, dtype=np.int64))).rank(query, 5) == []
    assert FileVectors(database, VectorView(one, none, np.empty(0, dtype=np.int64))).rank(0 * query, 5) == []


def test_following_gives_what_starting_anew_gives(database: sqlite3.Connection) -> None:
    """After a file came again with other chunks, one went and one came, old sums count where they still hold."""
    database.execute("CREATE TABLE dead (chunk_id INTEGER)")
    random = np.random.default_rng(5)
    vectors = random.normal(size=(20, DIMENSION)).astype(np.float32)
    query = random.normal(size=DIMENSION).astype(np.float32)
    chunks = np.array([1, 2, 3, 4, 5, 9])
    base, none = (chunks, vectors[chunks]), (np.empty(0, dtype=np.int64), np.empty((0, DIMENSION), dtype=np.float32))
    before = FileVectors(database, VectorView(base, none, np.empty(0, dtype=np.int64)))
    database.execute("DELETE FROM chunks WHERE file_id IN (7, 9)")
    database.executemany("INSERT INTO dead VALUES (?)", [(1,), (2,), (3,), (5,)])
    database.executemany("INSERT INTO chunks VALUES (?, ?)", [(10, 7), (11, 7), (12, 3)])
    extra, dead = np.array([10, 11, 12]), np.array([1, 2, 3, 5])
    view = VectorView(base, (extra, vectors[extra]), dead)
    followed = FileVectors(database, view, before).rank(query, 10)
    assert followed == FileVectors(database, view).rank(query, 10)
    assert {file_id for file_id, _ in followed} == {3, 7, 8}
