"""Merge marks, licences, large and binary files: what is told, and what is usual and left alone."""

from __future__ import annotations

import pytest

from localdev.rules import binary_file, large_file, licence_header, merge_marker
from localdev.rules.run import find
from tests.rules.changing import change_of, findings

START, MIDDLE, END = "<" * 7, "=" * 7, ">" * 7
CONFLICT = f"{START} HEAD\nx = 1\n{MIDDLE}\nx = 2\n{END} topic\n"

MERGES = [
    # (path, text, (severity, line) of what is told)
    ("a.py", f"a = 1\n{CONFLICT}", [("high", 2)]),
    ("a.py", CONFLICT + CONFLICT, [("high", 1), ("high", 6)]),
    ("a.css", f"x {{}}\n{END} topic\n", [("high", 2)]),
    ("a.go", f"package a\n{MIDDLE}\n", [("high", 2)]),
    ("a.yml", f"{START} HEAD\na: 1\n{'|' * 7} base\n{MIDDLE}\na: 2\n{END} x\n", [("high", 1)]),
    ("README.md", CONFLICT, [("high", 1)]),
    ("README.md", f"How a conflict looks:\n\n```\n{CONFLICT}```\n", [("low", 4)]),
    ("test_merge.py", f'TEXT = """\nx\n{CONFLICT}"""\n', [("low", 3)]),
    ("README.md", f"Title\n{MIDDLE}\n", []),
    ("README.rst", f"{MIDDLE}\nTitle\n{MIDDLE}\n", []),
    ("a.py", f'x = "{START} HEAD"\n', []),
    ("a.py", "# ========\n", []),
    ("mail.txt", f"{END}> quoted\n{END} quoted\n", []),
]


@pytest.mark.parametrize(("path", "text", "expected"), MERGES)
def test_merge_marks(path: str, text: str, expected: list[tuple[str, int]]) -> None:
    """Each conflict is told once at its first mark; rulers and quotes are none."""
    found = findings({}, {path: text}, (merge_marker.RULE,))
    assert [(each.severity, each.line) for each in found] == expected


def test_marks_that_were_there_are_left_alone() -> None:
    """A change beside an old mark does not bring it."""
    assert findings({"a.py": CONFLICT}, {"a.py": CONFLICT + "y = 1\n"}, (merge_marker.RULE,)) == []


MIT = "# Copyright (c) 2020 Someone\n# Licensed under the MIT License.\n"
C_HEAD = "/*\n * Copyright 2019 The Authors.\n * Use of this source code is governed by a BSD-style license\n */\n"
LICENCES = [
    # (path, before, after, severities)
    ("a.py", MIT + "x = 1\n", "x = 1\n", ["medium"]),
    ("a.py", "#!/usr/bin/env python\n" + MIT + "x = 1\n", "#!/usr/bin/env python\n# A tool.\nx = 1\n", ["medium"]),
    ("a.c", C_HEAD + "int x;\n", "int x;\n", ["medium"]),
    ("a.js", "// SPDX-License-Identifier: MIT\nx();\n", "x();\n", ["medium"]),
    ("a.html", "<!-- Copyright 2020 Someone -->\n<p>\n", "<p>\n", ["medium"]),
    ("a.py", MIT + "x = 1\n", "# Licensed under the MIT License.\nx = 1\n", ["low"]),
    ("a.js", "// SPDX-License-Identifier: MIT\nx();\n", "// SPDX-License-Identifier: GPL-3.0-only\nx();\n", ["low"]),
    ("a.py", MIT + "x = 1\n", MIT.replace("2020", "2020-2026") + "x = 1\n", []),
    ("a.py", MIT + "x = 1\n", "# A module.\n" + MIT + "x = 2\n", []),
    ("a.py", MIT + "x = 1\n", "# SPDX-License-Identifier: MIT\n# Copyright Someone\nx = 1\n", []),
    ("a.py", "x = 1\n", "x = 2\n", []),
    ("vendor/a.py", MIT + "x = 1\n", "x = 1\n", []),
    ("a.py", "x = 1\n# the copyright of what is uploaded\ny = 1\n" * 30, "x = 1\n", []),
]


