"""Small slips of C and C++ with large effects: one byte too few or too many, pointers to what is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import C, in_code
from localdev.rules.dangerous.data import function_text
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.scopes import value_of
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, text_of

_ALLOCATES = words("malloc g_malloc kmalloc xmalloc calloc realloc std.malloc alloca OPENSSL_malloc emalloc")
_FILLS = words("memset memcpy memmove strncpy snprintf strlcpy bzero fgets std.memset std.memcpy std.snprintf")
_ARRAY = (
    r"(?<!static )\b(?:const\s+)?(?:unsigned\s+)?(?:char|int|uint8_t|wchar_t|long|short|float"
    r"|double|uint32_t|size_t)\s+{name}\s*\[\s*(?P<room>[^\]]*?)\s*\]"
)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find slips in calls, then in statements."""
    for call in calls(tree):
        message = _in_call(tree, call)
        if message:
            yield Found(file.path, call.line, message, call.end_line, "")
    for node in nodes_of(tree, _JUDGES):
        touched = file.touched(line_of(node), end_line_of(node))
        message = _JUDGES[node.type](node) if touched else ""
        if message:
            yield Found(file.path, line_of(node), message)


def _in_call(tree: SyntaxTree, call: Call) -> str:
    """Say which size in a call is wrong."""
    texts = [each.text.strip() for each in call.arguments]
    if call.name in _ALLOCATES and texts:
        match = re.fullmatch(
            r"(?:sizeof\s*\(?\s*char\s*\)?\s*\*\s*)?(?:strlen|wcslen)\s*\(([^()]*)\)(?:\s*\*\s*sizeof\s*\(\s*char\s*\))?",
            value_of(tree, call.arguments[-1]).text.strip(),
        )
        if match is not None and re.search(
            rf"str(?:n?cpy|cat)\s*\([^;]*\b{re.escape(match[1].strip())}|sprintf|mem(?:cpy|move)\s*\([^;]*\+\s*1\s*\)",
            function_text(call.node),
        ):
            return "there is no room for the final NUL"
    if call.name in _FILLS and len(texts) > 1:
        target = texts[0].lstrip("&")
        for size in texts[1:]:
            match = re.fullmatch(r"sizeof\s*\(?\s*(\w+)\s*\)?", size)
            if (
                match is not None
                and match[1] == texts[0]
                and re.fullmatch(r"\w+", target)
                and _is_pointer(call.node, target)
            ):
                return f"`{size}` is the size of a pointer, not of what it points to"
    return ""


def _is_pointer(node: SyntaxNode, name: str) -> bool:
    """Say whether the function declares a name as a pointer, and nowhere as an array."""
    text = function_text(node)
    word = re.escape(name)
    return re.search(rf"\w\s*\*+\s*(?:const\s+)?{word}\s*[,;=)]", text) is not None and not re.search(
        rf"\b{word}\s*\[[^\]]*\]\s*[;=,)]", text
    )


def _returned(node: SyntaxNode) -> str:
    """Say that a function returns what ends with it."""
    value = text_of(node).removeprefix("return").strip(" ;\n")
    function = function_text(node)
    if not re.fullmatch(r"&?\w+(?:\.c_str\(\)|\.data\(\))?", value) or not function:
        return ""
    name = re.match(r"&?(\w+)", value)
    assert name is not None
    inside = function.partition("{")[2]
    if (
        re.fullmatch(r"\w+", value)
        and re.search(_ARRAY.format(name=name[1]), inside)
        and "*" in function.partition("(")[0]
    ):
        return f"`{value}` ends with this function"
    if (
        value.endswith(("c_str()", "data()"))
        and re.search(rf"\bstd::string\s+{name[1]}\b", inside)
        and "*" in function.partition("(")[0]
        and "static" not in inside
    ):
        return f"`{value}` points into a text that ends with this function"
    return ""


def _deleted(node: SyntaxNode) -> str:
    """Say that an array is deleted as a single object, or the other way round."""
    match = re.fullmatch(r"delete\s*(\[\s*\])?\s*(\w+)", text_of(node).strip())
    if match is None:
        return ""
    made = re.search(rf"\b{match[2]}\s*=\s*new\s+[\w:<>]+(?:\s*\*)?\s*(\[)?", function_text(node))
    if made is None or bool(made[1]) == bool(match[1]):
        return ""
    return "what was made with `new[]` is given back with `delete`, or the other way round"


def _loop(node: SyntaxNode) -> str:
    """Say that a loop runs one step past an array."""
    head = re.match(r"for\s*\([^;]*;\s*(?P<index>\w+)\s*<=\s*(?P<last>[\w()]+)\s*;", text_of(node))
    if head is None:
        return ""
    for match in re.finditer(rf"\b(\w+)\s*\[\s*{head['index']}\s*\]", text_of(node)):
        declared = re.search(_ARRAY.format(name=re.escape(match[1])), function_text(node))
        if declared is not None and declared["room"] and head["last"] in (declared["room"], f"sizeof({match[1]})"):
            return f"the last step writes or reads past `{match[1]}`"
    return ""


def _streamed(node: SyntaxNode) -> str:
    """Say that a stream is read into an array whatever its size."""
    match = re.match(r"(?:std::)?cin\s*>>\s*(\w+)\Z", text_of(node))
    if (
        match is None
        or not re.search(rf"\bchar\s+{match[1]}\s*\[", function_text(node))
        or "setw" in function_text(node)
    ):
        return ""
    return f"the stream writes into `{match[1]}` however much is sent"


_JUDGES = {
    "return_statement": _returned,
    "delete_expression": _deleted,
    "for_statement": _loop,
    "binary_expression": _streamed,
}

RULE = Rule(
    id="memory-slip",
    family="dangerous-call",
    severity="medium",
    title="One byte too few or too many, or a pointer to what is gone",
    explanation=(
        "It fires on `malloc(strlen(s))` that is copied into, `sizeof` of a pointer as the size of "
        "what it points to, loops that run to `<=` the size of an array, local arrays that "
        "are returned, `new[]` with `delete`, and `cin` into an array."
    ),
    bad=Example(
        "copy.c",
        "#include <stdlib.h>\n#include <string.h>\nchar *copy(const char *text) {\n    char *made = "
        "malloc(strlen(text));\n    return strcpy(made, text);\n}\n",
    ),
    good=Example(
        "copy.c",
        "#include <stdlib.h>\n#include <string.h>\nchar *copy(const char *text) {\n    size_t size = "
        "strlen(text) + 1;\n    char *made = malloc(size);\n    return made ? memcpy(made, text, size) : NULL;\n}\n",
    ),
    check=in_code(_look, ("alloc", "sizeof", "return", "delete", "<=", "cin"), languages=C),
    languages=C,
)
