"""The review job: its changes, what is put together of rules, linters and a model, and what it leaves undone."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localdev.app.jobs import LocalJobs
from localdev.app.reviewing import review_job
from localdev.app.stored import has_index
from localdev.core.errors import ConfigError, LocaldevError, NotFound, UsageError
from localdev.core.events import Event, Notice, Progress, Result
from localdev.core.folders import Folders
from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.rule import Example, Found, Rule, each_file
from localdev.source.sides import decode
from tests.app.conftest import OpenJobs

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
CHECK = {"match": "Is this a real defect", "text": '{"real_defect": "yes"}'}
NOTHING = Example("a.py", "")


def evil(file: ChangedFile) -> Iterator[Found]:
    """Find the word evil on new lines."""
    for at in sorted(file.added):
        if "evil" in file.new_lines[at - 1]:
            yield Found(file.path, at, "this is evil")


def callers(change: ReviewedChange) -> Iterable[Found]:
    """Say whether there is a graph, and who uses what is in it."""
    users = change.graph.callers("add_to_cart", 5) if change.graph is not None else None
    yield Found("cart.py", 1, f"users: {users}")


def slow(file: ChangedFile) -> Iterator[Found]:
    """Take its time."""
    time.sleep(0.05)
    yield Found(file.path, 1, "seen")


EVIL = Rule("evil", "bad-word", "medium", "", "", NOTHING, NOTHING, each_file(evil))
CALLERS = Rule("callers", "graph", "info", "", "", NOTHING, NOTHING, callers)
SLOW = Rule("slow", "time", "info", "", "", NOTHING, NOTHING, each_file(slow))


@pytest.fixture
def repo(root: Path) -> Path:
    """Make the folder a repository, with one change that is not committed."""
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    text = (root / "cart.py").read_text()
    (root / "cart.py").write_text(text + '    store = "evil"\n    total = len(item)\n')
    return root


def run(jobs: LocalJobs, rules: Iterable[Rule] = (EVIL,), **options: Any) -> tuple[dict[str, Any], list[Event]]:
    """Review with some rules; gives the payload and all events."""
    events = list(review_job(jobs._tools(), {"kind": "uncommitted", **options}, rules=tuple(rules)))
    last = events[-1]
    assert isinstance(last, Result)
    json.dumps(last.payload)
    return last.payload, events


def places(payload: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Give rule, path and line of each finding."""
    return [(each["rule"], each["path"], each["line"]) for each in payload["findings"]]


def answer(*claims: dict[str, Any]) -> dict[str, str]:
    """Make the scripted answer to every hunk of `cart.py`."""
    return {"match": "File cart.py", "text": json.dumps({"findings": claims})}


def claim(quote: str, severity: str = "high") -> dict[str, Any]:
    """Make what a model claims."""
    return {"quote": quote, "line": 4, "problem": "wrong for None", "suggestion": "ask first", "severity": severity}


def test_rules_alone(jobs: OpenJobs, repo: Path) -> None:
    """Without a model the rules have looked; the payload holds all, and a hint says how to have one."""
    payload, events = run(jobs())
    (found,) = payload["findings"]
    assert (found["rule"], found["severity"], found["path"], found["line"]) == ("evil", "medium", "cart.py", 3)
    assert (found["quote"], found["source"]) == ('store = "evil"', "rules")
    assert [line["line"] for line in found["lines"]] == [1, 2, 3, 4]
    assert len(found["fingerprint"]) == 16
    assert (payload["files"], payload["change"], payload["model"]) == (1, "uncommitted changes", "")
    assert payload["not_reviewed"] == [] and payload["usage"]["prompt_tokens"] == 0
    assert set(payload["timings"]) == {"rules_ms", "linters_ms", "model_ms", "total_ms"}
    assert [event.level for event in events if isinstance(event, Notice)] == ["hint"]
    assert not any(isinstance(event, Notice) for event in run(jobs(), no_model=True)[1])


