"""Linters beside the rules: what they say of new lines, and what keeps them from saying anything."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.app.cancelling import Cancelled
from localdev.app.linters import LINTERS, Linted, chosen, lint
from localdev.core.errors import ConfigError
from localdev.rules.changed import ReviewedChange
from localdev.source.changes import staged, uncommitted

OLD = "import os\n\n\ndef f():\n    return undefined\n"
NEW = "import os\nimport sys\n\n\ndef f():\n    return undefined\n\n\ndef g():\n    return missing\n"


@pytest.fixture(autouse=True)
def venv_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the tools of this environment found as a user's would be."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Make a repository with an old file."""
    root = tmp_path / "repo"
    root.mkdir()
    (root / "a.py").write_text(OLD)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Give a function that puts a program in the place of a linter that is not installed here."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return write


def change(root: Path, *, of_index: bool = False) -> ReviewedChange:
    """Read what has changed."""
    changed = staged(root) if of_index else uncommitted(root)
    return ReviewedChange(changed.change, changed.sides)


def linted(
    name: str, root: Path, *, seconds: float = 60, of_index: bool = False, beat: Callable[[], None] = lambda: None
) -> Linted:
    """Run a linter over what has changed."""
    (linter,) = chosen([name])
    files = change(root, of_index=of_index).files
    return lint(linter, files, root, deadline=time.monotonic() + seconds, beat=beat)


def test_ruff(repo: Path) -> None:
    """What stands on new lines is found, with its rule and line; what was there before is not."""
    (repo / "a.py").write_text(NEW)
    (repo / "my file.py").write_text("import re\ndef broken(:\n")
    done = linted("ruff", repo)
    assert done.trouble == ""
    found = [(each.rule, each.severity, each.path, each.line, each.quote, each.source) for each in done.findings]
    assert ("ruff/F401", "low", "a.py", 2, "import sys", "ruff") in found
    assert ("ruff/F821", "medium", "a.py", 10, "return missing", "ruff") in found
    assert ("ruff/invalid-syntax", "medium", "my file.py", 2, "def broken(:", "ruff") in found
    assert not [each for each in found if each[2] == "a.py" and each[3] not in (2, 7, 8, 9, 10)]


def test_its_settings_are_the_projects(repo: Path) -> None:
    """The rules of the repository's own configuration hold."""
    (repo / "a.py").write_text(NEW)
    (repo / "ruff.toml").write_text('exclude = ["a.py"]\n')
    assert linted("ruff", repo) == Linted()


def test_only_what_is_on_disk(repo: Path) -> None:
    """A file that differs from what is staged is not looked at, and that is said."""
    (repo / "a.py").write_text(NEW)
    (repo / "b.py").write_text("import re\n")
    subprocess.run(["git", "add", "."], cwd=repo, check=True)
    (repo / "a.py").write_text(NEW + "\n\nx = 1\n")
    done = linted("ruff", repo, of_index=True)
    assert [each.path for each in done.findings] == ["b.py"]
    assert done.trouble == "ruff did not look at files that differ on disk: a.py"
    (repo / "b.py").unlink()
    assert "looked at nothing" in linted("ruff", repo, of_index=True).trouble


