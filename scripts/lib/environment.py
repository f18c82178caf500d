"""Sets up the `.venv` beside a checkout: creates it, installs localdev into it, and leaves a stamp at the very end.

    python scripts/lib/environment.py CHECKOUT

Uses the standard library alone. Two shells at once wait for each other; one that is interrupted leaves no stamp, so the
next one goes on where it ended. Nothing is done when pyproject.toml and requirements.lock are as they were.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_ENVIRONMENT_FAULT = 4
_INTERRUPTED = 130
_SHOWN_LINES = 15
_WATCHED = ("pyproject.toml", "requirements.lock")


class SetupError(Exception):
    """A step failed: what happened, and what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def main(arguments: list[str]) -> int:
    """Set up the checkout named first; gives the exit code."""
    try:
        set_up(Path(arguments[0]))
    except SetupError as error:
        say(f"error: {error}\nhint: {error.hint}")
        return _ENVIRONMENT_FAULT
    except OSError as error:
        say(f"error: cannot set up {arguments[0]}: {error}\nhint: free some disk space or check the permissions there")
        return _ENVIRONMENT_FAULT
    except KeyboardInterrupt:
        say("localdev: interrupted; the next run goes on from here")
        return _INTERRUPTED
    return 0


def set_up(checkout: Path) -> None:
    """Bring `.venv` up to date, as the only process that does.

    Raises:
        SetupError: a step failed.
    """
    folder = checkout / ".venv"
    stamp = folder / "localdev.stamp"
    content = f"{checkout}\n{digest(checkout)}\n"
    with only_one(checkout):
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == content:
            stamp.touch()  # the files were only touched, or another shell has just done the work
            return
        started = time.monotonic()
        create(folder)
        install(checkout, folder)
        stamp.write_text(content, encoding="utf-8")
        say(f"localdev: ready ({time.monotonic() - started:.0f} s)")


def digest(checkout: Path) -> str:
    """Give a digest of what says which packages are needed."""
    total = hashlib.sha256()
    for name in _WATCHED:
        path = checkout / name
        total.update(path.read_bytes() if path.is_file() else b"-")
    return total.hexdigest()


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder; the kernel frees it when this process dies, and no file is left behind."""
    try:
        import fcntl
    except ImportError:  # Windows has no fcntl; this script is for POSIX shells, where it always is
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("localdev: another shell is setting up .venv; waiting")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def create(folder: Path) -> None:
    """Create the environment, unless there is one whose pip works."""
    python = folder / "bin" / "python"
    # -P: or Python looks for pip in the current folder first, which may be a cloned repository's.
    asked = [str(python), "-P", "-m", "pip", "--version"]
    if python.exists() and subprocess.run(asked, capture_output=True).returncode == 0:
        return
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(f"this Python {version} cannot create environments", f"apt install python{version}-venv")
    say(f"localdev: creating {folder} with Python {sys.version.split()[0]}")
    run([sys.executable, "-P", "-m", "venv", "--clear", str(folder)], "see above; a full disk is the usual cause")


def install(checkout: Path, folder: Path) -> None:
    """Install the locked packages where there is a lock, then localdev itself from the checkout."""
    pip = [str(folder / "bin" / "python"), "-P", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    hint = "check the connection to your package index (pip config list), then run this again"
    lock = checkout / "requirements.lock"
    if lock.is_file():
        say("localdev: installing the packages of requirements.lock (a minute or two)")
        run([*pip, "--require-hashes", "-r", str(lock)], hint)
        say("localdev: installing localdev from this checkout")
        run([*pip, "--no-deps", "-e", str(checkout)], hint)
    else:
        say("localdev: installing localdev and what it needs (a minute or two)")
        run([*pip, "-e", str(checkout)], hint)


def run(command: list[str], hint: str) -> None:
    """Run one step quietly; when it fails, show the end of what it said."""
    # pip run inside an environment of the caller's must not think of that one.
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environment
    )
    if done.returncode != 0:
        say("\n".join(done.stdout.splitlines()[-_SHOWN_LINES:]))
        raise SetupError(f"`{' '.join(command)}` failed", hint)


def say(text: str) -> None:
    """Tell the user what is going on, on stderr."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
