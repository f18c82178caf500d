"""Tests in Go, beside the file under test and in its package."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localdev.assistant.gen.testing import (
    TO_FILL,
    Case,
    Subject,
    behaviours,
    camel,
    indented,
    inserted,
    last_row,
    named,
    pascal,
    variable,
    with_line_ends,
)
from localdev.core.errors import UsageError
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import text_of, walk

_BASIC = frozenset({"string", "bool", "byte", "rune", "float32", "float64", "int", "int64", "uint", "uint64", "error"})
_IMPORTS = r"(?:import\s|\)\s*$|package\s)"


@dataclass(frozen=True, slots=True)
class GoTests:
    """Tests of one function or method of a Go package."""

    subject: Subject
    framework: str
    path: str
    package: str
    old: str | None

    def name(self, title: str) -> str:
        """Give a test function's name that is not taken."""
        base = "Test" + "_".join(
            filter(None, (_capital(self.subject.owner), _capital(self.subject.name), pascal(title)))
        )
        return next(
            name
            for name in (base, *(f"{base}{n}" for n in range(2, 1000)))
            if not re.search(rf"\bfunc {name}\(", self.old or "")
        )

    def known(self) -> Sequence[Case]:
        """Give the blank tests."""
        titles = [title for title, _ in behaviours(self.subject)]
        if re.search(r"\berror\)?$", self.subject.signature.returns):
            titles.append("fails")
        return [Case(title, tuple(self._body()), blank=True) for title in titles]

    def _body(self) -> Iterator[str]:
        """Write the lines of a blank test: variables of the right types, the call, and a failure that says it all."""
        subject, signature = self.subject, self.subject.signature
        results = _results(signature.returns)
        types = self._types()
        given = f"[{', '.join(types.values())}]" if types else ""
        names = []
        for number, each in enumerate(signature.parameters):
            name = each.name if each.name not in ("_", "t", "") else f"value{number}"
            kind = re.sub(r"\b\w+\b", lambda word: types.get(word[0], word[0]), each.type.removeprefix("..."))
            yield f"var {name} {'[]' if each.kind == 'rest' else ''}{kind}"
            names.append(name + ("..." if each.kind == "rest" else ""))
        holder = ""
        if subject.owner:
            holder = variable(camel(subject.owner))
            holder = holder if holder not in names else "subject"
            yield f"var {holder} {subject.owner}{given}"
            holder += "."
        call = f"{holder}{subject.name}{'' if holder else given}({', '.join(names)})"
        if not results:
            yield call
            yield f't.Error("{TO_FILL}")'
            return
        got = ["got"] if results == 1 else [f"got{number}" for number in range(1, results + 1)]
        yield f"{', '.join(got)} := {call}"
        yield f't.Errorf("{TO_FILL}; got {", ".join("%v" for _ in got)}", {", ".join(got)})'

    def _types(self) -> dict[str, str]:
        """Give a type for each type parameter of the function, or of the type the method belongs to.

        Raises:
            UsageError: its constraint does not show one.
        """
        node = self.subject.target.node
        if receiver := node.child_by_field_name("receiver"):
            named = re.findall(r"\w+", text_of(receiver).partition("[")[2])
            return dict(zip(named, _type_parameters(self._declared()).values(), strict=False)) if named else {}
        return _type_parameters(text_of(node.child_by_field_name("type_parameters")).strip("[]"))

    def _declared(self) -> str:
        """Give the type parameters of the type the method belongs to, as its package declares them.

        Raises:
            UsageError: it does not.
        """
        folder, files = self.subject.target.path.rpartition("/")[0], self.subject.files
        for path in files.paths:
            if path.rpartition("/")[0] == folder and path.endswith(".go"):
                found = re.search(
                    rf"^(?:type)?\s+{self.subject.owner}\[([^\n]*)\]", files.read(path) or "", re.MULTILINE
                )
                if found:
                    return found[1]
        raise UsageError(
            f"{self.subject.owner} is declared nowhere beside {self.subject.target.path}", "declare it first"
        )

    def written(self, cases: Sequence[Case], imports: Sequence[str]) -> str:
        """Give the test file with the cases added."""
        lines: list[str] = []
        for name, case in named(cases, self.name, "More"):
            skip = [f't.Skip("{TO_FILL}")'] if case.blank else []
            lines += ["", f"func {name}(t *testing.T) {{", *indented([*skip, *case.body], "\t"), "}"]
        needed = ['import "testing"', *self._imports_of_types(lines), *imports]
        paths = [each.removeprefix("import").strip() for each in needed]
        if self.old is None:
            own = sorted({path for path in paths if "." not in path.split("/")[0]})
            others = sorted(set(paths) - set(own))
            listed = [*(f"\t{path}" for path in own), *([""] if others else []), *(f"\t{path}" for path in others)]
            head = [f"package {self.package}", "", "import (", *listed, ")"]
            return with_line_ends("\n".join([*head, *lines, ""]), self.subject.target.text)
        text = inserted(self.old, self.old.count("\n") + 1, lines)
        missing = [
            f"import {path}"
            for path in dict.fromkeys(paths)
            if path.rpartition('"')[0].rpartition('"')[2] and not self._has(path)
        ]
        return inserted(text, self._import_row(), missing) if missing else text

    def _has(self, path: str) -> bool:
        """Say whether the old file imports a path."""
        quoted = re.search(r'"[^"]+"', path)
        return quoted is not None and quoted.group() in (self.old or "").split("\nfunc ", 1)[0]

    def _import_row(self) -> int:
        """Give the row behind the imports of the old file."""
        head = re.split(r"^(?:func|type|var|const)\b", self.old or "", maxsplit=1, flags=re.MULTILINE)[0]
        return last_row(head, _IMPORTS)

    def _imports_of_types(self, lines: Sequence[str]) -> list[str]:
        """Give the imports of the file under test whose packages the variables' types name."""
        body = "\n".join(line for line in lines if re.match(r"\tvar ", line))
        found = []
        for node in walk(self.subject.target.tree.root):
            if node.type == "import_spec":
                path = text_of(node.child_by_field_name("path"))
                alias = text_of(node.child_by_field_name("name"))
                name = alias or re.sub(r"/v\d+$", "", path.strip('"')).rpartition("/")[2].removeprefix("go-")
                if re.search(rf"\b{re.escape(name)}\.", body):
                    found.append(f"import {alias} {path}".replace("  ", " "))
        return found


