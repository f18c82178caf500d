"""Whether a model's words may be a commit's message: nothing invented, nothing broken, nothing too long."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from localdev.assistant.commit.style import LONGEST, TYPES

# Says whether a name stands in the change or in the repository.
Known = Callable[[str], bool]

_MOST_BODY = 1_200
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd\ue000-\uf8ff]"
)
_QUOTED = re.compile(r"`+([^`\n]+)`+")
# Words that only names look like: `a/b`, `file.py`, snake_case, camelCase, `f()`, `a::b`, `a->b`, `--flag`.
_NAME = re.compile(
    r"(?<![\w/.@-])(?:"
    r"(?:[\w.@+-]+/)+[\w.@+-]+|\w[\w-]*(?:\.\w[\w-]*)*\.(?:[a-z]{1,4}\d?|json|yaml|toml|java|lock|html)(?![\w.])"
    r"|\w+(?:(?:::|->|\.)\w+)+(?:\(\))?|\w+\(\)|\w*[a-z0-9]_\w+|_\w+|[a-z]+[A-Z]\w*|[A-Z][a-z0-9]+[A-Z]\w*|--[a-z][\w-]+"
    r")"
)
# Written like names of code, and known to everybody.
_PROPER = frozenset({
    "github", "gitlab", "javascript", "typescript", "macos", "ios", "ipados", "pypi", "oauth", "openai", "graphql",
    "postgresql", "mysql", "mongodb", "sqlite", "youtube", "linkedin", "devops", "webassembly", "websocket",
    "websockets", "node.js", "vue.js", "next.js", "e.g", "i.e", "and/or", "i/o", "tcp/ip", "read/write", "json/yaml",
    "input/output", "client/server", "ok", "webhook", "opentelemetry", "mypy", "numpy", "iphone", "ebpf", "grpc",
})  # fmt: skip
_TICKET = re.compile(r"(?<![\w&])#\d+\b|\b[A-Z][A-Z0-9]+-\d+\b")
_LINK = re.compile(r"\b(?:https?|ftp)://|\bwww\.", re.IGNORECASE)
_SIGNED = re.compile(
    r"^\s*(?:[A-Z][a-z]+(?:-[a-z]+)*-by|Change-Id|Co-authored|Reviewed-on):", re.IGNORECASE | re.MULTILINE
)
_TYPE_AGAIN = re.compile(rf"(?:{'|'.join(TYPES)}|feature)(?:\([^)]*\))?!?:\s*", re.IGNORECASE)
_AGAIN = re.compile(r"\b(\w+)(?:\W+\1\b){2,}", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]{2,}")
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?:\s|\Z)", re.MULTILINE)


def cleaned(subject: str, body: str) -> tuple[str, str]:
    """Take off what is no fault but does not belong there: blanks, quotation marks, the type once more, a full stop."""
    subject = " ".join(subject.split())
    for quote in ('"', "'", "`"):
        if len(subject) > 2 and subject[0] == subject[-1] == quote and subject.count(quote) == 2:
            subject = subject[1:-1].strip()
    subject = _TYPE_AGAIN.sub("", subject, count=1) if _TYPE_AGAIN.match(subject) else subject
    rows = [row.rstrip() for row in body.replace("\r\n", "\n").strip().split("\n")]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(rows)).strip()
    return subject.rstrip(".").strip(), "" if text.lower() == subject.lower() else text


def fault(subject: str, body: str, known: Known, *, line: str) -> str:
    """Say in a few words why this cannot be the message, empty when it can; `line` is the subject in its final form."""
    for text, what in ((subject, "subject"), (body, "body")):
        if found := _broken(text, what):
            return found
    if len(_WORDS.findall(subject)) < 2:
        return "the subject is no sentence"
    if len(line) > LONGEST:
        return f"the subject is {len(line)} characters long with its prefix, {LONGEST} are the most"
    if len(body) > _MOST_BODY:
        return f"the body is longer than {_MOST_BODY} characters"
    if subject.endswith((",", ":", ";", "-", "(", "...", "…")) or subject.count("(") != subject.count(")"):
        return "the subject breaks off"
    for name in names_in(f"{subject}\n{body}"):
        if not known(name):
            return f"{name} stands neither in the change nor in the repository"
    return ""


def _broken(text: str, what: str) -> str:
    """Say what is wrong with a text whatever it is about."""
    if _CONTROL.search(text):
        return f"the {what} holds control characters"
    if text.count("`") % 2:
        return f"the {what} holds a backtick without its other half"
    if _AGAIN.search(text) or re.search(r"(.)\1{5,}", text):
        return f"the {what} repeats itself"
    if _LINK.search(text):
        return f"the {what} holds a link"
    if _TICKET.search(text):
        return f"the {what} names a ticket"
    if _SIGNED.search(text) or _CONFLICT.search(text):
        return f"the {what} holds lines that are no description"
    letters = sum(char.isalpha() or char.isspace() for char in text)
    return f"the {what} is not made of words" if letters < 0.6 * len(text) else ""


def names_in(text: str) -> Iterator[str]:
    """Yield what a text says as a name: all in backticks, and words that only names look like."""
    seen = set()
    quoted = [each[1].strip() for each in _QUOTED.finditer(text)]
    for name in (*quoted, *(each[0] for each in _NAME.finditer(_QUOTED.sub(" ", text)))):
        plain = name.removesuffix("()").rstrip(".,;:")
        if plain and plain.lower() not in _PROPER and plain not in seen:
            seen.add(plain)
            yield plain
