"""Makes the check of a change out of a function that looks at one file's syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Literal

from localdev.core.review import at_least
from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.places import is_example, is_test, is_vendored
from localdev.rules.rule import Found
from localdev.source.syntax.tree import SyntaxTree

Look = Callable[[ChangedFile, SyntaxTree], Iterable[Found]]
Aside = Literal["same", "less", "none"]

PYTHON = ("python",)
SCRIPT = ("javascript", "typescript", "tsx")
C = ("c", "cpp")
LANGUAGES = (*PYTHON, *SCRIPT, "go", "rust", "java", *C, "c_sharp", "ruby", "php")


def in_code(
    look: Look, signs: Iterable[str], *, languages: tuple[str, ...] = LANGUAGES, aside: Aside = "less"
) -> Callable[[ReviewedChange], Iterator[Found]]:
    """Make a check that looks at each changed file of some languages, and gives what stands on changed lines.

    A file is parsed only when one of the `signs` (in lower case) stands near what is changed. Other people's code is
    left alone. `aside` says what is found in tests and examples: the same, less (in tests at most low, in examples,
    which people copy, one step less than elsewhere), or nothing.
    """
    cheap = tuple(signs)

    def check(change: ReviewedChange) -> Iterator[Found]:
        for file in change.files:
            if not file.added or file.language not in languages or is_vendored(file.path):
                continue
            test, shown = is_test(file.path), is_example(file.path)
            if (test or shown) and aside == "none":
                continue
            for found in _found(file, look, cheap):
                if aside == "same":
                    yield found
                else:
                    yield (
                        replace(found, severity="low")
                        if test and _more_than_low(found)
                        else replace(found, shown=shown)
                    )

    return check


def _found(file: ChangedFile, look: Look, signs: tuple[str, ...]) -> Iterator[Found]:
    """Give what is found on the changed lines of one file, one thing a line."""
    if not any(sign in file.near for sign in signs):
        return
    tree = file.new_syntax
    if tree is None:
        return
    seen: set[int] = set()
    for found in look(file, tree):
        if found.line in seen:
            continue
        if file.touched(found.line, max(found.line, found.end_line)):
            seen.add(found.line)
            yield replace(found, path=file.path)


def _more_than_low(found: Found) -> bool:
    """Say whether something found asks for more than a remark."""
    return found.severity is None or at_least(found.severity, "medium")