def _capital(name: str) -> str:
    """Give a name with a capital, as Go's names of tests have it."""
    return name[:1].upper() + name[1:]


def _type_parameters(text: str) -> dict[str, str]:
    """Read `K comparable, V any | ~string`: a type that fits, by name.

    Raises:
        UsageError: a constraint is a type of its own.
    """
    found: dict[str, str] = {}
    kind = ""
    for part in reversed([each.strip() for each in text.split(",") if each.strip()]):
        name, _, constraint = part.partition(" ")
        kind = constraint.strip() or kind  # `K, V any`
        first = kind.split("|")[0].strip(" ~")
        if first not in _BASIC and not re.match(r"any$|comparable$|(?:cmp|constraints)\.", first):
            raise UsageError(f"what fits {kind} is not known here", "write the test by hand")
        found[name] = first if first in _BASIC else "int"
    return dict(reversed(found.items()))


def _results(returns: str) -> int:
    """Count what a function gives back."""
    if not returns:
        return 0
    if not returns.startswith("("):
        return 1
    depth, count = 0, 1
    for char in returns[1:-1]:
        depth += (char in "([{") - (char in ")]}")
        count += char == "," and depth == 0
    return count


def go_tests(subject: Subject) -> GoTests:
    """Learn how a package is tested.

    Raises:
        UsageError: the symbol is no function, or the file is a test itself.
    """
    target, files = subject.target, subject.files
    if not subject.signature.callable or target.path.endswith("_test.go"):
        raise UsageError(f"{target.symbol.qualified} is no function that tests could call", "name a function or method")
    path = target.path.removesuffix(".go") + "_test.go"
    package = next((text_of(node.named_children[0]) for node in _clauses(target.tree.root)), "main")
    old = files.read(path)
    if old and not re.search(rf"^package {package}\s*$", old, re.MULTILINE):
        path = target.path.removesuffix(".go") + "_internal_test.go"
        old = files.read(path)
    uses = "stretchr/testify" in (old or "")
    return GoTests(subject, "testing and testify" if uses else "testing", path, package, old)


def _clauses(root: SyntaxNode) -> list[SyntaxNode]:
    """Give the package clause of a file."""
    return [node for node in root.named_children if node.type == "package_clause"]
