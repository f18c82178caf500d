"""Reading assignments in code and configuration of any language: a name, and the text that it is given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assignment:
    """A name and the place of its value; `plain` is a value without quotes, `beside` one after a comma.

    `loose` is a value without quotes whose form does not tell it from an expression.
    """

    name: str
    start: int
    end: int
    plain: bool = False
    beside: bool = False
    loose: bool = False


_NAME = r"(?P<name>[\w$][\w.$-]{0,80})"
# A text that is being written may have no second quote yet: it ends with its line.
_QUOTED = (
    r"(?:[rbufLR@$]{0,2})(?P<quote>[\"'`])(?P<value>(?:\\.|(?!(?P=quote))[^\\\r\n]){1,1000})"
    r"(?:(?P=quote)|(?=[\r\n]|\Z))"
)
# `: str =`, `[25] =`, ` string =`; then any sign of assigning or comparing.
_TYPE = (
    r"(?:[ \t]{0,2}:[ \t]{0,2}[\w.\[\], |&?<>*]{1,60}?(?=[ \t]{0,2}=)|\[\d*\]|"
    r"[ \t]{1,2}(?P<word>[A-Za-z][\w.]{0,60})(?:\[\d*\])?(?=[ \t]{0,20}=))?"
)
_SIGN = r"[ \t]{0,20}(?::=|=>|[=!]==?|\?\?=|\|\|=|[:=])\s{0,4}(?:\[\]byte)?\(?\s{0,4}"
_ASSIGNED = re.compile(rf"(?<![\w$]){_NAME}[\"'`]?\]?{_TYPE}{_SIGN}{_QUOTED}")
_BESIDE = re.compile(rf"(?<![\w$])[\"']{_NAME}[\"']\s{{0,3}},\s{{0,3}}{_QUOTED}")
# What stands in for a variable that is not set: `env::var("X").unwrap_or("y")`, `process.env.X || "y"`.
_DEFAULT = re.compile(
    rf"(?<![\w$])(?P<name>[A-Z][A-Z0-9_]{{2,60}})[\"'`]?[\])]{{0,3}}\s{{0,80}}"
    rf"(?:\.(?:unwrap_or|map_or|or|get_or|getOr)_?(?:[eE]lse(?:Get)?)?\(\s{{0,80}}(?:(?:\|\w*\||\(\)\s?->|_\s?=>)\s{{0,80}})?"
    rf"|(?:\|\||\?\?|\?:|\bor\b|(?<=[)\s])\{{|(?<=\)),)\s{{0,80}}){_QUOTED}"
)
_CALLED = re.compile(rf"(?<![\w$])(?P<name>(?:set|with|add|use)_?\w{{3,60}})\(\s{{0,3}}{_QUOTED}", re.IGNORECASE)
_ELEMENT = re.compile(r"<(?P<name>[A-Za-z][\w.:-]{2,60})>(?P<value>[^<>\s][^<>\r\n]{1,500})</(?P=name)>")
_NAMED_VALUE = re.compile(
    r"(?:name|key)\"?\s{0,2}[:=]\s{0,2}[\"']?(?P<name>[\w.-]{3,80})[\"']?,?\s{1,40}(?:-\s)?\"?value\"?\s{0,2}[:=]\s{0,2}"
    r"[\"']?(?P<value>[^\s\"'<>]{1,500})",
    re.IGNORECASE,
)
_LINE = re.compile(
    r"^[ \t>+|#;-]{0,40}(?:export\s+|set\s+|ENV\s+|ARG\s+|setenv\s+|-e\s+|-\s+)?"
    r"[\"']?(?P<name>[A-Za-z_][\w.-]{1,80})[\"']?"
    r"(?P<sign>[ \t]*=[ \t]*|:[ \t]+)(?P<value>[^\s\"'`#][^\s\"'`]{2,1000})[ \t]*(?:[ \t]#[^\n]*)?\r?$",
    re.MULTILINE,
)
# A variable for one command: `PGPASSWORD=x psql`, `-e DB_PASSWORD=x`.
_INLINE = re.compile(
    r"(?<![\w$.-])(?P<name>[A-Z][A-Z0-9_]{2,60})=(?P<value>[^\s\"'`;&|#,()\\]{3,500})(?=[\s;&|\"'`\\])"
)
# What only code has: calls, subscripts, the end of an item or statement.
_CODE = re.compile(r"[()\[\]{};,]|^[&*!]\w|::|->")


def assignments(text: str) -> Iterator[Assignment]:
    """Find assignments; one place may be found more than once."""
    for found in _ASSIGNED.finditer(text):
        # `password string = ` in one language is `String password = ` in another.
        for name in filter(None, (found["name"], found["word"])):
            yield Assignment(name, found.start("value"), found.end("value"))
    for pattern in (_DEFAULT, _CALLED, _ELEMENT, _NAMED_VALUE):
        for found in pattern.finditer(text):
            yield Assignment(found["name"], found.start("value"), found.end("value"))
    for found in _BESIDE.finditer(text):
        # `define("DB_PASSWORD", "x")`; other names beside a text may only be the next one of a list.
        beside = not found["name"].isupper() or found["value"].isupper()
        yield Assignment(found["name"], found.start("value"), found.end("value"), beside=beside)
    for found in _INLINE.finditer(text):
        yield Assignment(found["name"], found.start("value"), found.end("value"), plain=True)
    for found in _LINE.finditer(text):
        if not _CODE.search(found["value"]):
            spaced = found["sign"] != "="
            file_style = not spaced and (found["name"].isupper() or "." in found["name"] or "-" in found["name"])
            yield Assignment(found["name"], found.start("value"), found.end("value"), plain=True, loose=not file_style)
