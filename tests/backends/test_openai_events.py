"""Server-sent events: bytes in, events out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.backends.openai_api.events import EventParser, ServerEvent
from localdev.core.errors import BackendError


def read(*pieces: bytes) -> list[ServerEvent]:
    """Read a stream that comes in these pieces."""
    parser = EventParser()
    return [event for piece in pieces for event in parser.feed(piece)] + parser.finish()


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: a\n\ndata: b\n\n", ["a", "b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
        (b"data: a\r\rdata: b\r\r", ["a", "b"]),
        (b"data:a\n\n", ["a"]),
        (b"data:  a\n\n", [" a"]),
        (b"data: a\ndata: b\n\n", ["a\nb"]),
        (b"data: a\ndata\ndata: b\n\n", ["a\n\nb"]),
        (b": ping\n\n: ping\ndata: a\n\n", ["a"]),
        (b"id: 1\nretry: 5\nunknown: x\ndata: a\n\n", ["a"]),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", ["a"]),
        (b"event: x\n\ndata: a\n\n", ["a"]),
        (b"data: [DONE]\n\n", ["[DONE]"]),
        (b"data: a", ["a"]),
        (b"data: a\n", ["a"]),
        ("data: grüße 🙂\n\n".encode(), ["grüße 🙂"]),
        (b"data: \xff\n\n", ["\ufffd"]),
        (b"", []),
        (b"\n\n\n", []),
        (b"<html>no: stream</html>", []),
    ],
)
def test_forms(stream: bytes, data: list[str]) -> None:
    """Line ends, comments, several lines of data, other fields and marks are read as the standard says."""
    assert [event.data for event in read(stream)] == data


def test_names() -> None:
    """An event carries its own name, and the next one not."""
    assert read(b"event: error\ndata: a\n\ndata: b\n\n") == [ServerEvent("a", "error"), ServerEvent("b")]


LINES = st.sampled_from(
    [
        b"data: a",
        b"data:",
        "data: ü🙂".encode(),
        b": c",
        b"event: error",
        b"",
        b"",
        b"id: 3",
        b"\xef\xbb\xbfdata: q",
        b"data: [DONE]",
    ]
)


@given(
    lines=st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"])), max_size=14),
    cuts=st.lists(st.integers(0, 200), max_size=12),
)
def test_cuts_change_nothing(lines: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    """Wherever the bytes are cut, inside characters and line ends too, the events are the same."""
    stream = b"".join(line + end for line, end in lines)
    borders = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert read(*(stream[a:b] for a, b in itertools.pairwise(borders))) == read(stream)


def test_every_single_cut() -> None:
    """The same for each byte alone."""
    stream = "\ufeffdata: ü\r\ndata: 🙂\r\n\r\n: c\r\revent: e\ndata: x\n\ndata: [DONE]".encode()
    assert read(*(stream[at : at + 1] for at in range(len(stream)))) == read(stream)
    assert [event.data for event in read(stream)] == ["ü\n🙂", "x", "[DONE]"]


def test_endless_line() -> None:
    """A line or an event without end is refused before it fills the memory."""
    for piece in (b"x" * 65_536, b"data: y\n" * 8192):
        parser = EventParser()
        with pytest.raises(BackendError, match="more than 4 MB"):
            for _ in range(100):
                parser.feed(piece)
