"""Linters that stand beside the rules, run as their own programs: one row each in a table.

None runs unless `review.linters` names it, for a linter's settings lie in the repository and those of some are code.
They read files as they are on disk, so only those are looked at whose text there is what the change leaves; and of what
they say only what stands on a line that the change adds.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from localdev.core.errors import ConfigError
from localdev.core.review import Finding, Severity
from localdev.rules.changed import ChangedFile

# Where no deadline is nearer: clippy builds the project, all others need seconds.
_LONGEST_SECONDS = 300.0
_LOOK_SECONDS = 0.1
_MOST_OUTPUT = 50_000_000
_LAST_WORDS = 2_000


@dataclass(frozen=True, slots=True)
class Said:
    """One thing a linter says: its rule, the place (a path as it wrote it), and how bad it finds it."""

    rule: str
    path: str
    line: int
    end_line: int
    message: str
    severity: Severity = "low"


@dataclass(frozen=True, slots=True)
class Linter:
    """A row of the table.

    `languages` are those whose files it reads. `command` is run in the repository's root, with the files behind it
    (their folders where `by_folder`; nothing where `whole`). `read` turns its output into what it says. `local` is
    where projects install it for themselves. Exit codes up to `worst` come with an answer.
    """

    name: str
    languages: frozenset[str]
    command: tuple[str, ...]
    read: Callable[[str], Iterator[Said]]
    local: str = ""
    by_folder: bool = False
    whole: bool = False
    worst: int = 1


@dataclass(frozen=True, slots=True)
class Linted:
    """What a linter found on new lines, and what kept it from looking, in one sentence (empty where nothing did)."""

    findings: tuple[Finding, ...] = ()
    trouble: str = ""


def chosen(names: Sequence[str]) -> list[Linter]:
    """Give the linters of some names.

    Raises:
        ConfigError: there is no such one; the known ones are listed.
    """
    known = {linter.name: linter for linter in LINTERS}
    for name in names:
        if name not in known:
            raise ConfigError(f"review.linters: there is no linter {name!r}", f"known are {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)]


def lint(
    linter: Linter, files: Sequence[ChangedFile], root: Path, *, deadline: float, beat: Callable[[], None]
) -> Linted:
    """Run a linter over the changed files of its languages; `beat` is called while it works, and may raise."""
    mine = [file for file in files if file.language in linter.languages and file.added]
    if not mine:
        return Linted()
    same = [file for file in mine if _as_on_disk(root, file)]
    program = _program(linter, root)
    if not program:
        return Linted(trouble=f"{linter.name} is not installed: its part of the review is left out")
    if not same:
        return Linted(trouble=f"{linter.name} looked at nothing: the files on disk are not those of the change")
    left = f"{linter.name} did not look at files that differ on disk: {_named(mine, same)}" if same != mine else ""
    try:
        output = _run([program, *linter.command[1:], *_targets(linter, same)], root, linter, deadline, beat)
        found = tuple(_findings(linter, linter.read(output), same, root))
    except (_Failed, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        why = str(error) if isinstance(error, _Failed) else "its output is not what it should be"
        return Linted(trouble=f"{linter.name}: {why}; its part of the review is left out")
    return Linted(found, left)


def _program(linter: Linter, root: Path) -> str:
    """Give the path of the program: the project's own, else the user's; empty where it is not installed."""
    own = shutil.which(str(root / linter.local)) if linter.local else None
    return own or shutil.which(linter.command[0]) or ""


class _Failed(Exception):
    """A linter gave no answer."""


def _as_on_disk(root: Path, file: ChangedFile) -> bool:
    """Say whether the file on disk is what the change leaves."""
    from localdev.source.sides import text_on_disk

    return file.new_text is not None and not file.partial and text_on_disk(root, file.path) == file.new_text


def _named(mine: Sequence[ChangedFile], same: Sequence[ChangedFile]) -> str:
    """Name the files that a linter does not look at."""
    return ", ".join(file.path for file in mine if file not in same)


def _targets(linter: Linter, files: Sequence[ChangedFile]) -> list[str]:
    """Give what stands behind the command; a path never looks like an option."""
    if linter.whole:
        return []
    if linter.by_folder:
        return sorted({f"./{os.path.dirname(file.path)}" for file in files})
    return [f"./{file.path}" for file in files]


def _run(command: list[str], root: Path, linter: Linter, deadline: float, beat: Callable[[], None]) -> str:
    """Run a linter and give what it prints; at the deadline it is ended with all it has started.

    Raises:
        _Failed: it could not be run, took too long, said too much, or failed.
    """
    ends = min(deadline, time.monotonic() + _LONGEST_SECONDS)
    # Files and no pipes: what it leaves running may hold them open, and none of it comes into memory too early.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(
                command, cwd=root, stdin=subprocess.DEVNULL, stdout=out, stderr=complaints, start_new_session=True
            )
        except OSError as error:
            raise _Failed(f"it cannot be run ({error.strerror})") from error
        try:
            _wait(process, (out, complaints), ends, beat)
        finally:
            _end(process)
        if process.returncode > linter.worst or process.returncode < 0:
            complaints.seek(max(0, os.fstat(complaints.fileno()).st_size - _LAST_WORDS))
            last = complaints.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            raise _Failed(f"it failed ({last[0][:200] if last else f'exit code {process.returncode}'})")
        out.seek(0)
        return out.read().decode("utf-8", "replace")


def _wait(
    process: subprocess.Popen[bytes], written: Sequence[IO[bytes]], ends: float, beat: Callable[[], None]
) -> None:
    """Wait for the end of a process.

    Raises:
        _Failed: it took too long, or said too much.
    """
    waiting = True
    while waiting:
        try:
            process.wait(_LOOK_SECONDS)
            waiting = False
        except subprocess.TimeoutExpired:
            beat()
        if any(os.fstat(file.fileno()).st_size > _MOST_OUTPUT for file in written):
            raise _Failed("it printed more than any answer holds")
        if waiting and time.monotonic() >= ends:
            raise _Failed("it did not end in time")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and those it has started."""
    if process.poll() is None:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


