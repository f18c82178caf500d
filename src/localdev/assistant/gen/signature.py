"""What the syntax alone says of a function: its parameters, what it gives back, and what it raises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localdev.assistant.gen.target import Target
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import text_of

# Where a definition keeps the function it names: `const f = () => 1`, `exports.f = function () {}`, a decorated one.
_VALUES = ("value", "right", "definition", "declaration")
_PARAMETERS = ("parameters", "parameter")
_CLASSES = frozenset({"class_definition", "class_declaration", "class_body"})
_FUNCTIONS = frozenset(
    {
        "function_definition", "lambda", "function_declaration", "function_expression", "arrow_function",
        "method_definition", "generator_function", "generator_function_declaration", "func_literal", "method",
        "closure_expression", "function_item", "lambda_expression", "local_function_statement", "singleton_method",
        "anonymous_function", "anonymous_function_creation_expression",
    }
)  # fmt: skip
_NESTED = _FUNCTIONS | _CLASSES
_SKIPPED = frozenset(
    {
        "comment", "line_comment", "block_comment", "self_parameter", "keyword_separator", "positional_separator",
        "attribute_item", "receiver_parameter", "decorator",
    }
)  # fmt: skip
_NAMES = frozenset(
    {
        "identifier", "field_identifier", "variable_name", "constant", "shorthand_property_identifier_pattern",
        "private_property_identifier", "type_identifier",
    }
)  # fmt: skip
_RESTS = frozenset(
    {
        "list_splat_pattern", "rest_pattern", "splat_parameter", "variadic_parameter", "spread_parameter",
        "variadic_parameter_declaration",
    }
)  # fmt: skip
_KEYWORD_RESTS = frozenset({"dictionary_splat_pattern", "hash_splat_parameter"})
_BLOCKS = frozenset(
    {"block", "statement_block", "expression_statement", "compound_statement", "then", "parenthesized_expression"}
)
_LONGEST_CONDITION = 60
# Values that say something by themselves; another bare name is a variable of the body, which tells its caller nothing.
_SAYING = frozenset({"True", "False", "None", "true", "false", "null", "nil", "undefined", "self", "this", "$this"})
_MOST_GIVEN = 3
# Languages whose compiler sees to it that a function with a result ends in `return`.
_ALWAYS_RETURN = frozenset({"c", "cpp", "java", "c_sharp", "go"})
_MODIFIERS = frozenset({"modifiers", "modifier", "static", "static_modifier"})
_NOTHING = frozenset({"", "None", "void", "()", "never", "undefined", "Void", "NoReturn"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `type` and `default` are as written, empty where there is none.

    `kind` is `plain`, `rest` (`*args`, `...rest`), `keywords` (`**kwargs`), `keyword` (by name alone) or `block`.
    """

    name: str
    type: str = ""
    default: str = ""
    kind: str = "plain"


@dataclass(frozen=True, slots=True)
class Raised:
    """What a function raises, and the condition of the `if` right around it as written (empty: none, or a long one)."""

    name: str
    when: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """A function as its syntax shows it.

    `returns` is the type as written (empty: none is); `gives` says whether it gives a value back at all, `yields`
    whether piece by piece, `given` which expressions (empty where they do not tell). `raises` is what its own body
    raises, in order. `callable` is false for a class, a constant and the like, which have no parameters.
    """

    parameters: tuple[Parameter, ...] = ()
    returns: str = ""
    gives: bool = False
    yields: bool = False
    waits: bool = False
    generic: bool = False
    static: bool = False
    raises: tuple[Raised, ...] = ()
    callable: bool = False
    given: tuple[str, ...] = ()


def signature_of(target: Target) -> Signature:
    """Read the signature of a symbol; one that is no function has an empty one."""
    node = _function(target.node)
    if node is None:
        return Signature()
    language = target.tree.language
    parameters = tuple(_parameters(node, language))
    if language == "python" and target.symbol.parent and _is_bound(target, parameters):
        parameters = parameters[1:]
    returns = _returns(node, language)
    own = list(_own_nodes(node))
    yields = any(each.type in ("yield", "yield_expression", "yield_statement") for each in own)
    if language in ("c", "cpp", "java", "c_sharp", "go", "rust"):
        gives = returns not in _NOTHING
    else:
        gives = not yields and (_gives_value(node, own, language) if returns == "" else returns not in _NOTHING)
    head = text_of(node)[:400].split("{", 1)[0]
    return Signature(
        parameters,
        returns,
        gives,
        yields,
        waits=any(child.type == "async" for child in node.children) or head.startswith(("async ", "pub async ")),
        generic=node.child_by_field_name("type_parameters") is not None or "impl " in head.partition("(")[2],
        static=_is_static(target, node),
        raises=_raises(node, own, language),
        callable=True,
        given=_given(node, own, language, {each.name for each in parameters}) if gives else (),
    )


