"""The walk of a model over a change: unit by unit, what it claims anchored, doubted, and listed where it could not."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass, field

from localdev.assistant.review.anchoring import anchor
from localdev.assistant.review.answers import (
    VERDICT_SCHEMA,
    Claim,
    Verdict,
    findings_schema,
    read_claims,
    read_verdict,
)
from localdev.assistant.review.asking import Asked, asked
from localdev.assistant.review.fitting import TEAM_SHARE, TEMPLATE_TOKENS, Filled, Fitter, short_values
from localdev.assistant.review.risk import by_risk
from localdev.assistant.review.surroundings import team_rules
from localdev.assistant.review.units import DELETED, MODEL, Unit, halves, units_of
from localdev.assistant.review.wording import checked, plain
from localdev.core.change import DiffLine
from localdev.core.chat import ChatRequest, Message, ModelInfo, Sampling, Usage
from localdev.core.errors import BackendError, Busy, ContextOverflow, ModelError
from localdev.core.events import Event, Notice, Progress, Sources
from localdev.core.ports import ChatBackend
from localdev.core.review import SEVERITIES, Finding, NotReviewed
from localdev.prompting.prompts import Prompt, render_prompt
from localdev.rules.changed import ReviewedChange

DEADLINE = "deadline"
TOO_LARGE = "too large for the window"
FAILED = "engine failed"
CUT = "the answer was cut short"
NO_ANSWER = "no usable answer"
# So many failures in a row are no accident of one prompt.
_MOST_FAILURES = 3
_VERDICT_TOKENS = 32
# Less room than this shows no more than a line or two of code, of which nothing can be said.
_LEAST_ROOM = 64
# Before a tokenizer has counted: code has at least so many characters a token, in any vocabulary for code.
_LEAST_CHARACTERS_A_TOKEN = 3
_FAILURES = (BackendError, ModelError, Busy)


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """How to review: the most tokens of a unit with what belongs to it, and the moment (`time.monotonic`) to end at.

    `flagged` are (path, line) of what rules and linters found, which only moves units forward. `adapter` and `owner`
    are as in `ChatRequest`.
    """

    context_tokens: int = 3000
    max_tokens: int = 512
    deadline: float = float("inf")
    flagged: Collection[tuple[str, int]] = ()
    adapter: str = ""
    owner: str = ""


@dataclass(slots=True)
class ModelReview:
    """A review in the making; `run` fills it.

    `dropped` counts what the model said that is tied to no line, is no finding, or that it took back when asked again.
    """

    change: ReviewedChange
    request: ReviewRequest
    prompt: Prompt
    check: Prompt
    backend: ChatBackend
    findings: list[Finding] = field(default_factory=list)
    not_reviewed: list[NotReviewed] = field(default_factory=list)
    dropped: int = 0
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    _fitter: Fitter | None = None
    _failures: int = 0
    _seen: set[tuple[str, int]] = field(default_factory=set)

    def run(self) -> Iterator[Event]:
        """Yield progress, notices, and what is sent before it is; every unit is reviewed or listed then.

        A backend that fails on one unit is asked about the next one; three failures in a row are the end.

        Raises:
            UsageError, ConfigError, NotFound, EgressRefused: what would be wrong for every unit.
        """
        try:
            info = self.backend.describe()
            self.model = info.name
            fitter = self._fitter = self._fitted(info)
        except _FAILURES as error:
            yield from self._nothing(FAILED, _failed(error))
            return
        if fitter.room < _LEAST_ROOM:
            yield from self._nothing(TOO_LARGE, _no_room(info, self.request.max_tokens))
            return
        queue = deque(by_risk(self._units(fitter.room), self.request.flagged))
        done, total = 0, len(queue)
        failure: Exception | None = None
        reason = DEADLINE
        while queue and not self._over():
            progress = Progress("reviewing", done, total, "hunks")
            yield progress
            unit = queue.popleft()
            parts, failed = yield from self._unit(unit, fitter, info, progress)
            queue.extendleft(reversed(parts))
            total += len(parts) - 1 if parts else 0
            done += not parts
            failure = failed or failure
            if failed is not None and self._failures >= _MOST_FAILURES:
                reason = FAILED
                break
        self.not_reviewed += [unit.listed(reason) for unit in queue]
        if failure is not None:
            yield _failed(failure)
        yield Progress("")

    def _nothing(self, reason: str, notice: Notice) -> Iterator[Notice]:
        """List everything, and say why."""
        self.not_reviewed += [unit.listed(reason) for unit in self._units(self.request.context_tokens)]
        yield notice

    def _over(self) -> bool:
        """Say whether the time is up."""
        return time.monotonic() >= self.request.deadline

    def _units(self, room: int) -> list[Unit]:
        """Give what is to be asked about; what is not is listed. A third of the room is kept for what belongs to it."""
        units, listed = units_of(
            self.change.files, most=max(1, room * 2 // 3), size=lambda text: len(text) // _LEAST_CHARACTERS_A_TOKEN
        )
        self.not_reviewed += listed
        return units

    def _fitted(self, info: ModelInfo) -> Fitter:
        """Find out what the window leaves, and give what fills the prompt."""
        count = self.backend.count_tokens
        fixed = sum(count(message.content) for message in render_prompt(self.prompt, short_values()))
        window = info.context_window - fixed - TEMPLATE_TOKENS - self.request.max_tokens
        room = max(0, min(self.request.context_tokens, window))
        team = team_rules(self.change.sides, most=room // TEAM_SHARE, count=count)
        return Fitter(self.change, self.prompt, count, room, team)

    def _unit(
        self, unit: Unit, fitter: Fitter, info: ModelInfo, progress: Progress
    ) -> Generator[Event, None, tuple[tuple[Unit, ...], Exception | None]]:
        """Review a unit, or list it; give its halves where it is too large, and the error where the engine failed."""
        if not unit.new_rows:
            self.not_reviewed.append(unit.listed(DELETED))
            return (), None
        try:
            filled = fitter.filled(unit)
            if filled is None:
                parts = halves(unit)
                if not parts:
                    self.not_reviewed.append(unit.listed(TOO_LARGE))
                return parts, None
            yield Sources(filled.hits, info.name, info.backend, self.prompt.label)
            reason = yield from self._reviewed(unit, filled, progress)
        except ContextOverflow:
            reason = TOO_LARGE
        except _FAILURES as error:
            over = self._over()
            self.not_reviewed.append(unit.listed(DEADLINE if over else FAILED))
            self._failures += not over
            return (), None if over else error
        if reason:
            self.not_reviewed.append(unit.listed(reason))
        return (), None

    def _reviewed(self, unit: Unit, filled: Filled, progress: Progress) -> Generator[Event, None, str]:
        """Ask about a unit and take what can be tied to its lines; give why it is not reviewed, or an empty text."""
        schema = findings_schema(self.request.max_tokens)
        answer = yield from self._asked(filled.messages, schema, self.request.max_tokens, progress)
        if answer.reason == DEADLINE:
            return DEADLINE
        self._failures = 0
        read = read_claims(answer.text, cut=answer.reason == "length")
        if read is None:
            return CUT if answer.reason == "length" else NO_ANSWER
        claims, strange = read
        self.dropped += strange
        for claim in claims:
            yield from self._take(claim, unit, filled, progress)
        return CUT if answer.reason == "length" else ""

    def _take(self, claim: Claim, unit: Unit, filled: Filled, progress: Progress) -> Generator[Event, None, None]:
        """Keep a claim that stands on a line of the hunk and is not taken back."""
        line = anchor(unit.rows, claim.quote, claim.line)
        quote = self._quote(unit, line) if line is not None else None
        problem = checked(claim.problem, filled.text, filled.lines)
        if line is None or quote is None or not any(char.isalpha() for char in problem):
            self.dropped += 1
            return
        place = (unit.path, line.new_line)
        if place in self._seen:  # said before, of the same line
            return
        self._seen.add(place)
        verdict = yield from self._verdict(unit, filled, line, problem, progress)
        if verdict == "no":
            self.dropped += 1
            return
        severity = claim.severity
        if verdict == "unsure":
            severity = SEVERITIES[max(0, SEVERITIES.index(severity) - 1)]
        self.findings.append(
            Finding(
                MODEL, severity, unit.path, line.new_line, line.new_line, quote, problem, plain(claim.suggestion), MODEL
            )
        )

    def _quote(self, unit: Unit, line: DiffLine) -> str | None:
        """Give the line as the file has it; None where the file says otherwise than the hunk."""
        texts = unit.file.new_lines
        shown = line.text.removeprefix("\ufeff").strip()
        if unit.file.new_text is None:
            return shown
        there = texts[line.new_line - 1].strip() if line.new_line <= len(texts) else None
        return there if there == shown else None

    def _verdict(
        self, unit: Unit, filled: Filled, line: DiffLine, problem: str, progress: Progress
    ) -> Generator[Event, None, Verdict]:
        """Ask again whether a finding is real; `unsure` where no answer can be had, or the time is up."""
        if self._over() or self._fitter is None:
            return "unsure"
        messages = self._fitter.checking(self.check, unit, filled, line=line, problem=problem)
        try:
            answer = yield from self._asked(messages, VERDICT_SCHEMA, _VERDICT_TOKENS, progress)
        except _FAILURES:
            self._failures += 1
            return "unsure"
        return read_verdict(answer.text) if answer.reason == "stop" else "unsure"

    def _asked(
        self, messages: tuple[Message, ...], schema: dict[str, object], max_tokens: int, progress: Progress
    ) -> Generator[Progress, None, Asked]:
        """Ask the model; its tokens are counted whatever it says."""
        request = ChatRequest(
            messages,
            sampling=Sampling(max_tokens=max_tokens),
            schema=schema if "schema" in self.backend.describe().capabilities else None,
            adapter=self.request.adapter,
            cache_key=self.prompt.label if schema is not VERDICT_SCHEMA else self.check.label,
            owner=self.request.owner,
        )
        answer = yield from asked(self.backend, request, deadline=self.request.deadline, progress=progress)
        self.usage = self.usage + answer.usage
        return answer


def _no_room(info: ModelInfo, max_tokens: int) -> Notice:
    """Say that the model's window has no room for code beside the prompt and its answer."""
    what = f"the window of {info.name} ({info.context_window} tokens) has no room for code"
    return Notice("warning", f"{what} beside an answer of {max_tokens}; lower review.max_tokens, or use another model")


def _failed(error: Exception) -> Notice:
    """Say why a model has not looked at everything."""
    hint = getattr(error, "hint", "")
    return Notice("warning", f"the model's part of the review is not whole: {error}" + (f" ({hint})" if hint else ""))
