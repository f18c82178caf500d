"""C's memory: sizes that do not fit, memory used after it was given back, and memory lost on failure."""

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
from localdev.source.syntax.scopes import is_fixed
from localdev.source.syntax.tree import SyntaxTree, line_of, text_of

# Functions that copy, with the places of target, source (-1: none) and size.
_SIZED = {
    "memcpy": (0, 1, 2),
    "memmove": (0, 1, 2),
    "strncpy": (0, 1, 2),
    "strncat": (0, 1, 2),
    "snprintf": (0, -1, 1),
    "vsnprintf": (0, -1, 1),
    "memset": (0, -1, 2),
    "read": (1, -1, 2),
    "recv": (1, -1, 2),
    "fgets": (0, -1, 1),
    "strlcpy": (0, 1, 2),
    "bcopy": (1, 0, 2),
    "recvfrom": (1, -1, 2),
    "wmemcpy": (0, 1, 2),
}
_FREES = words("free g_free kfree xfree OPENSSL_free")
_BLOCKS = words("compound_statement")
_ENDS = words("return_statement goto_statement break_statement continue_statement throw_statement")


def _sizes(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find copies whose size is not the target's."""
    for call in calls(tree):
        shape = (
            _SIZED.get(call.resolved.removeprefix("std."))
            if call.receiver is None or call.name.startswith("std.")
            else None
        )
        if shape is None or len(call.arguments) <= shape[2]:
            if (
                call.name in ("alloca", "_alloca")
                and call.arguments
                and not is_fixed(tree, call.arguments[0])
                and not _is_compared(call, call.arguments[0].text)
            ):
                yield Found(
                    file.path,
                    call.line,
                    "`alloca` of a size nobody checks ends the stack",
                    call.end_line,
                    "take it from the heap, or check the size first",
                )
            continue
        message = _wrong_size(tree, call, shape)
        if message:
            yield Found(
                file.path,
                call.line,
                message,
                min(call.end_line, call.line + 6),
                "use the size of the target, and check the length first",
            )


def _wrong_size(tree: SyntaxTree, call: Call, shape: tuple[int, int, int]) -> str:
    """Say what is wrong with the size in a call, empty where nothing is clear."""
    target, size = call.arguments[shape[0]].text.strip().lstrip("&"), call.arguments[shape[2]].text.strip()
    room = _room_of(call.node, target)
    source = call.arguments[shape[1]].text.strip() if shape[1] >= 0 else ""
    if call.last == "strncat" and (size == f"sizeof({target})" or size == f"sizeof {target}" or size == room):
        return "the size given to `strncat` is what is left, not the whole target"
    if source and re.fullmatch(rf"(?:strlen|wcslen)\(\s*{re.escape(source)}\s*\)(?:\s*\+\s*1)?", size):
        if not (_is_compared(call, f"strlen({source})") or (not room and _makes_room(call, target, source))):
            return f"`{call.last}` copies as much as the source has, whatever room there is"
        return ""
    if (
        source
        and re.fullmatch(rf"sizeof\s*\(?\s*{re.escape(source)}\s*\)?", size)
        and call.last.startswith("strn")
        and source != target
    ):
        return f"`{size}` is the size of the source, not of the target"
    if room and call.last in ("read", "recv", "fread") and _ends_behind(call, target, size):
        return f"when all of `{target}` is filled, the final NUL is written behind it"
    whole = re.fullmatch(r"(\w+(?:\.|->)(?:size|length)\(\))(?:\s*\+\s*1)?", size)
    if room and whole is not None and not _is_compared(call, whole[1]):
        return f"nobody checks that `{size}` fits into `{target}`"
    if room.isdigit() and size.isdigit() and int(size) > int(room):
        return f"{size} is more than the {room} that `{target}` has room for"
    if (
        call.last in ("memcpy", "memmove", "read", "recv", "bcopy", "recvfrom")
        and room
        and _is_unchecked(tree, call, size, target)
    ):
        return f"nobody checks that `{size}` fits into `{target}`"
    if (
        call.last == "strncpy"
        and room
        and size in (f"sizeof({target})", f"sizeof {target}", room)
        and not _ends_text(call, target)
    ):
        return "`strncpy` leaves out the final NUL when the text fills the target"
    return ""


def _ends_behind(call: Call, target: str, size: str) -> bool:
    """Say whether as much is read as there is room for, and an end is then set behind what was read."""
    if not re.fullmatch(rf"sizeof\s*\(?\s*{re.escape(target)}\s*\)?", size):
        return False
    kept = re.search(rf"(\w+)\s*=\s*{re.escape(text_of(call.node))}", function_text(call.node))
    if kept is None:
        return False
    return (
        re.search(rf"\b{re.escape(target)}\s*\[\s*{kept[1]}\s*\]\s*=\s*(?:0|'\\0')", function_text(call.node))
        is not None
    )


def _makes_room(call: Call, target: str, source: str) -> bool:
    """Say whether nothing is known of the target, or it was made for the source."""
    body = function_text(call.node)
    return (
        not re.fullmatch(r"\w+(?:->|\.)\w+", target)
        or re.search(r"alloc|new\s|reserve|resize|strlen\s*\([^;]*[<>]|(?<!-)[<>]=?[^;]*strlen", body) is not None
        or source not in body
    )


def _room_of(node: SyntaxNode, target: str) -> str:
    """Give the size of a local array as it is written, empty for anything else."""
    if not re.fullmatch(r"\w+", target):
        return ""
    match = re.search(
        rf"\b(?:char|uint8_t|int8_t|u_char|u8|unsigned char|BYTE|wchar_t|uint32_t"
        rf"|int)\s+(?:\w+\[[^\]]*\]\s*,\s*)*{re.escape(target)}\s*\[\s*([^\]]+?)\s*\]\s*[;=,]",
        function_text(node),
    )
    return match.group(1) if match is not None else ""


def _is_unchecked(tree: SyntaxTree, call: Call, size: str, target: str) -> bool:
    """Say whether a size is a plain variable or member that no condition of the function mentions."""
    argument = next(each for each in call.arguments if each.text.strip() == size)
    if (
        "sizeof" in size
        or is_fixed(tree, argument)
        or not re.fullmatch(r"[\w.>\-\[\]]+|\w+\([\w.>\-\[\]]+\)|[\w.>\-]+\s*[-+*]\s*[\w.>\-]+", size)
        or size.isupper()
    ):
        return False
    words_in = [
        each for each in re.findall(r"[A-Za-z_]\w*", size) if each not in ("ntohs", "ntohl", "size_t", "strlen", "int")
    ]
    return bool(words_in) and not _is_compared(call, words_in[-1])


def _is_compared(call: Call, name: str) -> bool:
    """Say whether the function compares a name with something, or bounds it."""
    body = function_text(call.node)
    before = body[: max(0, body.find(text_of(call.node)))]
    word = re.escape(name) if re.search(r"\W", name) else rf"\b{re.escape(name)}\b"
    return (
        re.search(
            rf"(?:if|while|for|assert\w*|MIN|min|std::min|CLAMP|clamp|switch|ASSERT|CHECK\w*|\w*check\w*)\s*\([^;{{]*{word}|{word}\s*(?:=|:)[^;=]*(?:sizeof|min|MIN|\?|snprintf|read\(|recv|%|&\s*0x)",
            before,
        )
        is not None
    )


def _ends_text(call: Call, target: str) -> bool:
    """Say whether the function sets an end into the target, or clears it first."""
    body = function_text(call.node)
    name = re.escape(target)
    return (
        re.search(
            rf"\b{name}\s*\[[^\]]+\]\s*=\s*(?:'\\0'|0|'\\x00')|memset\s*\(\s*&?{name}|\b{name}\s*\[[^\]]*\]\s*=\s*(?:\{{|\"\")|bzero\s*\(\s*{name}",
            body,
        )
        is not None
    )


def _freed(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find uses after `free` in the same block, and `p = realloc(p, ...)`."""
    for node in nodes_of(tree, (*_BLOCKS, "assignment_expression", "init_declarator")):
        if node.type in _BLOCKS:
            yield from _in_block(file, node)
        elif node.type in ("assignment_expression", "init_declarator"):
            left, right = text_of(node.child_by_field_name("left")).strip(), text_of(node.child_by_field_name("right"))
            match = re.match(r"(?:\([^()]*\)\s*)?(?:g_)?realloc(?:array)?\s*\(\s*(.+?)\s*,", right, re.DOTALL)
            if match is not None and left == match.group(1) and left:
                yield Found(
                    file.path,
                    line_of(node),
                    f"when `realloc` fails, what `{left}` held is lost",
                    suggestion="keep the old pointer until the new one is there",
                    severity="medium",
                )


def _in_block(file: ChangedFile, block: SyntaxNode) -> Iterator[Found]:
    """Find names that are freed by a statement of a block, and used by a later one of it."""
    freed: dict[str, int] = {}
    for statement in block.named_children:
        text = text_of(statement)
        for name in list(freed):
            word = rf"(?<![\w.>]){re.escape(name)}(?![\w])"
            at = re.search(word, text)
            if at is None:
                continue
            if (
                re.search(rf"{word}\s*=(?!=)|&\s*{re.escape(name)}(?!\w|->|\.|\[)", text)
                or (statement.type == "declaration" and re.search(rf"\*?\s*{re.escape(name)}\s*[;=]", text))
            ) and not _reads_first(text, name):
                del freed[name]
                continue
            if _uses(text, name):
                line = line_of(statement) + text[: at.start()].count("\n")
                again = re.match(rf"\s*(?:free|delete(?:\s*\[\])?)\s*\(?\s*{re.escape(name)}\b", text) is not None
                yield Found(
                    file.path,
                    line,
                    f"`{name}` is {'given back twice' if again else 'used after it was given back'}",
                    suggestion="set it to NULL, and do not touch it again",
                    severity="high",
                )
            del freed[name]
        match = re.fullmatch(
            r"(?:free|g_free|kfree|xfree|std::free)\s*\(\s*(?:\(void\s*\*\)\s*)?([A-Za-z_][\w>.\-]*)\s*\)\s*;|delete\s*(?:\[\])?\s*([A-Za-z_][\w>.\-]*)\s*;",
            text.strip(),
        )
        if match is not None:
            freed[match.group(1) or match.group(2)] = line_of(statement)
        elif statement.type in ("labeled_statement", "case_statement") or statement.type in _ENDS:
            freed.clear()


def _reads_first(text: str, name: str) -> bool:
    """Say whether a statement that sets a name reads through it on the way, as `p = p->next` does."""
    return (
        re.search(rf"(?<![\w.>]){re.escape(name)}\s*=[^=].*(?<![\w.>]){re.escape(name)}\s*(?:->|\[)", text) is not None
    )


def _uses(text: str, name: str) -> bool:
    """Say whether a statement looks through a pointer, hands it on or gives it back; printing its address is no use."""
    word = re.escape(name)
    return re.search(
        rf"(?<![\w.>]){word}\s*(?:->|\[)|\*\s*{word}\b(?!\s*\()|[(,]\s*{word}\s*[,)]|return\s+{word}\s*;|delete\s*(?:\[\])?\s*{word}\s*;",
        text,
    ) is not None and not re.match(r"\s*(?:if|while)\s*\(\s*!?\s*" + word + r"\s*\)", text)


SIZES = Rule(
    id="buffer-size",
    family="dangerous-call",
    severity="medium",
    title="The size of a copy is not the size of its target",
    explanation=(
        "A copy is safe when its size is the target's. It fires on sizes taken from the source "
        "(`strncpy(d, s, strlen(s))`), larger than the local array that they "
        "fill, used whole by `strncat`, never compared with anything, and on `strncpy` without a final NUL."
    ),
    bad=Example(
        "copy.c",
        "#include <string.h>\nvoid keep(const char *name) {\n    char text[32];\n    memcpy(text, "
        "name, strlen(name) + 1);\n}\n",
    ),
    good=Example(
        "copy.c",
        "#include <string.h>\nvoid keep(const char *name) {\n    char text[32];\n    size_t size = "
        "strlen(name);\n    if (size >= sizeof(text))\n        return;\n    memcpy(text, name, size + 1);\n}\n",
    ),
    check=in_code(
        _sizes,
        ("cpy", "memmove", "strncat", "snprintf", "memset", "read", "recv", "fgets", "alloca", "bcopy"),
        languages=C,
    ),
    languages=C,
)
FREED = Rule(
    id="freed-memory",
    family="dangerous-call",
    severity="high",
    title="Memory is used after it was given back, or lost",
    explanation=(
        "It looks at the statements of one block: a pointer that is freed and used again before it "
        "is set, freed twice, or overwritten by the `realloc` that may fail (`medium`)."
    ),
    bad=Example(
        "list.c", "#include <stdlib.h>\nint drop(struct node *node) {\n    free(node);\n    return node->count;\n}\n"
    ),
    good=Example(
        "list.c",
        "#include <stdlib.h>\nint drop(struct node *node) {\n    int count = node->count;\n    "
        "free(node);\n    return count;\n}\n",
    ),
    check=in_code(_freed, ("free", "delete", "realloc"), languages=C),
    languages=C,
)
