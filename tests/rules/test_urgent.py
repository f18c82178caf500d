"""The rules that come first: which they are, that loading them loads no others, and what settings say of them."""

from __future__ import annotations

import subprocess
import sys

from localdev.rules.registry import RULES
from localdev.rules.urgent import URGENT, concerning


def test_which_they_are() -> None:
    """All rules of the two families whose finds stay in the history, and no others."""
    assert set(URGENT) == {rule for rule in RULES if rule.family in ("secrets", "merge-marker")}


def test_they_are_loaded_alone() -> None:
    """Neither they nor what runs them loads the table of all rules, or a parser."""
    script = (
        "import sys, localdev.rules.urgent, localdev.rules.run, localdev.rules.selection\n"
        "print(sorted({'localdev.rules.registry', 'localdev.rules.injected.sql'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_what_settings_say_of_them() -> None:
    """Rules and families by their names, with a pattern or a level behind them."""
    said = ["todo-left", "secrets", "secret-token: tests/**", "merge-marker=low", "hardcoded-secrets", "sql:a=b"]
    assert concerning(said) == ["secrets", "secret-token: tests/**", "merge-marker=low"]
