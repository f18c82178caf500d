"""What a chat template does by conditions nobody sees: on the date, on what a message says, on which message it is.

Whether such a condition is meant well is a matter of judgement, so a user can overrule these rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from localdev.models.findings import Severity
from localdev.models.vetting.templates_parse import Findings, piece, visible, walk
from localdev.models.vetting.templates_values import CLOCK, CONTENT, COUNT, LENGTH, MESSAGES, Values

if TYPE_CHECKING:
    from jinja2 import nodes

# Markers that models write or that switch them, all of which published templates look for in messages.
_TAGS = {
    "think", "thinking", "thought", "tool_call", "tool_calls", "tool_response", "tool_result", "tools", "tool",
    "function", "parameter", "image", "video", "audio", "s", "assistant", "user", "system", "use_mcp_tool",
    "server_name", "tool_name", "tool_def_sep", "tool_sep", "think_on", "think_off", "response", "answer", "channel",
    "start_of_turn", "end_of_turn", "_end_think", "invoke", "arg_key", "arg_value", "so_embedding",
}  # fmt: skip
_SWITCHES = {
    "/think", "/no_think", "/nothink", "/no_thinking", "detailed thinking on", "detailed thinking off",
    "/system_override", "enable_thinking", "disable_thinking", "continue_final_message_tag",
}  # fmt: skip
# Keys of a message's parts: `'image' in content` asks whether the part is one.
_PARTS = {"text", "image", "image_url", "video", "video_url", "audio", "audio_url", "type", "value", "parts",
          "blocks", "content"}  # fmt: skip
_CONTROL = re.compile(r"<[|｜]/?[\w▁ /-]{1,40}[|｜]?>|</?[|｜]?[\w▁-]{1,40}[|｜]>|\[/?[A-Z][A-Z_ ]{1,30}\]|<</?SYS>>")
_CHANNELS = {"final", "analysis", "commentary"}  # names that stand between two control tokens
_TAG_LIKE = re.compile("tool|func|call|think|thought|reason|image|img|reflect|answer|response|channel|search")
_TAG = re.compile(r"<\s*/?\s*(?:\w{1,8}:)?(\w+)\s*/?>")
_LOOKING = {
    "startswith", "endswith", "find", "rfind", "index", "count", "split", "rsplit", "partition", "rpartition",
    "removeprefix", "removesuffix",
}  # fmt: skip
_ASKING = {"isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "isnumeric"}
_COMPARING = {"eq", "equalto", "==", "ne", "!=", "in", "sameas", "gt", "lt", "ge", "le", "greaterthan", "lessthan"}
_ORDERING = {"unique", "sort", "min", "max", "groupby"}
_SELECTING = {"select", "reject", "selectattr", "rejectattr"}
_CONTENTS = {"content", "text", "reasoning_content", "thinking"}
_PRINTING = {"string", "trim", "safe", "default", "d", "upper", "lower", "title", "capitalize", "tojson", "e"}
_RESPELLING = {"upper", "lower", "title", "capitalize", "reverse", "sort", "unique", "urlencode", "escape", "striptags"}
_GARBLING = {"reverse", "truncate", "unique", "sort", "striptags", "urlencode", "center", "wordwrap"}
_LARGEST_USUAL = 2
_LETTERS = re.compile(r"\w")
_SYSTEM = re.compile(r"(?:^|[|<>\[\]_\n])system[\w<|>\]\s]{0,24}$", re.IGNORECASE)


def check_hidden(tree: nodes.Template, values: Values, findings: Findings) -> None:
    """Find conditions on the clock, on what messages say and on their number, and texts that are changed."""
    for node in walk(tree):
        check = _CHECKS.get(type(node).__name__)
        if check is not None:
            check(node, values, findings)


def is_marker(text: str) -> bool:
    """Say whether a literal is one that templates look for in a message: no words, a control token, a known tag."""
    rest = _CONTROL.sub("", text.strip())
    if rest.lower() in _SWITCHES or rest in _PARTS or (rest in _CHANNELS and rest != text):
        return True
    return not _LETTERS.search(_TAG.sub(_without_tag, rest))


def _without_tag(found: re.Match[str]) -> str:
    """Leave out a tag of those that models write."""
    name = found.group(1).lower()
    return "" if name in _TAGS or _TAG_LIKE.search(name) else found.group()


def _judge_literals(node: Any, literals: Iterable[str], findings: Findings, severity: Severity = "refuse") -> None:
    """Judge what a template looks for in a message."""
    strange = sorted(text for text in literals if not is_marker(text))
    if strange:
        said = f"acts on what a message says, {visible(repr(strange[0]))}: {piece(node)}"
        findings.add("template-trigger", severity, node.lineno, said)


def _judge_comparison(node: Any, operands: list[Any], values: Values, findings: Findings) -> None:
    """Judge two or more values that are compared, whatever the sign."""
    origins = [values.origins(each) for each in operands]
    found = frozenset[str]().union(*origins)
    if CLOCK in found:
        findings.add("template-date", "refuse", node.lineno, f"acts on the date: {piece(node)}")
    if CONTENT in found:
        _judge_content(node, operands, origins, values, findings)
    elif MESSAGES in found:  # whole messages, with what they say
        whole = [each for operand in operands for each in walk(operand) if type(each).__name__ == "Dict"]
        _judge_literals(node, {text for each in whole for text in values.strings(each)}, findings)
    listed = [each.items if type(each).__name__ in ("List", "Tuple") else [each] for each in operands]
    numbers = [values.constant(each) for several in listed for each in several]
    large = [each for each in numbers if isinstance(each, int | float) and abs(each) > _LARGEST_USUAL]
    if large and CONTENT in found:
        said = f"acts on what a message says: {piece(node)}"
        findings.add("template-trigger", "refuse", node.lineno, said)
    elif large and LENGTH in found:
        findings.add("template-position", "warn", node.lineno, f"acts on the length of a message: {piece(node)}")
    elif large and COUNT in found:
        findings.add("template-position", "warn", node.lineno, f"acts on the number of messages: {piece(node)}")


def _judge_content(
    node: Any, operands: list[Any], origins: list[frozenset[str]], values: Values, findings: Findings
) -> None:
    """Judge a comparison with what a message says."""
    others = [each for each, found in zip(operands, origins, strict=True) if CONTENT not in found]
    _judge_literals(node, {text for each in others for text in values.strings(each)}, findings)
    inside = [each for each in operands if type(each).__name__ in ("List", "Tuple", "Dict", "Concat", "Add")]
    _judge_literals(node, {text for each in inside for text in values.strings(each)}, findings)
    if not others:  # both come from messages, at least at times: a variable may hold a literal at others
        _judge_literals(node, {text for each in operands for text in values.strings(each)}, findings, "warn")
        if any(getattr(each, "name", "") in _RESPELLING for operand in operands for each in walk(operand)):
            said = f"acts on how a message is spelled: {piece(node)}"
            findings.add("template-trigger", "refuse", node.lineno, said)


def _check_compare(node: Any, values: Values, findings: Findings) -> None:
    """Comparisons are judged by what is compared."""
    _judge_comparison(node, [node.expr, *(each.expr for each in node.ops)], values, findings)


def _check_test(node: Any, values: Values, findings: Findings) -> None:
    """`is in`, `is equalto` compare as well."""
    if node.name in _COMPARING or node.name == "divisibleby":
        _judge_comparison(node, [node.node, *node.args], values, findings)
    elif node.name in ("lower", "upper") and CONTENT in values.origins(node.node):
        findings.add("template-trigger", "refuse", node.lineno, f"acts on how a message is spelled: {piece(node)}")


def _check_call(node: Any, values: Values, findings: Findings) -> None:
    """Methods that look into a text, or change it."""
    if type(node.node).__name__ != "Getattr":
        return
    method, receiver = node.node.attr, values.origins(node.node.node)
    if CLOCK in receiver:
        findings.add("template-date", "refuse", node.lineno, f"takes the date apart: {piece(node)}")
    if CONTENT not in receiver:
        _judge_asked(node, receiver, values, findings)
        return
    if method in _LOOKING:
        _judge_literals(node, {text for each in node.args for text in values.strings(each)}, findings)
    elif method in _ASKING:
        said = f"acts on what a message says: {piece(node)}"
        findings.add("template-trigger", "refuse", node.lineno, said)
    elif method == "replace":
        _judge_replacing(node, values, findings)
    elif method in ("strip", "lstrip", "rstrip") and node.args:
        _judge_literals(node, values.strings(node.args[0]), findings)


def _judge_asked(node: Any, receiver: frozenset[str], values: Values, findings: Findings) -> None:
    """Judge a method of something else that is asked by what a message says, or by the date."""
    method = node.node.attr
    given = frozenset[str]().union(*(values.origins(each) for each in node.args))
    if CLOCK in given:
        findings.add("template-date", "refuse", node.lineno, f"acts on the date: {piece(node)}")
    if CONTENT in given and method in _LOOKING | {"replace"}:
        _judge_literals(node, values.strings(node.node.node), findings)
    if CONTENT in given and method == "get" and MESSAGES not in receiver:
        findings.add("template-trigger", "refuse", node.lineno, f"chooses by what a message says: {piece(node)}")


def _judge_replacing(node: Any, values: Values, findings: Findings) -> None:
    """What is replaced in a message is a marker, and so is what takes its place."""
    for each in node.args[:2]:
        for text in sorted(values.strings(each)):
            if not is_marker(text) and not re.fullmatch(r"&\w{2,6};", text):
                said = f"changes what a message says, {visible(repr(text))}: {piece(node)}"
                findings.add("template-replace", "refuse", node.lineno, said)


def _check_filter(node: Any, values: Values, findings: Findings) -> None:
    """Filters that draw lots, take a date apart or replace words."""
    if node.name == "random":
        findings.add("template-random", "refuse", node.lineno, f"draws lots: {piece(node)}")
    origins = values.origins(node.node) if node.node is not None else frozenset()
    if CLOCK in origins and node.name not in _PRINTING:
        findings.add("template-date", "refuse", node.lineno, f"takes the date apart: {piece(node)}")
    if node.name == "replace" and CONTENT in origins:
        _judge_replacing(node, values, findings)
    if CONTENT in origins and (node.name in _ORDERING or node.name == "trim"):
        looked_for = [node.node] if node.name in _ORDERING else node.args
        _judge_literals(node, {text for each in looked_for for text in _listed(each, values)}, findings)
    given = frozenset[str]().union(*(values.origins(each) for each in node.args))
    if CLOCK in given:
        findings.add("template-date", "refuse", node.lineno, f"acts on the date: {piece(node)}")
    if CONTENT in given and node.node is not None and node.name in _SELECTING | {"replace"}:
        _judge_literals(node, values.strings(node.node), findings)
    if node.name in _SELECTING and origins & {CONTENT, MESSAGES}:
        named = node.args[0] if node.name.endswith("attr") and node.args else None
        looked_at = named is None or values.constant(named) in _CONTENTS
        wanted = node.args[2:] if named is not None else node.args[1:]
        if looked_at:
            _judge_literals(node, {text for each in wanted for text in values.strings(each)}, findings)


def _check_block(node: Any, values: Values, findings: Findings) -> None:
    """A filter over a block changes what is printed in it."""
    printed = [each for part in node.body for each in walk(part) if type(each).__name__ == "Output"]
    if getattr(node.filter, "name", "") == "replace" and any(CONTENT in values.origins(each) for each in printed):
        _judge_replacing(node.filter, values, findings)


def _listed(node: Any, values: Values) -> set[str]:
    """Give the texts that a list is written with."""
    items = node.items if type(node).__name__ in ("List", "Tuple") else [] if node is None else [node]
    return {text for each in items if CONTENT not in values.origins(each) for text in values.strings(each)}


def _check_getitem(node: Any, values: Values, findings: Findings) -> None:
    """A table that is asked by what a message says, or by the date, is a condition too."""
    origins = values.origins(node.arg)
    if CLOCK in origins | values.origins(node.node):
        findings.add("template-date", "refuse", node.lineno, f"takes the date apart: {piece(node)}")
    choosing = any(type(each).__name__ in ("Compare", "Test") for each in walk(node.arg))
    if MESSAGES in values.origins(node.node) and CONTENT not in values.origins(node.node):
        ends = [node.arg.start, node.arg.stop] if type(node.arg).__name__ == "Slice" else [node.arg]
        numbers = [values.constant(each) for each in ends if each is not None]
        if any(isinstance(each, int) and abs(each) > _LARGEST_USUAL for each in numbers):
            findings.add("template-position", "warn", node.lineno, f"acts on the number of messages: {piece(node)}")
    asked = CONTENT in origins and not values.origins(node.node) & {MESSAGES, CONTENT}
    if asked or (choosing and type(node.node).__name__ in ("Dict", "List", "Tuple")):
        findings.add("template-trigger", "refuse", node.lineno, f"chooses by what a message says: {piece(node)}")
    elif type(node.node).__name__ in ("List", "Tuple") and origins & {COUNT, LENGTH}:
        findings.add("template-position", "warn", node.lineno, f"acts on the number of messages: {piece(node)}")


def _check_arithmetic(node: Any, values: Values, findings: Findings) -> None:
    """Nothing is computed from the date; remainders of the message count are those of two roles that take turns."""
    origins = values.origins(node)
    if CLOCK in origins:
        findings.add("template-date", "refuse", node.lineno, f"computes with the date: {piece(node)}")
    right = values.constant(getattr(node, "right", None)) if type(node).__name__ in ("Mod", "Sub") else None
    if origins & {COUNT, LENGTH} and isinstance(right, int) and right > _LARGEST_USUAL:
        findings.add("template-position", "warn", node.lineno, f"acts on the number of messages: {piece(node)}")


def _check_if(node: Any, values: Values, findings: Findings) -> None:
    """Under a condition that a message is the user's, no header of the system's stands in front of its text."""
    for branch in (node, *node.elif_):
        test = branch.test
        roles = [each for each in walk(test) if type(each).__name__ == "Compare" and _is_users(each, values)]
        if roles and not any(type(each).__name__ in ("Or", "Not") for each in walk(test)):
            _judge_role(branch, values, findings)


def _is_users(node: Any, values: Values) -> bool:
    """Say whether a comparison asks for the role of the user."""
    return node.ops[0].op == "eq" and "user" in {values.constant(node.expr), values.constant(node.ops[0].expr)}


def _judge_role(branch: Any, values: Values, findings: Findings) -> None:
    """Look at what stands directly in front of what the user says."""
    before = ""
    for output in (each for part in branch.body for each in walk(part) if type(each).__name__ == "Output"):
        for node in _flat(output):
            if _is_content(node) and _SYSTEM.search(before):
                said = f"gives a user's text as the system's: {visible(repr(before[-40:]))} {piece(node)}"
                findings.add("template-role", "refuse", node.lineno, said)
            text = values.constant(node)
            before = (before + text)[-200:] if isinstance(text, str) else ""


def _is_content(node: Any) -> bool:
    """Say whether what is printed is a message's text itself; a variable may hold the system's at this place."""
    while type(node).__name__ == "Filter" and node.node is not None:
        node = node.node
    key = getattr(node, "attr", getattr(getattr(node, "arg", None), "value", getattr(node, "name", "")))
    return key == "content"


def _flat(node: Any) -> list[Any]:
    """Give the pieces that are printed one after the other."""
    if type(node).__name__ in ("Output", "Concat"):
        return [piece for each in node.nodes for piece in _flat(each)]
    if type(node).__name__ == "Add":
        return [*_flat(node.left), *_flat(node.right)]
    return [node]


def _check_output(node: Any, values: Values, findings: Findings) -> None:
    """A date that is only printed is worth a note: the prompt is another one every day."""
    for each in node.nodes:
        if getattr(each, "name", "") in _GARBLING and CONTENT in values.origins(each):
            findings.add("template-replace", "warn", node.lineno, f"prints a message in another form: {piece(each)}")
        if CLOCK in values.origins(each):
            findings.add("template-date-shown", "note", node.lineno, f"prints the date: {piece(each)}")


_CHECKS = {
    "Compare": _check_compare,
    "Test": _check_test,
    "Call": _check_call,
    "Filter": _check_filter,
    "Getitem": _check_getitem,
    "Sub": _check_arithmetic,
    "Mod": _check_arithmetic,
    "Mul": _check_arithmetic,
    "If": _check_if,
    "Output": _check_output,
    "FilterBlock": _check_block,
    "AssignBlock": _check_block,
}
