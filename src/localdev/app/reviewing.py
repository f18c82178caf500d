"""Reviews a change: the job.

Rules always run, linters where the settings name them, a model where there is one. What they find is put together,
without what is switched off, suppressed or known; what nobody looked at is listed.
"""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localdev.app.in_time import opened_in_time
from localdev.app.lazy_graph import LazyGraph
from localdev.app.tools import JobTools
from localdev.core.change import Change
from localdev.core.chat import Usage
from localdev.core.errors import UsageError
from localdev.core.events import Event, Notice, Progress, Result
from localdev.core.review import Finding, NotReviewed
from localdev.render.review_payload import Review, review_payload

if TYPE_CHECKING:
    from localdev.assistant.review.reviewer import ModelReview
    from localdev.rules.changed import ChangedFile, ReviewedChange
    from localdev.rules.rule import Rule
    from localdev.rules.selection import Selection
    from localdev.source.changes import Changed

_DEADLINE = "deadline"
# With less time than this an index that is not there yet is not built: that alone may take as long.
_TIME_TO_BUILD = 60.0


def review_job(tools: JobTools, options: Mapping[str, Any], *, rules: Sequence[Rule] | None = None) -> Iterator[Event]:
    """Yield progress and notices, and one `Result` with the payload of `render.review_payload`.

    Options: `kind` (uncommitted, staged, range, patch), `range`, `patch`, `paths`, `index_file` (git's, in a hook),
    `no_model`, `deadline` in seconds (0: none), `baseline` (fingerprints of findings that are known), `urgent_first`
    (yield a `Result` of `rules.urgent` alone before the others are even loaded). `rules` are all unless some are given.

    Raises:
        NotFound: this is no git repository, and the change is no patch; or the model that is named is not there.
        UsageError, ConfigError: the range, the patch, a path, or a setting of the review is wrong.
    """
    started = time.monotonic()
    changed = changed_by(tools, options)
    _refuse_unknown(tools, tuple(options.get("paths") or ()), changed)
    yield from (Notice("warning", note) for note in changed.notes)
    if not changed.change.files:  # often so in a hook, where reading all rules would take longest
        timings = {"total_ms": (time.monotonic() - started) * 1000}
        yield Result(review_payload(Review(changed.change.label, 0, timings=timings), lambda _path: ()))
        return
    with contextlib.ExitStack() as parts:
        early = _Job(tools, options, _urgent(), parts, started)
        if options.get("urgent_first"):
            yield from early.run_urgent(changed)
            yield Result(early.payload())
        job = _Job(tools, options, _all() if rules is None else rules, parts, started, early.found, early.done)
        yield from job.run(changed)
        yield Result(job.payload())


def _refuse_unknown(tools: JobTools, paths: Sequence[str], changed: Changed) -> None:
    """Refuse a path that is neither there nor changed: a slip of the keys must not pass for a clean review."""
    from localdev.source.changes import within

    for path in paths:
        if any(within(each, (path,)) for each in changed.change.files) or (tools.root / path).exists():
            continue
        if any(name == path or name.startswith(f"{path}/") for name in changed.sides.new_paths()):
            continue
        raise UsageError(
            f"there is no {path} here, and none is in the change", "check the path; `git status` names all"
        )


def _all() -> Sequence[Rule]:
    """Give all rules."""
    from localdev.rules.registry import RULES

    return RULES


def _urgent() -> Sequence[Rule]:
    """Give those that come first."""
    from localdev.rules.urgent import URGENT

    return URGENT


class _TimeUp(Exception):
    """The deadline has passed."""


class _Files(tuple["ChangedFile", ...]):
    """The files of a change, given one by one as long as there is time: so a rule ends between two of them."""

    deadline: float = float("inf")

    def __iter__(self) -> Iterator[ChangedFile]:
        """Yield the next file, unless the time is up."""
        for file in super().__iter__():
            if time.monotonic() >= self.deadline:
                raise _TimeUp
            yield file


