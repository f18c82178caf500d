"""Shows long work on stderr: a bar with rate and time left on a terminal, an occasional plain line elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from localdev.core.events import Notice, Progress
from localdev.core.neutral import one_line

if TYPE_CHECKING:
    from localdev.cli.terminal import Printer

# Work that is over sooner shows nothing: a bar that only flashes is noise, and loading it takes longer.
_PATIENCE = 0.5
_PLAIN_EVERY = 5.0


class ProgressLine:
    """One line of progress; `update` is cheap and may be called for every file.

    A `quiet` one shows nothing but on a terminal: of work whose output is kept, as a review's in CI. One in `lines`
    moves no cursor on a terminal either.
    """

    def __init__(self, printer: Printer, *, quiet: bool = False, lines: bool = False) -> None:
        self._printer = printer
        self._quiet = quiet
        self._started: float | None = time.monotonic()  # None between two pieces of work
        self._stage_started = self._last_plain = time.monotonic()
        self._stage = ""
        self._stage_begun = 0  # where the stage's count began: a download that is gone on with begins in the middle
        self._bar: Any = None
        self._task: Any = None
        dumb = lines or os.environ.get("TERM", "") in ("dumb", "")
        self._terminal = sys.stderr is not None and sys.stderr.isatty() and not dumb

    def update(self, progress: Progress) -> None:
        """Show how far the work is, unless it has only just begun."""
        if not progress.stage:
            self.close()
            return
        progress = in_megabytes(progress)
        now = time.monotonic()
        if progress.stage != self._stage:
            self._stage, self._stage_started, self._stage_begun = progress.stage, now, progress.done
            self._end_bar()
        if self._started is None:
            self._started = now
        if now - self._started < _PATIENCE:
            return
        if self._terminal:
            self._update_bar(progress)
        elif not self._quiet and now - self._last_plain >= _PLAIN_EVERY:
            self._last_plain = now
            self._printer.aside(plain(progress, now - self._stage_started, self._stage_begun))

    def take(self, event: Progress | Notice) -> None:
        """Show progress, or print a notice in its place."""
        if isinstance(event, Progress):
            self.update(event)
        else:
            self.close()
            self._printer.notice(event)

    def close(self) -> None:
        """Remove the bar; later updates are of new work and start a new one."""
        self._end_bar()
        self._started = None
        self._stage = ""

    def _update_bar(self, progress: Progress) -> None:
        """Draw or move the bar."""
        if self._bar is None:
            self._bar = _new_bar(color=self._printer.err_color)
            self._bar.start()
            self._task = self._bar.add_task(
                one_line(progress.stage), total=progress.total or None, completed=self._stage_begun, unit=progress.unit
            )
        self._bar.update(self._task, completed=progress.done, total=progress.total or None)

    def _end_bar(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def in_megabytes(progress: Progress) -> Progress:
    """Give progress counted in bytes as MB."""
    if progress.unit != "bytes":
        return progress
    return Progress(progress.stage, round(progress.done / 1e6), round(progress.total / 1e6), "MB")


def plain(progress: Progress, seconds: float, begun: int = 0) -> str:
    """Say it in one plain line: `indexing 120/400 files, 60 files/s, 5 s left`; the count began at `begun`."""
    progress = in_megabytes(progress)
    count = f"{progress.done}/{progress.total}" if progress.total else str(progress.done)
    text = f"{one_line(progress.stage)} {count} {progress.unit}"
    rate = (progress.done - begun) / seconds if seconds > 0 else 0.0
    if rate > 0:
        text += f", {rate:.0f} {progress.unit}/s"
        if progress.total > progress.done:
            text += f", {(progress.total - progress.done) / rate:.0f} s left"
    return text


def _new_bar(*, color: bool) -> Any:
    """Make the bar; rich is loaded here, where work is long enough to pay for it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    class Rate(ProgressColumn):
        """Units a second."""

        def render(self, task: Task) -> Text:
            """Give `120 files/s`, empty before it is known."""
            return Text(f"{task.speed:.0f} {task.fields['unit']}/s" if task.speed else "")

    return Bar(
        TextColumn("{task.description}", markup=False),  # a server's words
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True, no_color=not color),
        transient=True,
    )
