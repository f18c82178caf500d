"""New symbols for a file: the model gives whole ones and the imports they need, and they are put in their place."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from localdev.assistant.gen.attempts import Edits, Unfit
from localdev.assistant.gen.checks import COMMENTS
from localdev.assistant.gen.files import Files
from localdev.assistant.gen.import_block import import_text
from localdev.assistant.gen.splice import clean, indent_of
from localdev.assistant.gen.target import find_target, open_file
from localdev.assistant.gen.units import Unit, rows_text, unit_at, units_of
from localdev.assistant.gen.writing import Also, Piece, Written, checked, write
from localdev.core.errors import NotFound, UsageError
from localdev.core.patch import Check
from localdev.source.languages import language_of
from localdev.source.syntax.definitions import Definition, definitions
from localdev.source.syntax.tree import SyntaxTree, end_line_of, read_syntax, text_of

_MOST_SYMBOLS = 12
_IMPORTS_CHARACTERS = 1500
_MOST_SIGNATURES = 60
# What runs a file as a program, or hands out what it has, and stays last.
_LAST: dict[str, re.Pattern[str]] = {
    "python": re.compile(r"if\s+__name__\s*==|if\s+['\"]__main__['\"]\s*=="),
    "ruby": re.compile(r"if\s+(?:__FILE__\s*==\s*\$(?:0|PROGRAM_NAME)|\$(?:0|PROGRAM_NAME)\s*==\s*__FILE__)"),
    "javascript": re.compile(
        r"(?:module\.)?exports\b|export\s*(?:\{|default\s+[\w{])|if\s*\(\s*require\.main\s*===|main\(\)"
    ),
    "rust": re.compile(r"mod\s+tests?\b"),
}
_LAST |= dict.fromkeys(("jsx", "typescript", "tsx"), _LAST["javascript"])
# Languages whose functions stand in a class, so that is where a bare one goes.
_CLASSES_ONLY = frozenset({"java", "c_sharp"})
_TYPES = re.compile(r"\b(?:class|interface|enum|record|struct)\s+\w+")


@dataclass(slots=True)
class CodeJob:
    """All that adding symbols to a file needs to know.

    `text` is None for a file that is new; `tree` is then of what such a file begins with. `after` is the symbol behind
    which the new ones go. `shown` are symbols of the file that the model sees whole. `also` are further checks, and
    `written` is what the last answer made.
    """

    path: str
    text: str | None
    tree: SyntaxTree
    after: Unit | None = None
    shown: tuple[Unit, ...] = ()
    also: Also | None = None
    written: tuple[Written, ...] = field(default=())

    def schema(self) -> dict[str, Any]:
        """Give the form of a model's answer."""
        symbol = {
            "type": "object",
            "properties": {"name": {"type": "string"}, "code": {"type": "string"}},
            "required": ["name", "code"],
            "additionalProperties": False,
        }
        parts = {
            "imports": {"type": "array", "items": {"type": "string"}},
            "symbols": {"type": "array", "items": symbol},
        }
        return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}

    def build(self, answer: dict[str, Any]) -> Edits:
        """Turn a model's answer into the edit.

        Raises:
            Unfit: it holds no symbol, or something besides.
        """
        given = [each for each in answer.get("symbols") or () if isinstance(each, dict)]
        if not given:
            raise Unfit("there is no symbol in the answer")
        if len(given) > _MOST_SYMBOLS:
            raise Unfit(f"{len(given)} symbols are too many; give at most {_MOST_SYMBOLS}")
        codes = [tuple(clean(str(each.get("code", "")))) for each in given]
        pieces = self._pieces(codes)
        written = write(self.tree, self.text, pieces, [str(each) for each in answer.get("imports") or ()])
        self._refuse_unnamed(given, written)
        self.written = (written,)
        return (written.edit,)

    def _refuse_unnamed(self, given: Sequence[dict[str, Any]], written: Written) -> None:
        """Refuse an answer whose code does not define what it says it does: one of both is wrong.

        Raises:
            Unfit: a name is nowhere in the code.
        """
        for each in given:
            name = re.split(r"[.:\s(]+", str(each.get("name", "")).strip("() "))[-1]
            if name and name not in str(each.get("code", "")):
                raise Unfit(f"the code that should define {name} does not")

    def _pieces(self, codes: Sequence[tuple[str, ...]]) -> list[Piece]:
        """Put the symbols into one place, in their order."""
        row, indent, last = self._place(codes)
        rows = self.tree.text.split("\n")
        wide = 2 if self.tree.language == "python" and not indent else 1
        lines: list[str] = []
        base = indent_of(codes[0][0])
        for code in codes:
            lines += [""] * (wide if lines else 0)
            own = indent_of(code[0])
            lines += [base + line.removeprefix(own) if line else "" for line in code] if own != base else code
        blanks = 0
        while row - blanks > 0 and not rows[row - blanks - 1].strip():
            blanks += 1
        above = row - blanks > 0 and not (last and rows[row - blanks - 1].rstrip().endswith("{"))
        before = max(0, wide - blanks) if above else 0
        follows = row < len(rows) and rows[row].strip() and not last
        return [Piece((row, row - 1), tuple(lines), indent, adds=True, blank=(before, wide if follows else 0))]

    def _place(self, codes: Sequence[tuple[str, ...]]) -> tuple[int, str, bool]:
        """Give the row to put symbols before, their indentation, and whether that is the end of a body."""
        rows = self.tree.text.split("\n")
        if self.after is not None:
            return self.after.rows[1] + 1, indent_of(rows[self.after.core[0]].removeprefix("\ufeff")), True
        holder = self._holder(codes)
        if holder is not None:
            inner = next((each for each in holder.node.children if each.type.endswith("body")), None)
            inner = inner or holder.node.child_by_field_name("body")
            first = (
                next((each for each in inner.named_children if each.start_point[0] > holder.node.start_point[0]), None)
                if inner
                else None
            )
            indent = indent_of(rows[first.start_point[0]]) if first is not None else "    "
            return holder.node.end_point[0], indent, True
        end = len(rows) - (not rows[-1])
        while end > 0 and not rows[end - 1].strip():
            end -= 1
        return self._before_last(end), "", False

    def _before_last(self, end: int) -> int:
        """Give the row before what stays last in a file, with the comments right above it."""
        pattern = _LAST.get(self.tree.language)
        nodes = [each for each in self.tree.root.children if each.is_named]
        row, at = self._before_guard_end(end), len(nodes) - 1
        while pattern is not None and at >= 0:
            node = nodes[at]
            if node.type in COMMENTS or node.type == "attribute_item":
                at -= 1
                continue
            if not pattern.match(text_of(node)):
                break
            unit = unit_at(self.tree, self.path, node.start_point[0] + 1)
            row = min(row, unit.rows[0] if unit is not None and not unit.name else node.start_point[0])
            while at > 0 and nodes[at - 1].type in (*COMMENTS, "attribute_item") and end_line_of(nodes[at - 1]) == row:
                at -= 1
                row = nodes[at].start_point[0]
            at -= 1
        return row

    def _before_guard_end(self, end: int) -> int:
        """Give the row of the `#endif` that ends the guard around a whole header, where there is one."""
        code = [each for each in self.tree.root.named_children if each.type not in COMMENTS]
        if len(code) == 1 and code[0].type == "preproc_ifdef" and "#define" in text_of(code[0]).split("\n", 2)[1]:
            return code[0].children[-1].start_point[0]
        return end

    def _holder(self, codes: Sequence[tuple[str, ...]]) -> Definition | None:
        """Give the class that bare functions go to, in a language where they cannot stand alone."""
        if self.tree.language not in _CLASSES_ONLY or all(_TYPES.search(_head(code)) for code in codes):
            return None
        types = [each for each in definitions(self.tree) if not each.symbol.parent and each.symbol.kind != "namespace"]
        if len(types) != 1:
            raise Unfit("a function of this language stands in a class: give a whole class")
        one = types[0]
        return one if one.node.end_point[0] > one.node.start_point[0] else None

    def check(self, edits: Edits) -> Sequence[Check]:
        """Hold the edit against what it must leave alone, and against what this job asks besides."""
        return checked(self.written, self.also)

    def asked(self, instruction: str) -> dict[str, Any]:
        """Give the variables of the prompt."""
        every = definitions(self.tree)
        signatures = [each.symbol.signature for each in every if each.symbol.signature][:_MOST_SIGNATURES]
        return {
            "path": self.path,
            "language": self.tree.language,
            "imports": import_text(self.tree)[:_IMPORTS_CHARACTERS],
            "signatures": signatures,
            "symbols": [rows_text(self.tree.text, unit.rows) for unit in self.shown],
            "after": self.after.name if self.after is not None else "",
            "instruction": instruction,
        }


