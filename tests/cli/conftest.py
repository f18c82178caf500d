"""A small repository, and two ways to run the command line: in this process, and as a user's shell does."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

FILES = {
    "app/settings.py": '''"""Reading settings."""


def read_settings(path: str) -> dict[str, str]:
    """Read the settings file and give its keys and values."""
    lines = open(path).read().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
''',
    "app/main.py": '''"""The program."""

from app.settings import read_settings


def main() -> None:
    """Start with the settings of the user."""
    settings = read_settings("settings.ini")
    print(settings["name"])
''',
    "web/cart.js": """// The shopping cart.
export function addToCart(cart, item) {
  return [...cart, item];
}
""",
    "README.md": "# Sample\n\nA shop with settings.\n",
}


@dataclass(frozen=True)
class Outcome:
    """What a run left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a real git repository of a few files."""
    root = tmp_path / "sample"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Give a function that runs the command line in this process: `run("search", "x")`."""
    from localdev.cli.main import main

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


def command(*arguments: object) -> list[str]:
    """Give the words that start localdev in a process of its own."""
    return [sys.executable, "-m", "localdev", *(str(argument) for argument in arguments)]


@pytest.fixture
def shell() -> Run:
    """Give a function that runs localdev as a process: `shell("ask", "x", cwd=..., input=...)`."""

    def call(*arguments: object, cwd: Path | None = None, input: str | None = None) -> Outcome:
        source = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
        done = subprocess.run(command(*arguments), cwd=cwd, capture_output=True, text=True, timeout=60, **source)
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call
