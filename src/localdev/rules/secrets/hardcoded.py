"""A password, key or token that is written where its name or its place says what it is, in added lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.privacy.detectors import assigned, commands, config_files, headers, jwt, urls
from localdev.rules.changed import ChangedFile
from localdev.rules.places import is_example, is_test, is_vendored
from localdev.rules.rule import Example, Found, Rule, each_file
from localdev.rules.secrets.added import TOKENS, Secret, aside, drawn, in_order, made_up, secrets_in
from localdev.rules.words import words
from localdev.source.skip import file_reason

_DETECTORS = (jwt.find, urls.find, headers.find, config_files.find, commands.find, assigned.find)
# A sign of any of them in small letters: files without one are not searched.
_SIGNS = words("""
    pass pwd psk pw secret token key auth credential cookie signature salt session eyj :// contrase identified login
    $2a$ $2b$ $2y$ $argon pbkdf2 curl
    """)
_LOCAL = re.compile(
    r"@(?:localhost|127\.0\.0\.1|\[?::1|0\.0\.0\.0|host\.docker|[\w-]*example|\w+(?=[:/]))", re.IGNORECASE
)
_TRANSLATED = re.compile(
    r"(?:^|/)(?:locales?|i18n|l10n|lang|langs|translations?|messages|intl)(?:/|[._-])", re.IGNORECASE
)
_CI = re.compile(r"(?:^|/)(?:\.github|\.gitlab|\.circleci|\.ci|\.azure[\w-]*)/|docker-compose|compose\.ya?ml|\.travis")
_COMMENT = ("#", "//", "*", "--", ">>>", ";", "<!--", "/*", "'''", '"""')
# What selects, describes or names something, and what is put in later.
_NO_VALUE = re.compile(r"[#./%:@&?]|--|https?:|\$\(|\(|<|\\[nrtuxdws]|.*(?:\$\{|\{\{|%s|\{\w*\}|<%)")
_LABEL = re.compile(r"[A-Z][a-z]+|[A-Z]+|[A-Z][a-z]+(?:[A-Z][a-z]+)+|[^\x00-\x7f]+|[\w.]*[a-z]\.[a-z][\w.]*")
_WORDY = re.compile(r"[a-z]+(?:[_-][a-z]+)+|[a-z]+(?:[A-Z][a-z]+)+|\w*(?i:pass(?:word|wd)?|secret|token|key)s?")
_WEAK_FILE = (".md", ".rst", ".txt", ".adoc", ".html", ".svg", ".css", ".po", ".csv", ".ipynb")


def _look(file: ChangedFile) -> Iterator[Found]:
    """Find written credentials."""
    if not any(sign in file.near for sign in _SIGNS):
        return
    lines: set[int] = set()
    for found in secrets_in(file, _DETECTORS):
        severity = _severity(found, file.path)
        if severity is not None and found.line not in lines and not _known(found.row):
            lines.add(found.line)
            yield Found(
                file.path,
                found.line,
                f"a {found.span.kind.replace('_', ' ').lower()} is written in the code",
                found.end_line,
                "read it from the environment or a secret store",
                severity,
            )


def _known(row: str) -> bool:
    """Say whether a line holds a token of a known form or a private key: other rules tell those."""
    return "PRIVATE KEY" in row or any(not made_up(span.value) for find in TOKENS for span in find(row))


def _severity(found: Secret, path: str) -> Severity | None:
    """Judge a find: what was drawn by chance is surely a credential, a word may be a label."""
    value, kind = found.span.value, found.span.kind
    if made_up(value) and (len(value) > 24 or kind not in ("PASSWORD", "SECRET", "URL_PASSWORD", "DB_PASSWORD")):
        return None
    if kind == "URL_TOKEN" and "ssh://" in found.row:
        return None  # a user's name: keys open what is behind it
    strong = drawn(value)
    if kind == "PASSWORD_HASH":
        return None if aside(path) else "low"
    if not strong and (_TRANSLATED.search(path) or _plain_words(found)):
        return None
    if aside(path) and not _is_program(path):
        return "low" if strong else None
    if aside(path):
        return "medium" if strong else "low"  # people copy what examples do
    if file_reason(path.rpartition("/")[2]) == "may hold secrets":
        return "high" if strong else "medium"
    if strong:
        return "high"
    mild = _CI.search(path) or path.endswith(_WEAK_FILE) or found.row.lstrip().startswith(_COMMENT) or _local(found)
    return "low" if mild or (in_order(value) and kind == "TOKEN") else "medium"


def _is_program(path: str) -> bool:
    """Say whether a file is an example that runs, and not a test, a page, data or other people's code."""
    return is_example(path) and not (is_test(path) or is_vendored(path) or path.endswith(_WEAK_FILE))


def _plain_words(found: Secret) -> bool:
    """Say whether a value is a label, a name or a selector and not a password that somebody chose."""
    value = found.span.value
    return bool(_NO_VALUE.match(value) or _LABEL.fullmatch(value) or _WORDY.fullmatch(value)) or " " in value.strip()


def _local(found: Secret) -> bool:
    """Say whether a password opens only what runs beside the program."""
    return _LOCAL.match(found.row[found.column + len(found.span.value) :]) is not None


RULE = Rule(
    id="hardcoded-secret",
    family="secrets",
    severity="medium",
    title="A password, key or token written in the code",
    explanation=(
        "Its name, or the place it stands in (an address, a header, a command), says that this value is a credential. "
        "Everyone who can read the repository knows it, and changing it takes a release. Read it from the environment "
        "or a secret store. In tests and documentation only values that look drawn by chance are told, as low; in "
        "examples, which people copy, each a step less than elsewhere."
    ),
    bad=Example("app/settings.py", 'DATABASE_PASSWORD = "kestrel-Morning7!"\n'),
    good=Example("app/settings.py", 'DATABASE_PASSWORD = os.environ["DATABASE_PASSWORD"]\n'),
    check=each_file(_look),
)
