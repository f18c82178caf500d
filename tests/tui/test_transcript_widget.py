"""The transcript as people use it: following, scrolling, marking, clicking, selecting; and how it looks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Input

from localdev.core.chat import Usage
from localdev.core.events import Citation, Notice, Timings
from localdev.core.talk import Attachment, Turn
from localdev.tui.themes import THEMES
from localdev.tui.transcript.widget import Transcript
from tests.tui.drive import Snapshots, drive, settle, shows
from tests.tui.picture import screen_text

ANSWER = """## How files are found

The walk begins in `walk_files` [1] and asks `Ignore.matches` for every folder [2, 3]. What is ignored is never
opened, so a large `node_modules` costs **nothing**. `frobnicate` (unverified) may be *another* way.

- files first, then folders
  - with `.gitignore` read [1]
1. one
2. two

> A quote from the documentation that is long enough to be folded on a narrow terminal.

```python
def walk_files(root: Path) -> Iterator[Path]:
    \"\"\"Give every file that is not ignored.\"\"\"
    for entry in sorted(os.scandir(root), key=by_name):  # always the same order
        yield Path(entry.path), 42
```

| setting | default | what it does |
|---|:-:|--:|
| `k` | 6 | passages |
| `context_tokens` | 1500 | tokens of new passages |

See [the docs](docs/walk.md).
"""
SOURCES = tuple(Citation(number, f"src/walk{number}.py", 1, 20, "walk_files") for number in (1, 2, 3))
THEN = 1_767_605_400.0  # 5 January 2026, 09:30 UTC


def conversation() -> list[Turn]:
    """Make a turn of every kind and state."""
    question = Turn(
        1,
        "question",
        "How does the walk skip ignored files?",
        ANSWER,
        "done",
        (Attachment("pasted text 1", "a\nb"),),
        SOURCES,
        (1, 2, 3),
        ("frobnicate",),
        model="qwen2.5-coder-1.5b",
        usage=Usage(1200, 900, 180),
        timings=Timings(3, 12, 820, 5200),
        form="short",
        asked_at=THEN,
    )
    review = Turn(
        2,
        "review",
        "/review",
        state="done",
        payload={"findings": [{"severity": "high"}], "files": 3},
        asked_at=THEN + 60,
    )
    cancelled = Turn(
        3,
        "question",
        "and where is it called?",
        "It is called in",
        "cancelled",
        model="qwen2.5-coder-1.5b",
        asked_at=THEN + 90_000,
        said=(Notice("warning", "the index is older than 2 files"),),
    )
    failed = Turn(
        4, "question", "日本語 too?", state="failed", error="no model is there", hint="run `localdev models pull`"
    )
    return [question, review, cancelled, failed]


def long_talk(count: int, first: int = 1) -> list[Turn]:
    """Make turns of some rows each."""
    return [
        Turn(
            number,
            "question",
            f"question {number}",
            f"answer {number}\n\n- a\n- b\n\nend {number} [1]",
            "done",
            (),
            SOURCES,
            (1,),
            model="m",
        )
        for number in range(first, first + count)
    ]


class Host(App[None]):
    """A transcript over a line of input; `got` are its messages, `stopped` counts what it left of the escape key."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stop")]

    def __init__(self, turns: list[Turn], theme: str = "dark") -> None:
        super().__init__()
        self._turns = turns
        self._first_theme = theme
        self.got: list[Message] = []
        self.stopped = 0

    def action_stop(self) -> None:
        """Count it."""
        self.stopped += 1

    def compose(self) -> ComposeResult:
        """Put both on the screen."""
        yield Transcript(id="transcript")
        yield Input()

    def on_mount(self) -> None:
        """Show the turns."""
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = THEMES[self._first_theme].name
        self.transcript.set_turns(self._turns)

    @property
    def transcript(self) -> Transcript:
        """The transcript."""
        return self.query_one(Transcript)

    def on_transcript_source_chosen(self, message: Transcript.SourceChosen) -> None:
        """Note it."""
        self.got.append(message)

    def on_transcript_turn_marked(self, message: Transcript.TurnMarked) -> None:
        """Note it."""
        self.got.append(message)

    def on_transcript_turn_opened(self, message: Transcript.TurnOpened) -> None:
        """Note it."""
        self.got.append(message)

    def on_transcript_older_wanted(self, message: Transcript.OlderWanted) -> None:
        """Note it."""
        self.got.append(message)

    def on_transcript_copy_asked(self, message: Transcript.CopyAsked) -> None:
        """Note it."""
        self.got.append(message)


def find(app: Host, text: str) -> tuple[int, int]:
    """Find a text on the screen: its column and row."""
    for y, line in enumerate(screen_text(app).split("\n")):
        if text in line:
            return line.index(text), y
    raise AssertionError(f"{text!r} is not on the screen:\n{screen_text(app)}")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(60, 15), (80, 24), (160, 48)])
