"""A session as a file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from localdev.core.errors import UsageError
from localdev.core.talk import SessionInfo, Turn

_ENDINGS = {"markdown": ".md", "json": ".json"}
_LONGEST_NAME = 60


def export_bytes(info: SessionInfo, turns: Sequence[Turn], form: str) -> bytes:
    """Give what an export holds.

    Raises:
        UsageError: the form is unknown.
    """
    from localdev.sessions.export import to_json, to_markdown

    if form not in _ENDINGS:
        raise UsageError(f"there is no form {form!r}", f"known are {', '.join(_ENDINGS)}")
    if form == "json":
        return (json.dumps(to_json(info, turns), indent=2) + "\n").encode()
    return to_markdown(info, turns).encode("utf-8", "backslashreplace")


def file_name(info: SessionInfo, form: str) -> str:
    """Name a file after a session's title, with letters that every system takes."""
    plain = re.sub(r"[^\w]+", "-", info.title.lower()).strip("-")[:_LONGEST_NAME].strip("-")
    return f"chat-{plain or info.id}{_ENDINGS.get(form, '')}"
