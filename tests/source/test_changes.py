"""Changes of real repositories: each kind git knows, and that every line stands where the diff says."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.core.change import FileChange
from localdev.core.errors import UsageError
from localdev.source.changes import Changed, GitFailed, between, patch, staged, uncommitted

Git = Callable[..., str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give the folder of a repository to be."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def git(root: Path) -> Git:
    """Make a repository and give what runs git in it."""

    def run(*arguments: str, **environment: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=root, check=True, capture_output=True, env={**os.environ, **environment}
        )
        return done.stdout.decode("utf-8", "surrogateescape")

    run("init", "-q", "-b", "main")
    return run


def check(changed: Changed) -> dict[str, FileChange]:
    """Compare every line of both sides with the sides' texts, and give the files by path."""
    for file in changed.change.files:
        for old in (True, False):
            text = changed.sides.old_text(file.old_path) if old else changed.sides.new_text(file.path)
            rows = (text or "").split("\n")
            for line in file.lines():
                number = line.old_line if old else line.new_line
                if number:
                    assert rows[number - 1] == line.text.removesuffix("\r"), (file.path, line)
    return {file.path: file for file in changed.change.files}


def commit(git: Git, message: str = "more") -> None:
    """Commit everything."""
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", message)


def test_before_the_first_commit_everything_is_new(root: Path, git: Git) -> None:
    """Staged and untracked files alike, links and odd names too; ignored ones are not."""
    (root / "a.txt").write_bytes(b"one\r\ntwo")
    (root / "grün b.txt").write_text("x\n")
    (root / ".gitignore").write_text("secret\n")
    (root / "secret").write_text("y\n")
    (root / "link").symlink_to("a.txt")
    (root / "bin").write_bytes(b"\0\1")
    git("add", "a.txt")
    files = check(uncommitted(root))
    assert sorted(files) == [".gitignore", "a.txt", "bin", "grün b.txt", "link"]
    assert all(file.status == "added" for file in files.values())
    assert [line.text for line in files["a.txt"].added()] == ["one\r", "two"]
    assert [line.no_newline for line in files["a.txt"].added()] == [False, True]
    assert files["link"].new_mode == "120000"
    assert files["bin"].binary
    assert sorted(check(staged(root))) == ["a.txt"]


def test_each_kind_of_change_is_told(root: Path, git: Git) -> None:
    """Edits, renames with an edit, modes, deletions, a file that becomes a link."""
    for name in ("edit", "move", "mode", "gone", "type"):
        (root / name).write_text("".join(f"{name} {at}\n" for at in range(30)))
    commit(git)
    (root / "edit").write_text("edit 0\nnew\n" + "".join(f"edit {at}\n" for at in range(2, 30)))
    git("mv", "move", "moved")
    (root / "moved").write_text((root / "moved").read_text() + "end\n")
    (root / "mode").chmod(0o755)
    (root / "gone").unlink()
    (root / "type").unlink()
    (root / "type").symlink_to("edit")
    files = check(uncommitted(root))
    assert {name: file.status for name, file in files.items() if name != "type"} == {
        "edit": "modified",
        "gone": "deleted",
        "mode": "modified",
        "moved": "renamed",
    }
    kinds = [file.status for file in uncommitted(root).change.files if file.path == "type"]
    assert kinds == ["deleted", "added"]  # git tells a file that becomes a link as two changes
    assert files["moved"].old_path == "move"
    assert (files["mode"].old_mode, files["mode"].new_mode) == ("100644", "100755")
    assert sorted(check(staged(root))) == ["moved"]


def test_lines_that_are_no_utf8_are_decoded_as_the_file_is(root: Path, git: Git) -> None:
    """A Western one-byte file: the lines of the diff and those of the file are the same."""
    (root / "latin.txt").write_bytes(b"caf\xe9\n")
    commit(git)
    (root / "latin.txt").write_bytes(b"caf\xe9\nna\xefve\n")
    assert [line.text for line in check(uncommitted(root))["latin.txt"].added()] == ["naïve"]


