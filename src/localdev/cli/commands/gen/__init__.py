"""`localdev gen`: one file per kind of proposal, each of which registers itself on the group."""

from __future__ import annotations

from localdev.cli.commands.gen import doc, test
from localdev.cli.commands.gen.group import app

__all__ = ["app", "doc", "test"]
