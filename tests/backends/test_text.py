"""Text assembly: characters over token borders, stop strings over piece borders."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.backends.text import TextAssembler


def run(data: bytes, cuts: list[int], stop: tuple[str, ...]) -> tuple[list[str], bool]:
    """Feed `data` cut at the places given; give the pieces that came out and whether a stop string ended it."""
    writer = TextAssembler(stop)
    borders = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    pieces = []
    for start, end in pairwise(borders):
        pieces.append(writer.add(data[start:end]))
        if writer.stopped:
            break
    pieces.append(writer.finish())
    return pieces, writer.stopped


@given(text=st.text(max_size=40), cuts=st.lists(st.integers(0, 160), max_size=20))
def test_any_cut_gives_the_text(text: str, cuts: list[int]) -> None:
    """However the bytes are cut, the pieces join to the text and never hold half a character."""
    pieces, stopped = run(text.encode(errors="surrogatepass"), cuts, ())
    assert not stopped
    assert "".join(pieces) == text.encode(errors="surrogatepass").decode(errors="replace")


@given(
    text=st.text("ab<|e🙂", max_size=40),
    cuts=st.lists(st.integers(0, 80), max_size=30),
    stop=st.lists(st.text("ab<|e🙂", min_size=1, max_size=5), max_size=3),
)
def test_stop_strings_over_any_border(text: str, cuts: list[int], stop: list[str]) -> None:
    """Nothing of a stop string is given, and nothing in front of the first one that is complete is lost."""
    pieces, stopped = run(text.encode(), cuts, tuple(stop))
    joined = "".join(pieces)
    assert text.startswith(joined)
    assert not any(each in joined for each in stop)
    assert stopped == any(each in text for each in stop)
    if stopped:
        assert any(text[len(joined) :].startswith(each) for each in stop)
    else:
        assert joined == text


def test_text_is_held_no_longer_than_needed() -> None:
    """Only what may still become a stop string waits."""
    writer = TextAssembler(("END",))
    assert [writer.add(piece) for piece in (b"abE", b"N", b"x", b"E")] == ["ab", "", "ENx", ""]
    assert writer.finish() == "E"


@pytest.mark.parametrize(("data", "text"), [(b"\xe4\xb8", "\ufffd"), (b"a\xffb", "a\ufffdb"), (b"", "")])
def test_broken_bytes(data: bytes, text: str) -> None:
    """Bytes that are no UTF-8 become the replacement character."""
    assert "".join(run(data, [1], ())[0]) == text