def test_a_conversation_looks_like_this(snap: Snapshots, theme: str, size: tuple[int, int]) -> None:
    """A conversation with a turn of every kind, in both themes and at three sizes."""
    snap(Host(conversation(), theme), f"transcript-{theme}-{size[0]}x{size[1]}", size=size)


def test_another_theme_paints_what_was_painted() -> None:
    """Rows that are kept painted take the colours of the theme that is chosen now."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await settle(pilot)
        dark = {segment.style for y in range(20) for segment in app.transcript.render_line(y)}
        app.theme = THEMES["light"].name
        await settle(pilot)
        light = {segment.style for y in range(20) for segment in app.transcript.render_line(y)}
        assert not {style.bgcolor for style in dark} & {style.bgcolor for style in light}

    drive(Host(conversation()), body)


def test_places_look_like_this(snap: Snapshots) -> None:
    """Without a model the places themselves are the answer."""
    places = (
        "[1] src/walk1.py:1-20  walk_files\n    Every file.\n     9 | def walk_files(root):\n    10 |     yield root\n"
        "    used by: app/__init__.py:3\n\n[2] docs/walk.md:1-3\n    1 | # The walk\n"
    )
    turn = Turn(1, "question", "Where is the walk?", places, "done", sources=SOURCES, asked_at=THEN)
    snap(Host([turn]), "transcript-places", size=(80, 24))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_an_answer_looks_like_this(snap: Snapshots, theme: str) -> None:
    """Headings, code, tables, lists, quotes and citations; the turn that is marked has a bar."""
    snap(Host(conversation()[:1], theme), f"transcript-answer-{theme}", size=(90, 45), press=("up",))


def test_an_empty_conversation_says_what_to_do(snap: Snapshots) -> None:
    """Where nothing was asked the first steps are said."""
    snap(Host([]), "transcript-empty", size=(60, 15))


def test_text_that_waits_is_not_dropped_for_another_turn() -> None:
    """Text that came too soon after other text is shown soon after, also when an earlier turn changes meanwhile."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        earlier, turn = Turn(1, "question", "one", "", "done"), Turn(2, "question", "two", "", "streaming")
        app.transcript.show(replace(turn, answer="first "))
        app.transcript.show(replace(turn, answer="first second"))
        app.transcript.show(replace(earlier, form="short"))
        await shows(pilot, "first second", seconds=3)

    drive(Host([Turn(1, "question", "one", "", "done")]), body)


def test_it_follows_text_that_comes() -> None:
    """While the end is in view it stays in view, whatever comes."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        turn = Turn(31, "question", "more?", "", "streaming")
        text = ""
        for number in range(40):
            text += f"word {number}\n\n"
            app.transcript.show(replace(turn, answer=text))
            await pilot.pause(0.02)
        await settle(pilot)
        assert "word 39" in screen_text(app)
        assert "answering ..." in screen_text(app)
        assert app.transcript.following
        app.transcript.show(replace(turn, answer=text, state="done", model="tiny"))
        await settle(pilot)
        assert "answering" not in screen_text(app)
        assert "tiny" in screen_text(app)

    drive(Host(long_talk(30)), body)


def test_a_reader_is_left_where_she_is() -> None:
    """After scrolling up nothing moves while text comes; that there is more is said, and End goes there."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        turn = Turn(31, "question", "more?", "\n\n".join(f"word {number}" for number in range(30)), "streaming")
        app.transcript.show(turn)
        await pilot.press("pageup")
        await settle(pilot)
        assert not app.transcript.following
        before = screen_text(app).split("\n")[:15]
        for number in range(20):
            turn = replace(turn, answer=turn.answer + f"\n\nnew {number}")
            app.transcript.show(turn)
            await pilot.pause(0.02)
        await settle(pilot)
        assert screen_text(app).split("\n")[:15] == before
        assert "new text below - End" in screen_text(app)
        await pilot.press("end")
        await settle(pilot)
        assert app.transcript.following
        assert "new 19" in screen_text(app)
        assert "new text below" not in screen_text(app)

    drive(Host(long_talk(30)), body)


def test_scrolling_to_the_end_follows_again() -> None:
    """Coming back to the end by scrolling is enough."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await pilot.press("pageup", "pageup")
        assert not app.transcript.following
        await pilot.press("pagedown", "pagedown", "pagedown")
        assert app.transcript.following

    drive(Host(long_talk(30)), body)


def test_marking_goes_from_turn_to_turn() -> None:
    """Up marks the last turn in view, then the ones before; the marked one is in view; escape marks none."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await pilot.press("left_square_bracket")
        assert app.transcript.marked == 30
        for _ in range(9):
            await pilot.press("left_square_bracket")
        await settle(pilot)
        assert app.transcript.marked == 21
        assert "▌ ❯ question 21" in screen_text(app)
        assert [message.turn.number for message in app.got] == list(range(30, 20, -1))
        await pilot.press("right_square_bracket")
        assert app.transcript.marked_turn().number == 22
        await pilot.press("escape")
        await settle(pilot)
        assert app.transcript.marked == 0
        assert "▌" not in screen_text(app)
        assert app.stopped == 0
        await pilot.press("escape")
        assert app.stopped == 1

    drive(Host(long_talk(30)), body)


