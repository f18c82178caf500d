"""Tests in JavaScript and TypeScript: vitest, jest, mocha, ava or Node's own runner, as the project has it."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from localdev.assistant.gen.declared import above, sets_up
from localdev.assistant.gen.files import Files, shared
from localdev.assistant.gen.script_imports import bound_names, with_imports
from localdev.assistant.gen.signature import Parameter, Signature, signature_of
from localdev.assistant.gen.testing import (
    TO_FILL,
    Case,
    Subject,
    behaviours,
    camel,
    indented,
    inserted,
    some_texts,
    variable,
    with_line_ends,
)
from localdev.core.errors import UsageError
from localdev.source.syntax.definitions import definitions
from localdev.source.syntax.tree import text_of

_TEST_FILE = re.compile(
    r"(?:^|/)(?:__tests__/[^/]+|[^/]+[.-](?:test|spec))\.[cm]?[jt]sx?$|^tests?/(?!.*fixture).*\.[cm]?[jt]sx?$"
)
# Frameworks whose imports Node itself resolves, which it does by whole names alone.
_NODES = frozenset({"node:test", "mocha", "ava"})
_KNOWN = ("vitest", "jest", "mocha", "ava")
_OTHERS = frozenset({"jasmine", "jasmine-core", "tap", "tape", "qunit", "uvu"})


@dataclass(frozen=True, slots=True)
class Export:
    """How a file gives a name to others: `name` is what is imported, `default` says it is the whole or the default."""

    name: str
    default: bool
    module: bool


@dataclass(frozen=True, slots=True)
class ScriptTests:
    """Tests of one symbol of JavaScript or TypeScript; `source` is how the test file names the file under test."""

    subject: Subject
    framework: str
    path: str
    source: str
    export: Export
    old: str | None
    module: bool
    imports_globals: bool

    def name(self, title: str) -> str:
        """Give a test's title."""
        subject = self.subject
        whole = f"{subject.owner}.{subject.name}" if subject.owner else subject.name
        return f"{whole} {title}".strip()

    def known(self) -> Sequence[Case]:
        """Give the blank tests."""
        return [Case(title, tuple(self._body(expected)), blank=True) for title, expected in behaviours(self.subject)]

    def _body(self, expected: str) -> Iterator[str]:
        """Write the lines of a blank test."""
        subject, signature = self.subject, self.subject.signature
        given = [each for each in signature.parameters if not each.default and each.kind == "plain"]
        arguments = self._values(given)
        call = f"{self.export.name}({arguments})"
        holder = variable(camel(subject.owner))
        holder = holder if holder != subject.owner else "subject"
        if subject.called == subject.owner:
            call = f"new {call}"
        elif subject.owner and subject.owner == self.export.name and self._is_class(subject.owner):
            if not signature.static:
                yield f"const {holder} = new {subject.owner}({self._values(self._constructed())});"
            call = f"{subject.owner if signature.static else holder}.{subject.name}({arguments})"
        elif subject.owner:
            call = f"{self.export.name}.{subject.name}({arguments})"
        if signature.waits:
            call = f"await {call}"
        values = {"result": "undefined", "true": "true", "false": "false", "nothing": "null"}
        if expected in values:
            yield f"const result = {call};"
            yield self._equal("result", values[expected])
        else:
            yield from self._raises(call, expected)

    def _values(self, parameters: Sequence[Parameter]) -> str:
        """Give placeholders for arguments; in TypeScript ones that every type takes."""
        typed = re.search(r"\.[cm]?tsx?$", self.path) is not None
        return ", ".join("undefined as never" if typed else "undefined" for _ in parameters)

    def _constructed(self) -> list[Parameter]:
        """Give the parameters that the constructor of the class asks for."""
        target = self.subject.target
        own = f"{target.symbol.parent}.constructor"
        found = next((each for each in definitions(target.tree) if each.symbol.qualified == own), None)
        signature = signature_of(replace(target, definition=found)) if found is not None else Signature()
        return [each for each in signature.parameters if not each.default and each.kind == "plain"]

    def _is_class(self, name: str) -> bool:
        """Say whether a name of the file is a class, or a function with methods on its prototype."""
        text = self.subject.target.text
        if self.subject.target.symbol.parent == "default":
            return re.search(r"\bexport\s+default\s+(?:abstract\s+)?class\b", text) is not None
        return re.search(rf"\bclass {name}\b|\b{name}\.prototype\b", text) is not None

    def _equal(self, left: str, right: str) -> str:
        """Write that two values are equal."""
        if self.framework in ("jest", "vitest"):
            return f"expect({left}).toEqual({right});"
        if self.framework == "ava":
            return f"t.deepEqual({left}, {right});"
        return f"assert.deepEqual({left}, {right});"

    def _raises(self, call: str, error: str) -> Iterator[str]:
        """Write that a call throws."""
        waits = call.startswith("await ")
        function = f"async () => {call}" if waits else f"() => {call}"
        known = error if error in ("Error", "TypeError", "RangeError", "SyntaxError", "EvalError", "URIError") else ""
        if self.framework in ("jest", "vitest"):
            yield f"{'await ' if waits else ''}expect({function}){'.rejects' if waits else ''}.toThrow({known});"
        elif self.framework == "ava":
            kind = f", {{ instanceOf: {known} }}" if known else ""
            yield f"{'await t.throwsAsync' if waits else 't.throws'}({function}{kind});"
        else:
            yield f"{'await assert.rejects' if waits else 'assert.throws'}({function}{f', {known}' if known else ''});"

    def written(self, cases: Sequence[Case], imports: Sequence[str]) -> str:
        """Give the test file with the cases added."""
        needed = [*self._needed(cases), self._import_of_source()]
        lines: list[str] = []
        for case in cases:
            lines += [*([""] if lines else []), *self._test(case)]
        quote = self._quote()
        needed, lines, asked = ([_quoted(each, quote) for each in rows] for rows in (needed, lines, imports))
        if self.old is None:
            strict = [] if self.module else [f"{quote}use strict{quote};", ""]
            return with_line_ends(
                "\n".join([*strict, *dict.fromkeys((*needed, *asked)), "", *lines, ""]), self.subject.target.text
            )
        end = self.old.count("\n") + 1
        text = inserted(self.old, end, ["", *lines])
        return with_imports(self.path, text, needed, asked)

    def _word(self) -> str:
        """Give what the file calls for a test, `test` or `it`: what it imports, else what it uses more often."""
        usual = "it" if self.framework == "mocha" else "test"
        bound = bound_names(self.path, self.old or "") & {"test", "it"}
        if len(bound) == 1:
            return bound.pop()
        used = re.findall(r"^\s*(test|it)(?:\.\w+)*\(", self.old or "", re.MULTILINE)
        return max(used, key=used.count) if used and self.framework != "ava" else usual

    def _needed(self, cases: Sequence[Case]) -> list[str]:
        """Give the imports that the framework's tests need."""
        body, word = "\n".join(line for case in cases for line in case.body), self._word()
        if self.framework == "vitest" or (self.framework == "jest" and self.imports_globals):
            names = [
                name for name in ("expect", word, "vi", "jest") if name == word or re.search(rf"\b{name}[.(]", body)
            ]
            return [
                self._import(f"{{ {', '.join(names)} }}", "vitest" if self.framework == "vitest" else "@jest/globals")
            ]
        if self.framework == "jest":
            return []
        if self.framework == "ava":
            return [self._import("test", "ava")]
        runner = self._import("test" if word == "test" else f"{{ {word} }}", "node:test")
        needed = [runner] if self.framework == "node:test" else []
        uses = "assert" in body or "assert" in (self.old or "")
        return needed + ([self._import("assert", "assert")] if uses else [])

    def _import(self, what: str, source: str) -> str:
        """Write one import in the form of the file."""
        if self.module:
            return f"import {what} from '{source}';"
        return f"const {what} = require('{source}');"

    def _import_of_source(self) -> str:
        """Write the import of what is tested."""
        name = self.export.name
        return self._import(name if self.export.default else f"{{ {name} }}", self.source)

    def _test(self, case: Case) -> list[str]:
        """Write one test."""
        title = self.name(case.title).replace("\\", "").replace("'", "")
        waits = any(re.search(r"\bawait\b", line) for line in case.body)
        given = "t" if self.framework == "ava" else "()"
        function = f"{'async ' if waits else ''}{given} => {{"
        body = indented(case.body, self._indent())
        call = self._word() + (".skip" if case.blank and self.framework != "node:test" else "")
        note = [f"{self._indent()}// {TO_FILL}"] if case.blank and self.framework != "node:test" else []
        options = f", {{ skip: '{TO_FILL}' }}" if case.blank and self.framework == "node:test" else ""
        return [f"{call}('{title}'{options}, {function}", *note, *body, "});"]

    def _indent(self) -> str:
        """Give the indentation of the file under test."""
        found = re.search(r"^(\t|  +)\S", self.subject.target.text, re.MULTILINE)
        return found.group(1) if found and len(found.group(1)) in (1, 2, 4) else "  "

    def _quote(self) -> str:
        """Give the quotes that the project's file uses more often."""
        text = self.old or self.subject.target.text
        return '"' if text.count('"') > text.count("'") else "'"


