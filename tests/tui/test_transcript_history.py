"""The column of all turns: heights, what stands where, what stays in place, and how much is held."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localdev.core.chat import Usage
from localdev.core.events import Notice, Timings
from localdev.core.talk import Attachment, Turn
from localdev.tui.transcript.blocks import TurnBlocks
from localdev.tui.transcript.history import History, Place

ANSWER = (
    "# Title\n\nwords "
    + "and more words " * 20
    + "\n\n- a\n- b\n\n```python\n"
    + "x = 1\n" * 30
    + "```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
)


def turns(count: int, answer: str = ANSWER) -> list[Turn]:
    """Make turns."""
    return [Turn(number, "question", f"question {number}", answer, "done", model="m") for number in range(1, count + 1)]


def history(held: list[Turn], width: int = 60) -> History:
    """Hold turns at a width."""
    made = History()
    made.set_width(width)
    made.set(held)
    return made


def view(made: History, y: int, height: int) -> list[str]:
    """Give what a view shows."""
    rows = [made.row(made.place(at)) for at in range(y, min(y + height, made.total))]
    assert all(row is not None for row in rows)
    return [row.text for row in rows if row is not None]


def test_what_is_in_view_is_laid_out_and_little_else() -> None:
    """A view anywhere has its rows; of a thousand turns only those around it are made."""
    made = history(turns(1000))
    y = made.prepare(0, 40, at_end=True)
    assert view(made, y, 40)[-1] == "m"
    assert sum(turn.open for turn in made.turns) <= 3
    y = made.prepare(made.total // 2, 40)
    assert len(view(made, y, 40)) == 40


def test_memory_is_bounded_while_all_is_read() -> None:
    """Paging through everything keeps a bounded number of rows and of open turns."""
    made = history(turns(300))
    y = 0
    while y < made.total - 40:
        y = made.prepare(y + 39, 40)
        laid = sum(len(block.rows) for block in made._laid.values() if block.rows is not None)
        assert laid == made._rows <= 2400
        assert sum(turn.open for turn in made.turns) <= 60


def test_memory_is_bounded_while_an_answer_streams() -> None:
    """The end of a long answer is made again with every word; what it was before is not kept."""
    turn = Turn(1, "question", "q", model="m")
    made = history([turn])
    for word in range(2000):
        turn = replace(turn, answer=f"{turn.answer}word{word} and more" + ("\n\n" if word % 100 == 99 else " "))
        made.put(turn)
        made.prepare(0, 24, at_end=True)
    laid = sum(len(block.rows) for block in made._laid.values() if block.rows is not None)
    assert laid == made._rows
    assert len(made._laid) <= 160


def test_paging_up_misses_no_row_and_shows_none_twice() -> None:
    """Though what stands above is an estimate, going up page by page shows every row once, in order."""
    held = turns(40)
    exact = history(held)
    whole = [row.text for _, row in exact.rows_between(None, None)]
    made = history(held)
    y = made.prepare(0, 20, at_end=True)
    seen = view(made, y, 20)
    while y > 0:
        first = made.key(made.place(y))
        y = made.prepare(y - 20, 20)
        page = []
        for at in range(y, y + 20):
            if made.key(made.place(at)) >= first:
                break
            page += view(made, at, 1)
        assert page
        seen = page + seen
    assert seen == whole


def test_what_stays_in_view_moves_by_what_was_scrolled() -> None:
    """Going up by less than a page, the rows that are seen before and after stand that much lower."""
    chance = random.Random(1)
    parts = (
        "word " * 90,
        "word\n" * 9,
        "- item\n" * 70,
        "```c\n" + "x;\n" * 140 + "```",
        "|a|b|\n|-|-|\n" + "|1|2|\n" * 90,
    )
    for _ in range(12):
        made = history(turns(9, "\n\n".join(chance.choices(parts, k=4))), chance.choice((40, 100)))
        y = made.prepare(0, 24, at_end=True)
        while y > 23:
            step = chance.choice((1, 3, 10, 23))
            before = [made.key(made.place(at)) for at in range(y, y + 24 - step)]
            y = made.prepare(y - step, 24)
            # At the very top there may turn out to be fewer rows than were to be scrolled.
            assert y == 0 or [made.key(made.place(at)) for at in range(y + step, y + 24)] == before


def test_keys_are_ordered_as_rows_are_and_stay() -> None:
    """A row's key is the same after older turns came and after heights were corrected."""
    held = turns(6)
    made = history(held[3:])
    made.prepare(0, 1000)
    keys = [made.key(made.place(y)) for y in range(made.total)]
    assert keys == sorted(set(keys))
    last = keys[-1]
    made.prepend(held[:3])
    assert made.key(made.place(made.prepare(0, 10, at_end=True) + 9)) == last
    assert [turn.turn.number for turn in made.turns] == [1, 2, 3, 4, 5, 6]


