"""What a chat template may not contain: other templates, the insides of Python objects, calls of unknown things."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localdev.models.vetting.templates_parse import Findings, piece, visible, walk
from localdev.models.vetting.templates_values import CONTENT, Values, names_of

if TYPE_CHECKING:
    from jinja2 import nodes

_IMPORTS = {"Include", "Import", "FromImport", "Extends", "Block"}
_KNOWN = {
    "Template", "Output", "TemplateData", "If", "For", "Assign", "AssignBlock", "Macro", "CallBlock", "FilterBlock",
    "With", "Scope", "Break", "Continue", "Const", "Name", "NSRef", "Tuple", "List", "Dict", "Pair", "Keyword",
    "CondExpr", "Filter", "Test", "Call", "Getitem", "Getattr", "Slice", "Concat", "Compare", "Operand", "Mul", "Div",
    "FloorDiv", "Add", "Sub", "Mod", "Pow", "And", "Or", "Not", "Neg", "Pos", "ExprStmt",
}  # fmt: skip
_FUNCTIONS = {"raise_exception", "strftime_now", "range", "namespace", "dict", "caller"}
_GLOBALS = {"range", "dict", "lipsum", "cycler", "joiner", "namespace", "self", "super"}
_METHODS = {
    "split", "rsplit", "splitlines", "strip", "lstrip", "rstrip", "startswith", "endswith", "find", "rfind", "index",
    "count", "upper", "lower", "title", "capitalize", "join", "replace", "removeprefix", "removesuffix", "partition",
    "rpartition", "isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "isnumeric", "items", "keys",
    "values", "get",
}  # fmt: skip
# Lists and mappings cannot be changed in the sandbox, so templates that do so end there.
_CHANGES = {"append", "extend", "insert", "pop", "update", "remove", "clear", "reverse", "sort", "setdefault"}
_FILTERS = {
    "abs", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "forceescape", "format",
    "from_json", "groupby", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "random",
    "reject", "rejectattr", "replace", "reverse", "safe", "select", "selectattr", "slice", "sort", "string",
    "striptags", "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode", "wordcount", "wordwrap",
    "batch", "indent", "center",
}  # fmt: skip
_TESTS = {
    "boolean", "defined", "divisibleby", "eq", "equalto", "==", "escaped", "even", "false", "float", "ge",
    "greaterthan", ">", ">=", "gt", "in", "integer", "iterable", "le", "lessthan", "<", "<=", "lower", "lt", "mapping",
    "ne", "!=", "none", "number", "odd", "sameas", "sequence", "string", "true", "undefined", "upper",
}  # fmt: skip
_BY_ATTRIBUTE = {"map", "selectattr", "rejectattr", "groupby", "sort", "unique", "sum", "min", "max", "join"}
# Names by which Python's insides are reached without an underscore in front.
_INSIDES = {"mro", "gi_frame", "gi_code", "cr_frame", "cr_code", "ag_frame", "tb_frame", "f_globals", "f_builtins",
            "f_locals", "f_back", "func_globals", "func_code"}  # fmt: skip
_HIDDEN = re.compile(r"__\w+|_TemplateReference\w*")
_FIELDS = re.compile(r"\{\{|\}\}|\{\w*(?::[0-9]{0,3}[dsx]?)?\}")
_PERCENTS = re.compile(r"%%|%[-0 ]?\d{0,3}[sdif]")


def check_code(tree: nodes.Template, values: Values, findings: Findings) -> None:
    """Find everything in a template that has no place in one; none of these rules can be overruled."""
    named = {name for node in walk(tree) for name in _set_names(node)}
    for node in walk(tree):
        kind = type(node).__name__
        if kind in _IMPORTS:
            findings.add("template-import", "refuse", node.lineno, f"takes in another template by `{kind.lower()}`")
        elif kind not in _KNOWN:
            findings.add("template-code", "refuse", node.lineno, f"has a statement no prompt needs: {kind.lower()}")
        check = _CHECKS.get(kind)
        if check is not None:
            check(node, values, findings)
        if kind in ("Macro", "Call"):
            _check_names(node, values, named, findings)
    _check_globals(tree, named, findings)


def _set_names(node: Any) -> list[str]:
    """Give the names that a statement sets, other than macros."""
    kind = type(node).__name__
    if kind in ("Assign", "AssignBlock", "For"):
        return [*names_of(node.target)]
    if kind == "With":
        return [name for target in node.targets for name in names_of(target)]
    return [argument.name for argument in node.args] if kind in ("Macro", "CallBlock") else []


def _bad_name(name: object) -> bool:
    """Say whether a name leads to the insides of Python objects."""
    return isinstance(name, str) and (name.startswith("_") or name in _INSIDES)


def _check_getattr(node: Any, _values: Values, findings: Findings) -> None:
    """Attributes that begin with an underscore are Python's own."""
    if _bad_name(node.attr):
        findings.add("template-attribute", "refuse", node.lineno, f"reaches for Python's insides: {piece(node)}")


