"""The import statements of a file: what each brings in, and putting further ones among them, each thing once."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localdev.assistant.gen.attempts import Unfit
from localdev.assistant.gen.checks import COMMENTS
from localdev.assistant.gen.splice import Cut, clean, indent_of
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, read_syntax, text_of

_TYPES = frozenset(
    {
        "import_statement", "import_from_statement", "future_import_statement", "import_declaration",
        "use_declaration", "extern_crate_declaration", "preproc_include", "using_declaration", "using_directive",
        "namespace_use_declaration", "import_header", "import",
    }
)  # fmt: skip
# What imports stand behind in a file that has none yet.
_FIRST = frozenset({"package_clause", "package_declaration", "php_tag", "namespace_definition", "inner_attribute_item"})
_BEGINNINGS = ("import", "from", "use", "using", "#include", "require", "const", "var", "let", "extern", "static")
_JS = frozenset({"javascript", "jsx", "typescript", "tsx"})
_ENDED = frozenset({"java", "rust", "c_sharp", "php", "cpp"})
_REQUIRED = re.compile(
    r"(?:const|let|var)\s+(?P<what>\{[^}]*\}|[\w$]+)\s*=\s*require\(\s*['\"](?P<from>[^'\"]+)['\"]\s*\)"
)
_FROM = re.compile(r"import\s+(?:type\s+)?(?:(?P<what>[^'\"]*?)\s*from\s*)?['\"](?P<from>[^'\"]+)['\"]", re.DOTALL)
_AS = re.compile(r"\s+as\s+|\s*:\s*")
_GO = re.compile(r"(?:(?P<alias>[\w.]+)\s+)?(?P<path>\"[^\"]+\"|`[^`]+`)")
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Imported:
    """One thing that is imported: `name` of `source` (empty: the source itself, `*`: all), known here as `bound`."""

    source: str
    name: str
    bound: str


def imports_of(tree: SyntaxTree) -> tuple[Imported, ...]:
    """Give all that the import statements of a file bring in."""
    return tuple(each for node in _nodes(tree) for each in read_import(text_of(node), tree.language))


def import_text(tree: SyntaxTree) -> str:
    """Give the import statements as they stand, for a prompt."""
    return "\n".join(text_of(node).rstrip() for node in _nodes(tree))


def import_rows(tree: SyntaxTree) -> frozenset[int]:
    """Give the rows that import statements stand on."""
    return frozenset(row for node in _nodes(tree) for row in range(node.start_point[0], end_line_of(node)))


def _nodes(tree: SyntaxTree) -> Iterator[SyntaxNode]:
    """Yield the import statements at the top of a file, and inside namespaces and modules."""
    pending = list(reversed(tree.root.children))
    while pending:
        node = pending.pop()
        if is_import(node, tree.language):
            yield node
        elif node.type in ("namespace_declaration", "namespace_definition", "declaration_list", "import_list"):
            pending.extend(reversed(node.children))


def is_import(node: SyntaxNode, language: str) -> bool:
    """Say whether a node is an import statement."""
    if node.type in _TYPES:
        return True
    if language in _JS and node.type in ("lexical_declaration", "variable_declaration"):
        return _REQUIRED.match(text_of(node)) is not None
    if language == "ruby" and node.type == "call":
        return text_of(node.child_by_field_name("method")) in ("require", "require_relative")
    return False


def read_import(text: str, language: str) -> tuple[Imported, ...]:
    """Read one import statement; nothing for one of a form that is not known."""
    if language == "python":
        return tuple(_python(text))
    if language in _JS:
        return tuple(_javascript(text))
    if language == "go":
        return tuple(_go(text))
    if language == "rust":
        body = re.sub(r"\A(?:pub(?:\([^)]*\))?\s+)?(?:use|extern\s+crate)\s+", "", text.strip()).rstrip("; \n")
        return tuple(_rust("", body))
    return tuple(_dotted(text.strip(), language))


def _python(text: str) -> Iterator[Imported]:
    """Read `import a.b as c` and `from a import b`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (statement,) = ast.parse(text.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            yield Imported(alias.name, "", alias.asname or alias.name.partition(".")[0])
    elif isinstance(statement, ast.ImportFrom):
        source = "." * statement.level + (statement.module or "")
        for alias in statement.names:
            yield Imported(source, alias.name, alias.asname or alias.name)


def _javascript(text: str) -> Iterator[Imported]:
    """Read `import a, {b as c} from "d"`, `import * as a from "d"` and `const {b} = require("d")`."""
    found = _REQUIRED.match(text.strip()) or _FROM.match(text.strip())
    if found is None:
        return
    source, what = found["from"], (found["what"] or "").strip()
    if not what:
        yield Imported(source, "", "")
        return
    outer, _, inner = what.partition("{")
    for part in outer.split(","):
        if part := part.strip():
            star = part.startswith("*")
            yield Imported(source, "*" if star else "default", _AS.split(part)[-1] if star else part)
    for part in inner.rstrip("} \n").split(","):
        if part := part.strip().removeprefix("type "):
            name, *bound = _AS.split(part)
            yield Imported(source, name, bound[-1] if bound else name)


def _go(text: str) -> Iterator[Imported]:
    """Read `import f "net/http"` and its list."""
    for found in _GO.finditer(re.sub(r"//[^\n]*", "", text).strip().removeprefix("import")):
        source = found["path"].strip('"`')
        last = re.sub(r"\.v\d+$|^go-", "", [part for part in source.split("/") if not re.fullmatch(r"v\d+", part)][-1])
        yield Imported(source, "", found["alias"] or last.replace("-", "_"))


def _rust(before: str, text: str) -> Iterator[Imported]:
    """Read a `use` tree."""
    text = text.strip()
    head, brace, rest = text.partition("{")
    if brace:
        source = f"{before}{head}".strip()
        for part in _split(rest.rpartition("}")[0]):
            yield from _rust(source, part)
        return
    path, _, alias = text.partition(" as ")
    whole = f"{before}{path}".strip().replace(" ", "").removeprefix("::")
    if not whole:
        return
    source, mark, name = whole.rpartition("::")
    if name == "self":
        source, mark, name = source.rpartition("::")
    yield Imported(source if mark else name, name if mark else "", alias.strip() or name)


def _split(text: str) -> Iterator[str]:
    """Cut a list at its commas outside braces."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if char == "," and not depth:
            yield text[start:at]
            start = at + 1
    if text[start:].strip():
        yield text[start:]


def _dotted(text: str, language: str) -> Iterator[Imported]:
    """Read the imports of languages that name one thing a statement."""
    if language in ("c", "cpp") and (found := re.match(r"#\s*include\s*([<\"][^>\"]+[>\"])", text)):
        yield Imported(found[1], "", "")
    elif language == "ruby" and (found := re.match(r"(require(?:_relative)?)\s*\(?\s*['\"]([^'\"]+)['\"]", text)):
        yield Imported(f"./{found[2]}" if found[1] == "require_relative" else found[2], "", "")
    elif language == "php" and (found := re.match(r"use\s+(?:function\s+|const\s+)?(.+?);?$", text, re.DOTALL)):
        yield from _php(found[1])
    elif language == "c_sharp" and (
        found := re.match(r"(?:global\s+)?using\s+(?:static\s+)?(?:(\w+)\s*=\s*)?([\w.]+)", text)
    ):
        yield Imported(found[2], "" if found[1] else "*", found[1] or "")
    elif found := re.match(r"import\s+(static\s+)?([\w.]+?)(\.\*)?\s*(?:;|$)", text):
        source, _, name = found[2].rpartition(".")
        yield Imported(found[2], "*", "") if found[3] else Imported(source, name, name)
    elif language == "cpp" and (found := re.match(r"using\s+(namespace\s+)?([\w:]+)", text)):
        yield Imported(found[2], "*" if found[1] else "", "" if found[1] else found[2].rpartition("::")[2])


def _php(text: str) -> Iterator[Imported]:
    """Read the names of a `use`, one or several of one namespace."""
    head, brace, rest = text.partition("{")
    for part in (rest.rstrip("} \n") if brace else text).split(","):
        path, _, alias = part.strip().partition(" as ")
        whole = (head if brace else "").strip() + path.strip().lstrip("\\")
        source, _, name = whole.rpartition("\\")
        if name:
            yield Imported(source, name, alias.strip() or name)


def wanted_imports(lines: Sequence[str], path: str, language: str) -> list[str]:
    """Give the import statements that a model asks for, one an entry, written as the language has them.

    Raises:
        Unfit: one is no import statement.
    """
    wanted: list[str] = []
    for raw in lines:
        if not raw.strip():
            continue
        text = _written("\n".join(clean(raw)).strip(), language)
        prefix = "<?php\n" if language == "php" else "package p\n" if language == "go" else ""
        tree = read_syntax(path, prefix + text + "\n")
        plain = [node for node in tree.root.named_children if node.type not in COMMENTS] if tree else []
        plain = [node for node in plain if node.type not in _FIRST]
        bad = tree is None or tree.root.has_error or not plain or len(text) > _LONGEST
        if tree is None or bad or not all(is_import(node, language) for node in plain):
            raise Unfit(f"{text[:80]!r} is no import statement of {language}")
        wanted += [text_of(node).strip() for node in plain]
    return list(dict.fromkeys(wanted))


def _written(text: str, language: str) -> str:
    """Complete what models leave out: Go's keyword, and the semicolon."""
    if language == "go" and not text.startswith("import"):
        text = f"import {text}" if '"' in text else f'import "{text}"'
    if language in ("c", "cpp") and text[:1] in '<"':
        text = f"#include {text}"
    if language in ("java", "php", "rust", "c_sharp") and not text.startswith(_BEGINNINGS):
        text = f"{'import' if language == 'java' else 'using' if language == 'c_sharp' else 'use'} {text}"
    return text + ";" if language in _ENDED and not text.endswith((";", ">", '"')) else text


def missing_imports(tree: SyntaxTree, wanted: Sequence[str]) -> list[str]:
    """Give those statements that bring in something the file does not import yet."""
    there = set(imports_of(tree))
    missing: list[str] = []
    for text in wanted:
        brings = read_import(text, tree.language)
        new = [each for each in brings if each not in there and not _covered(each, there)]
        if new or not brings:
            there.update(new)
            missing.append(_narrowed(text, new, brings, tree.language))
    if tree.language in _JS and import_text(tree).endswith(";"):
        missing = [text if text.endswith(";") else f"{text};" for text in missing]
    return missing


def _covered(one: Imported, there: set[Imported]) -> bool:
    """Say whether all of the source is imported already (Java's `*`)."""
    return bool(one.name) and Imported(one.source, "*", "") in there


def _narrowed(text: str, new: Sequence[Imported], brings: Sequence[Imported], language: str) -> str:
    """Write a statement without the names that are there already."""
    if language in _JS:
        return script_import(text, new, brings)
    if language != "python" or len(new) == len(brings) or not new[0].name:
        return text
    names = ", ".join(each.name + (f" as {each.bound}" if each.bound != each.name else "") for each in new)
    return f"from {new[0].source} import {names}"


def script_import(text: str, new: Sequence[Imported], brings: Sequence[Imported]) -> str:
    """Write a statement of JavaScript or TypeScript with some of what it brings in."""
    found = re.fullmatch(r"(import(?:\s+type)?|const|let|var)\s(.*?)(\s*(?:\bfrom\b|=\s*require\().*)", text, re.DOTALL)
    if found is None or len(new) == len(brings):
        return text
    mark = " as " if text.startswith("import") else ": "
    outer = [f"* as {each.bound}" if each.name == "*" else each.bound for each in new if each.name in ("*", "default")]
    named = [each for each in new if each.name not in ("*", "default")]
    names = ", ".join(each.name if each.name == each.bound else f"{each.name}{mark}{each.bound}" for each in named)
    return f"{found[1]} {', '.join([*outer, *([f'{{ {names} }}'] if names else [])])}{found[3]}"


def import_cuts(tree: SyntaxTree, statements: Sequence[str]) -> list[Cut]:
    """Place further import statements: behind the last one of the block at the top, else where the first one stands."""
    if not statements:
        return []
    nodes = [node for node in _nodes(tree) if node.start_point[1] == 0 or tree.language in ("c_sharp", "php", "cpp")]
    if any(node.type == "preproc_include" for node in nodes):
        nodes = [node for node in nodes if node.type == "preproc_include"]
    if tree.language == "go" and (listed := _go_list(nodes, tree)):
        row, indent = listed
        return [Cut((row, row - 1), tuple(indent + each.removeprefix("import").strip() for each in statements))]
    lines = [line for each in statements for line in each.split("\n")]
    future = [line for line in lines if line.startswith("from __future__")] if tree.language == "python" else []
    others = [line for line in lines if line not in future]
    block = _block(nodes)
    if block:
        last = end_line_of(block[-1])
        indent = indent_of(tree.text.split("\n")[block[-1].start_point[0]])
        cuts = [Cut((last, last - 1), tuple(indent + line for line in others))] if others else []
        top = block[0].start_point[0]
        return [*([Cut((top, top - 1), tuple(future))] if future else []), *cuts]
    row, gap = _top(tree)
    behind = [] if row >= len(tree.text.split("\n")) or not tree.text.split("\n")[row].strip() else [""]
    return [Cut((row, row - 1), tuple([*([""] if gap else []), *future, *others, *behind]))]


def _block(nodes: Sequence[SyntaxNode]) -> list[SyntaxNode]:
    """Give the imports at the top: those further down, with other code between, are there for a reason."""
    block: list[SyntaxNode] = []
    for node in nodes:
        if block and (_code_between(block[-1], node) or node.parent is None):
            break
        block.append(node)
    return block


def _code_between(one: SyntaxNode, other: SyntaxNode) -> bool:
    """Say whether more than blanks and comments stands between two neighbours."""
    if one.parent is None or other.parent is None or one.parent.id != other.parent.id:
        return True
    return any(
        one.end_byte <= each.start_byte < other.start_byte and each.is_named and each.type not in COMMENTS
        for each in one.parent.children
    )


def _go_list(nodes: Sequence[SyntaxNode], tree: SyntaxTree) -> tuple[int, str] | None:
    """Give the row of the bracket that ends Go's first list of imports, and the indentation inside."""
    for node in nodes:
        if "(" in text_of(node) and node.end_point[0] > node.start_point[0]:
            first = tree.text.split("\n")[node.start_point[0] + 1]
            return node.end_point[0], indent_of(first) or "\t"
    return None


def _top(tree: SyntaxTree) -> tuple[int, bool]:
    """Give the row for the first import, and whether a blank line comes before: behind docstring, package, licence."""
    row, gap = 0, False
    for node in tree.root.children:
        docstring = node.type == "expression_statement" and tree.language == "python" and row == node.start_point[0]
        docstring = docstring and [each.type for each in node.children] == ["string"]
        licence = node.type in COMMENTS and node.start_point[0] <= row + gap and not _is_doc(node, tree)
        opened = any(each.type in ("compound_statement", "declaration_list") for each in node.children)
        if docstring or licence or (node.type in _FIRST and not opened):
            row, gap = end_line_of(node), True
        elif node.is_named:
            break
    return row, gap and row > 0


def _is_doc(comment: SyntaxNode, tree: SyntaxTree) -> bool:
    """Say whether a comment at the top belongs to the code right below it."""
    rows = tree.text.split("\n")
    below = end_line_of(comment)
    alone = below >= len(rows) or not rows[below].strip() or rows[below].lstrip().startswith(("#", "//", "/*", "*"))
    return not alone and not text_of(comment).startswith("#!")
