"""The filters of a search, checked: a language or kind that does not exist would only look like no match."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path

from localdev.core.errors import UsageError
from localdev.core.search import SearchFilter

# What `core.code` says of `Symbol.kind` and `Chunk.kind`.
KINDS = (
    "function", "method", "class", "interface", "struct", "enum", "trait", "type", "module", "namespace", "constant",
    "variable", "field", "property", "macro", "constructor", "section", "key", "selector", "table", "rule", "block",
    "config", "lines",
)  # fmt: skip


def search_filter(
    root: Path, *, paths: Iterable[str] = (), languages: Iterable[str] = (), kinds: Iterable[str] = ()
) -> SearchFilter | None:
    """Make the filter of a search of the repository at `root`; None where nothing narrows it.

    A search without a filter looks up less than one with a filter that lets all through.

    Raises:
        UsageError: an unknown language or kind (the known ones are listed), or a path outside the repository.
    """
    from localdev.source.languages import languages as known_languages

    asked = tuple(languages)
    made = SearchFilter(
        tuple(_relative(path, root) for path in paths),
        tuple(_known(name, "language", known_languages()) for name in asked) if asked else (),
        tuple(_known(name, "kind", KINDS) for name in kinds),
    )
    return None if made == SearchFilter() else made


def _known(name: str, what: str, known: Iterable[str]) -> str:
    """Give the name as it is known."""
    names = sorted(known)
    lowered = name.strip().lower()
    if lowered in names:
        return lowered
    close = difflib.get_close_matches(lowered, names, n=1, cutoff=0.7)
    nearest = f"did you mean {close[0]}? " if close else ""
    raise UsageError(f"there is no {what} {name!r}", f"{nearest}known are {', '.join(names)}")


def _relative(pattern: str, root: Path) -> str:
    """Give a glob pattern as it stands in the index: from the root."""
    if not os.path.isabs(pattern):
        return pattern
    path = os.path.normpath(pattern)
    for top in (os.path.abspath(root), os.path.realpath(root)):
        if path == top:
            return "**"
        if path.startswith(top.rstrip(os.sep) + os.sep):
            return "/" + Path(path).relative_to(top).as_posix()
    raise UsageError(f"{pattern} is outside {root}", "name a path in the repository, or another one with -C")
