"""Tests in Ruby, PHP and C#: a new file with blank tests in the framework that the project uses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from localdev.assistant.gen.testing import (
    TO_FILL,
    Case,
    Subject,
    behaviours,
    camel,
    indented,
    inserted,
    named,
    pascal,
    snake,
    some_texts,
    with_line_ends,
)
from localdev.core.errors import UsageError

_TESTS = {
    "ruby": re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_(?:test|spec))\.rb$"),
    "php": re.compile(r"Test\.php$"),
    "c_sharp": re.compile(r"Tests?\.cs$"),
}
# Framework of C#: its namespace, the mark of a test, the mark of one that is skipped.
_C_SHARP = {
    "xUnit": ("Xunit", "Fact", f'Fact(Skip = "{TO_FILL}")'),
    "NUnit": ("NUnit.Framework", "Test", f'Test, Ignore("{TO_FILL}")'),
    "MSTest": ("Microsoft.VisualStudio.TestTools.UnitTesting", "TestMethod", f'TestMethod, Ignore("{TO_FILL}")'),
}


@dataclass(frozen=True, slots=True)
class OtherTests:
    """Tests of one symbol in a language whose tests are written from a frame."""

    subject: Subject
    framework: str
    path: str
    old: str | None

    def name(self, title: str) -> str:
        """Give a test's name that is not taken."""
        subject, language = self.subject, self.subject.target.tree.language
        if self.framework == "rspec":
            return f"{subject.called} {title}".strip()
        if language == "c_sharp":
            base = pascal(subject.called, title)
        elif language == "php":
            base = camel("test", subject.called, title)
        else:
            base = f"test_{snake(subject.called, title)}"
        names = (base, *(f"{base}{n}" for n in range(2, 1000)))
        return next(name for name in names if not re.search(rf"\b{name}\b", self.old or ""))

    def known(self) -> Sequence[Case]:
        """Give the blank tests."""
        return [Case(title, self._body(), blank=True) for title, _ in behaviours(self.subject)]

    def _body(self) -> tuple[str, ...]:
        """Write the call with empty values."""
        subject, language = self.subject, self.subject.target.tree.language
        given = [
            each for each in subject.signature.parameters if not each.default and each.kind in ("plain", "keyword")
        ]
        empty = {"ruby": "nil", "php": "null"}.get(language, "default")
        if language == "ruby":
            values = ", ".join(f"{each.name}: nil" if each.kind == "keyword" else empty for each in given)
            owner = subject.target.symbol.parent.replace(".", "::")
            call = f"{owner}.new({values})" if subject.called == subject.owner else f"{owner}.{subject.name}({values})"
            if subject.owner and not subject.signature.static and subject.called != subject.owner:
                return (f"subject = {owner}.allocate", f"result = subject.{subject.name}({values})")
            return (f"result = {call if owner else f'{subject.name}({values})'}",)
        values = ", ".join(empty for _ in given)
        mark, end = ("$", "->") if language == "php" else ("", ".")
        first = f"{mark}result = " if subject.signature.gives or subject.called == subject.owner else ""
        first = f"var {first}" if first and language == "c_sharp" else first
        if subject.called == subject.owner:
            return (f"{first}new {subject.owner}({values});",)
        if subject.owner and not subject.signature.static:
            made = f"{mark}subject = null;" if language == "php" else f"{subject.owner} subject = null;"
            return (made, f"{first}{mark}subject{end}{subject.name}({values});")
        holder = f"{subject.owner}{'::' if language == 'php' else '.'}" if subject.owner else ""
        return (f"{first}{holder}{subject.name}({values});",)

    def written(self, cases: Sequence[Case], imports: Sequence[str]) -> str:
        """Give the test file with the cases added."""
        language = self.subject.target.tree.language
        lines: list[str] = []
        for name, case in named(cases, self.name, "More"):
            lines += ["", *self._test(name, case)]
        inner = indented(lines, "  " if language == "ruby" else "    ")
        if self.old is not None:
            rows = self.old.split("\n")
            ends = ("end",) if language == "ruby" else ("}",)
            end = next((at for at in range(len(rows) - 1, -1, -1) if rows[at].rstrip() in ends), None)
            if end is None:
                raise UsageError(f"{self.path} has no class at its top that tests could be added to", "add one first")
            return inserted(self.old, end, inner)
        head, tail = self._frame(imports)
        return with_line_ends("\n".join([*head, *inner[1:], *tail, ""]), self.subject.target.text)

    def _test(self, name: str, case: Case) -> list[str]:
        """Write one test."""
        language = self.subject.target.tree.language
        if self.framework == "rspec":
            skip = [f"  skip '{TO_FILL}'"] if case.blank else []
            return [f"it '{name}' do", *skip, *indented(case.body, "  "), "end"]
        if language == "ruby":
            skip = [f"  skip '{TO_FILL}'"] if case.blank else []
            return [f"def {name}", *skip, *indented(case.body, "  "), "end"]
        if language == "php":
            skip = [f"    $this->markTestSkipped('{TO_FILL}');"] if case.blank else []
            return [f"public function {name}(): void", "{", *skip, *indented(case.body, "    "), "}"]
        _, plain, skipped = _C_SHARP[self.framework]
        return [
            f"[{skipped if case.blank else plain}]",
            f"public void {name}()",
            "{",
            *indented(case.body, "    "),
            "}",
        ]

    def _frame(self, imports: Sequence[str]) -> tuple[list[str], list[str]]:
        """Give what stands before and behind the tests of a new file."""
        subject, language, text = self.subject, self.subject.target.tree.language, self.subject.target.text
        name = re.sub(r"\.\w+$", "", self.path.rpartition("/")[2])
        if language == "ruby":
            helper = "spec_helper" if self.framework == "rspec" else "minitest/autorun"
            own = re.sub(r"^(?:lib|app/\w+)/", "", subject.target.path).removesuffix(".rb")
            required = [
                f"require '{helper}'",
                *([f"require '{own}'"] if subject.target.path.startswith("lib/") else []),
            ]
            kind = (
                f"RSpec.describe '{subject.called}' do"
                if self.framework == "rspec"
                else f"class {pascal(name)} < Minitest::Test"
            )
            return [*required, *imports, "", kind], ["end"]
        if language == "php":
            space = re.search(r"^namespace\s+([\w\\]+)", text, re.MULTILINE)
            used = [f"use {space.group(1)}\\{subject.owner};"] if space and subject.owner else []
            used += [f"use function {space.group(1)}\\{subject.name};"] if space and not subject.owner else []
            head = [
                "<?php",
                "",
                "use PHPUnit\\Framework\\TestCase;",
                *used,
                *imports,
                "",
                f"class {name} extends TestCase",
                "{",
            ]
            return head, ["}"]
        space = re.search(r"^\s*namespace\s+([\w.]+)", text, re.MULTILINE)
        used = [f"using {space.group(1)};"] if space else []
        marked = ["[TestClass]"] if self.framework == "MSTest" else []
        return [f"using {_C_SHARP[self.framework][0]};", *used, *imports, "", *marked, f"public class {name}", "{"], [
            "}"
        ]


