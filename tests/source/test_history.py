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


def test_no_text_passes_for_an_id(tree: Path, git: Callable[..., str], tmp_path: Path) -> None:
    """Neither a message nor a name is taken for a commit, least of all for one that git reads as an option."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    commit(tree, git, f"say \x01--output={victim}\x02 one thing", a_py="one\n")
    name = "0" * 40 + f"\n\x01--output={victim}\x02.py".replace("/", "\\")
    (tree / name).write_text("one\n")
    commit(tree, git, "\x02")
    found = past_commits(tree, 10)
    assert [(each.subject, each.paths) for each in found] == [
        ("\x02", (name,)),
        (f"say \x01--output={victim}\x02 one thing", ("a.py",)),
    ]
    for each in found:
        list(added_lines(tree, each.id))
    assert victim.read_text() == "mine"


def test_settings_change_nothing(tree: Path, git: Callable[..., str], tmp_path: Path) -> None:
    """Settings that start programs or give differences another form have no effect."""
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    commit(tree, git, "first", a_py="1\n2\n3\n4\n5\n", b_py="x\n")
    done = commit(tree, git, "sécond", a_py="1\ntwo\n3\nfour\n5\n", b_py="y\n")
    signed = git("cat-file", "commit", done).replace("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n\n", 1)
    (tmp_path / "signed").write_text(signed, encoding="utf-8")
    done = git("hash-object", "-t", "commit", "-w", str(tmp_path / "signed")).strip()
    git("update-ref", "refs/heads/main", done)
    git("notes", "add", "-m", "a note", done)
    plain = past_commits(tree, 5), list(added_lines(tree, done))
    for key, value in {
        "log.showSignature": "true",
        "gpg.program": str(program),
        "core.fsmonitor": str(program),
        "core.pager": str(program),
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "diff.relative": "true",
        "diff.interHunkContext": "9",
        "diff.context": "9",
        "diff.submodule": "diff",
        "diff.renames": "copies",
        "log.follow": "true",
        "log.showRoot": "true",
        "log.decorate": "full",
        "log.diffMerges": "on",
        "notes.displayRef": "refs/notes/*",
        "i18n.logOutputEncoding": "UTF-16",
        "color.ui": "always",
        "format.pretty": "raw",
    }.items():
        git("config", key, value)
    assert (past_commits(tree, 5), list(added_lines(tree, done))) == plain
    assert plain[0][0].subject == "sécond"
    assert plain[1] == [AddedLine("a.py", 2, "two"), AddedLine("a.py", 4, "four"), AddedLine("b.py", 1, "y")]
    assert not ran.exists()


def test_other_encodings(tree: Path, git: Callable[..., str]) -> None:
    """A message in latin-1 that says so is read as such; a file's bytes that are no UTF-8 make no text to ask for."""
    git("config", "i18n.commitEncoding", "ISO-8859-1")
    (tree / "message").write_bytes("größer werden".encode("latin-1"))
    (tree / "a.py").write_bytes("größe = 1\n".encode("latin-1"))
    git("add", "a.py")
    git("commit", "-q", "-F", "message")
    (found,) = past_commits(tree, 5)
    assert (found.subject, found.paths) == ("größer werden", ("a.py",))
    assert text_at(tree, found.id, "a.py") is None


def test_work_trees_shallow_clones_and_submodules(tree: Path, git: Callable[..., str], tmp_path: Path) -> None:
    """A linked work tree and a clone cut off have the history there is; a submodule adds no lines."""
    commit(tree, git, "first", a_py="one\n")
    inner = tree / "inner"
    git("clone", "-q", str(tree), str(inner))
    git("-c", "advice.addEmbeddedRepo=false", "add", "inner")
    last = commit(tree, git, "second", b_py="two\n")
    assert past_commits(tree, 1)[0].paths == ("b.py",)
    assert [line.path for line in added_lines(tree, last)] == ["b.py"]
    git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    assert past_commits(tmp_path / "linked", 5) == past_commits(tree, 5)
    git("clone", "-q", "--depth=1", tree.as_uri(), str(tmp_path / "shallow"))
    assert [each.paths for each in past_commits(tmp_path / "shallow", 5)] == [("a.py", "b.py")]


def test_huge_files(tree: Path, git: Callable[..., str]) -> None:
    """A commit of 100,000 lines is read at once; a file beyond four megabytes counts as binary."""
    lines = "".join(f"value_{number} = {number}\n" for number in range(100_000))
    done = commit(tree, git, "first", a_py=lines, b_py=lines * 3, c_py="one\n")
    found = list(added_lines(tree, done))
    assert (len(found), found[-2].line, found[-1].path) == (100_001, 100_000, "c.py")


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
