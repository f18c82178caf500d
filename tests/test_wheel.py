"""The built wheel, away from its source: everything it needs at run time is in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.shop import write_shop

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel without asking any index, and unpack it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_carries_prompts_queries_and_the_embedder(unpacked: Path) -> None:
    """Data files come along; tests and scripts do not."""
    package = unpacked / "localdev"
    assert (package / "_prompts" / "ask" / "1.md").is_file()
    assert len(list((package / "source" / "queries").glob("*.scm"))) >= 28
    assert (package / "backends" / "data" / "embedder" / "matrix.npy").is_file()
    assert (package / "py.typed").is_file()
    assert not (unpacked / "tests").exists()


def test_the_wheel_answers_away_from_the_source(unpacked: Path, tmp_path: Path) -> None:
    """Run from the unpacked wheel alone, it finds its prompt, its queries and its embedder."""
    root = write_shop(tmp_path / "repository")
    for extra in (["--no-model"], ["--show-prompt"]):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "localdev", "ask", "how is the discount decided?", *extra],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(unpacked)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert "def discount(customer: str, amount: float) -> float" in done.stdout
    where = subprocess.run(
        [sys.executable, "-P", "-c", "import localdev; print(localdev.__file__)"],
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert Path(where.stdout.strip()).is_relative_to(unpacked), "the wheel itself was meant to run"
