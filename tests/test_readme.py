"""The README's examples, run as they stand."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shop import write_shop

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def examples() -> list[tuple[str, list[str]]]:
    """Give (command, the lines its output must hold in order) for each `console` block."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL):
        command, _, output = block.partition("\n")
        found.append((command.removeprefix("$ "), output.splitlines()))
    return found


def test_there_are_examples() -> None:
    """A README whose examples went away would prove nothing."""
    assert len(examples()) >= 4


@pytest.mark.parametrize(("command", "output"), examples(), ids=[command for command, _ in examples()])
def test_an_example_prints_what_the_readme_says(command: str, output: list[str], tmp_path: Path) -> None:
    """Run in the sample shop, the command succeeds and its output holds the lines shown, in order."""
    program, *arguments = shlex.split(command)
    assert program == "localdev"
    done = subprocess.run(
        [sys.executable, "-m", "localdev", *arguments],
        cwd=write_shop(tmp_path / "repository"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    rest = done.stdout
    for line in output:
        assert line in rest, f"{line!r} is missing from:\n{done.stdout}"
        rest = rest[rest.index(line) + len(line) :]


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?:)([^)#]+)", README))
def test_links_lead_somewhere(target: str) -> None:
    """Every relative link names a file or folder of the repository."""
    assert (ROOT / target).exists()


def test_every_command_is_in_the_readme() -> None:
    """What the program offers is what the README lists."""
    done = subprocess.run(
        [sys.executable, "-m", "localdev", "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    commands = re.findall(r"^  ([a-z]+)  ", done.stdout, re.MULTILINE)
    assert {"ask", "search", "index"} <= set(commands)
    missing = [name for name in commands if not re.search(rf"`{name}\b", README)]
    assert missing == []