def _check_getitem(node: Any, values: Values, findings: Findings) -> None:
    """A key is a number, a plain name or a variable; one that is put together is meant to hide something."""
    kind = type(node.arg).__name__
    key = values.constant(node.arg)
    computed = kind in ("Concat", "Filter", "Mul", "Mod") or (kind == "Add" and isinstance(key, str))
    if _bad_name(key):
        findings.add("template-attribute", "refuse", node.lineno, f"reaches for Python's insides: {piece(node)}")
    elif computed and values.strings(node.arg):
        findings.add("template-attribute", "refuse", node.lineno, f"puts the name of a key together: {piece(node)}")


def _check_const(node: Any, _values: Values, findings: Findings) -> None:
    """No literal spells the name of an inside, wherever it may be used."""
    if isinstance(node.value, str) and (_HIDDEN.fullmatch(node.value) or node.value in _INSIDES):
        findings.add("template-attribute", "refuse", node.lineno, f"spells a name of Python's insides: {piece(node)}")


def _check_together(node: Any, values: Values, findings: Findings) -> None:
    """Nor do several literals together."""
    whole = values.constant(node)
    if isinstance(whole, str) and (_HIDDEN.fullmatch(whole) or whole in _INSIDES):
        said = f"puts a name of Python's insides together: {visible(whole)}"
        findings.add("template-attribute", "refuse", node.lineno, said)


def _check_filter(node: Any, values: Values, findings: Findings) -> None:
    """Filters are those that published templates use, and take attributes by plain names only."""
    if node.name == "attr":
        findings.add("template-attribute", "refuse", node.lineno, f"takes an attribute by a filter: {piece(node)}")
    elif node.name not in _FILTERS:
        findings.add("template-call", "refuse", node.lineno, f"uses an unknown filter: |{visible(node.name)}")
    if node.name == "format" and not _plain_format(values.constant(node.node), _PERCENTS):
        findings.add("template-format", "refuse", node.lineno, f"fills in an open format: {piece(node)}")
    if node.name in _BY_ATTRIBUTE:
        _check_attribute_arguments(node, values, findings)
    _check_together(node, values, findings)


def _check_attribute_arguments(node: Any, values: Values, findings: Findings) -> None:
    """`map(attribute=...)` and its like take a fixed name, `map('...')` a known filter."""
    names = [each.value for each in node.kwargs if each.key == "attribute"]
    if node.name in ("selectattr", "rejectattr", "groupby"):
        names += node.args[:1]
    if node.name in ("sum", "min", "max", "join", "unique", "sort"):
        names += node.args[1:]
    for each in names:
        name = values.constant(each)
        fixed = type(each).__name__ == "Const" and (name is None or isinstance(name, int | str | bool))
        if not fixed or any(_bad_name(part) for part in str(name).split(".")):
            findings.add("template-attribute", "refuse", node.lineno, f"takes attributes by name: {piece(node)}")
    if node.name == "map" and node.args:
        inner = values.constant(node.args[0])
        if type(node.args[0]).__name__ != "Const" or inner not in _FILTERS - {"format"}:
            findings.add("template-call", "refuse", node.lineno, f"maps by an unknown filter: {piece(node)}")


def _check_test(node: Any, _values: Values, findings: Findings) -> None:
    """Tests are those of Jinja that look at nothing but the value."""
    if node.name not in _TESTS:
        findings.add("template-call", "refuse", node.lineno, f"uses an unknown test: {visible(node.name)}")


