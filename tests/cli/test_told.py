"""What commands tell a newcomer: hints that work when typed, values as they are written, every folder."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from localdev.cli.workplace import open_workplace, use_service
from tests.cli.conftest import Run, command

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"


def test_a_negative_value(run: Run) -> None:
    """The hint names where `--` goes, and that works."""
    refused = run("config", "set", "llama.gpu_layers", "-1")
    assert refused.code == 2 and "`localdev config set KEY -- -WORD`" in refused.err
    assert run("config", "set", "llama.gpu_layers", "--", "-1").out.startswith("llama.gpu_layers = -1 in ")


def test_a_value_is_printed_as_it_is_shown(run: Run, repository: Path) -> None:
    """A list is one, not a tuple of Python's; a model that is not there yet is told of, and stored."""
    done = run("config", "set", "models.ask", "nope,fake:x.json")
    assert done.code == 0 and 'models.ask = ["nope", "fake:x.json"] in ' in done.out
    assert done.err.startswith("warning: ") and "nope" in done.err
    assert 'models.ask = ["nope", "fake:x.json"]' in run("config", "show", "-C", repository).out


def test_all_folders_are_listed(run: Run, repository: Path, home: Path) -> None:
    """Whatever is stored lies in one of them."""
    listed = json.loads(run("config", "path", "--json", "-C", repository).out)
    assert {"states", "runtime", "indexes", "models", "journal", "logs"} <= set(listed)


def test_doctor_looks_at_the_service_and_the_disk(run: Run, repository: Path) -> None:
    """Both have a line of their own."""
    checks = {each["name"]: each for each in json.loads(run("doctor", "-C", repository, "--json").out)["checks"]}
    assert checks["service"]["ok"] and "switched off" in checks["service"]["detail"]
    assert checks["room"]["ok"] and "B free" in checks["room"]["detail"]


def test_completing_without_a_model(run: Run, repository: Path) -> None:
    """The hint speaks of completions."""
    done = run("complete", "-C", repository, "--no-service", "--at", "app/settings.py:6:5")
    assert done.code == 4 and "for completions of code" in done.err


def test_help_names_every_kind_of_model(run: Run) -> None:
    """Models of servers can be named where models are."""
    for name in ("ask", "complete"):
        assert "ollama:NAME" in " ".join(run(name, "--help").out.split())


@pytest.mark.parametrize("added", [0, 1, 2])
def test_the_service_starts_for_a_chosen_model(run: Run, repository: Path, tmp_path: Path, added: int) -> None:
    """With several models and none chosen there is nothing to keep warm."""
    from typer.main import get_command

    from localdev.cli.commands.ask import app

    for number in range(added):
        copy = tmp_path / f"model{number}.gguf"
        copy.write_bytes(TINY.read_bytes() + bytes(number))
        assert run("models", "add", copy).code == 0
    context: Any = get_command(app).make_context("ask", ["x"])
    assert use_service(open_workplace(context, repository), "ask", never=False) == ("start" if added == 1 else "use")


def test_a_warning_has_a_line_of_its_own(repository: Path, tmp_path: Path) -> None:
    """With stdout and stderr in one pipe no warning sticks to the answer's last word; apart the answer ends as ever."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"name": "scripted", "replies": ["all is `frobnicate`"]}))
    words = command("complete", "--model", f"fake:{script}", "--at", "app/settings.py:6:5")
    apart = subprocess.run(words, cwd=repository, capture_output=True, text=True, timeout=60, check=False)
    assert apart.stdout == "all is `frobnicate`"
    print_both = (
        "from localdev.cli.terminal import Printer; from localdev.core.events import Notice; "
        "out = Printer(); out.piece('the windows'); out.notice(Notice('warning', 'cut'))"
    )
    both = subprocess.run(
        [words[0], "-c", print_both], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    assert both.stdout == "the windows\nwarning: cut\n"
