"""Tests in Python: pytest or unittest, where the project keeps its tests."""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localdev.assistant.gen.declared import python_modules, sets_up
from localdev.assistant.gen.files import shared
from localdev.assistant.gen.target import open_file
from localdev.assistant.gen.testing import (
    TO_FILL,
    Case,
    Subject,
    behaviours,
    indented,
    inserted,
    missing_lines,
    named,
    pascal,
    snake,
    some_texts,
    variable,
    with_line_ends,
)
from localdev.source.syntax.tree import line_of, text_of

_TEST_FILE = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test)\.py$")


@dataclass(frozen=True, slots=True)
class PythonTests:
    """Tests of one Python symbol; `module` is its dotted name, `old` the file they are added to."""

    subject: Subject
    framework: str
    path: str
    module: str
    old: str | None

    def name(self, title: str) -> str:
        """Give a test function's name that is not taken."""
        base = f"test_{snake(self.subject.owner, self.subject.name, title)}"
        return next(
            name
            for name in (base, *(f"{base}_{n}" for n in range(2, 1000)))
            if not re.search(rf"\b{name}\b", self.old or "")
        )

    def known(self) -> Sequence[Case]:
        """Give the blank tests."""
        cases = []
        for title, expected in behaviours(self.subject):
            body = list(self._body(expected))
            if body:
                cases.append(Case(title, tuple(body), blank=True))
        return cases

    def _body(self, expected: str) -> Iterator[str]:
        """Write the lines of a blank test; none for an exception that no test can name."""
        yielded = {"result": "...", "true": "True", "false": "False", "nothing": "None"}
        prepared, call = self._call()
        if expected in yielded:
            yield from prepared
            same = "is" if expected != "result" else "=="
            if not (self.subject.signature.gives or self.subject.signature.yields or self.subject.owner == ""):
                yield call
                return
            yield f"result = {call}"
            asserted = f"result {same} {yielded[expected]}"
            yield f"assert {asserted}" if self.framework == "pytest" else f"self.assertTrue({asserted})"
        elif self._can_name(expected):
            yield from prepared
            raises = "pytest.raises" if self.framework == "pytest" else "self.assertRaises"
            yield from (f"with {raises}({expected}):", f"    {call}")

    def _can_name(self, error: str) -> bool:
        """Say whether an exception is Python's own or one that the module has at its top."""
        return hasattr(builtins, error) or self._at_top(error)

    def _at_top(self, name: str) -> bool:
        """Say whether the module defines or imports a name at its top level."""
        text = self.subject.target.text
        pattern = rf"^(?:class {name}\b|from [\w.]+ import (?:\([^)]*|[^\n]*)\b{name}\b|{name}\s*=)"
        return re.search(pattern, text, re.MULTILINE) is not None

    def _call(self) -> tuple[list[str], str]:
        """Give what is to be prepared, and the call itself with placeholders."""
        subject, signature = self.subject, self.subject.signature
        given = [each for each in signature.parameters if not each.default and each.kind in ("plain", "keyword")]
        arguments = ", ".join(f"{each.name}=..." for each in given)
        head = text_of(subject.target.outer).split("def ", 1)[0]
        if subject.called == subject.owner or not subject.owner:
            call = f"{subject.target.symbol.parent or subject.called}({arguments})"
            prepared: list[str] = []
        else:
            static = "@staticmethod" in head or "@classmethod" in head
            owner = subject.target.symbol.parent
            holder = owner if static else variable(snake(subject.owner))
            prepared = [] if static else [f"{holder} = {owner}(...)"]
            gets = re.search(r"@(?:\w+\.)?(?:cached_)?property\b", head)
            call = f"{holder}.{subject.name}" + ("" if gets else f"({arguments})")
        if signature.waits:
            call = f"asyncio.run({call})"
        return prepared, f"list({call})" if signature.yields and not signature.waits else call

    def written(self, cases: Sequence[Case], imports: Sequence[str]) -> str:
        """Give the test file with the cases added."""
        body = "\n".join(line for case in cases for line in case.body)
        needed = [f"from {self.module} import {self.subject.target.symbol.qualified.partition('.')[0]}"]
        needed += [
            f"from {self.module} import {name}"
            for name in re.findall(r"\braises\((\w+)\)|assertRaises\((\w+)\)", body)
            for name in filter(None, name)
            if not hasattr(builtins, name) and self._at_top(name)
        ]
        needed += ["import asyncio"] if "asyncio.run(" in body else []
        if self.framework == "unittest":
            needed.append("import unittest")
        elif "pytest." in body or any(case.blank for case in cases):
            needed.append("import pytest")
        needed += imports
        lines = self._functions(cases) if self.framework == "pytest" else self._class(cases)
        if self.old is None:
            return with_line_ends(
                "\n".join([*_grouped(needed, self.module), "", "", *lines, ""]), self.subject.target.text
            )
        text = self._appended(lines)
        missing = [line for line in missing_lines(self.old, _sorted(needed)) if not _imported(self.old, line)]
        return inserted(text, self._import_row(), missing) if missing else text

    def _functions(self, cases: Sequence[Case], indent: str = "") -> list[str]:
        """Write the test functions."""
        typed = " -> None" if "->" in self.subject.target.text else ""
        lines: list[str] = []
        for name, case in named(cases, self.name, "_more"):
            mark = (
                f'@pytest.mark.skip(reason="{TO_FILL}")'
                if self.framework == "pytest"
                else f'@unittest.skip("{TO_FILL}")'
            )
            lines += ["", *([""] if not indent else [])] if lines else []
            lines += indented([mark], indent) if case.blank else []
            given = "self" if indent else ""
            lines += indented([f"def {name}({given}){typed}:", *indented(case.body or ("pass",), "    ")], indent)
        return lines

    def _class(self, cases: Sequence[Case]) -> list[str]:
        """Write the test functions in a class of their own."""
        base = f"{pascal(self.subject.owner, self.subject.name)}Test"
        name = next(
            name
            for name in (base, *(f"{base}{n}" for n in range(2, 1000)))
            if not re.search(rf"\b{name}\b", self.old or "")
        )
        return [f"class {name}(unittest.TestCase):", *self._functions(cases, "    ")]

    def _appended(self, lines: Sequence[str]) -> str:
        """Put lines behind all that the old file has, but before what runs it as a program."""
        old = self.old or ""
        rows = old.split("\n")
        main = next((at for at, row in enumerate(rows) if re.match(r"if __name__ ==", row)), None)
        if main is not None:
            return inserted(old, main, [*lines, "", ""])
        end = len(rows) - (rows[-1] == "")
        blanks = 0
        while end - blanks > 0 and not rows[end - blanks - 1].strip():
            blanks += 1
        return inserted(old, len(rows), [*[""] * max(0, 2 - blanks), *lines] if old.strip() else lines)

    def _import_row(self) -> int:
        """Give the row behind the last import at the top of the old file, else behind its docstring."""
        _, tree = open_file(self.subject.files, self.path)
        row = 0
        for node in tree.root.named_children:
            docstring = node.type == "expression_statement" and not row and line_of(node) == 1
            if docstring or node.type in ("import_statement", "import_from_statement", "future_import_statement"):
                row = node.end_point[0] + 1
        return row


