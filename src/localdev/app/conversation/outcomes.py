"""What a review, a commit or a generation came to, in words: for the history of a chat, and for its plain form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localdev.core.sizes import counted

# A later question about a review is about its first findings; the rest is on the screen.
_MOST_FINDINGS = 30


def outcome_text(kind: str, payload: Mapping[str, Any]) -> str:
    """Say what came of a job, by the kind of its turn."""
    return _WORDS[kind](payload) if kind in _WORDS else ""


def _review(payload: Mapping[str, Any]) -> str:
    """List the findings, one a line, and what was not reviewed."""
    findings: Sequence[Mapping[str, Any]] = payload.get("findings") or ()
    change = str(payload.get("change") or "the change")
    files = counted(int(payload.get("files") or 0), "file")
    if not findings:
        lines = [f"No findings in {files} of {change}."]
    else:
        lines = [f"{counted(len(findings), 'finding')} in {files} of {change}:"]
    for each in findings[:_MOST_FINDINGS]:
        lines.append(f"- {each['path']}:{each['line']} {each['severity']} ({each['rule']}): {each['message']}")
    if len(findings) > _MOST_FINDINGS:
        lines.append(f"- and {len(findings) - _MOST_FINDINGS} more")
    if left := payload.get("not_reviewed"):
        lines.append(f"Not reviewed: {counted(len(left), 'file')}.")
    return "\n".join(lines)


def _commit(payload: Mapping[str, Any]) -> str:
    """Give the message, or what keeps the commit from being made."""
    stopped = str(payload.get("stopped") or "")
    if not stopped:
        return str(payload.get("message") or "")
    from localdev.app.git_commit import why_not

    lines = [f"No message was worded: {' - '.join(part for part in why_not(payload) if part) or stopped}"]
    lines += [f"- {each['path']}:{each['line']} {each['message']}" for each in payload.get("secrets") or ()]
    return "\n".join(lines)


def _gen(payload: Mapping[str, Any]) -> str:
    """Say which files a patch would change, or which checks refused it."""
    checks: Sequence[Mapping[str, Any]] = payload.get("checks") or ()
    if payload.get("patch"):
        head = f"Proposed a patch for {', '.join(payload.get('files') or ())}; all checks went well:"
    else:
        head = f"Refused after {counted(int(payload.get('attempts') or 0), 'attempt')}: nothing was changed."
    lines = [f"- {'ok' if each['ok'] else 'FAILED'} {each['name']}: {each['detail']}" for each in checks]
    return "\n".join([head, *lines])


_WORDS = {"review": _review, "commit": _commit, "gen": _gen}
