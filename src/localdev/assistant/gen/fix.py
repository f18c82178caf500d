"""Mending what a review or a failing command points at: the symbols around the places it names, changed as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localdev.assistant.gen.attempts import Edits
from localdev.assistant.gen.edit import EditJob
from localdev.assistant.gen.files import Files
from localdev.assistant.gen.output_places import OutputPlace, Where, output_places, plain_output
from localdev.assistant.gen.rules_kept import RuleSet, mended, nothing_new
from localdev.assistant.gen.target import open_file
from localdev.assistant.gen.units import Unit, rows_text, unit_at
from localdev.assistant.gen.writing import Also, Written
from localdev.core.errors import NotFound, UsageError
from localdev.core.patch import Check
from localdev.core.review import Finding
from localdev.rules.places import is_test
from localdev.source.languages import language_of
from localdev.source.parse import parse_file
from localdev.source.syntax.definitions import definitions
from localdev.source.syntax.tree import SyntaxTree, read_syntax

_MOST_UNITS = 6
_MOST_CALLED = 3
_MOST_SEARCHED = 2000
# As much of an output is shown to the model: its beginning, where compilers speak, and its end, where runners do.
_HEAD_CHARACTERS, _TAIL_CHARACTERS = 1200, 3600
_FINDING = "A review found"
_EXAMPLE = "for example `localdev gen fix --finding sql-injection@src/app.py:12`"


@dataclass(slots=True)
class FixJob:
    """All that mending needs to know; `problem` is what the model is told, `kind` what it is, `places` where it is."""

    edit: EditJob
    kind: str
    problem: str
    places: tuple[str, ...]

    def schema(self) -> dict[str, Any]:
        """Give the form of a model's answer."""
        return self.edit.schema()

    def build(self, answer: dict[str, Any]) -> Edits:
        """Turn a model's answer into edits.

        Raises:
            Unfit: it cannot be done, or does nothing.
        """
        return self.edit.build(answer)

    def check(self, edits: Edits) -> Sequence[Check]:
        """Hold the edits against what they must leave alone and what they are to mend."""
        return self.edit.check(edits)

    def asked(self, instruction: str) -> dict[str, Any]:
        """Give the variables of the prompt."""
        return {**self.edit.asked(instruction), "kind": self.kind, "problem": self.problem}


def found_at(files: Files, written: str, ruleset: RuleSet) -> Finding:
    """Give what a rule says at `RULE@PATH:LINE`.

    Raises:
        UsageError: it is not of that form, or there is no such rule.
        NotFound: there is no such file, or the rule does not fire there.
    """
    match = re.fullmatch(r"([\w./-]+)@(.+):(\d{1,7})", written)
    if match is None:
        raise UsageError(f"{written!r} names no finding", f"write RULE@PATH:LINE, {_EXAMPLE}")
    rule, path, line = match[1], match[2], int(match[3])
    if not any(each.id == rule for each in ruleset.rules):
        raise UsageError(f"there is no rule {rule} here", "`localdev review --explain list` names the rules")
    text = open_file(files, path)[0]
    found = [each for each in ruleset.standing(path, text, files) if each.rule == rule]
    here = next((each for each in found if each.line <= line <= max(each.line, each.end_line)), None)
    if here is None:
        lines = ", ".join(str(each.line) for each in found[:5])
        raise NotFound(
            f"{rule} does not fire at {path}:{line}",
            f"it fires at line {lines}" if lines else "`localdev review` says what fires where",
        )
    return here


def fix_finding(
    files: Files, finding: Finding, *, ruleset: RuleSet, most_characters: int, also: Also | None = None
) -> FixJob:
    """Prepare mending a finding of a review.

    Raises:
        NotFound, UsageError: its file or line is not there, or no code stands there.
    """
    _, tree = open_file(files, finding.path)
    unit = unit_at(tree, finding.path, finding.line) if finding.line else None
    if unit is None:
        where = f"{finding.path}:{finding.line}" if finding.line else f"all of {finding.path}"
        raise UsageError(
            f"{finding.rule} is about {where}, where no symbol stands that could be replaced", "mend it by hand"
        )

    def check(written: Sequence[Written]) -> Sequence[Check]:
        checks = list(also(written)) if also is not None else []
        return [*checks, mended(finding, written, ruleset, files), nothing_new(written, ruleset, files)]

    said = [f"{finding.path}:{finding.line}: {finding.message}"]
    said += [f"The line: {finding.quote}"] if finding.quote else []
    said += [f"Suggestion: {finding.suggestion}"] if finding.suggestion else []
    _refuse_long(unit, tree, most_characters)
    job = EditJob({finding.path: tree}, (unit,), also=check, keeps=True)
    place = f"{finding.path}:{finding.line}"
    return FixJob(job, f"{_FINDING} ({finding.rule}, {finding.severity})", "\n".join(said), (place,))