def _function(node: SyntaxNode) -> SyntaxNode | None:
    """Give the node that has the parameters: the definition, or the function it names."""
    for _ in range(6):
        if any(node.child_by_field_name(name) is not None for name in _PARAMETERS) or node.type in _FUNCTIONS:
            return node
        declarator = node.child_by_field_name("declarator")
        if declarator is not None and node.type in ("function_definition", "declaration", "field_declaration"):
            return node if _declared_function(declarator) is not None else None
        inner = next(filter(None, map(node.child_by_field_name, _VALUES)), None)
        if inner is None:
            return None
        node = inner
    return None


def _declared_function(declarator: SyntaxNode | None) -> SyntaxNode | None:
    """Give the C declarator that has parameters, inside pointers and references."""
    while declarator is not None and declarator.type != "function_declarator":
        inner = declarator.child_by_field_name("declarator")
        if inner is None:  # a reference declarator has no field
            inner = next((child for child in declarator.named_children if child.type.endswith("declarator")), None)
        declarator = inner
    return declarator


def _parameters(node: SyntaxNode, language: str) -> Iterator[Parameter]:
    """Yield the parameters of a function."""
    holder = _declared_function(node.child_by_field_name("declarator")) if language in ("c", "cpp") else node
    listed = next(filter(None, map((holder or node).child_by_field_name, _PARAMETERS)), None)
    if listed is None:
        return
    if listed.type in _NAMES:  # `x => x`
        yield Parameter(text_of(listed))
        return
    by_name_alone = False
    for child in listed.named_children:
        if child.type == "keyword_separator" or (language == "python" and child.type == "list_splat_pattern"):
            by_name_alone = True
        if child.type in _SKIPPED:
            continue
        kind = _kind(child, by_name_alone=by_name_alone)
        written = child.child_by_field_name("type")
        kept = text_of(written).lstrip(": \t").strip()
        default = child.child_by_field_name("value") or child.child_by_field_name("right")
        default = default or child.child_by_field_name("default_value")
        for name in _parameter_names(child, language):
            if name not in ("self", "cls", "this", "_") or language not in ("python", "typescript", "tsx", "rust"):
                yield Parameter(name, kept, " ".join(text_of(default).split()), kind)
            elif language == "python" and name != "_":
                yield Parameter(name, kept, "", "plain")


def _kind(node: SyntaxNode, *, by_name_alone: bool) -> str:
    """Say how a parameter takes its arguments."""
    types = [node.type, *(child.type for child in node.named_children)]
    if any(each in _KEYWORD_RESTS for each in types):
        return "keywords"
    if any(each in _RESTS for each in types):
        return "rest"
    if node.type == "block_parameter":
        return "block"
    return "keyword" if by_name_alone or node.type == "keyword_parameter" else "plain"


def _parameter_names(node: SyntaxNode, language: str) -> list[str]:
    """Give the names a parameter declares: several in Go's `x, y int`; one made up for a pattern."""
    if node.type in _NAMES:
        return [text_of(node).lstrip("$")]
    if language == "go":
        return [text_of(name) for name in node.children_by_field_name("name")]
    for field in ("name", "pattern", "left", "declarator"):
        inner = node.child_by_field_name(field)
        if inner is not None:
            return _parameter_names(inner, language)
    if node.type in ("object_pattern", "array_pattern", "tuple_pattern", "struct_pattern"):
        return ["options" if node.type == "object_pattern" else "values"]
    if language in ("c", "cpp") and node.type in ("parameter_declaration", "abstract_pointer_declarator"):
        return []  # a parameter without a name
    for child in node.named_children:
        if child.type in _NAMES and not (language == "java" and child.type == "type_identifier"):
            return [text_of(child).lstrip("$")]
        if child.type.endswith(("pattern", "declarator")):
            return _parameter_names(child, language)
    return []


def _is_bound(target: Target, parameters: tuple[Parameter, ...]) -> bool:
    """Say whether the first parameter is the object or class itself."""
    return bool(parameters) and parameters[0].name in ("self", "cls", "mcs") and not _is_static(target, target.node)


def _is_static(target: Target, node: SyntaxNode) -> bool:
    """Say whether a method needs no object."""
    language, outer = target.tree.language, text_of(target.outer)
    if language == "python":
        return "@staticmethod" in outer[: max(0, outer.find("def "))]
    if language == "rust":
        listed = node.child_by_field_name("parameters")
        return listed is not None and not any(child.type == "self_parameter" for child in listed.named_children)
    if language == "ruby":
        return target.node.type == "singleton_method"
    children = [*node.children, *target.node.children]
    words = [text_of(child).split() for child in children if child.type in _MODIFIERS]
    return any("static" in each for each in words)


