"""Macros of C and C++ that a parser without a preprocessor takes for types: they are blanked before parsing.

`class API_EXPORT Box {` would be read as a function; a line `BEGIN_NAMESPACE` as the type of what follows. The text
that is shown and stored is the original; the blanked copy has the same length, so that all offsets hold.
"""

from __future__ import annotations

import re

# class API Box, struct ALIGNED(8) Box: a macro between the keyword and the name.
_BEFORE_NAME = re.compile(rb"\b(?:class|struct|union)[ \t]+([A-Z][A-Z0-9_]{2,}(?:\([^()\n]*\))?)(?=[ \t]+[A-Za-z_])")
# API_EXPORT void run(); the usual words for linkage, inlining and attributes.
_ATTRIBUTE = re.compile(
    rb"\b([A-Z][A-Z0-9]*_(?:[A-Z0-9_]*_)?(?:API|EXPORTS?|PUBLIC|VISIBLE|VISIBILITY|HIDDEN|(?:ALWAYS_|FORCE_?)?INLINE"
    rb"|CONSTEXPR\d*|CONSTEVAL|NODISCARD|DEPRECATED|NORETURN|DECL|UNUSED|CDECL|STDCALL|CALL)(?:\([^()\n]*\))?"
    rb"|WINAPI|APIENTRY|CALLBACK|JNICALL|JNIEXPORT|XMLCALL|XMLPUBFUN|ZEXPORT|ZEXTERN)(?=[ \t\n]+[A-Za-z_~(\[*])"
)
# API_PUBLIC(int *) run(void): the macro takes the type; only its name and the brackets go.
_AROUND_TYPE = re.compile(
    rb"^[ \t]*([A-Z]\w*_[A-Z]+\()[A-Za-z_][\w \t*]*(\))(?=[ \t\n]*\**[ \t\n]*[A-Za-z_]\w*[ \t]*\()", re.MULTILINE
)
# if CONSTEXPR17 (test)
_AFTER_IF = re.compile(rb"\bif[ \t]+([A-Z][A-Z0-9_]{2,})(?=[ \t]*\()")
# BEGIN_NAMESPACE, Q_OBJECT, or PRAGMA_PUSH(x) with a line of its own and no semicolon, after a finished statement.
_LINE = re.compile(rb"^[ \t]*([A-Z][A-Z0-9]*_[A-Z0-9_]*(?:\([^()\n;]*\))?)[ \t\r]*$(?!\s*[;,{}(=.])", re.MULTILINE)
_DIRECTIVE = re.compile(rb"^[ \t]*#.*$", re.MULTILINE)
# An `#else` that only ends what stands before the `#if` goes whole: `#else ; #endif`.
_CONDITION = re.compile(
    rb"^[ \t]*#[ \t]*(?:else\b[^\r\n]*[\s;{}]*#[ \t]*endif|if|elif|else|endif)\b[^\r\n]*", re.MULTILINE
)
_NOT_END_OF_LINE = re.compile(rb"[^\r\n]")


def without_macros(data: bytes) -> bytes:
    """Give C or C++ text of the same length with such macros turned into spaces; directives stay as they are."""
    original, blanked = data, bytearray(data)
    for found in _AROUND_TYPE.finditer(data):
        _blank(blanked, found, 1)
        _blank(blanked, found, 2)
    data = bytes(blanked)
    for pattern in (_BEFORE_NAME, _ATTRIBUTE, _AFTER_IF):
        for found in pattern.finditer(data):
            _blank(blanked, found, 1)
    for found in _LINE.finditer(data):
        if _after_statement(blanked, found.start()):
            _blank(blanked, found, 1)
    for found in _DIRECTIVE.finditer(original):
        blanked[found.start() : found.end()] = found.group()
    return bytes(blanked)


def without_conditions(data: bytes) -> bytes:
    """Give text of the same length without the rows `#if`, `#elif`, `#else` and `#endif`; what they enclose stays."""
    return _CONDITION.sub(lambda found: _NOT_END_OF_LINE.sub(b" ", found.group()), data)


def _blank(blanked: bytearray, found: re.Match[bytes], group: int) -> None:
    begin, end = found.span(group)
    blanked[begin:end] = b" " * (end - begin)


def _after_statement(data: bytearray, start: int) -> bool:
    """Say whether what stands before a line is complete: a statement, a block, a directive or a comment."""
    before = bytes(data[max(0, start - 400) : start]).rstrip()
    line = before[before.rfind(b"\n") + 1 :].lstrip()
    code = line.split(b"//")[0].rstrip()
    return not code or code[-1:] in (b";", b"{", b"}", b":") or code.startswith(b"#") or code.endswith(b"*/")
