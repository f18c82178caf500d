"""Counts what a chat template does with a conversation of usual size: steps, and letters of what it prints.

The counts are estimates from above. They are for telling apart what grows with the messages from what multiplies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from localdev.models.vetting.templates_parse import Findings, walk
from localdev.models.vetting.templates_values import Values, names_of, variable

if TYPE_CHECKING:
    from jinja2 import nodes

_DATA = 10  # how many messages, parts or tools are taken to be there
_TEXT = 1000  # letters taken to be in a value from outside
# Of 400 published templates, counted in this way, none takes more than 1,500,000 steps, prints more than 930,000,000
# letters (which real conversations are far from) or holds a value of more than 70,000,000.
MOST_STEPS = 20_000_000
MOST_LETTERS = 10_000_000_000
LARGEST_VALUE = 700_000_000
# By how much a filter may lengthen a text: quotes are escaped, letters spelled as `%41`, signs as `&quot;`.
_FACTORS = {"tojson": 2.0, "urlencode": 3.0, "e": 5.0, "escape": 5.0, "forceescape": 5.0, "wordwrap": 2.0}


def measure(tree: nodes.Template, values: Values, findings: Findings) -> tuple[float, float]:
    """Give (steps, letters of the largest value), with a finding where either, or what is printed, is of no use."""
    meter = _Meter(values)
    letters = meter.body(tree.body)
    if meter.steps > MOST_STEPS:
        findings.add("template-loop", "refuse", 1, "nests loops so that it would not end in any useful time")
    if letters > MOST_LETTERS or meter.largest > LARGEST_VALUE:
        findings.add("template-growth", "refuse", 1, "puts texts together that grow beyond all bounds")
    return meter.steps, meter.largest


class _Meter:
    """Goes through a template once, in its order; macros count each time they are called."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self.steps = 0.0
        self.largest = 0.0
        self._sizes: dict[str, float] = {}
        self._macros: dict[str, tuple[float, float]] = {}
        self._times = 1.0

    def body(self, statements: Iterable[Any]) -> float:
        """Give the letters that a body prints."""
        return sum(self._statement(each) for each in statements)

    def _statement(self, node: Any) -> float:
        """Give the letters that a statement prints, and count it."""
        self.steps += self._times
        kind = type(node).__name__
        if kind == "Output":
            return sum(self._size(each) for each in node.nodes)
        if kind == "For":
            return self._loop(node)
        if kind == "Assign":
            size = self._size(node.node)
            for name in names_of(node.target):
                self._hold(name, self._kept(name, node.node, size) if "." in name else size)
            return 0.0
        if kind == "If":
            for branch in node.elif_:
                self._size(branch.test)
            return sum(self.body(part) for part in (node.body, *(each.body for each in node.elif_), node.else_))
        if kind == "Macro":
            return 0.0
        printed = self.body(getattr(node, "body", []))
        if kind == "AssignBlock":
            self._hold(variable(node.target), printed)
            return 0.0
        if kind == "CallBlock":
            return self._size(node.call) + printed * _DATA
        return printed

    def _kept(self, name: str, value: Any, size: float) -> float:
        """Give what a part of a namespace comes to: what is added to it in a loop is added in each turn."""
        if not any(variable(each) == name for each in walk(value)):
            return size
        before = self._sizes.get(name, float(_TEXT))
        return before + max(size - before, 0.0) * self._times

    def _hold(self, name: str, size: float) -> None:
        """Note what a variable holds, and the largest of all."""
        self._sizes[name] = max(size, self._sizes.get(name, 0.0))
        self.largest = max(self.largest, self._sizes[name])

    def _loop(self, node: Any) -> float:
        """Give the letters that a loop prints in all its turns."""
        size = self._size(node.iter)
        turns = self._turns(node.iter)
        for name in names_of(node.target):
            self._hold(name, size / max(turns, 1.0))
        before, self._times = self._times, self._times * turns
        printed = self.body(node.body) * turns
        self._times = before
        return printed + self.body(node.else_)

    def _turns(self, iterated: Any) -> float:
        """Say how often a loop turns."""
        fixed = self._values.constant(iterated)
        if isinstance(fixed, str):
            return float(len(fixed))
        kind = type(iterated).__name__
        if kind in ("List", "Tuple", "Dict"):
            return float(len(iterated.items))
        if variable(iterated) == "range()" and iterated.args:
            ends = [self._values.constant(each) for each in iterated.args]
            numbers = [abs(each) for each in ends if isinstance(each, int)]
            return float(max(numbers)) if len(numbers) == len(ends) else float(max([_DATA, *numbers]))
        return float(_DATA)

    def _size(self, node: Any) -> float:
        """Give the letters of what an expression holds."""
        kind = type(node).__name__
        if kind in ("Const", "TemplateData"):
            fixed = node.value if kind == "Const" else node.data
            return float(len(fixed)) if isinstance(fixed, str) else 8.0
        name = variable(node)
        if name.endswith("()"):
            return self._called(node, name.removesuffix("()"))
        if name in self._sizes:
            return self._sizes[name]
        if kind == "Filter":
            return self._filtered(node)
        if kind == "Mul":
            left, right = self._size(node.left), self._size(node.right)
            counts = [each for each in map(self._values.constant, (node.left, node.right)) if isinstance(each, int)]
            return max(left, right) * (counts[0] if counts else _DATA)
        if kind in ("Concat", "List", "Tuple", "Dict"):
            return sum(self._size(each) for each in node.iter_child_nodes())
        if kind == "Add":
            return self._size(node.left) + self._size(node.right)
        return self._other(node, kind)

    def _other(self, node: Any, kind: str) -> float:
        """Give the letters of a choice, a part or a method's result; of anything else those of a value from outside."""
        if kind in ("CondExpr", "And", "Or", "Pair", "Keyword"):
            return max([self._size(each) for each in node.iter_child_nodes()], default=0.0)
        if kind in ("Compare", "Test", "Not", "Mod", "Sub", "Neg"):
            for each in node.iter_child_nodes():
                self._size(each.expr if type(each).__name__ == "Operand" else each)
            return 8.0
        if kind in ("Getitem", "Getattr"):
            return max(self._size(node.node), 1.0)
        if kind == "Call" and type(node.node).__name__ == "Getattr":
            arguments = [self._size(each) for each in node.args]
            return self._grown(node.node.attr, self._size(node.node.node), arguments)
        return float(_TEXT)

    def _filtered(self, node: Any) -> float:
        """Give the letters of a filtered value."""
        arguments = [self._size(each) for each in node.args]
        size = self._size(node.node) if node.node is not None else float(_TEXT)
        return 8.0 if node.name in ("length", "count") else self._grown(node.name, size, arguments)

    def _grown(self, name: str, size: float, arguments: list[float]) -> float:
        """Give the letters after a filter or method that may put one text between the letters of another."""
        grown = size * _FACTORS.get(name, 1.0)
        if name == "replace" and len(arguments) > 1:
            grown = size * max(1.0, arguments[1] / max(arguments[0], 1.0))
        elif name == "join":
            receiver, joined = (arguments[0], size) if arguments else (0.0, size)
            grown = joined + receiver * _DATA
        elif name in ("default", "d", "get"):
            grown = max([size, *arguments])
        self.largest = max(self.largest, grown)
        return grown

    def _called(self, node: Any, name: str) -> float:
        """Give the letters that a macro prints; one that is being counted already counts as a value."""
        for each in [*node.args, *(keyword.value for keyword in node.kwargs)]:
            self._size(each)
        macro = self._values.macros.get(name)
        if macro is None:
            return 8.0 if name == "range" else 30.0
        if name not in self._macros:
            self._macros[name] = (1.0, float(_TEXT))
            before, times = self.steps, self._times
            self.steps, self._times = 0.0, 1.0
            printed = self.body(macro.body)
            self._macros[name] = (self.steps, printed)
            self.steps, self._times = before, times
        steps, printed = self._macros[name]
        self.steps += steps * self._times
        return printed
