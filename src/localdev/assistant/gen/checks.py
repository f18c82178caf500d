"""What every proposal is held against: it parses, nothing but what was asked for is touched, the tree is as it was."""

from __future__ import annotations

import ast
import itertools
import re
import warnings
from collections.abc import Iterator, Sequence

from localdev.assistant.gen.target import Target
from localdev.assistant.gen.words import MARK
from localdev.core.patch import Check, FileEdit
from localdev.source.docs import clean_comment
from localdev.source.syntax.definitions import definitions
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, line_of, read_syntax, text_of, walk

COMMENTS = frozenset({"comment", "line_comment", "block_comment", "doc_comment", "html_comment"})
# `import { a, b } from "c"`, `const { a } = require("b")` on one line: before, inside and behind the braces.
_LISTED = re.compile(r"(\s*(?:import|const|let|var)\b[^{}]*\{)([^{}]*)(\}.*)")
# First and last row (from 0, both included) of the old text that may become something else.
Rows = tuple[int, int]


def failed(checks: Sequence[Check]) -> str:
    """Say in one line which checks failed and why; empty where none did."""
    return "; ".join(f"{check.name}: {check.detail}" for check in checks if not check.ok)


def parses(edit: FileEdit) -> Check:
    """Check that a file has no more syntax errors than it had."""
    name = "parses"
    new = read_syntax(edit.path, edit.new or "")
    if new is None:
        return Check(name, False, f"{edit.path} cannot be read as code any more")
    old = read_syntax(edit.path, edit.old) if edit.old else None
    before, now = _errors(old.root) if old else [], _errors(new.root)
    if len(now) > len(before):
        known = {line for line, _ in before}
        line, what = next((each for each in now if each[0] not in known), now[0])
        return Check(name, False, f"{edit.path}:{line}: {what}")
    if new.language == "python" and (not edit.old or not _python_error(edit.old)):
        problem = _python_error(edit.new or "")
        if problem:
            return Check(name, False, f"{edit.path}:{problem}")
    return Check(name, True, f"{edit.path} has no new syntax errors")


def _errors(root: SyntaxNode) -> list[tuple[int, str]]:
    """Give (line, what) of each place the parser could not read."""
    if not root.has_error:
        return []
    found = []
    for node in walk(root):
        if node.type == "ERROR":
            found.append((line_of(node), "this cannot be read as code"))
        elif node.is_missing:
            found.append((line_of(node), f"{node.type} is missing"))
    if not found:  # the parser went on without putting down where
        inner = next(
            node for node in walk(root) if node.has_error and not any(each.has_error for each in node.children)
        )
        found.append((line_of(inner), "this cannot be read as code"))
    return found


