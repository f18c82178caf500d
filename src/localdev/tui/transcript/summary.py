"""What the transcript says of a turn beside its question and answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from localdev.app.git_commit import why_not
from localdev.core.sizes import counted
from localdev.core.talk import Turn

_SEVERITIES = ("high", "medium", "low", "info")
# A few tokens come too fast to be timed.
_LEAST_TIMED = 8


def result_line(turn: Turn) -> str:
    """Say in one line what a review, a commit or a generation has brought; empty while there is nothing."""
    payload = turn.payload
    if payload is None:
        return ""
    if turn.kind == "review":
        return _review(payload)
    if turn.kind == "commit":
        return _commit(payload)
    return _gen(payload)


def _review(payload: Mapping[str, Any]) -> str:
    """Count the findings."""
    findings = payload.get("findings") or []
    files = counted(int(payload.get("files") or 0), "changed file")
    left = len(payload.get("not_reviewed") or [])
    more = f"; {counted(left, 'part')} not reviewed" if left else ""
    if not findings:
        return f"No findings in {files}{more}"
    counts = Counter(str(each.get("severity", "")) for each in findings)
    kinds = ", ".join(f"{counts[name]} {name}" for name in _SEVERITIES if counts[name])
    return f"{counted(len(findings), 'finding')} ({kinds}) in {files}{more}"


def _commit(payload: Mapping[str, Any]) -> str:
    """Give the subject, or say why there is none."""
    if payload.get("stopped"):
        return f"No message: {why_not({'paths': (), **payload})[0] or payload['stopped']}"
    made = str(payload.get("committed") or "")
    return f"{f'Committed {made[:10]}' if made else 'Commit message'}: {payload.get('subject') or 'empty'}"


def _gen(payload: Mapping[str, Any]) -> str:
    """Name the files of a patch, and what its checks say."""
    files = [str(each) for each in payload.get("files") or []]
    if not files:
        return "No change proposed"
    named = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    state = "applied" if payload.get("applied") else "not applied yet"
    return f"Patch of {counted(len(files), 'file')} ({named}), {state}"


def opens(turn: Turn) -> bool:
    """Tell whether there is a screen with what a turn has brought: where no commit can be made, all is said here."""
    return not (turn.payload or {}).get("stopped")


def state_line(turn: Turn) -> tuple[str, str]:
    """Say how a turn ended if it did not end well, and what to do: (state, hint)."""
    if turn.state == "failed":
        return f"Failed: {turn.error or 'no reason was given'}", turn.hint
    if turn.state == "cancelled":
        return "Cancelled: the answer ends here." if turn.answer else "Cancelled before it began.", ""
    if turn.state == "unfinished":
        return "Unfinished: the chat ended while this was answered.", "/retry asks again"
    if turn.kind == "commit" and (turn.payload or {}).get("stopped"):
        return "", why_not({"paths": (), **(turn.payload or {})})[1]
    return "", ""


def foot_parts(turn: Turn) -> list[str]:
    """Give the model, what the answer rests on and its times."""
    if turn.state == "streaming":
        return ["answering ..." if turn.answer else "working ..."]
    parts = [turn.model + (f" + {turn.adapter}" if turn.adapter else "")] if turn.model else []
    if turn.kind == "question" and turn.answer and not turn.model:
        parts.append("without a model")
    elif turn.kind == "question" and turn.sources:
        parts.append(f"{len(turn.cited)} of {counted(len(turn.sources), 'source')}")
    if turn.unverified:
        parts.append(f"{len(turn.unverified)} unverified")
    if turn.dropped_citations:
        parts.append(f"{counted(turn.dropped_citations, 'citation')} dropped")
    return parts + _times(turn)


def _times(turn: Turn) -> list[str]:
    """Give the seconds to the first word and in all, and the speed in between."""
    times, tokens = turn.timings, turn.usage.completion_tokens
    parts = []
    if times.first_token_ms:
        parts.append(f"first word {_seconds(times.first_token_ms)}")
    if times.total_ms:
        parts.append(_seconds(times.total_ms))
    if tokens >= _LEAST_TIMED and (speed := times.tokens_per_second(tokens)):
        parts.append(f"{speed:.0f} tokens/s")
    return parts


def _seconds(milliseconds: float) -> str:
    """Write a time with the digits that matter."""
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 100 else f"{milliseconds:.0f} ms"


def form_line(turn: Turn, form: str) -> str:
    """Say how much of the turns above, which have another form than this one, a model still gets; else empty."""
    if form == turn.form:
        return ""
    if form == "out":
        return "the turns above are no longer sent to the model"
    if form == "short":
        return "the turns above are sent without their passages"
    return ""


def day_line(turn: Turn, before: float) -> str:
    """Give the day of a turn that was asked on another day than the one before."""
    if not turn.asked_at or not before or time.localtime(before)[:3] == time.localtime(turn.asked_at)[:3]:
        return ""
    return time.strftime("%Y-%m-%d", time.localtime(turn.asked_at))


def clock(turn: Turn) -> str:
    """Give the time of day a turn was asked, in hours and minutes."""
    return time.strftime("%H:%M", time.localtime(turn.asked_at)) if turn.asked_at else ""