def _quoted(line: str, quote: str) -> str:
    """Write a line with other quotes, where none of those stands in it already."""
    return line.replace("'", '"') if quote == '"' and '"' not in line else line


def script_tests(subject: Subject) -> ScriptTests:
    """Learn how a project tests its JavaScript or TypeScript.

    Raises:
        UsageError: no other file can reach the symbol.
    """
    target, files = subject.target, subject.files
    if subject.name.startswith("#") or re.match(r"(?:private|protected)\b", text_of(target.node)):
        raise UsageError(f"{target.symbol.qualified} is private, so no test can call it", "name what others may call")
    export = find_export(subject)
    package = manifest(files, target.path)
    tests = [path for path in files.paths if _TEST_FILE.search(path) and path != target.path]
    texts = some_texts(files, tests, target.path)
    framework = _framework(package, texts, frameworks(files, target.path))
    path = _test_path(target.path, tests, texts_of={each: files.read(each) or "" for each in tests[:400]})
    old = files.read(path)
    module = _is_module(path, package, old, export)
    source = posixpath.relpath(target.path, posixpath.dirname(path) or ".")
    source = source if source.startswith(".") else f"./{source}"
    typed = target.tree.language in ("typescript", "tsx")
    bare = re.sub(r"\.[cm]?[jt]sx?$", "", source)
    keeps = module and (
        any(re.search(r"from ['\"]\.[^'\"]*\.js['\"]", text) for text in texts) or package.get("type") == "module"
    )
    if typed and framework != "node:test":  # Node itself wants the file's own name
        source = f"{bare}.js" if keeps else bare
    elif not typed and not keeps and not (module and framework in _NODES) and not re.search(r"\.[cm]js$", source):
        source = bare
    globals_imported = any("@jest/globals" in text for text in texts)
    return ScriptTests(subject, framework, path, source, export, old, module, globals_imported)


