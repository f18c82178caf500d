"""Who uses what: "and where is it called?" is answered by the graph of symbols, not by words that are alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from localdev.assistant.chat.followup import code_in, means_what_was_said, spoken_of
from localdev.assistant.passages import Found
from localdev.assistant.verify import last_part
from localdev.core.ports import Repository
from localdev.core.search import Hit, ScorePart
from localdev.core.talk import Turn

_ASKS = re.compile(r"\b(?:call(?:s|ed|ers?)?|use[sd]?|usages?|users of|invoke[sd]?)\b", re.IGNORECASE)
_MOST = 4
# Uses of one name in one function are one passage.
_LOOKED_AT = 20


def used(question: str, turns: Sequence[Turn]) -> tuple[str, str]:
    """Give the symbol whose users a question asks for, and the file that defines it (empty: any); else two empty texts.

    It is the name in the question, or where there is none the symbol that the turn before spoke of first.
    """
    if not _ASKS.search(question):
        return "", ""
    names = code_in(question)
    if names:
        return last_part(names[0]), ""
    if not means_what_was_said(question):
        return "", ""
    last = next((turn for turn in reversed(turns) if turn.kind == "question" and turn.answer.strip()), None)
    places = spoken_of(last) if last is not None else []
    return (last_part(places[0].symbol), places[0].path) if places else ("", "")


def with_users(found: Found, repository: Repository, name: str, path: str) -> Found:
    """Put the passages that use a symbol in front of what search found; they are worth as much as the best of it."""
    if not name or not found.hits:
        return found
    part = (ScorePart("uses", 1.0, f"uses {name}"),)
    ids: dict[int, None] = {}
    for where, line, _ in repository.callers(name, _LOOKED_AT, path=path):
        ids.update(dict.fromkeys(repository.chunk_ids(where, line, line)[:1]))
    named = {hit.chunk_id for hit in found.hits[: found.named]}
    stored = repository.chunks([each for each in ids if each not in named][:_MOST])
    best = found.hits[0].score
    users = [Hit(0, each, stored[each].chunk, best, part) for each in ids if each in stored]
    others = [hit for hit in found.hits[found.named :] if hit.chunk_id not in stored]
    hits = [*found.hits[: found.named], *users, *others]
    return replace(found, hits=tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1)))