def test_turns_are_replaced_by_number_and_kept_in_order() -> None:
    """A turn of a number that is there takes its place; older ones that came twice are left out."""
    made = history(turns(2))
    made.put(replace(turns(1)[0], answer="short"))
    made.put(Turn(9, "question", "nine"))
    made.put(Turn(5, "question", "five"))
    made.prepend(turns(2))
    assert [turn.turn.number for turn in made.turns] == [1, 2, 5, 9]
    assert made.turns[0].turn.answer == "short"
    assert made.index_of(5) == 2
    assert made.index_of(7) is None


def test_a_compaction_is_seen_where_it_begins() -> None:
    """A line stands between turns that are sent shortened, or not at all, and those that are sent whole."""
    held = turns(3, "a")
    held[0] = replace(held[0], form="out")
    held[1] = replace(held[1], form="short")
    made = history(held)
    made.prepare(0, 100)
    text = "\n".join(view(made, 0, 100))
    assert text.index("no longer sent") < text.index("question 2") < text.index("without their passages")
    made.put(replace(held[1], form="whole"))
    made.prepare(0, 100)
    text = "\n".join(view(made, 0, 100))
    assert "without their passages" not in text
    assert "no longer sent" in text


PARTS = st.lists(
    st.sampled_from(
        [
            "# H",
            "\n",
            "\n\n",
            "text ",
            "[1",
            "] and ",
            "`na",
            "me` ",
            "```python\n",
            "x = 1\n",
            "```\n",
            "- item\n",
            "  more\n",
            "| a | b |\n",
            "|---|---|\n",
            "| 1 | 2 |\n",
            "> q\n",
            "**b",
            "** ",
        ]
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=150)
@given(PARTS, st.booleans())
def test_a_streamed_turn_looks_as_if_it_came_at_once(parts: list[str], look: bool) -> None:
    """However the text is cut into deltas, citations and fences in the middle, the end is the same."""
    turn = Turn(1, "question", "q", "", "streaming", model="m")
    made = history([turn], 40)
    for part in parts:
        turn = replace(turn, answer=turn.answer + part)
        made.put(turn)
        if look:
            made.prepare(0, 30, at_end=True)
    done = replace(turn, state="done")
    made.put(done)
    made.prepare(0, 10_000)
    whole = history([done], 40)
    whole.prepare(0, 10_000)
    assert view(made, 0, 10_000) == view(whole, 0, 10_000)


def test_only_the_open_piece_is_made_again_while_text_comes() -> None:
    """Blocks of pieces that are whole stay the same objects, laid out."""
    turn = Turn(1, "question", "q", ANSWER + "\n\nlast words", "streaming", model="m")
    made = history([turn])
    made.prepare(0, 1000)
    before = list(made.turns[0].blocks())
    made.put(replace(turn, answer=turn.answer + " go on"))
    after = made.turns[0].blocks()
    assert [old is new for old, new in zip(before, after, strict=True)] == [True] * (len(before) - 2) + [False] * 2
    assert all(block.rows is not None for block in after[:-1])


def test_names_found_unverified_at_the_end_are_marked() -> None:
    """When the names come, the answer is made again."""
    turn = Turn(1, "question", "q", "uses `made_up` here\n\nand more\n\nlast\n", "streaming", model="m")
    made = history([turn])
    made.prepare(0, 100)
    made.put(replace(turn, state="done", unverified=("made_up",)))
    made.prepare(0, 100)
    looks = {span.text: span.look for _, row in made.rows_between(None, None) for span in row.spans}
    assert looks["made_up"] == ("unverified",)


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (Turn(1, "question", "q", "part", "cancelled"), ["Cancelled: the answer ends here."]),
        (
            Turn(1, "question", "q", "", "failed", error="no model", hint="pull one"),
            ["Failed: no model", "hint: pull one"],
        ),
        (
            Turn(1, "question", "q", "a", "done", timings=Timings(1, 2, 40, 900), model="m", usage=Usage(9, 0, 44)),
            ["m · first word 40 ms · 0.9 s · 50 tokens/s"],
        ),
        (Turn(1, "question", "q", "a", "done", timings=Timings(1, 2, 0, 15)), ["without a model · 15 ms"]),
        (Turn(1, "question", "q", "part", "unfinished"), ["Unfinished: the chat ended", "/retry"]),
        (Turn(1, "question", "q", "", "streaming"), ["working ..."]),
        (Turn(1, "question", "q", "a", "streaming"), ["answering ..."]),
        (
            Turn(1, "question", "q", "a", "done", said=(Notice("warning", "2 files\nleft"),)),
            ["warning: 2 files", "left"],
        ),
        (
            Turn(1, "question", "q", "a", "done", attachments=(Attachment("a\x1b.py", "1\n2"),)),
            ["+ a\\x1b.py (2 lines)"],
        ),
        (
            Turn(1, "review", "/review", payload={"findings": [], "files": 2}),
            ["No findings in 2 changed files - Enter"],
        ),
        (
            Turn(1, "review", "/review", payload={"findings": [{"severity": "high"}], "files": 1, "not_reviewed": [1]}),
            ["1 finding (1 high) in 1 changed file; 1 part not reviewed"],
        ),
        (Turn(1, "commit", "/commit", payload={"subject": "feat: x"}), ["Commit message: feat: x - Enter opens it"]),
        (
            Turn(1, "commit", "/commit", payload={"stopped": "nothing-staged"}),
            ["No message: there is nothing to commit: no file was changed"],
        ),
        (
            Turn(1, "commit", "/commit", payload={"stopped": "nothing-staged", "paths": ["a.py"]}),
            ["No message: nothing is staged; changed are: a.py", "hint: `git add -p` chooses what to commit"],
        ),
        (
            Turn(1, "gen", "/gen fix", payload={"files": ["a.py"], "applied": False}),
            ["Patch of 1 file (a.py), not applied"],
        ),
        (Turn(1, "gen", "/gen fix", payload={"files": []}), ["No change proposed"]),
    ],
)
def test_every_state_is_said_in_words(turn: Turn, expected: list[str]) -> None:
    """How a turn ended, what came with it and what it brought can be read, without colours."""
    blocks = TurnBlocks(turn, None)
    blocks.set_width(70)
    text = "\n".join(row.text for block in blocks.blocks() for row in block.lay_out(70))
    for words in expected:
        assert words in text


