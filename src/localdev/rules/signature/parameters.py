"""What functions ask for: their parameters, read from their definitions, and whether a call's arguments fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from localdev.source.syntax.calls import Call
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, text_of

Kind = Literal["plain", "keyword", "rest", "keywords"]

_FUNCTIONS = frozenset(
    [
        "function_definition", "function_declaration", "generator_function_declaration", "method_definition",
        "method_declaration", "function_item", "method", "singleton_method", "constructor_declaration",
        "local_function_statement", "variable_declarator", "public_field_definition", "field_definition",
        "assignment_expression", "export_statement",
    ]
)  # fmt: skip
_CLASSES = frozenset(
    [
        "class_definition", "class_declaration", "class", "impl_item", "class_specifier", "struct_specifier",
        "interface_declaration", "trait_declaration", "trait_item", "module", "struct_declaration",
        "record_declaration", "enum_declaration", "abstract_class_declaration", "namespace_definition",
    ]
)  # fmt: skip
_MAKERS = {"python": "__init__", "php": "__construct", "ruby": "initialize", "javascript": "constructor"}
_MAKERS |= {"typescript": "constructor", "tsx": "constructor"}
_SCRIPT = ("javascript", "typescript", "tsx")
_VALUES = ("arrow_function", "function_expression", "function")
# What a function is assigned to: all of an export, a part of it, or a method of a class written the old way.
_WHOLE = re.compile(r"module\.exports|exports\.default")
_PART = re.compile(r"(?:(?:module\.)?exports|(?P<owner>\w+)\.prototype)\.(?P<name>\w+)")
_DEEPEST = 300


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; a `keyword` one is passed by name only, `rest` and `keywords` take any number."""

    name: str
    required: bool = True
    kind: Kind = "plain"
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """A function with its parameters; `owner` is the class around it, `bound` says that a call leaves the first out.

    `called` is the name that callers write: of a constructor its class's. `whole` says that it is all that a file of
    JavaScript exports, and so called by any name. `text` is the whole definition. `results` counts what a function of
    Go gives back.
    """

    name: str
    owner: str
    called: str
    parameters: tuple[Parameter, ...]
    line: int
    end_line: int
    bound: bool = False
    whole: bool = False
    results: int = 0
    text: str = field(default="", repr=False, compare=False)

    @property
    def makes(self) -> bool:
        """Say whether it is a constructor."""
        return self.called == self.owner and bool(self.owner)


def signatures(tree: SyntaxTree) -> tuple[Signature, ...]:
    """Give the functions of a text in order."""
    if "signatures" not in tree.kept:
        tree.kept["signatures"] = tuple(_signatures(tree, tree.root, "", 0))
    found: tuple[Signature, ...] = tree.kept["signatures"]
    return found


def _signatures(tree: SyntaxTree, node: SyntaxNode, owner: str, depth: int) -> Iterator[Signature]:
    """Walk a tree with the class it is in."""
    if depth > _DEEPEST:
        return
    if node.type in _CLASSES:
        named = node.child_by_field_name("name") or node.child_by_field_name("type")
        owner = re.split(r"[<\s]", text_of(named))[0] or owner
    elif node.type in _FUNCTIONS and (found := _signature(tree, node, owner)) is not None:
        yield found
    for child in node.named_children:
        yield from _signatures(tree, child, owner, depth + 1)


def _signature(tree: SyntaxTree, node: SyntaxNode, owner: str) -> Signature | None:
    """Read one definition."""
    if node.type in ("assignment_expression", "export_statement"):
        return _exported(tree, node)
    around, named = node, node.child_by_field_name("name")
    if node.type in ("variable_declarator", "public_field_definition", "field_definition"):
        value = node.child_by_field_name("value")
        if value is None or value.type not in _VALUES:
            return None
        around, named = value, named or node.child_by_field_name("property")
    if tree.language in ("c", "cpp"):
        declarator = _function_declarator(node)
        if declarator is None:
            return None
        around, named = declarator, declarator.child_by_field_name("declarator")
    given = around.child_by_field_name("parameters")
    name = text_of(named)
    if not name or (given is None and tree.language != "ruby"):
        return None
    if "::" in name:
        owner, _, name = name.rpartition("::")
        owner = owner.rpartition("::")[2]
    if tree.language == "go" and (receiver := node.child_by_field_name("receiver")) is not None:
        owner = re.split(r"[\s*\[]", text_of(receiver).strip("()* "))[-1] or owner
    pieces = list(_pieces(text_of(given)))
    maker = name == _MAKERS.get(tree.language) or node.type == "constructor_declaration"
    parameters = tuple(_parameters(tree.language, pieces))
    bound = _is_bound(tree, node, pieces, owner)
    if bound and tree.language in ("python", "rust", "c_sharp"):
        parameters = parameters[1:]
    line = line_of(named) if named is not None else line_of(node)
    end = end_line_of(given) if given is not None else line
    called = owner if maker and owner else name
    results = _results(node) if tree.language == "go" else 0
    return Signature(name, owner, called, parameters, line, end, bound, results=results, text=text_of(node))