def _sorted(lines: Sequence[str]) -> list[str]:
    """Give import lines in a usual order, each once: the standard library's first, and plain ones before `from`."""
    return sorted(dict.fromkeys(lines), key=lambda line: (not _standard(line), line.startswith("from "), line))


def _standard(line: str) -> bool:
    """Say whether an import is of the standard library."""
    return line.split()[1].split(".")[0] in sys.stdlib_module_names


def _grouped(lines: Sequence[str], module: str) -> list[str]:
    """Give import lines in order, with a blank line between the library's, other packages' and one's own."""
    groups: list[list[str]] = [[], [], []]
    for line in _sorted(lines):
        own = line.split()[1].split(".")[0] == module.split(".")[0]
        groups[0 if _standard(line) else 2 if own else 1].append(line)
    rows = [row for group in groups if group for row in ("", *group)]
    return rows[1:]


def _imported(text: str, line: str) -> bool:
    """Say whether an import of single names stands in a text in another form."""
    found = re.fullmatch(r"from ([\w.]+) import (\w+)", line)
    if found is None:
        return False
    module, name = re.escape(found.group(1)), found.group(2)
    return re.search(rf"^from {module} import (?:\([^)]*|[^\n(]*)\b{name}\b", text, re.MULTILINE) is not None


def python_tests(subject: Subject) -> PythonTests:
    """Learn how a project tests its Python code."""
    target, files = subject.target, subject.files
    module = module_name(subject)
    tests = [path for path in files.paths if _TEST_FILE.search(path) and path != target.path]
    texts = some_texts(files, tests, target.path)
    path = _test_path(subject, module, tests)
    old = files.read(path)
    if old:
        texts.insert(0, old)
    return PythonTests(subject, _framework(subject, texts, old), path, module, old)