def _python_error(text: str) -> str:
    """Give `line: what` of what Python's own parser refuses, which is stricter than the grammar; empty where nothing.

    Only the syntax is read; nothing is compiled or run.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text.encode("utf-8", "replace"))
    except SyntaxError as error:
        return f"{error.lineno or 1}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"1: {error}"
    return ""


def untouched(edit: FileEdit, spans: Sequence[Rows]) -> Check:
    """Check that every line of the old text outside the spans is there still, byte for byte and in order."""
    name = "nothing else touched"
    if edit.old is None or edit.new is None:
        return Check(name, False, f"{edit.path} would be {'made' if edit.old is None else 'removed'}")
    rows = _rows(edit.old)
    pieces, at = [], 0
    for first, last in sorted(spans):
        pieces.append("".join(rows[at:first]))
        at = last + 1
    pieces.append("".join(rows[at:]))
    head, *middle, tail = pieces
    new = edit.new
    if not new.startswith(head) or not new[len(head) :].endswith(tail):
        at_end = new.startswith(head)
        line = _first_difference(rows, _rows(new), from_end=at_end)
        return Check(name, False, f"line {line} of {edit.path} is outside what was asked for, and changed")
    rest = "\n" + new[len(head) : len(new) - len(tail)]
    for piece in middle:
        found = rest.find(f"\n{piece}")  # whole rows alone
        if found < 0:
            return Check(name, False, f"lines of {edit.path} between the symbols asked for are changed")
        rest = rest[found + len(piece) :]
    return Check(name, True, f"every other byte of {edit.path} is as it was")


def _rows(text: str) -> list[str]:
    """Cut a text at its line feeds alone, as the syntax tree counts rows."""
    return [row + "\n" for row in text.split("\n")[:-1]] + [text.split("\n")[-1]]


def _first_difference(old: list[str], new: list[str], *, from_end: bool) -> int:
    """Give the number of the first old line (from the end: the last one) that differs."""
    pairs = zip(reversed(old), reversed(new), strict=False) if from_end else zip(old, new, strict=False)
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    return max(1, len(old) - same) if from_end else same + 1


def rows_of(target: Target) -> Rows:
    """Give the rows of a symbol, decorators included; documentation in comments before it is not in them."""
    row, column = target.outer.end_point
    return target.outer.start_point[0], row if column else row - 1


def same_symbols(edit: FileEdit, changed: Sequence[str]) -> Check:
    """Check that a file defines what it did, but for the symbols named (qualified) and what is inside them."""
    name = "other symbols"
    old, new = _outline(edit.path, edit.old, changed), _outline(edit.path, edit.new, changed)
    gone, come = [each for each in old if each not in new], [each for each in new if each not in old]
    if gone:
        return Check(name, False, f"{gone[0]} is not defined in {edit.path} any more")
    if come:
        return Check(name, False, f"{come[0]} is defined in {edit.path} now, which nobody asked for")
    return Check(name, True, f"{edit.path} defines the same other symbols")


def _outline(path: str, text: str | None, changed: Sequence[str]) -> list[str]:
    """Give the qualified names a text defines, without the changed ones."""
    tree = read_syntax(path, text or "")
    names = [each.symbol.qualified for each in definitions(tree)] if tree else []
    return [name for name in names if not any(name == each or name.startswith(f"{each}.") for each in changed)]


def same_tree(edit: FileEdit) -> Check:
    """Check that old and new are the same code: their trees are equal without comments and docstrings."""
    name = "same code"
    old, new = read_syntax(edit.path, edit.old or ""), read_syntax(edit.path, edit.new or "")
    if old is None or new is None:
        return Check(name, False, f"{edit.path} cannot be read as code")
    for before, after in itertools.zip_longest(_code(old), _code(new)):
        if before is None or after is None or before[:2] != after[:2]:
            line = after[2] if after is not None else line_of(new.root)
            return Check(name, False, f"{edit.path}:{line}: more than documentation would change")
    return Check(name, True, "the syntax tree is equal but for documentation")


def _code(tree: SyntaxTree) -> Iterator[tuple[str, bytes, int]]:
    """Yield (kind, text, line) of all that is code: the kind of every node, and the text of those without parts."""
    data = tree.text.encode("utf-8", "replace")
    pending: list[SyntaxNode | None] = [tree.root]
    while pending:
        node = pending.pop()
        if node is None:  # the end of one with parts: so that what is inside and what is behind differ
            yield ")", b"", 0
            continue
        if node.type in COMMENTS or is_docstring(node, tree.language):
            continue
        if not node.children:
            yield node.type, data[node.start_byte : node.end_byte], line_of(node)
            continue
        yield node.type, _between(node, data), line_of(node)
        pending.append(None)
        pending.extend(reversed(node.children))


def _between(node: SyntaxNode, data: bytes) -> bytes:
    """Give what stands between a node's parts besides blanks: some grammars have no node for the text of strings."""
    at, found = node.start_byte, []
    for child in node.children:
        found.append(data[at : child.start_byte].strip())
        at = max(at, child.end_byte)
    found.append(data[at : node.end_byte].strip())
    return b" ".join(filter(None, found))