def test_the_kinds_of_changes(jobs: OpenJobs, repo: Path) -> None:
    """Staged, a range, a patch, and paths; nothing at all is no finding."""
    assert run(jobs(), kind="staged")[0]["findings"] == []
    patch = subprocess.run(["git", "diff"], cwd=repo, check=True, capture_output=True, text=True).stdout
    subprocess.run(["git", "add", "."], cwd=repo, check=True)
    assert places(run(jobs(), kind="staged")[0]) == [("evil", "cart.py", 3)]
    assert run(jobs(), paths=["pay.py"])[0]["files"] == 0
    subprocess.run(["git", "commit", "-qm", "second"], cwd=repo, check=True)
    assert run(jobs())[0]["findings"] == []
    payload, _ = run(jobs(), kind="range", range="HEAD~1..HEAD")
    assert places(payload) == [("evil", "cart.py", 3)] and payload["change"] == "HEAD~1..HEAD"
    assert places(run(jobs(), kind="patch", patch=patch)[0]) == [("evil", "cart.py", 3)]


def test_without_a_repository(jobs: OpenJobs, root: Path) -> None:
    """It is an error that says what works instead; and that does."""
    with pytest.raises(NotFound, match="is no git repository") as caught:
        run(jobs())
    assert "--patch" in caught.value.hint
    text = "--- a/new.py\n+++ b/new.py\n@@ -0,0 +1,2 @@\n+x = 1\n+y = 'evil'\n"
    payload, _ = run(jobs(), (EVIL, CALLERS), kind="patch", patch=text)
    assert places(payload) == [("callers", "cart.py", 1), ("evil", "new.py", 2)]
    assert payload["findings"][0]["message"] == "users: None"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"kind": "range", "range": "nowhere..HEAD"}, UsageError),
        ({"kind": "patch", "patch": "hello"}, UsageError),
        ({"kind": "everything"}, UsageError),
    ],
)
def test_mistakes(jobs: OpenJobs, repo: Path, options: dict[str, Any], error: type[LocaldevError]) -> None:
    """A change that is not there is an error with a hint."""
    with pytest.raises(error) as caught:
        run(jobs(), **options)
    assert caught.value.hint


def test_settings(jobs: OpenJobs, repo: Path) -> None:
    """Rules are off, files excluded (and listed), severities changed; what does not exist is an error."""
    assert run(jobs({"review.off": ("evil",)}))[0]["findings"] == []
    assert run(jobs({"review.off": ("bad-word:*.py",)}))[0]["findings"] == []
    assert run(jobs({"review.severity": ("evil=high",)}))[0]["findings"][0]["severity"] == "high"
    payload, _ = run(jobs({"review.exclude": ("cart.py",)}))
    assert payload["findings"] == []
    assert [(each["path"], each["reason"], each["by"]) for each in payload["not_reviewed"]] == [
        ("cart.py", "excluded", "rules")
    ]
    for wrong in ({"review.off": ("evl",)}, {"review.linters": ("pylint",)}, {"review.severity": ("evil",)}):
        with pytest.raises(ConfigError):
            run(jobs(wrong))


def test_suppressed_and_known(jobs: OpenJobs, repo: Path) -> None:
    """A comment takes a finding away, a baseline too; both are counted, and a new one is still shown."""
    payload, _ = run(jobs())
    mark = payload["findings"][0]["fingerprint"]
    known, _ = run(jobs(), baseline=[mark])
    assert (known["findings"], known["baselined"], known["suppressed"]) == ([], 1, 0)
    text = (repo / "cart.py").read_text()
    (repo / "cart.py").write_text("# first\n" + text + "    more = 'evil'\n")
    known, _ = run(jobs(), baseline=[mark])
    assert places(known) == [("evil", "cart.py", 6)] and known["baselined"] == 1
    (repo / "cart.py").write_text(text.replace('"evil"', '"evil"  # localdev: ignore[bad-word] it is meant'))
    payload, _ = run(jobs())
    assert (payload["findings"], payload["suppressed"]) == ([], 1)


