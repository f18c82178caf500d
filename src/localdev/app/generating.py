"""Proposes code as a checked patch: the job. Each kind of proposal is a function in `KINDS`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from localdev.app.tools import JobTools
from localdev.app.work_tree import WorkTree
from localdev.core.chat import Message, Sampling
from localdev.core.code import Chunk
from localdev.core.errors import LocaldevError, NotFound, UsageError
from localdev.core.events import Event, Notice, Result, Sources
from localdev.core.patch import Check, FileEdit, Proposal
from localdev.core.ports import ChatBackend
from localdev.core.search import Hit
from localdev.render.patches import make_patch
from localdev.render.payloads import SCHEMA_VERSION

if TYPE_CHECKING:
    from localdev.assistant.gen.attempts import Job
    from localdev.assistant.gen.doc import DocJob
    from localdev.assistant.gen.target import Target
    from localdev.prompting.prompts import Prompt

# No tokenizer makes fewer tokens of code than one for so many characters, as a rule.
_CHARACTERS_PER_TOKEN = 3
# What a prompt has besides code: its rules, and the chat template's marks.
_AROUND_TOKENS = 600
_OTHERWISE = "other words may help, or another model: --model"


class Task(Protocol):
    """What a kind asks of a model: the form of the answer, how it becomes edits, and what those are held against."""

    def schema(self) -> dict[str, Any]:
        """Give the JSON schema of the answer."""
        ...

    def build(self, answer: dict[str, Any]) -> tuple[FileEdit, ...]:
        """Turn an answer into edits."""
        ...

    def check(self, edits: tuple[FileEdit, ...]) -> Sequence[Check]:
        """Check the edits."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """What one kind of proposal works with; `backend` is None where it is made without a model."""

    tools: JobTools
    options: Mapping[str, Any]
    files: WorkTree
    backend: ChatBackend | None

    @property
    def instruction(self) -> str:
        """What the user asks for in words, or nothing."""
        return str(self.options.get("instruction", "") or "").strip()

    def sampling(self) -> Sampling:
        """How proposals are sampled: the likeliest tokens, up to the longest answer."""
        return Sampling(max_tokens=self.tools.settings.gen.max_tokens)

    def characters(self) -> int:
        """How many characters of code a prompt may hold: by the settings and by the model's window."""
        tokens = self.tools.settings.gen.context_tokens
        if self.backend is not None:
            room = self.backend.describe().context_window - self.tools.settings.gen.max_tokens - _AROUND_TOKENS
            tokens = max(100, min(tokens, room))
        return tokens * _CHARACTERS_PER_TOKEN

    def prompt(self, name: str, values: Mapping[str, Any]) -> tuple[Prompt, tuple[Message, ...]]:
        """Load a prompt and fill it in.

        Raises:
            ConfigError: the repository's own version of it cannot be used.
        """
        from localdev.prompting.prompts import load_prompt, render_prompt

        prompt = load_prompt(name, folders=self.tools.prompt_folders())
        return prompt, render_prompt(prompt, values)

    def asked(self, task: Task, prompt: Prompt, messages: tuple[Message, ...]) -> Job:
        """Put together what `propose` asks of a model."""
        from localdev.assistant.gen.attempts import Job

        return Job(
            messages,
            task.schema(),
            task.build,
            task.check,
            prompt.label,
            self.sampling(),
            self.tools.settings.gen.adapter,
            self.tools.owner(),
        )

    def sources(self, target: Target, prompt: Prompt) -> Sources:
        """Name what is sent to the model, for the journal."""
        symbol = target.symbol
        chunk = Chunk(
            target.path,
            symbol.start_line,
            symbol.end_line,
            target.tree.language,
            symbol.kind,
            target.code,
            symbol.qualified,
        )
        info = self.backend.describe() if self.backend is not None else None
        return Sources((Hit(1, 0, chunk, 1.0),), info.name if info else "", info.backend if info else "", prompt.label)


Making = Generator[Event, None, Proposal]
Kind = Callable[[Work], Making]


def _doc(work: Work) -> Making:
    """Document the symbol `target`; where it names a file alone, all that the file offers and does not document."""
    from localdev.assistant.gen.doc import doc_job
    from localdev.assistant.gen.doc_file import document_file
    from localdev.assistant.gen.target import find_target

    target = work.options["target"]
    if target and "::" not in target:
        whole = yield from document_file(work.files, target, partial(_one_doc, work))
        return (yield from _hinted(work, whole, None, "what the code shows"))
    job = doc_job(work.files, find_target(work.files, target))
    proposal = yield from _one_doc(work, job)
    return (yield from _hinted(work, proposal, job.floor, "what the code shows"))


def _hinted(work: Work, proposal: Proposal, floor: Callable[[], Proposal] | None, what: str) -> Making:
    """Say what can be done where a model's answers are refused; `floor` makes the same without (None: it can)."""
    if work.backend is not None and not proposal.accepted:
        works = floor is None
        with contextlib.suppress(LocaldevError):
            works = works or (floor is not None and floor().accepted)
        step = f"`localdev gen {work.options['kind']} {work.options['target']} --no-model` writes {what}"
        yield Notice("hint", f"{step}; another model may do better: --model" if works else _OTHERWISE)
    return proposal


