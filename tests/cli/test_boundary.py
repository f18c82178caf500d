"""Whatever goes wrong ends in two lines on stderr and the right exit code, never in a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localdev.cli import failures
from localdev.core.errors import Busy, ConfigError, NotFound
from tests.cli.conftest import Outcome, Run, command


def assert_two_lines(outcome: Outcome, code: int, error: str, hint: str) -> None:
    """Check exit code, an empty stdout and the two lines."""
    lines = outcome.err.strip().splitlines()
    assert (outcome.code, outcome.out, len(lines)) == (code, "", 2), outcome
    assert lines[0].startswith("error: ") and error in lines[0]
    assert lines[1].startswith("hint: ") and hint in lines[1]


@pytest.mark.parametrize(
    ("arguments", "code", "error", "hint"),
    [
        (["serch", "x"], 2, "no such command: serch", "did you mean search?"),
        (["qqqq"], 2, "no such command: qqqq", "`localdev --help`"),
        (["--jsn"], 2, "no such option: --jsn", "lists what there is"),
        (["search", "--jsn", "x"], 2, "no such option: --jsn", "did you mean --json?"),
        (["search", "-k", "many", "x"], 2, "'many'", "`localdev search --help`"),
        (["search", "-k", "0", "x"], 2, "search.k = 0 is not valid (-k)", "from 1 to 1000"),
        (["search", "-k"], 2, "option '-k' requires an argument", "--help"),
        (["search"], 2, "search needs a query", "for example"),
        (["search", " "], 2, "the query is empty", "for example"),
        (["search", "x", "--queries", "f"], 2, "exclude each other", "leave one"),
        (["search", "x", "--lang", "klingon"], 2, "no language 'klingon'", "known are"),
        (["search", "x", "--kind", "zork"], 2, "no kind 'zork'", "known are"),
        (["search", "--queries", "nowhere.txt"], 4, "cannot read nowhere.txt", "one query on each line"),
        (["ask"], 2, "ask needs a question", "for example: `localdev ask"),
        (["ask", " \n\t "], 2, "ask needs a question", "for example: `localdev ask"),
        (["ask", "x" * 200_001], 2, "longer than 200000 characters", "stdin"),
        (["ask", "x", "--model", "a", "--no-model"], 2, "exclude each other", "leave one"),
        (["ask", "x", "--model", "nope"], 4, "no model named 'nope'", "models add"),
        (["ask", "x", "--model", "gpt:4"], 2, "'gpt'", "`localdev models list`"),
        (["ask", "x", "--model", "missing.gguf"], 4, "missing.gguf", ""),
        (["ask", "what is @../secret.txt?"], 2, "outside the repository", "path from the repository"),
        (["ask", "what is @app/nope.py:3?"], 4, "not in the index", ""),
        (["outline", ".."], 2, "is outside", "-C"),
        (["outline", "nowhere"], 4, "there is no nowhere", "spelling"),
        (["-C", "nowhere", "index"], 4, "there is no folder nowhere", "spelling"),
        (["index", "-C", "README.md"], 2, "is a file, not a folder", "-C"),
        (["config", "sett"], 2, "sett", "--help"),
        (["config", "set", "ask.kk", "3"], 2, "unknown setting ask.kk", "did you mean ask.k?"),
        (["config", "set", "ask.k"], 2, "needs VALUE", "--help"),
        (["models", "add", "README.md"], 4, "README.md", ""),
        (["setup", "lama"], 2, "no part called 'lama'", "llama"),
        (["trust"], 4, "nothing to trust", ".localdev.toml"),
    ],
)
def test_bad_input(  # one table for all that a user may get wrong
    run: Run,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    error: str,
    hint: str,
) -> None:
    """Each mistake is named, with the way out, and nothing is printed on stdout."""
    monkeypatch.chdir(repository)
    outcome = run(*arguments)
    lines = [line for line in outcome.err.splitlines() if not line.startswith("hint: for answers")]
    assert_two_lines(Outcome(outcome.code, outcome.out, "\n".join(lines)), code, error, hint)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (NotFound("no file a\nb", "look"), 4, "error: no file a b\nhint: look\n"),
        (ConfigError("wrong"), 2, "error: wrong\n"),
        (Busy("held \x1b[31m", "wait"), 4, "error: held \\x1b[31m\nhint: wait\n"),
        (OSError(28, "No space left on device", "/full"), 4, "error: cannot use /full: No space left on device\n"),
        (PermissionError(13, "Permission denied", "/x"), 4, "error: cannot use /x: Permission denied\n"),
    ],
)
def test_known_trouble(capsys: pytest.CaptureFixture[str], error: Exception, code: int, text: str) -> None:
    """Our errors and the system's give their code and lines, neutral and each on one line."""
    assert failures.report(error) == code
    assert capsys.readouterr().err.startswith(text)


@pytest.mark.parametrize("error", [RuntimeError("boom\nline"), MemoryError(), RecursionError("deep"), KeyError("k")])
def test_a_bug_leaves_a_log(capsys: pytest.CaptureFixture[str], home: Path, error: Exception) -> None:
    """Anything else is a bug: code 3, and the traceback in a file that the hint names."""
    assert failures.report(error) == 3
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"error: a bug in localdev ({type(error).__name__}")
    path = Path(second.rpartition(" ")[2])
    assert path.is_relative_to(home)
    assert type(error).__name__ in path.read_text()


def test_a_bug_with_nowhere_to_write(
    capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a place for the log file the two lines still come."""
    blocked = home / "file"
    blocked.write_text("")
    monkeypatch.setenv("LOCALDEV_HOME", str(blocked))
    assert failures.report(RuntimeError("boom")) == 3
    assert "could not be written" in capsys.readouterr().err


def test_a_reader_that_leaves(repository: Path) -> None:
    """A closed stdout, as with `| head -1`, is no error to talk about."""
    process = subprocess.Popen(
        command("search", "settings"), cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read().decode()
    assert process.wait(timeout=60) in (0, 141)
    assert "Traceback" not in errors and "error:" not in errors and "Exception" not in errors


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    """Running in a folder that was deleted is said so."""
    folder = tmp_path / "gone"
    folder.mkdir()
    code = f"import os, sys; os.chdir({str(folder)!r}); os.rmdir({str(folder)!r})"
    code += "; from localdev.cli.main import main; sys.exit(main(['search', 'x']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 4, done.stderr
    assert done.stderr.startswith("error: ") and "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_while_indexing(repository: Path, shell: Run, number: signal.Signals, code: int) -> None:
    """Ctrl-C and a termination end quietly with their code, and the next run works and finds everything."""
    many = repository / "many"
    many.mkdir()
    body = "\n".join(f"def function_{line}(value):\n    return value + {line}\n" for line in range(100))
    for count in range(200):
        (many / f"module_{count}.py").write_text(f"{body}\ndef last_of_{count}():\n    return {count}\n")
    process = subprocess.Popen(
        command("index"), cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    indexes = Path(os.environ["LOCALDEV_HOME"]) / "data" / "indexes"
    deadline = time.monotonic() + 30
    while not list(indexes.glob("*/*/index.db")) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, (out, err)
    assert "Traceback" not in err and "error:" not in err and "Exception" not in err
    after = shell("search", "last_of_199", "--json", cwd=repository)
    assert after.code == 0, after.err
    assert '"many/module_199.py"' in after.out
