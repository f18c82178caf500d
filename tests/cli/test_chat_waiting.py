"""The plain chat while it waits: Ctrl-C wherever it finds the program, and what is said meanwhile."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from localdev.app.conversation.conversation import open_conversation
from localdev.app.conversation.desk import Desk
from localdev.cli.chat_plain import PlainChat, interruptible
from localdev.cli.terminal import Printer
from localdev.config.settings import Settings
from localdev.core.events import Event, Notice, Result, TextDelta
from localdev.core.folders import find_folders
from localdev.sessions.store import SessionStore
from tests.tui.scripted import Gate, ScriptedRun, ScriptedStarter, pieces


@pytest.fixture
def run() -> ScriptedRun:
    """Give a job that waits in the middle of its answer."""
    return ScriptedRun([*pieces("some words"), Gate(), TextDelta("more")])


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Leave Ctrl-C as it was."""
    before = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is before or signal.signal(signal.SIGINT, before)


def test_ctrl_c_while_a_piece_is_printed_ends_the_answer(run: ScriptedRun) -> None:
    """A slow terminal has the program print most of the time; the chat goes on all the same."""
    seen: list[Event] = []
    for event in interruptible(run, Printer("never")):
        seen.append(event)
        if len(seen) == 1:
            signal.raise_signal(signal.SIGINT)
    assert run.cancelled.is_set() and seen == pieces("some words")


def test_ctrl_c_twice_while_it_is_printed_leaves(run: ScriptedRun) -> None:
    """A second one is not waited for."""
    with pytest.raises(KeyboardInterrupt):
        for _ in interruptible(run, Printer("never")):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)


def test_afterwards_ctrl_c_is_what_it_was(run: ScriptedRun) -> None:
    """At the prompt it is dealt with there."""
    run.cancel()
    assert list(interruptible(run, Printer("never"))) == []
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_files_say_what_the_job_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What keeps the list waiting, or is wrong with it, is told as with an answer."""
    result = Result({"paths": ["a.py"], "symbols": []})
    jobs = ScriptedStarter({"names": [[Notice("warning", "no background service"), result]]})
    folders = find_folders()
    with contextlib.closing(SessionStore(folders.sessions)) as store:
        conversation = open_conversation(store, tmp_path, Settings(), jobs)
        chat = PlainChat(conversation, Desk(Settings(), folders, tmp_path, jobs, store), Printer("never"))
        chat.take("/files")
    said = capsys.readouterr()
    assert said.out == "a.py\n" and "warning: no background service" in said.err