def test_what_cannot_be_read(jobs: OpenJobs, repo: Path) -> None:
    """Binary files and links are listed once; what is deleted only where a model did not look at it."""
    (repo / "logo.png").write_bytes(b"\x89PNG\0\0")
    (repo / "link").symlink_to("cart.py")
    (repo / "pay.py").unlink()
    payload, _ = run(jobs(), no_model=True)
    assert [(each["path"], each["reason"], each["by"]) for each in payload["not_reviewed"]] == [
        ("link", "link", "rules"),
        ("logo.png", "binary", "rules"),
    ]


def test_what_is_not_known(jobs: OpenJobs, repo: Path) -> None:
    """A file of which only a line far away is shown is listed, not passed over."""
    payload, _ = run(jobs(), kind="patch", patch="--- a/x.py\n+++ b/x.py\n@@ -0,0 +999999999 @@\n+evil\n")
    assert [(each["path"], each["reason"]) for each in payload["not_reviewed"]] == [("x.py", "its text is not known")]


def test_a_link_that_becomes_a_file(jobs: OpenJobs, repo: Path) -> None:
    """Git tells it as two changes of one name: the lines that are shown are the new file's."""
    (repo / "link.py").symlink_to("cart.py")
    for command in (["add", "."], ["commit", "-qm", "link"]):
        subprocess.run(["git", *command], cwd=repo, check=True)
    (repo / "link.py").unlink()
    (repo / "link.py").write_text("one\nevil\nevil  # localdev: ignore[evil]\n")
    payload, _ = run(jobs())
    assert places(payload) == [("evil", "link.py", 2)] and payload["suppressed"] == 1
    assert [line["text"] for line in payload["findings"][0]["lines"]] == [
        "one",
        "evil",
        "evil  # localdev: ignore[evil]",
    ]


def test_a_model_adds_to_the_rules(jobs: OpenJobs, repo: Path, script: Callable[[object], str]) -> None:
    """What it quotes rightly is shown, what it invents counted; what a rule found on the line is not said twice."""
    (repo / "pay.py").unlink()
    replies = [CHECK, answer(claim("total = len(item)"), claim('store = "evil"', "low"), claim("import os"))]
    payload, events = run(jobs({"model": script(replies)}))
    assert places(payload) == [("evil", "cart.py", 3), ("model", "cart.py", 4)]
    found = payload["findings"][1]
    assert (found["quote"], found["message"], found["suggestion"]) == (
        "total = len(item)",
        "wrong for None",
        "ask first",
    )
    assert (found["source"], found["severity"], payload["dropped"], payload["model"]) == (
        "model",
        "high",
        1,
        "scripted",
    )
    assert payload["prompt"].startswith("review@1:") and ", review_check@1:" in payload["prompt"]
    assert payload["usage"]["completion_tokens"] > 0
    assert [(each["path"], each["reason"], each["by"]) for each in payload["not_reviewed"]] == [
        ("pay.py", "deleted", "model")
    ]
    assert Progress("reviewing", 0, 1, "hunks") in events
    quiet, _ = run(jobs({"model": script(replies), "review.off": ("model",)}))
    assert places(quiet) == [("evil", "cart.py", 3)]
    assert places(run(jobs({"model": script([])}), no_model=True)[0]) == [("evil", "cart.py", 3)]


def test_the_model_is_left_alone_where_there_is_nothing_to_ask(jobs: OpenJobs, repo: Path) -> None:
    """It is not even opened: one that is not there does no harm."""
    (repo / "cart.py").unlink()
    payload, _ = run(jobs({"model": "nowhere.gguf"}))
    assert payload["model"] == ""
    (repo / "new.py").write_text("x = 1\n")
    with pytest.raises(NotFound):
        run(jobs({"model": "nowhere.gguf"}))


def test_the_graph_is_opened_when_it_is_asked_for(jobs: OpenJobs, repo: Path, folders: Folders) -> None:
    """Not before, not in a hook, not with little time; but an index that is there is used then, too."""
    run(jobs())
    run(jobs(), kind="staged", index_file=str(repo / ".git" / "index"))
    payload, _ = run(jobs(), (CALLERS,), deadline=5)
    assert payload["findings"][0]["message"] == "users: None"
    index = str(repo / ".git" / "index")
    assert run(jobs(), (CALLERS,), index_file=index)[0]["findings"][0]["message"] == "users: None"
    assert not has_index(folders, repo)
    payload, _ = run(jobs(), (CALLERS, CALLERS))
    assert "('pay.py', 5, 'pay')" in payload["findings"][0]["message"]
    assert has_index(folders, repo)
    payload, _ = run(jobs(), (CALLERS,), deadline=30)
    assert "('pay.py', 5, 'pay')" in payload["findings"][0]["message"]