def test_a_lone_carriage_return_is_no_line_end(root: Path, git: Git) -> None:
    """Git counts line feeds alone, and so do the sides; a byte order mark moves nothing."""
    (root / "mac.txt").write_bytes(b"\xef\xbb\xbfa\rb\nc\n")
    commit(git)
    (root / "mac.txt").write_bytes(b"\xef\xbb\xbfa\rb\nc\nd\re\n")
    changed = uncommitted(root)
    assert [(line.new_line, line.text) for line in check(changed)["mac.txt"].added()] == [(3, "d\re")]


def test_a_merge_a_submodule_and_a_shallow_clone(root: Path, git: Git, tmp_path: Path) -> None:
    """What stands between a merge and its first parent; another repository inside; history that is not there."""
    (root / "a").write_text("1\n")
    commit(git, "first")
    git("checkout", "-q", "-b", "side")
    (root / "b").write_text("2\n")
    commit(git, "side")
    git("checkout", "-q", "main")
    (root / "c").write_text("3\n")
    commit(git, "main")
    git("merge", "-q", "--no-edit", "side")
    assert sorted(check(between(root, "HEAD^..HEAD"))) == ["b"]
    assert sorted(check(between(root, "main...side"))) == []
    assert sorted(check(between(root, "side..main"))) == ["c"]
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(root), "inner")
    files = check(uncommitted(root))
    assert files["inner"].submodule
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{root}", str(clone)], check=True)
    with pytest.raises(UsageError, match="shallow"):
        between(clone, "HEAD~1..HEAD")


def test_the_first_commit_comes_from_nothing(root: Path, git: Git) -> None:
    """`HEAD~1..HEAD` names it too."""
    (root / "a").write_text("1\n")
    commit(git)
    for revisions in ("HEAD~1..HEAD", "HEAD^.."):
        assert check(between(root, revisions))["a"].status == "added"


def test_one_revision_is_compared_with_the_files_as_they_are(root: Path, git: Git) -> None:
    """As `git diff A` does."""
    (root / "a").write_text("1\n")
    commit(git)
    commit(git, "empty")
    (root / "a").write_text("2\n")
    assert [line.text for line in check(between(root, "HEAD~1"))["a"].added()] == ["2"]


@pytest.mark.parametrize("revisions", ["nothing..HEAD", "HEAD..nothing", "--output=x", "", "HEAD~7", "a b"])
def test_what_is_no_range_is_an_error(root: Path, git: Git, revisions: str) -> None:
    """Unknown revisions, options of git's and empty texts; nothing is written."""
    (root / "a").write_text("1\n")
    commit(git)
    with pytest.raises(UsageError):
        between(root, revisions)
    assert sorted(path.name for path in root.iterdir()) == [".git", "a"]


def test_outside_a_repository_git_says_so(tmp_path: Path) -> None:
    """The message names the folder."""
    for ask in (uncommitted, staged):
        with pytest.raises(GitFailed, match="no git repository"):
            ask(tmp_path)
    with pytest.raises(GitFailed):
        between(tmp_path, "A..B")


