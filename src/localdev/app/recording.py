"""Keeps the journal's line of a job up to date while it goes on, and writes it however the job ends.

A connection that the job is refused has a line of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from localdev.core.code import Chunk
from localdev.core.errors import LocaldevError
from localdev.core.events import Answered, Citation, ContextFitted, Event, Notice, Refreshed, Result, Sources
from localdev.core.folders import Folders
from localdev.core.ports import Journal
from localdev.core.search import Hit

if TYPE_CHECKING:
    from localdev.config.settings import Settings

_DIGEST_LENGTH = 16
# What the journal keeps of a job's result: figures as they are, and of what was found how many, not what it says.
_FIGURES = ("usage", "timings", "stop_reason")
_COUNTS = ("findings", "not_reviewed", "dropped", "suppressed", "baselined")


def recorded(job: str, events: Generator[Event, None, None], journal: Journal, *, root: str) -> Iterator[Event]:
    """Pass the events of a job on; one line is recorded when it has ended, failed or been cancelled.

    The line holds what was read (paths, lines, digests), the backend, token counts and times: nothing the user typed
    and nothing of the answer.
    """
    with (
        recording(job, journal, {"root": root}) as entry,
        contextlib.closing(_telling(events, journal)) as told,
    ):
        try:
            for event in told:
                _note(event, entry)
                yield event
        finally:
            if "read" in entry:
                entry["read"] = list(entry["read"].values())


@contextlib.contextmanager
def recording(job: str, journal: Journal, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Record one line when the body has ended, failed or been cancelled: what is `known`, and what the body adds."""
    started = time.perf_counter()
    entry: dict[str, Any] = {**known, "outcome": "cancelled"}
    try:
        yield entry
        entry["outcome"] = "ok"
    except LocaldevError as error:
        entry.update(outcome="failed", error=error.code)
        raise
    except Exception as error:
        entry.update(outcome="bug", error=type(error).__name__)
        raise
    finally:
        entry["total_ms"] = round((time.perf_counter() - started) * 1000, 1)
        journal.record(job, entry)


def journal_of(settings: Settings, folders: Folders, tell: Callable[[Notice], None]) -> Journal:
    """Give the journal, or one that forgets when it is switched off; `tell` hears where it cannot be written."""
    from localdev.audit.journal import FileJournal

    if not settings.journal.enabled:
        return _NoJournal()
    return FileJournal(folders.journal, lambda text: tell(Notice("warning", text)))


class _NoJournal:
    """Stands in for the journal that the user has switched off."""

    def record(self, kind: str, entry: Mapping[str, Any]) -> None:
        """Forget."""


def digest_of(text: str) -> str:
    """Give the digest by which the journal names a text that was read."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]


def _telling(events: Generator[Event, None, None], journal: Journal) -> Generator[Event, None, None]:
    """Pass the events on; what is refused to the job while it works for the next one is told to its own journal."""
    from localdev.audit import egress

    def refused(attempt: str, host: str) -> None:
        journal.record("egress_refused", {"attempt": attempt, "host": host})

    try:
        while True:
            with egress.telling(refused):
                event = next(events, None)
            if event is None:
                return
            yield event
    finally:
        with egress.telling(refused):
            events.close()


def _note(event: Event, entry: dict[str, Any]) -> None:
    """Keep what the journal needs of one event; `read` is kept by what it says, so that nothing is listed twice."""
    if isinstance(event, Refreshed):
        report = event.report
        entry["index"] = {"files": report.files, "chunks": report.chunks, "seconds": round(report.seconds, 3)}
    elif isinstance(event, Sources):  # one for each query of a search
        read = entry.setdefault("read", {})
        read.update({tuple(passage.values()): passage for passage in map(_read, event.hits)})
        if event.model:  # before anything is sent, so that an answer that fails is recorded with where it went
            entry.update(model=event.model, backend=event.backend, prompt=event.prompt)
    elif isinstance(event, ContextFitted):
        entry["history"] = {
            "turns": sum(form != "out" for form in event.forms),
            "tokens": event.history_tokens,
            "read": [_place(passage) for passage in event.standing],
        }
    elif isinstance(event, Result) and "usage" in event.payload:  # its model came with its sources
        entry.update({name: event.payload[name] for name in _FIGURES if name in event.payload})
        entry.update({name: _counted(event.payload[name]) for name in _COUNTS if name in event.payload})
    elif isinstance(event, Answered):
        entry.update(
            model=event.model,
            backend=event.backend,
            prompt=event.prompt,
            usage=asdict(event.usage),
            timings={name: round(value, 1) for name, value in asdict(event.timings).items()},
            citations=len(event.citations),
            dropped_citations=event.dropped_citations,
            stop_reason=event.stop_reason,
        )


def _counted(value: Any) -> int:
    """Give a number, or how many there are of a list."""
    return len(value) if isinstance(value, list) else int(value)


def _read(hit: Hit) -> dict[str, Any]:
    """Name a passage that was read, with the digest of its text as it was."""
    return {**_place(hit.chunk), "digest": digest_of(hit.chunk.text)}


def _place(where: Chunk | Citation) -> dict[str, Any]:
    """Name a place."""
    return {"path": where.path, "start_line": where.start_line, "end_line": where.end_line}
