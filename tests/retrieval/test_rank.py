"""Ranking rules, each shown by two chunks that only it tells apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.core.code import Chunk
from localdev.core.search import IndexedChunk
from localdev.retrieval.fuse import Fused
from localdev.retrieval.query import read_query
from localdev.retrieval.rank import Evidence, rank
from localdev.retrieval.weights import DEFAULT
from tests.retrieval.memory import chunk


def indexed(*given: Chunk, uses: Mapping[int, int] | None = None) -> dict[int, IndexedChunk]:
    """Number chunks from 1; `uses` gives the files that refer to a chunk's definition."""
    return {key: IndexedChunk(key, one, (uses or {}).get(key, 0)) for key, one in enumerate(given, 1)}


def equal(*ids: int) -> dict[int, Fused]:
    """Give every chunk the same lexical score."""
    return {chunk_id: Fused(0.8) for chunk_id in ids}


def order(query: str, chunks: dict[int, IndexedChunk], evidence: Evidence) -> list[int]:
    """Rank and give the ids."""
    return [hit.chunk_id for hit in rank(read_query(query), chunks, evidence, limit=10)]


PLAIN = [chunk("a.py", "x"), chunk("b.py", "x")]


@pytest.mark.parametrize(
    ("rule", "query", "chunks", "evidence"),
    [
        ("words", "cache", indexed(*PLAIN), Evidence({1: Fused(0.4), 2: Fused(0.9)})),
        ("meaning", "cache", indexed(*PLAIN), Evidence({1: Fused(0.4), 2: Fused(0.4, 0.2)})),
        ("definition", "Cache", indexed(*PLAIN), Evidence(equal(1, 2), definitions={2: (1.0, "Cache")})),
        ("named type", "the Cache here", indexed(*PLAIN), Evidence(equal(1, 2), capitalised={2: (1.0, "Cache")})),
        ("path", "b.py", indexed(*PLAIN), Evidence(equal(1), mentioned={2: "b.py"})),
        ("file name", "how the cache ends", indexed(chunk("a.py"), chunk("cache.py")), Evidence(equal(1, 2))),
        ("used", "how it ends", indexed(*PLAIN, uses={2: 9}), Evidence(equal(1, 2))),
        ("test", "how it ends", indexed(chunk("tests/a.py"), chunk("z.py")), Evidence(equal(1, 2))),
        ("vendored", "how it ends", indexed(chunk("vendor/a.go"), chunk("z.go")), Evidence(equal(1, 2))),
        ("generated", "how it ends", indexed(chunk("a.pb.go"), chunk("z.go")), Evidence(equal(1, 2))),
        ("deprecated", "how it ends", indexed(chunk("compat/a.py"), chunk("z.py")), Evidence(equal(1, 2))),
        ("example", "how it ends", indexed(chunk("examples/a.py"), chunk("z.py")), Evidence(equal(1, 2))),
        ("benchmark", "how it ends", indexed(chunk("bench/a.py"), chunk("z.py")), Evidence(equal(1, 2))),
        ("doc", "how it ends", indexed(chunk("a.md"), chunk("z.py")), Evidence(equal(1, 2))),
        (
            "old copy",
            "how it ends",
            indexed(chunk("p/v1/a.py"), chunk("p/a.py")),
            Evidence({1: Fused(0.8), 2: Fused(0.7)}),
        ),
        (
            "file",
            "how it ends",
            indexed(chunk("a.py"), chunk("z.py"), chunk("z.py", start=9)),
            Evidence(equal(1, 2, 3)),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rule_puts_the_second_chunk_first(
    rule: str, query: str, chunks: dict[int, IndexedChunk], evidence: Evidence
) -> None:
    """Without the rule the first chunk would lead (by path, at least); with it the second does."""
    assert order(query, chunks, evidence)[0] == 2, rule


@pytest.mark.parametrize(
    ("query", "path"),
    [("test of the parser", "tests/a.py"), ("example of a parser", "examples/a.py"), ("parser docs", "a.md")],
)
def test_no_penalty_for_what_is_asked_for(query: str, path: str) -> None:
    """A query that names the role of a file is not punished for finding it."""
    hits = rank(read_query(query), indexed(chunk(path), chunk("z.py")), Evidence(equal(1, 2)), limit=2)
    assert hits[0].chunk.path == path


def test_a_definition_counts_less_in_an_error_message() -> None:
    """The class an error names is not where it was raised."""
    chunks, evidence = indexed(*PLAIN), Evidence({1: Fused(0.9), 2: Fused(0.2)}, definitions={2: (0.5, "BadName")})
    assert order("BadName", chunks, evidence)[0] == 2
    hits = rank(read_query("BadNameError: BadName is not known"), chunks, evidence, limit=2)
    assert hits[0].score - hits[1].score < DEFAULT.definition * 0.5


def test_files_appear_once_before_they_appear_twice() -> None:
    """A second chunk of the best file stands behind another file's first that is nearly as good."""
    chunks = indexed(chunk("a.py"), chunk("a.py", start=9), chunk("b.py"))
    assert order("how it ends", chunks, Evidence({1: Fused(1.0), 2: Fused(0.9), 3: Fused(0.8)})) == [1, 3, 2]


def test_a_second_chunk_may_earn_its_place() -> None:
    """A file's second chunk stands before another file that hardly matches."""
    chunks = indexed(chunk("a.py"), chunk("a.py", start=9), chunk("b.py"))
    assert order("how it ends", chunks, Evidence({1: Fused(1.0), 2: Fused(0.9), 3: Fused(0.1)})) == [1, 2, 3]


def test_a_file_that_is_named_may_fill_the_list() -> None:
    """Who asks for a file by its path wants its chunks, not those of others."""
    chunks = indexed(chunk("a.py"), chunk("a.py", start=9), chunk("b.py"))
    evidence = Evidence({1: Fused(0.1), 2: Fused(0.1), 3: Fused(1.0)}, mentioned={1: "a.py", 2: "a.py"})
    assert order("a.py", chunks, evidence) == [1, 2, 3]


def test_chunks_that_are_gone_are_left_out() -> None:
    """A candidate whose chunk was deleted since is not ranked."""
    assert order("x", indexed(chunk("a.py")), Evidence(equal(1, 99))) == [1]


_PATHS = st.sampled_from(["a.py", "b.py", "tests/t.py", "docs/d.md", "p/v1/a.py", "p/a.py", "cache.py"])


@given(
    st.lists(st.tuples(_PATHS, st.floats(0, 1), st.floats(0, 0.5), st.integers(0, 40)), max_size=30),
    st.integers(1, 12),
    st.sampled_from(["cache", "how does the cache decide", "tests of a Cache"]),
)
def test_parts_explain_the_whole_score(rows: list[tuple[str, float, float, int]], limit: int, query: str) -> None:
    """The parts of a hit add up to its score, ranks count from 1, scores fall, and equal input gives equal output."""
    given_chunks = [chunk(path, "x", start=place + 1) for place, (path, *_) in enumerate(rows)]
    chunks = indexed(*given_chunks, uses={key: row[3] for key, row in enumerate(rows, 1)})
    evidence = Evidence({key: Fused(row[1], row[2]) for key, row in enumerate(rows, 1)})
    hits = rank(read_query(query), chunks, evidence, limit=limit)
    assert [hit.rank for hit in hits] == list(range(1, min(limit, len(rows)) + 1))
    assert all(abs(sum(part.value for part in hit.parts) - hit.score) < 1e-9 for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert rank(read_query(query), chunks, evidence, limit=limit) == hits


def test_a_weight_of_zero_turns_its_rule_off() -> None:
    """The weights are the ranking: without the file name's weight the order falls back to the path."""
    chunks = indexed(chunk("a.py"), chunk("cache.py"))
    hits = rank(
        read_query("how the cache ends"), chunks, Evidence(equal(1, 2)), limit=2, weights=replace(DEFAULT, file_name=0)
    )
    assert [hit.chunk_id for hit in hits] == [1, 2]