def test_paths_narrow_a_change_and_are_taken_as_they_are(root: Path, git: Git) -> None:
    """Folders count, and characters that git would expand do not."""
    for name in ("a*b", "axb", "dir/c"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("1\n")
    assert sorted(check(uncommitted(root, ["a*b"]))) == ["a*b"]
    assert sorted(check(uncommitted(root, ["dir"]))) == ["dir/c"]


def test_the_index_of_a_commit_under_way_is_read(root: Path, git: Git, tmp_path: Path) -> None:
    """`git commit -a` and `git commit PATH` hand their hooks another index file."""
    (root / "a").write_text("1\n")
    commit(git)
    (root / "a").write_text("2\n")
    other = tmp_path / "index"
    git("add", "a", GIT_INDEX_FILE=str(other))
    assert staged(root).change.files == ()
    changed = staged(root, index=str(other))
    assert [line.text for line in check(changed)["a"].added()] == ["2"]
    assert changed.sides.new_paths() == frozenset({"a"})


def test_the_repositorys_own_settings_change_nothing(root: Path, git: Git) -> None:
    """Other prefixes, colours, converters and diffs of its own: none is obeyed."""
    (root / "a.txt").write_text("1\n")
    (root / ".gitattributes").write_text("*.txt diff=odd\n")
    commit(git)
    marker = root.parent / "marker"
    for name, value in {
        "diff.noprefix": "true",
        "color.ui": "always",
        "diff.odd.textconv": f"touch {marker};cat",
        "diff.odd.command": f"touch {marker}",
        "diff.external": f"touch {marker}",
        "core.fsmonitor": f"touch {marker}",
        "diff.renames": "false",
    }.items():
        git("config", name, value)
    (root / "a.txt").write_text("2\n")
    assert [line.text for line in check(uncommitted(root))["a.txt"].added()] == ["2"]
    assert not marker.exists()


def test_attributes_hide_no_text(root: Path, git: Git) -> None:
    """What `.gitattributes` calls binary is read where it is text, renamed or new; data and large files are not."""
    (root / ".gitattributes").write_text("*.py -diff\n*.sql binary\n*.txt -diff\n")
    (root / "a.py").write_text("x = 1\n")
    (root / "old.py").write_text("".join(f"y = {at}\n" for at in range(30)))
    (root / "data.py").write_bytes(b"\0" * 10)
    commit(git)
    (root / "a.py").write_text("x = 1\ny = 2\n")
    (root / "old.py").rename(root / "new.py")
    (root / "new.py").write_text((root / "new.py").read_text() + "z = 1\n")
    (root / "data.py").write_bytes(b"\0" * 20)
    (root / "b.sql").write_text("select 1\n")
    (root / "big.txt").write_text("a" * 5_000_000)
    git("add", "-A")
    found = {"before": check(uncommitted(root)), "staged": check(staged(root))}
    commit(git)
    found["range"] = check(between(root, "HEAD~1..HEAD"))
    for name, files in found.items():
        assert {path for path, file in files.items() if file.binary} == {"data.py", "big.txt"}, name
        added = {path: [line.text for line in file.added()] for path, file in files.items()}
        assert (added["a.py"], added["b.sql"], added["new.py"]) == (["y = 2"], ["select 1"], ["z = 1"]), name
        assert (files["new.py"].status, files["new.py"].old_path) == ("renamed", "old.py"), name


def test_a_repository_inside_is_named(root: Path, git: Git) -> None:
    """Its files are not git's business here, and nobody has looked at them."""
    commit(git)
    inside = root / "vendor" / "lib"
    inside.mkdir(parents=True)
    subprocess.run(["git", "init", "-q"], cwd=inside, check=True)
    (inside / "a.py").write_text("eval(x)\n")
    changed = uncommitted(root)
    assert changed.change.files == ()
    assert changed.notes == ("not reviewed: vendor/lib/ is a git repository of its own, and not tracked",)


def test_a_patch_is_read_on_either_side_of_being_applied(root: Path, git: Git) -> None:
    """The sides are whole files where it fits, before and after, and only its lines where it does not."""
    (root / "a").write_text("".join(f"{at}\n" for at in range(40)))
    commit(git)
    (root / "a").write_text("".join(f"{at}\n" for at in range(40) if at != 20) + "40\n")
    text = git("diff")
    for state in ("applied", "not yet", "elsewhere"):
        changed = patch(root, text)
        check(changed)
        whole = changed.sides.new_text("a") or ""
        assert whole.count("\n") == 40
        assert ("\n5\n" in whole) is (state != "elsewhere")
        if state == "applied":
            git("checkout", "-q", "--", "a")
        else:
            (root / "a").write_text("something else\n")
    with pytest.raises(UsageError, match="no file"):
        patch(root, "no patch at all")


def test_a_change_of_ten_thousand_lines_is_read(root: Path, git: Git) -> None:
    """Every second line of a long file is edited."""
    (root / "a").write_text("".join(f"line {at}\n" for at in range(20_000)))
    commit(git)
    (root / "a").write_text("".join(f"line {at}{'!' * (at % 2)}\n" for at in range(20_000)))
    assert sum(1 for _ in check(uncommitted(root))["a"].added()) == 10_000
