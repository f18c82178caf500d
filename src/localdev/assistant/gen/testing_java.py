"""Tests in Java: JUnit 5 or 4 or TestNG, in the class that mirrors the one under test."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localdev.assistant.gen.declared import above
from localdev.assistant.gen.files import Files
from localdev.assistant.gen.testing import (
    TO_FILL,
    Case,
    Subject,
    behaviours,
    camel,
    indented,
    inserted,
    last_row,
    missing_lines,
    named,
    some_texts,
    variable,
    with_line_ends,
)
from localdev.core.errors import UsageError
from localdev.source.syntax.definitions import definitions
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import text_of

_PRIMITIVES = {
    "boolean": "false",
    "char": "' '",
    "float": "0f",
    "double": "0.0",
    "long": "0L",
    "int": "0",
    "short": "(short) 0",
    "byte": "(byte) 0",
}
# Methods that every object has: a test of that name would hide them.
_TAKEN = frozenset({"toString", "hashCode", "equals", "clone", "finalize", "notify", "notifyAll", "wait", "getClass"})
# Framework: the imports of a test, of one that is skipped, the mark of a skipped one, the class whose `fail` is used.
_FRAMEWORKS = {
    "JUnit 5": (
        "org.junit.jupiter.api.Test",
        "org.junit.jupiter.api.Disabled",
        "Disabled",
        "org.junit.jupiter.api.Assertions",
    ),
    "JUnit 4": ("org.junit.Test", "org.junit.Ignore", "Ignore", "org.junit.Assert"),
    "TestNG": ("org.testng.annotations.Test", "org.testng.annotations.Ignore", "Ignore", "org.testng.Assert"),
}
_BUILDS = ("pom.xml", "build.gradle", "build.gradle.kts", "gradle/libs.versions.toml")


@dataclass(frozen=True, slots=True)
class JavaTests:
    """Tests of one method or constructor; `holder` is the name of its class as a test writes it."""

    subject: Subject
    framework: str
    path: str
    package: str
    holder: str
    old: str | None

    def name(self, title: str) -> str:
        """Give a test method's name that is not taken."""
        base = camel(self.subject.called if self.subject.called != self.subject.owner else "creates", title)
        if base in _TAKEN or len(re.findall(r"\bvoid test[A-Z]", self.old or "")) > (self.old or "").count("@Test") / 2:
            base = camel("test", base)
        names = (base, *(f"{base}{n}" for n in range(2, 1000)))
        return next(name for name in names if not re.search(rf"\bvoid {name}\(", self.old or ""))

    def known(self) -> Sequence[Case]:
        """Give the blank tests."""
        return [Case(title, tuple(self._body(expected)), blank=True) for title, expected in behaviours(self.subject)]

    def _body(self, expected: str) -> Iterator[str]:
        """Write the lines of a blank test: the call with values of the right kind, and a failure that says it all."""
        subject, signature = self.subject, self.subject.signature
        alike = [
            each
            for each in definitions(subject.target.tree)
            if (each.symbol.name, each.symbol.parent) == (subject.name, subject.target.symbol.parent)
        ]
        given = [each.type for each in signature.parameters if each.kind == "plain"]
        typed = len(alike) > 1  # a bare null might mean any of them, which does not compile
        arguments = ", ".join(self._typed(kind) if typed else _value(kind) for kind in given)
        if subject.called == subject.owner:
            yield f"Object result = new {self.holder}({arguments});"
        elif subject.owner and not signature.static:
            holder = variable(camel(subject.owner))
            yield f"{self.holder} {holder} = null;"
            call = f"{holder}.{subject.name}({arguments});"
            yield f"Object result = {call}" if signature.gives else call
        else:
            call = f"{self.holder}.{subject.name}({arguments});"
            yield f"Object result = {call}" if signature.gives else call
        yield f'fail("{TO_FILL}{"" if expected == "result" else f"; {expected}"}");'

    def _typed(self, kind: str) -> str:
        """Give a value of exactly one type, as the test can name it."""
        plain = re.sub(r"<.*>", "", kind)
        if _value(kind) != "null":
            return _value(kind)
        bound = self._type_parameters().get(plain)
        if bound is not None:
            return f"({bound}) null"
        nested = [each.symbol.qualified for each in definitions(self.subject.target.tree) if each.symbol.name == plain]
        return f"({nested[0] if nested else plain}) null"

    def _type_parameters(self) -> dict[str, str]:
        """Give the type parameters that the method sees, and what each is at least."""
        found: dict[str, str] = {}
        node: SyntaxNode | None = self.subject.target.node
        while node is not None:
            listed = text_of(node.child_by_field_name("type_parameters")).strip("<>")
            for name, bound in re.findall(r"(?:^|,)\s*(\w+)(?:\s+extends\s+([\w.]+))?", listed):
                found.setdefault(name, bound or "Object")
            node = node.parent
        return found

    def _imports_of_types(self, body: str) -> list[str]:
        """Give the imports of the class under test whose types the lines name."""
        found = re.findall(r"^import [\w.]+\.(\w+);", self.subject.target.text, re.MULTILINE)
        used = {name for name in found if re.search(rf"\({name}\) null", body)}
        lines = (line.strip() for line in self.subject.target.text.split("\n"))
        return [line for line in lines if line.startswith("import ") and line.rstrip(";").rpartition(".")[2] in used]

    def written(self, cases: Sequence[Case], imports: Sequence[str]) -> str:
        """Give the test class with the cases added."""
        test, skipped, mark, asserts = _FRAMEWORKS[self.framework]
        body = "\n".join(line for case in cases for line in case.body)
        needed = [f"import {test};"]
        needed += [f"import {skipped};"] if any(case.blank for case in cases) else []
        used = dict.fromkeys(re.findall(r"(?<![\w.])(fail|assert[A-Z]\w*)\(", body))
        needed += [f"import static {asserts}.{name};" for name in used]
        needed += [*self._imports_of_types(body), *imports]
        visible = "" if self.framework == "JUnit 5" else "public "
        lines: list[str] = []
        for name, case in named(cases, self.name, "More"):
            ignored = [f"@{mark}" + (f'("{TO_FILL}")' if self.framework != "TestNG" else "")] if case.blank else []
            lines += [
                "",
                "@Test",
                *ignored,
                f"{visible}void {name}() throws Exception {{",
                *indented(case.body, self._indent()),
                "}",
            ]
        lines = indented(lines, self._indent())
        if self.old is None:
            head = [f"package {self.package};", ""] if self.package else []
            name = self.path.rpartition("/")[2].removesuffix(".java")
            whole = [*head, *_sorted(needed), "", f"{visible}class {name} {{", *lines[1:], "}", ""]
            return with_line_ends("\n".join(whole), self.subject.target.text)
        end = self._end_row()
        text = inserted(self.old, end, lines)
        missing = missing_lines(self.old, [each for each in _sorted(needed) if not self._imported(each)])
        for line in missing:
            text = inserted(text, _row_for(text, line), [line])
        return text

    def _imported(self, line: str) -> bool:
        """Say whether the old class imports the same with a star."""
        return f"{line.rpartition('.')[0]}.*;" in (self.old or "")

    def _end_row(self) -> int:
        """Give the row of the bracket that closes the test class."""
        rows = (self.old or "").split("\n")
        return next((at for at in range(len(rows) - 1, -1, -1) if rows[at].strip() == "}"), len(rows))

    def _indent(self) -> str:
        """Give the indentation of the file under test."""
        found = re.search(
            r"^([ \t]+)(?:public|private|protected|static|/\*\*|@)", self.subject.target.text, re.MULTILINE
        )
        return found.group(1) if found and len(found.group(1)) <= 4 else "    "


