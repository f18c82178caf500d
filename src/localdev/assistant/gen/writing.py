"""Pieces of code put into one file, and the checks that every such edit is held against."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from localdev.assistant.gen.attempts import Unfit
from localdev.assistant.gen.bound_twice import bound_once
from localdev.assistant.gen.checks import Rows, parses, same_symbols, untouched
from localdev.assistant.gen.import_block import import_cuts, is_import, missing_imports, wanted_imports
from localdev.assistant.gen.inside import Found, contained, found_in, literal_rows
from localdev.assistant.gen.splice import Cut, Spliced, commonest_unit, fitted, splice
from localdev.assistant.gen.units import declared_name
from localdev.core.patch import Check, FileEdit
from localdev.source.parse import parse_file
from localdev.source.syntax.definitions import definitions
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, line_of, read_syntax, text_of

# Languages in which several functions of one class may share a name.
_OVERLOADING = frozenset({"java", "c_sharp", "cpp", "typescript", "tsx", "kotlin", "swift", "scala"})
# What models write for lines they are too lazy to repeat.
_LEFT_OUT = re.compile(
    r"""\s*(?:\#|//|/\*|--|<!--)\s*
    (?: \.\.\. | \u2026
    | .*\b(?:rest|remainder)[ ]of[ ](?:the[ ]|this[ ])?(?:code|function|file|class|method|implementation|body)\b
    | .*\bexisting[ ]code\b | .*\b(?:unchanged|same[ ]as[ ]before)\b )""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines for some rows of a file (as `splice.Cut` has them), to be indented; none takes the rows out.

    `name` is the symbol that is replaced or taken out, `adds` whether whole symbols are added instead; `blank` are
    empty lines before and after. `counts` is how many symbols of that name stood there.
    """

    rows: Rows
    lines: tuple[str, ...] = ()
    indent: str = ""
    name: str = ""
    adds: bool = False
    blank: tuple[int, int] = (0, 0)
    old: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A file as the pieces leave it.

    `rows` are the rows of the old text that may change, `new` those of the new one that are not the old one's.
    `changed` names the symbols that are replaced, taken out or added; `imports` are the statements that are added.
    """

    edit: FileEdit
    rows: tuple[Rows, ...]
    new: tuple[Rows, ...]
    changed: tuple[str, ...]
    imports: tuple[str, ...]


# Further checks of what is written.
Also = Callable[[Sequence[Written]], Sequence[Check]]


def write(tree: SyntaxTree, text: str | None, pieces: Sequence[Piece], imports: Sequence[str]) -> Written:
    """Put pieces and the imports they need into a file; `tree` is of its text, which is empty for a new one (None).

    Raises:
        Unfit: a piece is not what it must be: another symbol, several, a statement besides, lines left out.
    """
    wanted = missing_imports(tree, wanted_imports(imports, tree.path, tree.language))
    before = import_cuts(tree, wanted)
    apart = [_apart(piece, before, tree.language) for piece in pieces]
    spliced, spans = _fit(tree, apart, before)
    after = read_syntax(tree.path, spliced.text)
    if after is None:
        raise Unfit(f"{tree.path} could not be read as code any more")
    changed: list[str] = []
    for piece, rows in zip(pieces, spans, strict=True):
        changed += _names(piece, rows, tree, after)
    cuts = tuple(piece.rows for piece in pieces) + tuple(cut.rows for cut in before)
    edit = FileEdit(tree.path, text, spliced.text)
    return Written(edit, tuple(dict.fromkeys(cuts)), spliced.rows, tuple(changed), tuple(wanted))


def _apart(piece: Piece, before: Sequence[Cut], language: str) -> Piece:
    """Set a piece off from imports that are put right before it."""
    if piece.blank[0] or not any(cut.rows == piece.rows for cut in before):
        return piece
    return replace(piece, blank=(2 if language == "python" else 1, piece.blank[1]))


def checks_of(written: Sequence[Written]) -> list[Check]:
    """Hold files against what every edit of symbols must leave alone."""
    checks: list[Check] = []
    for each in written:
        checks.append(parses(each.edit))
        if each.edit.old is not None:
            checks += [untouched(_unmarked(each.edit), each.rows), same_symbols(each.edit, each.changed)]
        checks += [contained(each.edit, each.new), bound_once(each.edit)]
    return checks


def checked(written: Sequence[Written], also: Also | None) -> list[Check]:
    """Hold files against these checks, and against further ones where all is well."""
    checks = checks_of(written)
    if also is not None and all(check.ok for check in checks):
        checks += also(written)
    return checks


def _unmarked(edit: FileEdit) -> FileEdit:
    """Leave out the byte order mark, which stays first whatever is put before the first line."""
    mark = "\ufeff"
    return replace(edit, old=(edit.old or "").removeprefix(mark), new=(edit.new or "").removeprefix(mark))


def _fit(tree: SyntaxTree, pieces: Sequence[Piece], before: Sequence[Cut]) -> tuple[Spliced, list[Rows]]:
    """Put the pieces in, indented; what stands inside texts over several lines is known only once they are in."""
    unit = commonest_unit(_outside_texts(tree), tree.language)
    cuts = [_cut(piece, unit, frozenset()) for piece in pieces]
    spliced = splice(tree.text, [*before, *cuts])
    spans = _spans(cuts, before, spliced)
    after = read_syntax(tree.path, spliced.text)
    if after is None:
        return spliced, spans
    known = {row.removesuffix("\r") for row in tree.text.split("\n")}
    again = []
    for piece, cut, rows in zip(pieces, cuts, spans, strict=True):
        texts = [text for text in literal_rows(after, rows) if not _stood_so(piece, cut, text, known)]
        literal = frozenset(at - piece.blank[0] for text in texts for at in text)
        again.append(_cut(piece, unit, literal))
    spliced = splice(tree.text, [*before, *again])
    return spliced, _spans(again, before, spliced)


def _outside_texts(tree: SyntaxTree) -> str:
    """Give the rows that do not begin inside texts over several lines, whose indentation is their own."""
    rows = tree.text.split("\n")
    inside = frozenset[int]().union(*literal_rows(tree, (0, len(rows))))
    return "\n".join(row for at, row in enumerate(rows) if at not in inside)


def _stood_so(piece: Piece, cut: Cut, text: frozenset[int], known: set[str]) -> bool:
    """Say whether the lines of a text stood in the file as they are once moved, and not all of them as given."""
    rows = [at for at in text if 0 <= at - piece.blank[0] < len(piece.lines)]
    given = all(piece.lines[at - piece.blank[0]] in known for at in rows)
    return not given and all(cut.lines[at] in known for at in rows)


def _cut(piece: Piece, unit: str, literal: frozenset[int]) -> Cut:
    """Make the cut of a piece."""
    if not piece.lines:
        return Cut(piece.rows, ())
    lines = fitted(piece.lines, piece.indent, unit, literal=literal)
    return Cut(piece.rows, ("",) * piece.blank[0] + lines + ("",) * piece.blank[1])


def _spans(cuts: Sequence[Cut], before: Sequence[Cut], spliced: Spliced) -> list[Rows]:
    """Give the new rows of each cut, in the order of the cuts."""
    every = [*before, *cuts]
    order = sorted(range(len(every)), key=lambda at: (every[at].rows[0], every[at].rows[1]))
    rows = dict(zip(order, spliced.rows, strict=True))
    return [rows[len(before) + at] for at in range(len(cuts))]


def _names(piece: Piece, rows: Rows, before: SyntaxTree, after: SyntaxTree) -> list[str]:
    """Give the symbols that a piece changes.

    Raises:
        Unfit: it is not what it must be.
    """
    if not piece.lines:
        return [_gone(piece, after)] if piece.name else []
    for line in piece.lines:
        if _LEFT_OUT.match(line) and line.strip() not in before.text:
            raise Unfit(f"{line.strip()!r} stands for lines that are left out: give every line")
    found = found_in(after, rows)
    if found.escapes is not None or not parses(FileEdit(after.path, before.text, after.text)).ok:
        return [piece.name]  # told by a check of its own, with the line
    _refuse_package(found, after)
    names = [each.symbol.qualified for each in found.symbols]
    if piece.adds:
        return _added(names, found, before, after)
    if not piece.name:
        return _statement(piece, names)
    _refuse_others(piece, names, found, after)
    return [piece.name]


def _refuse_package(found: Found, after: SyntaxTree) -> None:
    """Refuse a package of Java, which the grammar takes for a field wherever fields stand.

    Raises:
        Unfit: there is one.
    """
    nodes = [*found.declared, *(each.outer for each in found.symbols)] if after.language == "java" else []
    if named := next((text_of(node) for node in nodes if text_of(node).startswith("package ")), ""):
        raise Unfit(f"{named!r} names a package, which the file does already: give whole symbols alone")


def _refuse_others(piece: Piece, names: Sequence[str], found: Found, after: SyntaxTree) -> None:
    """Check that the new text of a symbol defines it, and nothing else.

    Raises:
        Unfit: it does not.
    """
    what, declared = f"the new text of {piece.name}", found.declared
    if strange := next((name for name in names if name != piece.name), ""):
        raise Unfit(f"{what} defines {strange}: a symbol keeps its name, and others are added apart")
    if len(names) > max(1, piece.old.count(piece.name)):
        raise Unfit(f"{what} defines it {len(names)} times")
    if not names:
        # A constant that the index does not list is known by its declaration.
        if piece.name in piece.old or [declared_name(node) for node in declared] != [piece.name]:
            raise Unfit(f"{what} does not define it")
        declared = ()
    _refuse_other(found.other or next(iter(declared), None), after, piece.name)


def _gone(piece: Piece, after: SyntaxTree) -> str:
    """Check that nothing in the file uses a symbol that is taken out; give its name."""
    parsed = parse_file(after.path, after.text)
    if "." not in piece.name and not any(each.name == piece.name for each in parsed.symbols):
        used = next((each for each in parsed.references if each.name == piece.name and not each.via), None)
        line = used.line if used is not None else 0
        line = line or next((each.start_line for each in parsed.symbols if each.parent == piece.name), 0)
        if line:
            raise Unfit(f"{piece.name} is taken out, and line {line} still uses it")
    return piece.name


def _statement(piece: Piece, names: Sequence[str]) -> list[str]:
    """Check the replacement of a statement outside all symbols: it may define what it defined."""
    what = f"lines {piece.rows[0] + 1}-{piece.rows[1] + 1}"
    if strange := next((name for name in names if name not in piece.old), ""):
        raise Unfit(f"the new text of {what} defines {strange}, which nobody asked for")
    return list(names)


def _added(names: Sequence[str], found: Found, before: SyntaxTree, after: SyntaxTree) -> list[str]:
    """Check symbols that are added: whole ones, of new names."""
    _refuse_other(found.other, after, "what is added")
    if not names and not found.declared:
        raise Unfit("what is added defines no symbol")
    there = {each.symbol.qualified for each in definitions(before)}
    taken = next((name for name in names if name in there), "")
    if taken and after.language not in _OVERLOADING:
        raise Unfit(f"{taken} is defined in {before.path} already: give it another name")
    return list(names)


def _refuse_other(other: SyntaxNode | None, tree: SyntaxTree, what: str) -> None:
    """Refuse statements beside a symbol.

    Raises:
        Unfit: there is one.
    """
    if other is None:
        return
    if is_import(other, tree.language):
        raise Unfit(f"{text_of(other)[:60]!r} is an import: it belongs into `imports`")
    first = text_of(other).split("\n", 1)[0][:60]
    raise Unfit(f"{what}: {first!r} (line {line_of(other)}) is no symbol; give whole symbols alone")
