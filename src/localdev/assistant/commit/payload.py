"""What `commit --json` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from localdev.assistant.commit.dress import Worded
from localdev.core.chat import Usage
from localdev.render.payloads import SCHEMA_VERSION


def commit_payload(message: Worded | None = None, **more: Any) -> dict[str, Any]:
    """Give the payload of a message, or of what keeps the commit from being made; `more` are any of its other fields.

    `stopped` says why there is no message: `nothing-staged`, `unmerged`, `rebase` or `secret`. `doing` is what git is
    in the middle of, whose own message this is.
    """
    known = message or Worded("", "", "", "")
    return {
        "schema_version": SCHEMA_VERSION,
        "subject": known.subject,
        "body": known.body,
        "message": known.text,
        "type": known.type,
        "scope": known.scope,
        "ticket": known.ticket,
        "model": "",
        "prompt": "",
        "attempts": 0,
        "files": 0,
        "doing": "",
        "stopped": "",
        "paths": [],
        "secrets": [],
        "style": {},
        "usage": asdict(Usage()),
        "timings": {},
        "stop_reason": "",
        **more,
    }