def module_name(subject: Subject) -> str:
    """Give the dotted name a file is imported by: from the topmost package, else from `src` or the root."""
    path, exists = subject.target.path, subject.files.exists
    parts = path.removesuffix(".py").removesuffix(".pyi").split("/")
    folders = parts[:-1]
    top = len(folders)
    while top > 0 and exists("/".join([*folders[:top], "__init__.py"])):
        top -= 1
    if top == len(folders):  # a folder without `__init__.py`
        top = 1 if folders[:1] in (["src"], ["lib"]) else 0
    names = parts[top:]
    return ".".join(names[:-1] if names[-1] == "__init__" and len(names) > 1 else names)


def _framework(subject: Subject, texts: Sequence[str], old: str | None) -> str:
    """Say which framework the project's tests use."""
    if old and "unittest.TestCase" in old and "pytest" not in old:
        return "unittest"
    pytest = sum("import pytest" in text or re.search(r"^def test_", text, re.M) is not None for text in texts)
    unittest = sum("unittest" in text and re.search(r"^def test_", text, re.M) is None for text in texts)
    if pytest or unittest:
        return "pytest" if pytest >= unittest else "unittest"
    files, path = subject.files, subject.target.path
    there = sets_up(files, path, "pytest") or "pytest" in python_modules(files, path)
    return "pytest" if there else "unittest"


def _test_path(subject: Subject, module: str, tests: Sequence[str]) -> str:
    """Give the file for the tests: the module's own one where there is one, else where such a file would stand."""
    stem = module.rpartition(".")[2].lstrip("_") or "main"
    suffixed = sum(path.endswith("_test.py") for path in tests) > len(tests) / 2
    names = (f"test_{stem}.py", f"{stem}_test.py")
    own = [path for path in tests if path.rpartition("/")[2] in names and _speaks_of(subject, path, module)]
    if own:
        return max(own, key=lambda path: (shared(path, subject.target.path), -len(path)))
    folder = _folder(module, tests)
    path = f"{folder}/{names[suffixed]}".lstrip("/")
    if path not in tests and not any(each.endswith(f"/{names[suffixed]}") for each in tests):
        return path
    longer = snake(*module.split(".")[-2:])
    return f"{folder}/{f'{longer}_test.py' if suffixed else f'test_{longer}.py'}".lstrip("/")


def _speaks_of(subject: Subject, path: str, module: str) -> bool:
    """Say whether a test file is about the module."""
    text = subject.files.read(path) or ""
    package, _, stem = module.rpartition(".")
    split = package and re.search(rf"from [\w.]*{re.escape(package.rpartition('.')[2])} import [^\n]*\b{stem}\b", text)
    return not text.strip() or module in text or bool(split)


def _folder(module: str, tests: Sequence[str]) -> str:
    """Give the folder for a new test file: the mirror of the module's where tests mirror, else that of most tests."""
    if not tests:
        return "tests"
    folders = [path.rpartition("/")[0] for path in tests]
    inner = module.split(".")[1:-1]
    for count in range(len(inner), 0, -1):
        mirrored = "/".join(inner[:count])
        hits = [folder for folder in folders if folder.endswith(f"/{mirrored}")]
        if hits:
            return hits[0]
    roots = [folder for folder in folders if folder.rpartition("/")[2] in ("tests", "test")]
    return max(sorted(set(roots or folders)), key=(roots or folders).count)
