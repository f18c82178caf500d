"""What the git hooks do: review the staged change, draft a message, check a message. None outlives its deadline."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.app.hook_script import CI, NEXT_STEP, STOPS, UNDER_WAY, more_time
from localdev.cli.program import as_typed  # at the deadline there is no time left to load anything
from localdev.core.events import Notice
from localdev.core.neutral import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from localdev.cli.workplace import Workplace

_OFF = ("", "0", "false", "no")
# What is printed and written behind the job needs a little time of its own.
_AFTERWARDS = 0.5
_MOST_NAMED = 5
# A process that is older than this has done something else before.
_OLDEST = 600.0
_UNDONE = {
    "pre-commit": "not reviewed: {names}",
    "prepare-commit-msg": "no message was drafted",
    "commit-msg": "the message was not checked",
}


@dataclass(slots=True)
class HookRun:
    """One run of a hook: its name, git's words for it, what it may take, and when it began."""

    name: str
    root: Path
    deadline: float
    strict: bool
    file: str = ""
    source: str = ""
    started: float = field(default_factory=lambda: time.monotonic() - _age())
    staged: tuple[str, ...] = ()
    found: tuple[str, ...] = ()  # what stops the commit, whatever becomes of the rest of the review

    @property
    def spent(self) -> float:
        """The seconds since it began."""
        return time.monotonic() - self.started

    @property
    def failed(self) -> int:
        """The exit code where localdev itself fails or is late."""
        return STOPS if self.strict or self.found else 0

    def outcome(self) -> str:
        """Say what that means for the commit."""
        stops = "the commit stops" if self.found else "the commit stops (strict)" if self.strict else ""
        return stops or "the commit goes on"

    @property
    def left(self) -> float:
        """The seconds that a job may take."""
        return max(0.1, self.deadline - self.spent - _AFTERWARDS)

    @property
    def range(self) -> str:
        """The commits to review instead of the staged change, when the pre-commit program says so; else empty."""
        ends = os.environ.get("PRE_COMMIT_FROM_REF", ""), os.environ.get("PRE_COMMIT_TO_REF", "")
        return f"{ends[0]}..{ends[1]}" if all(ends) else ""

    def nothing_to_do(self) -> bool:
        """Say whether git's own facts call for nothing; the installed script has looked, but others call this too."""
        if os.environ.get("LOCALDEV_SKIP", "").lower() not in _OFF:
            return True
        if self.range:
            return False
        if any(os.environ.get(name, "").lower() not in _OFF for name in CI):
            return True
        folder = Path(os.fsdecode(self.git("rev-parse", "--absolute-git-dir").rstrip(b"\n")))
        if any((folder / sign).exists() for sign in UNDER_WAY):
            return True
        if self.name == "commit-msg":
            return False
        if self.name == "prepare-commit-msg" and self.source not in ("", "template"):
            return True
        # An editor that does nothing stands for none: the message is there already.
        if self.name == "prepare-commit-msg" and os.environ.get("GIT_EDITOR") == ":":
            return True
        said = self.git("diff", "--cached", "--name-only", "-z", "--no-ext-diff")
        self.staged = tuple(os.fsdecode(name) for name in said.split(b"\0") if name)
        return not self.staged

    def git(self, *words: str) -> bytes:
        """Ask git in the environment that it gave us; nothing where it fails."""
        with contextlib.suppress(OSError):
            return subprocess.run(["git", *words], cwd=self.root, capture_output=True, check=False).stdout
        return b""

    def undone(self) -> str:
        """Say what was not done."""
        names = ", ".join(self.staged[:_MOST_NAMED]) or "the staged change"
        more = len(self.staged) - _MOST_NAMED
        return _UNDONE[self.name].format(names=names + (f" and {more} more files" if more > 0 else ""))

    def last_words(self) -> str:
        """Say that the deadline is over, what was not done, and how to go on."""
        said = [f"warning: {one_line(each)}" for each in self.found]
        said.append(
            f"localdev: the deadline of {self.deadline:g} s is over, {self.outcome()}; {one_line(self.undone())}"
        )
        said.append(as_typed(f"hint: {self.way_on()}"))
        return "\n".join(said) + "\n"

    def way_on(self) -> str:
        """Say what to do when there was not time enough."""
        more = more_time(self.deadline, strict=self.strict)
        if self.name != "pre-commit":
            return more
        return f"{'now: `localdev review --staged`' if self.found else NEXT_STEP}; {more}"


def run_hook(place: Workplace, run: HookRun) -> int:
    """Do what a hook does, and give its exit code: `STOPS` where the commit must not be made."""
    return {"pre-commit": _review, "prepare-commit-msg": _draft, "commit-msg": _check}[run.name](place, run)


def _age() -> float:
    """Give the seconds since this process was started, where the installed script did: its guard counts from there."""
    if not os.environ.get("LOCALDEV_WITHIN"):
        return 0.0
    try:
        ticks = int(Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError, IndexError):
        age = time.process_time()  # no system without this has less
    return age if 0 <= age < _OLDEST else 0.0


