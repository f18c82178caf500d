"""Secrets that are written to a log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import FUNCTIONS
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, text_of
from localdev.source.syntax.values import Argument

_LOGS = re.compile(
    r"""
    (?:.*\.)?(?:_?log(?:ger|ging)?|LOG(?:GER)?|_logger|slog|syslog|console|Rails\.logger|Log|tracing|zap|logrus
    |winston|l)\.(?:debug|info|warn|warning|error|critical|fatal|log|trace|exception|notice
    |Debug|Info|Warn|Warning|Error|Fatal|Trace|Log\w*|Print\w*|Debugf|Infof|Warnf|Errorf|Fatalf|Verbose|Information
    |fine|finer|severe)
    | print | println | printf | puts | fmt\.Print\w* | System\.(?:out|err)\.print\w* | Console\.Write\w*
    | error_log | NSLog | fprintf | info | debug | warn | error | trace | syslog
    """,
    re.VERBOSE,
)
_SECRET = re.compile(
    r"""
    (?:\w*[_.])?(?:passw(?:or)?d | passwd | passphrase | client_?secret | secret_?key | private_?key | api_?key
    | api_?secret | access_?token | refresh_?token | auth_?token | bearer_?token | session_?token
    | credit_?card(?:_?number)? | card_?number | cvv | ssn | secret_?access_?key | encryption_?key | id_?token
    | jwt_?secret | reset_?token) | authorization
    | \w*[a-z](?:Password|Passwd|Passphrase|ClientSecret|SecretKey|PrivateKey|ApiKey|APIKey|AccessToken
    |RefreshToken|AuthToken|CardNumber)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NAMES = words(
    "identifier property_identifier field_identifier variable_name instance_variable type_identifier "
    "shorthand_property_identifier"
)
_CALLED = words(
    "call call_expression invocation_expression method_invocation function_call_expression member_call_expression"
)
_HIDES = re.compile(
    r"(?i)mask|redact|hash|len\(|length|\.size|bool|type|count|\*\*\*|obfuscat|censor|hidden|startswith|slice|\[:\d|substr|is_?(?:set|none|null|empty)|isset|!!|===?|!=|\bnot\b|\?"
)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find log calls that are given a name of something secret."""
    for call in calls(tree):
        if not call.arguments or not _LOGS.fullmatch(call.name) or not file.touched(call.line, call.end_line):
            continue
        secret = next((name for each in call.arguments if (name := _secret_in(each))), "")
        if secret and not _HIDES.search(_values(call)):
            yield Found(
                file.path,
                call.line,
                f"`{secret}` is written to the log, where many may read it",
                min(call.end_line, call.line + 5),
                "leave it out, or write that it is set",
            )


def _secret_in(argument: Argument) -> str:
    """Give the secret's name among those an expression shows, empty for none."""
    for name in _names(argument.node):
        if not _is_part(name):
            full = _whole(name)
            if _SECRET.fullmatch(text_of(name).lstrip("$@:")) and text_of(full).count("(") == 0:
                return text_of(full)
    if argument.last is not None:
        found = re.search(r"\{(\w+)[:}]", argument.text)
        if found is not None and _SECRET.fullmatch(found[1]):
            return found[1]
    return ""


def _names(node: SyntaxNode) -> Iterator[SyntaxNode]:
    """Yield the names in an expression, those behind a dot included."""
    if node.type in FUNCTIONS:
        return
    if node.type in _NAMES:
        yield node
    else:
        for child in node.children:
            yield from _names(child)


def _is_part(name: SyntaxNode) -> bool:
    """Say whether a name is only what something is looked up in: `password.length`, `password_file.path`."""
    parent = name.parent
    if parent is None:
        return False
    first = next(iter(parent.named_children), None)
    looks_up = parent.type in _LOOKUPS
    return (
        looks_up and first is not None and first.id == name.id and len(parent.named_children) > 1
    ) or parent.type in ("keyword_argument", "call")


_LOOKUPS = words(
    "attribute member_expression selector_expression field_expression field_access "
    "member_access_expression member_call_expression method_invocation call"
)


def _whole(name: SyntaxNode) -> SyntaxNode:
    """Give the dotted expression that ends with a name."""
    parent = name.parent
    return parent if parent is not None and parent.type in _LOOKUPS and parent.type not in _CALLED else name


def _values(call: Call) -> str:
    """Give the texts of the arguments without what stands in quotes."""
    return " ".join(re.sub(r"\"[^\"{}$#]*\"|'[^'{}$#]*'", "", each.text) for each in call.arguments)


RULE = Rule(
    id="secret-in-log",
    family="dangerous-call",
    severity="medium",
    title="A secret is written to a log",
    explanation=(
        "Logs are kept, copied and read by many. Leave passwords, keys and tokens out of "
        "them, or write only that they are set."
    ),
    bad=Example(
        "login.py",
        "import logging\n\nlogger = logging.getLogger(__name__)\n\ndef login(user, password):\n    "
        "logger.info('login of %s with %s', user, password)\n",
    ),
    good=Example(
        "login.py",
        "import logging\n\nlogger = logging.getLogger(__name__)\n\ndef login(user, password):\n    "
        "logger.info('login of %s', user)\n",
    ),
    check=in_code(
        _look, ("passw", "secret", "key", "token", "card", "cvv", "ssn", "authorization", "passphrase"), aside="none"
    ),
)
