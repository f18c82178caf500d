"""What a chat template's expressions can hold: constants, and what comes from messages, their number or the clock.

Nothing is run. A variable is taken to hold whatever is assigned to it anywhere, in whatever order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from localdev.models.vetting.templates_parse import Unreadable, walk

if TYPE_CHECKING:
    from jinja2 import nodes

# Where a value comes from: the list of messages or one of them, what a message says, how long that is, how many
# messages there are or which one it is, and the clock.
MESSAGES, CONTENT, LENGTH, COUNT, CLOCK = "messages", "content", "length", "count", "clock"
_NOTHING: frozenset[str] = frozenset()
_SAID = {
    "content", "text", "reasoning_content", "reasoning", "thinking", "thought", "value", "arguments", "input", "output",
}  # fmt: skip
_SHAPE = {"role", "type", "name", "id", "tool_call_id", "image", "image_url", "video", "audio"}
# What is handed to a template under these names.
_GIVEN = dict.fromkeys(("messages", "documents"), frozenset({MESSAGES})) | dict.fromkeys(
    ("date_string", "current_date"), frozenset({CLOCK})
)
_POSITIONS = {"index", "index0", "revindex", "revindex0", "length"}
_TEXTS = {
    "string",
    "format",
    "tojson",
    "join",
    "pprint",
    "urlencode",
    "escape",
    "e",
    "forceescape",
    "dictsort",
    "items",
}
_MOST_STEPS = 400_000  # the most that a published template takes is 12,000
_MOST_NAMES = 1000
_LONGEST = 10_000  # letters of a constant that is put together here


class Values:
    """The variables of one template, and what its expressions can hold."""

    def __init__(self, tree: nodes.Template) -> None:
        self.macros: dict[str, nodes.Macro] = {}
        self.assigned: dict[str, list[nodes.Node]] = {}
        self.looped: set[str] = set()
        self._origins: dict[str, frozenset[str]] = {}
        self._constants: dict[str, Any] = {}
        self._steps = 0
        for node in walk(tree):
            self._collect(node)
        self._collect_calls(tree)
        if len(self.assigned) > _MOST_NAMES:
            raise Unreadable("template-size", 1, f"has {len(self.assigned)} variables, too many to be judged")
        self._settle()

    # What is assigned

    def _collect(self, node: Any) -> None:
        """Note what a statement assigns to which names."""
        kind = type(node).__name__
        if kind == "Macro":
            self.macros.setdefault(node.name, node)
            self.assigned.setdefault(f"{node.name}()", []).extend(_outputs(node.body))
            for name, value in zip(reversed(node.args), reversed(node.defaults), strict=False):
                self._assign(name, value)
        elif kind == "Assign":
            self._assign(node.target, node.node)
            self._collect_parts(node.target, node.node)
        elif kind == "AssignBlock":
            self._assign(node.target, _printed(node))
        elif kind == "For":
            keyed = _keyed(node.iter) and type(node.target).__name__ == "Tuple" and len(node.target.items) == 2
            # The keys of a mapping are its shape; what is said stands in its values.
            self._assign(node.target.items[1] if keyed else node.target, node.iter)
            self.looped.update(names_of(node.target))
        elif kind == "With":
            for target, value in zip(node.targets, node.values, strict=True):
                self._assign(target, value)

    def _collect_parts(self, target: Any, value: Any) -> None:
        """Note what a namespace is made with: `namespace(found=false)` assigns `found`."""
        if type(value).__name__ == "Call" and type(target).__name__ == "Name":
            for each in value.kwargs:
                self.assigned.setdefault(f"{target.name}.{each.key}", []).append(each.value)

    def _assign(self, target: Any, value: nodes.Node) -> None:
        """Note one assignment; each name of several takes the whole."""
        for name in names_of(target):
            self.assigned.setdefault(name, []).append(value)

    def _collect_calls(self, tree: nodes.Template) -> None:
        """Take the arguments of calls for what the macros' parameters can hold."""
        for node in walk(tree):
            call: Any = node
            if type(call).__name__ == "Call" and type(call.node).__name__ == "Name" and call.node.name in self.macros:
                macro = self.macros[call.node.name]
                for name, value in zip(macro.args, call.args, strict=False):
                    self._assign(name, value)
                for each in call.kwargs:
                    self.assigned.setdefault(each.key, []).append(each.value)

    def _settle(self) -> None:
        """Follow where values come from until nothing new is found."""
        for _ in range(12):
            before = dict(self._origins)
            for name, values in self.assigned.items():
                found = self._origins.get(name, _NOTHING).union(*(self.origins(value) for value in values))
                self._origins[name] = found | {COUNT} if any(_counts(value, name) for value in values) else found
            if before == self._origins:
                return

    def _step(self, node: Any) -> None:
        """Count the work done, which a template can make grow with the square of its size."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise Unreadable("template-size", getattr(node, "lineno", None) or 1, "is too intricate to be judged")

    # Constants

    def constant(self, node: Any) -> Any:
        """Give what an expression always is, None when that depends on anything."""
        self._step(node)
        kind = type(node).__name__
        if kind == "Const":
            return node.value
        if kind == "TemplateData":
            return node.data
        if kind == "Name":
            return self._constant_of(node.name)
        if kind in ("Concat", "Add"):
            parts = node.nodes if kind == "Concat" else (node.left, node.right)
            return _together([self.constant(each) for each in parts], text=kind == "Concat")
        if kind == "Filter":
            return self._filtered(node)
        if kind == "Neg":
            value = self.constant(node.node)
            return -value if isinstance(value, int | float) else None
        if kind in ("Mul", "Sub"):
            return _counted(kind, self.constant(node.left), self.constant(node.right))
        return self._taken(node) if kind == "Getitem" else None

    def _constant_of(self, name: str) -> Any:
        """Give the one constant that a variable ever holds."""
        if name not in self._constants:
            values = self.assigned.get(name, [])
            self._constants[name] = None  # what holds itself is no constant
            self._constants[name] = self.constant(values[0]) if len(values) == 1 else None
        return self._constants[name]

    def _filtered(self, node: Any) -> Any:
        """Give a constant that goes through one of the filters that only respell it."""
        items = getattr(node.node, "items", None)
        if node.name == "join" and isinstance(items, list):
            between = self.constant(node.args[0]) if node.args else ""
            parts = [self.constant(each) for each in items]
            joined = [each for part in parts for each in (between, part)][1:]
            return _together(joined, text=True)
        value = self.constant(node.node) if node.node is not None else None
        if not isinstance(value, str):
            return None
        if node.name == "replace" and len(node.args) == 2:
            old, new = (self.constant(each) for each in node.args)
            if isinstance(old, str) and isinstance(new, str) and old:
                return value.replace(old, new)[:_LONGEST]
        changes = {"lower": value.lower(), "upper": value.upper(), "trim": value.strip(), "reverse": value[::-1]}
        return changes.get(node.name, value if node.name in ("string", "safe") else None)

    def _taken(self, node: Any) -> Any:
        """Give a slice of a constant text."""
        value = self.constant(node.node)
        if type(node.arg).__name__ != "Slice" or not isinstance(value, str):
            return None
        ends = [self.constant(each) if each else None for each in (node.arg.start, node.arg.stop, node.arg.step)]
        return value[slice(*ends)] if ends[2] != 0 and all(isinstance(each, int | None) for each in ends) else None

    def strings(self, node: Any) -> set[str]:
        """Give the constant texts that can be what an expression holds, or a part of it."""
        whole = self.constant(node)
        if isinstance(whole, str):
            return {whole}
        found: set[str] = set()
        seen: set[str] = set()
        waiting: list[Any] = [node]
        while waiting:
            each = waiting.pop()
            self._step(each)
            text = each.data if type(each).__name__ == "TemplateData" else getattr(each, "value", None)
            if type(each).__name__ in ("Const", "TemplateData") and isinstance(text, str):
                found.add(text)
            waiting.extend(self._sources(each, seen))
        return found

    def _sources(self, node: Any, seen: set[str]) -> Iterable[Any]:
        """Give the expressions that an expression takes its texts from; keys are none of them."""
        kind = type(node).__name__
        name = variable(node)
        if name and name in self.assigned and name not in seen:
            seen.add(name)
            return [*self.assigned[name]]
        if kind in ("Getattr", "Getitem"):
            return [node.node]
        if kind == "Call" and type(node.node).__name__ == "Name":
            return []
        if kind == "Call":
            return [node.node.node, *node.args] if type(node.node).__name__ == "Getattr" else []
        if kind == "CondExpr":
            return [each for each in (node.expr1, node.expr2) if each is not None]
        return [] if kind in ("Compare", "Test") else list(node.iter_child_nodes())

    # Origins

    def origins(self, node: Any) -> frozenset[str]:
        """Say where what an expression holds can come from."""
        self._step(node)
        kind = type(node).__name__
        if kind == "Name":
            return self._origins.get(node.name, _NOTHING) | _GIVEN.get(node.name, _NOTHING)
        if kind in ("Getattr", "Getitem"):
            return self._part(node)
        if kind == "Filter":
            return self._through(node)
        if kind == "Call":
            return self._called(node)
        if kind == "CondExpr":
            return self._all(each for each in (node.expr1, node.expr2) if each is not None)
        if kind in ("Compare", "Not", "Test", "Const"):
            return _NOTHING
        found = self._all(node.iter_child_nodes())
        # Written into a text, messages are what they say; the remainder of a number never has them.
        return found | {CONTENT} if kind in ("Concat", "Mod") and MESSAGES in found else found

    def _all(self, several: Iterable[Any]) -> frozenset[str]:
        """Unite the origins of several expressions."""
        return _NOTHING.union(*(self.origins(each) for each in several))

    def _part(self, node: Any) -> frozenset[str]:
        """Say where an attribute or item comes from."""
        name = variable(node)
        if name in self.assigned:
            return self._origins.get(name, _NOTHING)
        receiver = node.node
        if type(receiver).__name__ == "Name" and receiver.name == "loop":
            attribute = getattr(node, "attr", "")
            return frozenset({COUNT}) if attribute in _POSITIONS else self._neighbour(attribute)
        base = self.origins(receiver)
        key = node.attr if type(node).__name__ == "Getattr" else self.constant(node.arg)
        if key in _SHAPE:
            return base - {CONTENT, MESSAGES}
        if key == "content":
            return (base - {MESSAGES}) | {CONTENT}
        if MESSAGES in base and isinstance(key, str):
            return (base - {MESSAGES}) | {CONTENT} if key in _SAID else base
        computed = type(node).__name__ == "Getitem" and type(node.arg).__name__ not in ("Const", "Slice")
        if MESSAGES in base and computed and (MESSAGES in self.origins(node.arg) or self.strings(node.arg)):
            return base | {CONTENT}
        return base

    def _neighbour(self, attribute: str) -> frozenset[str]:
        """Say where `loop.previtem` comes from: from the messages, wherever there is a loop over them."""
        return frozenset({MESSAGES}) if attribute in ("previtem", "nextitem") else _NOTHING

    def _through(self, node: Any) -> frozenset[str]:
        """Say where a filtered value comes from."""
        base = self._all(node.iter_child_nodes())
        if node.name in ("length", "count", "wordcount"):
            return measured(base)
        if node.name in _TEXTS and MESSAGES in base:
            return base | {CONTENT}
        given = {self.constant(each) for each in [*node.args, *(each.value for each in node.kwargs)]}
        if MESSAGES in base and (node.name == "groupby" or (node.name != "selectattr" and given & _SAID)):
            return base | {CONTENT}
        if node.name == "map":
            if MESSAGES in base and any(self.constant(each) in _TEXTS for each in node.args):
                return base | {CONTENT}
            keys = {self.constant(each.value) for each in node.kwargs if each.key == "attribute"}
            if MESSAGES in base and keys & _SAID:
                return (base - {MESSAGES}) | {CONTENT}
            return base - {CONTENT, MESSAGES} if keys and keys <= _SHAPE else base
        return base

    def _called(self, node: Any) -> frozenset[str]:
        """Say where the result of a call comes from."""
        if type(node.node).__name__ == "Name":
            if node.node.name == "strftime_now":
                return frozenset({CLOCK})
            if node.node.name in ("range", "dict", "namespace"):
                return self._all([*node.args, *node.kwargs])
            return self._origins.get(f"{node.node.name}()", _NOTHING)
        base = self._all(node.iter_child_nodes())
        method = getattr(node.node, "attr", "")
        keys = {self.constant(each) for each in node.args} if method == "get" else set()
        if method == "get" and keys & _SHAPE:
            return base - {CONTENT, MESSAGES}
        keys |= {"content"} if method == "get" and self.constant(node.args[0] if node.args else None) is None else set()
        if method in ("find", "rfind", "index", "count"):
            return measured(base)
        opened = method in ("items", "values") or keys & _SAID
        return base | {CONTENT} if MESSAGES in base and opened else base


def _counts(value: Any, name: str) -> bool:
    """Say whether an assignment counts its variable up."""
    return (
        type(value).__name__ == "Add"
        and variable(value.left) == name
        and isinstance(getattr(value.right, "value", None), int)
    )


def measured(origins: frozenset[str]) -> frozenset[str]:
    """Say where a length comes from, by what is measured."""
    found = {LENGTH} if CONTENT in origins else {COUNT} if MESSAGES in origins else set()
    return frozenset(found) | (origins & {CLOCK})


def variable(node: Any) -> str:
    """Name the variable that an expression is, `space.part` for one of a namespace; empty when it is none."""
    kind = type(node).__name__
    if kind == "Name":
        return str(node.name)
    if kind == "NSRef":
        return f"{node.name}.{node.attr}"
    if kind == "Call" and type(node.node).__name__ == "Name":
        return f"{node.node.name}()"
    if kind == "Getattr" and type(node.node).__name__ == "Name":
        return f"{node.node.name}.{node.attr}"
    if kind == "Getitem" and type(node.node).__name__ == "Name" and isinstance(getattr(node.arg, "value", None), str):
        return f"{node.node.name}.{node.arg.value}"
    return ""


def names_of(target: Any) -> Iterator[str]:
    """Give the names that an assignment or a loop sets."""
    if type(target).__name__ in ("Tuple", "List"):
        for each in target.items:
            yield from names_of(each)
    elif name := variable(target):
        yield name


def _keyed(iterated: Any) -> bool:
    """Say whether a loop goes over a mapping's keys and values."""
    called = getattr(iterated.node, "attr", "") if type(iterated).__name__ == "Call" else ""
    return called == "items" or (type(iterated).__name__ == "Filter" and iterated.name in ("items", "dictsort"))


