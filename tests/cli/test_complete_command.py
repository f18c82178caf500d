"""`localdev complete` end to end, with a scripted model and with the tiny one."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from localdev.core.folders import find_folders
from tests.cli.conftest import Outcome, Run

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
FILE = "app/settings.py"


@pytest.fixture
def script(tmp_path: Path) -> str:
    """Give a scripted model that says which text it was given before the cursor."""
    path = tmp_path / "script.json"
    replies = [
        {"match": "splitlines()", "text": "in the middle\x1b"},
        {"match": "unsaved", "text": "from stdin"},
        {"match": "whole text", "text": "at the mark"},
        {"match": "é = ", "text": "after an accent"},
    ]
    path.write_text(json.dumps({"name": "scripted", "replies": replies}))
    return f"fake:{path}"


def shown(done: Outcome) -> tuple[int, str, str]:
    """Give exit code, stdout and stderr."""
    return done.code, done.out, done.err


def test_at_a_place(run: Run, repository: Path, script: str) -> None:
    """The file is cut at line and column; the completion alone is on stdout, harmless and without a line end."""
    done = run("complete", "-C", repository, "--no-service", "--model", script, "--at", f"{FILE}:6:43")
    assert shown(done) == (0, "in the middle\\x1b", "")


def test_nothing_is_indexed(run: Run, repository: Path, script: str) -> None:
    """No index is needed, and none is built; the journal tells what was read and by which model."""
    run("complete", "-C", repository, "--no-service", "--model", script, "--at", f"{FILE}:6:43")
    folders = find_folders()
    assert not folders.indexes.exists()
    (line,) = [json.loads(line) for line in folders.journal.read_text().splitlines()]
    assert (line["kind"], line["outcome"], line["model"], line["usage"]["completion_tokens"]) == (
        "complete",
        "ok",
        "scripted",
        4,
    )
    assert [(read["path"], read["start_line"], read["end_line"]) for read in line["read"]] == [(FILE, 1, 8)]


def test_as_json(run: Run, repository: Path, script: str) -> None:
    """All figures are there, and the text as it is."""
    done = run("complete", "-C", repository, "--no-service", "--model", script, "--at", f"{FILE}:6:43", "--json")
    found = json.loads(done.out)
    assert (found["completion"], found["model"], found["stop_reason"]) == ("in the middle\x1b", "scripted", "stop")
    assert set(found) == {"schema_version", "completion", "model", "usage", "timings", "stop_reason"}
    assert set(found["timings"]) == {"first_token_ms", "total_ms"}


def test_text_that_is_not_saved(shell: Run, repository: Path, script: str) -> None:
    """What is piped in stands for the file, which need not be there; line ends of Windows count as one character."""
    at = ("complete", "--no-service", "--model", script, "--at", "new.py:2:10")
    done = shell(*at, cwd=repository, input="# 1\r\nunsaved = \r\nx\r\n")
    assert shown(done) == (0, "from stdin", "")


def test_a_marked_text(shell: Run, repository: Path, script: str) -> None:
    """Without a place the text on stdin has a mark, or is all before the cursor."""
    base = ("complete", "--no-service", "--model", script)
    for text, more in (
        ("whole text <|cursor|>\nrest", ()),
        ("whole text", ()),
        ("whole text % rest", ("--cursor", "%")),
    ):
        assert shown(shell(*base, *more, cwd=repository, input=text)) == (0, "at the mark", "")


def test_columns_are_characters(run: Run, repository: Path, script: str) -> None:
    """Beyond ASCII a column is a character, not a byte."""
    (repository / "accent.py").write_text("# 日本\né = x\n", encoding="utf-8")
    done = run("complete", "-C", repository, "--no-service", "--model", script, "--at", "accent.py:2:5")
    assert done.out == "after an accent"


@pytest.mark.parametrize(
    ("at", "code", "said"),
    [
        ("app/settings.py", 2, "is not of the form PATH:LINE:COL"),
        ("app/settings.py:1", 2, "is not of the form PATH:LINE:COL"),
        (":1:1", 2, "is not of the form PATH:LINE:COL"),
        ("app/settings.py:1:-1", 2, "is not of the form PATH:LINE:COL"),
        ("app/settings.py:0:1", 2, "has no line 0"),
        ("app/settings.py:99:1", 2, "has no line 99"),
        ("app/settings.py:2:2", 2, "line 2 of app/settings.py has no column 2"),
        ("app/settings.py:1:0", 2, "has no column 0"),
        ("none.py:1:1", 4, "none.py: No such file"),
        ("app:1:1", 4, "app: Is a directory"),
        ("image.bin:1:1", 2, "image.bin is not text"),
        ("large.txt:1:1", 2, "is larger than 1 MB"),
    ],
)
def test_places_that_are_none(run: Run, repository: Path, at: str, code: int, said: str) -> None:
    """A place has to be one of the file; the error says which there are."""
    (repository / "image.bin").write_bytes(b"\x89PNG\0\0")
    (repository / "large.txt").write_bytes(b"x" * 1_000_001)
    done = run("complete", "-C", repository, "--no-service", "--at", at)
    assert (done.code, done.out) == (code, "")
    assert said in done.err and "hint: " in done.err


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("", (), "complete needs a place, or text on stdin"),
        ("a<|cursor|>b<|cursor|>c", (), "<|cursor|> stands in the text 2 times"),
        ("a", ("--cursor", ""), "--cursor is empty"),
    ],
)
def test_texts_that_are_none(shell: Run, repository: Path, text: str, more: tuple[str, ...], said: str) -> None:
    """A text needs some content and one cursor at most."""
    done = shell("complete", "--no-service", *more, cwd=repository, input=text)
    assert done.code == 2 and said in done.err


def test_without_a_model(run: Run, repository: Path) -> None:
    """Only a model can complete: exit code 4, and how to get one."""
    done = run("complete", "-C", repository, "--no-service", "--at", f"{FILE}:6:5")
    assert (done.code, done.out) == (4, "")
    assert "complete` needs a model" in done.err and "models add FILE.gguf" in done.err


@pytest.mark.llama
def test_with_the_engine(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model fills in, at most as many tokens as the flag says, which the setting gives else."""
    if importlib.util.find_spec("llama_cpp") is None:
        pytest.skip("llama-cpp-python is not installed")
    base = ("complete", "-C", repository, "--no-service", "--at", f"{FILE}:6:5", "--json")
    monkeypatch.setenv("LOCALDEV_MODEL", str(TINY))
    monkeypatch.setenv("LOCALDEV_COMPLETE_MAX_TOKENS", "3")
    assert json.loads(run(*base).out)["usage"]["completion_tokens"] <= 3
    found = json.loads(run(*base, "--max-tokens", "2").out)
    assert found["usage"]["completion_tokens"] <= 2 and found["model"] == "tiny"
