"""Jobs in this process: their events, the model they choose, and the journal's line however they end."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localdev.app.engines import open_engine
from localdev.audit.journal import verify
from localdev.config import trust
from localdev.config.settings import build
from localdev.core.errors import BackendError, LocaldevError, ModelError, NotFound, UsageError
from localdev.core.events import Answered, Notice, Progress, Refreshed, Result, Sources, TextDelta
from localdev.core.folders import Folders
from localdev.models.store import Adding, ModelStore
from tests.app.conftest import OpenJobs

Journal = Callable[[], list[dict[str, Any]]]
Script = Callable[[object], str]
TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"


def test_an_unknown_job(jobs: OpenJobs) -> None:
    """The known ones are listed."""
    with pytest.raises(UsageError) as caught:
        jobs().run("dance", {})
    assert "ask, chat, names, search, index, outline" in caught.value.hint


def test_search_gives_sources_and_a_result_for_each_query(jobs: OpenJobs) -> None:
    """The index is refreshed once; every query has its hits and its payload."""
    events = list(jobs({"search.k": 1}).run("search", {"queries": ["cart", "pay"]}))
    assert [type(event) for event in events] == [Refreshed, Sources, Result, Sources, Result]
    payloads = [event.payload for event in events if isinstance(event, Result)]
    assert [len(payload["results"]) for payload in payloads] == [1, 1]
    assert payloads[0]["results"][0]["path"] == "cart.py"


def test_progress_is_told_aside(jobs: OpenJobs) -> None:
    """A first index reports its progress while the job is inside it."""
    told: list[Progress | Notice] = []
    list(jobs(aside=told.append).run("index", {}))
    assert any(isinstance(event, Progress) and event.total == 2 for event in told)


def test_watching_tells_of_changes_and_leaves_one_line(jobs: OpenJobs, root: Path, journal: Journal) -> None:
    """After the first report the next one comes when a file has changed; the whole watch is one line of the journal."""
    events = jobs().run("index", {"watch": True})
    first = [next(events), next(events)]
    (root / "new.py").write_text("def new() -> None: ...\n")
    second = next(events)
    events.close()  # type: ignore[attr-defined]
    assert isinstance(first[0], Refreshed) and first[0].report.added == 2
    assert isinstance(second, Refreshed) and second.report.added == 1
    assert [line["kind"] for line in journal()] == ["index"]


def test_ask_answers_with_the_model_or_without(jobs: OpenJobs, script: Script) -> None:
    """A scripted model streams its checked answer; without one the places come, and a hint at the end."""
    events = list(jobs({"model": script(["See `add_to_cart` [1]."])}).run("ask", {"question": "cart?"}))
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "See `add_to_cart` [1]."
    assert isinstance(events[-1], Answered) and events[-1].model == "scripted"
    floor = list(jobs().run("ask", {"question": "cart?"}))
    assert isinstance(floor[-1], Notice) and "models add" in floor[-1].text
    assert isinstance(floor[-2], Answered) and floor[-2].model == ""
    assert isinstance(list(jobs().run("ask", {"question": "cart?", "no_model": True}))[-1], Answered)
    (unused,) = list(jobs().run("ask", {"question": "cart?", "no_model": True, "extra": "a trace"}))[-1:]
    assert isinstance(unused, Notice) and "stdin was not used" in unused.text


def test_the_journal_holds_one_line_a_job_and_no_words_of_the_user(
    jobs: OpenJobs, journal: Journal, script: Script, folders: Folders
) -> None:
    """What was read and used is there, the chain holds, and neither question nor answer nor code is."""
    model = script(["the secretanswer is in `add_to_cart` [1]"])
    list(jobs({"model": model}).run("ask", {"question": "where is secretquestion cart?", "extra": "secretextra"}))
    (line,) = journal()
    assert (line["kind"], line["outcome"], line["model"], line["backend"]) == ("ask", "ok", "scripted", "fake")
    assert {"path", "start_line", "end_line", "digest"} == set(line["read"][0])
    assert line["usage"]["completion_tokens"] > 0 and line["timings"]["total_ms"] > 0
    text = folders.journal.read_text()
    assert not any(word in text for word in ("secret", "Put an item"))
    assert verify(folders.journal).ok


@pytest.mark.parametrize(
    ("replies", "raised", "outcome"),
    [
        ([{"text": "abc def ghi", "piece": 2, "fail_after": 1, "error": "gone"}], BackendError, "failed"),
        ([], LocaldevError, "failed"),
    ],
)
def test_a_failed_job_is_recorded(
    jobs: OpenJobs, journal: Journal, script: Script, replies: object, raised: type[Exception], outcome: str
) -> None:
    """An engine that dies in the middle is an error for the user and a line for the journal."""
    with pytest.raises(raised):
        list(jobs({"model": script(replies)}).run("ask", {"question": "cart?"}))
    (line,) = journal()
    assert line["backend"] == "fake"
    assert line["prompt"].startswith("ask@"), "where it went is known though no answer came"
    assert line["outcome"] == outcome and line["error"]


def test_refused_connections_are_recorded(tmp_path: Path) -> None:
    """Each in the journal of the job that tried, of two that take turns too; in a process, as the guard stays."""
    code = """
import socket, sys
from pathlib import Path
from localdev.app.recording import recorded
from localdev.audit import egress
from localdev.audit.journal import FileJournal
from localdev.core.errors import EgressRefused

