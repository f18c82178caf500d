"""The marks of a merge that was not finished, in added lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.changed import ChangedFile
from localdev.rules.places import is_example
from localdev.rules.rule import Example, Found, Rule, each_file
from localdev.source.syntax.tree import SyntaxTree, walk

_MARK = re.compile(r"(?:<{7}|>{7}|\|{7})(?: .*)?|={7}")
_TEXT = re.compile(r"string|heredoc|template|comment|raw_text", re.IGNORECASE)
_PROSE = ("text", "markdown", "rst", "restructuredtext", "asciidoc")


def _look(file: ChangedFile) -> Iterator[Found]:
    """Find each conflict once, at its first mark that is new; a lone row of `=` is a ruler in prose."""
    marked = [line for line in file.change.added() if _MARK.fullmatch(line.text.removesuffix("\r"))]
    marks = [(line.new_line, line.text[0]) for line in marked]
    signs = {sign for _, sign in marks}
    if not signs:
        return
    prose = file.language in _PROSE or is_example(file.path)
    if signs <= {"=", "|"} and (prose or file.new_syntax is None):
        return
    if prose and not {"<", ">", "="} <= signs:
        return
    inside = False
    for line, sign in marks:
        if inside and sign != "<":
            inside = sign != ">"
            continue
        inside = sign != ">"
        mild = _fenced(file, line) if prose else _quoted(file.new_syntax, line)
        yield Found(
            file.path, line, "a mark of an unfinished merge", line, "settle the conflict", "low" if mild else None
        )


def _fenced(file: ChangedFile, line: int) -> bool:
    """Say whether a line of prose lies in an example: a fenced or named block of code."""
    before = file.new_lines[: line - 1]
    fences = sum(row.lstrip().startswith(("```", "~~~", "----", "<pre", "</pre")) for row in before)
    return fences % 2 == 1


def _quoted(tree: SyntaxTree | None, line: int) -> bool:
    """Say whether a line lies within a text: a test of merging, or help about it."""
    if tree is None:
        return False
    return any(
        node.start_point[0] < line - 1 <= node.end_point[0] and _TEXT.search(node.type) and not node.has_error
        for node in walk(tree.root)
    )


RULE = Rule(
    id="merge-marker",
    family="merge-marker",
    severity="high",
    title="A mark of an unfinished merge",
    explanation=(
        "Git wrote these lines where two sides of a merge changed the same place. The file is not what either "
        "side meant, "
        "and most languages cannot read it. Choose what is right of both sides and delete the marks."
    ),
    bad=Example("app/limits.py", f"{'<' * 7} HEAD\nLIMIT = 10\n{'=' * 7}\nLIMIT = 20\n{'>' * 7} feature\n"),
    good=Example("app/limits.py", "LIMIT = 20\n"),
    check=each_file(_look),
)
