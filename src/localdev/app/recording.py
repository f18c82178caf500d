"""Keeps the journal's line of a job up to date while its events pass by, and writes it however the job ends."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from localdev.core.errors import LocaldevError
from localdev.core.events import Answered, Event, Refreshed, Sources
from localdev.core.ports import Journal

_DIGEST_LENGTH = 16


def recorded(job: str, events: Iterator[Event], journal: Journal, *, root: str) -> Iterator[Event]:
    """Pass the events of a job on; one line is recorded when it ends, fails or is cancelled.

    The line holds what was read (paths, lines, digests), the backend, token counts and times: nothing the user typed
    and nothing of the answer.
    """
    started = time.perf_counter()
    entry: dict[str, Any] = {"root": root, "outcome": "cancelled"}
    try:
        for event in events:
            entry.update(_noted(event))
            yield event
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


def _noted(event: Event) -> Mapping[str, Any]:
    """Give what the journal keeps of one event."""
    if isinstance(event, Refreshed):
        report = event.report
        return {"index": {"files": report.files, "chunks": report.chunks, "seconds": round(report.seconds, 3)}}
    if isinstance(event, Sources):
        return {
            "read": [
                _read(hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line, hit.chunk.text) for hit in event.hits
            ]
        }
    if isinstance(event, Answered):
        return {
            "model": event.model,
            "backend": event.backend,
            "prompt": event.prompt,
            "usage": asdict(event.usage),
            "timings": {name: round(value, 1) for name, value in asdict(event.timings).items()},
            "citations": len(event.citations),
            "dropped_citations": event.dropped_citations,
            "stop_reason": event.stop_reason,
        }
    return {}


def _read(path: str, start_line: int, end_line: int, text: str) -> dict[str, Any]:
    """Name a passage that was read, with the digest of its text as it was."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    return {"path": path, "start_line": start_line, "end_line": end_line, "digest": digest}