def test_up_and_down_read_a_long_turn_first() -> None:
    """A marked turn that is higher than the view is scrolled through before the next one is marked."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await pilot.press("up")
        top = app.transcript.scroll_offset.y
        assert app.transcript.marked == 3
        await pilot.press("down")
        assert app.transcript.marked == 3
        assert app.transcript.scroll_offset.y > top
        for _ in range(60):
            await pilot.press("up")
        assert app.transcript.marked == 1

    long_one = Turn(3, "question", "long", "\n\n".join(f"line {number}" for number in range(50)), "done")
    drive(Host([*long_talk(2), long_one]), body)


def test_enter_opens_what_a_turn_brought() -> None:
    """A review is opened; of an answer the first source it cites is shown."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        app.transcript.marked = 2
        await pilot.press("enter")
        app.transcript.marked = 1
        await pilot.press("enter")
        await pilot.pause()
        opened, chosen = app.got
        assert isinstance(opened, Transcript.TurnOpened)
        assert opened.turn.number == 2
        assert isinstance(chosen, Transcript.SourceChosen)
        assert (chosen.number, chosen.turn.number) == (1, 1)

    drive(Host(conversation()), body)


def test_a_citation_can_be_clicked() -> None:
    """Each number of a citation leads to its own source; other text marks its turn."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await settle(pilot)
        x, y = find(app, "[2, 3]")
        await pilot.click(offset=(x + 1, y))
        await pilot.click(offset=(x + 4, y))
        await pilot.click(offset=(x - 6, y))
        await pilot.pause()
        assert [message.number for message in app.got[:2]] == [2, 3]
        assert isinstance(app.got[2], Transcript.TurnMarked)

    drive(Host(conversation()[:1]), body, size=(100, 60))


def test_older_turns_are_asked_for_once_and_come_above() -> None:
    """At the top the older turns are wanted; when they come, what is in view stays."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await pilot.press("home", "pageup", "home")
        await settle(pilot)
        assert [type(message) for message in app.got] == [Transcript.OlderWanted]
        before = [line[:78].rstrip() for line in screen_text(app).split("\n")]
        app.transcript.prepend(long_talk(20))
        await settle(pilot)
        assert before[0] == "┃ ❯ question 21"
        assert [line[:78].rstrip() for line in screen_text(app).split("\n")] == before  # but for the scrollbar
        await pilot.press("home")
        await settle(pilot)
        assert "question 1\n" in "\n".join(line.strip(" ┃❯") for line in screen_text(app).split("\n"))
        assert len(app.got) == 1

    drive(Host(long_talk(20, first=21)), body)


async def drag(pilot: Pilot[Any], start: tuple[int, int], end: tuple[int, int]) -> str | None:
    """Drag the mouse and give the selected text."""
    await pilot.mouse_down(offset=start)
    await pilot.hover(offset=end)
    await pilot.mouse_up(offset=end)
    await pilot.pause()
    return pilot.app.screen.get_selected_text()


def test_text_is_selected_over_several_turns() -> None:
    """What is dragged over is copied as it reads: no gutter, no bars, folded lines in one piece."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await settle(pilot)
        start, end = find(app, "question 1"), find(app, "end 2")
        text = await drag(pilot, (start[0] + 5, start[1]), (end[0] + 2, end[1]))
        first, second = "ion 1\n\nanswer 1\n\n• a\n• b\n\nend 1 [1]", "question 2\n\nanswer 2\n\n• a\n• b\n\nend"
        assert text == f"{first}\n\nm · 1 of 3 sources\n\n{second}"
        await pilot.press("c")
        await pilot.pause()
        assert app.got[-1].text == text
        await pilot.press("escape")
        assert app.screen.get_selected_text() is None

    drive(Host(long_talk(2)), body, size=(80, 40))


def test_folded_text_is_copied_as_one_line() -> None:
    """A paragraph and a line of code that were folded come out whole; quotes come without their bars."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await settle(pilot)
        start, end = find(app, "A quote"), find(app, "yield Path")
        text = await drag(pilot, start, (end[0] + 4, end[1])) or ""
        assert "A quote from the documentation that is long enough to be folded on a narrow terminal." in text
        assert "for entry in sorted(os.scandir(root), key=by_name):  # always the same order\n" in text
        assert text.endswith("\n        yield")

    drive(Host(conversation()[:1]), body, size=(50, 70))