def other_tests(subject: Subject) -> OtherTests:
    """Learn how a project in Ruby, PHP or C# is tested.

    Raises:
        UsageError: tests of this language are not known here, or the symbol is nothing that could be called.
    """
    target, files, language = subject.target, subject.files, subject.target.tree.language
    if language not in _TESTS:
        raise UsageError(
            f"how {language} is tested is not known here", "write the test by hand, or with `localdev gen code`"
        )
    if not subject.signature.callable:
        raise UsageError(f"{target.symbol.qualified} is no function that tests could call", "name a function or method")
    tests = [path for path in files.paths if _TESTS[language].search(path)]
    texts = "\n".join(some_texts(files, tests, target.path))
    folder, _, last = target.path.rpartition("/")
    stem = last.rpartition(".")[0]
    if language == "ruby":
        rspec = "RSpec" in texts or files.exists(".rspec") or files.exists("spec/spec_helper.rb")
        framework, ending, root = ("rspec", "_spec.rb", "spec") if rspec else ("minitest", "_test.rb", "test")
        wanted = {f"{stem}_spec.rb", f"{stem}_test.rb", f"test_{stem}.rb"}
    elif language == "php":
        framework, ending, root, wanted = "PHPUnit", "Test.php", "tests", {f"{stem}Test.php"}
    else:
        framework = next((name for name, row in _C_SHARP.items() if row[0] in texts), "xUnit")
        ending, root, wanted = "Tests.cs", "tests", {f"{stem}Tests.cs", f"{stem}Test.cs"}
    own = [path for path in tests if path.rpartition("/")[2] in wanted]
    roots = [path.rpartition("/")[0] for path in tests]
    inner = re.sub(r"^(?:lib|src|app)/?", "", folder)
    mirrored = f"{root}/{inner}".rstrip("/")
    place = mirrored if mirrored in roots or not roots else max(sorted(set(roots)), key=roots.count)
    path = own[0] if own else f"{place}/{stem}{ending}"
    return OtherTests(subject, framework, path, files.read(path))
