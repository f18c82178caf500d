"""How much a chat template can do: loops without an end, macros that call themselves, texts that double."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from localdev.models.vetting.templates_meter import measure
from localdev.models.vetting.templates_parse import Findings, piece, visible, walk
from localdev.models.vetting.templates_values import COUNT, LENGTH, MESSAGES, Values, variable

if TYPE_CHECKING:
    from jinja2 import nodes

_LONGEST_RANGE = 10_000  # numbers in a range with fixed ends
_DEEPEST_NEST = 3
_WIDEST = 1000  # letters that a filter may pad to
_ENDED = {"Const", "Name", "Getattr", "Add", "Sub", "Neg", "Filter", "Getitem"}
_COUNTING = {"length", "count"}
# What comes out of these can be longer than what goes in, by a factor.
_GROWING = {"replace", "join", "tojson", "urlencode", "indent", "center", "wordwrap", "format", "e", "escape"}
_WIDTHS = {"indent": (0, "width"), "center": (0, "width"), "batch": (0, "linecount"), "slice": (0, "slices"),
           "tojson": (0, "indent"), "wordwrap": (0, "width")}  # fmt: skip


def check_work(tree: nodes.Template, values: Values, findings: Findings) -> None:
    """Find what could go on without end or grow without bound; none of these rules can be overruled."""
    for node in walk(tree):
        kind = type(node).__name__
        check = _CHECKS.get(kind)
        if check is not None:
            check(node, values, findings)
    _check_nesting(tree, values, findings)
    _check_namespaces(tree, values, findings)
    _check_recursion(values, findings)
    _check_doubling(values, findings)
    if not any(each.rule in ("template-loop", "template-growth") for each in findings.found):
        measure(tree, values, findings)


def _check_for(node: Any, values: Values, findings: Findings) -> None:
    """A loop goes over what is there, and does not call itself."""
    if node.recursive:
        findings.add("template-loop", "refuse", node.lineno, "has a loop that calls itself")


def _check_call(node: Any, values: Values, findings: Findings) -> None:
    """`loop(...)` calls the loop itself; `range` has ends that are small, or come from a count."""
    name = getattr(node.node, "name", "") if type(node.node).__name__ == "Name" else ""
    if name == "loop":
        findings.add("template-loop", "refuse", node.lineno, f"has a loop that calls itself: {piece(node)}")
    if name != "range":
        return
    fixed = [values.constant(each) for each in node.args]
    if any(isinstance(each, int | float) and abs(each) > _LONGEST_RANGE for each in fixed):
        findings.add("template-loop", "refuse", node.lineno, f"loops too often: {piece(node)}")
    elif not all(_ended(each, values) for each in node.args):
        findings.add("template-loop", "refuse", node.lineno, f"loops to an end that is computed: {piece(node)}")


def _ended(argument: Any, values: Values) -> bool:
    """Say whether the end of a range is a number of things that are there: messages, parts, tools, not letters."""
    if LENGTH in values.origins(argument) and _over_letters(argument, values):
        return False
    for each in walk(argument):
        kind = type(each).__name__
        if kind not in _ENDED or (kind == "Filter" and getattr(each, "name", "") not in _COUNTING):
            return False
        for value in values.assigned.get(variable(each), []):
            number = values.constant(value)
            if type(value).__name__ in ("Mul", "Pow") or (isinstance(number, int) and abs(number) > _LONGEST_RANGE):
                return False
    return True


def _over_letters(argument: Any, values: Values) -> bool:
    """Say whether a length is that of a text put together rather than of a message's list of parts."""
    measured = [getattr(each, "node", None) for each in walk(argument) if type(each).__name__ == "Filter"]
    return any(type(each).__name__ in ("Filter", "Concat", "Add") for each in measured)


def _check_filter(node: Any, values: Values, findings: Findings) -> None:
    """Filters that pad do so by a fixed and small width."""
    if node.name not in _WIDTHS:
        return
    place, name = _WIDTHS[node.name]
    given = [each.value for each in node.kwargs if each.key == name] + list(node.args[place : place + 1])
    for each in given:
        width = values.constant(each)
        if width is None and type(each).__name__ == "Const":
            continue
        fits = width <= _WIDEST if isinstance(width, int) else isinstance(width, str) and len(width) <= _WIDEST
        if not fits:
            findings.add("template-growth", "refuse", node.lineno, f"pads a text by a large width: {piece(node)}")