def is_docstring(node: SyntaxNode, language: str) -> bool:
    """Say whether a statement is a Python docstring: a plain string that stands first."""
    if language != "python" or node.type != "expression_statement" or len(node.children) != 1:
        return False
    if node.children[0].type != "string" or (text_of(node)[:1] not in "'\"rRuU"):  # no formatted one, no bytes
        return False
    around = node.parent
    if around is None or around.type not in ("block", "module"):
        return False
    first = next((each for each in around.named_children if each.type not in COMMENTS), None)
    return first is not None and first.id == node.id


def documented(edit: FileEdit, target: Target) -> Check:
    """Check that the symbol has documentation afterwards, as the index reads it."""
    name = "documented"
    tree = read_syntax(edit.path, (edit.new or "").removeprefix("\ufeff"))
    wanted, kind = target.symbol.qualified, target.symbol.kind
    alike = [each for each in definitions(target.tree) if each.symbol.qualified == wanted and each.symbol.kind == kind]
    place = next((at for at, each in enumerate(alike) if each.node.id == target.node.id), 0)
    found = [
        each
        for each in (definitions(tree) if tree else ())
        if (each.symbol.qualified, each.symbol.kind) == (wanted, kind)
    ]
    words = clean_comment(found[place].symbol.doc) if place < len(found) else ""
    if not words.strip():
        return Check(name, False, f"{wanted} has no documentation")
    return Check(name, True, f"{wanted} is documented{to_fill_in(edit)}")


def to_fill_in(edit: FileEdit) -> str:
    """Say how many places an edit marks for a person to fill in; empty where none."""
    count = (edit.new or "").count(MARK) - (edit.old or "").count(MARK)
    if count <= 0:
        return ""
    return f"; {count} place{' is' if count == 1 else 's are'} marked {MARK} for you to fill in"


def only_added(edit: FileEdit) -> Check:
    """Check that a file only gained lines: all old ones are there in order, and what they define is unchanged."""
    name = "nothing else touched"
    if edit.old is None:
        return Check(name, True, f"{edit.path} is new")
    left = iter(_plain_rows(edit.new or ""))
    for number, row in enumerate(_plain_rows(edit.old), 1):
        if not any(row == each or _longer_list(row, each) for each in left):  # goes on behind the last one found
            return Check(name, False, f"line {number} of {edit.path} would be gone or changed")
    before, after = _bodies(edit.path, edit.old), _bodies(edit.path, edit.new or "")
    for symbol, texts in before.items():
        if after.get(symbol) != texts:
            return Check(name, False, f"{symbol} of {edit.path} would change")
    return Check(name, True, f"{edit.path} only gains lines")


def _longer_list(old: str, new: str) -> bool:
    """Say whether a line that imports a list of names is the same with more of them."""
    before, after = _LISTED.fullmatch(old), _LISTED.fullmatch(new)
    if before is None or after is None or (before[1], before[3]) != (after[1], after[3]):
        return False
    names = [{part.strip() for part in found[2].split(",")} for found in (before, after)]
    return names[0] <= names[1]


def _plain_rows(text: str) -> list[str]:
    """Give the lines without their ends; an empty end of the text is none."""
    return [row.removesuffix("\r") for row in text.split("\n")][: None if not text.endswith("\n") else -1]


def _bodies(path: str, text: str) -> dict[str, list[str]]:
    """Give the texts of the functions a file defines, by qualified name."""
    tree = read_syntax(path, text)
    found: dict[str, list[str]] = {}
    data = text.encode("utf-8", "replace")
    for each in definitions(tree) if tree else ():
        if each.symbol.kind in ("function", "method", "constructor"):
            body = data[each.node.start_byte : each.node.end_byte].decode("utf-8", "replace")
            found.setdefault(each.symbol.qualified, []).append(body)
    return found
