"""The messages of past commits, with the paths each one touched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from localdev.source.git import ask_git

# Neither a message nor a path holds a NUL, and no path is empty: nothing that somebody wrote can pass for an id.
_COMMIT = re.compile(r"\0(?P<id>[0-9a-f]{40,64})\0(?P<subject>[^\0]*)\0(?P<body>[^\0]*)\0\n?(?P<paths>(?:[^\0]+\0)*)")
# Nothing that the repository's own settings name may run, and none of them may change the form that is read here.
_PLAIN = (
    "--no-ext-diff", "--no-textconv", "--no-show-signature", "--ignore-submodules=all", "--no-notes", "--no-renames",
    "--no-color", "--no-relative", "--encoding=UTF-8",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PastMessage:
    """What somebody wrote of a commit: subject, the text below it, and the paths that the commit touched."""

    subject: str
    body: str = ""
    paths: tuple[str, ...] = ()


def past_messages(root: Path, limit: int) -> list[PastMessage]:
    """Give the last messages, the newest first, merges left out; none without git or before the first commit."""
    wanted = ("--no-merges", f"-n{limit}", "--name-only", "-z", "--format=%x00%H%x00%s%x00%b")
    said = ask_git(root, "log", *wanted, *_PLAIN) or ""
    return [
        PastMessage(each["subject"], each["body"].strip(), tuple(each["paths"].split("\0")[:-1]))
        for each in _COMMIT.finditer(said)
    ]
