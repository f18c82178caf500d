"""Commands in texts: named as they work where localdev was started, and never a package that is not ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from localdev.cli.app import COMMANDS
from localdev.cli.program import as_typed, program
from tests.cli.conftest import Run

SOURCE = Path(__file__).parents[2] / "src" / "localdev"
TEXTS = [path for kind in ("py", "md") for path in SOURCE.rglob(f"*.{kind}")]


def test_commands_are_named_as_they_are_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From a checkout's script texts name that script, relative when one stands in the checkout, quoted if need be."""
    text = "run `localdev index --rebuild`, `localdev` alone, or ask localdev again"
    assert (program(), as_typed(text)) == ("localdev", text)
    checkout = tmp_path / "check out"
    checkout.mkdir()
    monkeypatch.setenv("LOCALDEV_CHECKOUT", str(checkout))
    assert program() == f"'{checkout}/scripts/localdev'"
    monkeypatch.chdir(checkout)
    assert as_typed(text) == text.replace("`localdev index", "`scripts/localdev index")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["ask"], ["qqqq"], ["index", "status"], ["models", "list"], ["ask", "settings?"]]
)
def test_every_door_names_them_so(
    run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """Help, errors, hints and reports all put in what works."""
    monkeypatch.setenv("LOCALDEV_CHECKOUT", "/opt/checkout")
    monkeypatch.chdir(repository)
    said = run(*arguments)
    assert "`/opt/checkout/scripts/localdev " in said.out + said.err
    assert "`localdev " not in said.out + said.err


def test_commands_in_texts_stand_in_backticks() -> None:
    """A command outside of backticks would not be put right."""
    named = re.compile(rf"(?<![`\w/.\"\[-])(?<!\| )localdev (?:{'|'.join(COMMANDS)}) [^\"]*[\"']")
    found = [
        f"{path.name}: {line.strip()}"
        for path in TEXTS
        if path.parent.name != "assistant"  # its own doors check a question before it does
        for line in path.read_text().splitlines()
        if named.search(line) and '"""' not in line
    ]
    assert found == []


def test_no_text_asks_an_index_for_a_package_of_our_name() -> None:
    """Whoever owns `localdev` on a package index, it is not us."""
    asking = re.compile(r"^[^#]*(?:pip|pipx|uv)\b[^`\n]*\b(?:install|inject|add)\b[^`\n]*[ \"']localdev\b(?!\.)", re.M)
    found = [f"{path.name}: {match[0]}" for path in TEXTS for match in asking.finditer(path.read_text())]
    assert found == []