def _check_call(node: Any, values: Values, findings: Findings) -> None:
    """Calls go to the template's own macros, to the functions of chat templates and to harmless methods."""
    unpacked = node.dyn_args is not None or node.dyn_kwargs is not None
    if unpacked and not _one_of_macros(node.node, values):
        findings.add("template-call", "refuse", node.lineno, f"calls with unpacked arguments: {piece(node)}")
    called, kind = node.node, type(node.node).__name__
    if kind == "Name":
        if called.name not in _FUNCTIONS and called.name not in values.macros and called.name != "loop":
            findings.add("template-call", "refuse", node.lineno, f"calls an unknown function: {piece(node)}")
    elif kind != "Getattr":
        if not _one_of_macros(called, values):
            findings.add("template-call", "refuse", node.lineno, f"calls what it takes from elsewhere: {piece(node)}")
    elif called.attr in ("format", "format_map"):
        if called.attr == "format_map" or not _plain_format(values.constant(called.node), _FIELDS):
            findings.add("template-format", "refuse", node.lineno, f"fills in an open format: {piece(node)}")
    elif called.attr in _CHANGES:
        findings.add("template-change", "warn", node.lineno, f"changes a list, which the sandbox ends: {piece(node)}")
    elif called.attr not in _METHODS and not _bad_name(called.attr):
        findings.add("template-call", "refuse", node.lineno, f"calls an unknown method: {piece(node)}")


def _one_of_macros(called: Any, values: Values) -> bool:
    """Say whether a call takes one of a list of the template's macros."""
    if type(called).__name__ != "Getitem" or type(called.node).__name__ != "Name":
        return False
    name = called.node.name
    held = [node for value in values.assigned.get(name, []) for node in walk(value)]
    names = {getattr(node, "name", "") for node in held} - {"", name}
    only_lists = all(type(node).__name__ in ("List", "Add", "Name") for node in held)
    return bool(names) and only_lists and names <= values.macros.keys()


def _plain_format(text: Any, field: re.Pattern[str]) -> bool:
    """Say whether a format is fixed and its fields are plain: no attribute, no item, no large width."""
    return isinstance(text, str) and not re.search(r"[{}]" if field is _FIELDS else "%", field.sub("", text))


def _check_percent(node: Any, values: Values, findings: Findings) -> None:
    """`%` on a text fills in a format."""
    left = values.constant(node.left)
    texts = {text for text in values.strings(node.left) if "%" in text}
    if (texts or CONTENT in values.origins(node.left)) and not _plain_format(left, _PERCENTS):
        findings.add("template-format", "refuse", node.lineno, f"fills in an open format: {piece(node)}")


def _check_names(node: Any, values: Values, named: set[str], findings: Findings) -> None:
    """A macro's name stays the macro's, or a call could go anywhere."""
    name = node.name if type(node).__name__ == "Macro" else getattr(node.node, "name", "")
    taken = name in values.macros and name in named
    if taken or (name in _FUNCTIONS - {"caller"} and (name in named or name in values.macros)):
        findings.add("template-call", "refuse", node.lineno, f"gives the function {visible(name)} another meaning")


def _check_globals(tree: nodes.Template, named: set[str], findings: Findings) -> None:
    """Jinja's own functions and the methods of texts are called on the spot, never handed on."""
    nodes: list[Any] = list(walk(tree))
    called = {id(node.node) for node in nodes if type(node).__name__ == "Call"}
    for node in nodes:
        kind = type(node).__name__
        if id(node) in called:
            continue
        if kind == "Name" and node.ctx == "load" and node.name in _GLOBALS - named:
            findings.add("template-call", "refuse", node.lineno, f"hands on a function of Jinja: {node.name}")
        elif kind == "Getattr" and node.attr in ("format", "format_map"):
            said = f"hands on a method of texts: {piece(node)}"
            findings.add("template-format", "refuse", node.lineno, said)


_CHECKS = {
    "Getattr": _check_getattr,
    "NSRef": _check_getattr,
    "Getitem": _check_getitem,
    "Const": _check_const,
    "Concat": _check_together,
    "Add": _check_together,
    "Filter": _check_filter,
    "Test": _check_test,
    "Call": _check_call,
    "Mod": _check_percent,
}
