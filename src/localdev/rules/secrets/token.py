"""A token whose form tells whose it is, in added lines."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.rules.changed import ChangedFile
from localdev.rules.rule import Example, Found, Rule, each_file
from localdev.rules.secrets.added import TOKENS, Secret, aside, in_order, made_up, secrets_in

# Forms so short of marks that a checksum or a word in CSS has them, too: these have to be drawn by chance.
_LOOSE = frozenset({"TWILIO", "MAILGUN", "MAILCHIMP", "DISCORD", "OPENAI", "CRATES", "NUGET", "AZURE_SIGNATURE"})
_NAMES = {"AWS": "AWS", "GCP": "Google Cloud", "GITHUB": "GitHub", "GITLAB": "GitLab", "NPM": "npm", "PYPI": "PyPI"}


def _look(file: ChangedFile) -> Iterator[Found]:
    """Find tokens of known forms; filler in their form is left alone."""
    lines: set[int] = set()
    for found in secrets_in(file, TOKENS):
        if made_up(found.span.value) or found.line in lines or not _sure(found, file.path):
            continue
        lines.add(found.line)
        who = _NAMES.get(found.span.kind.split("_")[0], found.span.kind.replace("_", " ").title())
        yield Found(
            file.path,
            found.line,
            f"a credential in the form of {who} is added",
            found.end_line,
            "read it from the environment or a secret store, and revoke this one: what was committed counts as known",
            "medium" if in_order(found.span.value) else None,
        )


def _sure(found: Secret, path: str) -> bool:
    """Say whether a find is no accident: in tests, forms with few marks of their own are mostly made up."""
    if aside(path) and (found.span.kind in _LOOSE or in_order(found.span.value)):
        return False
    before = found.row[: found.column][-1:]
    return before not in ("/", "+") or found.span.kind in ("SLACK_HOOK", "DISCORD_HOOK") or "://" in found.row


RULE = Rule(
    id="secret-token",
    family="secrets",
    severity="high",
    title="A token of a known service in the repository",
    explanation=(
        "The value has the form of a real token of a cloud, a code forge, a registry or an online service. Whoever can "
        "read the repository can use it, also after a later commit deletes it. Read it from the environment or "
        "a secret "
        "store, and revoke this one."
    ),
    bad=Example("app/upload.py", f'client = connect(token="{"gh" + "p_"}R8sKq2vN7xWc4LmZ1tYb9DfHj3PaUe6GoTiX")\n'),
    good=Example("app/upload.py", 'client = connect(token=os.environ["UPLOAD_TOKEN"])\n'),
    check=each_file(_look),
)
