"""What a form of tests has to give, whatever the language: where tests go, how they are written, which are blank."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from localdev.assistant.gen.doc_place import line_end
from localdev.assistant.gen.files import Files, shared
from localdev.assistant.gen.signature import Signature, signature_of
from localdev.assistant.gen.target import Target
from localdev.core.errors import UsageError
from localdev.core.words import identifier_parts
from localdev.source.syntax.definitions import definitions

_TYPES = frozenset({"class", "struct", "record"})
_SCRIPTS = frozenset({"javascript", "typescript", "tsx"})
TO_FILL = "to be filled in: the values and what is expected"
# Words that name no variable in one language or another.
_KEYWORDS = frozenset(
    {
        "and", "as", "assert", "async", "await", "break", "case", "catch", "class", "const", "continue",
        "default", "del", "delete", "do", "else", "enum", "except", "export", "extends", "false", "final",
        "finally", "fn", "for", "from", "func", "function", "global", "go", "if", "impl", "import", "in",
        "interface", "is", "lambda", "let", "loop", "map", "match", "mod", "move", "mut", "new", "none",
        "nonlocal", "not", "null", "or", "package", "pass", "private", "protected", "pub", "public", "raise",
        "range", "record", "ref", "return", "select", "self", "static", "struct", "super", "switch", "this",
        "throw", "trait", "true", "try", "type", "typeof", "union", "use", "var", "void", "where", "while",
        "with", "yield",
    }
)  # fmt: skip
# Files of tests that are read to learn how tests are written.
_MOST_READ = 30


@dataclass(frozen=True, slots=True)
class Case:
    """One test: `title` says in words what it shows, `body` are its lines without indentation.

    A `blank` one still has to be filled in by a person: it is written so that the runner skips it, and says so.
    """

    title: str
    body: tuple[str, ...]
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """What tests are for: the symbol, its signature, and the repository around it."""

    target: Target
    signature: Signature
    files: Files

    @property
    def name(self) -> str:
        """The symbol's plain name."""
        return self._said(self.target.symbol.name)

    @property
    def owner(self) -> str:
        """The plain name of the class or type it belongs to, or empty; a record is its own."""
        if self.target.symbol.kind in _TYPES and self.target.tree.language in ("java", "c_sharp"):
            return self.name
        return self._said(self.target.symbol.parent.rpartition(".")[2])

    def _said(self, name: str) -> str:
        """Give a name as tests write it: what a script exports without a name has that of its file."""
        stem = self.target.path.rpartition("/")[2].partition(".")[0]
        return camel(stem) if name == "default" and self.target.tree.language in _SCRIPTS else name

    @property
    def called(self) -> str:
        """The name that a test of it must use: a constructor is called by its class."""
        constructs = self.target.symbol.kind == "constructor" or self.name in ("__init__", "initialize")
        return self.owner if constructs and self.owner else self.name


class FormOfTests(Protocol):
    """How tests of one subject are written in its project."""

    @property
    def framework(self) -> str:
        """The framework's name, for people."""
        ...

    @property
    def path(self) -> str:
        """The file the tests go to, from the root."""
        ...

    def known(self) -> Sequence[Case]:
        """Give the blank tests, one for each behaviour that the signature shows."""
        ...

    def name(self, title: str) -> str:
        """Give the name by which the runner knows a test."""
        ...

    def written(self, cases: Sequence[Case], imports: Sequence[str]) -> str:
        """Give the whole file with the tests added; `imports` are further import statements."""
        ...


