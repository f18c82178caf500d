"""`localdev gen`: one file per kind of proposal, each of which registers itself on the group."""

from __future__ import annotations

from localdev.cli.commands.gen import code, doc, edit, fix, test
from localdev.cli.commands.gen.group import app

__all__ = ["app", "code", "doc", "edit", "fix", "test"]