def _returns(node: SyntaxNode, language: str) -> str:
    """Give the type of what a function gives back, as it is written."""
    if language in ("c", "cpp"):
        kind = text_of(node.child_by_field_name("type"))
        declarator = node.child_by_field_name("declarator")
        return f"{kind} *" if declarator is not None and declarator.type == "pointer_declarator" else kind
    fields = {"go": ("result",), "java": ("type",), "c_sharp": ("returns", "type")}.get(language, ("return_type",))
    written = next(filter(None, map(node.child_by_field_name, fields)), None)
    return " ".join(text_of(written).lstrip(": \t").split())


def _own_nodes(node: SyntaxNode) -> Iterator[SyntaxNode]:
    """Yield what is inside a function, but not inside functions and classes within it."""
    pending = list(reversed(node.children))
    while pending:
        here = pending.pop()
        yield here
        if here.type not in _NESTED:
            pending.extend(reversed(here.children))


def _gives_value(node: SyntaxNode, own: list[SyntaxNode], language: str) -> bool:
    """Say whether a function without a written type gives a value back."""
    if language == "ruby":
        return not text_of(node.child_by_field_name("name")).startswith(("initialize", "each"))
    body = node.child_by_field_name("body")
    if node.type == "arrow_function" and body is not None and body.type != "statement_block":
        return True
    return any(each.type == "return_statement" and each.named_children for each in own)


def _given(node: SyntaxNode, own: list[SyntaxNode], language: str, parameters: set[str]) -> tuple[str, ...]:
    """Give the expressions that a function returns, as written; none where one of them says nothing or is long."""
    body = node.child_by_field_name("body")
    if body is None:
        return ()
    if node.type == "arrow_function" and body.type != "statement_block":
        values = [body]
    else:
        last = next((each for each in reversed(body.named_children) if "comment" not in each.type), None)
        if language not in _ALWAYS_RETURN and (last is None or last.type != "return_statement"):
            return ()  # its end may be reached without a value
        values = [next(iter(each.named_children), each) for each in own if each.type == "return_statement"]
    texts = [text_of(each).strip() for each in values]
    telling = all(
        each in _SAYING or each in parameters or value.type not in _NAMES | {"return_statement"}
        for each, value in zip(texts, values, strict=True)
    )
    short = all(0 < len(each) <= _LONGEST_CONDITION and "\n" not in each for each in texts)
    found = tuple(dict.fromkeys(texts))
    return found if telling and short and len(found) <= _MOST_GIVEN else ()


def _raised(node: SyntaxNode, language: str) -> str:
    """Give the name of what a statement raises; empty for one that raises nothing, or something caught before."""
    if node.type in ("raise_statement", "throw_statement", "throw_expression"):
        value = next(iter(node.named_children), None)
        if value is None:
            return ""
        made = value.child_by_field_name("function") or value.child_by_field_name("constructor")
        made = made or value.child_by_field_name("type")
        if made is None and value.type == "object_creation_expression":
            made = next((child for child in value.named_children if child.type in ("name", "qualified_name")), None)
        if made is None and value.type not in ("identifier", "attribute"):
            return ""
        name = text_of(made if made is not None else value).rpartition(".")[2].lstrip("\\")
        return name if name[:1].isupper() and name.isidentifier() else ""
    if language == "ruby" and node.type == "call" and text_of(node.child_by_field_name("method")) in ("raise", "fail"):
        first = node.child_by_field_name("arguments")
        named = first.named_children[0] if first is not None and first.named_children else None
        if named is not None and named.type == "call":
            named = named.child_by_field_name("receiver")
        return text_of(named) if named is not None and named.type in ("constant", "scope_resolution") else ""
    return ""


def _raises(node: SyntaxNode, own: list[SyntaxNode], language: str) -> tuple[Raised, ...]:
    """Give what a function raises, and what a Java method declares to throw beside that, each name once."""
    found: dict[str, str] = {}
    for each in own:
        if name := _raised(each, language):
            found.setdefault(name, _condition(each))
    listed = next((child for child in node.children if child.type == "throws"), None)
    for declared in listed.named_children if listed is not None else ():
        found.setdefault(text_of(declared), "")
    return tuple(Raised(name, when) for name, when in found.items())


def _is_wrapped(text: str) -> bool:
    """Say whether one pair of brackets stands around a whole text."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth <= 0 and at < len(text) - 1:
            return False
    return depth == 0 and text.startswith("(") and len(text) > 2


def _condition(node: SyntaxNode) -> str:
    """Give the condition under which a statement runs, where an `if` stands right around it."""
    inner, around = node, node.parent
    while around is not None and around.type in _BLOCKS:
        inner, around = around, around.parent
    if around is None or not around.type.startswith("if"):
        return ""
    taken = around.child_by_field_name("consequence") or around.child_by_field_name("body")
    if taken is None or taken.id != inner.id:
        return ""
    written = text_of(around.child_by_field_name("condition")).strip()
    while _is_wrapped(written):
        written = written[1:-1].strip()
    return written if len(written) <= _LONGEST_CONDITION and "\n" not in written and "`" not in written else ""
