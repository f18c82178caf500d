"""Reading a query: what kind it is, which words it holds, and which parts of it name code or files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from localdev.core.words import identifier_parts, stem, words
from localdev.retrieval.wordlists import EXTENSIONS, ROLE_WORDS, STOP_WORDS

QueryKind = Literal["empty", "symbol", "path", "error", "language"]

# A pasted log may be megabytes; the start names the trouble and the end the cause, so both ends are read.
READ_CHARACTERS = 8000
# More terms than this cost time in the index and, being common, hardly move the ranking.
MOST_TERMS = 40
MOST_NAMES = 16

_STOPS = frozenset(stem(word) for word in STOP_WORDS)
_BACKTICKED = re.compile(r"`([^`\n]{1,200})`")
# Dotted or :: or -> joined names, also `name()`; the pieces are plain identifiers.
_NAME = re.compile(r"[^\W\d]\w*(?:(?:\.|::|->|#)[^\W\d]\w*)*(?:\(\))?")
_JOIN = re.compile(r"\.|::|->|#")
# Go's stack frames write methods as `gin.(*Context).Next`.
_GO_RECEIVER = re.compile(r"\(\*?(\w+)\)\.")
_SIGIL = re.compile(r"(?<![\w$@#:])[$@#:]+(?=\w)")
_INNER_CAPITAL = re.compile(r"[a-z0-9][A-Z]|[A-Z]{2,}[a-z]")
_PATH = re.compile(r"(?<![\w:/])(?:\.{0,2}/)?(?:[\w.@+-]+[/\\])*[\w.@+-]*\.[A-Za-z]\w{0,9}(?::\d+(?:-\d+)?)?(?![\w/])")
_FOLDER = re.compile(r"(?<![\w:/])(?:\.{0,2}/)?(?:[\w.@+-]+/)+[\w.@+-]*")
_PYTHON_FRAME = re.compile(r'File "([^"\n]+)", line (\d+)')
_ERROR = re.compile(
    r"Traceback \(most recent|^\s*at .+\(.*:\d+|\b\w+(?:Error|Exception|Warning)\b\s*:"
    r"|^\s*(?:error|fatal|panic|FAILED)\b.*:"
    r"|\berror\[\w+\]|\b(?:Segmentation fault|core dumped)\b|^E\s{2,}\w",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class PathMention:
    """A file or folder the query names, with the line it points at (0 when none)."""

    path: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read.

    `terms` are the distinct stemmed words to look up, in order. `names` look like code and are tried as definitions,
    the most specific spelling first, joined by dots. `capitalised` are plain words with a capital, which may be types.
    `wants` holds the roles of files the query asks for (`test`, `doc`, ...). `text` is shortened to what was read.
    """

    text: str
    kind: QueryKind
    terms: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    capitalised: tuple[str, ...] = ()
    paths: tuple[PathMention, ...] = ()
    wants: frozenset[str] = frozenset()


def read_query(text: str) -> Query:
    """Read a query of any length; a query without a single word gives kind `empty`."""
    text = _both_ends(text.strip())
    if not words(text):
        return Query(text, "empty")
    paths = _paths(text)
    names = _names(text)
    kind = _kind(text, names, paths)
    if kind == "symbol" and not names:
        names = _spellings(text.strip("`"))
    return Query(
        text=text,
        kind=kind,
        terms=_terms(text, kind),
        names=tuple(names[:MOST_NAMES]),
        capitalised=tuple(_capitalised(text, names)),
        paths=tuple(paths[:MOST_NAMES]),
        wants=_wants(text),
    )


def _both_ends(text: str) -> str:
    """Keep the start and the end of a text that is too long to read whole."""
    if len(text) <= READ_CHARACTERS:
        return text
    half = READ_CHARACTERS // 2
    return text[:half] + "\n" + text[-half:]


def _kind(text: str, names: list[str], paths: list[PathMention]) -> QueryKind:
    """Decide what the user gave: an error message, a path, one or more bare symbols, or a sentence."""
    if _ERROR.search(text):
        return "error"
    tokens = text.split()
    if paths and len(tokens) == 1:
        return "path"
    if len(tokens) == 1 or (len(tokens) <= 3 and all(_looks_like_code(token.strip("`,")) for token in tokens)):
        return "symbol"
    return "language"


