"""Reviews, commits and generations told in a few words, for a conversation that goes on about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from localdev.core.sizes import counted
from localdev.core.talk import Turn

# What comes first is the worst or the most; more would crowd out the code that is asked about.
_MOST = 10
_LONGEST = 2000


def reported(turn: Turn) -> str:
    """Say what came of a turn that was no question; empty while nothing has come of it."""
    if turn.answer.strip():
        return _cut(turn.answer.strip())
    tell = _TELLERS.get(turn.kind)
    return _cut("\n".join(tell(turn.payload))) if tell is not None and turn.payload else ""


def _review(payload: Mapping[str, Any]) -> Iterator[str]:
    """Name the findings."""
    findings = payload.get("findings", [])
    yield f"The review found {counted(len(findings), 'finding')}."
    for each in findings[:_MOST]:
        yield f"- {each.get('severity')}: {each.get('path')}:{each.get('line')}: {each.get('message')}"
    if len(findings) > _MOST:
        yield f"- and {len(findings) - _MOST} more"


def _commit(payload: Mapping[str, Any]) -> Iterator[str]:
    """Give the message."""
    if payload.get("stopped"):
        yield f"No message was proposed: {payload['stopped']}."
        return
    yield f"The proposed commit message is: {payload.get('subject', '')}"
    if payload.get("body"):
        yield str(payload["body"])


def _gen(payload: Mapping[str, Any]) -> Iterator[str]:
    """Name the files and give the patch."""
    files = [str(each.get("path") if isinstance(each, dict) else each) for each in payload.get("files", [])]
    yield f"A patch was proposed for {', '.join(files[:_MOST]) or 'no file'}."
    if payload.get("patch"):
        yield str(payload["patch"])


_TELLERS: dict[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {"review": _review, "commit": _commit, "gen": _gen}


def _cut(text: str) -> str:
    """Keep the beginning of a long text, and say that there was more."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n(and more)"
