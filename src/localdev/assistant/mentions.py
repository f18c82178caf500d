"""Files the user names in a question: `@path`, `@path:10-40`, and in quotes what has blanks: `@"my notes.md"`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from localdev.assistant.verify import is_file_name
from localdev.core.code import Chunk
from localdev.core.errors import NotFound, UsageError
from localdev.core.ports import Repository
from localdev.core.search import Hit, ScorePart

_MENTION = re.compile(
    r"""(?<![\w@])@(?:"(?P<quoted>[^"\n]+)"|(?P<path>[^\s:,;?!'"`()]+))(?::(?P<start>\d+)(?:-(?P<end>\d+))?)?"""
)
_TO_THE_END = 2**31
_PART = (ScorePart("mentioned", 1.0, "named in the question"),)


@dataclass(frozen=True, slots=True)
class Mention:
    """A file of the repository named in a question, with the lines asked for (1-based, inclusive)."""

    path: str
    start_line: int = 1
    end_line: int = _TO_THE_END


def find_mentions(question: str, paths: Sequence[str]) -> tuple[str, list[Mention]]:
    """Give the question without the `@` marks, and the files it names.

    A word such as `@property` that is no path stays as it is; what looks like a file must exist: by its ending, by
    its lines, or because it is nearly the path of one.

    Raises:
        UsageError: the path leaves the repository, or the lines are upside down.
        NotFound: it looks like a path but is not indexed; the hint names the nearest one.
    """
    mentions: list[Mention] = []

    def resolve(match: re.Match[str]) -> str:
        found = _resolve(match, paths)
        if found is None:
            return match.group(0)
        mentions.append(found)
        return match.group(0)[1:]

    text = _MENTION.sub(resolve, question)
    return text, list(dict.fromkeys(mentions))


def _resolve(match: re.Match[str], paths: Sequence[str]) -> Mention | None:
    """Turn one match into a mention; None when it is an ordinary word."""
    written = match.group("quoted") or match.group("path").rstrip(".")
    path = written.removeprefix("./").replace("\\", "/")
    if path.startswith(("/", "~")) or ".." in path.split("/"):
        raise UsageError(
            f"@{written} is outside the repository", "name a file by its path from the repository's top folder"
        )
    start = int(match.group("start") or 1)
    end = int(match.group("end") or match.group("start") or _TO_THE_END)
    if start < 1 or end < start:
        raise UsageError(f"@{written}:{start}-{end} is no range of lines", "write @path:FIRST-LAST, counted from 1")
    hits = [known for known in paths if known == path] or [known for known in paths if known.endswith("/" + path)]
    if len(hits) == 1:
        return Mention(hits[0], start, end)
    if not hits and any(known.startswith(path.rstrip("/") + "/") for known in paths):
        raise UsageError(
            f"@{written} is a folder", "name the files in it that matter, or search it: --path 'FOLDER/**'"
        )
    near = [] if hits else difflib.get_close_matches(path, paths, n=1)
    if not hits and not near and not match.group("start") and not is_file_name(path):
        return None  # `@property`, `@angular/core`
    if hits:
        raise UsageError(f"@{written} may be any of {len(hits)} files", f"write one in full: {', '.join(hits[:3])}")
    raise NotFound(
        f"@{written} is not in the index of this repository",
        f"did you mean @{near[0]}?" if near else "`localdev index` lists the files that are skipped, with reasons",
    )


def mentioned_hits(mentions: Sequence[Mention], repository: Repository) -> list[Hit]:
    """Give the passages of the mentioned lines, in order.

    Raises:
        NotFound: the file has no such lines.
    """
    hits: list[Hit] = []
    for mention in mentions:
        ids = repository.chunk_ids(mention.path, mention.start_line, mention.end_line)
        stored = repository.chunks(ids)
        if not ids:
            raise NotFound(
                f"{mention.path} has no lines {mention.start_line}-{mention.end_line}", "check the line numbers"
            )
        for chunk_id in ids:
            if chunk_id in stored:
                chunk = _cut(stored[chunk_id].chunk, mention)
                hits.append(Hit(len(hits) + 1, chunk_id, chunk, 1.0, _PART))
    return hits


def _cut(chunk: Chunk, mention: Mention) -> Chunk:
    """Narrow a chunk to the lines asked for."""
    start, end = max(chunk.start_line, mention.start_line), min(chunk.end_line, mention.end_line)
    lines = chunk.text.split("\n")[start - chunk.start_line : end - chunk.start_line + 1]
    return replace(chunk, start_line=start, end_line=end, text="\n".join(lines))