def _results(node: SyntaxNode) -> int:
    """Count what a function of Go gives back."""
    given = node.child_by_field_name("result")
    if given is None:
        return 0
    return len(list(_pieces(text_of(given)))) if given.type == "parameter_list" else 1


def _exported(tree: SyntaxTree, node: SyntaxNode) -> Signature | None:
    """Read a function without a name of its own that a file of JavaScript exports."""
    left = text_of(node.child_by_field_name("left"))
    value = node.child_by_field_name("right") or node.child_by_field_name("value")
    part, whole = _PART.fullmatch(left), not left or _WHOLE.fullmatch(left) is not None
    if tree.language not in _SCRIPT or value is None or value.type not in _VALUES or not (part or whole):
        return None
    name, owner = (part["name"], part["owner"] or "") if part else (stem(tree.path), "")
    given = value.child_by_field_name("parameters")
    if given is None:
        return None
    parameters = tuple(_parameters(tree.language, list(_pieces(text_of(given)))))
    return Signature(
        name, owner, name, parameters, line_of(node), end_line_of(given), whole=part is None, text=text_of(node)
    )


def stem(path: str) -> str:
    """Give a file's name without its ending; of a package its folder's."""
    name = path.rpartition("/")[2].partition(".")[0]
    return path.split("/")[-2] if name in ("__init__", "index", "mod", "lib") and "/" in path else name


def _function_declarator(node: SyntaxNode) -> SyntaxNode | None:
    """Give the part of a C definition that holds name and parameters."""
    here = node.child_by_field_name("declarator")
    while here is not None and here.type != "function_declarator":
        here = here.child_by_field_name("declarator")
    return here


def _is_bound(tree: SyntaxTree, node: SyntaxNode, pieces: Sequence[str], owner: str) -> bool:
    """Say whether the first parameter is what the call stands on."""
    first = pieces[0] if pieces else ""
    if tree.language == "rust":
        return re.fullmatch(r"&?\s*(?:'\w+\s+)?(?:mut\s+)?self(?:\s*:.*)?", first) is not None
    if tree.language == "c_sharp":
        return first.startswith("this ")
    if tree.language != "python" or not owner or node.parent is None or node.parent.parent is None:
        return False
    around = node.parent if node.parent.type != "decorated_definition" else node.parent.parent
    inside = around.parent is not None and around.parent.type == "class_definition"
    return inside and "@staticmethod" not in text_of(node.parent)[:200]


def _pieces(text: str) -> Iterator[str]:
    """Cut parameters at their commas, comments left out."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text.strip(), flags=re.DOTALL)
    if text.startswith("("):
        text = text[1:-1]
    depth, start, quote, before = 0, 0, "", ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote and before != "\\" else quote
        elif char in "\"'`" and not (char == "'" and re.match(r"'\w+\b(?!')", text[at:])):
            quote = char
        elif char in "([{<":
            depth += 1
        elif char in ")]}" or (char == ">" and before not in "=-"):
            depth = max(0, depth - 1)
        elif char == "," and depth == 0:
            yield " ".join(text[start:at].split())
            start = at + 1
        before = char
    if text[start:].strip():
        yield " ".join(text[start:].split())


def _parameters(language: str, pieces: list[str]) -> Iterator[Parameter]:
    """Read the parameters of a language."""
    if language == "python":
        yield from _python(pieces)
    elif language == "ruby":
        yield from map(_ruby, (each for each in pieces if not each.startswith("&")))
    elif language in _SCRIPT:
        yield from (_script(each) for each in pieces if not re.match(r"this\s*:", each))
    elif language == "php":
        yield from map(_php, pieces)
    else:
        for each in pieces:
            if each not in ("void", "") and not (
                language == "rust" and re.search(r"\bself\b", each.split(":")[0]) and each != pieces[0]
            ):
                yield _typed(language, each)


def _python(pieces: list[str]) -> Iterator[Parameter]:
    """Read Python's; before `/` a name is no keyword."""
    only = False
    slash = pieces.index("/") if "/" in pieces else -1
    for at, each in enumerate(pieces):
        piece = re.sub(r"#.*", "", each).strip()
        name = re.split(r"[:=]", piece, maxsplit=1)[0].strip()
        if piece == "*":
            only = True
        elif piece.startswith("**"):
            yield Parameter(name.strip("* "), False, "keywords")
        elif piece.startswith("*"):
            only = True
            yield Parameter(name.strip("* "), False, "rest")
        elif piece != "/" and name:
            required = re.search(r"(?<![=!<>])=(?!=)", piece) is None
            yield Parameter(name, required, "keyword" if only else "plain", by_name=at > slash)


