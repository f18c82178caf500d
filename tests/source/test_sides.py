"""The two sides of a change where git, the disk and a patch do not say the same."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.source.changes import Changed, patch, staged, uncommitted
from localdev.source.sides import decode

Git = Callable[..., str]


def agree(changed: Changed) -> None:
    """Hold every line of the new side against the diff's."""
    for file in changed.change.files:
        rows = (changed.sides.new_text(file.path) or "").split("\n")
        for line in file.lines():
            if line.new_line:
                assert rows[line.new_line - 1] == line.text.removesuffix("\r"), (file.path, line)


def test_files_that_git_keeps_in_another_form(tree: Path, git: Git) -> None:
    """The lines of a file behind a filter or in UTF-16 are those of the diff, not those on disk."""
    (tree / ".gitattributes").write_text("*.nb filter=strip\n*.txt working-tree-encoding=UTF-16LE-BOM\n")
    git("config", "filter.strip.clean", "grep -v output")
    (tree / "a.nb").write_text("output\noutput\none\n")
    (tree / "b.txt").write_bytes("\ufeffone\n".encode("utf-16-le"))
    git("add", ".")
    git("commit", "-q", "-m", "first")
    (tree / "a.nb").write_text("output\noutput\none\ntwo\n")
    (tree / "b.txt").write_bytes("\ufeffone\ntwo\n".encode("utf-16-le"))
    changed = uncommitted(tree)
    agree(changed)
    assert [changed.sides.new_text(path) for path in ("a.nb", "b.txt")] == ["one\ntwo\n", "one\ntwo\n"]


@pytest.mark.parametrize("later", ["another\n", None])
def test_files_that_change_while_they_are_looked_at(tree: Path, git: Git, later: str | None) -> None:
    """What was written or removed since the diff was made is not what is looked into."""
    (tree / "old.py").write_text("one\ntwo\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    (tree / "old.py").write_text("one\nnew\ntwo\n")
    (tree / "new.py").write_text("first\nsecond\n")
    changed = uncommitted(tree)
    for name in ("old.py", "new.py"):
        if later is None:
            (tree / name).unlink()
        else:
            (tree / name).write_text(later)
    agree(changed)
    assert changed.sides.new_text("old.py") == "one\nnew\ntwo\n"


def test_names_that_git_cannot_be_asked_for_by_line(tree: Path, git: Git) -> None:
    """A line feed, and bytes that are no UTF-8: staged files are read by what the diff calls them."""
    for name in (b"two\nlines.py", b"\xff.py"):
        (Path(os.fsdecode(os.fsencode(tree) + b"/" + name))).write_text("text\n")
    git("add", ".")
    changed = staged(tree)
    assert len(changed.change.files) == 2
    assert [changed.sides.new_text(file.path) for file in changed.change.files] == ["text\n", "text\n"]


def test_a_repository_of_longer_ids(tmp_path: Path) -> None:
    """Objects are read where git names them by SHA-256, too; what is not there is None."""
    if subprocess.run(["git", "init", "-q", "--object-format=sha256", str(tmp_path)]).returncode:
        pytest.skip("this git knows one kind of ids")
    for text in ("old\n", "new\n"):
        (tmp_path / "a b.py").write_text(text)
        subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
        if text == "old\n":
            subprocess.run(["git", "commit", "-qm", "first"], cwd=tmp_path, check=True)
    sides = staged(tmp_path).sides
    assert (sides.old_text("a b.py"), sides.new_text("a b.py"), sides.new_size("a b.py")) == ("old\n", "new\n", 4)
    assert [sides.new_text(name) for name in ("no such.py", "a\nb", "a b.py")] == [None, None, "new\n"]


@pytest.mark.parametrize("name", ["../out.py", "{parent}/out.py", "link/out.py", "link.py", "nul\\000.py"])
def test_a_patch_shows_nothing_outside_the_tree(tree: Path, git: Git, name: str) -> None:
    """By dots, by an absolute name, or through a link: only its own lines are known."""
    (tree.parent / "out.py").write_text("secret\nhere\n")
    (tree / "link").symlink_to(tree.parent)
    (tree / "link.py").symlink_to(tree.parent / "out.py")
    path = name.format(parent=tree.parent)
    changed = patch(tree, f'--- "a/{path}"\n+++ "b/{path}"\n@@ -2 +2,2 @@\n here\n+new\n')
    (file,) = changed.change.files
    assert changed.sides.new_text(file.path) == "\nhere\nnew\n"
    assert changed.sides.old_text(file.path) == "\nhere\n"


def test_a_line_beyond_all_files(tree: Path, git: Git) -> None:
    """A patch of a hundred bytes does not make a text of a gigabyte."""
    changed = patch(tree, "--- a/a.py\n+++ b/a.py\n@@ -0,0 +999999999 @@\n+new\n")
    assert changed.sides.new_text("a.py") is None


def test_unmerged_files_are_told(tree: Path, git: Git) -> None:
    """They are in no staged change, and nobody shall think that they were looked at."""
    (tree / "a.py").write_text("one\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    git("checkout", "-q", "-b", "side")
    (tree / "a.py").write_text("two\n")
    git("commit", "-q", "-a", "-m", "side")
    git("checkout", "-q", "main")
    (tree / "a.py").write_text("three\n")
    git("commit", "-q", "-a", "-m", "main")
    with pytest.raises(Exception, match="merge"):
        git("merge", "side")
    assert staged(tree).notes == ("not looked at, because it is not merged: a.py",)
    agree(uncommitted(tree))


def test_untracked_data_does_not_fill_the_memory(tree: Path, git: Git) -> None:
    """Of many large files some are read, the rest is named."""
    for at in range(8):
        (tree / f"{at}.csv").write_text(f"{'1,2,' * 500}\n" * 2_000)
    changed = uncommitted(tree)
    read = [file for file in changed.change.files if not file.binary]
    assert len(changed.change.files) == 8 and len(read) == 5
    assert "20 MB" in changed.notes[0]


def test_bytes_that_are_no_utf8_are_read_line_by_line() -> None:
    """One line in another encoding leaves the others as they are, as in a diff."""
    assert decode("é\n".encode() + b"caf\xe9\n") == "é\ncafé\n"