def _printed(block: Any) -> Any:
    """Give what a block prints as one expression; what is printed in a loop counts twice, as for more than once."""
    from jinja2 import nodes

    inner = {id(each) for node in walk(block) if type(node).__name__ == "For" for each in _outputs([node])}
    parts = [part for each in _outputs(block.body) for part in ([each, each] if id(each) in inner else [each])]
    return nodes.Concat(parts, lineno=block.lineno)


def _outputs(body: Iterable[Any]) -> Iterator[Any]:
    """Give the expressions that a body prints."""
    for statement in body:
        for node in walk(statement):
            if type(node).__name__ == "Output":
                yield from node.iter_child_nodes()


def _together(parts: list[Any], *, text: bool) -> Any:
    """Join constants as `~` (text) or `+` does; None when one is not known or that is no constant of use."""
    if any(part is None for part in parts):
        return None
    if text or all(isinstance(part, str) for part in parts):
        return "".join(str(part) for part in parts)[:_LONGEST]
    if all(isinstance(part, int) for part in parts):
        return sum(parts)
    return None


def _counted(kind: str, left: Any, right: Any) -> Any:
    """Multiply or subtract constant numbers, or repeat a short text."""
    if isinstance(left, int) and isinstance(right, int) and max(abs(left), abs(right)) < 2**63:
        return left * right if kind == "Mul" else left - right
    texts, numbers = [each for each in (left, right) if isinstance(each, str)], [left, right]
    count = next((each for each in numbers if isinstance(each, int)), None)
    if kind == "Mul" and texts and count is not None and 0 <= count * len(texts[0]) <= _LONGEST:
        return texts[0] * count
    return None
