"""Tests in Rust: in the module `tests` of the file itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localdev.assistant.gen.testing import (
    TO_FILL,
    Case,
    Subject,
    behaviours,
    indented,
    inserted,
    missing_lines,
    named,
    snake,
)
from localdev.core.errors import UsageError
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import text_of

_MODULE = ("#[cfg(test)]", "mod tests {", "    use super::*;")


@dataclass(frozen=True, slots=True)
class RustTests:
    """Tests of one Rust function; `module` is the file's module of tests, where it has one."""

    subject: Subject
    path: str
    module: SyntaxNode | None
    framework: str = "cargo test"

    def name(self, title: str) -> str:
        """Give a test function's name that is not taken."""
        base = snake(self.subject.owner, self.subject.name, title)
        base = base if not base[:1].isdigit() else f"test_{base}"
        taken = self.subject.target.text
        names = (base, f"{base}_works", *(f"{base}_{n}" for n in range(2, 1000)))
        return next(name for name in names if not re.search(rf"\bfn {name}\b", taken))

    def known(self) -> Sequence[Case]:
        """Give the blank tests."""
        titles = [title for title, _ in behaviours(self.subject)]
        if re.match(r"(?:\w+::)*Result\b", self.subject.signature.returns):
            titles.append("fails")
        return [Case(title, tuple(self._body()), blank=True) for title in titles]

    def _body(self) -> Iterator[str]:
        """Write the lines of a blank test; `todo!()` stands for a value of any type, and fails when it runs."""
        subject, signature = self.subject, self.subject.signature
        holder = f"{subject.owner}::" if subject.owner else ""
        loose = signature.generic or signature.waits or self._generic_owner()
        if loose:  # what cannot be told apart without its types would not compile
            arguments = ", ".join(each.name for each in signature.parameters)
            yield f'todo!("call {{}}", stringify!({holder}{subject.name}({arguments})));'
            return
        arguments = ", ".join("todo!()" for _ in signature.parameters)
        if subject.owner and not signature.static:
            mutable = "mut " if "&mut self" in subject.target.code.split("{")[0] else ""
            yield f"let {mutable}subject: {subject.owner} = todo!();"
            call = f"subject.{subject.name}({arguments})"
        else:
            call = f"{holder}{subject.name}({arguments})"
        yield f"let result = {call};" if signature.gives else f"{call};"
        yield 'todo!("say what is expected");'

    def _generic_owner(self) -> bool:
        """Say whether the type or trait around the function takes arguments, or stands for several types."""
        around = self.subject.target.node.parent
        while around is not None and around.type not in ("impl_item", "trait_item"):
            around = around.parent
        if around is None:
            return False
        return around.type == "trait_item" or "<" in text_of(around).split("{", 1)[0]

    def written(self, cases: Sequence[Case], imports: Sequence[str]) -> str:
        """Give the file with the tests in its module."""
        lines: list[str] = []
        for name, case in named(cases, self.name, "_more"):
            ignored = [f'#[ignore = "{TO_FILL}"]', "#[allow(unreachable_code, unused_variables)]"] if case.blank else []
            lines += ["", "#[test]", *ignored, f"fn {name}() {{", *indented(case.body, "    "), "}"]
        text = self.subject.target.text
        if self.module is None:
            more = indented([each for each in imports if each != "use super::*;"], "    ")
            blank = [] if text.endswith("\n\n") else [""]
            return inserted(text, text.count("\n") + 1, [*blank, *_MODULE, *more, *indented(lines, "    "), "}"])
        body = self.module.child_by_field_name("body")
        assert body is not None
        indent = " " * self.module.start_point[1]
        inner = text_of(body)
        added = inserted(text, body.end_point[0], indented(lines, indent + "    "))
        wanted = [*imports] if re.search(r"use super::\*|use super::\{", inner) else ["use super::*;", *imports]
        missing = missing_lines(inner, wanted)
        return inserted(added, body.start_point[0] + 1, indented(missing, indent + "    ")) if missing else added


def rust_tests(subject: Subject) -> RustTests:
    """Learn where a file keeps its tests.

    Raises:
        UsageError: the symbol is no function, or lies where the tests of the file cannot name it.
    """
    target = subject.target
    if not subject.signature.callable:
        raise UsageError(f"{target.symbol.qualified} is no function that tests could call", "name a function or method")
    module = None
    for number, node in enumerate(target.tree.root.named_children):
        if node.type == "mod_item" and node.child_by_field_name("body") is not None:
            before = target.tree.root.named_children[max(0, number - 3) : number]
            if any("cfg(test)" in text_of(each) for each in before if each.type == "attribute_item"):
                module = node
    if module is not None and module.start_point[0] == module.end_point[0]:
        raise UsageError(f"the module of tests in {target.path} is on one line", "give its brackets lines of their own")
    return RustTests(subject, target.path, module)
