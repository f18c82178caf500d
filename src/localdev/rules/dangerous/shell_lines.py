"""What the lines of shell scripts and of files for containers switch off, run, or take from the net."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.places import is_example, is_test, is_vendored
from localdev.rules.rule import Example, Found, Rule

_LANGUAGES = ("bash", "dockerfile")
_LONGEST_COMMAND = 2_000
_LOCAL = re.compile(r"//(?:localhost|127\.|\[::1\]|0\.0\.0\.0|host\.docker\.internal)")
# Flags up to the end of one command; what stands in quotes may hold anything.
_PART = r"(?:[^|;&'\"\n]|'[^'\n]*'|\"[^\"\n]*\")*?"
_INSECURE = re.compile(
    rf"""
    \bcurl\b{_PART}\s(?P<curl>-[a-zA-Z]{{0,8}}k[a-zA-Z]{{0,8}}(?=\s|$)|--(?:proxy-)?insecure\b)
    | \bwget\b{_PART}\s(?P<wget>--no-check-certificate)\b
    | (?P<name>\bhttp\.ssl_?verify[=\s]+(?:false|0)\b
    | \bGIT_SSL_NO_VERIFY=(?:['"]?(?:1|true)\b) | \bNODE_TLS_REJECT_UNAUTHORIZED[=\s]+['"]?0\b
    | \bPYTHONHTTPSVERIFY[=\s]+['"]?0\b | \bstrict-ssl[=\s]+['"]?false\b
    | \bStrictHostKeyChecking[=\s]+['"]?no\b )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LOWERCASE_K = re.compile(r"-[a-zA-Z]*k|--")
_EVAL = re.compile(
    r"(?:^|[;&|(`]|\b(?:then|do|else)\s|&&\s*)\s*(?P<eval>eval\s+(?:--\s+)?[\"']?\$(?:\{?[1-9@*](?!\w)|\{?[A-Za-z_]\w*\}?[\"']?\s*(?:$|[;&|)])))"
    r"|\b(?:ba|da|z|k)?sh\s+-c\s+[\"']?(?P<run>\$\{?[1-9@*](?![\w:]))"
)
_PIPED = re.compile(
    rf"\b(?:curl|wget)\b{_PART}\s(?:{_PART})\|\s*(?:sudo\s+(?:-\w+\s+)*)?(?:\w+=\S+\s+)*(?:env\s+(?:\S+=\S+\s+)*)?"
    r"(?P<shell>(?:/\S*/)?(?:(?:ba|da|z|k)?sh(?=\s|$|[;&|)\"'])|(?:python3?|perl|ruby|node)(?=(?:\s+-)?\s*(?:$|[;&|)\"']))))"
    r"|\b(?:(?:ba|z|da|k)?sh|source|eval)\s+(?:-c\s+)?[\"']?(?:<\(|\$\(|`)\s*(?:curl|wget)\b"
)
_SAID = re.compile(r"\s*(?:echo|printf|log\w*|warn|info|die)\s")
_CHECKED = re.compile(r"\b(?:sha(?:1|224|256|384|512)sum|shasum|gpg|cosign|minisign|openssl\s+dgst)\b")


def _commands(file: ChangedFile) -> Iterator[tuple[int, int, str]]:
    """Yield the commands that touch an added line, with their lines; one goes on behind a backslash and a bar."""
    rows, at = file.new_lines, 0
    while at < len(rows):
        first, parts = at, []
        while at < len(rows):
            row = rows[at]
            at += 1
            if not row.lstrip().startswith("#"):
                parts.append(row.rstrip().removesuffix("\\"))
            if not row.rstrip().endswith(("\\", "|")) or at - first > _MOST_LINES:
                break
        text = " ".join(parts)
        if parts and len(text) <= _LONGEST_COMMAND and file.touched(first + 1, at):
            yield first + 1, at, text


_MOST_LINES = 40
_Slip = tuple[str, str, str, Severity]


def in_scripts(look: Callable[[str], _Slip | None]) -> Callable[[ReviewedChange], Iterator[Found]]:
    """Make a check of commands; `look` gives piece, message, advice and severity of a slip."""

    def check(change: ReviewedChange) -> Iterator[Found]:
        for file in change.files:
            if file.language not in _LANGUAGES or not file.added or is_vendored(file.path):
                continue
            for first, last, text in _commands(file):
                found = look(text)
                if found is not None:
                    piece, message, advice, severity = found
                    line = next((at for at in range(first, last + 1) if piece in file.new_lines[at - 1]), first)
                    if file.touched(line, line):
                        severity = "low" if is_test(file.path) else severity
                        yield Found(file.path, line, message, line, advice, severity, is_example(file.path))

    return check


def both(
    one: Callable[[ReviewedChange], Iterable[Found]], other: Callable[[ReviewedChange], Iterable[Found]]
) -> Callable[[ReviewedChange], Iterator[Found]]:
    """Make one check of two."""

    def check(change: ReviewedChange) -> Iterator[Found]:
        yield from one(change)
        yield from other(change)

    return check


def _insecure(text: str) -> _Slip | None:
    """Look for a certificate or a host key that nobody checks."""
    for match in _INSECURE.finditer(text):
        piece = next(each for each in match.groups() if each)
        if not _LOCAL.search(text) and (not match["curl"] or _LOWERCASE_K.match(piece)):
            message = f"`{piece}` lets any certificate pass: whoever sits in between reads and changes everything"
            return piece, message, "leave the check on; add the missing authority to the trusted ones", "medium"
    return None


def _evaluated(text: str) -> _Slip | None:
    """Look for a variable that is run as a command line."""
    match = _EVAL.search(text)
    if match is None:
        return None
    piece = (match["eval"] or match["run"]).strip(" ;&|)")
    message = f"`{piece}` runs whatever the variable holds as a command line"
    severity: Severity = "medium" if re.search(r"\$\{?[1-9@*]", piece) else "low"
    return piece, message, 'call it directly: `"$@"`, or an array', severity


def _piped(text: str) -> _Slip | None:
    """Look for what is downloaded and run in one go."""
    match = _PIPED.search(text)
    if match is None or _CHECKED.search(text) or _SAID.match(text):
        return None
    piece = "curl" if "curl" in match.group() else "wget"
    return (
        piece,
        "what the net answers is run unseen",
        "download it, compare its checksum or signature, then run it",
        "medium",
    )


insecure, evaluated = in_scripts(_insecure), in_scripts(_evaluated)

RULE = Rule(
    id="download-run",
    family="dangerous-call",
    severity="medium",
    title="A download is run unseen",
    explanation=(
        "`curl ... | sh` runs whatever the server, or whoever stands in between, answers today, and half of it when "
        "the line breaks. Download a named version, compare its checksum or signature, then run it."
    ),
    bad=Example("install.sh", "#!/bin/sh\ncurl -fsSL https://tools.example.org/install.sh | sh\n"),
    good=Example(
        "install.sh",
        "#!/bin/sh\ncurl -fsSLo tool.tgz https://tools.example.org/tool-1.2.tgz\n"
        'echo "$TOOL_SHA256  tool.tgz" | sha256sum -c -\n',
    ),
    check=in_scripts(_piped),
)
