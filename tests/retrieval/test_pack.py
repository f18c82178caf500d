"""Packing passages into a budget."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from localdev.core.code import Chunk
from localdev.core.search import Hit
from localdev.retrieval.pack import PackedSource, heading, pack, pack_all
from localdev.retrieval.weights import DEFAULT
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


def test_what_is_named_goes_in_whole() -> None:
    """What the question names goes in whole while there is room, however it was ranked."""
    packed = pack_all(hits(part(50, 55), part(1, 5, "b.py")), budget=1000, count=count)
    assert spans(packed) == [("a.py", 50, 55), ("b.py", 1, 5)]
    assert packed[0].hit.rank == 1
    assert not any(one.trimmed for one in packed)


def test_touching_chunks_of_a_file_become_one_passage() -> None:
    """The neighbour joins at the place of the better one, with the blank line between them; the hit's symbol stays."""
    packed = pack_all(hits(part(8, 13, symbol="f"), part(1, 5, "b.py"), part(15, 20)), budget=1000, count=count)
    assert spans(packed) == [("a.py", 8, 20), ("b.py", 1, 5)]
    assert packed[0].text == "\n".join(FILE[7:20])
    assert packed[0].symbol == "f"
    assert packed[0].chunk_ids == (10, 30)


def test_a_chunk_between_two_joins_all_three() -> None:
    """A later chunk that touches two passages makes one of them."""
    packed = pack_all(hits(part(1, 6), part(15, 20), part(8, 13)), budget=1000, count=count)
    assert spans(packed) == [("a.py", 1, 20)]


def test_a_long_chunk_is_cut_at_a_line_and_leaves_room() -> None:
    """The first hit takes at most its share; the second is still there, whole."""
    packed = pack_all(hits(part(1, 150), part(1, 5, "b.py")), budget=100, count=count)
    assert packed[0].trimmed
    assert packed[0].start_line == 1
    assert packed[0].text == "\n".join(FILE[: packed[0].end_line])
    assert spans(packed)[1] == ("b.py", 1, 5)


def test_nothing_fits() -> None:
    """A budget too small for three lines gives nothing rather than a crumb."""
    assert pack_all(hits(part(1, 50)), budget=5, count=count) == []
    assert pack_all([], budget=100, count=count) == []


def apart(*gaps: float, many: int = 20) -> list[Hit]:
    """Rank one function of `many` lines per file, each this far behind the first."""
    found = []
    for rank, gap in enumerate(gaps, 1):
        text = "\n".join([f"def f{rank}(a, b):", *(f"    step {number} of {rank}" for number in range(1, many))])
        one = chunk(f"{rank}.py", text, symbol=f"f{rank}", signature=f"def f{rank}(a, b)")
        found.append(Hit(rank, rank * 10, one, -gap))
    return found


def ways(packed: list[PackedSource]) -> list[tuple[str, str]]:
    """Give the file of each passage and whether it is whole."""
    return [(one.path, "signature" if one.trimmed else "whole") for one in packed]


def test_unlikely_files_are_shown_by_their_signature_and_the_unlikeliest_not_at_all() -> None:
    """A file a hundredth as likely is not worth 80 tokens but 7; one a ten-thousandth as likely is worth none."""
    packed = pack(apart(0, 1, 5, 9, many=2000 // 20), budget=10_000, count=count, most=8)
    assert ways(packed) == [("1.py", "whole"), ("2.py", "whole"), ("3.py", "signature")]
    assert packed[2].text == "def f3(a, b):"
    assert (packed[2].start_line, packed[2].end_line) == (1, 1)


def test_what_does_not_fit_whole_is_shown_by_its_signature() -> None:
    """With room for two functions the third likely one is still named; the order is that of the hits."""
    packed = pack(apart(0, 0.1, 0.2), budget=190, count=count, most=8)
    assert ways(packed) == [("1.py", "whole"), ("2.py", "whole"), ("3.py", "signature")]


def test_a_likely_file_comes_before_a_shorter_unlikely_one() -> None:
    """What counts is worth for tokens: half the tokens do not make up for a fiftieth of the likelihood."""
    first, likely, short = apart(0, 0.5, 4.5)
    short = replace(short, chunk=replace(short.chunk, end_line=10, text="\n".join(short.chunk.text.split("\n")[:10])))
    packed = pack([first, likely, short], budget=190, count=count, most=8)
    assert ways(packed) == [("1.py", "whole"), ("2.py", "whole"), ("3.py", "signature")]


def test_at_most_so_many_are_whole_and_as_many_more_signatures() -> None:
    """The number asked for bounds both, with all room and all files alike."""
    for most in (1, 2, 3):
        shown = [way for _, way in ways(pack(apart(*[0.0] * 12), budget=10_000, count=count, most=most))]
        assert shown[:most] == ["whole"] * most
        assert 1 <= len(shown[most:]) <= most
        assert set(shown[most:]) == {"signature"}


def test_the_best_hit_is_whole_even_when_it_is_long() -> None:
    """Its share is half the room when there are others; it is cut to that at a line, not to its signature."""
    packed = pack(apart(0, 3, many=400), budget=1000, count=count, most=8)
    assert packed[0].path == "1.py"
    assert 100 < packed[0].end_line < 130
    assert pack([], budget=100, count=count, most=8) == []


def test_further_chunks_of_the_file_join_the_best_one() -> None:
    """A second chunk that is nearly as good as the first of its file, and touches it, makes one passage with it."""
    first, second = part(1, 20, symbol="f"), part(22, 40, symbol="g")
    ranked = [Hit(1, 10, first, 3.0), Hit(2, 20, part(1, 5, "b.py"), 2.0), Hit(3, 30, second, 2.9 - DEFAULT.repeat)]
    assert spans(pack(ranked, budget=1000, count=count, most=8)) == [("a.py", 1, 40), ("b.py", 1, 5)]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 18), st.integers(1, 3)), max_size=12),
    st.integers(0, 300),
    st.integers(1, 5),
)
def test_the_budget_holds_and_lines_are_exact(rows: list[tuple[str, int, int]], budget: int, most: int) -> None:
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
            found = part(start, end, f"{path}.py", symbol=f"symbol.{(start + 9) // 10 * 10 - 1}")
            chunks.append(replace(found, signature=f"line {(start + 9) // 10 * 10 - 1}"))
    ranked = hits(*chunks)
    for packed in (
        pack(ranked, budget=budget, count=count, most=most),
        pack_all(ranked, budget=budget, count=count),
    ):
        check(packed, budget)


def check(packed: list[PackedSource], budget: int) -> None:
    """Assert what holds for any passages: the budget, true lines, each once, best first."""
    cost = sum(count(f"{heading(number, one.chunk)}\n{one.text}\n") for number, one in enumerate(packed, 1))
    assert cost <= budget
    shown = [(one.path, line) for one in packed for line in range(one.start_line, one.end_line + 1)]
    assert len(shown) == len(set(shown))
    assert all(one.text == "\n".join(FILE[one.start_line - 1 : one.end_line]) for one in packed)
    assert [one.rank for one in packed] == sorted(one.rank for one in packed)
