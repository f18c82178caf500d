"""The imports of a test file in JavaScript or TypeScript: each name once, in the statement of its source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from localdev.assistant.gen.doc_place import line_end
from localdev.assistant.gen.import_block import Imported, is_import, read_import, script_import
from localdev.assistant.gen.testing import inserted, last_row
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import read_syntax, text_of

_LINE = r"(?:import\b|\}? from\b|(?:const|let|var)\b.*\brequire\(|['\"]use strict)"
_LISTED = re.compile(
    r"(?P<head>(?:import|const|let|var)\b(?!\s+type\b)[^{}]*\{)(?P<names>[^{}]*)(?P<tail>\}.*)", re.DOTALL
)


def bound_names(path: str, text: str) -> set[str]:
    """Give the names that the imports at the top of a file bind."""
    found = {each.bound for node in _nodes(path, text) for each in _brought(node)}
    return found | set(re.findall(r"(\w+)\s*=\s*require\(", text))  # also those of a list of declarations


def with_imports(path: str, text: str, needed: Sequence[str], asked: Sequence[str]) -> str:
    """Put import lines into a file.

    Of `needed`, names that are bound already are left out, wherever they come from; of `asked`, those that come from
    the same source. Others join the statement of their source, or stand behind the last import.
    """
    taken, lines = bound_names(path, text), []
    there = {(_plain(each.source), each.bound) for node in _nodes(path, text) for each in _brought(node)}
    for line in dict.fromkeys((*needed, *asked)):
        brings = read_import(line, "typescript")
        new = [
            each
            for each in brings
            if (_plain(each.source), each.bound) not in there and (line not in needed or each.bound not in taken)
        ]
        there |= {(_plain(each.source), each.bound) for each in new}
        if not brings and not re.search(rf"^{re.escape(line)}", text, re.MULTILINE):
            lines.append(line)
        elif new:
            joined = _joined(path, text, new)
            text = text if joined is None else joined
            lines += [script_import(line, new, brings)] if joined is None else []
    return inserted(text, last_row(text, _LINE), lines) if lines else text


def _nodes(path: str, text: str) -> Iterator[SyntaxNode]:
    """Yield the import statements at the top of a file."""
    tree = read_syntax(path, text)
    yield from (node for node in tree.root.named_children if is_import(node, tree.language)) if tree else ()


def _brought(node: SyntaxNode) -> tuple[Imported, ...]:
    """Give what a statement brings in."""
    return read_import(text_of(node), "typescript")


def _plain(source: str) -> str:
    """Give a source as it can be compared: Node's own and files have several spellings."""
    return re.sub(r"(?:/index)?\.[cm]?[jt]sx?$|/index$", "", source.removeprefix("node:"))


def _joined(path: str, text: str, new: Sequence[Imported]) -> str | None:
    """Write names into the list of the statement that imports from their source; None where there is no such list."""
    if any(each.name in ("", "*", "default") for each in new):
        return None
    for node in _nodes(path, text):
        written = text_of(node)
        listed = _LISTED.fullmatch(written)
        if listed is None or not any(_plain(each.source) == _plain(new[0].source) for each in _brought(node)):
            continue
        mark = " as " if written.startswith("import") else ": "
        names = [each.name if each.name == each.bound else f"{each.name}{mark}{each.bound}" for each in new]
        data = text.encode("utf-8", "surrogateescape")
        head, tail = data[: node.start_byte], data[node.end_byte :]
        whole = f"{listed['head']}{_longer(listed['names'], names, line_end(text))}{listed['tail']}"
        return (head + whole.encode("utf-8", "surrogateescape") + tail).decode("utf-8", "surrogateescape")
    return None


def _longer(listed: str, names: Sequence[str], end: str) -> str:
    """Add names to a list, which stays sorted where it was; in one of several lines each has a line of its own."""
    if "\n" in listed:
        indent = re.match(r"\s*\n([ \t]*)", listed)
        before = indent.group(1) if indent else "  "
        return "".join(f"{end}{before}{name}," for name in names) + listed
    old = [part.strip() for part in listed.split(",") if part.strip()]
    every = [*old, *names]
    pad = " " if listed.startswith(" ") or not old else ""
    return f"{pad}{', '.join(sorted(every, key=str.lower) if old == sorted(old, key=str.lower) else every)}{pad}"