def _one_doc(work: Work, job: DocJob) -> Making:
    """Document one symbol."""
    from localdev.assistant.gen.attempts import propose

    if work.backend is None:
        return job.floor()
    prompt, messages = work.prompt("gen_doc", job.asked(work.instruction, work.characters()))
    yield work.sources(job.target, prompt)
    return (yield from propose(work.asked(job, prompt, messages), work.backend))


def _test(work: Work) -> Making:
    """Write tests of the symbol `target`; they are run when the settings name a command."""
    from localdev.assistant.gen.attempts import propose
    from localdev.assistant.gen.target import find_target
    from localdev.assistant.gen.test import job_of_tests

    job = job_of_tests(work.files, find_target(work.files, work.options["target"]), _runner(work))
    if work.backend is None:
        return job.floor()
    prompt, messages = work.prompt("gen_test", job.asked(work.instruction, work.characters()))
    yield work.sources(job.target, prompt)
    proposal = yield from propose(work.asked(job, prompt, messages), work.backend)
    return (yield from _hinted(work, proposal, replace(job, run=None).floor, "blank tests"))


def _runner(work: Work) -> Callable[[tuple[FileEdit, ...], str], Check] | None:
    """Give what runs tests; None where no command is named (a repository's own one counts when it is trusted)."""
    chosen = work.tools.settings.gen
    if not chosen.test_command.strip():
        return None
    from localdev.app.test_running import run_tests

    def run(edits: tuple[FileEdit, ...], path: str) -> Check:
        return run_tests(edits, path, root=work.tools.root, command=chosen.test_command, seconds=chosen.test_seconds)

    return run


def _code(work: Work) -> Making:
    """Add symbols to a file."""
    from localdev.app.generating_edit import code

    return code(work)


def _edit(work: Work) -> Making:
    """Change symbols of files."""
    from localdev.app.generating_edit import edit

    return edit(work)


def _fix(work: Work) -> Making:
    """Mend a finding, or what a command complains about."""
    from localdev.app.generating_edit import fix

    return fix(work)


KINDS: dict[str, Kind] = {"doc": _doc, "test": _test, "code": _code, "edit": _edit, "fix": _fix}
# Kinds that have no floor.
NEED_A_MODEL: frozenset[str] = frozenset({"code", "edit", "fix"})


def gen_job(tools: JobTools, options: Mapping[str, Any]) -> Iterator[Event]:
    """Make a proposal, check it, and write it when that is asked for and every check went well.

    Options: kind (of `KINDS`), target (`PATH::symbol`, the path from the root), instruction, no_model, apply, and what
    else a kind needs. The last event is `Result` with the patch, its files and checks; a refused proposal has no patch.

    Raises:
        UsageError, NotFound: there is no such kind or target, or no model where one is needed.
        BackendError: the engine failed.
        Moved, StorageError: it could not be applied; nothing is written.
    """
    from localdev.assistant.answer import Clock

    kind = str(options.get("kind", ""))
    if kind not in KINDS:
        raise UsageError(f"there is nothing called {kind!r} to generate", f"known are {', '.join(KINDS)}")
    clock = Clock()
    engine = tools.engine(without=bool(options.get("no_model")), job="gen")
    if engine.backend is None and kind in NEED_A_MODEL:
        raise NotFound(
            f"`localdev gen {kind}` needs a model", engine.notice.text if engine.notice else "name one: --model"
        )
    with contextlib.ExitStack() as open_parts:
        if engine.backend is not None:
            open_parts.callback(engine.backend.close)
        proposal = yield from KINDS[kind](Work(tools, options, WorkTree(tools.root), engine.backend))
    applied = bool(options.get("apply")) and proposal.accepted
    if applied:
        from localdev.app.applying import apply_edits

        apply_edits(proposal.edits, tools.root, tools.folders, label=f"gen {kind} {options.get('target', '')}".strip())
    if engine.notice is not None and proposal.accepted:  # what the checks refuse, no model would have mended
        yield engine.notice
    if engine.backend is not None and not proposal.accepted and kind in NEED_A_MODEL:
        yield Notice("hint", _OTHERWISE)
    yield Result(_payload(kind, proposal, applied=applied, total_ms=clock.timings().total_ms))


def _payload(kind: str, proposal: Proposal, *, applied: bool, total_ms: float) -> dict[str, Any]:
    """Give what `gen --json` prints."""
    accepted = proposal.accepted
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": kind,
        "patch": make_patch(proposal.edits) if accepted else "",
        "files": [edit.path for edit in proposal.edits] if accepted else [],
        "checks": [asdict(check) for check in proposal.checks],
        "attempts": proposal.attempts,
        "model": proposal.model,
        "prompt": proposal.prompt,
        "applied": applied,
        "usage": asdict(proposal.usage),
        "timings": {"total_ms": round(total_ms, 1)},
        "stop_reason": "",
    }