def _ruby(piece: str) -> Parameter:
    """Read one of Ruby's."""
    name = re.split(r"[=:]", piece, maxsplit=1)[0].strip("* ")
    if piece.startswith("**"):
        return Parameter(name, False, "keywords")
    if piece.startswith("*") or piece == "...":
        return Parameter(name, False, "rest")
    if re.match(r"\w+:", piece):
        return Parameter(name, re.fullmatch(r"\w+:", piece) is not None, "keyword", by_name=True)
    return Parameter(name, "=" not in piece)


def _script(piece: str) -> Parameter:
    """Read one of JavaScript's or TypeScript's."""
    bare = re.sub(r"^(?:(?:public|private|protected|readonly|override)\s+|@\w+(?:\([^)]*\))?\s+)+", "", piece)
    name = re.split(r"[?:=]", bare, maxsplit=1)[0].strip(". ")
    if bare.startswith("..."):
        return Parameter(name, False, "rest")
    optional = re.search(r"(?<![=!<>])=(?![=>])", bare) is not None or re.match(r"\w+\?", bare) is not None
    return Parameter(name if re.fullmatch(r"[\w$]+", name) else "", not optional)


def _php(piece: str) -> Parameter:
    """Read one of PHP's, which all may be passed by name."""
    name = re.search(r"\$(\w+)", piece)
    if "..." in piece:
        return Parameter(name[1] if name else "", False, "rest")
    return Parameter(name[1] if name else "", "=" not in piece, by_name=True)


def _typed(language: str, piece: str) -> Parameter:
    """Read one of a language with types before or behind the name."""
    if "..." in piece or (language == "c_sharp" and re.match(r"(?:\[[^\]]*\]\s*)?params\s", piece)):
        return Parameter("", False, "rest")
    plain = re.split(r"(?<![=!<>])=(?!=)", piece, maxsplit=1)
    optional = len(plain) > 1 or (language == "c_sharp" and "[Optional" in piece)
    words = re.findall(r"\w+", plain[0].split(":")[0] if language == "rust" else plain[0])
    at = 0 if language == "go" else -1
    return Parameter(words[at] if words else "", not optional, by_name=language == "c_sharp")


def fits(call: Call, signature: Signature, language: str) -> bool:
    """Say whether a call's arguments fit a signature; a call that hands on an unknown number of them does."""
    plain = [each for each in call.arguments if not each.keyword]
    named = {each.keyword for each in call.arguments if each.keyword}
    if any(_spreads(each.text, language) for each in call.arguments):
        return True
    given = [each for each in plain if not each.text.startswith("&")] if language == "ruby" else plain
    return _fits(len(given), named, signature, language)


def _fits(count: int, named: set[str], signature: Signature, language: str) -> bool:
    """Compare a number of arguments and a set of names with the parameters."""
    parameters = signature.parameters
    if language == "ruby" and named and not any(each.kind in ("keyword", "keywords") for each in parameters):
        count, named = count + 1, set()  # they come as one hash
    places = [each for each in parameters if each.kind == "plain"]
    if count > len(places) and not any(each.kind == "rest" for each in parameters):
        return False
    by_name = {each.name for each in parameters if each.by_name}
    if not named <= by_name and not any(each.kind == "keywords" for each in parameters):
        return False
    if any(each.name in named and each.by_name for each in places[:count]):
        return False
    left = (*places[count:], *(each for each in parameters if each.kind == "keyword"))
    missing = [each.name for each in left if each.required and each.name not in named]
    return not any(language != "javascript" or _needs(signature.text, name) for name in missing)


def _needs(text: str, name: str) -> bool:
    """Say whether a function of JavaScript, where each argument may be left out, fails or errs without this one."""
    body = re.sub(r"//[^\n]*|/\*.*?\*/", "", text.partition(")")[2], flags=re.DOTALL)
    each = re.escape(name)
    guard = (
        rf"!{each}\b|typeof {each}\b|\b{each}\s*(?:&&|\|\||\?|[!=]==?\s*(?:undefined|null)|=(?![=>]))"
        rf"|(?:&&|\|\||if\s*\()\s*{each}\s*\)|\.\.\.{each}\b|\bassign\("
    )
    use = rf"\b{each}\s*(?:[.\[(*/%<>+-]|===)|[*/%<>+-]\s*{each}\b|\$\{{\s*{each}\b|[(,]\s*{each}\s*[,)]"
    return not name or (re.search(use, body) is not None and re.search(guard, body) is None)


def _spreads(text: str, language: str) -> bool:
    """Say whether an argument stands for any number of them."""
    if language in ("python", "ruby"):
        return text.startswith("*")
    if language == "go":
        # Several values of one call may be handed on at once.
        return text.endswith("...")
    return text.startswith("...") or text == "__VA_ARGS__"