def find_export(subject: Subject) -> Export:
    """Find the name by which another file reaches the symbol, or the object it belongs to.

    Raises:
        UsageError: it is not exported.
    """
    text = subject.target.text
    name = subject.owner or subject.name
    if subject.target.symbol.qualified.partition(".")[0] == "default":
        return Export(name, True, True)
    word = re.escape(name)
    if re.search(rf"^\s*export\s+default\s+(?:async\s+)?(?:abstract\s+)?(?:function\*?|class)?\s*{word}\b", text, re.M):
        return Export(name, True, True)
    kinds = (
        r"(?:declare\s+)?(?:async\s+)?(?:abstract\s+)?(?:function\*?|class|(?:const\s+)?enum|const|let|var|namespace)"
    )
    if re.search(rf"^\s*export\s+{kinds}\s+{word}\b", text, re.MULTILINE):
        return Export(name, False, True)
    for listed in re.findall(r"^\s*export\s*\{([^}]*)\}", text, re.MULTILINE):
        found = re.search(rf"(?:^|,)\s*{word}(?:\s+as\s+(\w+))?\s*(?:,|$)", listed)
        if found:
            other = found.group(1) or name
            return Export(name if other == "default" else other, other == "default", True)
    if re.search(
        rf"\bmodule\.exports\s*=\s*(?:new\s+)?{word}\b|\b{word}\s*=\s*(?:exports\s*=\s*)?module\.exports\b", text
    ) or re.search(rf"\bmodule\.exports\s*=\s*(?:async\s+)?(?:function|class)\s+{word}\b", text):
        return Export(name, True, False)
    if re.search(rf"(?<![\w.])(?:module\.)?exports\.{word}\s*=", text):
        return Export(name, False, False)
    for listed in re.findall(r"\bmodule\.exports\s*=\s*\{(.*?)\}", text, re.DOTALL):
        if re.search(rf"(?:^|[,\n{{])\s*(?:async\s+)?{word}\s*(?:,|:|\(|$)", listed):
            return Export(name, False, False)
    raise UsageError(f"{subject.target.path} does not export {name}, so no test can reach it", "export it first")


