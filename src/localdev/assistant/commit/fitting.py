"""As much of a change as a model can read: what tells most comes first, the rest is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from localdev.assistant.commit.kinds import kind_of
from localdev.core.change import FileChange, Hunk
from localdev.core.code import Chunk
from localdev.core.search import Hit

Count = Callable[[str], int]

_RANKS = {"code": 0, "build": 1, "ci": 1, "config": 1, "test": 2, "docs": 3}
_SIGNS = {"context": " ", "added": "+", "removed": "-"}
# No tokenizer makes fewer tokens of source text: more characters than this need not be counted.
_MOST_CHARACTERS_PER_TOKEN = 8
_LONGEST_LINE = 300
_MOST_NAMED = 30


@dataclass(frozen=True, slots=True)
class Fitted:
    """The text of the diff, the names of the files left out of it, and what was shown, for the journal."""

    diff: str
    names: str
    shown: tuple[Hit, ...]


def fit(files: Sequence[FileChange], budget: int, count: Count) -> Fitted:
    """Choose hunks worth at most `budget` tokens: code before tests before documents, much before little.

    Lock files, generated and binary ones, deletions, pure moves and submodules are named and not shown.
    """
    pieces: list[str] = []
    shown: list[Hit] = []
    left = budget
    for file in sorted(filter(_is_telling, files), key=_rank):
        kept = []
        head = _head(file)
        left -= count(head)
        for hunk in file.hunks:
            text = _text(hunk)
            cost = count(text) if len(text) <= left * _MOST_CHARACTERS_PER_TOKEN else left + 1
            if left < cost:
                break
            left -= cost
            kept.append(text)
        if kept:
            cut = "" if len(kept) == len(file.hunks) else f"({len(file.hunks) - len(kept)} more places)\n"
            pieces.append(head + "".join(kept) + cut)
            shown.append(_hit(file, "".join(kept), len(shown) + 1))
        else:
            left += count(head)
    seen = {hit.chunk.path for hit in shown}
    return Fitted("\n".join(pieces), _named([file for file in files if file.path not in seen]), tuple(shown))


def _is_telling(file: FileChange) -> bool:
    """Say whether a file's lines are worth a model's time."""
    return bool(file.hunks) and file.status != "deleted" and not file.submodule and kind_of(file.path) in _RANKS


def _rank(file: FileChange) -> tuple[int, int]:
    """Order files by what they tell."""
    return _RANKS[kind_of(file.path)], -sum(line.kind != "context" for line in file.lines())


def _head(file: FileChange) -> str:
    """Name a file and what happened to it as a whole."""
    what = f"{file.status} from {file.old_path}" if file.status in ("renamed", "copied") else file.status
    return f"{file.path} ({what})\n"


def _text(hunk: Hunk) -> str:
    """Write a hunk."""
    rows = [f"@@ {hunk.heading}".rstrip(), *(_SIGNS[line.kind] + line.text[:_LONGEST_LINE] for line in hunk.lines)]
    return "\n".join(rows) + "\n"


def _named(files: Sequence[FileChange]) -> str:
    """Name files that are not shown."""
    names = [f"{file.path} ({file.status})" for file in files[:_MOST_NAMED]]
    more = len(files) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _hit(file: FileChange, text: str, rank: int) -> Hit:
    """Say which lines of a file were shown."""
    lines = [line.new_line for line in file.lines() if line.new_line]
    chunk = Chunk(file.path, min(lines, default=0), max(lines, default=0), "", "lines", text)
    return Hit(rank, 0, chunk, 1.0)


def texts_of(files: Sequence[FileChange]) -> Iterator[str]:
    """Yield all that stands in a change: paths, headings and lines."""
    for file in files:
        yield file.path
        yield file.old_path
        for hunk in file.hunks:
            yield hunk.heading
            yield from (line.text for line in hunk.lines)