def subject_of(files: Files, target: Target) -> Subject:
    """Put together what tests of a symbol need to know.

    Raises:
        UsageError: the symbol lies inside a function, where no test can reach it, or has no plain name to call it by.
    """
    name = target.symbol.name
    if target.tree.language != "ruby" and not re.fullmatch(r"#?[\w$]+", name):
        raise UsageError(f"{target.symbol.qualified} is no name that a test could call", "name another symbol")
    for each in definitions(target.tree):
        around = each.node.start_byte < target.node.start_byte and target.node.end_byte <= each.node.end_byte
        if around and each.symbol.kind in ("function", "method", "constructor"):
            raise UsageError(
                f"{target.symbol.qualified} lies inside a function, where no test can reach it",
                f"name the function around it: {each.symbol.qualified}",
            )
    return Subject(target, signature_of(target), files)


def snake(*names: str) -> str:
    """Join names as `one_name`."""
    return "_".join(part for name in names for part in identifier_parts(name))


def camel(*names: str) -> str:
    """Join names as `oneName`."""
    first, *rest = [part for name in names for part in identifier_parts(name)] or ["it"]
    return first + "".join(part.capitalize() for part in rest)


def pascal(*names: str) -> str:
    """Join names as `OneName`."""
    return "".join(part.capitalize() for name in names for part in identifier_parts(name))


def variable(name: str) -> str:
    """Give a variable's name that holds as `snake` and `camel` made it, where it is no keyword."""
    return "subject" if name in _KEYWORDS else name


def behaviours(subject: Subject) -> Iterator[tuple[str, str]]:
    """Yield (title, what is expected) of each behaviour the signature shows.

    What is expected is `result`, `true`, `false`, `nothing`, or the name of what is raised.
    """
    signature = subject.signature
    returns = signature.returns.replace(" ", "").lower()
    if returns in ("bool", "boolean"):
        yield from (("true", "true"), ("false", "false"))
    else:
        yield "", "result"
    if returns.startswith(("optional[", "option<")) or returns.endswith(("|none", "|null")):
        yield "nothing", "nothing"
    for raised in signature.raises:
        yield f"raises {raised.name}", raised.name


def named(cases: Sequence[Case], name: Callable[[str], str], more: str) -> Iterator[tuple[str, Case]]:
    """Yield each test with its name, which has `more` behind it where two would share one."""
    taken: set[str] = set()
    for case in cases:
        found = name(case.title)
        while found in taken:
            found += more
        taken.add(found)
        yield found, case


def indented(lines: Sequence[str], indent: str) -> list[str]:
    """Indent lines; blank ones stay empty."""
    return [indent + line if line.strip() else "" for line in lines]


def some_texts(files: Files, paths: Sequence[str], near: str) -> list[str]:
    """Read some of the files at `paths`, those nearest to `near` first."""
    chosen = sorted(paths, key=lambda path: (-shared(path, near), path))[:_MOST_READ]
    return [text for text in map(files.read, chosen) if text]


def with_line_ends(text: str, model: str) -> str:
    """Write a text with the line ends of another one."""
    plain = text.replace("\r\n", "\n")
    return plain.replace("\n", "\r\n") if line_end(model) == "\r\n" else plain


def inserted(text: str, row: int, lines: Sequence[str]) -> str:
    """Put lines before a row (from 0) of a text, with that text's line ends; behind its end a last one is added."""
    rows = text.split("\n")
    end = "\r" if line_end(text) == "\r\n" else ""
    if row >= len(rows) - 1 and rows[-1] != "":
        rows[-1] += end
        rows.append("")
    at = min(row, len(rows) - 1)
    return "\n".join([*rows[:at], *(line + end for line in lines), *rows[at:]])


def last_row(text: str, pattern: str) -> int:
    """Give the row behind the last line that begins as `pattern` says; 0 where none does."""
    rows = text.split("\n")
    return next((at + 1 for at in range(len(rows) - 1, -1, -1) if re.match(pattern, rows[at])), 0)


def missing_lines(text: str, lines: Sequence[str]) -> list[str]:
    """Give the lines that do not stand in a text yet, each once."""
    there = {row.strip() for row in text.split("\n")}
    return [line for line in dict.fromkeys(lines) if line.strip() not in there]
