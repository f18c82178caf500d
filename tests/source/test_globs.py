"""Glob patterns for paths."""

from __future__ import annotations

import pytest

from localdev.source.globs import path_matcher


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.py", "a.py", True),
        ("*.py", "deep/down/a.py", True),
        ("*.py", "a.pyi", False),
        ("*.py", "x.py/readme", True),
        ("tests", "tests/test_a.py", True),
        ("tests", "src/tests/test_a.py", True),
        ("tests", "src/mytests/a.py", False),
        ("tests/", "tests", False),
        ("src/app", "src/app/main.py", True),
        ("src/app", "src/apple/main.py", False),
        ("src/app", "lib/src/app/main.py", False),
        ("./src/*.py", "src/a.py", True),
        ("src/*.py", "src/deep/a.py", False),
        ("src/**/*.py", "src/a.py", True),
        ("src/**/*.py", "src/deep/er/a.py", True),
        ("src/**", "src/deep/er/a.py", True),
        ("/src", "src/a.py", True),
        ("/src", "lib/src/a.py", False),
        ("file[0-9].c", "file7.c", True),
        ("file[!0-9].c", "file7.c", False),
        ("file[^0-9].c", "filex.c", True),
        ("file[^0-9].c", "file7.c", False),
        ("file[9-0].c", "file5.c", False),
        ("file[^].c", "file^.c", True),
        ("file[!].c", "file!.c", True),
        ("file[a&&b].c", "file&.c", True),
        ("file[-x].c", "file-.c", True),
        ("file[x-].c", "file-.c", True),
        ("file?.c", "filex.c", True),
        ("file?.c", "file.c", False),
        ("a+b(c).py", "a+b(c).py", True),
        ("[", "[", True),
        ("src\\app", "src/app/main.py", True),
        ("", "anything", True),
    ],
)
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    """A pattern fits a path as people who know .gitignore expect."""
    assert path_matcher([pattern])(path) is fits


def test_any_pattern_suffices() -> None:
    """A path needs to fit one of several patterns; no pattern fits nothing."""
    assert path_matcher(["*.c", "docs"])("docs/a.md")
    assert not path_matcher([])("docs/a.md")