def tries(host):
    for path in ("1", "2"):
        try:
            socket.create_connection((host, 80), timeout=1)
        except EgressRefused:
            yield path

egress.install(lambda attempt, host: print("nobody's:", host))
folder = Path(sys.argv[1])
jobs = [recorded("try", tries(host), FileJournal(folder / host), root="") for host in ("192.0.2.1", "192.0.2.2")]
for step in range(2):
    for job in jobs:
        next(job)
list(tries("192.0.2.3"))
jobs[0].close()
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "nobody's: 192.0.2.3\n" * 2, done.stderr
    for host in ("192.0.2.1", "192.0.2.2"):
        lines = [json.loads(line) for line in (tmp_path / host).read_text().splitlines()]
        assert [line["host"] for line in lines if line["kind"] == "egress_refused"] == [host, host]


def test_a_cancelled_job_is_recorded(jobs: OpenJobs, journal: Journal, script: Script) -> None:
    """Closing the events after the first words ends the engine and leaves a line that says so."""
    model = script([{"text": "word " * 10_000, "piece": 5}])
    events = jobs({"model": model}).run("ask", {"question": "cart?"})
    for event in events:
        if isinstance(event, TextDelta):
            break
    events.close()  # type: ignore[attr-defined]
    (line,) = journal()
    assert line["outcome"] == "cancelled" and line["read"]


def test_all_that_a_search_read_is_recorded(jobs: OpenJobs, journal: Journal) -> None:
    """The passages of every query stand in the line, each once."""
    list(jobs({"search.k": 1}).run("search", {"queries": ["add to cart", "pay", "add to cart"]}))
    (line,) = journal()
    assert [each["path"] for each in line["read"]] == ["cart.py", "pay.py"]


def test_the_journal_can_be_switched_off(jobs: OpenJobs, folders: Folders) -> None:
    """Then nothing is written."""
    list(jobs({"journal.enabled": False}).run("outline", {}))
    assert not folders.journal.exists()


def test_outline_of_a_path(jobs: OpenJobs) -> None:
    """The prefix narrows the map."""
    (result,) = [event for event in jobs().run("outline", {"path": "pay.py"}) if isinstance(event, Result)]
    assert [symbol["name"] for symbol in result.payload["symbols"]] == ["pay"]


def test_the_projects_prompts_need_trust(jobs: OpenJobs, root: Path, folders: Folders) -> None:
    """A prompt of the repository is used only after `trust`, and the answer names the prompt it used."""
    folder = root / ".localdev" / "prompts" / "ask"
    folder.mkdir(parents=True)
    body = (
        "=== system ===\nBe brief.\n=== user ===\nTHEIRS {{ question }}{{ extra }}{% for p in passages %}{% endfor %}\n"
    )
    head = '+++\nid = "ask"\nversion = "9"\nvariables = ["question", "extra", "passages"]\n+++\n'
    (folder / "9.md").write_text(head + body)

    def shown() -> str:
        (event,) = [
            each for each in jobs().run("ask", {"question": "cart?", "show_prompt": True}) if hasattr(each, "messages")
        ]
        return "".join(message.content for message in event.messages)

    assert "THEIRS" not in shown()
    trust.grant(root, folders)
    assert "THEIRS cart?" in shown()


def test_which_model_is_opened(folders: Folders, tmp_path: Path) -> None:
    """None: a hint. Several, none chosen: a hint that lists them. A name that is not there: an error that does."""
    assert open_engine(build({}), folders).notice is not None
    store = ModelStore(folders.models)
    store.add(TINY, Adding(mode="copy", name="first"))
    other = tmp_path / "other.gguf"
    data = bytearray(TINY.read_bytes())
    data[-1] ^= 1  # another weight: another model
    other.write_bytes(data)
    store.add(other, Adding(mode="copy", name="second"))
    engine = open_engine(build({}), folders)
    assert engine.backend is None and engine.notice is not None
    assert "first, second" in engine.notice.text
    with pytest.raises(NotFound, match="first, second"):
        open_engine(build({"model": "third"}), folders)


@pytest.mark.parametrize(
    ("content", "raised"), [(b"not a model", ModelError), (b"GGUF\x03\0\0\0", ModelError), (None, NotFound)]
)
def test_a_file_that_is_no_model(
    folders: Folders, tmp_path: Path, content: bytes | None, raised: type[Exception]
) -> None:
    """It is refused by its header, before any engine sees it."""
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(raised):
        open_engine(build({"model": str(path)}), folders)


@pytest.mark.llama
def test_the_only_model_is_used_by_itself(jobs: OpenJobs, folders: Folders) -> None:
    """One model was added and none is configured: it answers, and the answer says which it was."""
    pytest.importorskip("llama_cpp")
    ModelStore(folders.models).add(TINY, Adding(name="tiny"))
    values = {"ask.max_tokens": 8, "ask.k": 1}
    events = list(jobs(values).run("ask", {"question": "cart?"}))
    answered = next(event for event in events if isinstance(event, Answered))
    assert (answered.model, answered.backend) == ("tiny", "llamacpp")


def test_making_ready_speaks_to_no_server(jobs: OpenJobs) -> None:
    """Where the first model of a list cannot be had, the server behind it is not asked on nobody's behalf."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        models = ("gone", f"openai:m@http://127.0.0.1:{server.getsockname()[1]}/v1")
        with pytest.raises(NotFound, match="gone"):
            jobs({"models.ask": models}).warm()
        with pytest.raises(TimeoutError):
            server.accept()
