"""What a file no longer defines: names at its top, and the file itself as a module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from localdev.core.code import Symbol
from localdev.rules.changed import ChangedFile

_KINDS = frozenset(
    ["function", "class", "interface", "struct", "enum", "trait", "type", "constant", "variable", "macro", "module"]
)
_TEXT = r"(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`[^`]*`)"
_HASH = re.compile(rf"{_TEXT}|#[^\n]*")
_SLASHES = re.compile(rf"{_TEXT}|//[^\n]*|/\*.*?\*/", re.DOTALL)
# A file that hands on what others define, or makes names up when asked, may still have them all.
_HANDS_ON = re.compile(
    r"import \*|__getattr__|globals\(\)|\bexport \*|Object\.assign\((?:module\.)?exports|method_missing|const_missing"
    r"|\bpub use .*\*|macro_rules!"
)
_LEAST_NAME = 3


@dataclass(frozen=True, slots=True)
class Removed:
    """A name that a file defined at its top before the change and does not have any more; `whole`: the file itself."""

    name: str
    kind: str
    path: str
    line: int
    whole: bool = False


def removed_names(file: ChangedFile) -> Iterator[Removed]:
    """Give the names that are gone from a file, each once; none that its text still has in any way."""
    if file.old_symbols is None or file.change.status == "copied":
        return
    text = _bare(file.new_text or "", file.language)
    if _HANDS_ON.search(text):
        return
    left = set(re.findall(r"[A-Za-z_]\w*", text))
    old = [each for each in file.old_symbols.symbols if not each.parent and each.kind in _KINDS]
    seen: set[str] = set()
    for each in old:
        if each.name in left or each.name in seen or len(each.name) < _LEAST_NAME or each.name.startswith("__"):
            continue
        seen.add(each.name)
        yield Removed(each.name, each.kind, file.change.old_path, _place(file, each))


def _bare(text: str, language: str) -> str:
    """Take the comments out of a text; what looks like one within a string stays."""
    return (_HASH if language in ("python", "ruby") else _SLASHES).sub(lambda found: found[1] or " ", text)


def _place(file: ChangedFile, gone: Symbol) -> int:
    """Give the line of the new side where a definition stood; 0 where no file is left."""
    if not file.added and not file.new_text:
        return 0
    for hunk in file.change.hunks:
        here = hunk.new_start
        for line in hunk.lines:
            if line.kind == "removed" and gone.start_line <= line.old_line <= gone.end_line:
                return min(max(1, here), len(file.new_lines))
            here = line.new_line + 1 if line.new_line else here
    return 1