def test_clippy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real crate, without a network."""
    own = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".rustup"  # the home of a test is another one
    monkeypatch.setenv("RUSTUP_HOME", str(own))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    if not own.is_dir() or subprocess.run(["cargo", "clippy", "--version"], capture_output=True).returncode:
        pytest.skip("there is no clippy here")
    root = tmp_path / "crate"
    (root / "src").mkdir(parents=True)
    (root / "Cargo.toml").write_text('[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n')
    (root / "src" / "lib.rs").write_text("pub fn f(v: &Vec<u8>) -> bool {\n    v.len() == 0\n}\n")
    (root / ".gitignore").write_text("target\nCargo.lock\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    done = linted("clippy", root)
    assert ("clippy/len_zero", "src/lib.rs", 2, "v.len() == 0") in [
        (each.rule, each.path, each.line, each.quote) for each in done.findings
    ]


ESLINT = [
    {
        "filePath": "ROOT/a.js",
        "messages": [
            {"ruleId": "no-undef", "severity": 2, "message": "'y' is not defined.", "line": 1, "endLine": 1},
            {"ruleId": "semi", "severity": 1, "message": "Missing semicolon.", "line": 2},
            {"ruleId": None, "severity": 1, "message": "File ignored.", "fatal": False},
        ],
    }
]
GOLANGCI = {
    "Issues": [
        {
            "FromLinter": "errcheck",
            "Text": "not checked",
            "Severity": "",
            "Pos": {"Filename": "a.go", "Line": 2, "Column": 1},
        }
    ]
}
SHELLCHECK = {
    "comments": [
        {
            "file": "./a.sh",
            "line": 2,
            "endLine": 2,
            "column": 1,
            "level": "error",
            "code": 2086,
            "message": "Quote this.",
        },
        {"file": "./a.sh", "line": 99, "endLine": 99, "column": 1, "level": "info", "code": 1, "message": "Nowhere."},
        {
            "file": "../../etc/passwd",
            "line": 1,
            "endLine": 1,
            "column": 1,
            "level": "info",
            "code": 1,
            "message": "No.",
        },
    ]
}


@pytest.mark.parametrize(
    ("name", "program", "file", "said", "found"),
    [
        (
            "eslint",
            "eslint",
            "a.js",
            ESLINT,
            [("eslint/no-undef", "medium", 1, "x = y"), ("eslint/semi", "low", 2, "rest")],
        ),
        ("golangci-lint", "golangci-lint", "a.go", GOLANGCI, [("golangci-lint/errcheck", "low", 2, "rest")]),
        ("shellcheck", "shellcheck", "a.sh", SHELLCHECK, [("shellcheck/SC2086", "medium", 2, "rest")]),
    ],
)
def test_others(
    repo: Path,
    stand_in: Callable[[str, str], None],
    name: str,
    program: str,
    file: str,
    said: object,
    found: list[tuple[str, str, int, str]],
) -> None:
    """What the others print is read as they document it; places outside the change are passed over."""
    (repo / file).write_text("x = y\nrest\n")
    stand_in(program, f"cat <<'END'\n{json.dumps(said).replace('ROOT', str(repo))}\nEND\nexit 1")
    done = linted(name, repo)
    assert done.trouble == ""
    assert [(each.rule, each.severity, each.line, each.quote) for each in done.findings] == found


_ODD = {"line": 1.5, "endLine": "x", "level": "info", "message": "a", "code": 1, "file": "a.sh"}


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        ("echo it is misconfigured >&2; exit 2", "it failed (it is misconfigured)"),
        ("kill -9 $$", "it failed (exit code -9)"),
        ("echo nonsense", "its output is not what it should be"),
        ("echo '[1, 2]'", "its output is not what it should be"),
        ("echo '{}'", "its output is not what it should be"),
        ("printf '\\377\\376'", "its output is not what it should be"),
        ("printf '[%.0s' $(seq 100000)", "its output is not what it should be"),
        (f"echo '{json.dumps({'comments': [_ODD]})}'", "its output is not what it should be"),
        ("exec cat /dev/zero", "it printed more than any answer holds"),
        ("exec cat /dev/zero >&2", "it printed more than any answer holds"),
    ],
)
def test_one_that_fails(repo: Path, stand_in: Callable[[str, str], None], script: str, trouble: str) -> None:
    """It is said in a sentence, and nothing is found."""
    (repo / "a.sh").write_text("x\n")
    stand_in("shellcheck", script)
    assert linted("shellcheck", repo) == Linted(trouble=f"shellcheck: {trouble}; its part of the review is left out")


def test_one_that_hangs(repo: Path, stand_in: Callable[[str, str], None], tmp_path: Path) -> None:
    """It is ended at the deadline with what it has started, and when the job is cancelled."""
    (repo / "a.sh").write_text("x\n")
    stand_in("shellcheck", f"sleep 60 & echo $! > {tmp_path}/pid; wait")
    started = time.monotonic()
    assert "it did not end in time" in linted("shellcheck", repo, seconds=0.4).trouble
    assert time.monotonic() - started < 5
    pid = int((tmp_path / "pid").read_text())
    state = Path(f"/proc/{pid}/stat")
    while state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() - started < 5  # killed it is at once, gone a little later
        time.sleep(0.01)

    def cancelled() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        linted("shellcheck", repo, beat=cancelled)


def test_one_that_leaves_something_running(repo: Path, stand_in: Callable[[str, str], None]) -> None:
    """A server of its own, which holds its output open, is not waited for."""
    (repo / "a.sh").write_text("x\n")
    stand_in("shellcheck", """sleep 8 & echo '{"comments": []}'""")
    started = time.monotonic()
    assert linted("shellcheck", repo) == Linted()
    assert time.monotonic() - started < 6


def test_one_that_is_not_there(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said only where it would have had something to do."""
    (repo / "a.js").write_text("x\n")
    files = change(repo).files
    assert [file.new_text for file in files] == ["x\n"]
    monkeypatch.setenv("PATH", "/nowhere")
    said = {name: lint(chosen([name])[0], files, repo, deadline=1e9, beat=lambda: None) for name in ("eslint", "ruff")}
    assert said["eslint"].trouble == "eslint is not installed: its part of the review is left out"
    assert said["ruff"] == Linted()


def test_names() -> None:
    """A linter that is not in the table is an error that lists those that are."""
    assert [linter.name for linter in chosen(["ruff", "eslint", "ruff"])] == ["ruff", "eslint"]
    with pytest.raises(ConfigError) as caught:
        chosen(["pylint"])
    assert caught.value.hint == "known are " + ", ".join(linter.name for linter in LINTERS)
