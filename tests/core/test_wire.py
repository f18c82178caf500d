"""Values that travel between processes come back as they were, and nothing else is taken for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.backends.options import BackendOptions, EngineOptions
from localdev.core.chat import ChatRequest, Message, ModelInfo, Sampling, TokenLogprob, Usage
from localdev.core.code import Chunk, RefreshReport, Skipped
from localdev.core.errors import BackendError, ContextOverflow, LocaldevError, UsageError
from localdev.core.events import Answered, Citation, Event, Finished, Notice, Refreshed, Result, Sources, TextDelta
from localdev.core.search import Hit, ScorePart
from localdev.core.wire import WireError, dumps, error_from_json, error_to_json, from_json, loads, to_json

_HIT = Hit(1, 7, Chunk("a\udcff.py", 1, 2, "python", "function", "x\n\ud800"), 0.5, (ScorePart("bm25", 1.0, "n"),))
VALUES: list[tuple[Any, Any]] = [
    (Event, TextDelta("a\udc80\n\u2028b", (TokenLogprob("a", -0.5, (("b", -1.0),)),))),
    (Event, Sources((_HIT,), "m")),
    (Event, Refreshed(RefreshReport(1, 2, skipped=(Skipped("p", "binary"),), notes=("n",)), "p")),
    (Event, Notice("hint", "h")),
    (Event, Answered("a", (Citation(1, "p", 1, 2),), usage=Usage(1, 2, 3))),
    (Event, Result({"a": [1, 2.5, None, True, {"$": "x"}]})),
    (TextDelta | Finished, Finished("stop", Usage(1, 0, 2))),
    (ChatRequest, ChatRequest((Message("user", "x"),), sampling=Sampling(stop=("a", "b")), schema={"type": "object"})),
    (BackendOptions, BackendOptions(1, engine=EngineOptions(states=Path("/x\udcff")))),
    (ModelInfo, ModelInfo("m", "b", 1, capabilities=frozenset({"fim", "chat"}))),
]


@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_there_and_back(kind: Any, value: Any) -> None:
    """What comes back is equal and of the same class, on one line of ASCII."""
    line = dumps(value)
    assert line.isascii() and line.count(b"\n") == 1 and line.endswith(b"\n")
    back = loads(kind, line)
    assert back == value and type(back) is type(value)


@given(st.text(st.characters(), max_size=30))
def test_any_text_survives(text: str) -> None:
    """Whatever Python can hold as text travels, halves of surrogate pairs included."""
    assert loads(TextDelta, dumps(TextDelta(text))) == TextDelta(text)


def _changed(**fields: Any) -> dict[str, Any]:
    """Give the JSON of a text event with some fields others."""
    return {"$": "TextDelta", "text": "a", "logprobs": [], **fields}


WRONG: list[tuple[Any, Any]] = [
    (Event, {"$": "Unknown", "text": "a"}),
    (Event, {"text": "a", "logprobs": []}),
    (Event, ["a"]),
    (Event, None),
    (Event, _changed(more=1)),
    (Event, {"$": "TextDelta", "text": "a"}),
    (Event, _changed(text=1)),
    (Event, _changed(logprobs="abc")),
    (Event, _changed(logprobs=[1])),
    (Event, _changed() | {"$": ["TextDelta"]}),
    (Event, {"$": "Notice", "level": "loud", "text": "x"}),
    (Event, {"$": "Notice", "level": ["info"], "text": "x"}),
    (tuple[str, float], ["a"]),
    (int, True),
    (float, "1"),
    (Mapping[str, int], {"a": "b"}),
]


@pytest.mark.parametrize(("kind", "data"), WRONG)
def test_wrong_values_are_refused(kind: Any, data: Any) -> None:
    """Another class, field, type or choice is an error, and never another value."""
    with pytest.raises(WireError):
        from_json(kind, data)


def test_lines_that_are_no_json() -> None:
    """Half a line, text and nesting without end are errors of the same kind."""
    for line in (b"", b"{", b"\xff", b"[" * 100_000):
        with pytest.raises(WireError):
            loads(Event, line)


@dataclasses.dataclass(frozen=True)
class _Odd:
    """Holds what cannot be told apart again."""

    value: str | Path = ""


def test_what_cannot_travel_is_refused() -> None:
    """Objects, keys that are no texts, and unions that cannot be told apart are errors."""
    for value in (object(), {1: 2}, b"bytes", Message):
        with pytest.raises(WireError):
            to_json(value)
    with pytest.raises(WireError, match="told apart"):
        from_json(_Odd, to_json(_Odd("x")))
    assert from_json(Literal["a"] | None, None) is None


def test_errors_keep_class_text_and_hint() -> None:
    """An error is of the same class on the other side; one that is not known there is still an error."""
    for error in (ContextOverflow("too long", "shorten it"), UsageError("wrong"), BackendError("x\udcff", "y")):
        back = error_from_json(error_to_json(error))
        assert (type(back), str(back), back.hint) == (type(error), str(error), error.hint)
    unknown = error_from_json({"code": "nothing-known", "message": "m", "hint": "h"})
    assert (type(unknown), str(unknown), unknown.exit_code) == (LocaldevError, "m", 4)
    broken: list[Any] = [{"code": "x"}, {"code": "x", "message": 1, "hint": ""}, []]
    for wrong in broken:
        with pytest.raises(WireError):
            error_from_json(wrong)


def test_codes_are_unique() -> None:
    """Each code names one class."""
    codes, waiting = [], [LocaldevError]
    while waiting:
        kind = waiting.pop()
        codes.append(kind.code)
        waiting.extend(kind.__subclasses__())
    assert len(codes) == len(set(codes))
