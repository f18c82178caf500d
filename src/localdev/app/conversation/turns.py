"""What an event makes of a turn, and what of a turn later prompts are made of. All pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from localdev.app.conversation.outcomes import outcome_text
from localdev.app.conversation.wording import in_chat
from localdev.core.chat import Usage
from localdev.core.errors import LocaldevError
from localdev.core.events import (
    Answered,
    Citation,
    ContextFitted,
    Event,
    HistoryForm,
    Notice,
    Refreshed,
    Result,
    Sources,
    Timings,
)
from localdev.core.talk import Turn

# With a small window far fewer fit; it bounds what is kept in memory and sent with each question.
MOST_HISTORY = 100
LONGEST_TITLE = 60
# As the job writes citations: `[2]`, `[1, 3]`, and not the index of `rows[2]`. No conversation has a million passages.
_CITED = re.compile(r"(?<![\w)])\[(\d{1,6}(?:, \d{1,6})*)\]")


_TITLES = {"review": ("Review", "what is not committed"), "commit": ("Commit", "the message"), "gen": ("Patch", "")}


def title_of(turn: Turn) -> str:
    """Give a session's title by a turn: the first line of the question, cut at a word where it is long.

    Of a command it is that in words, which stands until there is a question.
    """
    asked = turn.asked
    if turn.kind != "question":
        what, otherwise = _TITLES[turn.kind]
        asked = f"{what}: {asked.partition(' ')[2].strip() or otherwise}"
    first = next((line.strip() for line in asked.splitlines() if line.strip()), "")
    first = " ".join(first.split())
    if len(first) <= LONGEST_TITLE:
        return first
    cut = first[: LONGEST_TITLE - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip() + "…"


def with_event(turn: Turn, event: Event) -> Turn:
    """Give the turn as an event leaves it. Pieces of the answer are put together elsewhere, as they are many."""
    if isinstance(event, Notice):
        return with_said(turn, event)
    if isinstance(event, Refreshed):
        for note in event.report.notes:
            turn = with_said(turn, Notice("warning", note))
        return turn
    if isinstance(event, Sources):
        named = replace(turn, model=event.model, backend=event.backend, prompt=event.prompt)
        # Twice where a model said nothing and the places themselves follow.
        return replace(named, sources=(*turn.sources, *_citations(event))) if turn.kind == "question" else named
    if isinstance(event, ContextFitted):
        return replace(turn, sent=event.message)
    if isinstance(event, Answered):
        return _answered(turn, event)
    if isinstance(event, Result):
        return _with_result(turn, event.payload)
    return turn


def with_said(turn: Turn, notice: Notice) -> Turn:
    """Add what a job said beside its answer; the same twice is said once."""
    said = Notice(notice.level, notice.text)
    return turn if said in turn.said else replace(turn, said=(*turn.said, said))


def with_cited(turn: Turn, earlier: Sequence[Citation]) -> Turn:
    """Note which passages a part of an answer cites, its own and `earlier` ones; of a whole one the job says it."""
    known = {source.id: source for source in (*earlier, *turn.sources)}
    found = [int(number) for cited in _CITED.findall(turn.answer) for number in cited.split(", ")]
    cited = tuple(number for number in dict.fromkeys(found) if number in known)
    if cited == turn.cited:
        return turn
    return replace(turn, cited=cited, sources=_sources(turn, [known[number] for number in cited]))


def with_error(turn: Turn, error: LocaldevError) -> Turn:
    """Give the turn as an error leaves it: what came of the answer is kept."""
    return replace(turn, state="failed", error=in_chat(str(error)), hint=in_chat(error.hint))


def _sources(turn: Turn, cited: Sequence[Citation]) -> tuple[Citation, ...]:
    """Give a turn's sources in the order of their numbers; what it cites of earlier turns is among them too."""
    own = {source.id: source for source in (*cited, *turn.sources)}
    return tuple(own[number] for number in sorted(own))


def _citations(event: Sources) -> tuple[Citation, ...]:
    """Number the passages that were given with the question."""
    return tuple(
        Citation(number, hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line, hit.chunk.symbol)
        for number, hit in enumerate(event.hits, event.first)
    )


def _answered(turn: Turn, event: Answered) -> Turn:
    """Take over the whole checked answer."""
    return replace(
        turn,
        sources=_sources(turn, event.citations),
        answer=event.answer,
        cited=tuple(citation.id for citation in event.citations),
        unverified=event.unverified,
        dropped_citations=event.dropped_citations,
        model=event.model,
        backend=event.backend,
        prompt=event.prompt,
        usage=event.usage,
        timings=event.timings,
        stop_reason=event.stop_reason,
    )


def _with_result(turn: Turn, payload: dict[str, Any]) -> Turn:
    """Take over what a review, a commit or a generation gave; its answer is what to tell of it in words."""
    usage, times = payload.get("usage") or {}, payload.get("timings") or {}
    return replace(
        turn,
        answer=outcome_text(turn.kind, payload),
        payload=payload,
        model=str(payload.get("model") or ""),
        prompt=str(payload.get("prompt") or ""),
        usage=Usage(**usage),
        timings=Timings(total_ms=float(times.get("total_ms", 0.0))),
        stop_reason=str(payload.get("stop_reason") or ""),
    )


def standing(turns: Sequence[Turn]) -> list[Turn]:
    """Give the turns that later prompts may hold: those that are over, not left out, and have an answer or a part."""
    over = [turn for turn in turns if turn.state != "streaming" and turn.form != "out"]
    return [turn for turn in over if turn.answer.strip()]


def highest_source(turns: Sequence[Turn]) -> int:
    """Give the highest number of a passage in some turns; numbers go on over a whole conversation."""
    return max((source.id for turn in turns for source in turn.sources), default=0)


def number_keeper(highest: int) -> Turn:
    """Make a turn that stands in no prompt and says how far passages are numbered: the one that did may be left out."""
    return Turn(0, "question", "", sources=(Citation(highest, "", 0, 0),), state="done", form="out")


def left_out(turns: Sequence[Turn]) -> list[Turn]:
    """Give the turns that are too many, as they are left out: half of all in one go, so that prompts begin alike."""
    if len(turns) <= MOST_HISTORY:
        return []
    return [replace(turn, form="out") for turn in turns[: len(turns) - MOST_HISTORY // 2]]


def as_history(turn: Turn) -> dict[str, Any]:
    """Give what the chat job reads of an earlier turn."""
    return {
        "number": turn.number,
        "asked": turn.asked,
        "answer": turn.answer,
        "sent": turn.sent,
        "form": turn.form,
        "sources": [asdict(source) for source in turn.sources],
        "cited": list(turn.cited),
        "kind": turn.kind,
        "state": turn.state,
        "attachments": [{"name": each.name, "text": ""} for each in turn.attachments],  # `sent` holds what was read
    }


def reformed(turns: Sequence[Turn], forms: Sequence[HistoryForm]) -> list[Turn]:
    """Give those turns of which a prompt holds less than before, as they are now."""
    pairs = [(turn, _as_told(turn, form)) for turn, form in zip(turns, forms, strict=False)]
    return [replace(turn, form=form) for turn, form in pairs if turn.form != form]


def _as_told(turn: Turn, form: HistoryForm) -> HistoryForm:
    """Give the form that is told of a turn: one that was sent without passages has lost nothing by being short."""
    return turn.form if form == "short" and not had_passages(turn) else form


def had_passages(turn: Turn) -> bool:
    """Say whether a turn was sent with passages, or could have been: one that a model has answered."""
    return turn.kind == "question" and bool(turn.sent)
