"""Rust that leaves out the compiler's checks and does not say why that is right."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import ancestors
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import calls
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, line_of

_CALLS = words(
    """
    transmute transmute_copy from_utf8_unchecked from_utf8_unchecked_mut get_unchecked get_unchecked_mut
    unwrap_unchecked unreachable_unchecked
    uninitialized zeroed assume_init set_len from_raw_parts from_raw_parts_mut new_unchecked from_u32_unchecked
    """
)
_REASON = re.compile(r"(?i)safety|sound|invariant|guarante|checked above|in bounds|valid utf|always|never")


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find these calls in `unsafe` code without a comment on why it is sound."""
    for call in calls(tree):
        last = call.last.partition("<")[0].removesuffix(".")
        if last not in _CALLS or not _is_unsafe(call.node) or _gives_reason(file, call.node):
            continue
        yield Found(
            file.path,
            call.line,
            f"`{last}` leaves out a check, and nothing says why that is sound",
            min(call.end_line, call.line + 4),
            "use the checked form, or write a `// SAFETY:` comment that says why it holds",
        )


def _is_unsafe(node: SyntaxNode) -> bool:
    """Say whether a call stands in an unsafe block or function."""
    return any(
        each.type == "unsafe_block"
        or (each.type == "function_item" and b"unsafe" in (each.text or b"").partition(b"fn ")[0])
        for each in ancestors(node)
    )


def _gives_reason(file: ChangedFile, node: SyntaxNode) -> bool:
    """Say whether a comment around the unsafe block says why it is sound."""
    block = next((each for each in ancestors(node) if each.type == "unsafe_block"), node)
    first, last = max(1, line_of(block) - 6), line_of(node)
    comments = [row.partition("//")[2] for row in file.new_lines[first - 1 : last] if "//" in row]
    return any(_REASON.search(text) for text in comments)


RULE = Rule(
    id="unchecked-rust",
    family="dangerous-call",
    severity="medium",
    title="A check of the compiler is left out without a reason",
    explanation=(
        "`transmute`, `from_utf8_unchecked`, `get_unchecked`, `set_len` and kin are undefined "
        "behaviour when what they assume does not hold. "
        "Use the checked form, or say in a `// SAFETY:` comment why it holds."
    ),
    bad=Example(
        "text.rs", "pub fn text(bytes: &[u8]) -> &str {\n    unsafe { std::str::from_utf8_unchecked(bytes) }\n}\n"
    ),
    good=Example(
        "text.rs",
        "pub fn text(bytes: &[u8]) -> Result<&str, std::str::Utf8Error> {\n    std::str::from_utf8(bytes)\n}\n",
    ),
    check=in_code(_look, ("unsafe",), languages=("rust",)),
    languages=("rust",),
)
