"""Turns while they grow: what a part cites, what is told of earlier turns, and what else happens at the same time."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from localdev.app.conversation.commands import Parsed, parse
from localdev.core.errors import BackendError, Busy
from localdev.core.events import Citation, ContextFitted, HistoryForm, Notice, Result
from localdev.core.folders import Folders
from localdev.core.talk import Turn
from localdev.sessions.store import SessionStore
from tests.app.conversation.conftest import Talk
from tests.tui.scripted import CITATIONS, Gate, Script, ScriptedStarter, answer_script, answered, pieces, sources

PATCH = {"patch": "--- a/shop/cart.py\n", "files": ["shop/cart.py"], "checks": [], "attempts": 1}


def fitted(*forms: HistoryForm, standing: tuple[Citation, ...] = ()) -> ContextFitted:
    """Say how a conversation was fitted."""
    return ContextFitted(forms, "sent", 10, 20, 40, 100, 200, standing)


def cut(text: str, *, standing: tuple[Citation, ...] = ()) -> Script:
    """Make the script of an answer that breaks off."""
    return [fitted(standing=standing), sources(CITATIONS[2:]), *pieces(text), BackendError("gone", "again")]


def told(talk: Talk, *scripts: Script) -> list[Turn]:
    """Ask a question for each script and give the turns."""
    conversation = talk(ScriptedStarter({"chat": scripts}))
    for _ in scripts:
        list(conversation.ask("why?").events())
    return conversation.turns()


@pytest.mark.parametrize(
    ("answer", "cited"),
    [("see [3].", (3,)), ("see [4, 3].", (4, 3)), ("see [3, 9].", (3,)), ("`rows[3]` and [3 4] are none", ())],
)
def test_a_part_cites_several_passages_at_once(talk: Talk, answer: str, cited: tuple[int, ...]) -> None:
    """The job writes several numbers into one pair of brackets."""
    assert told(talk, cut(answer))[0].cited == cited


def test_a_part_cites_passages_of_earlier_turns(talk: Talk) -> None:
    """They are among its sources, as with a whole answer: later prompts know what it rests on."""
    (turn,) = told(talk, cut("see [1] and [3], not [2]", standing=CITATIONS[:1]))
    assert turn.cited == (1, 3)
    assert [source.id for source in turn.sources] == [1, 3, 4]


def test_what_never_had_passages_is_not_said_to_have_lost_them(talk: Talk) -> None:
    """A review stands in prompts by its words from the beginning, and so do places that were found without a model."""
    script: Script = [fitted("whole", "short", "short"), sources(), answered()]
    places: Script = [sources(model=""), answered(model="")]
    result = {"findings": [], "files": 1}
    first: Script = [fitted(), sources(), answered()]
    conversation = talk(ScriptedStarter({"chat": [first, places, script], "review": [[Result(result)]]}))
    review = parse("/review")
    assert isinstance(review, Parsed) and review.job is not None
    for run in (conversation.ask("why?"), conversation.run(review.job), conversation.ask("where?")):
        list(run.events())
    run = conversation.ask("and?")
    list(run.events())
    assert run.reformed == ()
    assert [turn.form for turn in conversation.turns()] == ["whole"] * 4


def test_a_turn_that_begins_while_the_session_changes_stands_in_the_new_one(talk: Talk, store: SessionStore) -> None:
    """It was made before, on the screen's own thread; nothing is written to a session that others may have by now."""
    conversation = talk(ScriptedStarter({"chat": [answer_script()]}))
    list(conversation.ask("first").events())
    first = conversation.session.id
    run = conversation.ask("second")
    conversation.new()
    list(run.events())
    assert [turn.asked for turn in store.turns(first)] == ["first"]
    assert [turn.asked for turn in conversation.turns()] == ["second"] and run.turn.number == 1
    assert conversation.session.id != first


def test_no_session_is_made_again_and_again_where_none_can_be_held(
    talk: Talk, store: SessionStore, root: Path, folders: Folders
) -> None:
    """The one that was made is held as soon as that works, and all turns are stored in it."""
    conversation = talk(ScriptedStarter({"chat": [answer_script()]}))
    locks = folders.sessions.parent / "open"
    locks.parent.mkdir(parents=True)
    locks.write_text("in the way")
    for _ in range(3):
        said = [event for event in conversation.ask("why?").events() if isinstance(event, Notice)]
        assert len(said) == 1 and "is not kept" in said[0].text
    assert len(store.list(root)) == 1
    locks.unlink()
    list(conversation.ask("now?").events())
    assert [turn.asked for turn in store.turns(conversation.session.id)] == ["why?"] * 3 + ["now?"]
    assert len(store.list(root)) == 1


def test_what_became_of_a_turn_brings_it_into_no_prompt_again(talk: Talk) -> None:
    """Its screen was open while a later prompt has let go of it: no form ever grows back."""
    later: Script = [fitted("out"), sources(), answered()]
    jobs = ScriptedStarter({"gen": [[Result(PATCH)]], "chat": [later]})
    conversation = talk(jobs)
    command = parse("/gen doc shop/cart.py")
    assert isinstance(command, Parsed) and command.job is not None
    run = conversation.run(command.job)
    list(run.events())
    list(conversation.ask("why?").events())
    conversation.revise(replace(run.turn, payload={**PATCH, "applied": True}))
    list(conversation.ask("and?").events())
    assert [turn["number"] for turn in jobs.started[-1].options["history"] if turn["form"] != "out"] == [2]
    (kept, *_) = conversation.turns()
    assert kept.payload == {**PATCH, "applied": True} and kept.form == "out"


def test_two_turns_are_never_under_way_together(talk: Talk) -> None:
    """Both would be numbered, and one of them stored in the place of the other: the second is refused."""
    gate = Gate()
    conversation = talk(ScriptedStarter({"chat": [answer_script(gate=gate), answer_script()]}))
    one, two = conversation.ask("one"), conversation.ask("two")
    reader = threading.Thread(target=lambda: list(one.events()))
    reader.start()
    gate.reached.wait(5)
    with pytest.raises(Busy, match="under way"):
        list(two.events())
    gate.open()
    reader.join()
    list(two.events())
    assert [(turn.number, turn.asked, turn.state) for turn in conversation.turns()] == [
        (1, "one", "done"),
        (2, "two", "done"),
    ]
