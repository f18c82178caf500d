"""Pieces of sentences about a change: lists of names, files as people call them, the folder that files share."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from localdev.assistant.commit.kinds import kind_of

# Names that say nothing without their folder.
_COMMON = frozenset({
    "__init__.py", "__main__.py", "index.js", "index.ts", "index.tsx", "index.jsx", "index.html", "mod.rs", "lib.rs",
    "main.rs", "main.go", "main.py", "main.c", "main.cpp", "main.java", "setup.py", "conftest.py", "Makefile",
    "package.json", "Dockerfile", "README.md",
})  # fmt: skip
# Folders that only hold others.
_HOLDERS = frozenset({
    "src", "lib", "libs", "pkg", "pkgs", "packages", "crates", "internal", "source", "sources", "main", "java",
    "kotlin", "scala", "python", "js", "ts", "com", "org", "net", "io", "test", "tests", "spec", "specs", "__tests__",
    "app", "apps", "modules", "components", "include", "cmd",
    "docs", "doc", "documentation", "workflows", ".github",
})  # fmt: skip
# Of more files than these two names say less than their folder.
_MOST_NAMED = 8
_NO_STEM = frozenset(["__init__", "__main__", "index", "main", "mod", "lib", "setup"])
_TEST_MARK = re.compile(
    r"(?:^tests?[_-])|(?:[._-](?:tests?|spec|e2e|cy)$)|(?:(?<=[a-z0-9])(?:Tests?|TestCase|Spec|IT)$)"
)


def listed(names: Sequence[str]) -> str:
    """Give `a, b and c`."""
    names = list(dict.fromkeys(names))
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else ""


def shortened(names: Sequence[str]) -> list[str]:
    """Give a list of names in full, then ever shorter ways to say it."""
    names = list(dict.fromkeys(names))
    ways = [listed(names)] if 0 < len(names) <= 4 else []
    for kept in (2, 1):
        if len(names) > kept + 1:
            ways.append(f"{', '.join(names[:kept])} and {len(names) - kept} more")
    return ways


def called(path: str, paths: Sequence[str] = ()) -> str:
    """Name a file as people do: by its last part, with the folder where that says nothing or is not alone."""
    folder, _, name = path.rpartition("/")
    alike = sum(each.rpartition("/")[2] == name for each in paths) > 1
    if folder and (name in _COMMON or alike):
        return f"{folder.rpartition('/')[2]}/{name}"
    return name.partition(".")[0] if re.fullmatch(r"(?:README|CHANGELOG|LICENSE)\.\w+", name) else name


def files(paths: Sequence[str]) -> list[str]:
    """Say which files in ever shorter ways; the last ones count them, and many are only counted."""
    names = [called(path, paths) for path in paths]
    ways = shortened(names)
    place = common_folder(paths)
    counted = [f"{len(names)} files in {place}" if place else f"{len(names)} files", f"{len(names)} files"]
    if len(names) > _MOST_NAMED:
        return counted
    return ways + counted if len(names) > 1 else ways


def common_folder(paths: Sequence[str]) -> str:
    """Give the folder that all paths are in; empty for the top."""
    folders = [posixpath.dirname(path) for path in paths]
    if not folders or not all(folders):
        return ""
    return posixpath.commonpath(folders)


def subject_of_test(path: str) -> str:
    """Name what a test file tests, as far as its name tells: `tests/test_cart.py` -> `cart`."""
    stem = path.rpartition("/")[2].partition(".")[0]
    name = path.rpartition("/")[2].rpartition(".")[0] or stem
    plain = _TEST_MARK.sub("", name).strip("._-")
    return plain if plain.lower() not in ("", "conftest", "test", "tests") else ""


def component(paths: Sequence[str], everything: frozenset[str] = frozenset()) -> str:
    """Name the part of the project that files belong to: the last telling folder they share, or the one file's stem.

    A folder that holds most of the project's files (`everything`) tells nothing. Empty where they share none.
    """
    shared = common_folder(paths)
    parts = shared.split("/") if shared else []
    telling = [part for at, part in enumerate(parts) if not _is_holder(part, "/".join(parts[: at + 1]), everything)]
    if telling:
        return telling[-1].lstrip(".") or ""
    stems = {_stem(path) if kind_of(path) in ("code", "test") else "" for path in paths}
    return stems.pop() if len(stems) == 1 else ""


def _stem(path: str) -> str:
    """Give a file's name without its ending, empty where that says nothing."""
    stem = path.rpartition("/")[2].partition(".")[0]
    stem = subject_of_test(path) or stem
    return "" if stem in _NO_STEM or not re.fullmatch(r"[\w-]+", stem) else stem


def _is_holder(part: str, folder: str, everything: frozenset[str]) -> bool:
    """Say whether a folder only holds the rest."""
    if part.lower() in _HOLDERS:
        return True
    inside = sum(path.startswith(f"{folder}/") for path in everything)
    above = folder.rpartition("/")[0]
    beside = {path[len(above) + 1 :].partition("/")[0] for path in everything if above and path.startswith(f"{above}/")}
    # The one folder in `src`, or the one with nearly everything, is the project itself.
    return inside > 4 and (inside > 0.6 * len(everything) or beside == {part})