def _result(
    place: Workplace, job: str, options: dict[str, Any], early: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """Run a job and give its payload, telling `early` of each that comes; progress would be between git's own words."""
    from localdev.cli.workplace import use_service
    from localdev.core.events import Result

    def aside(event: object) -> None:
        if isinstance(event, Notice) and event.level == "warning":
            place.printer.notice(event)

    service = use_service(place, job, never=False, model=not options["no_model"])
    payload: dict[str, Any] = {}
    for event in place.jobs(aside, service).run(job, options):
        if isinstance(event, Result):
            payload = dict(event.payload)
            if early is not None:
                early(payload)
        else:
            aside(event)
    return payload


def _review(place: Workplace, run: HookRun) -> int:
    """Review the staged change; print what is severe enough to stop the commit, and what nobody looked at."""
    from localdev.cli.reviewed import failed, printed
    from localdev.core.review import at_least

    chosen = place.settings.hooks
    options: dict[str, Any] = {
        "kind": "range" if run.range else "staged",
        "range": run.range,
        "paths": [],
        "index_file": _index_file(run.root),
        "no_model": not chosen.models,
        "deadline": run.left,
        "baseline": [],
        "urgent_first": True,
    }

    def early(review: dict[str, Any]) -> None:
        if failed(review, chosen.fail_on):
            run.found = tuple(
                f"{each['path']}:{each['line']}: {each['message']} [{each['rule']}]"
                for each in review["findings"]
                if at_least(each["severity"], level)  # type: ignore[arg-type]
            )

    level = "medium" if chosen.fail_on == "never" else chosen.fail_on
    review = _result(place, "review", options, early)
    shown = [each for each in review["findings"] if at_least(each["severity"], level)]  # type: ignore[arg-type]
    late = [each for each in review["not_reviewed"] if each["reason"] == "deadline"]
    stops = failed(review, chosen.fail_on)
    if shown:
        printed(place.printer, {**review, "findings": shown, "not_reviewed": late}, "text")
    elif late:
        run.staged = tuple(dict.fromkeys(str(each["path"]) for each in late))
        place.printer.notice(Notice("warning", run.last_words().split("\n")[0].removeprefix("localdev: ")))
        place.printer.notice(Notice("hint", run.way_on()))
    if stops:
        place.printer.notice(
            Notice("hint", "a comment localdev: ignore[RULE] lets a finding pass, LOCALDEV_SKIP=1 this commit")
        )
    return STOPS if stops or (late and run.strict) else 0


def _draft(place: Workplace, run: HookRun) -> int:
    """Put a message for the staged change on top of what git shows in the editor, unless there is one."""
    from localdev.app.git_commit import encoded
    from localdev.core.files import write_atomic
    from localdev.source.commit_state import comment_mark

    path = run.root / run.file
    before = path.read_bytes()
    mark = comment_mark(run.root)
    if written(before.decode("utf-8", "surrogateescape"), mark):
        return 0
    # The floor's draft first: it is there in time, whatever becomes of a model.
    for no_model in (True, False) if place.settings.hooks.models else (True,):
        options = {"index_file": _index_file(run.root), "no_model": no_model, "deadline": run.left, "draft": True}
        payload = _result(place, "commit", options)
        message = str(payload["message"])
        encoding, data = encoded(run.root, message)
        # A line that begins as comments do, with a ticket such as #12, would be lost.
        if not message or payload["doing"] or encoding or any(row.startswith(mark) for row in message.split("\n")):
            return 0
        mode = path.stat().st_mode
        write_atomic(path, data + (b"" if before.startswith(b"\n") else b"\n") + before)
        path.chmod(mode & 0o777)
    return 0


def _check(place: Workplace, run: HookRun) -> int:
    """Check a message that is about to be committed."""
    from localdev.assistant.commit.message_check import message_faults
    from localdev.source.commit_state import comment_mark

    text = (run.root / run.file).read_text(encoding="utf-8", errors="replace")
    if os.environ.get("GIT_EDITOR") != ":":  # git's word for none: then it takes no line for a comment
        text = written(text, comment_mark(run.root))
    chosen = place.settings.hooks
    stops = False
    for fault in message_faults(text, chosen.subject):
        stops = stops or (fault.stops and chosen.fail_on != "never")
        place.printer.notice(Notice("warning", f"line {fault.line} of the message: {fault.text}"))
    if stops:
        place.printer.notice(Notice("hint", f"nothing was committed; the message is in {run.root / run.file}"))
    return STOPS if stops else 0


def written(text: str, mark: str) -> str:
    """Give what somebody wrote into a message's file: no comments, and nothing below the line of scissors."""
    from localdev.source.commit_state import without_comments

    head, _, _ = text.replace("\r\n", "\n").partition(f"{mark} ------------------------ >8 ------------------------")
    return without_comments(head, mark)


def _index_file(root: Path) -> str:
    """Give the index that git prepares this commit in."""
    from localdev.source.git import index_of_caller

    return index_of_caller(root)