def _findings(linter: Linter, said: Iterable[Said], files: Sequence[ChangedFile], root: Path) -> Iterator[Finding]:
    """Give what stands on new lines as findings."""
    by_path = {file.path: file for file in files}
    for each in said:
        if not isinstance(each.line, int) or not isinstance(each.end_line, int):
            raise TypeError("a line that is no number")
        file = by_path.get(os.path.relpath(root / each.path, root).replace(os.sep, "/"))
        if file is None or not 0 < each.line <= len(file.new_lines) or not file.touched(each.line, each.line):
            continue
        quote = file.new_lines[each.line - 1].strip()
        message = " ".join(each.message.split())
        end = min(max(each.line, each.end_line), len(file.new_lines))
        yield Finding(
            f"{linter.name}/{each.rule}", each.severity, file.path, each.line, end, quote, message, "", linter.name
        )


def _ruff(output: str) -> Iterator[Said]:
    """Read `ruff check --output-format=json`: https://docs.astral.sh/ruff/settings/#output-format."""
    for each in json.loads(output):
        code = each["code"] or "invalid-syntax"
        # A syntax error and an undefined name break the program wherever they are met.
        severity: Severity = "medium" if code in ("invalid-syntax", "F821", "F822", "F823") else "low"
        row, end = each["location"]["row"], each["end_location"]["row"]
        yield Said(code, each["filename"], row, end, each["message"], severity)


def _eslint(output: str) -> Iterator[Said]:
    """Read `eslint --format json`: https://eslint.org/docs/latest/use/formatters/#json."""
    for file in json.loads(output):
        for each in file["messages"]:
            line = each.get("line") or 0
            severity: Severity = "medium" if each["severity"] == 2 else "low"
            rule = each.get("ruleId") or "fatal"
            yield Said(rule, file["filePath"], line, each.get("endLine") or line, each["message"], severity)


def _golangci(output: str) -> Iterator[Said]:
    """Read golangci-lint's JSON: https://golangci-lint.run/docs/configuration/file/#output-configuration."""
    for each in json.loads(output).get("Issues") or ():
        place = each["Pos"]
        severity: Severity = "medium" if each.get("Severity") == "error" else "low"
        yield Said(each["FromLinter"], place["Filename"], place["Line"], place["Line"], each["Text"], severity)


def _clippy(output: str) -> Iterator[Said]:
    """Read cargo's messages, one JSON text a line: https://doc.rust-lang.org/cargo/reference/external-tools.html."""
    for line in output.splitlines():
        found = json.loads(line) if line.startswith("{") else {}
        message: Mapping[str, Any] = found.get("message") or {} if found.get("reason") == "compiler-message" else {}
        severity: Severity = "medium" if message.get("level") == "error" else "low"
        for span in message.get("spans", ()):
            if span["is_primary"]:
                rule = ((message.get("code") or {}).get("code") or message["level"]).removeprefix("clippy::")
                yield Said(rule, span["file_name"], span["line_start"], span["line_end"], message["message"], severity)


def _shellcheck(output: str) -> Iterator[Said]:
    """Read `shellcheck --format=json1`: https://github.com/koalaman/shellcheck/wiki/Integration."""
    for each in json.loads(output)["comments"]:
        severity: Severity = "medium" if each["level"] == "error" else "low"
        yield Said(f"SC{each['code']}", each["file"], each["line"], each["endLine"], each["message"], severity)


LINTERS = (
    Linter(
        "ruff",
        frozenset({"python"}),
        ("ruff", "check", "--output-format=json", "--no-fix", "--force-exclude", "--no-cache", "--quiet", "--"),
        _ruff,
    ),
    Linter(
        "eslint",
        frozenset({"javascript", "typescript", "tsx", "vue", "svelte"}),
        ("eslint", "--format", "json", "--no-color", "--"),
        _eslint,
        local="node_modules/.bin/eslint",
    ),
    Linter(
        "golangci-lint",
        frozenset({"go"}),
        ("golangci-lint", "run", "--output.json.path=stdout", "--output.text.path=stderr", "--show-stats=false", "--"),
        _golangci,
        by_folder=True,
    ),
    Linter(
        "clippy",
        frozenset({"rust"}),
        ("cargo", "clippy", "--quiet", "--offline", "--message-format=json"),
        _clippy,
        whole=True,
        worst=101,  # what cargo ends with when the code does not compile
    ),
    Linter("shellcheck", frozenset({"bash"}), ("shellcheck", "--format=json1", "--"), _shellcheck),
)
