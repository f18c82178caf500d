"""Values to the plain dictionaries that `--json`, the service and the gateway print.

Field names are the contract of the command line; `schema_version` is raised when one is renamed or removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from localdev.core.chat import Usage
from localdev.core.code import RefreshReport
from localdev.core.events import Answered, Timings
from localdev.core.search import Hit

SCHEMA_VERSION = 1


def answer_payload(answered: Answered) -> dict[str, Any]:
    """Give what `ask --json` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "answer": answered.answer,
        "citations": [asdict(citation) for citation in answered.citations],
        "unverified": list(answered.unverified),
        "dropped_citations": answered.dropped_citations,
        "model": answered.model,
        "prompt": answered.prompt,
        "usage": asdict(answered.usage),
        "timings": {name: round(value, 1) for name, value in asdict(answered.timings).items()},
        "stop_reason": answered.stop_reason,
    }


def completion_payload(
    completion: str, *, model: str, usage: Usage, timings: Timings, stop_reason: str
) -> dict[str, Any]:
    """Give what `complete --json` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "completion": completion,
        "model": model,
        "usage": asdict(usage),
        "timings": {
            "first_token_ms": round(timings.first_token_ms, 1),
            "total_ms": round(timings.total_ms, 1),
        },
        "stop_reason": stop_reason,
    }


def hit_payload(hit: Hit, *, explain: bool = False) -> dict[str, Any]:
    """Give one result of a search; `explain` adds each part of its score."""
    chunk = hit.chunk
    payload: dict[str, Any] = {
        "rank": hit.rank,
        "path": chunk.path,
        "start_line": chunk.start_line,
        "end_line": chunk.end_line,
        "symbol": chunk.symbol,
        "kind": chunk.kind,
        "language": chunk.language,
        "score": round(hit.score, 4),
        "snippet": chunk.text,
    }
    if explain:
        payload["parts"] = [{"name": part.name, "value": round(part.value, 4), "note": part.note} for part in hit.parts]
    return payload


def search_payload(
    query: str, hits: Sequence[Hit], took_ms: float, *, explain: bool = False, notice: str = ""
) -> dict[str, Any]:
    """Give what `search --json` prints for one query; `notice` is what the user should know of the results."""
    return {
        "schema_version": SCHEMA_VERSION,
        "query": query,
        "took_ms": round(took_ms, 1),
        "results": [hit_payload(hit, explain=explain) for hit in hits],
        "notice": notice,
    }


def index_payload(report: RefreshReport) -> dict[str, Any]:
    """Give what `index --json` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "files": report.files,
        "chunks": report.chunks,
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "skipped": [asdict(skipped) for skipped in report.skipped],
        "line_chunked": list(report.line_chunked),
        "seconds": round(report.seconds, 3),
        "rebuilt": report.rebuilt,
        "notes": list(report.notes),
    }
