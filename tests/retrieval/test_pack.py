"""Packing passages into a budget."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localdev.core.code import Chunk
from localdev.core.search import Hit
from localdev.retrieval.pack import PackedSource, heading, pack
from tests.retrieval.memory import chunk

FILE = [f"line {number}" if number % 7 else "" for number in range(1, 200)]


def count(text: str) -> int:
    """Count words: a tokenizer that is easy to reckon with."""
    return len(text.split())


def part(start: int, end: int, path: str = "a.py", symbol: str = "") -> Chunk:
    """Give the lines of the test file as a chunk."""
    return chunk(path, "\n".join(FILE[start - 1 : end]), start=start, symbol=symbol)


def hits(*chunks: Chunk) -> list[Hit]:
    """Rank chunks in the order given; ids are ten times the rank."""
    return [Hit(rank, rank * 10, one, 1 / rank) for rank, one in enumerate(chunks, 1)]


def spans(packed: list[PackedSource]) -> list[tuple[str, int, int]]:
    """Give path, first and last line of each passage."""
    return [(one.path, one.start_line, one.end_line) for one in packed]


def test_whole_chunks_go_in_by_rank() -> None:
    """With room for all, the passages are the chunks."""
    packed = pack(hits(part(50, 55), part(1, 5, "b.py")), budget=1000, count=count)
    assert spans(packed) == [("a.py", 50, 55), ("b.py", 1, 5)]
    assert packed[0].hit.rank == 1
    assert not any(one.trimmed for one in packed)


def test_touching_chunks_of_a_file_become_one_passage() -> None:
    """The neighbour joins at the place of the better one, with the blank line between them; the hit's symbol stays."""
    packed = pack(hits(part(8, 13, symbol="f"), part(1, 5, "b.py"), part(15, 20)), budget=1000, count=count)
    assert spans(packed) == [("a.py", 8, 20), ("b.py", 1, 5)]
    assert packed[0].text == "\n".join(FILE[7:20])
    assert packed[0].symbol == "f"
    assert packed[0].chunk_ids == (10, 30)


def test_a_chunk_between_two_joins_all_three() -> None:
    """A later chunk that touches two passages makes one of them."""
    packed = pack(hits(part(1, 6), part(15, 20), part(8, 13)), budget=1000, count=count)
    assert spans(packed) == [("a.py", 1, 20)]


def test_a_long_chunk_is_cut_at_a_line_and_leaves_room() -> None:
    """The first hit takes at most its share; the second is still there, whole."""
    packed = pack(hits(part(1, 150), part(1, 5, "b.py")), budget=100, count=count)
    assert packed[0].trimmed
    assert packed[0].start_line == 1
    assert packed[0].text == "\n".join(FILE[: packed[0].end_line])
    assert spans(packed)[1] == ("b.py", 1, 5)


def test_nothing_fits() -> None:
    """A budget too small for three lines gives nothing rather than a crumb."""
    assert pack(hits(part(1, 50)), budget=5, count=count) == []
    assert pack([], budget=100, count=count) == []


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 18), st.integers(1, 3)), max_size=12),
    st.integers(0, 300),
)
def test_the_budget_holds_and_lines_are_exact(rows: list[tuple[str, int, int]], budget: int) -> None:
    """Whatever is packed costs at most the budget, is exactly its lines of the file, and no line is packed twice."""
    free: dict[str, set[int]] = {"a": set(range(19)), "b": set(range(19))}
    chunks = []
    for (
        path,
        cell,
        width,
    ) in rows:  # cells of ten lines; blank lines at the end of a chunk are left out, as in real ones
        cells = set(range(cell, min(cell + width, 19)))
        if cells and cells <= free[path]:
            free[path] -= cells
            start, end = min(cells) * 10 + 1, max(cells) * 10 + 10
            while not FILE[end - 1]:
                end -= 1
            while not FILE[start - 1]:
                start += 1
            chunks.append(part(start, end, f"{path}.py"))
    packed = pack(hits(*chunks), budget=budget, count=count)
    cost = sum(count(f"{heading(number, one.chunk)}\n{one.text}\n") for number, one in enumerate(packed, 1))
    assert cost <= budget
    shown = [(one.path, line) for one in packed for line in range(one.start_line, one.end_line + 1)]
    assert len(shown) == len(set(shown))
    assert all(one.text == "\n".join(FILE[one.start_line - 1 : one.end_line]) for one in packed)
    assert [one.rank for one in packed] == sorted(one.rank for one in packed)
