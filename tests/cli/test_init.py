"""`localdev init` end to end: in a repository, outside of one, with and without a model, and its settings file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.backends.openai_server import free_port
from tests.cli.conftest import Run

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no server of the machine that runs the tests answer."""
    monkeypatch.setenv("LOCALDEV_REMOTE_OLLAMA_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("LOCALDEV_REMOTE_OPENAI_URL", f"http://127.0.0.1:{free_port()}/v1")


def as_json(run: Run, *arguments: object) -> dict[str, Any]:
    """Run `init --json` and read what it printed."""
    done = run("init", "--json", *arguments)
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_in_a_repository(run: Run, repository: Path, home: Path) -> None:
    """It says what works and what comes next, writes nothing and ends well."""
    done = run("init", "-C", repository)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "Now:" and f"{repository} is a git repository" in lines[1]
    assert "      `localdev index`" in lines
    assert any("models pull hf:" in line for line in lines) and any("models add" in line for line in lines)
    assert list(home.rglob("*")) == [] and not (repository / ".localdev.toml").exists()


def test_outside_of_a_repository(run: Run, tmp_path: Path) -> None:
    """A folder without git is named as one."""
    folder = tmp_path / "notes"
    folder.mkdir()
    done = run("init", "-C", folder)
    assert done.code == 0 and "is no git repository" in done.out


def test_as_json(run: Run, repository: Path) -> None:
    """A script gets what was found, and commands without marks."""
    found = as_json(run, "-C", repository)
    assert {"schema_version", "root", "git", "engine", "memory_bytes", "models", "servers", "works", "next"} <= set(
        found
    )
    assert found["schema_version"] == 1 and found["git"] is True and found["written"] == ""
    assert found["suggestion"]["pull"].startswith("hf:") and found["suggestion"]["memory_bytes"] > 0
    commands = [command for step in found["next"] for command in step["commands"]]
    assert commands[-1] == "localdev index"
    assert all(command.startswith("localdev ") and "`" not in command for command in commands)


def test_when_all_is_there(run: Run, repository: Path) -> None:
    """With an index and a scripted model nothing comes next."""
    script = repository.parent / "script.json"
    script.write_text('{"name": "scripted", "replies": ["yes"]}')
    assert run("index", "-C", repository).code == 0
    assert run("config", "set", "model", f"fake:{script}").code == 0
    found = as_json(run, "-C", repository)
    assert found["next"] == [] and found["indexed_files"] == 4
    assert "Next: nothing is missing" in run("init", "-C", repository).out


def test_a_stored_model_is_found(run: Run, repository: Path) -> None:
    """What was added is listed, and none is to be got any more."""
    assert run("models", "add", TINY, "--name", "tiny").code == 0
    found = as_json(run, "-C", repository)
    assert found["models"] == ["tiny"]
    assert not any("pull" in command for step in found["next"] for command in step["commands"])


def test_writing_the_settings_to_begin_with(run: Run, repository: Path) -> None:
    """`--write` makes the file once; again it is refused, and with `--yes` replaced."""
    path = repository / ".localdev.toml"
    assert f"wrote {path}" in run("init", "--write", "-C", repository).out
    path.write_text("ask.k = 3\n")
    refused = run("init", "--write", "-C", repository)
    assert refused.code == 2 and "is there already" in refused.err and path.read_text() == "ask.k = 3\n"
    assert as_json(run, "--write", "--yes", "-C", repository)["written"] == str(path)
    assert "# ask.k = 8" in path.read_text()


def test_mistakes_in_settings_do_not_stop_it(run: Run, repository: Path) -> None:
    """Who sets things up may have got something wrong; `doctor` says what."""
    (repository / ".localdev.toml").write_text("nonsense = 1\n")
    assert run("init", "-C", repository).code == 0


def test_commands_are_as_typed_here(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started from a checkout the commands name its script."""
    monkeypatch.setenv("LOCALDEV_CHECKOUT", "/opt/checkout")
    assert "`/opt/checkout/scripts/localdev index`" in run("init", "-C", repository).out