def test_clicks_select_a_word_or_a_turn() -> None:
    """Two clicks select the word under them, three the whole turn."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await settle(pilot)
        place = find(app, "answer 1")
        await pilot.click(offset=(place[0] + 2, place[1]), times=2)
        await pilot.pause()
        assert app.screen.get_selected_text() == "answer"
        await pilot.click(offset=place, times=3)
        await pilot.pause()
        text = app.screen.get_selected_text()
        assert text.startswith("question 1\n")
        assert text.endswith("m · 1 of 3 sources")

    drive(Host(long_talk(2)), body, size=(80, 40))


def test_a_selection_stays_with_its_text_while_more_comes() -> None:
    """Rows that are added below, and older turns above, do not shift what is selected."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await settle(pilot)
        start = find(app, "answer 21")
        assert await drag(pilot, start, (start[0] + 8, start[1])) == "answer 21"
        app.transcript.show(Turn(23, "question", "more", "text\n" * 30, "streaming"))
        app.transcript.prepend(long_talk(20))
        await settle(pilot)
        assert app.screen.get_selected_text() == "answer 21"

    drive(Host(long_talk(2, first=21)), body, size=(80, 40))


def test_a_turn_is_copied_as_its_markdown() -> None:
    """Without a selection the marked turn is copied, its answer exactly as the model wrote it."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        app.transcript.marked = 1
        await pilot.press("c")
        await pilot.pause()
        assert app.got[-1].text == "> How does the walk skip ignored files?\n\n" + ANSWER
        assert app.got[-1].what == "turn 1 as Markdown"

    drive(Host(conversation()), body)


def test_a_resize_keeps_the_place() -> None:
    """What stood topmost is in view after the terminal became narrow, and stands there again when it is wide."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        app.transcript.scroll_to(y=app.transcript.max_scroll_y // 2, animate=False)
        await settle(pilot)
        before = screen_text(app)
        top = next(line for line in before.split("\n") if "question" in line).strip(" ┃❯")
        await pilot.resize_terminal(60, 15)
        await settle(pilot)
        assert top in screen_text(app)
        await pilot.resize_terminal(100, 30)
        await settle(pilot)
        assert top in screen_text(app)
        await pilot.press("end")
        await pilot.resize_terminal(60, 15)
        await settle(pilot)
        assert "end 60" in screen_text(app)

    drive(Host(long_talk(60)), body, size=(100, 30))


def test_another_theme_takes_effect_at_once() -> None:
    """Rows that are painted already get the other theme's colours."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        dark = await settle(pilot)
        app.theme = THEMES["light"].name
        light = await settle(pilot)
        app.theme = THEMES["dark"].name
        assert await settle(pilot) == dark != light

    drive(Host(conversation()), body)


def test_without_colours_everything_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR words and marks say what colours do."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def body(pilot: Pilot[Any]) -> None:
        await pilot.press("up")
        await settle(pilot)
        text = screen_text(pilot.app)
        for words in (
            "▌ ❯ 日本語 too?",
            "Failed: no model is there",
            "hint: run",
            "Cancelled",
            "warning: ",
            "(unverified)",
        ):
            assert words in text

    drive(Host(conversation()), body, size=(100, 60))


def test_fast_deltas_are_all_shown_in_the_end() -> None:
    """Deltas that come faster than they are shown are not lost, also when the last one ends the turn."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        turn = Turn(1, "question", "q", "", "streaming")
        for number in range(300):
            turn = replace(turn, answer=turn.answer + f"w{number} ")
            app.transcript.show(turn)
        await pilot.pause(0.1)
        await settle(pilot)
        assert "w299" in screen_text(app)
        app.transcript.show(replace(turn, answer=turn.answer + "x", state="streaming"))
        app.transcript.show(replace(turn, answer=turn.answer + "last", state="cancelled"))
        await pilot.pause(0.1)
        await settle(pilot)
        assert "last" in screen_text(app)
        assert "Cancelled" in screen_text(app)

    drive(Host([]), body)


def test_only_rows_that_change_are_painted_again() -> None:
    """A word more at the end of the answer leaves the rows above alone."""

    async def body(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        turn = Turn(9, "question", "q", "first words", "streaming")
        app.transcript.show(turn)
        await settle(pilot)
        await pilot.pause(0.1)
        before = [app.transcript.render_line(y) for y in range(app.transcript.size.height)]
        app.transcript.show(replace(turn, answer="first words and more"))
        after = [app.transcript.render_line(y) for y in range(app.transcript.size.height)]
        assert sum(old is not new for old, new in zip(before, after, strict=True)) == 1

    drive(Host(long_talk(8)), body)