def _check_mul(node: Any, values: Values, findings: Findings) -> None:
    """No large repetition."""
    sizes = [values.constant(each) for each in (node.left, node.right)]
    if any(isinstance(each, int | float) and abs(each) > _LONGEST_RANGE for each in sizes):
        findings.add("template-growth", "refuse", node.lineno, f"repeats something very often: {piece(node)}")


def _check_pow(node: Any, values: Values, findings: Findings) -> None:
    """Powers are of no use in a prompt."""
    findings.add("template-growth", "refuse", node.lineno, f"raises to a power: {piece(node)}")


def _check_nesting(tree: nodes.Template, values: Values, findings: Findings) -> None:
    """Loops over all messages stand within one another three deep at most, in published templates."""
    waiting: list[tuple[Any, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if type(node).__name__ == "For" and _over_all(node.iter, values):
            depth += 1
            if depth > _DEEPEST_NEST:
                findings.add("template-loop", "refuse", node.lineno, f"nests {depth} loops over all messages")
        waiting.extend((child, depth) for child in node.iter_child_nodes())


def _over_all(iterated: Any, values: Values) -> bool:
    """Say whether a loop goes over the messages as a whole, not over a part of one."""
    while type(iterated).__name__ == "Filter" or type(getattr(iterated, "arg", None)).__name__ == "Slice":
        if iterated.node is None:
            return False
        iterated = iterated.node
    found = values.origins(iterated)
    if variable(iterated) == "range()":
        return bool(found & {MESSAGES, COUNT, LENGTH})
    return type(iterated).__name__ == "Name" and iterated.name not in values.looped and MESSAGES in found


def _check_namespaces(tree: nodes.Template, values: Values, findings: Findings) -> None:
    """A namespace that holds itself is a nesting without end."""
    graph: dict[str, dict[str, int]] = {}
    lines: dict[str, int] = {}
    for node in walk(tree):
        each: Any = node
        if type(each).__name__ == "Assign" and type(each.target).__name__ == "NSRef":
            held = {inner.name for inner in walk(each.node) if type(inner).__name__ == "Name"}  # type: ignore[attr-defined]
            graph.setdefault(each.target.name, {}).update(dict.fromkeys(held, 1))
            lines[each.target.name] = each.lineno
    for name in sorted(name for group in _circles(graph) for name in group):
        whole = [value for other, given in values.assigned.items() if other.startswith(f"{name}.") for value in given]
        if any(_holds(value, graph.keys()) for value in whole):
            findings.add("template-loop", "refuse", lines[name], f"puts a namespace into itself: {visible(name)}")


def _holds(value: Any, names: Iterable[str]) -> bool:
    """Say whether an expression is, or lists, one of the namespaces as a whole."""
    if type(value).__name__ in ("List", "Tuple"):
        return any(_holds(each, names) for each in value.items)
    return type(value).__name__ == "Name" and value.name in names


def _check_recursion(values: Values, findings: Findings) -> None:
    """A macro calls itself, over whatever others, only with a part of what it was given."""
    calls = {
        name: [
            node
            for node in walk(macro)
            if type(node).__name__ == "Call" and getattr(getattr(node, "node", None), "name", "") in values.macros
        ]
        for name, macro in values.macros.items()
    }
    graph = {name: {node.node.name: 1 for node in found} for name, found in calls.items()}  # type: ignore[attr-defined]
    for group in _circles(graph):
        for name in sorted(group):
            inner: list[Any] = [node for node in calls[name] if node.node.name in group]  # type: ignore[attr-defined]
            for node in inner:
                arguments = [*node.args, *(each.value for each in node.kwargs)]
                if not any(_descends(each, values, set()) for each in arguments):
                    said = f"has a macro that calls itself: {piece(node)}"
                    findings.add("template-loop", "refuse", node.lineno, said)


def _descends(argument: Any, values: Values, seen: set[str]) -> bool:
    """Say whether an argument is a part of something: named in it, or what a loop takes from it."""
    for each in walk(argument):
        node: Any = each
        kind = type(node).__name__
        if kind == "Getattr" or (kind == "Filter" and node.name in ("items", "dictsort")):
            return True
        if kind == "Getitem" and type(node.arg).__name__ in ("Const", "Name") and not _number(node.arg):
            return True
        if kind == "Name" and node.name not in seen:
            seen.add(node.name)
            given = values.assigned.get(node.name, [])
            if node.name in values.looped and not all(_numbers(value) for value in given):
                return True
            if any(_descends(value, values, seen) for value in given):
                return True
    return False


def _numbers(iterated: Any) -> bool:
    """Say whether a loop goes over numbers or a fixed text, which have no parts."""
    return variable(iterated) == "range()" or type(iterated).__name__ == "Const"


def _number(node: Any) -> bool:
    """Say whether a key is a number: the first letter of a text is a text again."""
    return isinstance(getattr(node, "value", None), int)


def _check_doubling(values: Values, findings: Findings) -> None:
    """No text grows by more than it was, neither by itself nor over other variables and macros."""
    graph: dict[str, dict[str, int]] = {}
    for name, given in values.assigned.items():
        uses = [_uses(value, parts="." in name) for value in given]
        graph[name] = _sum(uses) if name.endswith("()") else _most(uses)
    for group in _circles(graph):
        # A macro that calls itself twice is judged by what it hands on; one that fills a namespace doubles it.
        kept = any("." in name for name in group)
        for name in sorted(group):
            grown = [other for other in group if graph[name].get(other, 0) > 1]
            if grown and (kept or not name.endswith("()")):
                line = values.assigned[name][0].lineno
                said = f"doubles a text again and again: {visible(name)} is put together from {visible(grown[0])}"
                findings.add("template-growth", "refuse", line, said)


def _uses(node: Any, *, parts: bool) -> dict[str, int]:
    """Count how often an expression holds the whole of each variable; with `parts`, also a part of it."""
    name, kind = variable(node), type(node).__name__
    if name and kind != "Call":
        return {name: 1}
    if kind in ("Compare", "Test", "Not", "Slice") or (kind == "Filter" and node.name in _COUNTING):
        return {}
    if kind in ("CondExpr", "And", "Or"):
        both = (node.expr1, node.expr2) if kind == "CondExpr" else (node.left, node.right)
        return _most(_uses(each, parts=parts) for each in both if each is not None)
    if kind in ("Getitem", "Getattr"):
        return _uses(node.node, parts=parts) if parts else {}
    if name:
        return _sum([{name: 1}, *(_uses(each, parts=parts) for each in [*node.args, *node.kwargs])])
    method = getattr(node.node, "attr", "") if kind == "Call" else ""
    if method and not parts:
        return _sum(_uses(each, parts=parts) for each in node.args)
    uses = _sum(_uses(each, parts=parts) for each in node.iter_child_nodes())
    if kind == "Mul" or (method or getattr(node, "name", "")) in _GROWING:  # a namespace keeps what it grew to
        return {each: times * (2 if "." in each else 1) for each, times in uses.items()}
    return uses


def _most(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Take the larger count of each, of ways of which one is gone."""
    most: dict[str, int] = {}
    for count in counts:
        for name, times in count.items():
            most[name] = max(most.get(name, 0), times)
    return most


def _sum(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Add the counts of things that stand side by side."""
    total: dict[str, int] = {}
    for count in counts:
        for name, times in count.items():
            total[name] = total.get(name, 0) + times
    return total


def _circles(graph: dict[str, dict[str, int]]) -> list[set[str]]:
    """Give the groups of names of which each leads to each other (and those that lead to themselves)."""
    reached = {name: _reached(name, graph) for name in graph if graph[name]}
    groups: list[set[str]] = []
    done: set[str] = set()
    for name, onward in reached.items():
        if name in done or name not in onward:
            continue
        group = {name} | {other for other in onward if name in reached.get(other, ())}
        done |= group
        groups.append(group)
    return groups


def _reached(start: str, graph: dict[str, dict[str, int]]) -> set[str]:
    """Give all names that one leads to."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for other in graph.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


_CHECKS = {
    "For": _check_for,
    "Call": _check_call,
    "Filter": _check_filter,
    "Mul": _check_mul,
    "Pow": _check_pow,
}