def _value(kind: str) -> str:
    """Give a value of a type."""
    return _PRIMITIVES.get(kind, "null")


def _row_for(text: str, line: str) -> int:
    """Give the row for a further import: its place where a block of its kind is sorted, else behind the last one."""
    static = line.startswith("import static")
    blocks: list[list[tuple[int, str]]] = []
    for row, found in enumerate(text.split("\n")):
        if found.startswith("import ") and found.startswith("import static") == static:
            beside = blocks and blocks[-1][-1][0] == row - 1
            blocks = (
                [*blocks[:-1], [*blocks[-1], (row, found.strip())]] if beside else [*blocks, [(row, found.strip())]]
            )
    if not blocks:
        return last_row(text, r"(?:import(?! static)|package)\s")
    block = max(blocks, key=lambda each: max(len(posixpath.commonprefix([line, known])) for _, known in each))
    names = [known.rstrip(";") for _, known in block]
    behind = next((row for row, known in block if known.rstrip(";") > line.rstrip(";")), None)
    return behind if behind is not None and names == sorted(names) else block[-1][0] + 1


def _sorted(lines: Sequence[str]) -> list[str]:
    """Give import lines in a usual order: static ones first."""
    return sorted(dict.fromkeys(lines), key=lambda line: (not line.startswith("import static"), line))


def java_tests(subject: Subject) -> JavaTests:
    """Learn how a project tests its Java.

    Raises:
        UsageError: the symbol cannot be called by a test, or no framework is declared.
    """
    target, files = subject.target, subject.files
    if not subject.signature.callable or re.search(r"\bprivate\b", text_of(target.node).split("(", 1)[0]):
        raise UsageError(
            f"{target.symbol.qualified} is nothing that a test could call", "name a method that is not private"
        )
    folder, _, last = target.path.rpartition("/")
    tests = [path for path in files.paths if re.search(r"(?:Tests?|IT)\.java$|/Test\w+\.java$", path)]
    mirror = f"/{folder}/".replace("/src/main/java/", "/src/test/java/").strip("/")
    name = last.removesuffix(".java")
    own = [
        path
        for path in tests
        if path.rpartition("/")[2] in (f"{name}Test.java", f"{name}Tests.java", f"Test{name}.java")
    ]
    own = [path for path in own if path.rpartition("/")[0] == mirror] or own
    path = own[0] if own else f"{mirror}/{name}Test.java".lstrip("/")
    old = files.read(path)
    package = re.search(r"^\s*package\s+([\w.]+)\s*;", target.text, re.MULTILINE)
    around = (target.symbol.parent if subject.owner != subject.name else target.symbol.qualified).split(".")
    holder = ".".join(around[-2:] if len(around) > 1 and around[-2][:1].isupper() else around[-1:])
    framework = _framework(files, target.path, some_texts(files, tests, target.path), old)
    return JavaTests(subject, framework, path, package.group(1) if package else "", holder, old)


def _framework(files: Files, path: str, texts: Sequence[str], old: str | None) -> str:
    """Say which framework the tests use, or the build declares.

    Raises:
        UsageError: none is declared.
    """
    builds = above(files, path, *_BUILDS)
    for text in ([old] if old else []) + ["\n".join(texts)] + ["\n".join(builds)]:
        if "org.junit.jupiter" in text or "junit-jupiter" in text or "useJUnitPlatform" in text:
            return "JUnit 5"
        if re.search(r"org\.junit\.(?:Test|\*)|junit:junit|<artifactId>junit</artifactId>", text):
            return "JUnit 4"
        if "org.testng" in text:
            return "TestNG"
    raise UsageError("no test framework is declared in this project", "add JUnit to its build file first")