def _refuse_long(unit: Unit, tree: SyntaxTree, most_characters: int) -> None:
    """Refuse a symbol that no prompt has room for.

    Raises:
        UsageError: it is too long.
    """
    if len(rows_text(tree.text, unit.rows)) > most_characters:
        raise UsageError(
            f"{unit.title} of {unit.path} is longer than what a model is given",
            "`localdev config set gen.context_tokens N` allows more",
        )


def fix_output(
    files: Files,
    output: str,
    where: Where,
    *,
    command: str,
    ruleset: RuleSet,
    options: Mapping[str, Any],
) -> FixJob:
    """Prepare mending what a command complains about; `command` is how it was called, empty where that is not known.

    `options` holds `most_characters`, and `also` for further checks.

    Raises:
        NotFound: no place of the repository is named in the output.
    """
    also: Also | None = options.get("also")
    problem = _shortened(plain_output(output).strip(), options["most_characters"])
    chosen = _Chosen(files, options["most_characters"] - len(problem))
    places = output_places(output, files, where)
    for place in places:
        chosen.add(place)
    if not chosen.units:
        named = ", ".join(f"{each.path}:{each.line}" for each in places[:3])
        raise NotFound(
            f"no symbol stands at {named}" if named else "the output names no line of a source file in this repository",
            "it must hold places as `path:line`; run the command so that it prints whole tracebacks and messages",
        )
    for place in places[:_MOST_UNITS]:
        chosen.add_called(place)

    def check(written: Sequence[Written]) -> Sequence[Check]:
        checks = list(also(written)) if also is not None else []
        return [*checks, nothing_new(written, ruleset, files)]

    job = EditJob(chosen.trees, tuple(chosen.units), tuple(chosen.left), also=check, keeps=True)
    kind = f"`{command}` fails" if command else "A command fails"
    return FixJob(job, kind, problem, tuple(f"{each.path}:{each.line}" for each in chosen.places))


def _shortened(output: str, most_characters: int) -> str:
    """Give the beginning and the end of a long output."""
    room = max(600, most_characters // 2)
    head, tail = min(_HEAD_CHARACTERS, room // 4), min(_TAIL_CHARACTERS, room * 3 // 4)
    if len(output) <= head + tail:
        return output
    return f"{output[:head].rstrip()}\n[...]\n{output[-tail:].lstrip()}"


class _Chosen:
    """The symbols that a prompt has room for, in the order they were named."""

    def __init__(self, files: Files, room: int) -> None:
        self.files = files
        self.room = room
        self.trees: dict[str, SyntaxTree] = {}
        self.units: list[Unit] = []
        self.left: list[Unit] = []
        self.places: list[OutputPlace] = []

    def add(self, place: OutputPlace) -> None:
        """Take the symbol around a place, when it is not there yet and fits."""
        tree = self._tree(place.path)
        unit = unit_at(tree, place.path, place.line) if tree is not None else None
        if unit is not None and tree is not None and self._take(unit, tree, _MOST_UNITS):
            self.places.append(place)

    def _take(self, unit: Unit, tree: SyntaxTree, most: int) -> bool:
        """Take a symbol; say whether it is new."""
        every = (*self.units, *self.left)
        if any(unit.overlaps(each) for each in every):
            return False
        size = len(rows_text(tree.text, unit.rows))
        if len(self.units) >= most or size > self.room:
            self.left.append(unit)
            return False
        self.room -= size
        self.units.append(unit)
        return True

    def _tree(self, path: str) -> SyntaxTree | None:
        """Read a file once."""
        if path not in self.trees:
            tree = read_syntax(path, self.files.read(path) or "")
            if tree is None:
                return None
            self.trees[path] = tree
        return self.trees[path]

    def add_called(self, place: OutputPlace) -> None:
        """Take what the line of a place calls: a failing test names itself, and not the function that is wrong."""
        tree = self._tree(place.path)
        if tree is None:
            return
        wanted = [
            each.name
            for each in parse_file(place.path, tree.text).references
            if each.line == place.line and each.kind == "call"
        ]
        for name in list(dict.fromkeys(wanted))[:_MOST_CALLED]:
            for path, line in self._defined(name, tree.language):
                found = self._tree(path)
                unit = unit_at(found, path, line) if found is not None else None
                if unit is not None and found is not None:
                    self._take(unit, found, _MOST_UNITS + _MOST_CALLED)

    def _defined(self, name: str, language: str) -> Iterator[tuple[str, int]]:
        """Yield the one place outside tests where a function of a name is defined; none where it may be several."""
        found = []
        word = re.compile(rf"\b{re.escape(name)}\b")
        for path in self.files.paths[:_MOST_SEARCHED]:
            if language_of(path) != language or is_test(path):
                continue
            text = self.files.read(path) or ""
            tree = read_syntax(path, text) if word.search(text) else None
            for each in definitions(tree) if tree is not None else ():
                if each.symbol.name == name and each.symbol.kind in ("function", "method"):
                    found.append((path, each.symbol.start_line))
        if len(found) == 1:
            yield found[0]
