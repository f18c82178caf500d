"""The role of a file, read from its path: product code, or something that only matters when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from functools import lru_cache

from localdev.core.code import Chunk
from localdev.retrieval.wordlists import word_set

# Ordered: the first role that fits is the file's. Folder names are matched whole, in lower case.
_FOLDERS = (
    ("vendored", word_set("vendor vendors vendored third_party third-party thirdparty node_modules extern")),
    ("test", word_set("test tests spec specs __tests__ testdata test_data fixtures mocks __mocks__ e2e")),
    ("benchmark", word_set("bench benches benchmark benchmarks perf")),
    ("example", word_set("example examples demo demos sample samples tutorial tutorials docs_src")),
    ("deprecated", word_set("deprecated legacy compat obsolete attic")),
    ("generated", word_set("generated gen __generated__ autogen")),
    ("doc", word_set("doc docs documentation changes changelog.d newsfragments")),
)
_NAMES = (
    ("test", re.compile(r"^(?:tests?|conftest|test_.*|.*[_.-](?:test|tests|spec))\.\w+$", re.I)),
    ("test", re.compile(r"[a-z0-9](?:Tests?|Spec|IT)\.(?:java|kt|scala|cs|swift|php)$")),
    ("benchmark", re.compile(r"^(?:bench(?:mark)?s?_.*|.*[_-]bench(?:mark)?s?)\.\w+$", re.I)),
    ("deprecated", re.compile(r"(?:^|[_.-])(?:deprecated|legacy|compat)(?:[_.-]|$)", re.I)),
    ("generated", re.compile(r"[._-](?:generated|pb|pb2|pb2_grpc|gen|g|designer)\.\w+$|\.min\.(?:js|css)$", re.I)),
    ("declaration", re.compile(r"\.d\.[cm]?ts$|\.pyi$|\.rbi$")),
    ("doc", re.compile(r"\.(?:md|mdx|rst|adoc)$|^(?:readme|changelog|changes|license|authors)(?:\.txt)?$", re.I)),
)


@lru_cache(maxsize=65536)
def file_role(path: str) -> str:
    """Give the role that a path tells (one of `_FOLDERS` and `_NAMES`), or an empty text for product code."""
    *folders, name = path.split("/")
    lowered = {folder.lower() for folder in folders}
    for role, known in _FOLDERS:
        if lowered & known:
            return role
    return next((role for role, pattern in _NAMES if pattern.search(name)), "")


# Languages that hold settings, data, or text that no grammar knows.
_DATA = word_set("text json yaml toml ini xml csv diff")
# Tests that live beside the code they test: Rust's `mod tests`, `test_x` in a script, Go's `TestX`.
_TEST_SYMBOL = re.compile(r"(?:^|\.)(?:tests?(?:\.|$)|test_)|^Test[A-Z]")
_VERSION_FOLDER = re.compile(r"v\d+(?:_\w+)?$")


def chunk_role(chunk: Chunk) -> str:
    """Give the role of the chunk's file, `test` for a test inside product code, or `data` for what is no code."""
    if role := file_role(chunk.path):
        return role
    if _TEST_SYMBOL.search(chunk.symbol):
        return "test"
    return "data" if chunk.language in _DATA else ""


def superseded_folders(paths: Iterable[str]) -> frozenset[str]:
    """Find folders such as `pkg/v1` that keep an old copy of what stands beside them (`pkg/v1/main.py`, `pkg/main.py`).

    A version folder without such a twin (`api/v1`) is current.
    """
    every = frozenset(paths)
    found: set[str] = set()
    for path in every:
        parts = path.split("/")
        for place, part in enumerate(parts[:-1]):
            if _VERSION_FOLDER.match(part) and "/".join((*parts[:place], *parts[place + 1 :])) in every:
                found.add("/".join(parts[: place + 1]))
    return frozenset(found)


def is_under(path: str, folders: Set[str]) -> bool:
    """Tell whether a path lies in one of the folders."""
    return any(path.startswith(f"{folder}/") for folder in folders)
