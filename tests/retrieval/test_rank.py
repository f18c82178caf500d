"""Ranking rules, each shown by two chunks that only it tells apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.core.code import Chunk
from localdev.core.search import IndexedChunk
from localdev.retrieval.query import read_query
from localdev.retrieval.rank import Evidence, rank
from localdev.retrieval.weights import DEFAULT
from tests.retrieval.memory import chunk


def indexed(*given: Chunk, uses: Mapping[int, int] | None = None) -> dict[int, IndexedChunk]:
    """Number chunks from 1; `uses` gives the files that refer to a chunk's definition."""
    return {key: IndexedChunk(key, one, (uses or {}).get(key, 0)) for key, one in enumerate(given, 1)}


def equal(*ids: int) -> dict[int, float]:
    """Give every chunk the same score by words."""
    return dict.fromkeys(ids, 0.8)


def order(query: str, chunks: dict[int, IndexedChunk], evidence: Evidence) -> list[int]:
    """Rank and give the ids."""
    return [hit.chunk_id for hit in rank(read_query(query), chunks, evidence, limit=10)]


PLAIN = [chunk("a.py", "x"), chunk("b.py", "x")]
TWO = indexed(*PLAIN)
ASK = "how it ends"


@pytest.mark.parametrize(
    ("rule", "query", "chunks", "evidence"),
    [
        ("words", "cache", TWO, Evidence({1: 0.4, 2: 0.9})),
        ("phrase", ASK, TWO, Evidence(equal(1, 2), phrases={2: 1.0})),
        ("meaning", "cache", TWO, Evidence(equal(1, 2), meaning={2: 0.4})),
        ("file meaning", ASK, TWO, Evidence(equal(1, 2), file_meaning={"b.py": 1.0})),
        ("definition", "Cache", TWO, Evidence(equal(1, 2), definitions={2: (1.0, "Cache")})),
        ("definition in text", "how Cache ends", TWO, Evidence(equal(1, 2), definitions={2: (1.0, "Cache")})),
        ("named type", "the Cache here", TWO, Evidence(equal(1, 2), capitalised={2: (1.0, "Cache")})),
        ("path", "b.py", TWO, Evidence(equal(1), mentioned={2: "b.py"})),
        ("file name", "how the cache ends", indexed(chunk("a.py"), chunk("cache.py")), Evidence(equal(1, 2))),
        ("used", ASK, indexed(*PLAIN, uses={2: 9}), Evidence(equal(1, 2))),
        ("test", ASK, indexed(chunk("tests/a.py"), chunk("z.py")), Evidence(equal(1, 2))),
        ("vendored", ASK, indexed(chunk("vendor/a.go"), chunk("z.go")), Evidence(equal(1, 2))),
        ("generated", ASK, indexed(chunk("a.pb.go"), chunk("z.go")), Evidence(equal(1, 2))),
        ("deprecated", ASK, indexed(chunk("compat/a.py"), chunk("z.py")), Evidence(equal(1, 2))),
        ("example", ASK, indexed(chunk("examples/a.py"), chunk("z.py")), Evidence(equal(1, 2))),
        ("benchmark", ASK, indexed(chunk("bench/a.py"), chunk("z.py")), Evidence(equal(1, 2))),
        ("doc", ASK, indexed(chunk("a.md"), chunk("z.py")), Evidence(equal(1, 2))),
        ("declaration", ASK, indexed(chunk("a.d.ts"), chunk("z.ts")), Evidence(equal(1, 2))),
        ("data", ASK, indexed(chunk("a.json", language="json"), chunk("z.py")), Evidence(equal(1, 2))),
        ("old copy", ASK, indexed(chunk("p/v1/a.py"), chunk("p/a.py")), Evidence({1: 0.8, 2: 0.7})),
        (
            "file words",
            ASK,
            indexed(chunk("a.py"), chunk("z.py"), chunk("z.py", start=9)),
            Evidence(equal(1, 2, 3)),
        ),
        (
            "best of a file's chunks",
            ASK,
            indexed(chunk("a.py"), chunk("z.py"), chunk("z.py", start=9)),
            Evidence({1: 0.9, 2: 0.9, 3: 0.1}, meaning={1: 0.3, 3: 0.45}),
        ),
        (
            "preamble",
            ASK,
            indexed(chunk("z.py", kind="module"), chunk("z.py", start=9)),
            Evidence(equal(1, 2)),
        ),
        (
            "test beside code",
            ASK,
            indexed(chunk("z.rs", symbol="tests.ends"), chunk("z.rs", start=9, symbol="ends")),
            Evidence(equal(1, 2)),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rule_puts_the_second_chunk_first(
    rule: str, query: str, chunks: dict[int, IndexedChunk], evidence: Evidence
) -> None:
    """Without the rule the first chunk would lead (by path or line, at least); with it the second does."""
    assert order(query, chunks, evidence)[0] == 2, rule


@pytest.mark.parametrize(
    ("query", "path"),
    [("test of the parser", "tests/a.py"), ("example of a parser", "examples/a.py"), ("parser docs", "a.md")],
)
def test_no_penalty_for_what_is_asked_for(query: str, path: str) -> None:
    """A query that names the role of a file is not punished for finding it."""
    hits = rank(read_query(query), indexed(chunk(path), chunk("z.py")), Evidence(equal(1, 2)), limit=2)
    assert hits[0].chunk.path == path


@pytest.mark.parametrize("query", ["what does app.py do", "how are .py files started"])
def test_a_path_in_the_query_asks_for_no_other_file(query: str) -> None:
    """A test whose name merely ends like the path that was named, or like an ending, still counts as a test."""
    chunks = indexed(chunk("tests/test_app.py"), chunk("z.py"))
    assert order(query, chunks, Evidence(equal(1, 2)))[0] == 2


def test_no_penalty_for_a_file_that_is_named() -> None:
    """Who names a test by its path wants it."""
    chunks, evidence = (
        indexed(chunk("z.py"), chunk("tests/app.py")),
        Evidence(equal(1, 2), mentioned={2: "tests/app.py"}),
    )
    assert [part.name for part in rank(read_query("tests/app.py ends"), chunks, evidence, limit=1)[0].parts].count(
        "test"
    ) == 0


def test_a_definition_counts_less_in_an_error_message() -> None:
    """The class an error names is not where it was raised."""
    evidence = Evidence({1: 0.9, 2: 0.2}, definitions={2: (1.0, "BadName")})
    assert order("BadName", TWO, evidence)[0] == 2
    assert order("BadNameError: BadName is not known", TWO, evidence)[0] == 1


def test_a_file_with_tests_and_code_is_code() -> None:
    """Tests beside the code do not make the file a test."""
    both = indexed(chunk("z.rs", symbol="tests.ends"), chunk("z.rs", start=9, symbol="ends"), chunk("y.md"))
    assert all(
        part.name != "test"
        for hit in rank(read_query(ASK), both, Evidence(equal(1, 2, 3)), limit=3)[:1]
        for part in hit.parts
    )


def test_files_appear_once_before_they_appear_twice() -> None:
    """A second chunk of the best file stands behind another file's first that is nearly as good."""
    chunks = indexed(chunk("a.py"), chunk("a.py", start=9), chunk("b.py"))
    assert order(ASK, chunks, Evidence({1: 1.0, 2: 0.9, 3: 0.8})) == [1, 3, 2]


def test_a_second_chunk_may_earn_its_place() -> None:
    """A file's second chunk stands before another file that hardly matches."""
    chunks = indexed(chunk("cache.py"), chunk("cache.py", start=9), chunk("b.py"))
    evidence = Evidence({1: 1.0, 2: 1.0, 3: 0.1}, meaning={1: 1.0, 2: 1.0}, file_meaning={"cache.py": 1.0})
    assert order("how the cache ends", chunks, evidence) == [1, 2, 3]


def test_a_file_that_is_named_may_fill_the_list() -> None:
    """Who asks for a file by its path wants its chunks, not those of others."""
    chunks = indexed(chunk("a.py"), chunk("a.py", start=9), chunk("b.py"))
    evidence = Evidence({1: 0.1, 2: 0.1, 3: 1.0}, mentioned={1: "a.py", 2: "a.py"})
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
    evidence = Evidence(
        {key: row[1] for key, row in enumerate(rows, 1)}, meaning={key: row[2] for key, row in enumerate(rows, 1)}
    )
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
