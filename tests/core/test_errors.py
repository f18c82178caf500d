"""The error tree."""

from __future__ import annotations

import pytest

from localdev.core import errors


def tree(kind: type[errors.LocaldevError]) -> list[type[errors.LocaldevError]]:
    """List a class and all below it."""
    return [kind, *(found for child in kind.__subclasses__() for found in tree(child))]


@pytest.mark.parametrize("kind", tree(errors.LocaldevError), ids=lambda kind: kind.__name__)
def test_every_error_says_what_what_to_do_and_how_to_exit(kind: type[errors.LocaldevError]) -> None:
    """Message, hint, an exit code of the contract and an HTTP status belong to each class."""
    error = kind("what", "do this")
    assert (str(error), error.hint) == ("what", "do this")
    assert kind.exit_code in (2, 4)
    assert 400 <= kind.http_status < 600


def test_codes_are_told_apart() -> None:
    """Every class has a code of its own."""
    codes = [kind.code for kind in tree(errors.LocaldevError)]
    assert len(codes) == len(set(codes))