@dataclass(slots=True)
class _Job:
    """A review in the making."""

    tools: JobTools
    options: Mapping[str, Any]
    rules: Sequence[Rule]
    parts: contextlib.ExitStack
    started: float
    found: list[Finding] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    files: int = 0
    label: str = ""
    not_reviewed: list[NotReviewed] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    asked: ModelReview | None = None
    _change: ReviewedChange | None = None
    _selection: Selection | None = None
    _by_path: dict[str, ChangedFile] = field(default_factory=dict)
    _texts: dict[str, Sequence[str]] = field(default_factory=dict)

    @property
    def deadline(self) -> float:
        """The moment of `time.monotonic` to end at."""
        seconds = float(self.options.get("deadline") or self.tools.settings.review.deadline)
        return self.started + seconds if seconds else float("inf")

    @property
    def change(self) -> ReviewedChange:
        """The change."""
        assert self._change is not None
        return self._change

    @property
    def selection(self) -> Selection:
        """What the settings say of rules."""
        assert self._selection is not None
        return self._selection

    def run_urgent(self, changed: Changed) -> Iterator[Event]:
        """Run the rules that were given, by what the settings say of them."""
        from localdev.rules.selection import read_selection
        from localdev.rules.urgent import concerning

        settings = self.tools.settings.review
        off, severity = concerning(settings.off), concerning(settings.severity)
        self._selection = read_selection(off, severity, settings.exclude, rules=self.rules)
        self._take(changed)
        yield from self._run_rules()

    def run(self, changed: Changed) -> Iterator[Event]:
        """Look for findings, step by step."""
        from localdev.app.linters import LINTERS, chosen
        from localdev.rules.selection import read_selection

        settings = self.tools.settings.review
        self._selection = read_selection(
            settings.off,
            settings.severity,
            settings.exclude,
            rules=self.rules,
            linters=[linter.name for linter in LINTERS],
        )
        linters = chosen(settings.linters)
        self._take(changed)
        yield from self._slips()
        with self._timed("rules_ms"):
            yield from self._run_rules()
        with self._timed("linters_ms"):
            for linter in linters:
                yield from self._run_linter(linter.name)
        with self._timed("model_ms"):
            yield from self._run_model()

    @contextlib.contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        """Note how long a step takes."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = (time.perf_counter() - began) * 1000

    def _take(self, changed: Changed) -> None:
        """Take the change, without what is excluded; list that, and what cannot be looked into."""
        from localdev.assistant.review.units import unreadable
        from localdev.rules.changed import ReviewedChange

        self.files, self.label = len(changed.change.files), changed.change.label
        kept = []
        for file in changed.change.files:
            if self.selection.excludes(file.path):
                self.not_reviewed.append(NotReviewed(file.path, "excluded"))
            else:
                kept.append(file)
        hurried = bool(self.options.get("index_file")) or self.deadline - self.started < _TIME_TO_BUILD
        build = not hurried and (self.tools.root / ".git").exists()
        graph = LazyGraph(self.tools, self.parts, build, self.deadline)
        self._change = ReviewedChange(Change(tuple(kept), self.label), changed.sides, graph)
        self._by_path = {file.path: file for file in self.change.files}  # of what became another kind, the new one
        for each in self.change.files:
            if reason := unreadable(each):
                self.not_reviewed.append(NotReviewed(each.path, reason))
            self.not_reviewed += [
                NotReviewed(each.path, "very long line", line=at, end_line=at) for at in each.overlong
            ]

    def _slips(self) -> Iterator[Notice]:
        """Tell of new comments that are to suppress something and cannot."""
        from localdev.app.linters import LINTERS
        from localdev.rules.selection import MODEL
        from localdev.rules.suppression import slip_on

        families = self.selection.families
        known = {*families, *families.values(), MODEL}
        linters = {linter.name for linter in LINTERS}
        for file in self.change.files:
            for line in file.change.added():
                slip = slip_on(line.text, lambda name: name in known or name.partition("/")[0] in linters)
                if slip:
                    yield Notice("warning", f"{file.path}:{line.new_line}: {slip}")

    def _run_rules(self) -> Iterator[Event]:
        """Run the rules; at the deadline all files are listed, as no file has been seen by every rule."""
        from localdev.rules.run import find
        from localdev.rules.urgent import is_urgent

        files = _Files(self.change.files)
        files.deadline = self.deadline
        watched = copy.copy(self.change)
        watched.files = files
        # What the time ends may be among the rest; what was found early is not looked for again.
        chosen = sorted(self.selection.applying(self.rules), key=lambda rule: not is_urgent(rule))
        chosen = [rule for rule in chosen if rule.id not in self.done]
        try:
            for at, rule in enumerate(chosen):
                yield Progress("checking", at, len(chosen), "rules")
                if time.monotonic() >= self.deadline:
                    raise _TimeUp
                self._add(find(watched, (rule,)))
                self.done.add(rule.id)
        except _TimeUp:
            listed = {each.path for each in self.not_reviewed}
            self.not_reviewed += [
                NotReviewed(file.path, _DEADLINE) for file in self.change.files if file.path not in listed
            ]
        yield Progress("")

    def _add(self, findings: Iterator[Finding]) -> None:
        """Keep findings that the settings let through."""
        for finding in findings:  # one by one: the time may be up between two of them
            kept = self.selection.kept(finding)
            if kept is not None:
                self.found.append(kept)

    def _run_linter(self, name: str) -> Iterator[Event]:
        """Run one linter."""
        from localdev.app.linters import chosen, lint

        (linter,) = chosen([name])
        yield Progress(f"running {name}")
        done = lint(
            linter,
            self.change.files,
            self.tools.root,
            deadline=self.deadline,
            beat=lambda: self.tools.aside(Progress(f"running {name}")),
        )
        self._add(iter(done.findings))
        if done.trouble:
            yield Notice("warning", done.trouble)
        yield Progress("")

    def _run_model(self) -> Iterator[Event]:
        """Ask the model, where there is one and anything to ask about."""
        from localdev.assistant.review.units import MODEL, left_out, unreadable

        readable = [file for file in self.change.files if file.change.hunks and not unreadable(file)]
        if self.options.get("no_model") or not any(not left_out(file) for file in readable):
            return
        left = self.deadline - time.monotonic()
        engine = opened_in_time(lambda: self.tools.engine(without=False, job="review"), left) if left > 0 else None
        if engine is None:
            if _may_have_model(self.tools):
                self.not_reviewed += [NotReviewed(file.path, left_out(file) or _DEADLINE, MODEL) for file in readable]
            return
        if engine.backend is None:
            if engine.notice is not None:
                yield engine.notice
            return
        self.parts.callback(engine.backend.close)
        yield from self._ask(engine.backend)

    def _ask(self, backend: Any) -> Iterator[Event]:
        """Have a backend review the change."""
        from localdev.assistant.review.reviewer import ModelReview, ReviewRequest
        from localdev.prompting.prompts import load_prompt

        settings = self.tools.settings.review
        request = ReviewRequest(
            context_tokens=settings.context_tokens,
            max_tokens=settings.max_tokens,
            deadline=self.deadline,
            flagged={(finding.path, finding.line) for finding in self.found},
            adapter=settings.adapter,
            owner=self.tools.owner(),
        )
        folders = self.tools.prompt_folders()
        self.asked = ModelReview(
            self.change,
            request,
            load_prompt("review", folders=folders),
            load_prompt("review_check", folders=folders),
            backend,
        )
        yield from self.asked.run()
        self.not_reviewed += self.asked.not_reviewed

    def payload(self) -> dict[str, Any]:
        """Put together what was found."""
        from localdev.assistant.review.concealing import Concealed
        from localdev.assistant.review.merging import merged
        from localdev.rules.baseline import fingerprints
        from localdev.rules.suppression import is_suppressed

        asked = self.asked
        claimed = [kept for kept in map(self.selection.kept, asked.findings if asked else ()) if kept is not None]
        every = merged(self.found, claimed)
        shown = [
            finding
            for finding in every
            if not is_suppressed(finding, self.selection.names(finding), self._lines(finding.path))
        ]
        marked = list(zip(shown, fingerprints(shown, self._lines), strict=True))
        known = frozenset(self.options.get("baseline") or ())
        concealed = Concealed(every, self.selection.names, lines_of=self._lines)
        new = [(concealed.finding(finding), mark) for finding, mark in marked if mark not in known]
        review = Review(
            change=self.label,
            files=self.files,
            findings=new,
            not_reviewed=sorted(
                _once(self.not_reviewed), key=lambda each: (each.path, each.line, each.by, each.reason)
            ),
            dropped=asked.dropped if asked else 0,
            suppressed=len(every) - len(shown),
            baselined=len(marked) - len(new),
            model=asked.model if asked else "",
            prompt=", ".join((asked.prompt.label, asked.check.label)) if asked else "",
            usage=asked.usage if asked else Usage(),
            timings={**self.timings, "total_ms": (time.monotonic() - self.started) * 1000},
        )
        return review_payload(review, concealed.lines)

    def _lines(self, path: str) -> Sequence[str]:
        """Give a file's lines on the new side."""
        if path not in self._texts:
            file = self._by_path.get(path)
            text = self.change.sides.new_text(path) if file is None else file.new_text
            self._texts[path] = text.split("\n") if text is not None else ()
        return self._texts[path]


