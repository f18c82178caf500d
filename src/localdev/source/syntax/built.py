"""Texts that are put together out of pieces: by sums, in templates, by formatting, joining, appending."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from localdev.source.syntax.calls import Call, call_of, calls
from localdev.source.syntax.grammars import Syntax, syntax_of, word_set
from localdev.source.syntax.names import bare, dotted, part
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.scopes import enclosing_functions, is_fixed, parameters_of, reaching, scope_of
from localdev.source.syntax.tree import SyntaxTree, nodes_of, text_of, walk
from localdev.source.syntax.values import Argument, holes, operator_of, string_of, summands

Piece = str | Argument

# Names are followed this far back, and a text has at most this many pieces.
_STEPS = 8
_MOST = 80
# So many calls that write to a name are looked at, the last before the place.
_WRITERS = 40
# So many values are looked at for one text: names that have many values each would otherwise take for ever.
_LOOKS = 600
_SAME = word_set("""
    to_string to_owned into as_str c_str str String toString ToString trim strip Trim encode decode freeze squish
    lower upper toLowerCase toUpperCase ToLower ToUpper unwrap data clone as_ref as_bytes strip_heredoc html_safe dup
    rstrip lstrip chomp getBytes toUtf8 toStdString constData stripIndent expect getvalue as_deref
    """)
_OF_FIRST = word_set("""
    str String string std.string QString text sqlalchemy.text sa.text textwrap.dedent dedent String.from String.new
    String.valueOf strings.TrimSpace trim strval unicode bytes Buffer.from StringBuilder StringBuffer Arel.sql
    inspect.cleandoc std.string_view string_view concat Cow.from Box.from Some List.of Arrays.asList CString.new
    """)
_FORMATS = word_set("""
    fmt.Sprintf String.format string.Format String.Format sprintf format vsprintf util.format std.format fmt.format
    absl.StrFormat MessageFormat.format Kernel.format Kernel.sprintf format_args QString.asprintf fmt.sprintf
    """)
_TOGETHER = word_set("string.Concat String.Concat absl.StrCat")
_JOINED = word_set("String.join string.Join String.Join strings.Join absl.StrJoin")
_JOINS = word_set("implode join")
_APPENDS = word_set("""
    append Append AppendFormat AppendLine push_str push WriteString write concat insert extend add appendf prepend
    """)
_WRITES = re.compile(
    r"^(?:std\.)?_?(?:v?s?n?w?printf|v?asprintf|g_snprintf|(?:str|wcs|lstr|mem)n?(?:cpy|cat|lcat|lcpy)A?)(?:_s)?$"
)
_FLAGS = r"%[-+ #0]*[\d*]*(?:\.[\d*]+)?"
_NUMBER = re.compile(_FLAGS + r"(?:hh|h|ll|l|q|j|z|t|L)?[diouxXeEfFgGcbt]|%%")
_CONVERSION = re.compile(_FLAGS + r"l?[sqvr@T]|%\(\w+\)s|%\{\w+\}|%<\w+>s|\{[^{}\s]*\}|%\d+\$s|%\d")
_CASTS = frozenset({"cast_expression", "type_cast_expression"})
_NUMBERS = re.compile(
    r"(?:unsigned\s+)?(?:int|integer|long|short|float|double|bool|boolean|size_t|[iuf]\d+|usize|isize|u?int\d+_t)$"
)
_INLINE = re.compile(r"\{([A-Za-z_]\w*)(?::[^{}]*)?\}")


@dataclass(frozen=True, slots=True)
class Built:
    """A text with what is put into it: `text` has a NUL for each value that is not fixed, `holes` are those values."""

    text: str
    holes: tuple[Argument, ...]


def build(tree: SyntaxTree, argument: Argument) -> Built:
    """Put together the text that a value is, through names, sums, templates and formatting.

    A value of which nothing is known is one hole. Where a name has several values on different ways to the place,
    the text has them one after the other.
    """
    tree.kept["looks left"] = _LOOKS
    pieces = _pieces(tree, argument, _STEPS)[:_MOST]
    texts: list[str] = []
    found: list[Argument] = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
        elif is_fixed(tree, piece):
            texts.append("0")
        else:
            texts.append("\0")
            found.append(piece)
    return Built("".join(texts), tuple(found))


def _pieces(tree: SyntaxTree, argument: Argument, steps: int) -> list[Piece]:
    """Give the pieces of a value in order, the first where there are very many; what was worked out once is kept."""
    tree.kept["looks left"] -= 1
    if steps <= 0 or tree.kept["looks left"] < 0 or (argument.last or argument.node).id != argument.node.id:
        return [argument]
    known: dict[tuple[int, int, str], list[Piece]] = tree.kept.setdefault("pieces", {})
    key = (argument.node.id, steps, argument.keyword)
    if key not in known:
        pieces = _read(tree, argument, steps)[:_MOST]
        if tree.kept["looks left"] < 0:
            return pieces
        known[key] = pieces
    return known[key]


def _read(tree: SyntaxTree, argument: Argument, steps: int) -> list[Piece]:
    """Work out the pieces of a value."""
    syntax = syntax_of(tree.language)
    if syntax is None:
        return [argument]
    if argument.node.type in _CASTS and _NUMBERS.match(text_of(argument.node.child_by_field_name("type"))):
        return ["0"]
    node = bare(tree, argument.node)
    if node.type in syntax.strings or node.type in ("subshell", "shell_command_expression"):
        return _of_text(tree, node, steps)
    if node.type in syntax.scalars:
        return [text_of(node)]
    if operator_of(syntax, node):
        return _of_sum(tree, syntax, node, steps)
    if node.type in syntax.choices:
        ways = [part(node, place) for place in syntax.choices[node.type]]
        return [each for way in ways if way is not None for each in _pieces(tree, Argument(tree, way), steps - 1)]
    if node.type in syntax.calls or node.type in syntax.creations:
        call = call_of(tree, node)
        return _of_call(tree, call, steps) if call is not None else [argument]
    if node.type in syntax.collections:
        return _of_members(tree, syntax, node, steps)
    if node.type in syntax.names or node.type in syntax.members:
        return _of_name(tree, Argument(tree, node), steps)
    return [Argument(tree, node)]


def _of_text(tree: SyntaxTree, node: SyntaxNode, steps: int) -> list[Piece]:
    """Give the pieces of a text with values in it."""
    written = string_of(tree, node) if node.type not in ("subshell", "shell_command_expression") else None
    inside = holes(tree, node)
    if written is None:
        written = "\0".join([""] * (len(inside) + 1)) + text_of(node)
    texts = written.split("\0")
    found: list[Piece] = [texts[0]]
    for index, hole in enumerate(inside):
        found += _pieces(tree, Argument(tree, hole), steps - 1)
        found.append(texts[index + 1] if index + 1 < len(texts) else "")
    return found


def _of_sum(tree: SyntaxTree, syntax: Syntax, node: SyntaxNode, steps: int) -> list[Piece]:
    """Give the pieces of `a + b`, and of a format and its values."""
    if operator_of(syntax, node) != "%":
        # A long sum is a deep tree, but not a long way back.
        return _all(tree, [Argument(tree, each) for each in summands(tree, node)], steps)
    left, value = Argument(tree, node.named_children[0]), node.named_children[-1]
    values = list(value.named_children) if value.type in ("tuple", "array", "parenthesized_expression") else [value]
    if value.type in ("dictionary", "hash"):
        values = [part(each, "value") or each for each in value.named_children]
    return _formatted(tree, left, [Argument(tree, each) for each in values], steps)


def _formatted(tree: SyntaxTree, pattern: Argument, values: list[Argument], steps: int) -> list[Piece]:
    """Put values in the places that a format has for them; numbers cannot carry anything."""
    found: list[Piece] = []
    rest = list(values)
    for piece in _pieces(tree, pattern, steps - 1):
        if not isinstance(piece, str):
            found.append(piece)
            continue
        at = 0
        for place in sorted([*_NUMBER.finditer(piece), *_CONVERSION.finditer(piece)], key=lambda each: each.start()):
            if place.start() < at:
                continue
            found.append(piece[at : place.start()])
            at = place.end()
            if place.group() == "%%":
                continue
            named = tree.language == "rust" and _INLINE.fullmatch(place.group()) is not None
            value = rest.pop(0) if rest and not named else None
            if _NUMBER.fullmatch(place.group()):
                found.append("0")
            elif value is not None:
                found += _pieces(tree, value, steps - 1)
            else:
                found += _inline(tree, pattern, place.group(), steps)
        found.append(piece[at:])
    return found


def _inline(tree: SyntaxTree, pattern: Argument, place: str, steps: int) -> list[Piece]:
    """Give the value of a place that names it (`{name}` in Rust); one without a value is text."""
    named = _INLINE.fullmatch(place)
    if named is None or tree.language != "rust":
        return [place]
    found = reaching(tree, pattern.node, named.group(1))
    if found:
        return [piece for each in found for piece in _pieces(tree, each.value, steps - 1)]
    function = next(enclosing_functions(tree, pattern.node), tree.root)
    same = (each for each in walk(function) if each.type == "identifier" and text_of(each) == named.group(1))
    return [Argument(tree, next(same, pattern.node.parent or pattern.node))]


def _of_call(tree: SyntaxTree, call: Call, steps: int) -> list[Piece]:
    """Give the pieces of what a call returns, where it is known to put texts together."""
    this = Argument(tree, call.node)
    plain = [each for each in call.arguments if not each.keyword]
    names = {call.name, call.resolved}
    if names & _FORMATS and plain:
        return _formatted(tree, plain[0], [each for each in call.arguments if each is not plain[0]], steps)
    if names & _JOINED or (names & _JOINS and call.receiver is None and len(plain) > 1):
        # The separator stands behind, where it parts no value from what is before the list.
        return _all(tree, plain if call.resolved == "strings.Join" else [*plain[1:], *plain[:1]], steps)
    if names & (_OF_FIRST | _TOGETHER):
        return _all(tree, plain, steps) or [""]
    if call.receiver is None:
        return [this]
    receiver = Argument(tree, call.receiver)
    before = _pieces(tree, receiver, steps - 1)
    if call.last in _SAME:
        return before if any(isinstance(each, str) and each for each in before) else [this]
    if not any(isinstance(each, str) for each in before) and call.last != "join":
        return [this]
    if call.last in ("format", "formatted", "arg", "format_map"):
        return _formatted(tree, receiver, list(call.arguments), steps)
    if call.last in ("concat", "append", "Append", "join", "replace", "Replace", "gsub", "sub", "replaceAll"):
        behind = _all(tree, plain, steps)
        return behind + before if call.last == "join" and tree.language == "python" else before + behind
    return [this]


def _all(tree: SyntaxTree, arguments: list[Argument], steps: int) -> list[Piece]:
    found: list[Piece] = []
    for each in arguments:
        found += _pieces(tree, each, steps - 1)
        if len(found) >= _MOST:
            break
    return found


def _of_members(tree: SyntaxTree, syntax: Syntax, node: SyntaxNode, steps: int) -> list[Piece]:
    """Give the pieces of the members of a list; the types in it are none."""
    if any(child.type in syntax.bindings and len(child.named_children) > 1 for child in node.named_children):
        return [Argument(tree, node)]
    found: list[Piece] = []
    for child in node.named_children:
        if child.type == "array_element_initializer":
            child = child.named_children[0]
        if not child.type.endswith(("type", "type_identifier", "dimensions", "dimensions_expr", "comment")):
            found += [*_pieces(tree, Argument(tree, child), steps - 1), " "]
    return found


def _of_name(tree: SyntaxTree, argument: Argument, steps: int) -> list[Piece]:
    """Give the pieces of what a name was given, and of what was appended to it on the way."""
    name = dotted(tree, argument.node)
    found = reaching(tree, argument.node)
    pieces: list[Piece] = []
    for each in found:
        own = each.kind == "element" or each.value.node.id == argument.node.id
        pieces += [argument] if own else _pieces(tree, each.value, steps - 1)
    for call in _writers(tree, argument.node, name):
        pieces += _written(tree, call, steps)
    # A name that is only written to was declared empty.
    return pieces if found or (pieces and name not in parameters_of(tree, argument.node)) else [argument, *pieces]


def _writers(tree: SyntaxTree, use: SyntaxNode, name: str) -> list[Call]:
    """Give the calls before a place, in its function, that put something to what a name holds."""
    table: dict[str, list[Call]] | None = tree.kept.get("writers")
    if table is None:
        table = {}
        for call in calls(tree):
            if tree.language in ("c", "cpp") and _WRITES.match(call.name) and call.arguments:
                table.setdefault(call.arguments[0].name, []).append(call)
            owner, _, last = call.name.rpartition(".")
            if owner and last in _APPENDS:
                table.setdefault(owner.partition(".append")[0].partition(".Append")[0], []).append(call)
        for name, call in _streamed(tree):
            table.setdefault(name, []).append(call)
        for written in table.values():
            written.sort(key=lambda call: call.node.end_byte)
        tree.kept["writers"] = table
    scope = scope_of(tree, use)
    found: list[Call] = []
    for each in reversed(table.get(name, ())):
        if len(found) == _WRITERS:
            break
        if each.node.start_byte < use.start_byte and scope_of(tree, each.node) == scope and not _holds(each.node, use):
            found.append(each)
    return found[::-1]


def _streamed(tree: SyntaxTree) -> Iterator[tuple[str, Call]]:
    """Yield what C++ puts into streams by `<<`, as calls of their names."""
    for node in nodes_of(tree, frozenset({"expression_statement"})) if tree.language == "cpp" else ():
        inner, given = node.named_children[0] if node.named_children else node, list[Argument]()
        while inner.type == "binary_expression" and inner.children[1].type == "<<":
            given.append(Argument(tree, inner.named_children[-1]))
            inner = inner.named_children[0]
        if given:
            name, line = dotted(tree, inner), node.start_point[0] + 1
            yield name, Call(f"{name}.<<", "", inner, tuple(reversed(given)), line, line, "call", node)


def _holds(outer: SyntaxNode, inner: SyntaxNode) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _written(tree: SyntaxTree, call: Call, steps: int) -> list[Piece]:
    """Give the pieces that one writing call puts to a text."""
    plain = [each for each in call.arguments if not each.keyword]
    if not _WRITES.match(call.name) or tree.language not in ("c", "cpp"):
        if call.last == "AppendFormat" and plain:
            return _formatted(tree, plain[0], plain[1:], steps)
        return _all(tree, plain, steps)
    rest = plain[1:]
    if "printf" in call.name:
        place = next((at for at, each in enumerate(rest) if string_of(tree, each.node) is not None), None)
        return _formatted(tree, rest[place], rest[place + 1 :], steps) if place is not None else [*rest[-1:]]
    return _pieces(tree, rest[0], steps - 1) if rest else []
