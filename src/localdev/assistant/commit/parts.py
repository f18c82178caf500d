"""One thing that a change does, in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """`about` is what kind of thing it is, `type` its conventional type, `phrases` say it in ever shorter words.

    `lines` say it in full, one thing each. `slight` marks what hardly deserves the subject, `breaks` what others
    have to follow.
    """

    about: str
    type: str
    phrases: tuple[str, ...]
    lines: tuple[str, ...]
    paths: tuple[str, ...]
    scope: str = ""
    slight: bool = False
    breaks: bool = False