def manifest(files: Files, path: str) -> dict[str, Any]:
    """Give the nearest package.json above a path; empty where there is none that can be read."""
    for text in above(files, path, "package.json"):
        try:
            read = json.loads(text)
        except ValueError:
            continue
        if isinstance(read, dict):
            return read
    return {}


def dependencies(package: dict[str, Any]) -> set[str]:
    """Give the names of all packages that a package.json declares."""
    fields = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
    return {name for field in fields for name in (package.get(field) or {}) if isinstance(package.get(field), dict)}


def frameworks(files: Files, path: str) -> list[str]:
    """Give the frameworks that a project declares, names in its scripts or is set up for."""
    package = manifest(files, path)
    declared = dependencies(package) | set(_scripts(package))
    return [name for name in _KNOWN if name in declared or sets_up(files, path, name)]


def _scripts(package: dict[str, Any]) -> list[str]:
    """Give the words of the scripts of a package.json."""
    scripts = package.get("scripts")
    return " ".join(map(str, scripts.values())).split() if isinstance(scripts, dict) else []


def _framework(package: dict[str, Any], texts: Sequence[str], there: Sequence[str]) -> str:
    """Say which framework the project's tests use, of those that are `there` or imported; Node's own needs nothing.

    Raises:
        UsageError: it is one that is not known here.
    """
    joined, words = "\n".join(texts), _scripts(package)
    imported = set(re.findall(r"['\"](?:@(?=jest/globals))?(vitest|jest|mocha|ava)(?:/globals)?['\"]", joined))
    known = [name for name in _KNOWN if name in imported.union(there)]
    unknown = sorted(_OTHERS & dependencies(package))
    if unknown and not known:
        raise UsageError(f"how tests are written for {unknown[0]} is not known here", "write the test by hand")
    for name in known:
        if name in words or len(known) == 1:
            return name
    if "node:test" in joined or "--test" in words:
        return "node:test"
    return known[0] if known else "node:test"


def _is_module(path: str, package: dict[str, Any], old: str | None, export: Export) -> bool:
    """Say whether the test file uses `import` and not `require`."""
    if old is not None:
        return re.search(r"^import\b", old, re.MULTILINE) is not None
    if re.search(r"\.(?:mjs|mts|tsx?|jsx)$", path) or package.get("type") == "module":
        return True
    return export.module and not path.endswith(".cjs")


def _test_path(path: str, tests: Sequence[str], texts_of: dict[str, str]) -> str:
    """Give the file for the tests: the one of this file where there is one, else where such a file would stand."""
    folder, _, last = path.rpartition("/")
    stem, ending = re.fullmatch(r"(.+?)(\.[cm]?[jt]sx?)", last).groups()  # type: ignore[union-attr]
    own = [
        each
        for each in tests
        if re.fullmatch(rf"{re.escape(stem)}(?:[.-](?:test|spec))?\.[cm]?[jt]sx?", each.rpartition("/")[2])
    ]
    own = [each for each in own if re.search(rf"['\"/]{re.escape(stem)}(?:\.\w+)?['\"]", texts_of.get(each, ""))]
    if own:
        return max(own, key=lambda each: (shared(each, path), -len(each)))
    if not tests:
        return f"{folder}/{stem}.test{ending}".lstrip("/")
    spec = sum(".spec." in each for each in tests) > len(tests) / 2
    mark = ".spec" if spec else ".test" if any(".test." in each for each in tests) else ""
    inside = [each for each in tests if "__tests__/" in each]
    if len(inside) > len(tests) / 2:
        return f"{folder}/__tests__/{stem}{mark}{ending}".lstrip("/")
    beside = [each for each in tests if not re.match(r"(?:tests?|spec)/", each)]
    if len(beside) > len(tests) / 2:
        return f"{folder}/{stem}{mark or '.test'}{ending}".lstrip("/")
    root = next(each.split("/")[0] for each in tests if re.match(r"(?:tests?|spec)/", each))
    nested = sum(each.count("/") > 1 for each in tests) > len(tests) / 2
    inner = "/".join(folder.split("/")[1:]) if nested else ""
    wanted = f"{root}/{inner}/{stem}{mark}{ending}".replace("//", "/")
    return (
        wanted
        if wanted not in tests
        else f"{root}/{inner}/{folder.rpartition('/')[2]}-{stem}{mark}{ending}".replace("//", "/")
    )
