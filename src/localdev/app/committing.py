"""Words the message of a commit: the job."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.app.tools import JobTools
from localdev.core.events import Event, Result

if TYPE_CHECKING:
    from localdev.assistant.commit.style import Style
    from localdev.core.review import Finding
    from localdev.rules.changed import ReviewedChange
    from localdev.source.changes import Changed
    from localdev.source.commit_state import CommitState

_HISTORY = 200
# Of what is in the way so many are named.
_MOST_NAMED = 20
# Files and lines beyond these are not gone through for credentials and names by a draft that somebody waits for.
_LONGEST_TEXT = 20_000_000


def commit_job(tools: JobTools, options: Mapping[str, Any]) -> Iterator[Event]:
    """Run the job; options: index_file (where not the repository's own), no_model, deadline (seconds), type, scope,
    draft.

    A `draft` is for a commit that others make and check: without a model it is not looked through for credentials.
    Yields one `Result`. What keeps a commit from being made is an answer too: `stopped` says what, `paths` or
    `secrets` where. Git's own message is kept while a merge, cherry-pick or revert is under way.

    Raises:
        GitFailed: this is no git repository.
        LocaldevError: what opening the model says.
    """
    from localdev.assistant.commit.commit import moment
    from localdev.assistant.commit.dress import Worded
    from localdev.assistant.commit.payload import commit_payload
    from localdev.rules.changed import ReviewedChange
    from localdev.source.changes import staged
    from localdev.source.commit_state import commit_state

    until = moment(float(options.get("deadline") or 0))
    index = str(options.get("index_file") or "")
    state = commit_state(tools.root, index=index)
    changed = staged(tools.root, index=index)
    stopped, paths = _in_the_way(state, changed)
    if stopped:
        yield Result(commit_payload(stopped=stopped, doing=state.doing, paths=list(paths[:_MOST_NAMED])))
        return
    change = ReviewedChange(changed.change, changed.sides)
    unchecked = options.get("draft") and options.get("no_model")
    if not unchecked and (secrets := _secrets(tools, change)):
        places = [
            {"path": each.path, "line": each.line, "rule": each.rule, "message": each.message} for each in secrets
        ]
        yield Result(commit_payload(stopped="secret", files=len(change.files), secrets=places))
        return
    if state.message:
        subject, _, body = state.message.partition("\n")
        kept = Worded(subject, body.strip("\n"), "", "")
        yield Result(commit_payload(kept, doing=state.doing, files=len(change.files)))
        return
    yield from _worded(tools, options, change, state, until=until)


def _in_the_way(state: CommitState, changed: Changed) -> tuple[str, tuple[str, ...]]:
    """Say what keeps a commit from being made, and which paths it is about."""
    if state.unmerged:
        return "unmerged", state.unmerged
    if state.doing == "rebase" and state.message:
        return "rebase", ()
    if not changed.change.files and not state.message:
        return "nothing-staged", (*state.unstaged, *state.untracked)
    return "", ()


def _secrets(tools: JobTools, change: ReviewedChange) -> list[Finding]:
    """Find credentials that the commit would add, but for those that settings or comments let pass."""
    from localdev.core.review import at_least
    from localdev.rules.run import find
    from localdev.rules.selection import read_selection
    from localdev.rules.suppression import is_suppressed
    from localdev.rules.urgent import URGENT, concerning

    review = tools.settings.review
    off, severity = concerning(review.off), concerning(review.severity)
    selection = read_selection(off, severity, review.exclude, rules=URGENT)
    rules = selection.applying(rule for rule in URGENT if rule.family == "secrets")
    files = {file.path: file for file in change.files}
    kept = (selection.kept(each) for each in find(change, rules))
    return [
        each
        for each in kept
        if each is not None
        and at_least(each.severity, "medium")
        and not is_suppressed(each, selection.names(each), files[each.path].new_lines)
    ]


def _worded(
    tools: JobTools, options: Mapping[str, Any], change: ReviewedChange, state: CommitState, *, until: float
) -> Iterator[Event]:
    """Word the change, with a model where there is one."""
    from localdev.assistant.commit.commit import CommitRequest, commit
    from localdev.core.chat import Sampling
    from localdev.prompting.prompts import load_prompt

    chosen = tools.settings.commit
    request = CommitRequest(
        change,
        _style(tools.root, chosen.style, str(options.get("type") or "")),
        kind=str(options.get("type") or ""),
        scope=str(options.get("scope") or ""),
        branch=state.branch,
        first=state.first,
        until=until,
        context_tokens=chosen.context_tokens,
        sampling=Sampling(max_tokens=chosen.max_tokens),
        adapter=chosen.adapter,
        owner=tools.owner(),
    )
    prompt = load_prompt("commit", folders=tools.prompt_folders())
    engine = tools.engine(without=bool(options.get("no_model")) or state.first, job="commit")
    with contextlib.ExitStack() as open_parts:
        if engine.backend is not None:
            open_parts.callback(engine.backend.close)
        known = _Known(tools.root, change)
        yield from commit(request, prompt=prompt, backend=engine.backend, known=known)
        if engine.notice is not None:
            yield engine.notice


def _style(root: Path, wanted: str, kind: str) -> Style:
    """Learn the repository's style; a type that the user names is shown, in the form that shows types."""
    from localdev.assistant.commit.style import learn
    from localdev.source.messages import past_messages

    past = past_messages(root, _HISTORY)
    style = learn(past, wanted)
    shows_types = style.form == "conventional" or style.emoji or style.typed_tags
    return style if shows_types or not kind else learn(past, "conventional")


class _Known:
    """Says whether a name stands in the change or anywhere in the repository."""

    def __init__(self, root: Path, change: ReviewedChange) -> None:
        from localdev.assistant.commit.fitting import texts_of

        self._root = root
        self._text = "\n".join(texts_of(change.change.files))[:_LONGEST_TEXT]
        self._paths = "\n".join(sorted(change.paths))

    def __call__(self, name: str) -> bool:
        """Look in the change, among the paths, and in the files that git tracks."""
        from localdev.source.git import ask_git

        if name in self._text or name in self._paths:
            return True
        return bool(ask_git(self._root, "grep", "--cached", "-F", "-I", "-l", "-e", name))
