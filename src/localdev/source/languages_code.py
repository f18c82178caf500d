"""The ten families with full symbols: definitions with signature, documentation and nesting, and references."""

from __future__ import annotations

from localdev.source.languages import Language

_SCRIPT_SILENT = frozenset({"exports", "module", "prototype", "this", "window", "global", "globalThis"})

LANGUAGES: tuple[Language, ...] = (
    Language(
        "python",
        (".py", ".pyi", ".pyw"),
        ("wscript", "sconstruct", "sconscript"),
        ("python", "pypy"),
        "tree_sitter_python",
    ),
)