def test_no_time_for_the_graph(jobs: OpenJobs, repo: Path) -> None:
    """An index that takes too long to bring up to date is left; later it is whole again."""
    assert "pay.py" in run(jobs(), (CALLERS,))[0]["findings"][0]["message"]
    for at in range(800):
        (repo / f"f{at:03}.py").write_text("from cart import add_to_cart\n\n\ndef f():\n    add_to_cart(1)\n" * 20)
    told: list[Progress | Notice] = []
    started = time.monotonic()
    payload, _ = run(jobs(aside=told.append), (CALLERS,), paths=["cart.py"], deadline=0.3)
    assert time.monotonic() - started < 3
    assert payload["findings"][0]["message"] == "users: None"
    assert [event.text for event in told if isinstance(event, Notice)] == [
        "there was no time to look for callers: `localdev index` prepares it"
    ]
    payload, _ = run(jobs(), (CALLERS,), paths=["cart.py"])
    assert "f000.py" in payload["findings"][0]["message"] or "pay.py" in payload["findings"][0]["message"]


def test_a_graph_that_cannot_be_had(jobs: OpenJobs, repo: Path) -> None:
    """It is said, and the review goes on without."""
    told: list[Progress | Notice] = []
    payload, _ = run(jobs({"search.embedder": "gguf:nowhere.gguf"}, aside=told.append), (CALLERS, EVIL))
    assert places(payload) == [("callers", "cart.py", 1), ("evil", "cart.py", 3)]
    assert any(isinstance(event, Notice) and "callers are not known" in event.text for event in told)


def test_the_deadline_of_rules_and_model(jobs: OpenJobs, repo: Path, script: Callable[[object], str]) -> None:
    """What was found in time stays; every file is listed, and only once."""
    for at in range(20):
        (repo / f"f{at:02}.py").write_text("x = 1\n")
    payload, _ = run(jobs({"model": script([])}), (SLOW, EVIL), deadline=0.3)
    assert 1 <= len(payload["findings"]) < 21 and {each["rule"] for each in payload["findings"]} == {"slow"}
    left = [(each["path"], each["by"]) for each in payload["not_reviewed"] if each["reason"] == "deadline"]
    assert len(left) == len(set(left)) == 21 and {by for _, by in left} == {"rules"}
    assert payload["timings"]["total_ms"] < 2000
    payload, _ = run(jobs(), (SLOW,), deadline=0.3)
    assert {each["by"] for each in payload["not_reviewed"]} == {"rules"}


def test_a_deadline_in_the_middle_of_an_answer(jobs: OpenJobs, repo: Path, script: Callable[[object], str]) -> None:
    """The engine is stopped; what the rules found is there, and the hunk is listed."""
    started = time.monotonic()
    payload, _ = run(jobs({"model": script([{"text": '{"findings": []}', "delay": 30}])}), deadline=1.0)
    assert time.monotonic() - started < 5
    assert places(payload) == [("evil", "cart.py", 3)]
    assert [(each["path"], each["line"], each["reason"]) for each in payload["not_reviewed"]] == [
        ("cart.py", 1, "deadline")
    ]


def test_an_engine_that_fails(jobs: OpenJobs, repo: Path, script: Callable[[object], str]) -> None:
    """The rules' findings are there, and the hunk is listed."""
    payload, _ = run(jobs({"model": script([{"text": "{}", "fail_after": 0}])}))
    assert places(payload) == [("evil", "cart.py", 3)]
    assert [each["reason"] for each in payload["not_reviewed"]] == ["engine failed"]


