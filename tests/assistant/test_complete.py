"""Filling in the middle: what the model is given, and what of its text is a completion."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.assistant.complete import CompleteRequest, complete, fit
from localdev.assistant.repeats import UntilRepeated
from localdev.backends.fake import FakeBackend, Reply
from localdev.core.chat import ChatRequest, ModelInfo, Sampling
from localdev.core.errors import BackendError, ContextOverflow, ModelError, UsageError
from localdev.core.events import Event, Result, Sources, TextDelta

PREFIX = "def add(a, b):\n    "
SUFFIX = "\n\n\nprint(add(1, 2))\n"


def run(backend: FakeBackend, request: CompleteRequest) -> tuple[list[Event], dict[str, object]]:
    """Run the job and give its events and the payload of the last."""
    events = list(complete(request, backend=backend))
    last = events[-1]
    assert isinstance(last, Result)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == last.payload["completion"]
    return events, last.payload


def test_a_completion() -> None:
    """The model's text comes as it is, with its name and figures, after what was read."""
    events, payload = run(
        FakeBackend(["return a + b"], name="coder"), CompleteRequest(PREFIX, SUFFIX, path="src/add.py")
    )
    first = events[0]
    assert isinstance(first, Sources) and first.model == "coder"
    assert [(hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line) for hit in first.hits] == [("src/add.py", 1, 6)]
    assert payload["completion"] == "return a + b"
    assert (payload["model"], payload["stop_reason"]) == ("coder", "stop")
    assert payload["usage"] == {"prompt_tokens": 10, "cached_tokens": 0, "completion_tokens": 3}


def test_the_request() -> None:
    """Prefix, suffix, sampling and owner reach the backend."""
    backend = FakeBackend(["x"])
    run(backend, CompleteRequest(PREFIX, SUFFIX, sampling=Sampling(max_tokens=7), owner="repo"))
    assert backend.requests == [
        ChatRequest(prefix=PREFIX, suffix=SUFFIX, sampling=Sampling(max_tokens=7), owner="repo")
    ]


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_it_ends_where_the_next_line_is_repeated(piece: int) -> None:
    """The text behind is not written twice; the engine is stopped there, and the counts are those of what it did."""
    backend = FakeBackend([Reply("return a + b\n\n\nprint(add(1, 2))\nprint(add(3, 4))\n" * 50, piece=piece)])
    _, payload = run(backend, CompleteRequest(PREFIX, SUFFIX))
    assert payload["completion"] == "return a + b\n\n"
    assert payload["stop_reason"] == "repeated"
    if piece == 1:
        assert backend.pieces < 40
        assert payload["usage"] == {"prompt_tokens": 5 + 6 + 4 - 1, "cached_tokens": 0, "completion_tokens": 8}


def test_a_cut_by_length_is_said() -> None:
    """The reason is the model's own."""
    assert run(FakeBackend([Reply("return", reason="length")]), CompleteRequest("x"))[1]["stop_reason"] == "length"


def test_what_cannot_be_completed() -> None:
    """Nothing at all, a model without the tokens for it, and a window full of answer are errors."""

    class ChatOnly(FakeBackend):
        """A model for conversations."""

        def describe(self) -> ModelInfo:
            """Say so."""
            return ModelInfo("talker", "fake", 100, capabilities=frozenset({"chat"}))

    with pytest.raises(UsageError, match="no text"):
        list(complete(CompleteRequest(""), backend=FakeBackend(["x"])))
    with pytest.raises(ModelError, match=r"talker cannot complete.*filling in the middle") as caught:
        list(complete(CompleteRequest("x"), backend=ChatOnly(["x"])))
    assert "`localdev config set models.complete NAME`" in caught.value.hint
    with pytest.raises(ContextOverflow, match=r"up to 90 tokens.*has 100"):
        request = CompleteRequest("x", sampling=Sampling(max_tokens=90))
        list(complete(request, backend=FakeBackend(["x"], context_window=100)))


def test_a_failing_engine() -> None:
    """What was written comes, then the error."""
    events = complete(CompleteRequest("x"), backend=FakeBackend([Reply("abcdefgh", piece=4, fail_after=1)]))
    assert isinstance(next(events), Sources)
    assert next(events) == TextDelta("abcd")
    with pytest.raises(BackendError, match="scripted"):
        next(events)


def test_closing_stops_the_engine() -> None:
    """No piece is made after the job was closed."""
    backend = FakeBackend([Reply("abcdefgh" * 9, piece=1)])
    events = complete(CompleteRequest("x"), backend=backend)
    next(events), next(events)
    events.close()  # type: ignore[attr-defined]
    assert backend.pieces == 1


