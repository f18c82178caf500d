"""Values that describe code on disk: files, chunks, symbols and references. Lines are 1-based and inclusive."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was listed for indexing; `path` is relative to the root, with forward slashes on every system.

    `ctime_ns` is when its content or its entry last changed, which no program sets back (on Windows: when it was made).
    """

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not indexed, and the reason in a few words (`binary`, `generated`, `over 1 MB`, ...)."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition.

    `kind` is one of: function, method, class, interface, struct, enum, trait, type, module, namespace, constant,
    variable, field, property, macro, constructor, section, key, selector, table, rule.
    `qualified` joins the enclosing definitions with dots (`Session.get`); `parent` is the qualified name of the
    enclosing definition or empty. `signature` is one line, whitespace folded, without the body. `doc` is the
    documentation text without comment marks. The span covers decorators and the body, not the documentation before it.
    """

    path: str
    name: str
    qualified: str
    kind: str
    start_line: int
    end_line: int
    signature: str = ""
    doc: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a name: `kind` is call, type, import, base (a class's parent), or name (any other use that matters).

    `within` is the qualified name of the enclosing definition, empty at the top level of the file. `via` says how the
    name is reached: empty when it stands alone, `own` through `self`, `this` and their like, `path` behind `::`, and
    `member` behind any other dot or arrow.
    """

    name: str
    line: int
    kind: str
    within: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file that is indexed, ranked and shown as a unit.

    The chunks of a file do not overlap and together hold every non-blank line of it. `text` is the lines
    `start_line..end_line` as they stand. `kind` is function, method, class, module, section, block, config or lines.
    `symbol` is the qualified name of the definition the chunk belongs to, `signature` its one-line signature (repeated
    on each part of a long function), `doc` its documentation. `members` are the signatures inside a class header chunk.
    """

    path: str
    start_line: int
    end_line: int
    language: str
    kind: str
    text: str
    symbol: str = ""
    signature: str = ""
    doc: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """All that one pass over a file gives. `line_chunked` is true where no grammar was there and lines were cut."""

    path: str
    language: str
    chunks: tuple[Chunk, ...]
    symbols: tuple[Symbol, ...] = ()
    references: tuple[Reference, ...] = ()
    line_chunked: bool = False
    lines: int = 0


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What a refresh of an index found and did; all counts are of files but `chunks`."""

    files: int
    chunks: int
    added: int = 0
    changed: int = 0
    removed: int = 0
    skipped: tuple[Skipped, ...] = ()
    line_chunked: tuple[str, ...] = ()
    seconds: float = 0.0
    rebuilt: str = ""
    notes: tuple[str, ...] = field(default=())
