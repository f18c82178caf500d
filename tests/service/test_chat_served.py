"""A chat's jobs in the service: the same events, cancelled from another thread, and the service dying under them."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localdev.app.conversation.conversation import open_conversation
from localdev.app.conversation.starter import LocalStarter
from localdev.config.settings import build
from localdev.core.errors import NotFound
from localdev.core.events import Answered, ContextFitted, Event, Notice, Progress, Refreshed, TextDelta
from localdev.core.folders import Folders
from localdev.service import client
from localdev.service.client import Unavailable
from localdev.service.log import log_file
from localdev.service.starter import ServiceRun, ServiceStarter
from localdev.sessions.store import SessionStore
from tests.service.conftest import Script, facts, until

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
ASKED: dict[str, Any] = {"question": "how are settings read?", "attachments": [], "history": [], "no_model": False}


class Place:
    """Starters of one repository."""

    def __init__(self, folders: Folders, root: Path) -> None:
        self.folders = folders
        self.root = root
        self.alone: list[LocalStarter] = []

    def starter(self, **values: Any) -> ServiceStarter:
        """Make a starter with some settings."""
        settings = build({name.replace("__", "."): value for name, value in values.items()})
        self.alone.append(LocalStarter(settings, self.folders, self.root))
        return ServiceStarter(settings, self.folders, self.root, {}, self.alone[-1])


@pytest.fixture
def place(folders: Folders, repository: Path) -> Iterator[Place]:
    """Give what makes starters."""
    found = Place(folders, repository)
    yield found
    for each in found.alone:
        each.close()


def plain(events: list[Event]) -> list[str]:
    """Give the kinds of events that are the same wherever a job runs."""
    return [type(event).__name__ for event in events if not isinstance(event, Progress | Notice)]


def cancelled_at(run: ServiceRun, wanted: type[Event]) -> tuple[list[Event], float]:
    """Read a run and cancel it from another thread at an event of a kind."""
    seen: list[Event] = []
    at = 0.0
    for event in run.events():
        if isinstance(event, wanted) and not at:
            at = time.monotonic()
            threading.Thread(target=run.cancel).start()
        seen.append(event)
    assert at
    return seen, time.monotonic() - at


def test_the_service_answers_as_this_process_does(place: Place, script: Script, folders: Folders) -> None:
    """The same events; that it was started is told as progress, and what happens inside long work too."""
    starter = place.starter(model=script("They are read [1]."))
    served = list(starter.start("chat", ASKED).events())
    alone = list(place.alone[0].start("chat", ASKED).events())
    assert plain(served) == plain(alone) and "Answered" in plain(served)
    stages = [event.stage for event in served if isinstance(event, Progress)]
    assert stages[0] == "starting the background service" and len(stages) > 1
    assert facts(folders)["pid"]


def test_cancelling_ends_it_at_once(place: Place, script: Script, folders: Folders) -> None:
    """Before the first word of a model that takes a minute for it; the service is told and ends the job too."""
    starter = place.starter(model=script("slow", delay=60))
    seen, seconds = cancelled_at(starter.start("chat", ASKED), ContextFitted)
    assert seconds < 2 and not any(isinstance(event, TextDelta | Answered) for event in seen)
    until(lambda: not facts(folders).get("jobs_running"), 5)


def test_cancelling_keeps_the_part(place: Place, script: Script, folders: Folders) -> None:
    """In the midst of an answer: what came stays in the turn."""
    settings = build({"model": script("one two three four", piece=4, delay=0.3)})
    starter = ServiceStarter(settings, folders, place.root, {}, LocalStarter(settings, folders, place.root))
    store = SessionStore(folders.sessions)
    conversation = open_conversation(store, place.root, settings, starter)
    run = conversation.ask("why?")
    began = 0.0
    for event in run.events():
        if isinstance(event, TextDelta) and not began:
            began = time.monotonic()
            run.cancel()
    assert time.monotonic() - began < 2
    assert run.turn.state == "cancelled" and run.turn.answer.startswith("one")
    assert store.turns(conversation.session.id)[0] == run.turn
    conversation.close()


def test_cancelling_a_long_prompt(place: Place, folders: Folders) -> None:
    """The real engine ends within a batch, and the next question is answered by the same process."""
    pytest.importorskip("llama_cpp")
    starter = place.starter(model=str(TINY), chat__max_tokens=8, llama__states_mb=0)
    list(starter.start("chat", ASKED).events())
    pid = facts(folders)["pid"]
    long = [{"name": "log", "text": "the order was not saved because the disk was busy\n" * 400}]
    seen, seconds = cancelled_at(starter.start("chat", {**ASKED, "attachments": long}), ContextFitted)
    assert seconds < 2 and "Answered" not in plain(seen)
    assert "Answered" in plain(list(starter.start("chat", ASKED).events())) and facts(folders)["pid"] == pid


def test_cancelled_before_it_began(place: Place, folders: Folders) -> None:
    """No service is started for it."""
    run = place.starter().start("chat", ASKED)
    run.cancel()
    assert not any(isinstance(event, Refreshed) for event in run.events())
    assert client.status(folders) is None


def test_a_service_that_dies_is_started_again(place: Place, script: Script, folders: Folders) -> None:
    """The answer under way fails with what to do; the next one comes, and it is said why that took longer."""
    slow = place.starter(model=script("one two three four five six", piece=4, delay=0.2))
    run = slow.start("chat", ASKED)
    seen: list[Event] = []
    with pytest.raises(Unavailable, match="ended while it was working") as ended:
        for event in run.events():
            seen.append(event)
            if isinstance(event, TextDelta) and len(seen) > 1:
                os.kill(facts(folders)["pid"], signal.SIGKILL)
    assert any(isinstance(event, TextDelta) for event in seen) and ended.value.hint.startswith("ask again")
    events = list(slow.start("chat", ASKED).events())
    assert next(event.text for event in events if isinstance(event, Notice)) == (
        "the background service had ended; it is started again"
    )
    assert "Answered" in plain(events)


def test_the_model_is_loaded_while_the_first_question_is_typed(place: Place, folders: Folders, tmp_path: Path) -> None:
    """The chat's prompt begins with what is evaluated then."""
    pytest.importorskip("llama_cpp")
    model = shutil.copy(TINY, tmp_path)  # other tests link to the one, which changes its stamp
    starter = place.starter(models__chat=(str(model),), chat__max_tokens=8, llama__states_mb=0)
    starter.warm()
    until(lambda: "warm ok" in log_file(folders).read_text())
    *_, answered = [event for event in starter.start("chat", ASKED).events() if isinstance(event, Answered)]
    assert answered.usage.cached_tokens > 50


def test_a_failing_job_comes_as_it_is(place: Place) -> None:
    """What the job raises in the service is raised here."""
    with pytest.raises(NotFound, match="nosuch"):
        list(place.starter().start("chat", ASKED, model="nosuch").events())


def test_without_a_service_the_job_runs_here(place: Place, script: Script, folders: Folders) -> None:
    """Where none can be started that is said, and the answer comes all the same."""
    folders.runtime.parent.mkdir(parents=True, exist_ok=True)
    folders.runtime.write_text("in the way of its socket")
    events = list(place.starter(model=script("Here.")).start("chat", ASKED).events())
    (warning,) = [event for event in events if isinstance(event, Notice) and event.level == "warning"][:1]
    assert "running without it" in warning.text and "Answered" in plain(events)
    folders.runtime.unlink()