NUMBERED = "".join(f"line {number:04}\n" for number in range(200))  # 10 characters each


def characters(text: str) -> int:
    """Count a character as a token."""
    return len(text)


@pytest.mark.parametrize(
    ("prefix", "suffix", "budget", "before", "behind"),
    [
        ("a\nb", "c\nd", 100, "a\nb", "c\nd"),
        ("", "", 10, "", ""),
        (NUMBERED, NUMBERED, 400, NUMBERED[-240:], NUMBERED[:100]),  # 30 lines fit, the last 24 begin at line 176
        (NUMBERED, "", 400, NUMBERED[-400:], ""),  # 40 lines: line 160 is a multiple of 16
        (NUMBERED, "", 90, NUMBERED[-80:], ""),  # 9 lines fit, the last 8 begin at line 192
        (NUMBERED, "", 50, NUMBERED[-50:], ""),  # the next multiple would leave nothing
        ("short", NUMBERED, 400, "short", NUMBERED[:390]),  # what the prefix leaves is the suffix's
        ("a" * 50, "b" * 50, 40, "a" * 30, "b" * 10),  # one line longer than all that may be
        ("first\n" + "a" * 50, "b\nc\n", 40, "a" * 36, "b\nc\n"),
    ],
)
def test_fitting(prefix: str, suffix: str, budget: int, before: str, behind: str) -> None:
    """The nearest whole lines are kept, three parts of prefix for one of suffix."""
    assert fit(prefix, suffix, budget=budget, count=characters) == (before, behind)


@given(st.text("ab\n", max_size=60), st.text("ab\n", max_size=60), st.integers(4, 60))
def test_fitting_keeps_to_the_budget(prefix: str, suffix: str, budget: int) -> None:
    """What is kept is next to the cursor and costs at most the budget; nothing is cut that fits."""
    before, behind = fit(prefix, suffix, budget=budget, count=characters)
    assert len(before) + len(behind) <= budget
    assert prefix.endswith(before) and suffix.startswith(behind)
    if len(prefix) + len(suffix) <= budget:
        assert (before, behind) == (prefix, suffix)


def test_little_is_counted_of_much() -> None:
    """Of a text of a megabyte only what may fit is counted, and that a few times."""
    counted: list[int] = []

    def count(text: str) -> int:
        counted.append(len(text))
        return len(text) // 4

    fit("x = 1\n" * 170_000, "y = 2\n" * 170_000, budget=1000, count=count)
    assert max(counted) <= 8000 and len(counted) < 40


@pytest.mark.parametrize(
    ("prefix", "suffix", "text", "kept"),
    [
        ("", "\nprint(1)\n", "print(1)\nx", ""),
        ("x", "\nprint(1)\n", "print(1)\nx", "print(1)\nx"),  # behind x it is no line of its own
        ("", "\n  \n  print(1)  \n", "a\n  print(1)\nb", "a"),
        ("", "\n  print(1)\n", "a\nprint(1)\nb", "a\nprint(1)\nb"),  # another depth, another line
        ("", "\nprint(1)\n", "a\nprint(1) or b\n", "a\nprint(1) or b\n"),
        ("", "\nprint(1)\n", "a\nprint(1)", "a"),
        ("", "\nprint(1)\n", "a\nprint(1)  \n", "a"),
        ("", "\nprint(1)\n", "a\nprint(", "a\nprint("),
        ("", "\n}\n", "{\n}\n}\n", "{\n}\n}\n"),  # a brace ends many blocks
        ("", "rest(1)\n}\n", "rest(1)\n", "rest(1)\n"),  # the cursor's own line does not count
        ("", "", "a\n\nb", "a\n\nb"),
        ("", "\nprint(1)", "", ""),
    ],
)
def test_until_repeated(prefix: str, suffix: str, text: str, kept: str) -> None:
    """A whole line that is the next one behind the cursor ends the completion, however the text is cut."""
    for size in (1, 2, 3, 100):
        until = UntilRepeated(prefix, suffix)
        shown = "".join(until.feed(text[at : at + size]) for at in range(0, len(text), size)) + until.finish()
        assert (shown, until.repeated) == (kept, kept != text)


def test_nothing_is_held_back_without_need() -> None:
    """Text that cannot become the line comes at once."""
    until = UntilRepeated("", "\nprint(1)\n")
    assert [until.feed(text) for text in ("a", "b\n", "  c", "\npr", "i", "xt")] == [
        "a", "b", "\n  c", "", "", "\nprixt",
    ]  # fmt: skip