def _once(left: Sequence[NotReviewed]) -> Iterator[NotReviewed]:
    """Yield what was not looked at; a file that the rules did not see whole is not said again for the model."""
    unseen = {each.path for each in left if each.by == "rules"}
    return (each for each in left if each.by == "rules" or each.path not in unseen)


def _may_have_model(tools: JobTools) -> bool:
    """Say whether a model would have been asked, without opening any."""
    from localdev.app.engines import models_for
    from localdev.models.passport import embeds
    from localdev.models.store import ModelStore

    if models_for(tools.settings, "review"):
        return True
    return sum(not embeds(each.architecture) for each in ModelStore(tools.folders.models).list()) == 1


def changed_by(tools: JobTools, options: Mapping[str, Any]) -> Changed:
    """Give the change that the options of a job name.

    Raises:
        NotFound: this is no git repository, and the change is no patch.
        UsageError: the range, the patch or the kind is wrong.
    """
    from localdev.source import changes
    from localdev.source.git import GitFailed

    root, paths, kind = tools.root, tuple(options.get("paths") or ()), options.get("kind", "uncommitted")
    try:
        if kind == "uncommitted":
            return changes.uncommitted(root, paths)
        if kind == "staged":
            return changes.staged(root, paths, index=options.get("index_file") or "")
        if kind == "range":
            return changes.between(root, options["range"], paths)
        if kind == "patch":
            return changes.patch(root, options["patch"], paths)
    except GitFailed as error:
        if (root / ".git").exists():
            raise
        raise GitFailed(
            f"{root} is no git repository, so it is not known what has changed",
            "name one with -C PATH, or give a patch: `localdev review --patch FILE`",
        ) from error
    raise UsageError(f"there is no kind of change {kind!r}", "use uncommitted, staged, range or patch")
