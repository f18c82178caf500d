"""Changing symbols as a whole: the model is shown numbered ones, and gives the whole new text of those it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from localdev.assistant.gen.attempts import Edits, Unfit
from localdev.assistant.gen.checks import COMMENTS, Rows
from localdev.assistant.gen.files import Files
from localdev.assistant.gen.import_block import import_text
from localdev.assistant.gen.splice import clean, indent_of
from localdev.assistant.gen.target import find_target, open_file
from localdev.assistant.gen.units import ATTRIBUTES, Unit, rows_text, units_of
from localdev.assistant.gen.writing import Also, Piece, Written, checked, write
from localdev.core.errors import NotFound, UsageError
from localdev.core.patch import Check
from localdev.core.words import identifier_parts
from localdev.source.syntax.definitions import definitions
from localdev.source.syntax.tree import SyntaxTree, read_syntax

_ACTIONS = ("replace", "delete", "add_after")
_MOST_CHANGES = 12
_MOST_NAMED = 40
_IMPORTS_CHARACTERS = 1500


@dataclass(slots=True)
class EditJob:
    """All that changing some symbols needs to know: `units` are those that are shown, numbered from 1.

    `left_out` are those that did not fit, `also` further checks. With `keeps` no symbol may be taken out. `written` is
    what the last answer made.
    """

    trees: dict[str, SyntaxTree]
    units: tuple[Unit, ...]
    left_out: tuple[Unit, ...] = ()
    also: Also | None = None
    keeps: bool = False
    written: tuple[Written, ...] = field(default=())

    def schema(self) -> dict[str, Any]:
        """Give the form of a model's answer."""
        change = {
            "type": "object",
            "properties": {
                "symbol": {"type": "integer", "enum": list(range(1, len(self.units) + 1))},
                "action": {"type": "string", "enum": list(_ACTIONS)},
                "code": {"type": "string"},
                "imports": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["symbol", "action", "code", "imports"],
            "additionalProperties": False,
        }
        return {
            "type": "object",
            "properties": {"changes": {"type": "array", "items": change}},
            "required": ["changes"],
            "additionalProperties": False,
        }

    def build(self, answer: dict[str, Any]) -> Edits:
        """Turn a model's answer into edits.

        Raises:
            Unfit: it cannot be done, or does nothing.
        """
        changes = [each for each in answer.get("changes") or () if isinstance(each, dict)]
        if not changes:
            raise Unfit("it changes nothing")
        if len(changes) > _MOST_CHANGES:
            raise Unfit(f"{len(changes)} changes are too many; change at most {_MOST_CHANGES} symbols")
        pieces: dict[str, list[Piece]] = {}
        imports: dict[str, list[str]] = {}
        taken: set[tuple[int, bool]] = set()
        for change in changes:
            number, action = change.get("symbol"), change.get("action")
            if not isinstance(number, int) or not 1 <= number <= len(self.units) or action not in _ACTIONS:
                raise Unfit(f"there is no symbol {number!r} to {action}")
            if (number, action == "add_after") in taken:
                raise Unfit(f"symbol {number} is changed twice")
            taken.add((number, action == "add_after"))
            unit = self.units[number - 1]
            piece = self._piece(unit, str(action), str(change.get("code", "")))
            pieces.setdefault(unit.path, []).append(piece)
            imports.setdefault(unit.path, []).extend(map(str, change.get("imports") or ()))
        self.written = tuple(
            write(self.trees[path], self.trees[path].text, each, imports[path]) for path, each in sorted(pieces.items())
        )
        self.written = tuple(each for each in self.written if each.edit.old != each.edit.new)
        if not self.written:
            raise Unfit("the new text is the old one: nothing would change")
        return tuple(each.edit for each in self.written)

    def _piece(self, unit: Unit, action: str, code: str) -> Piece:
        """Make the piece of one change."""
        tree = self.trees[unit.path]
        rows = tree.text.split("\n")
        indent = indent_of(rows[unit.core[0]].removeprefix("\ufeff"))
        old = tuple(each.symbol.qualified for each in definitions(tree) if _within(each.symbol.start_line, unit))
        if action == "delete":
            if self.keeps and unit.name:
                raise Unfit(f"{unit.name} is to be mended, not taken out")
            return Piece(_with_blanks(rows, unit.rows), name=unit.name, old=old)
        lines = clean(code)
        if action == "add_after":
            row = unit.rows[1] + 1
            short = len(lines) == 1 and unit.core[0] == unit.core[1]
            blank = 0 if short else 2 if tree.language == "python" and not indent else 1
            return Piece((row, row - 1), tuple(lines), indent, adds=True, blank=(blank, 0))
        if unit.tail and not lines[-1].endswith(unit.tail):
            lines[-1] += unit.tail
        span = unit.core if _begins_plainly(lines, unit, tree) else unit.rows
        return Piece(span, tuple(lines), indent, name=unit.name, old=old)

    def check(self, edits: Edits) -> Sequence[Check]:
        """Hold the edits against what they must leave alone, and against what this job asks besides."""
        return checked(self.written, self.also)

    def asked(self, instruction: str) -> dict[str, Any]:
        """Give the variables of the prompt."""
        files = []
        for path, tree in self.trees.items():
            shown = [(at, unit) for at, unit in enumerate(self.units, 1) if unit.path == path]
            if shown:
                symbols = [
                    {"number": at, "title": unit.title, "code": rows_text(tree.text, unit.rows)} for at, unit in shown
                ]
                imports = import_text(tree)[:_IMPORTS_CHARACTERS]
                files.append({"path": path, "language": tree.language, "imports": imports, "symbols": symbols})
        names = [unit.name for unit in self.left_out if unit.name]
        return {"files": files, "left_out": names[:_MOST_NAMED], "instruction": instruction}


def _within(line: int, unit: Unit) -> bool:
    """Say whether a line lies in a unit."""
    return unit.rows[0] < line <= unit.rows[1] + 1


def _begins_plainly(lines: Sequence[str], unit: Unit, tree: SyntaxTree) -> bool:
    """Say whether new text lacks the comments that stand above the symbol, which then stay."""
    if unit.core == unit.rows:
        return True
    new = read_syntax(tree.path, ("<?php\n" if tree.language == "php" else "") + "\n".join(lines) + "\n")
    nodes = [node for node in new.root.children if node.type != "php_tag"] if new is not None else []
    return not nodes or (nodes[0].type not in COMMENTS and nodes[0].type not in ATTRIBUTES)


def _with_blanks(rows: Sequence[str], span: Rows) -> Rows:
    """Add to rows that go the blank ones behind them, or before them where nothing follows on their level."""
    first, last = span
    behind = last + 1
    while behind < len(rows) and not rows[behind].strip():
        behind += 1
    before = first
    while before > 0 and not rows[before - 1].strip():
        before -= 1
    follows = behind < len(rows) and len(indent_of(rows[behind])) >= len(indent_of(rows[first]))
    if follows or before == first:
        return first, min(behind, len(rows) - 1) - 1 if behind > last + 1 and follows else last
    return before, last


def edit_job(files: Files, targets: Sequence[str], instruction: str, most_characters: int) -> EditJob:
    """Choose the symbols that are shown: those of the targets (`PATH` or `PATH::symbol`) that fit, the likeliest first.

    Raises:
        NotFound, UsageError: a target is not there, or has no symbols that can be replaced.
    """
    if not targets:
        raise UsageError("nothing is named that could be changed", "name files or symbols: PATH or PATH::symbol")
    trees: dict[str, SyntaxTree] = {}
    units: list[Unit] = []
    for written in targets:
        path = written.partition("::")[0]
        within = None
        if "::" in written:
            target = find_target(files, written)
            within, trees[path] = target.definition, trees.get(path, target.tree)
        else:
            trees.setdefault(path, open_file(files, path)[1])
        found = units_of(trees[path], path, within=within)
        if not found:
            raise NotFound(f"{written} has no symbol with lines of its own", "name other files or symbols")
        units += [unit for unit in found if not any(unit.overlaps(each) for each in units)]
    shown, left = chosen(units, trees, instruction, most_characters)
    return EditJob(trees, shown, left)


def chosen(
    units: Sequence[Unit], trees: dict[str, SyntaxTree], instruction: str, most_characters: int
) -> tuple[tuple[Unit, ...], tuple[Unit, ...]]:
    """Choose the units that fit, those that the instruction speaks of first; they stay in their order.

    Raises:
        UsageError: not even one fits.
    """
    asked = set(identifier_parts(instruction))
    texts = {unit: rows_text(trees[unit.path].text, unit.rows) for unit in units}
    ranked = sorted(
        range(len(units)), key=lambda at: (-_likeliness(units[at], texts[units[at]], asked, instruction), at)
    )
    room = most_characters - sum(min(len(import_text(tree)), _IMPORTS_CHARACTERS) for tree in trees.values()) // 2
    kept: set[int] = set()
    for at in ranked:
        if len(texts[units[at]]) <= room:
            room -= len(texts[units[at]]) + 40
            kept.add(at)
    if not kept:
        raise UsageError(
            f"{units[ranked[0]].title} of {units[ranked[0]].path} is longer than what a model is given",
            "`localdev config set gen.context_tokens N` allows more, or name a smaller symbol",
        )
    shown = tuple(unit for at, unit in enumerate(units) if at in kept)
    return shown, tuple(unit for at, unit in enumerate(units) if at not in kept)


def _likeliness(unit: Unit, text: str, asked: set[str], instruction: str) -> float:
    """Say how much of an instruction a symbol has: its name counts most."""
    name = unit.name.rpartition(".")[2]
    said = bool(name) and name in instruction
    in_name = len(asked & set(identifier_parts(unit.name)))
    return 100 * said + 10 * in_name + len(asked & set(identifier_parts(text))) / (1 + len(asked))