def test_the_journal(
    jobs: OpenJobs, repo: Path, script: Callable[[object], str], journal: Callable[[], list[dict[str, Any]]]
) -> None:
    """One line: what was sent, to which model, with digests, and how many were found; nothing of what was said."""
    replies = [CHECK, answer(claim("total = len(item)"))]
    list(jobs({"model": script(replies)}).run("review", {"kind": "uncommitted"}))
    (line,) = journal()
    assert (line["kind"], line["outcome"], line["model"], line["backend"]) == ("review", "ok", "scripted", "fake")
    assert line["prompt"].startswith("review@1:") and line["usage"]["prompt_tokens"] > 0
    assert [(each["path"], each["start_line"], each["end_line"]) for each in line["read"]] == [
        ("cart.py", 1, 4),
        ("pay.py", 5, 5),  # who calls it
    ]
    assert len(line["read"][0]["digest"]) == 16
    assert line["findings"] >= 1 and line["dropped"] == 0 and line["not_reviewed"] == 0
    assert "wrong for None" not in json.dumps(line) and "total = len" not in json.dumps(line)


def test_with_the_real_engine(jobs: OpenJobs, repo: Path) -> None:
    """A model that says nothing sensible: each finding stands on its line, and every hunk is reviewed or listed."""
    pytest.importorskip("llama_cpp")
    (repo / "more.py").write_text("".join(f"def f{at}(x):\n    return x + {at}\n\n\n" for at in range(8)))
    settings = {"model": str(TINY), "review.max_tokens": 120, "llama.states_mb": 0}
    payload, events = run(jobs(settings))
    texts = {name: (repo / name).read_text().split("\n") for name in ("cart.py", "more.py")}
    for found in payload["findings"]:
        assert texts[found["path"]][found["line"] - 1].strip() == found["quote"]
    assert payload["model"] == "tiny" and payload["usage"]["prompt_tokens"] > 100
    total = max(event.total for event in events if isinstance(event, Progress) and event.stage == "reviewing")
    assert total >= 2
    assert not any(isinstance(event, Notice) for event in events)


@pytest.mark.parametrize(
    "data",
    [
        b"one = 1\r\ntwo = 2\r\nevil_line = 3\r\n",
        b"\xef\xbb\xbfevil_line = 3\r\nother = 1\r\n",
        b"# caf\xe9\nevil_line = 3\n",
        b"one = 1\nevil_line = 3",
        "a = '\x0c\x0b\u2028\x85'\n\x0c\nevil_line = 3\n".encode(),
        b"a = 1\rb = 2\nevil_line = 3\r\r\n",
        b"\n\n\n\tevil_line = 3\t\n\n",
    ],
)
@pytest.mark.parametrize("kind", ["uncommitted", "staged", "range", "patch"])
def test_lines_of_every_form(
    jobs: OpenJobs, repo: Path, script: Callable[[object], str], data: bytes, kind: str
) -> None:
    """Whatever ends a line, and however it is encoded: quote, number and the lines around are those of the file."""
    (repo / "odd.py").write_bytes(data)
    subprocess.run(["git", "add", "."], cwd=repo, check=True)
    options: dict[str, Any] = {"kind": kind, "deadline": 30}  # no index is built
    if kind == "range":
        subprocess.run(["git", "commit", "-qm", "odd"], cwd=repo, check=True)
        options["range"] = "HEAD~1..HEAD"
    elif kind == "patch":
        shown = subprocess.run(["git", "diff", "--cached"], cwd=repo, check=True, capture_output=True).stdout
        options["patch"] = decode(shown, line_ends=True)
    quoted = {"match": "File odd.py", "text": json.dumps({"findings": [claim("evil_line = 3")]})}
    payload, _ = run(jobs({"model": script([CHECK, quoted, answer()])}), **options)
    found = {each["rule"]: each for each in payload["findings"] if each["path"] == "odd.py"}
    expected = [at for at, line in enumerate(data.split(b"\n"), 1) if b"evil" in line]
    assert set(found) == {"evil", "model"}
    for each in found.values():
        assert [each["line"]] == expected and each["quote"] == "evil_line = 3"
        assert {line["line"]: line["text"].strip() for line in each["lines"]}[each["line"]] == each["quote"]
