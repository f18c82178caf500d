"""`scripts/localdev`: sets up once, passes everything through, and survives company and failure.

The environment it sets up is played by two small shell scripts, so that no package is installed here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
PROGRAM = """#!/bin/sh
echo "program in $(pwd) from $LOCALDEV_CHECKOUT"
for argument in "$@"; do echo "<$argument>"; done
exit 7
"""
# Plays `.venv/bin/python`: writes down what pip is asked to do, and fails while a file called `broken` lies there.
PYTHON = """#!/bin/sh
here=${0%/*}/../..
case "$*" in *--version*) exit 0 ;; esac
sleep 0.3
echo "$*" >> "$here/pip.log"
if [ -e "$here/broken" ]; then echo "no index reachable"; exit 1; fi
exit 0
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout with the real scripts and an environment that plays along."""
    folder = tmp_path / "check out"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / "scripts" / "lib").mkdir(parents=True)
    for name in ("localdev", "lib/environment.py", "lib/python.sh"):
        shutil.copy(SCRIPTS / name, folder / "scripts" / name)
    (folder / "pyproject.toml").write_text("[project]\n")
    for name, text in (("python", PYTHON), ("localdev", PROGRAM)):
        path = folder / ".venv" / "bin" / name
        path.write_text(text)
        path.chmod(0o755)
    return folder


def start(
    checkout: Path, *arguments: str, script: Path | None = None, cwd: Path | None = None
) -> subprocess.Popen[str]:
    """Start the script as a shell does."""
    path = script or checkout / "scripts" / "localdev"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    return subprocess.Popen(
        [str(path), *arguments], cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for the end and give code, stdout and stderr."""
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def installs(checkout: Path) -> list[str]:
    """Give what pip was asked to do."""
    log = checkout / "pip.log"
    return log.read_text().splitlines() if log.exists() else []


def test_the_first_run_sets_up_and_the_second_does_not(checkout: Path, tmp_path: Path) -> None:
    """Steps are told on stderr; arguments, folder and exit code pass through; a changed project installs again."""
    code, out, err = finish(start(checkout, "ask", "two words", "", "*", cwd=tmp_path))
    assert (code, out) == (7, f"program in {tmp_path} from {checkout}\n<ask>\n<two words>\n<>\n<*>\n")
    assert "installing localdev" in err and "ready (" in err
    assert [line.endswith(f"install -q --disable-pip-version-check -e {checkout}") for line in installs(checkout)] == [
        True
    ]
    assert finish(start(checkout))[2] == ""
    (checkout / "requirements.lock").write_text("numpy==2.0 --hash=sha256:0\n")
    os.utime(checkout / "requirements.lock", (2e9, 2e9))
    assert "requirements.lock" in finish(start(checkout))[2]
    assert len(installs(checkout)) == 3 and "--require-hashes" in installs(checkout)[1]


def test_a_touched_file_installs_nothing(checkout: Path) -> None:
    """What counts is the content: a checkout that git wrote again is still set up."""
    finish(start(checkout))
    os.utime(checkout / "pyproject.toml")
    os.utime(checkout / ".venv" / "localdev.stamp", (1, 1))
    assert finish(start(checkout))[::2] == (7, "")
    assert len(installs(checkout)) == 1


def test_through_a_link(checkout: Path, tmp_path: Path) -> None:
    """A link in a folder of the PATH finds its checkout, relative links too."""
    (tmp_path / "bin").mkdir()
    link = tmp_path / "bin" / "ld"
    link.symlink_to(Path("..") / checkout.name / "scripts" / "localdev")
    code, out, _ = finish(start(checkout, script=link, cwd=tmp_path))
    assert code == 7 and f"from {checkout}\n" in out


def test_nothing_of_the_current_folder_acts(checkout: Path, tmp_path: Path) -> None:
    """Started in a cloned repository: pip is not looked for there, and an exported CDPATH does not lead astray."""
    strange = tmp_path / "strange"
    (strange / "scripts").mkdir(parents=True)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "CDPATH": str(strange)}
    done = subprocess.run(
        ["scripts/localdev"], cwd=checkout, env=environment, text=True, capture_output=True, timeout=30
    )
    assert (done.returncode, done.stdout) == (7, f"program in {checkout} from {checkout}\n"), done.stderr
    (checkout / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert finish(start(checkout, cwd=strange))[0] == 7
    assert installs(checkout) and all(line.startswith("-P -m pip ") for line in installs(checkout))


def test_two_shells_at_once(checkout: Path) -> None:
    """One sets up, the other waits; both run."""
    both = [start(checkout), start(checkout)]
    ended = [finish(process) for process in both]
    assert [code for code, _, _ in ended] == [7, 7]
    assert len(installs(checkout)) == 1
    assert sum("waiting" in err for _, _, err in ended) == 1


def test_a_failed_installation(checkout: Path) -> None:
    """The end of pip's words, an error and a hint; nothing counts as set up, and the next run tries again."""
    (checkout / "broken").write_text("")
    code, out, err = finish(start(checkout))
    assert (code, out) == (4, "")
    assert "no index reachable" in err and "error: " in err and "hint: " in err and "Traceback" not in err
    (checkout / "broken").unlink()
    assert finish(start(checkout))[0] == 7


def test_no_python(checkout: Path, tmp_path: Path) -> None:
    """Without a Python that is new enough the script says so."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "readlink"):
        (tools / name).symlink_to(f"/bin/{name}")
    process = subprocess.Popen(
        [str(checkout / "scripts" / "localdev")],
        env={"PATH": str(tools)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    code, _, err = finish(process)
    assert code == 4
    assert err.startswith("error: localdev needs Python 3.11")
