"""Patches that git itself applies."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localdev.core.patch import FileEdit
from localdev.render.patches import make_patch

LINES = st.text(alphabet=st.sampled_from(["a", "b", "é", "\r", "\n", "\n", " ", "\t", "+", "-", "@"]), max_size=30)


def applied(edits: list[FileEdit], folder: Path) -> dict[str, bytes]:
    """Write the old files, have git apply the patch, and give what is there then."""
    for edit in edits:
        if edit.old is not None:
            (folder / edit.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / edit.path).write_bytes(edit.old.encode("utf-8", "surrogateescape"))
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    patch = make_patch(edits).encode("utf-8", "surrogateescape")
    if patch:
        subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=folder, input=patch, check=True)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def check(edits: list[FileEdit]) -> None:
    """Hold what git makes of a patch against the new texts."""
    with tempfile.TemporaryDirectory() as folder:
        found = applied(edits, Path(folder))
    wanted = {edit.path: edit.new.encode("utf-8", "surrogateescape") for edit in edits if edit.new is not None}
    assert found == wanted


@settings(max_examples=60, deadline=None)
@given(old=LINES, new=LINES)
def test_git_makes_the_new_text_of_the_old(old: str, new: str) -> None:
    """Any two texts: line ends, missing last line ends, empty ones."""
    check([FileEdit("a file.txt", old, new)])


@pytest.mark.parametrize("name", ["grün.py", 'quo"te', "back\\slash", "tab\tname", "a b/c d", "+++ x"])
def test_odd_names_are_written_as_git_reads_them(name: str) -> None:
    """Blanks, quotes, control characters and letters beyond ASCII."""
    check([FileEdit(name, "a\n", "b\n"), FileEdit(f"{name}.new", None, "c\n"), FileEdit(f"{name}.old", "d\n", None)])


def test_bytes_that_are_no_utf8_survive() -> None:
    """A one-byte file keeps its bytes."""
    text = b"caf\xe9\nb\n".decode("utf-8", "surrogateescape")
    check([FileEdit("latin.txt", text, text + "c\n")])


def test_far_changes_stand_in_hunks_of_their_own() -> None:
    """Two edits, far from each other and from both ends."""
    old = "".join(f"{at}\n" for at in range(100))
    new = old.replace("\n30\n", "\nx\n").replace("\n70\n", "\ny\nz\n")
    patch = make_patch([FileEdit("a", old, new)])
    assert [row for row in patch.splitlines() if row.startswith("@@")] == ["@@ -28,7 +28,7 @@", "@@ -68,7 +68,8 @@"]
    check([FileEdit("a", old, new)])


def test_nothing_changed_is_no_patch() -> None:
    """An edit to the same text is left out."""
    assert make_patch([FileEdit("a", "x\n", "x\n")]) == ""
