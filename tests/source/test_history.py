"""What is read of a repository's history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.source.history import AddedLine, added_lines, past_commits, text_at


def commit(tree: Path, git: Callable[..., str], message: str, **files: str) -> str:
    """Write files (`a_py` is a.py), commit them and give the commit's id."""
    for name, text in files.items():
        (tree / name.replace("_", ".")).write_text(text, newline="")
    git("add", "--all")
    git("commit", "-q", "--allow-empty", "-m", message)
    return git("rev-parse", "HEAD").strip()


def test_commits(tree: Path, git: Callable[..., str]) -> None:
    """The newest comes first, with the paths it added or changed; removed ones and empty commits are not there."""
    first = commit(tree, git, "add two files\n\nmore text", a_py="one\n", b_py="two\n")
    (tree / "b.py").unlink()
    second = commit(tree, git, "change one, remove one", a_py="other\n")
    commit(tree, git, "nothing")
    found = past_commits(tree, 10)
    assert [(each.id, each.subject, each.paths) for each in found] == [
        (second, "change one, remove one", ("a.py",)),
        (first, "add two files", ("a.py", "b.py")),
    ]
    assert past_commits(tree, 1) == found[:1]


def test_merges_are_left_out(tree: Path, git: Callable[..., str]) -> None:
    """A merge says nothing of its own."""
    commit(tree, git, "base", a_py="one\n")
    git("checkout", "-q", "-b", "side")
    commit(tree, git, "on the side", b_py="two\n")
    git("checkout", "-q", "main")
    commit(tree, git, "on main", c_py="three\n")
    git("merge", "-q", "--no-edit", "side")
    assert {each.subject for each in past_commits(tree, 10)} == {"base", "on the side", "on main"}


def test_added_lines(tree: Path, git: Callable[..., str]) -> None:
    """Each added line has its number in the new file, whatever was removed and whatever its text looks like."""
    commit(tree, git, "first", a_py="one\ntwo\nthree\nfour\nfive\n", b_py="x\n")
    changed = commit(tree, git, "second", a_py="zero\none\n+++ b/odd\n--- a/odd\n@@ -1 +9 @@\nfour\nfive\nsix", b_py="")
    assert list(added_lines(tree, changed)) == [
        AddedLine("a.py", 1, "zero"),
        AddedLine("a.py", 3, "+++ b/odd"),
        AddedLine("a.py", 4, "--- a/odd"),
        AddedLine("a.py", 5, "@@ -1 +9 @@"),
        AddedLine("a.py", 8, "six"),
    ]


def test_every_added_line_stands_where_it_is_said(tree: Path, git: Callable[..., str]) -> None:
    """Number and text agree with the file as the commit left it, also with CRLF and without a last line end."""
    commit(tree, git, "first", a_py="a\r\nb\r\nc\r\n", b_py="1\n2\n3")
    changed = commit(tree, git, "second", a_py="a\r\nB\r\nc\r\nd\r\n", b_py="0\n2\n3\n4")
    lines = list(added_lines(tree, changed))
    assert len(lines) == 5  # `3` had no line end and has one now
    for line in lines:
        text = text_at(tree, changed, line.path)
        assert text is not None and text.split("\n")[line.line - 1] == line.text


def test_names_with_blanks_and_accents(tree: Path, git: Callable[..., str]) -> None:
    """Names are as they are; the lines of a file whose name git writes in quotes are left out."""
    for name in ("with blanks.py", "é.py", 'quo"te.py'):
        (tree / name).write_text("one\n")
    done = commit(tree, git, "names")
    assert past_commits(tree, 1)[0].paths == ('quo"te.py', "with blanks.py", "é.py")
    assert [line.path for line in added_lines(tree, done)] == ["with blanks.py", "é.py"]


def test_nothing_of_the_repository_runs(tree: Path, git: Callable[..., str], tmp_path: Path) -> None:
    """An external diff and a text converter that its settings name are not started."""
    ran = tmp_path / "ran"
    git("config", "diff.external", f"touch {ran};")
    git("config", "diff.evil.textconv", f"touch {ran};")
    (tree / ".gitattributes").write_text("*.py diff=evil\n")
    done = commit(tree, git, "first", a_py="one\n")
    assert [line.path for line in added_lines(tree, done)] == [".gitattributes", "a.py"]
    past_commits(tree, 1)
    assert text_at(tree, done, "a.py") == "one\n"
    assert not ran.exists()


def test_texts(tree: Path, git: Callable[..., str]) -> None:
    """A file that is not there and one that is no text have none."""
    (tree / "data.bin").write_bytes(b"a\0b")
    done = commit(tree, git, "first", a_py="one\r\ntwo\r\n")
    assert text_at(tree, done, "a.py") == "one\ntwo\n"
    assert text_at(tree, done, "data.bin") is None
    assert text_at(tree, done, "no.py") is None


@pytest.mark.parametrize("born", [False, True])
def test_without_history(tree: Path, git: Callable[..., str], born: bool) -> None:
    """Before the first commit, and in a folder without git, there is none."""
    if born:
        git("rev-parse", "--git-dir")
    else:
        tree = tree.parent / "plain"
        tree.mkdir()
    assert past_commits(tree, 5) == []
    assert list(added_lines(tree, "HEAD")) == []
