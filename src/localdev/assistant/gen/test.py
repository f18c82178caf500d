"""Tests of one symbol, in the project's framework and layout: blank from the signature, or filled in by a model."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from localdev.assistant.gen.attempts import Edits, Unfit, floor
from localdev.assistant.gen.bound_twice import bound_once
from localdev.assistant.gen.checks import only_added, parses
from localdev.assistant.gen.collected import collected, only_tests_added
from localdev.assistant.gen.files import Files
from localdev.assistant.gen.imports_found import imports_exist
from localdev.assistant.gen.target import Target
from localdev.assistant.gen.testing import Case, FormOfTests, Subject, subject_of
from localdev.assistant.gen.testing_go import go_tests
from localdev.assistant.gen.testing_java import java_tests
from localdev.assistant.gen.testing_more import other_tests
from localdev.assistant.gen.testing_python import python_tests
from localdev.assistant.gen.testing_rust import rust_tests
from localdev.assistant.gen.testing_script import script_tests
from localdev.core.patch import Check, FileEdit, Proposal

_FORMS: dict[str, Callable[[Subject], FormOfTests]] = {
    "python": python_tests,
    "javascript": script_tests,
    "typescript": script_tests,
    "tsx": script_tests,
    "go": go_tests,
    "rust": rust_tests,
    "java": java_tests,
}
_IMPORT = {
    "python": r"(?:import [\w.]+(?: as \w+)?|from [\w.]+ import [\w, ]+(?: as \w+)?)",
    "go": r"(?:import )?(?:[\w.]+ )?\"[^\"\s]+\"",
    "rust": r"use [\w:{}, *]+;",
    "java": r"import (?:static )?[\w.]+(?:\.\*)?;",
    "ruby": r"require(?:_relative)? ['\"][^'\"]+['\"]",
    "php": r"use [\w\\ ]+;",
    "c_sharp": r"using [\w. =]+;",
}
_SCRIPT_IMPORT = (
    r"(?:import [^;'\"]*from )?(?:import )?['\"][^'\"]+['\"];?"
    r"|(?:const|let|var) [^=;]+ = require\(['\"][^'\"]+['\"]\);?"
)
_MOST_TESTS = 8
_LONGEST_BODY = 4000
# Runs the tests of some edits and says how they went.
Runner = Callable[[Edits, str], Check]


@dataclass(frozen=True, slots=True)
class JobOfTests:
    """All that testing one symbol needs to know; `run` is None where no test command may be run."""

    subject: Subject
    form: FormOfTests
    run: Runner | None = None

    @property
    def target(self) -> Target:
        """The symbol that is tested."""
        return self.subject.target

    def floor(self) -> Proposal:
        """Make blank tests, one for each behaviour that the signature shows."""
        return floor(self.edits(self.form.known(), ()), self.check)

    def edits(self, cases: Sequence[Case], imports: Sequence[str]) -> Edits:
        """Put tests into their file."""
        old = self.subject.files.read(self.form.path)
        return (FileEdit(self.form.path, old, self.form.written(cases, imports)),)

    def check(self, edits: Edits) -> Sequence[Check]:
        """Hold the edit against what tests must be; they are run when all else is well."""
        (edit,) = edits
        checks = [
            parses(edit),
            only_added(edit),
            only_tests_added(edit),
            imports_exist(edit, self.subject.files),
            bound_once(edit),
            collected(edit, self.subject.called),
        ]
        if self.run is not None and all(check.ok for check in checks):
            checks.append(self.run(edits, edit.path))
        return checks

    def schema(self) -> dict[str, Any]:
        """Give the form of a model's answer: bodies with titles, and the imports that they need."""
        one = {
            "type": "object",
            "properties": {"title": {"type": "string"}, "body": {"type": "string"}},
            "required": ["title", "body"],
            "additionalProperties": False,
        }
        parts = {"imports": {"type": "array", "items": {"type": "string"}}, "tests": {"type": "array", "items": one}}
        return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}

    def build(self, answer: dict[str, Any]) -> Edits:
        """Turn a model's answer into the edit.

        Raises:
            Unfit: there is no test in it, or what it calls an import is none.
        """
        listed = answer.get("tests")
        found = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        if not found:
            raise Unfit("there is no test in it")
        if len(found) > _MOST_TESTS:
            raise Unfit(f"there are {len(found)} tests in it; write at most {_MOST_TESTS}")
        cases = [_case(each) for each in found]
        imports = [str(each).strip() for each in answer.get("imports") or ()]
        language = self.target.tree.language
        pattern = _IMPORT.get(language, _SCRIPT_IMPORT)
        for each in imports:
            if not re.fullmatch(pattern, each):
                raise Unfit(f"{each!r} is no import of {language}")
        if language == "go":
            imports = [f"import {each.removeprefix('import').strip()}" for each in imports]
        return self.edits(cases, imports)

    def asked(self, instruction: str, most_characters: int) -> dict[str, Any]:
        """Give the variables of the prompt; code longer than `most_characters` is cut in the middle."""
        frame = self.form.written([Case("works", ("BODY",))], ())
        rows = frame.replace("\r\n", "\n").split("\n")
        at = next((number for number, row in enumerate(rows) if "BODY" in row), 0)
        head = [
            row
            for row in rows[: max(0, at - 1)]
            if re.match(r"\s*(?:import|from|use|const .*require|package|\"|\t\")", row)
        ]
        return {
            "language": self.target.tree.language,
            "framework": self.form.framework,
            "path": self.target.path,
            "symbol": self.target.symbol.qualified,
            "code": self.target.code_within(most_characters),
            "frame": "\n".join([*head[-12:], "", *rows[max(0, at - 2) : at + 2]]),
            "instruction": instruction,
        }


def job_of_tests(files: Files, target: Target, run: Runner | None = None) -> JobOfTests:
    """Prepare tests of a symbol.

    Raises:
        UsageError: tests of its language are not known here, or none could call it.
    """
    subject = subject_of(files, target)
    return JobOfTests(subject, _FORMS.get(target.tree.language, other_tests)(subject), run)


def _case(answer: dict[str, Any]) -> Case:
    """Read one test of a model's answer.

    Raises:
        Unfit: its body is empty, or far too long.
    """
    title, body = str(answer.get("title", "")), str(answer.get("body", ""))
    words = " ".join(re.findall(r"[A-Za-z0-9]+", title))[:60].strip()
    body = textwrap.dedent(body.replace("\r\n", "\n").strip("\n")).rstrip()
    if not body.strip():
        raise Unfit(f"the test {words!r} has no body")
    if len(body) > _LONGEST_BODY:
        raise Unfit(f"the test {words!r} has {len(body)} characters; write less")
    return Case(words, tuple(body.split("\n")))