def _looks_like_code(token: str) -> bool:
    """Tell whether a token is spelt as only code is: inner capitals, underscores, joined parts, a call."""
    bare = token.removesuffix("()")
    inner = bare.strip("_")
    return token != bare or "_" in inner or bool(_JOIN.search(inner)) or bool(_INNER_CAPITAL.search(inner))


def _names(text: str) -> list[str]:
    """Give the code names in order of appearance, each with its spellings, without repeats."""
    found: dict[str, None] = {}
    for span in _BACKTICKED.findall(text):
        for name in _NAME.findall(_SIGIL.sub("", span)):
            found.update(dict.fromkeys(_spellings(name)))
    for name in _NAME.findall(_GO_RECEIVER.sub(r"\1.", text)):
        if _looks_like_code(name) and not _is_abbreviation(name):
            found.update(dict.fromkeys(_spellings(name)))
    return list(found)


def _is_abbreviation(name: str) -> bool:
    """Tell whether a dotted word is prose (`e.g`, `i.e`) or a plural of initials (`URLs`)."""
    return all(len(part) == 1 for part in _JOIN.split(name)) or (name[:-1].isupper() and name.endswith("s"))


def _spellings(name: str) -> list[str]:
    """Give a name joined by dots, then its last two parts, then its last: definitions are stored under any of them."""
    parts = [part for part in _JOIN.split(_SIGIL.sub("", name).removesuffix("()")) if part]
    joined = [".".join(parts[-count:]) for count in (len(parts), 2, 1) if count <= len(parts)]
    return list(dict.fromkeys(joined))


def _capitalised(text: str, names: list[str]) -> list[str]:
    """Give plain capitalised words that are not stop words: in a question they are often types (`Path`, `Router`)."""
    found = dict.fromkeys(word for word in re.findall(r"\b[A-Z]\w+", text) if word.lower() not in STOP_WORDS)
    return [word for word in found if word not in names][:MOST_NAMES]


def _paths(text: str) -> list[PathMention]:
    """Give the files and folders the text names, with their lines."""
    found = {PathMention(path.replace("\\", "/"), int(line)): None for path, line in _PYTHON_FRAME.findall(text)}
    for pattern in (_PATH, _FOLDER):
        for match in pattern.finditer(text):
            path, _, line = match.group().replace("\\", "/").partition(":")
            stem, dot, suffix = path.rpartition("/")[2].rpartition(".")
            is_file = bool(stem and dot) and suffix.lower() in EXTENSIONS
            if is_file or (pattern is _FOLDER and _is_folder(path)):
                found[PathMention(path, int(line.partition("-")[0] or 0))] = None
    covered = {mention.path for mention in found if mention.line}
    return [mention for mention in found if mention.line or mention.path not in covered]


def _is_folder(path: str) -> bool:
    """Tell whether a text with slashes is a folder and not an alternative (`and/or`, `read/write`)."""
    return path.endswith("/") or path.startswith(("./", "/", "../")) or path.count("/") > 1


def _terms(text: str, kind: QueryKind) -> tuple[str, ...]:
    """Give the distinct terms to look up; in sentences stop words go unless nothing else is left."""
    every = list(dict.fromkeys(words(text)))
    kept = every
    if kind in ("language", "error"):
        kept = [term for term in every if term not in _STOPS and (len(term) > 1 or not term.isascii())] or every
    if len(kept) <= MOST_TERMS:
        return tuple(kept)
    half = MOST_TERMS // 2
    return tuple(kept[:half] + kept[-half:])


def _wants(text: str) -> frozenset[str]:
    """Give the roles of files that the text asks for by name."""
    spoken = set(re.findall(r"[a-z-]+", text.lower()))
    spoken.update(part for token in re.findall(r"\w+", text[:500]) for part in identifier_parts(token))
    return frozenset(role for role, names in ROLE_WORDS.items() if spoken.intersection(names))
