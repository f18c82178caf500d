"""The rules of a review over a proposal: the finding that is to be mended is gone, and no new one has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from localdev.assistant.gen.files import Files
from localdev.assistant.gen.writing import Written
from localdev.core.change import Change
from localdev.core.patch import Check, FileEdit
from localdev.core.review import Finding, at_least
from localdev.render.patches import make_patch
from localdev.rules.changed import ReviewedChange
from localdev.rules.rule import Rule
from localdev.rules.run import find
from localdev.source.diff import read_diff
from localdev.source.sides import decode

Kept = Callable[[Finding], Finding | None]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules that count here, and what the settings make of a finding (None: it is left out)."""

    rules: Sequence[Rule]
    kept: Kept

    def standing(self, path: str, text: str, files: Files) -> list[Finding]:
        """Give what the rules find in a file when every line of it counts as new."""
        return list(self._found([FileEdit(path, None, _plain(text))], files))

    def brought(self, edits: Sequence[FileEdit], files: Files) -> list[Finding]:
        """Give what the rules find in a change."""
        plain = [FileEdit(each.path, _plain(each.old), _plain(each.new)) for each in edits]
        return list(self._found(plain, files))

    def _found(self, edits: Sequence[FileEdit], files: Files) -> Iterator[Finding]:
        """Run the rules over edits of plain texts."""
        change = Change(tuple(read_diff(make_patch(edits))))
        for found in find(ReviewedChange(change, _Texts(edits, files)), self.rules):
            kept = self.kept(found)
            if kept is not None:
                yield kept


@dataclass(frozen=True, slots=True)
class _Texts:
    """The two sides of some edits; all other files are as they are."""

    edits: Sequence[FileEdit]
    files: Files

    def old_text(self, path: str) -> str | None:
        """Give a file as it was."""
        return next((each.old for each in self.edits if each.path == path), self._beside(path))

    def new_text(self, path: str) -> str | None:
        """Give a file as it would be."""
        return next((each.new for each in self.edits if each.path == path), self._beside(path))

    def new_paths(self) -> frozenset[str]:
        """Give the paths of all source files."""
        return frozenset(self.files.paths) | {each.path for each in self.edits if each.new is not None}

    def new_size(self, path: str) -> int | None:
        """Give a file's size."""
        text = self.new_text(path)
        return None if text is None else len(text.encode("utf-8", "surrogatepass"))

    def _beside(self, path: str) -> str | None:
        """Give a file that is not edited."""
        return _plain(self.files.read(path)) if not any(each.path == path for each in self.edits) else None


def _plain(text: str | None) -> str | None:
    """Give a text as reviews have it."""
    return None if text is None else decode(text.encode("utf-8", "surrogateescape"))


def mended(finding: Finding, written: Sequence[Written], ruleset: RuleSet, files: Files) -> Check:
    """Check that a rule fires less often in its file than before; of what is no rule here nothing can be said."""
    name = "finding gone"
    if not any(rule.id == finding.rule for rule in ruleset.rules):
        return Check(name, True, f"{finding.rule} is no rule that can be run here: review the change again")
    one = next((each.edit for each in written if each.edit.path == finding.path), None)
    if one is None:
        return Check(name, False, f"{finding.path}, where {finding.rule} fires, is not changed")
    before = [each for each in ruleset.standing(one.path, one.old or "", files) if each.rule == finding.rule]
    after = [each for each in ruleset.standing(one.path, one.new or "", files) if each.rule == finding.rule]
    if len(after) < len(before) or not after:
        return Check(name, True, f"{finding.rule} does not fire there any more")
    old = Counter(each.quote for each in before)
    left = next((each for each in after if each.quote not in old), after[0])
    return Check(name, False, f"{finding.rule} still fires at {left.path}:{left.line}: {left.message}")


def nothing_new(written: Sequence[Written], ruleset: RuleSet, files: Files) -> Check:
    """Check that the rules find nothing at medium or above that they did not find before."""
    name = "no new findings"
    edits = [each.edit for each in written]
    known: Counter[tuple[str, str]] = Counter()
    found: list[Finding] = []
    for edit in edits:
        known.update((each.rule, each.quote) for each in ruleset.standing(edit.path, edit.old or "", files))
        found += ruleset.standing(edit.path, edit.new or "", files)
    left = Counter(known)
    for each in [each for each in found if at_least(each.severity, "medium")]:
        left[each.rule, each.quote] -= 1
        if left[each.rule, each.quote] < 0:
            return _new(name, each)
    # Rules that hold two versions against each other: signatures, assertions, headers.
    for each in ruleset.brought(edits, files):
        if at_least(each.severity, "medium") and not known[each.rule, each.quote]:
            return _new(name, each)
    return Check(name, True, "the rules of `localdev review` find nothing new")


def _new(name: str, finding: Finding) -> Check:
    """Word a finding that the proposal would bring in."""
    return Check(name, False, f"{finding.path}:{finding.line}: {finding.message} ({finding.rule})")
