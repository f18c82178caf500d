"""Runs a proposed test with the project's own command, in a copy of the work tree, so that the tree stays as it is."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from localdev.app.command_running import run_command
from localdev.core.errors import ConfigError, NotFound
from localdev.core.patch import Check, FileEdit

# What is kept of the output: its end, where runners sum up.
_MOST_SHOWN = 2000
# A tree of more files is not copied for one test.
_MOST_FILES = 30_000


def run_tests(edits: Sequence[FileEdit], path: str, *, root: Path, command: str, seconds: float) -> Check:
    """Run `command` (`{path}` is the test file's) in a copy of `root` with the edits in it.

    What git ignores (environments, installed packages) is not copied but linked. The command is split into words as a
    shell does, and no shell runs it.

    Raises:
        ConfigError: the command cannot be split into words.
    """
    name = "run"
    try:
        words = [word.replace("{path}", path) for word in shlex.split(command)]
    except ValueError as error:
        raise ConfigError(f"gen.test_command cannot be read: {error}", "correct its quotes") from error
    if not words:
        return Check(name, False, "gen.test_command is blank")
    files = list(_files(root))
    if len(files) > _MOST_FILES:
        return Check(
            name, False, f"the tree has {len(files)} files, too many to copy for a run; unset gen.test_command"
        )
    with tempfile.TemporaryDirectory(prefix="localdev-tests-") as folder:
        copy = Path(folder).resolve() / root.name
        try:
            _copy(root, copy, files)
            for edit in edits:
                place = copy / edit.path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes((edit.new or "").encode("utf-8", "surrogateescape"))
        except OSError as error:  # unreadable, gone meanwhile, no room
            return Check(name, False, f"the tree cannot be copied for a run: {error}")
        return _run(words, copy, seconds)


def _run(words: Sequence[str], folder: Path, seconds: float) -> Check:
    """Run a command and say how it went; all that it started is ended with it."""
    name = "run"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "LOCALDEV_"))}
    try:
        ran = run_command(words, folder, seconds, environment=environment)
    except NotFound as error:
        return Check(name, False, str(error))
    if ran.status is None:
        return Check(name, False, f"{shlex.join(words)} did not end within {seconds:g} seconds")
    said = ran.output.strip()[-_MOST_SHOWN:]
    if ran.succeeded:
        return Check(name, True, f"{shlex.join(words)}: {said.splitlines()[-1] if said else 'passed'}")
    return Check(name, False, f"{shlex.join(words)} ended with {ran.status}: {said}")


def _files(root: Path) -> Iterator[str]:
    """Yield the paths of all files that git does not ignore; of all files where there is no git."""
    from localdev.source.git import ask_git

    listed = ask_git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed is not None:
        yield from dict.fromkeys(path for path in listed.split("\0") if path)
        return
    for folder, inner, names in os.walk(root):
        inner[:] = [each for each in inner if each not in (".git", "node_modules", ".venv", "venv", "target")]
        yield from (Path(folder, name).relative_to(root).as_posix() for name in names)


def _copy(root: Path, copy: Path, files: Sequence[str]) -> None:
    """Copy files; what lies in the root beside them is linked to."""
    copy.mkdir(parents=True)
    for path in files:
        source = root / path
        if source.is_file() and not source.is_symlink():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy / path)
    for entry in root.iterdir():
        if entry.name != ".git" and not (copy / entry.name).exists():
            (copy / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
