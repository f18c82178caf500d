"""What a repository's history holds that questions can be made of: subjects, paths, and lines that were added."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localdev.source.git import ask_git

# Neither a subject nor a path holds a NUL, and no path is empty: nothing that somebody wrote can pass for an id.
_COMMIT = re.compile(r"\0(?P<id>[0-9a-f]{40,64})\0(?P<subject>[^\0]*)\0\n?(?P<paths>(?:[^\0]+\0)*)")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")  # bytes that are no UTF-8 come as lone surrogates
_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,\d+)? @@")
# Nothing that the repository's own settings name may run (converters, other diffs, a checker of signatures, another git
# in a submodule), and none of them may change the form that is read here.
_PLAIN = (
    "--no-ext-diff", "--no-textconv", "--no-show-signature", "--ignore-submodules=all", "--no-notes", "--no-renames",
    "--no-color", "--no-relative", "--inter-hunk-context=0", "--encoding=UTF-8",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PastCommit:
    """A commit with one parent at most: its id, the first line of its message, and the paths that it left changed."""

    id: str
    subject: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddedLine:
    """A line that a commit added: its number (from 1) in the file as the commit left it, and its text."""

    path: str
    line: int
    text: str


def past_commits(root: Path, limit: int) -> list[PastCommit]:
    """Give the last commits that added or changed files, the newest first, merges left out.

    None without git or before the first commit.
    """
    wanted = ("--no-merges", f"-n{limit}", "--diff-filter=AM", "--name-only", "-z", "--format=%x00%H%x00%s")
    said = ask_git(root, "log", *wanted, *_PLAIN) or ""
    return [
        PastCommit(each["id"], each["subject"], tuple(each["paths"].split("\0")[:-1]))
        for each in _COMMIT.finditer(said)
    ]


def added_lines(root: Path, commit: str) -> Iterator[AddedLine]:
    """Yield the lines that a commit added, file by file."""
    wanted = ("--unified=0", "--diff-filter=AM", "--src-prefix=a/", "--dst-prefix=b/", "--format=")
    said = ask_git(root, "show", *wanted, *_PLAIN, commit)
    path, number, left = "", 0, 0
    for text in (said or "").split("\n"):
        hunk = _HUNK.match(text) if not left else None
        if hunk:
            number, left = int(hunk[1]), _length(text)
        elif left and text.startswith("+"):
            if path:
                yield AddedLine(path, number, text[1:].removesuffix("\r"))
            number, left = number + 1, left - 1
        elif not left and text.startswith("+++ "):
            # A name in quotes holds characters that git writes as escapes: the lines of such a file are left out.
            path = text.removeprefix("+++ b/").removesuffix("\t") if text.startswith("+++ b/") else ""


def text_at(root: Path, commit: str, path: str) -> str | None:
    """Give a file as a commit left it; None where there is none, or where it is no plain text in UTF-8."""
    said = ask_git(root, "cat-file", "blob", f"{commit}:{path}")
    return None if said is None or _NO_TEXT.search(said) else said.replace("\r\n", "\n")


def _length(hunk: str) -> int:
    """Give the number of lines that a hunk adds: `@@ -1,2 +3,4 @@` adds 4, one where no number stands."""
    added = hunk.split(" ")[2]
    return int(added.partition(",")[2] or 1)