@pytest.mark.parametrize(("path", "before", "after", "severities"), LICENCES)
def test_licence_headers(path: str, before: str, after: str, severities: list[str]) -> None:
    """A notice that goes is told at the top of the file; one that is brought up to date is not."""
    found = findings({path: before}, {path: after}, (licence_header.RULE,))
    assert [each.severity for each in found] == severities
    assert all(each.line == 1 for each in found)


def test_moved_files_keep_their_notice() -> None:
    """A file that is renamed is compared with what it was."""
    change = change_of({"a.py": MIT + "x = 1\n"}, {"b.py": "x = 1\n"}, moved={"a.py": "b.py"})
    assert [each.path for each in find(change, (licence_header.RULE,))] == ["b.py"]


def test_many_notices_at_once_are_a_decision() -> None:
    """Five files or more are a sweep: worth a remark each."""
    before = {f"a{n}.py": MIT + "x = 1\n" for n in range(5)}
    found = findings(before, dict.fromkeys(before, "x = 1\n"), (licence_header.RULE,))
    assert [each.severity for each in found] == ["low"] * 5


def test_the_licence_itself() -> None:
    """Deleting the repository's licence is told unless another one is there."""
    before = {"LICENSE": "MIT\n", "a.py": "x = 1\n"}
    assert len(findings(before, {"a.py": "x = 1\n"}, (licence_header.RULE,))) == 1
    assert findings(before, {"a.py": "x = 1\n", "LICENSE.txt": "MIT\n"}, (licence_header.RULE,)) == []


def rows(size: int) -> str:
    """Make a text of a size."""
    return "a line of some data, and not the last one of it\n" * (size // 48)


@pytest.mark.parametrize(
    ("path", "size", "severities"),
    [
        ("data/dump.sql", 600_000, ["medium"]),
        ("src/table.py", 1_200_000, ["medium"]),
        ("tests/data/page.html", 600_000, ["low"]),
        ("tests/data/page.html", 6_000_000, ["medium"]),
        ("docs/notes.txt", 600_000, ["low"]),
        ("data/dump.sql", 400_000, []),
        ("package-lock.json", 1_200_000, []),
    ],
)
def test_large_files(path: str, size: int, severities: list[str]) -> None:
    """Large text is told for the file as a whole; lock files may be large."""
    found = findings({}, {path: rows(size)}, (large_file.RULE,))
    assert [(each.severity, each.line) for each in found] == [(severity, 0) for severity in severities]


def test_a_large_file_that_was_large_is_left_alone() -> None:
    """A change inside of it adds no large file; one that grows to be large does."""
    text = rows(600_000)
    assert findings({"a.sql": text}, {"a.sql": text + "x\n"}, (large_file.RULE,)) == []
    assert len(findings({"a.sql": "x\n"}, {"a.sql": text}, (large_file.RULE,))) == 1


@pytest.mark.parametrize(
    ("path", "size", "severities"),
    [
        ("lib/codec.so", 4_000, ["medium"]),
        ("app/Main.class", 4_000, ["medium"]),
        ("app/__pycache__/a.cpython-311.pyc", 4_000, ["medium"]),
        ("libs/driver.jar", 900_000, ["medium"]),
        ("gradle/wrapper/gradle-wrapper.jar", 60_000, []),
        ("tests/data/a.class", 4_000, ["low"]),
        ("data/users.sqlite", 4_000, ["medium"]),
        ("model.pkl", 4_000, ["medium"]),
        ("release.zip", 300_000, ["medium"]),
        ("release.zip", 3_000, ["low"]),
        ("tests/data/a.zip", 300_000, []),
        ("tests/data/a.zip", 3_000_000, ["medium"]),
        ("logo.png", 30_000, []),
        ("logo.png", 3_000_000, ["medium"]),
        ("docs/screen.gif", 3_000_000, ["low"]),
        ("fonts/a.woff2", 90_000, []),
        ("core.1234", 3_000_000, ["medium"]),
    ],
)
def test_binary_files(path: str, size: int, severities: list[str]) -> None:
    """Built code and data are told, pictures and small files of tests are usual."""
    found = find(change_of({}, {}, binary={path: size}), (binary_file.RULE,))
    assert [each.severity for each in found] == severities
