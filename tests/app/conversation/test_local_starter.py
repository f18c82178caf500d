"""Jobs of a chat in this process: real ones, cancelled at every stage, with progress from inside long work."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localdev.app.conversation.starter import LocalRun, LocalStarter
from localdev.config.settings import build
from localdev.core.errors import LocaldevError, NotFound, UsageError
from localdev.core.events import Answered, ContextFitted, Event, Progress, Refreshed, Result, TextDelta
from localdev.core.folders import Folders

TINY = Path(__file__).parents[2] / "data" / "tiny.gguf"
ASKED: dict[str, Any] = {"question": "what does pay do?", "attachments": [], "history": [], "no_model": False}
Jobs = Callable[..., LocalStarter]


@pytest.fixture
def jobs_of(folders: Folders, root: Path) -> Iterator[Jobs]:
    """Give a function that makes a starter with some settings; all are closed at the end."""
    made: list[LocalStarter] = []

    def make(values: dict[str, Any] | None = None) -> LocalStarter:
        made.append(LocalStarter(build(values or {}), folders, root))
        return made[-1]

    yield make
    for each in made:
        each.close()


def cancelled_at(run: LocalRun, wanted: type[Event]) -> tuple[list[Event], float]:
    """Read a run, cancel it from another thread at an event of a kind; give its events and how long it went on."""
    seen: list[Event] = []
    at = 0.0
    for event in run.events():
        if isinstance(event, wanted) and not at:
            at = time.monotonic()
            threading.Thread(target=run.cancel).start()
        seen.append(event)
    assert at, f"there was no {wanted.__name__}"
    return seen, time.monotonic() - at


def test_a_job_runs_with_its_progress(jobs_of: Jobs) -> None:
    """Indexing is told while it goes on; the answer without a model follows."""
    events = list(jobs_of().start("chat", ASKED).events())
    kinds = [type(event) for event in events]
    assert Progress in kinds and kinds.index(Progress) < kinds.index(Refreshed)
    assert isinstance(events[-2], Answered) or isinstance(events[-1], Answered)


def test_the_names_are_given(jobs_of: Jobs) -> None:
    """Completion gets paths and symbols."""
    (found,) = [event for event in jobs_of().start("names", {}).events() if isinstance(event, Result)]
    assert found.payload["paths"] == ["cart.py", "pay.py"]
    assert {each["name"] for each in found.payload["symbols"]} == {"add_to_cart", "pay"}


def test_errors_come_as_they_are(jobs_of: Jobs, root: Path) -> None:
    """An unknown job, an unknown model, a repository that is gone: each as the job raises it."""
    jobs = jobs_of()
    with pytest.raises(UsageError, match="no job"):
        list(jobs.start("poem", {}).events())
    with pytest.raises(NotFound, match="nosuch"):
        list(jobs.start("chat", ASKED, model="nosuch").events())
    shutil.rmtree(root)
    with pytest.raises((LocaldevError, OSError)):
        list(jobs.start("chat", ASKED).events())


def test_cancelled_before_it_began(jobs_of: Jobs, folders: Folders) -> None:
    """Nothing is opened, nothing is indexed."""
    run = jobs_of().start("chat", ASKED)
    run.cancel()
    assert list(run.events()) == [] and not folders.indexes.exists()


def test_cancelled_while_it_indexes(jobs_of: Jobs, root: Path) -> None:
    """Work that only tells its progress ends there; the same job may be started again."""
    for number in range(300):
        (root / f"m{number}.py").write_text(f"def f{number}():\n    return {number}\n" * 20)
    jobs = jobs_of()
    seen, seconds = cancelled_at(jobs.start("chat", ASKED), Progress)
    assert not any(isinstance(event, Answered) for event in seen) and seconds < 3
    assert any(isinstance(event, Answered) for event in jobs.start("chat", ASKED).events())


def test_cancelled_while_a_scripted_model_thinks(jobs_of: Jobs, script: Callable[[object], str]) -> None:
    """Before its first word, where it takes a minute for that."""
    jobs = jobs_of({"model": script([{"text": "slow words", "delay": 60}, "quick"])})
    seen, seconds = cancelled_at(jobs.start("chat", ASKED), ContextFitted)
    assert seconds < 3 and not any(isinstance(event, TextDelta) for event in seen)


def test_cancelled_between_two_words(jobs_of: Jobs, script: Callable[[object], str]) -> None:
    """What came stays; nothing comes after."""
    jobs = jobs_of({"model": script([{"text": "one two three four five six", "piece": 4, "delay": 0.3}])})
    seen, seconds = cancelled_at(jobs.start("chat", ASKED), TextDelta)
    assert seconds < 2 and len([event for event in seen if isinstance(event, TextDelta)]) <= 2


def test_cancelled_during_a_long_prompt(jobs_of: Jobs) -> None:
    """The real engine ends within a batch, and answers the next question."""
    pytest.importorskip("llama_cpp")
    jobs = jobs_of({"model": str(TINY), "chat.max_tokens": 8, "llama.context": 8192, "llama.states_mb": 0})
    long = [{"name": "log", "text": "the order was not saved because the disk was busy\n" * 400}]
    list(jobs.start("chat", ASKED).events())  # loads the model
    seen, seconds = cancelled_at(jobs.start("chat", {**ASKED, "attachments": long}), ContextFitted)
    assert seconds < 2 and not any(isinstance(event, Answered) for event in seen)
    assert any(isinstance(event, Answered) for event in jobs.start("chat", ASKED).events())


def test_leaving_the_events_ends_the_job(jobs_of: Jobs, script: Callable[[object], str]) -> None:
    """Whoever stops reading has cancelled; the thread ends."""
    jobs = jobs_of({"model": script([{"text": "one two three", "delay": 60}])})
    events = jobs.start("chat", ASKED).events()
    for event in events:
        if isinstance(event, ContextFitted):
            break
    events.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 5
    while any(thread.name == "chat-chat" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "the thread goes on"
        time.sleep(0.02)


def test_a_model_stays_open_between_questions(jobs_of: Jobs, tmp_path: Path) -> None:
    """A follow-up finds the prompt of the turn before evaluated."""
    pytest.importorskip("llama_cpp")
    model = shutil.copy(TINY, tmp_path)  # other tests link to the one, which changes its stamp
    jobs = jobs_of({"model": str(model), "chat.max_tokens": 8, "llama.states_mb": 0})
    *_, first = [event for event in jobs.start("chat", ASKED).events() if isinstance(event, Answered | ContextFitted)]
    assert isinstance(first, Answered) and first.usage.completion_tokens > 0
    *_, again = [event for event in jobs.start("chat", ASKED).events() if isinstance(event, Answered)]
    assert again.usage.cached_tokens >= again.usage.prompt_tokens - 2
