"""The dialect of Jinja that chat templates are written in: one for who renders them and for who judges them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2.ext import Extension


@cache
def dialect() -> dict[str, Any]:
    """Give the settings of a Jinja environment for chat templates; nothing is computed before it is rendered."""
    return {
        "trim_blocks": True,
        "lstrip_blocks": True,
        "extensions": ["jinja2.ext.loopcontrols", _generation()],
        "autoescape": False,
        "optimized": False,
    }


def _generation() -> type[Extension]:
    """Make the tag `generation`, by which templates mark the answers for training: a plain block to everyone else."""
    from jinja2 import nodes
    from jinja2.ext import Extension
    from jinja2.parser import Parser

    class Generation(Extension):
        """The tag `generation`, which holds what the model is to have said."""

        tags = {"generation"}  # noqa: RUF012 - the attribute's type is Jinja's

        def parse(self, parser: Parser) -> nodes.Node:
            """Read the block; what stands in it is rendered as if it stood outside."""
            line = next(parser.stream).lineno
            return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)

    return Generation
