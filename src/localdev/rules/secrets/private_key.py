"""A private key in added lines."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.privacy.detectors import private_keys
from localdev.rules.changed import ChangedFile
from localdev.rules.rule import Example, Found, Rule, each_file
from localdev.rules.secrets.added import secrets_in

_BODY = "".join(("MIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEAq7BFUpkGp3+LQmlQ\n",) * 2)


def _look(file: ChangedFile) -> Iterator[Found]:
    """Find private keys; base64 without their marks may be anything."""
    if not any("PRIVATE" in line.text or "Private-Lines" in line.text for line in file.change.lines()):
        return
    for found in secrets_in(file, (private_keys.find,)):
        if "PRIVATE KEY" in found.span.value or "Private-Lines" in found.row:
            yield Found(
                file.path,
                found.line,
                "a private key is added",
                found.end_line,
                "keep it outside of the repository, and replace this one: what was committed counts as known",
            )


RULE = Rule(
    id="private-key",
    family="secrets",
    severity="high",
    title="A private key in the repository",
    explanation=(
        "Whoever can read the repository, now or later, can act as the owner of this key; deleting it in a "
        "later commit "
        "leaves it in the history. Load it from a file or a secret store that is not tracked, and replace this key."
    ),
    bad=Example(
        "deploy/key.py", f'KEY = """-----BEGIN {"PRIVATE"} KEY-----\n{_BODY}-----END {"PRIVATE"} KEY-----"""\n'
    ),
    good=Example("deploy/key.py", 'KEY = Path(os.environ["DEPLOY_KEY_FILE"]).read_text()\n'),
    check=each_file(_look),
)
