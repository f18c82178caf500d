"""A session for others: as Markdown to read, and as JSON with all that is known of it."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from localdev.core.errors import NotFound, UsageError
from localdev.core.files import storage_error, write_atomic
from localdev.core.neutral import neutral
from localdev.core.sizes import counted
from localdev.core.talk import SessionInfo, Turn
from localdev.render.markdown import code, fenced, plain
from localdev.render.payloads import SCHEMA_VERSION

Form = Literal["markdown", "json"]
ENDINGS: dict[Form, str] = {"markdown": ".md", "json": ".json"}
_LONGEST_HEADING = 80
_LONGEST_SLUG = 40
# Where a fence of code begins or ends, by CommonMark: at most three blanks before it.
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
# HTML that would hide what follows, and images: whoever shows the file would fetch them from where they say.
_HIDES = re.compile(r"<(?=[!?]|(?:script|pre|style|textarea|iframe|img)\b)|!(?=\[)", re.IGNORECASE)
_STATES = {
    "streaming": "The answer is still coming.",
    "unfinished": "Not finished: the program ended before the answer did.",
    "cancelled": "Cancelled.",
    "failed": "Failed",
}


def exported(info: SessionInfo, turns: Sequence[Turn], form: Form) -> str:
    """Give a session as the text of a file."""
    return to_markdown(info, turns) if form == "markdown" else json.dumps(to_json(info, turns), indent=2) + "\n"


def to_json(info: SessionInfo, turns: Sequence[Turn]) -> dict[str, Any]:
    """Give a session with all its turns, every field as it is stored."""
    return {
        "schema_version": SCHEMA_VERSION,
        "session": asdict(info),
        "turns": [asdict(turn) for turn in turns],
    }


def to_markdown(info: SessionInfo, turns: Sequence[Turn]) -> str:
    """Give a session as Markdown: what was asked as it was typed, answers as they are, their sources, patches.

    Control characters are shown and not obeyed. An answer can neither run on over what follows, nor hide it, nor have
    an image fetched.
    """
    return neutral("\n".join(_parts(info, turns)).replace("\r\n", "\n")) + "\n"


def file_name(info: SessionInfo, form: Form) -> str:
    """Name a file for a session: `chat-2026-01-05-how-are-settings-read.md`."""
    slug = re.sub(r"[^a-z0-9]+", "-", info.title.lower())[:_LONGEST_SLUG].strip("-") or info.id
    return f"chat-{moment(info.created_at)[:10]}-{slug}{ENDINGS[form]}"


def free_file(folder: Path, info: SessionInfo, form: Form) -> Path:
    """Give a file for a session in a folder that is not there yet: the first that is free is numbered."""
    first = folder / file_name(info, form)
    numbered = (first.with_stem(f"{first.stem}-{number}") for number in itertools.count(2))
    return next(each for each in itertools.chain([first], numbered) if not each.exists())


def write_export(path: Path, text: str, *, force: bool = False) -> None:
    """Write an exported session to a file of the user's.

    Raises:
        UsageError: it is there already, and is not to be replaced, or is a folder.
        NotFound: its folder is not there.
        StorageError: it cannot be written; nothing is left behind.
    """
    try:
        _refuse_place(path, force=force)
        write_atomic(path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise storage_error(path, error) from error
    except ValueError as error:
        raise UsageError(f"no file can have the name {str(path)!r}", "name another file") from error


def _refuse_place(path: Path, *, force: bool) -> None:
    """Refuse a place where no file can be written, or one is that is to stay."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder", "name a file")
    if not path.parent.is_dir():
        raise NotFound(f"there is no folder {path.parent}", "make it first, or name another file")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already", "name another file")


def moment(seconds: float) -> str:
    """Write a time for people, as it is here: `2026-01-05 09:30`."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _parts(info: SessionInfo, turns: Sequence[Turn]) -> Iterator[str]:
    """Yield the paragraphs, with blank lines between them."""
    yield f"# {plain(info.title) or 'A chat'}"
    yield ""
    yield f"{code(info.root)}, {moment(info.created_at)}, {counted(info.turns, 'turn')}, session {info.id}"
    for turn in turns:
        for part in _turn(turn):
            yield ""
            yield part


def _turn(turn: Turn) -> Iterator[str]:
    """Yield the paragraphs of a turn."""
    first = next((line.strip() for line in turn.asked.splitlines() if line.strip()), turn.kind)
    heading = first if len(first) <= _LONGEST_HEADING else first[: _LONGEST_HEADING - 3].rstrip() + "..."
    yield f"## {turn.number}. {plain(heading)}"
    if turn.asked.strip() != heading:
        yield fenced(turn.asked, "text")
    for attachment in turn.attachments:
        yield f"Attached: {code(attachment.name)}"
        yield fenced(attachment.text)
    if turn.answer.strip():
        yield fenced(turn.answer, "text") if turn.kind == "commit" else answer_markdown(turn.answer)
    if patch := (turn.payload or {}).get("patch"):
        yield fenced(str(patch), "diff")
    if turn.state in _STATES:
        yield "**" + " ".join(filter(None, _ended(turn))) + "**"
    yield from _foot(turn)


def answer_markdown(answer: str) -> str:
    """Give an answer that stays within its own bounds: an open fence is closed, nothing is hidden or fetched."""
    lines, open_fence = [], ""
    for line in answer.strip("\n").split("\n"):
        found = _FENCE.match(line)
        if open_fence:
            closes = found and found[1].startswith(open_fence) and not found[2].strip()
            open_fence = "" if closes else open_fence
        elif found and not (found[1][0] == "`" and "`" in found[2]):
            open_fence = found[1]
        else:
            line = _HIDES.sub(r"\\\g<0>", line)
        lines.append(line)
    return "\n".join([*lines, open_fence] if open_fence else lines)


def _ended(turn: Turn) -> Iterator[str]:
    """Yield how a turn ended that did not end well."""
    told = _STATES[turn.state]
    yield f"{told}: {plain(turn.error)}" if turn.error else told.rstrip(".") + "."
    yield f"({plain(turn.hint)})" if turn.hint else ""


def _foot(turn: Turn) -> Iterator[str]:
    """Yield what stands below an answer: its sources, names nobody could verify, notices, the model and the time."""
    cited = [source for source in turn.sources if source.id in turn.cited]
    if cited:
        rows = (f"- [{each.id}] {code(each.place)}" for each in cited)
        names = (f" {plain(each.symbol)}" if each.symbol else "" for each in cited)
        yield "\n".join(row + name for row, name in zip(rows, names, strict=True))
    if turn.unverified:
        yield "Not found in the repository: " + ", ".join(map(code, turn.unverified))
    if said := [f"- {each.level}: {plain(each.text)}" for each in turn.said]:
        yield "\n".join(said)
    seconds = turn.timings.total_ms / 1000
    about = [moment(turn.asked_at) if turn.asked_at else "", plain(turn.model), plain(turn.adapter)]
    if line := ", ".join(filter(None, [*about, f"{seconds:.1f} s" if seconds else ""])):
        yield f"*{line}*"
