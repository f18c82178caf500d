"""What a rule is: its identity, its explanation with an example, and the function that finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile, ReviewedChange


@dataclass(frozen=True, slots=True)
class Found:
    """A place a rule points at: lines of the new side (0: the whole file). `severity` only where not the rule's own.

    `shown` says that it stands in an example, a tutorial or a benchmark, and so matters one step less than elsewhere.
    """

    path: str
    line: int
    message: str
    end_line: int = 0
    suggestion: str = ""
    severity: Severity | None = None
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A file as a change leaves it, all of its lines added unless `before` says what was there.

    `beside` are other files (path, text) that are there and that the change leaves alone.
    """

    path: str
    text: str
    before: str = ""
    beside: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: `id` in kebab-case, its `family`, severity, one line of title, why it matters and what to do instead.

    `bad` is an example that it fires on and `good` the same done right, on which it does not. `languages` are those
    that it reads, none for every file. `check` yields what it found.
    """

    id: str
    family: str
    severity: Severity
    title: str
    explanation: str
    bad: Example
    good: Example
    check: Callable[[ReviewedChange], Iterable[Found]]
    languages: tuple[str, ...] = ()


def each_file(look: Callable[[ChangedFile], Iterable[Found]]) -> Callable[[ReviewedChange], Iterator[Found]]:
    """Make a check of a change out of one that looks at a single file."""

    def check(change: ReviewedChange) -> Iterator[Found]:
        for file in change.files:
            yield from look(file)

    return check