def _head(code: Sequence[str]) -> str:
    """Give the lines up to the first one that opens a body."""
    lines: list[str] = []
    for line in code:
        if not line.lstrip().startswith(("//", "*", "/*", "@", "[")):
            lines.append(line.split("(", 1)[0])
            if "{" in line:
                break
    return " ".join(lines)


def code_job(files: Files, path: str, *, after: str, instruction: str, most_characters: int) -> CodeJob:
    """Prepare adding symbols to a file, new or not; `after` names the symbol behind which they go.

    Raises:
        NotFound, UsageError: the file or the symbol cannot be used, or the language is not known.
    """
    text = files.read(path)
    if text is None and files.exists(path):
        open_file(files, path)  # says why not
    start = text if text is not None else _beginning(files, path)
    tree = read_syntax(path, start)
    if tree is None:
        raise UsageError(f"the language of {path} is not one whose syntax can be read", "name a file of source code")
    if not after:
        return CodeJob(path, text, tree, shown=_shown(tree, path, instruction, most_characters))
    if text is None:
        raise NotFound(f"there is no file {path} yet, so nothing in it to stand behind", "leave out --after")
    target = find_target(files, f"{path}::{after}")
    line = target.outer.start_point[0] + 1
    unit = next((each for each in units_of(tree, path, within=target.definition)), None)
    if unit is None or not unit.rows[0] < line <= unit.rows[1] + 1:
        unit = unit_at(tree, path, line)
    if unit is None or unit.name != target.symbol.qualified:
        raise UsageError(f"{after} shares its lines with other code", "name another symbol")
    shown = _shown(tree, path, f"{instruction} {after}", most_characters)
    return CodeJob(path, text, tree, unit, shown)


