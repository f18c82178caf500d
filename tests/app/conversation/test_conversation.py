"""Conversations: turns that grow, what later questions are given, sessions begun, resumed and refused."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from localdev.app.conversation.choosing import NONE, Choice
from localdev.app.conversation.commands import Parsed, parse
from localdev.app.conversation.conversation import Conversation
from localdev.app.conversation.turn_run import TurnRun
from localdev.app.conversation.turns import MOST_HISTORY, title_of
from localdev.core.errors import BackendError, Busy, NotFound, StorageError, UsageError
from localdev.core.events import Answered, Citation, ContextFitted, Event, Notice, Result, Sources, TextDelta
from localdev.core.talk import Attachment, Turn
from localdev.sessions.store import SessionStore
from tests.app.conversation.conftest import Talk
from tests.tui.scripted import (
    CITATIONS,
    Gate,
    Script,
    ScriptedStarter,
    answer_script,
    answered,
    hit,
    pieces,
    sources,
)


def chat(*scripts: Script, **others: list[Script]) -> ScriptedStarter:
    """Make the jobs of a chat that is answered by scripts, in order."""
    return ScriptedStarter({"chat": scripts or [answer_script()], **others})


def done(run: TurnRun) -> list[Event]:
    """Read a run to its end."""
    return list(run.events())


def told(conversation: Conversation, text: str = "why?") -> Turn:
    """Ask and give the turn."""
    run = conversation.ask(text)
    done(run)
    return run.turn


def test_a_question_is_answered_and_kept(talk: Talk, store: SessionStore, root: Path) -> None:
    """The turn holds the whole answer with its sources; the store has the same, in a session called after it."""
    conversation = talk(chat())
    assert conversation.session.id == "" and store.list(root) == []
    run = conversation.ask("How is the discount decided?\nIn detail.", [Attachment("a.log", "busy")])
    assert run.turn.state == "streaming" and run.turn.number == 1
    kinds = [type(event) for event in run.events()]
    assert kinds[-1] is Answered and TextDelta in kinds
    turn = run.turn
    assert turn.state == "done" and turn.cited == (1, 2) and turn.unverified == ("apply_voucher",)
    assert turn.usage.prompt_tokens == 900 and turn.model == "tiny" and turn.ended_at >= turn.asked_at > 0
    (info,) = store.list(root)
    assert (info.title, info.turns, info.model) == ("How is the discount decided?", 1, "tiny")
    assert store.turns(info.id) == [turn] == conversation.turns()
    assert conversation.session.id == info.id


def test_nothing_is_stored_without_a_question(talk: Talk, folders: Any) -> None:
    """A chat that is opened and left leaves nothing behind."""
    talk(chat()).close()
    assert not folders.sessions.exists()


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("why?", "why?"),
        ("\n\n  what   is this \nand that", "what is this"),
        ("x" * 80, "x" * 59 + "…"),
        (
            "how is it that the settings of a repository are read before those",
            "how is it that the settings of a repository are read…",
        ),
        ("/review staged", "/review staged"),
    ],
)
def test_a_session_is_called_after_its_first_question(asked: str, title: str) -> None:
    """The first line counts, blanks are folded, and a long one is cut at a word."""
    assert title_of(Turn(1, "question", asked)) == title
    assert len(title) <= 60


@pytest.mark.parametrize(
    ("kind", "asked", "title"),
    [
        ("review", "/review", "Review: what is not committed"),
        ("review", "/review staged shop", "Review: staged shop"),
        ("commit", "/commit", "Commit: the message"),
        ("gen", "/gen doc shop/cart.py::total", "Patch: doc shop/cart.py::total"),
    ],
)
def test_a_session_that_begins_with_a_command_is_called_so_in_words(kind: Any, asked: str, title: str) -> None:
    """A list of slashes tells nobody which conversation was which."""
    assert title_of(Turn(1, kind, asked)) == title


@pytest.mark.parametrize("again", [False, True])
def test_the_first_question_gives_the_title_after_commands_too(talk: Talk, store: SessionStore, again: bool) -> None:
    """In the same chat or a later one; a title that somebody has given stays."""
    review = parse("/review")
    assert isinstance(review, Parsed) and review.job is not None
    reviews: Any = {"review": [[Result({"findings": [], "files": 1})]], "chat": [answer_script()] * 3}
    conversation = talk(ScriptedStarter(reviews))
    list(conversation.run(review.job).events())
    assert conversation.session.title == "Review: what is not committed"
    if again:
        id = conversation.session.id
        conversation.close()
        conversation = talk(ScriptedStarter({"chat": [answer_script()] * 3}), session=id)
    told(conversation, "why is that?")
    assert conversation.session.title == "why is that?" == store.info(conversation.session.id).title
    conversation.rename("mine")
    told(conversation, "and this?")
    assert conversation.session.title == "mine" == store.info(conversation.session.id).title


def test_the_answer_is_stored_while_it_comes(talk: Talk, store: SessionStore, root: Path) -> None:
    """Half a second after a piece has come it is on the disk, even when nothing comes after it."""
    gate = Gate()
    conversation = talk(chat(answer_script("half of it, and the rest", gate=gate)))
    run = conversation.ask("why?")
    reader = threading.Thread(target=done, args=(run,))
    reader.start()
    gate.reached.wait(5)
    deadline = time.monotonic() + 5
    stored = ""
    while "half" not in stored and time.monotonic() < deadline:
        time.sleep(0.05)
        info = store.list(root)
        stored = store.turns(info[0].id)[0].answer if info else ""
    assert stored == run.turn.answer and run.turn.state == "streaming"
    gate.open()
    reader.join()
    assert conversation.turns()[0].answer == run.turn.answer == "half of it, and the rest"


def test_cancelling_keeps_the_part(talk: Talk) -> None:
    """The part that came stays, the turn says so, and a next question is given it."""
    gate = Gate()
    jobs = chat(answer_script("a part and the rest of it", gate=gate), answer_script())
    conversation = talk(jobs)
    run = conversation.ask("why?")
    reader = threading.Thread(target=done, args=(run,))
    reader.start()
    gate.reached.wait(5)
    run.cancel()
    run.cancel()
    reader.join(5)
    assert run.turn.state == "cancelled" and run.turn.answer.startswith("a part")
    assert conversation.turns() == [run.turn]
    told(conversation, "and?")
    (earlier,) = jobs.started[1].options["history"]
    assert earlier["answer"] == run.turn.answer and earlier["state"] == "cancelled"


def test_a_part_cites_its_passages(talk: Talk) -> None:
    """What came of an answer says which passages it rests on, also where the job could not say it."""
    script: Script = [sources(CITATIONS[:2]), *pieces("see [2][9], and `rows[1]`"), BackendError("gone", "again")]
    assert told(talk(chat(script))).cited == (2,)


def test_a_turn_that_is_cancelled_before_it_began_asks_nobody(talk: Talk) -> None:
    """What waited in a queue and was cancelled there starts no job."""
    jobs = chat()
    run = talk(jobs).ask("why?")
    run.cancel()
    assert done(run) == [] and run.turn.state == "cancelled" and jobs.started == []


def test_leaving_the_events_cancels(talk: Talk) -> None:
    """Whoever stops reading has cancelled the turn."""
    conversation = talk(chat())
    run = conversation.ask("why?")
    events = run.events()
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert run.turn.state == "cancelled" == conversation.turns()[0].state


def test_a_failing_job_ends_the_turn_and_not_the_chat(talk: Talk) -> None:
    """The error and its hint stand in the turn with what had come; the next question is asked as ever."""
    failing: Script = [*pieces("some words"), BackendError("the engine is gone", "start it again")]
    conversation = talk(chat(failing, answer_script()))
    turn = told(conversation)
    assert (turn.state, turn.error, turn.hint) == ("failed", "the engine is gone", "start it again")
    assert turn.answer == "some words" and conversation.turns() == [turn]
    assert told(conversation).state == "done"


def test_a_bug_is_raised_when_the_turn_is_stored(talk: Talk) -> None:
    """Nothing of a bug is swallowed, and what was said before it is kept."""

    class Broken(ScriptedStarter):
        def start(self, job: str, options: Any, *, model: str = "", adapter: str = "") -> Any:
            raise ZeroDivisionError("division by zero")

    conversation = talk(Broken({}))
    run = conversation.ask("why?")
    with pytest.raises(ZeroDivisionError):
        done(run)
    assert run.turn.state == "failed" and "ZeroDivisionError" in run.turn.error
    assert conversation.turns() == [run.turn]


def test_an_answer_without_an_end_is_said_to_be_cut(talk: Talk) -> None:
    """A job that just stops is a failure, not an answer."""
    turn = told(talk(chat(pieces("half"))))
    assert turn.state == "failed" and turn.error == "the answer ended before it was whole"


def test_a_repository_that_is_gone_is_said(talk: Talk, root: Path) -> None:
    """The turn fails with a hint, the chat goes on."""
    conversation = talk(chat())
    shutil.rmtree(root)
    turn = told(conversation)
    assert turn.state == "failed" and "is not there any more" in turn.error and turn.hint


def test_what_cannot_be_stored_is_said_and_stored_later(talk: Talk, store: SessionStore, folders: Any) -> None:
    """A store that cannot be written costs a warning; the answer goes on, and is stored as soon as that works."""
    conversation = talk(chat())
    folders.sessions.parent.parent.mkdir(parents=True)
    folders.sessions.parent.write_text("in the way")
    run = conversation.ask("why?")
    notices = [event for event in run.events() if isinstance(event, Notice)]
    assert run.turn.state == "done"
    assert len(notices) == 1 and notices[0].level == "warning" and "is not kept" in notices[0].text
    assert conversation.turns() == [run.turn] and conversation.session.id == ""
    folders.sessions.parent.unlink()
    told(conversation, "and?")
    assert [turn.asked for turn in store.turns(conversation.session.id)] == ["why?", "and?"]


def test_later_prompts_get_the_history_and_its_forms(talk: Talk, store: SessionStore) -> None:
    """What a prompt has shortened is stored, shown as changed, and given back with the next question."""
    first_fitted = ContextFitted((), "the first", 0, 20, 30, 100, 200)
    fitted = ContextFitted(("short",), "sent", 10, 20, 40, 100, 200)
    jobs = chat(
        [first_fitted, *answer_script()], [fitted, sources([Citation(4, "c.py", 1, 2, "c")]), answered("no", cited=())]
    )
    conversation = talk(jobs)
    first = told(conversation)
    run = conversation.ask("and?")
    done(run)
    assert run.turn.sent == "sent" and [source.id for source in run.turn.sources] == [4]
    assert run.reformed == (replace(first, form="short"),)
    assert [turn.form for turn in store.turns(conversation.session.id)] == ["short", "whole"]
    told(conversation, "so?")
    history = jobs.started[2].options["history"]
    assert [(turn["number"], turn["form"], turn["sent"]) for turn in history] == [
        (1, "short", "the first"),
        (2, "whole", "sent"),
    ]


def test_what_an_answer_cites_of_earlier_turns_is_among_its_sources(talk: Talk) -> None:
    """The list beside an answer has all that it cites, each once, in order."""
    cited = (Citation(1, "a.py", 1, 2, "a"), Citation(4, "c.py", 1, 2, "c"))
    turn = told(talk(chat([sources(cited[1:]), answered("both [1][4]", cited=cited)])))
    assert [source.id for source in turn.sources] == [1, 4] and turn.cited == (1, 4)


def test_numbers_of_passages_go_on_after_a_failure(talk: Talk) -> None:
    """Also where the turn that had the highest is none that later prompts hold."""
    jobs = chat([sources([Citation(7, "a.py", 1, 2, "a")]), BackendError("gone", "again")], answer_script())
    conversation = talk(jobs)
    told(conversation)
    told(conversation)
    history = jobs.started[1].options["history"]
    assert max(source["id"] for turn in history for source in turn["sources"]) == 7
    assert history[0]["form"] == "out" and history[0]["answer"] == ""


def test_old_turns_are_left_out_in_one_go(talk: Talk, store: SessionStore, root: Path) -> None:
    """What is sent with a question is bounded, and prompts begin alike for many turns after."""
    info = store.create(root, title="long")
    for number in range(1, MOST_HISTORY + 2):
        store.add(info.id, Turn(number, "question", "q", "a", "done"))
    jobs = chat()
    conversation = talk(jobs, session=info.id)
    for _ in range(3):
        told(conversation)
    counts = [len(started.options["history"]) for started in jobs.started]
    assert counts == [MOST_HISTORY, MOST_HISTORY // 2, MOST_HISTORY // 2 + 1]


def test_the_choice_of_the_model_counts_from_the_next_question_on(talk: Talk) -> None:
    """A model and an adapter go to the job; `none` asks for no model at all."""
    jobs = chat()
    conversation = talk(jobs)
    told(conversation)
    conversation.choice = Choice("tiny", "short@0.5")
    assert told(conversation).adapter == "short@0.5"
    conversation.choice = Choice(NONE, NONE)
    told(conversation)
    asked = [(each.model, each.adapter, each.options["no_model"]) for each in jobs.started]
    assert asked == [("", "", False), ("tiny", "short@0.5", False), ("", NONE, True)]


def test_commands_are_turns_too(talk: Talk) -> None:
    """A review, a commit and a patch are kept with their payload and what to tell of them in words."""
    finding = {"path": "a.py", "line": 3, "severity": "high", "rule": "bare-except", "message": "catches all"}
    review = {"change": "uncommitted work", "files": 2, "findings": [finding], "not_reviewed": [], "model": "tiny"}
    commit = {"stopped": "", "message": "fix: a\n\nbody", "model": ""}
    patch = {"patch": "diff", "files": ["a.py"], "checks": [{"name": "parses", "ok": True, "detail": "yes"}]}
    jobs = chat(review=[[Result(review)]], commit=[[Result(commit)]], gen=[[sources(), Result(patch)]])
    conversation = talk(jobs)
    for line in ("/review staged", "/commit", "/gen doc a.py::f"):
        parsed = parse(line)
        assert isinstance(parsed, Parsed) and parsed.job is not None
        done(conversation.run(parsed.job))
    told(conversation)
    reviewed, committed, generated, _ = conversation.turns()
    assert reviewed.payload == review and "a.py:3 high (bare-except): catches all" in reviewed.answer
    assert committed.answer == "fix: a\n\nbody" and committed.kind == "commit"
    assert generated.answer.startswith("Proposed a patch for a.py") and generated.sources == ()
    assert [turn["kind"] for turn in jobs.started[3].options["history"]] == ["review", "commit", "gen"]


def test_a_fix_reads_what_is_attached(talk: Talk) -> None:
    """`/gen fix` mends what an attached output complains about, and says what it misses without one."""
    jobs = chat(gen=[[Result({"patch": "", "files": [], "checks": [], "attempts": 2})]])
    conversation = talk(jobs)
    parsed = parse("/gen fix")
    assert isinstance(parsed, Parsed) and parsed.job is not None
    run = conversation.run(parsed.job, [Attachment("pytest", "E  assert 1 == 2")])
    done(run)
    assert jobs.started[0].options["output"] == "E  assert 1 == 2"
    assert run.turn.answer.startswith("Refused after 2 attempts")
    bare = conversation.run(parsed.job)
    done(bare)
    assert bare.turn.state == "failed" and "/attach" in bare.turn.hint


def test_retrying_hides_the_first_answer(talk: Talk) -> None:
    """The same question is asked again with its attachments; the model does not see what it said before."""
    jobs = chat()
    conversation = talk(jobs)
    with pytest.raises(UsageError):
        conversation.retry()
    run = conversation.ask("why?", [Attachment("a", "text")])
    done(run)
    again = conversation.retry()
    assert [turn.form for turn in conversation.turns()] == ["whole"]  # nothing is written before its turn comes
    done(again)
    assert [turn.form for turn in again.reformed] == ["out"]
    assert jobs.started[1].options["question"] == "why?"
    assert jobs.started[1].options["attachments"] == [{"name": "a", "text": "text"}]
    assert all(turn["form"] == "out" for turn in jobs.started[1].options["history"])
    assert [turn.form for turn in conversation.turns()] == ["out", "whole"]


def test_compacting_shortens_all_but_the_last(talk: Talk) -> None:
    """The turns that changed are given, and stored."""
    conversation = talk(chat([ContextFitted((), "sent", 0, 20, 30, 100, 200), *answer_script()]))
    for _ in range(3):
        told(conversation)
    assert [turn.number for turn in conversation.compact()] == [1, 2]
    assert [turn.form for turn in conversation.turns()] == ["short", "short", "whole"]
    assert conversation.compact() == []


def test_the_prompt_is_shown_and_nothing_kept(talk: Talk) -> None:
    """Showing the prompt of a question is no turn."""
    jobs = chat()
    conversation = talk(jobs)
    list(conversation.show_prompt("why?").events())
    assert jobs.started[0].options["show_prompt"] is True and conversation.turns() == []


def test_sessions_begin_and_are_resumed(talk: Talk, store: SessionStore) -> None:
    """A new one begins empty; an earlier one comes back with its turns and its numbers."""
    conversation = talk(chat())
    told(conversation, "first")
    first = conversation.session.id
    conversation.new()
    assert conversation.turns() == [] and conversation.session.id == ""
    conversation.rename(" the   second ")
    told(conversation, "second")
    assert conversation.session.title == "the second" == store.info(conversation.session.id).title
    conversation.resume(first[:4])
    assert [turn.asked for turn in conversation.turns()] == ["first"]
    assert told(conversation, "again").number == 2
    conversation.resume("the second")
    assert conversation.session.turns == 1
    with pytest.raises(NotFound):
        conversation.resume("no such")


def test_nothing_changes_while_an_answer_is_under_way(talk: Talk) -> None:
    """A new session, another one and a retry wait for its end."""
    gate = Gate()
    conversation = talk(chat(answer_script(gate=gate)))
    run = conversation.ask("why?")
    reader = threading.Thread(target=done, args=(run,))
    reader.start()
    gate.reached.wait(5)
    for move in (conversation.new, conversation.retry, lambda: conversation.resume("x")):
        with pytest.raises(Busy, match="under way"):
            move()
    gate.open()
    reader.join()
    conversation.new()


def test_closing_ends_the_answer(talk: Talk, store: SessionStore, root: Path) -> None:
    """What is under way when the chat is left is stored as cancelled, and others may have the session."""
    gate = Gate()
    conversation = talk(chat(answer_script(gate=gate)))
    run = conversation.ask("why?")
    reader = threading.Thread(target=done, args=(run,), daemon=True)
    reader.start()
    gate.reached.wait(5)
    conversation.close()
    (info,) = store.list(root)
    assert store.turns(info.id)[0].state == "cancelled" and not store.is_open(info.id)


def test_two_chats_have_a_session_each(talk: Talk, store: SessionStore) -> None:
    """The same one is refused with what to do; `--continue` is the last one and no other, whoever has it open."""
    one, two = talk(chat()), talk(chat())
    told(one, "one")
    told(two, "two")
    assert one.session.id != two.session.id
    with pytest.raises(Busy, match="open") as refused:
        talk(chat(), session=one.session.id)
    assert "begin a new" in refused.value.hint
    one.close()
    with pytest.raises(Busy, match=r"the last conversation \(two\) is open in another chat") as busy:
        talk(chat(), continue_last=True)
    assert f"--session {one.session.id}` goes on with the one before: one" in busy.value.hint
    two.close()
    assert talk(chat(), continue_last=True).session.id == two.session.id


def test_with_nothing_to_continue_a_new_one_begins(talk: Talk) -> None:
    """Nothing else could be meant."""
    assert talk(chat(), continue_last=True).session.id == ""


def test_sessions_of_a_newer_version_are_said_at_once(
    talk: Talk, store: SessionStore, root: Path, folders: Any
) -> None:
    """Before anything is asked that could not be kept; the file stays as it is."""
    store.create(root)
    store.close()
    with contextlib.closing(sqlite3.connect(folders.sessions)) as database:
        database.execute("INSERT INTO migrations VALUES (99, 'later', 0)")
        database.commit()
    with pytest.raises(StorageError, match="newer version"):
        talk(chat())


def test_a_session_of_another_repository_is_not_mixed_in(talk: Talk, store: SessionStore, tmp_path: Path) -> None:
    """It is said where it belongs."""
    other = tmp_path / "other"
    other.mkdir()
    info = store.create(other, title="elsewhere")
    with pytest.raises(UsageError, match="about") as refused:
        talk(chat(), session=info.id)
    assert f"-C {other}" in refused.value.hint


@pytest.mark.parametrize("question", ["", "  \n", "x" * 200_001])
def test_no_question_is_refused(talk: Talk, question: str) -> None:
    """An empty one and one that is longer than any model reads."""
    with pytest.raises(UsageError):
        talk(chat()).ask(question)


def test_a_second_list_of_places_adds_to_the_first(talk: Talk) -> None:
    """Where a model said nothing and the places follow, both lists can be opened."""
    found: Script = [Sources((hit(1, Citation(1, "a.py", 1, 2, "a")),), "tiny", first=1)]
    again: Script = [
        Sources((hit(1, Citation(2, "b.py", 1, 2, "b")),), first=2),
        answered("places", model="", cited=()),
    ]
    turn = told(talk(chat([*found, *again])))
    assert [source.path for source in turn.sources] == ["a.py", "b.py"] and turn.model == ""
