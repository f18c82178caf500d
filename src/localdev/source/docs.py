"""Documentation text from comments and docstrings: the marks go, the words stay."""

from __future__ import annotations

import re
from inspect import cleandoc
from textwrap import dedent

# What opens a comment line: ///, //!, //, /**, /*, #, --, ---, ;;, %, <!--, (*, {-, and the star of a javadoc line.
_OPEN = re.compile(
    r"^\s*(?:/{2,}!?|/\*+!?|\*(?!/)|\#+|-{2,}(?: ?[|^])?|;+|%+|<!--|\(\*+|\{- ?\|?)[^\S\n]?", re.MULTILINE
)
_CLOSE = re.compile(r"[^\S\n]*(?:\*+/|-->|\*+\)|-\})\s*$")
# Documentation that is an attribute: @doc """...""".
_ELIXIR = re.compile(r"^\s*@(?:type)?doc\s+(?:~[sS])?(\"{3}|\")(.*?)\1", re.DOTALL)
# Comments that begin and end once: their first line stands further left than the others.
_BLOCKS = ("/*", "<!--", "(*", "{-", "@")
_RULER = re.compile(r"^[\W_]*$")
_QUOTES = re.compile(r"""^[A-Za-z~]{0,2}(\"{3}|'{3}|"|')(.*?)\1?$""", re.DOTALL)
# Lines for tools, not for readers.
_DIRECTIVE = re.compile(
    r"^\s*(?:frozen_string_literal|(?:en)?coding\s*[:=]|-\*-|!|vim?:|noqa|nolint|type:\s*ignore|pylint|flake8|mypy:|ruff:|rubocop"
    r"|:nocov:|go:|\+build|eslint|jshint|@ts-|prettier|istanbul|clang-format|region\b|endregion\b|pragma:|syntax\s*=)",
    re.IGNORECASE,
)
# Tags of C# documentation; of `<see cref="Name"/>` and `<param name="x">` the name stays.
_XML = re.compile(r"</?\w+(?:\s+(?:cref|name|langword)=\"([^\"]*)\")?[^<>]*>")
# A licence at the top of a file is no documentation of what follows.
_LICENCE = re.compile(r"copyright|spdx-license|licensed under|all rights reserved|\blicense\b.*\bfile\b", re.IGNORECASE)


def clean_comment(comment: str) -> str:
    """Give the words of one comment (or several lines of them) without marks, rulers and common indentation."""
    comment = _ELIXIR.sub(r"\2", comment)
    lines = _OPEN.sub("", _CLOSE.sub("", comment)).split("\n")
    kept = [_CLOSE.sub("", line.rstrip()) for line in lines]
    if "<summary" in comment:
        kept = [_XML.sub(r"\1", line) for line in kept]
    spoken = [line for line in kept if not _DIRECTIVE.match(line)]
    words = "\n".join("" if _RULER.match(line) else line for line in spoken)
    return _dedent(words) if comment.lstrip().startswith(_BLOCKS) else dedent(words).strip()


def clean_docstring(literal: str) -> str:
    """Give the words of a string literal that documents: quotes, prefixes and indentation go."""
    quoted = _QUOTES.match(literal.strip())
    return _dedent(quoted.group(2) if quoted else literal)


def is_licence(doc: str) -> bool:
    """Say whether a comment speaks of rights rather than of code."""
    return bool(_LICENCE.search(doc[:1000]))


def _dedent(text: str) -> str:
    """Strip the indentation that all lines but the first share, and blank lines at both ends."""
    return cleandoc(text.replace("\x00", "").replace("\r", "")).strip()