def _shown(tree: SyntaxTree, path: str, instruction: str, most_characters: int) -> tuple[Unit, ...]:
    """Choose symbols of the file for the model to see whole."""
    from localdev.assistant.gen.edit import chosen

    units = units_of(tree, path)
    try:
        return chosen(units, {path: tree}, instruction, most_characters)[0] if units else ()
    except UsageError:  # none fits: the signatures will do
        return ()


def _beginning(files: Files, path: str) -> str:
    """Give what a new file begins with: the package, as its neighbours have it, or as its folder says."""
    language = language_of(path)
    if language == "php":
        return "<?php\n"
    if language not in ("go", "java"):
        return ""
    folder = posixpath.dirname(path)
    beside = [each for each in files.paths if posixpath.dirname(each) == folder and language_of(each) == language]
    for each in beside:
        found = re.search(r"^package\s+([\w.]+)", files.read(each) or "", re.MULTILINE)
        if found and not (language == "go" and found[1].endswith("_test")):
            return f"package {found[1]}{';' if language == 'java' else ''}\n"
    if language == "go":
        return f"package {re.sub(r'[^a-z0-9_]', '', posixpath.basename(folder).lower()) or 'main'}\n"
    inner = re.split(r"(?:^|/)(?:java|src)/", f"{folder}/")[-1].strip("/")
    return f"package {inner.replace('/', '.')};\n" if inner else ""
