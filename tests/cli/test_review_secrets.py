"""A review that finds a credential does not carry it on: not to a terminal, a report, a log or a baseline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localdev.core.review import Finding
from localdev.rules.baseline import fingerprints
from tests.cli.conftest import Run

TOKEN = "gh" + "p_R8sKq2vN7xWc4LmZ1tYb9DfHj3PaUe6GoTiX"
BODY = "MIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEAq7BFUpkGp3+LQmlQ"
LINE = f'client = connect(token="{TOKEN}")'
KEY = f"-----BEGIN {'PRIVATE'} KEY-----\n" + f"{BODY}\n" * 6 + f"-----END {'PRIVATE'} KEY-----\n"


@pytest.fixture
def leaking(repository: Path) -> Path:
    """Write a token, a line beside it that is wrong for another reason, and a private key."""
    (repository / "app" / "upload.py").write_text(f'{LINE}\neval(input("{TOKEN}"))\n')
    (repository / "deploy.pem").write_text(KEY)
    return repository


@pytest.mark.parametrize("form", ["text", "json", "sarif", "markdown", "github", "gitlab"])
def test_no_form_prints_a_credential(run: Run, leaking: Path, form: str) -> None:
    """Its first letters are shown, and of a key the head; other findings of such a line hide it, too."""
    done = run("-C", leaking, "review", "--no-model", "--format", form)
    assert done.code == 1
    assert TOKEN not in done.out and BODY not in done.out
    if form in ("text", "json", "markdown"):
        assert "ghp_..." in done.out and "PRIVATE KEY-----" in done.out


def test_a_finding_stays_where_and_what_it_is(run: Run, leaking: Path) -> None:
    """The line's number is the file's, and the fingerprint that of the real line."""
    found = json.loads(run("-C", leaking, "review", "--json").out)["findings"]
    token, key = (next(each for each in found if each["rule"] == rule) for rule in ("secret-token", "private-key"))
    assert (token["line"], token["quote"]) == (1, 'client = connect(token="ghp_...")')
    real = Finding("secret-token", "high", "app/upload.py", 1, 1, LINE, "")
    assert [token["fingerprint"]] == fingerprints([real], lambda _path: LINE.split("\n"))
    assert [each["text"] for each in key["lines"]] == [KEY.split("\n")[0], "..."]


def test_a_baseline_holds_no_credential(run: Run, leaking: Path) -> None:
    """It is committed, and still knows the finding."""
    assert run("-C", leaking, "review", "--write-baseline", "known.json").code == 0
    text = (leaking / "known.json").read_text()
    assert TOKEN not in text and BODY not in text
    (leaking / "known.json").rename(leaking.parent / "known.json")
    done = run("-C", leaking, "review", "--baseline", leaking.parent / "known.json")
    assert (done.code, "known before" in done.out) == (0, True), done.out
