"""Which files of an unpacked package may be learnt from: own code and documents, nothing that is measured."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

_SUFFIXES = """
py pyi js mjs cjs jsx ts tsx mts go rs java kt kts scala c h cc cpp cxx hh hpp cs rb php ex exs hs lua sh bash swift
"""
_CODE = frozenset(_SUFFIXES.split())
_DOCUMENTS = frozenset({"md", "rst"})
_LARGEST = 200_000  # bytes; above it stand tables and generated code
_SMALLEST = 200
# Work of others inside a package, and what is made by machines. (rustc's vendor folder is taken: it holds the crates.)
_FOREIGN = re.compile(
    r"(?:^|/)(?:node_modules|vendor|_?vendored?|third[_-]?party|3rd_?party|thirdparty|external|extern|bundled|deps|dist|min"
    r"|generated|fixtures?|test-?data|testdata|snapshots?|locales?|i18n|\.github|debian)(?:/|$)",
    re.IGNORECASE,
)
_TEST = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|testing)(?:/|$)|[._-](?:test|spec)s?\.\w+$|(?:^|/)test_|Tests?\.\w+$"
)
# Names under which measured projects appear in other projects' trees, beside their own.
_ALIASES = """
fmt absl abseil nlohmann lang3 guzzlehttp illuminate activerecord activesupport actionpack actionview activemodel
railties newtonsoft jackson kotlinx ktor rack-test libuv uv hiredis httpx2 httpcore2 serde_json serde_derive serde_core
tokio-util tokio-macros tokio-stream axum-core pydantic_core pydantic-core pydantic_settings monolog messagepack
"""
# Projects on which the ranking is chosen, where they lie inside other packages' trees.
_CHOSEN_ON = "hyper ignore globset leveldb moshi reselect ripgrep"
_MEASURED_CODE = re.compile(
    r"com\.google\.gson|org\.apache\.commons\.lang|com\.fasterxml\.jackson|nlohmann/json|fmtlib"
    r"|github\.com/(?:gin-gonic|spf13/cobra|go-chi)|package (?:io\.ktor|kotlinx\.coroutines)"
    r"|namespace (?:GuzzleHttp|Monolog|Illuminate)|Newtonsoft\.Json"
)
# Single files under other terms than their package's. (A file that offers a choice says so in other words.)
_COPYLEFT = re.compile(
    r"GNU (?:Lesser |Library |Affero )?General Public|Mozilla Public|Eclipse Public|\bCDDL\b|Attribution-ShareAlike",
    re.IGNORECASE,
)
_HEAD = 4000


def excluded_names(path: Path) -> frozenset[str]:
    """Read the names that training data must not contain, with their usual aliases."""
    names = path.read_text(encoding="utf-8").split()
    return frozenset({name.lower() for name in names} | {*_ALIASES.split(), *_CHOSEN_ON.split()})


def is_excluded(path: str, excluded: frozenset[str]) -> bool:
    """Say whether a folder or the file of a relative path bears an excluded name, with or without a version."""
    for part in path.lower().split("/"):
        stem = part.removesuffix(".git").split(".")[0]
        bare = re.sub(r"[-_]v?\d[\w.+~-]*$", "", part)
        if {part, bare, stem} & excluded or stem.replace("_", "-") in excluded:
            return True
    return False


def source_files(
    root: Path, excluded: frozenset[str], limit: int, *, vendored: bool = False
) -> Iterator[tuple[str, str]]:
    """Give (relative path, text) of at most `limit` code files and a tenth as many documents, always the same ones.

    Of tests only one file in eight is taken; files are chosen by the digest of their path.
    """
    listed: list[tuple[str, str]] = []
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        kind = path.suffix.lstrip(".").lower()
        if (kind not in _CODE and kind not in _DOCUMENTS) or is_excluded(name, excluded):
            continue
        if (not vendored and _FOREIGN.search(name)) or not path.is_file() or path.is_symlink():
            continue
        digest = hashlib.sha256(name.encode()).hexdigest()
        if _TEST.search(name) and int(digest[:4], 16) % 8:
            continue
        listed.append((digest, name))
    room = {True: limit, False: limit // 10}
    for _, name in sorted(listed):
        is_code = name.rsplit(".", 1)[-1].lower() in _CODE
        if not room[is_code]:
            continue
        text = _readable(root / name)
        if text is not None:
            room[is_code] -= 1
            yield name, text


def _readable(path: Path) -> str | None:
    """Give the text of a file of fitting size that is neither minified, copyleft nor a copy of a measured project."""
    if not _SMALLEST <= path.stat().st_size <= _LARGEST:
        return None
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
    head = text[:_HEAD]
    if _MEASURED_CODE.search(head) or _COPYLEFT.search(head) or len(text) / (text.count("\n") + 1) > 200:
        return None
    return text