def words_of(turn: Turn) -> str:
    """Give all that is shown of a turn."""
    blocks = TurnBlocks(turn, None)
    blocks.set_width(200)
    return "\n".join(row.text for block in blocks.blocks() for row in block.lay_out(200))


def test_what_cut_an_answer_is_said_once() -> None:
    """The job knows whether it was the window or the longest length, and its words stand alone."""
    why = "the answer was cut, for the model's window (512 tokens) was full; lower chat.context_tokens"
    text = words_of(Turn(1, "question", "q", "part", "done", stop_reason="length", said=(Notice("warning", why),)))
    assert text.count("cut") == 1 and "max_tokens" not in text


def test_nothing_is_offered_to_be_opened_where_there_is_nothing() -> None:
    """A commit that cannot be made has said all."""
    text = words_of(Turn(1, "commit", "/commit", payload={"stopped": "nothing-staged", "paths": ["a.py"]}))
    assert "Enter opens it" not in text


def test_another_width_and_back() -> None:
    """What stood topmost stands there again when the width is the old one."""
    made = history(turns(50))
    y = made.prepare(made.total // 3, 30)
    place = made.place(y)
    share = place.row / made.block(place).height
    made.set_width(30)
    narrow = made.prepare(made.shown_at(place, share), 30)
    assert made.place(narrow).turn == place.turn
    assert made.place(narrow).block == place.block
    made.set_width(60)
    assert made.place(made.prepare(made.shown_at(place, share), 30)) == place


def test_a_long_question_is_laid_out_in_parts() -> None:
    """All of it is there, and nothing is made before it is seen."""
    made = history([Turn(1, "question", "\n".join(f"line {number}" for number in range(5_000)), "yes", "done")])
    y = made.prepare(0, 40)
    assert view(made, y, 2) == ["❯ line 0", "  line 1"]
    assert sum(block.rows is not None for block in made.turns[0].blocks()) == 1
    assert made.total > 5_000
    assert made.block(Place(0, 3, 0)).lay_out(60)[0].text == "  line 600"


def test_an_answer_without_a_model_is_read_as_places() -> None:
    """Once a model is known to answer its text is Markdown, before that and without one it is not."""
    turn = Turn(1, "question", "q", "**a** [1]", "streaming")
    made = history([turn])
    made.prepare(0, 50)
    assert "**a** [1]" in view(made, 0, 50)
    made.put(replace(turn, model="m"))
    made.prepare(0, 50)
    assert "a [1]" in view(made, 0, 50)
