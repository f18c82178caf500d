"""The kinds of proposals that only a model can make: `gen code`, `gen edit` and `gen fix`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from localdev.core.code import Chunk
from localdev.core.errors import UsageError
from localdev.core.events import Notice, Sources
from localdev.core.review import Finding
from localdev.core.search import Hit

if TYPE_CHECKING:
    from localdev.app.generating import Making, Task, Work
    from localdev.assistant.gen.rules_kept import RuleSet
    from localdev.assistant.gen.units import Unit
    from localdev.assistant.gen.writing import Written
    from localdev.core.patch import Check
    from localdev.prompting.prompts import Prompt
    from localdev.source.syntax.tree import SyntaxTree

_MOST_NAMED = 5


def code(work: Work) -> Making:
    """Add symbols to the file `target`, behind the symbol `after` where one is named.

    Raises:
        UsageError, NotFound: nothing is asked for, or the file or symbol cannot be used.
    """
    from localdev.assistant.gen.code import code_job

    job = code_job(
        work.files,
        str(work.options["target"]),
        after=str(work.options.get("after", "") or ""),
        instruction=_asked(work),
        most_characters=work.characters(),
    )
    job.also = names(work)
    return (yield from _proposed(work, "gen_code", job, job.asked(work.instruction), (job.shown, {job.path: job.tree})))


def edit(work: Work) -> Making:
    """Change symbols of the `targets` (`PATH` or `PATH::symbol`).

    Raises:
        UsageError, NotFound: nothing is asked for, or a target is not there.
    """
    from localdev.assistant.gen.edit import edit_job

    asked = _asked(work)
    job = edit_job(work.files, list(work.options.get("targets") or ()), asked, work.characters())
    job.also = names(work)
    if job.left_out:
        yield Notice("hint", _left_out(job.left_out))
    return (yield from _proposed(work, "gen_edit", job, job.asked(asked), (job.units, job.trees)))


def fix(work: Work) -> Making:
    """Mend what a `finding` of a review points at, or what an `output` of a command complains about.

    A finding is `RULE@PATH:LINE`, or an object of `review --json`. With an output may come the `command` in words, and
    the `folder` it ran in, from the root.

    Raises:
        UsageError, NotFound: there is no such finding, or the output names no place in this repository.
    """
    from localdev.assistant.gen.fix import fix_finding, fix_output, found_at
    from localdev.assistant.gen.output_places import Where

    ruleset, finding = _rules(work), work.options.get("finding")
    if finding:
        read = found_at(work.files, finding, ruleset) if isinstance(finding, str) else _finding(finding)
        most = work.characters()
        job = fix_finding(work.files, read, ruleset=ruleset, most_characters=most, also=names(work))
    else:
        root = work.tools.root
        where = Where(tuple(dict.fromkeys((str(root), str(root.resolve())))), str(work.options.get("folder", "")))
        options = {"most_characters": work.characters(), "also": names(work)}
        output, command = str(work.options.get("output", "")), str(work.options.get("command", ""))
        job = fix_output(work.files, output, where, command=command, ruleset=ruleset, options=options)
    yield Notice("info", f"looking at {', '.join(job.places)}")
    values = job.asked(work.instruction)
    return (yield from _proposed(work, "gen_fix", job, values, (job.edit.units, job.edit.trees)))


def _rules(work: Work) -> RuleSet:
    """Give the rules of a review as the settings have them."""
    from localdev.assistant.gen.rules_kept import RuleSet
    from localdev.rules.registry import RULES
    from localdev.rules.selection import read_selection

    chosen = work.tools.settings.review
    selection = read_selection(chosen.off, chosen.severity, chosen.exclude, rules=RULES, linters=_linters())
    return RuleSet(selection.applying(RULES), selection.kept)


def _linters() -> list[str]:
    """Name the linters whose rules the settings may name."""
    from localdev.app.linters import LINTERS

    return [linter.name for linter in LINTERS]


def _finding(read: Mapping[str, Any]) -> Finding:
    """Read a finding of `review --json`.

    Raises:
        UsageError: it is none.
    """
    try:
        return Finding(
            rule=str(read["rule"]),
            severity=read["severity"],
            path=str(read["path"]),
            line=int(read["line"]),
            end_line=int(read["end_line"]),
            quote=str(read.get("quote", "")),
            message=str(read["message"]),
            suggestion=str(read.get("suggestion", "")),
            source=str(read.get("source", "rules")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError("that is no finding of a review", "give what `localdev review --json` prints") from error


def names(work: Work) -> Callable[[Sequence[Written]], Sequence[Check]]:
    """Give the check that the names of a proposal exist."""

    def check(written: Sequence[Written]) -> Sequence[Check]:
        from localdev.assistant.gen.names_known import names_exist

        return names_exist(written, work.files)

    return check


def _asked(work: Work) -> str:
    """Give what is asked for.

    Raises:
        UsageError: nothing is.
    """
    if not work.instruction:
        raise UsageError("nothing is asked for", 'say it in words, for example: "handle an empty list"')
    return work.instruction


def _left_out(units: Sequence[Unit]) -> str:
    """Say which symbols the model does not see."""
    named = [unit.name for unit in units[:_MOST_NAMED] if unit.name]
    more = f" and {len(units) - len(named)} more" if len(units) > len(named) else ""
    what = f"{', '.join(named)}{more} did not fit"
    return f"the model does not see all symbols: {what}; name the ones to change as PATH::symbol"


def _proposed(
    work: Work,
    prompt_id: str,
    task: Task,
    values: Mapping[str, Any],
    shown: tuple[Sequence[Unit], Mapping[str, SyntaxTree]],
) -> Making:
    """Ask the model; `shown` is what it is shown, for the journal."""
    from localdev.assistant.gen.attempts import propose

    assert work.backend is not None  # these kinds are never run without one
    prompt, messages = work.prompt(prompt_id, values)
    yield _sources(work, prompt, *shown)
    return (yield from propose(work.asked(task, prompt, messages), work.backend))


def _sources(work: Work, prompt: Prompt, units: Sequence[Unit], trees: Mapping[str, SyntaxTree]) -> Sources:
    """Name what is sent to the model."""
    from localdev.assistant.gen.units import rows_text

    hits = []
    for rank, unit in enumerate(units, 1):
        tree = trees[unit.path]
        first, last = unit.rows
        text = rows_text(tree.text, unit.rows)
        chunk = Chunk(unit.path, first + 1, last + 1, tree.language, unit.kind, text, unit.name)
        hits.append(Hit(rank, 0, chunk, 1.0))
    info = work.backend.describe() if work.backend is not None else None
    return Sources(tuple(hits), info.name if info else "", info.backend if info else "", prompt.label)
