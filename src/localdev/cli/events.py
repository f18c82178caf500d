"""Consumes the events of a job: asides go to stderr as they come, the rest is handed to the command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from localdev.cli.progress import ProgressLine
from localdev.core.events import Event, Notice, Progress, Refreshed, ThinkingDelta

if TYPE_CHECKING:
    from localdev.cli.terminal import Printer
    from localdev.cli.workplace import Use, Workplace


@contextlib.contextmanager
def running(
    place: Workplace, job: str, options: Mapping[str, object], *, service: Use = "none", quiet: bool = False
) -> Iterator[Iterator[Event]]:
    """Start a job with its progress shown, and hand out the events that matter to a command.

    `service` says whether it may run in the background service, `quiet` that progress is for terminals alone.

    Leaving the context closes the job, which stops the engine, also when the command failed or was interrupted.
    """
    progress = ProgressLine(place.printer, quiet=quiet)
    events = place.jobs(progress.take, service).run(job, options)
    try:
        yield filtered(events, place.printer, progress)
    except Exception:
        place.printer.break_line()  # the error that follows belongs on a line of its own
        raise
    finally:
        progress.close()
        close = getattr(events, "close", None)
        if close is not None:
            close()


def filtered(events: Iterator[Event], printer: Printer, progress: ProgressLine) -> Iterator[Event]:
    """Show notices and progress, pass on the rest."""
    thought = 0
    for event in events:
        if isinstance(event, ThinkingDelta):  # not shown: it is no part of the answer, and often long
            thought += len(event.text)
            event = Progress("thinking", thought, unit="characters")
        if isinstance(event, Progress | Notice):
            progress.take(event)
            continue
        progress.close()
        if isinstance(event, Refreshed):
            for note in event.report.notes:
                printer.notice(Notice("warning", note))
        yield event
