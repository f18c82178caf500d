"""A session as Markdown stays within its bounds whatever a model said, and as JSON holds all there is."""

from __future__ import annotations

import json
import stat
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.core.errors import NotFound, StorageError, UsageError
from localdev.core.events import Citation, Notice, Timings
from localdev.core.talk import Attachment, SessionInfo, Turn
from localdev.sessions.export import answer_markdown, exported, file_name, to_json, to_markdown, write_export

INFO = SessionInfo("0a12bc3d", "How *are* settings read?", "/home/me/shop", 1767605400.0, 1767605500.0, 2, "tiny")
TURN = Turn(
    1,
    "question",
    "How are settings read?",
    "By `read_settings` [1].",
    "done",
    sources=(Citation(1, "app/settings.py", 4, 7, "read_settings"), Citation(2, "app/main.py", 3, 3)),
    cited=(1, 2),
    model="tiny",
    timings=Timings(total_ms=4321.0),
    asked_at=1767605400.0,
)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have times be those of Greenwich."""
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_a_turn_as_markdown() -> None:
    """Title, place and time, the question as heading, the answer, its sources, the model."""
    assert (
        to_markdown(INFO, [TURN])
        == """# How \\*are\\* settings read?

`/home/me/shop`, 2026-01-05 09:30, 2 turns, session 0a12bc3d

## 1. How are settings read?

By `read_settings` [1].

- [1] `app/settings.py:4-7` read\\_settings
- [2] `app/main.py:3`

*2026-01-05 09:30, tiny, 4.3 s*
"""
    )


def test_what_else_a_turn_holds() -> None:
    """Attachments, longer questions, notices, unverified names, patches and how it ended are all there."""
    turn = replace(
        TURN,
        asked="first line\nsecond ``` line",
        attachments=(Attachment("pasted `x`", "```\ncode\n````"),),
        unverified=("read_all",),
        said=(Notice("warning", "the index is *old*"),),
        payload={"patch": "--- a\n+++ b\n"},
        state="failed",
        error="the model is away",
        hint="start it",
    )
    text = to_markdown(INFO, [turn])
    for part in (
        "## 1. first line\n\n````text\nfirst line\nsecond ``` line\n````",
        "Attached: `` pasted `x` ``\n\n`````\n```\ncode\n````\n`````",
        "```diff\n--- a\n+++ b\n```",
        "**Failed: the model is away (start it)**",
        "Not found in the repository: `read_all`",
        "- warning: the index is \\*old\\*",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("cancelled", "**Cancelled.**"),
        ("unfinished", "**Not finished: "),
        ("streaming", "**The answer is still coming"),
    ],
)
def test_how_a_turn_ended_is_in_words(state: str, told: str) -> None:
    """A part of an answer is marked as one."""
    assert told in to_markdown(INFO, [replace(TURN, state=state)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("```python\nx = 1", "```python\nx = 1\n```"),
        ("~~~~\n~~~\n```", "~~~~\n~~~\n```\n~~~~"),
        ("````\n```\n````\nafter", "````\n```\n````\nafter"),
        ("``` not `a` fence", "``` not `a` fence"),
        ("    ```\nindented", "    ```\nindented"),
        ("<!-- hidden", "\\<!-- hidden"),
        ("<details><script>x", "<details>\\<script>x"),
        ("![a](http://tracker/x)", "\\![a](http://tracker/x)"),
        ("```\n<!-- code ![a](b)\n```", "```\n<!-- code ![a](b)\n```"),
        ("a < b and c != [1]", "a < b and c != [1]"),
    ],
)
def test_an_answer_stays_in_its_bounds(answer: str, expected: str) -> None:
    """Open fences are closed; outside of code nothing is hidden or fetched; all else is as it was."""
    assert answer_markdown(answer) == expected


def test_control_characters_are_shown() -> None:
    """Nothing in a session drives a terminal that the file is printed on."""
    nasty = "\x1b[2J\x07\u202etxet\x9b1m"
    turn = replace(TURN, asked=nasty, answer=nasty + "\r\nnext", error=nasty, model=nasty, attachments=())
    text = to_markdown(replace(INFO, title=nasty, root="/" + nasty), [turn])
    assert not any(mark in text for mark in "\x1b\x07\u202e\x9b\r")
    assert "\\x1b" in text


@given(text=st.text(st.characters(codec=None), max_size=60))
def test_any_text_can_be_exported(text: str) -> None:
    """Whatever a session holds, both forms can be made and written as UTF-8."""
    turn = replace(TURN, asked=text, answer=text, attachments=(Attachment(text, text),), model=text, error=text)
    info = replace(INFO, title=text, root=text)
    assert to_markdown(info, [turn]).encode("utf-8", "backslashreplace")
    read = json.loads(exported(info, [turn], "json"))
    assert read == json.loads(json.dumps(to_json(info, [turn])))
    assert read["turns"][0]["asked"] == text


def test_json_holds_every_field() -> None:
    """All of a session and its turns is there, under a version."""
    read = to_json(INFO, [TURN])
    assert read["schema_version"] == 1
    assert read["session"] == asdict(INFO)
    assert read["turns"] == [asdict(TURN)]


def test_file_names() -> None:
    """A file is named after the day and the title, whatever is in it."""
    assert file_name(INFO, "markdown") == "chat-2026-01-05-how-are-settings-read.md"
    assert file_name(replace(INFO, title="../../折扣\0"), "json") == "chat-2026-01-05-0a12bc3d.json"
    assert len(file_name(replace(INFO, title="x" * 500), "json")) < 80


def test_writing(tmp_path: Path) -> None:
    """A file is written whole, for the user alone; one that is there is replaced only when this is asked for."""
    file = tmp_path / "chat.md"
    write_export(file, "a\udcff")
    assert file.read_text() == "a\\udcff"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="there already") as caught:
        write_export(file, "b")
    assert caught.value.hint
    write_export(file, "b", force=True)
    assert file.read_text() == "b"
    with pytest.raises(UsageError, match="folder"):
        write_export(tmp_path, "b", force=True)
    with pytest.raises(NotFound):
        write_export(tmp_path / "none" / "x.md", "b")
    with pytest.raises(StorageError):
        write_export(tmp_path / ("x" * 300), "b")
    with pytest.raises(UsageError, match="name"):
        write_export(tmp_path / "a\0b", "b")
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["chat.md"]
