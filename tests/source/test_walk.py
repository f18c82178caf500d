"""Listing the files of a folder, in a git work tree and outside of one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.core.errors import NotFound, UsageError
from localdev.source.walk import Listing, find_root, list_files


def kept(listing: Listing) -> list[str]:
    """Give the paths that were listed."""
    return [file.path for file in listing.files]


def left_out(listing: Listing) -> dict[str, str]:
    """Give the skipped paths with their reasons."""
    return {skipped.path: skipped.reason for skipped in listing.skipped}


def test_root_is_the_top_of_the_work_tree(tree: Path, git: Callable[..., str]) -> None:
    """From any depth the root is the folder with `.git`; a `.git` file (a linked work tree) counts too."""
    (tree / "a" / "b").mkdir(parents=True)
    assert find_root(tree / "a" / "b") == tree
    git("commit", "-q", "--allow-empty", "-m", "first")
    git("worktree", "add", "-q", str(tree.parent / "linked"))
    (tree.parent / "linked" / "c").mkdir()
    assert find_root(tree.parent / "linked" / "c") == tree.parent / "linked"


def test_root_without_git_is_the_folder_itself(tree: Path) -> None:
    """A folder in no repository is its own root, as is one beside an empty folder that is called `.git`."""
    (tree / "a" / ".git").mkdir(parents=True)
    assert find_root(tree / "a") == tree / "a"


def test_root_from_a_relative_path(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative start gives an absolute root without dots in it."""
    (tree / "a").mkdir()
    monkeypatch.chdir(tree / "a")
    assert find_root(Path("../a")) == tree / "a"


def test_root_of_nothing(tree: Path) -> None:
    """A missing folder and a file are refused with a hint."""
    (tree / "file").write_text("x")
    with pytest.raises(NotFound) as missing:
        find_root(tree / "nowhere")
    with pytest.raises(UsageError) as not_a_folder:
        list_files(tree / "file")
    assert missing.value.hint
    assert not_a_folder.value.hint


def test_tracked_and_untracked_but_not_ignored(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """Tracked files are listed even where a rule names them, deleted ones are not, others when no rule names them."""
    plant({"a.py": "1\n", "forced.log": "2\n", "gone.py": "3\n", ".gitignore": "*.log\n"})
    git("add", "-A")
    git("add", "-f", "forced.log")
    plant({"new.py": "4\n", "other.log": "5\n", "deep/er/x.py": "6\n"})
    (tree / "gone.py").unlink()
    listing = list_files(tree)
    assert kept(listing) == [".gitignore", "a.py", "deep/er/x.py", "forced.log", "new.py"]
    assert left_out(listing) == {}
    assert listing.notices == ()


def test_facts_of_a_file(tree: Path, plant: Callable[..., Path]) -> None:
    """Size and time of change are those of the file system."""
    plant({"a.py": "12345"})
    os.utime(tree / "a.py", ns=(1, 1_234_567_890_123_456_789))
    (file,) = list_files(tree).files
    assert (file.path, file.size, file.mtime_ns) == ("a.py", 5, 1_234_567_890_123_456_789)


def test_unmerged_files_are_listed_once(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """In the middle of a conflict the index holds a file three times."""
    plant({"a.py": "base\n"})
    git("add", "-A")
    git("commit", "-qm", "base")
    git("checkout", "-qb", "side")
    plant({"a.py": "side\n"})
    git("commit", "-qam", "side")
    git("checkout", "-q", "main")
    plant({"a.py": "main\n"})
    git("commit", "-qam", "main")
    subprocess.run(["git", "merge", "-q", "side"], cwd=tree, capture_output=True, check=False)
    assert git("ls-files", "--unmerged").count("a.py") == 3
    assert kept(list_files(tree)) == ["a.py"]


@pytest.mark.parametrize("with_git", [True, False])
def test_own_ignore_files(
    tree: Path, plant: Callable[..., Path], request: pytest.FixtureRequest, with_git: bool
) -> None:
    """`.localdevignore` works at every level, with git and without, also when git itself ignores that file."""
    if with_git:
        request.getfixturevalue("git")
    plant(
        {
            ".gitignore": ".localdevignore\n",
            ".localdevignore": "*.sql\ndata/\n!keep.sql\n",
            **{
                path: "x\n"
                for path in ("a.sql", "keep.sql", "data/x.py", "sub/b.py", "sub/c.py", "sub/in/c.py", "d.py")
            },
            "sub/.localdevignore": "/c.py\n",
        }
    )
    assert kept(list_files(tree)) == [".gitignore", "d.py", "keep.sql", "sub/b.py", "sub/in/c.py"]


def test_with_and_without_git_agree(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """An untracked tree is listed alike by git and by the own walk."""
    plant(
        {
            ".gitignore": "*.tmp\nout/\n!keep.tmp\n",
            **{path: "x\n" for path in ("a.py", "b.tmp", "keep.tmp", "out/x.py", "src/vendor/modules.txt", "src/é.py")},
            **{
                path: "x\n"
                for path in ("node_modules/m/i.js", "yarn.lock", "p.png", "src/.gitignore", ".localdev/p.md")
            },
        }
    )
    (tree / "empty.py").touch()
    (tree / "link.py").symlink_to("a.py")
    (tree / "loop").symlink_to(".")
    git("add", "a.py")
    by_git = list_files(tree)
    (tree / ".git").rename(tree.parent / "aside")
    by_us = list_files(tree)
    assert by_us == by_git
    assert kept(by_us) == [".gitignore", "a.py", "keep.tmp", "src/.gitignore", "src/é.py"]
    assert left_out(by_us) == {
        ".localdev/": "localdev's own files",
        "empty.py": "empty",
        "link.py": "symlink",
        "loop": "symlink",
        "node_modules/": "vendored",
        "p.png": "binary",
        "src/vendor/": "vendored",
        "yarn.lock": "lock file",
    }


def test_a_part_of_a_work_tree(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """A folder inside a work tree is listed under the rules of the whole, with paths relative to itself."""
    plant({".gitignore": "*.log\n", "sub/a.py": "x\n", "sub/b.log": "x\n", "other.py": "x\n"})
    assert kept(list_files(tree / "sub")) == ["a.py"]


def test_limit(tree: Path, plant: Callable[..., Path]) -> None:
    """A file over the limit is left out, and the reason names the limit."""
    plant({"fits.py": "x" * 2000, "large.py": "x" * 2001})
    listing = list_files(tree, limit=2000)
    assert kept(listing) == ["fits.py"]
    assert left_out(listing) == {"large.py": "over 2 kB"}


def test_repositories_inside(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """Submodules, checked out or not, and repositories that just lie there are named and not entered."""
    plant({"inner/x.py": "x\n", "loose/y.py": "x\n", "a.py": "x\n"})
    for folder in ("inner", "loose"):
        subprocess.run(["git", "init", "-q"], cwd=tree / folder, check=True)
        subprocess.run(["git", "add", "-A"], cwd=tree / folder, check=True)
        subprocess.run(["git", "commit", "-qm", "x"], cwd=tree / folder, check=True)
    git("-c", "advice.addEmbeddedRepo=false", "add", "inner", "a.py")
    listing = list_files(tree)
    assert kept(listing) == ["a.py"]
    assert left_out(listing) == {"inner": "submodule", "loose/": "nested repository"}


def test_things_that_are_no_files(tree: Path, plant: Callable[..., Path]) -> None:
    """Pipes, dead links and links to themselves are named and never opened."""
    plant({"a.py": "x\n"})
    os.mkfifo(tree / "pipe")
    (tree / "dead").symlink_to("nowhere")
    (tree / "self").symlink_to("self")
    assert left_out(list_files(tree)) == {"dead": "symlink", "pipe": "not a regular file", "self": "symlink"}


def test_tracked_folder_became_a_link(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """Files that git still tracks below a folder are not read through a link that took its place."""
    plant({"src/a.py": "x\n", "b.py": "x\n"})
    git("add", "-A")
    (tree / "src").rename(tree.parent / "outside")
    (tree / "src").symlink_to(tree.parent / "outside")
    listing = list_files(tree)
    assert kept(listing) == ["b.py"]
    assert left_out(listing) == {"src": "symlink"}


def test_tracked_file_became_a_folder(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """The files of a folder that took a tracked file's place are listed, the folder is no submodule."""
    plant({"src": "x\n"})
    git("add", "-A")
    (tree / "src").unlink()
    plant({"src/a.py": "x\n"})
    listing = list_files(tree)
    assert kept(listing) == ["src/a.py"]
    assert left_out(listing) == {}


@pytest.mark.parametrize("with_git", [True, False])
def test_names_that_are_not_utf8(tree: Path, request: pytest.FixtureRequest, with_git: bool) -> None:
    """A name in another encoding is skipped and named so that it can be printed; odd but valid names are listed."""
    if with_git:
        request.getfixturevalue("git")
    for name in (b"caf\xe9.py", "naïve.py".encode(), b"new\nline.py", b' "quoted" .py'):
        try:
            Path(os.fsdecode(os.path.join(os.fsencode(tree), name))).write_bytes(b"x\n")  # noqa: PTH118 - bytes
        except OSError:
            pytest.skip("this file system takes UTF-8 names only")
    listing = list_files(tree)
    assert kept(listing) == [' "quoted" .py', "naïve.py", "new\nline.py"]
    assert left_out(listing) == {"caf\\xe9.py": "name is not UTF-8"}


def test_the_callers_git_variables_do_not_lead_astray(
    tree: Path, plant: Callable[..., Path], git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside a hook of another repository the folder that was asked for is listed."""
    plant({"a.py": "x\n"})
    git("add", "-A")
    other = tree.parent / "other"
    other.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=other, check=True)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert kept(list_files(tree)) == ["a.py"]


def test_a_repository_cannot_name_a_program(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """A file system monitor in the repository's configuration is a program; listing does not run it."""
    plant({"a.py": "x\n"})
    program = tree.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {tree.parent}/ran\n")
    program.chmod(0o755)
    git("add", "-A")
    git("config", "core.fsmonitor", str(program))
    git("status")
    assert (tree.parent / "ran").exists(), "git itself runs the program, so the test means something"
    (tree.parent / "ran").unlink()
    assert kept(list_files(tree)) == ["a.py"]
    assert not (tree.parent / "ran").exists()


def test_a_partial_clone_fetches_nothing(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """Missing objects are not fetched: that would run a program which the repository names."""
    plant({"a/x.py": "1\n", "b/y.py": "2\n"})
    git("add", "-A")
    git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "first")
    git("sparse-checkout", "set", "--cone", "--sparse-index", "a")
    program = tree.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {tree.parent}/ran\nexit 1\n")
    program.chmod(0o755)
    settings = {"url": str(tree), "promisor": "true", "partialclonefilter": "tree:0", "uploadpack": str(program)}
    for key, value in {"core.repositoryformatversion": "1", "extensions.partialClone": "origin"}.items():
        git("config", key, value)
    for key, value in settings.items():
        git("config", f"remote.origin.{key}", value)
    missing = git("rev-parse", "HEAD:b").strip()
    (tree / ".git" / "objects" / missing[:2] / missing[2:]).unlink()
    subprocess.run(["git", "ls-files"], cwd=tree, capture_output=True, check=False)
    assert (tree.parent / "ran").exists(), "git itself runs the program, so the test means something"
    (tree.parent / "ran").unlink()
    assert kept(list_files(tree)) == ["a/x.py"]
    assert not (tree.parent / "ran").exists()


def test_listing_leaves_the_index_alone(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """The repository's own files are not touched by a listing."""
    plant({"a.py": "x\n"})
    git("add", "-A")
    os.utime(tree / "a.py", ns=(5, 5))
    before = (tree / ".git" / "index").read_bytes()
    list_files(tree)
    assert (tree / ".git" / "index").read_bytes() == before


def test_broken_repository_falls_back(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """When git refuses, the own walk takes over, says so, and still knows the ignore files."""
    plant({"a.py": "x\n", "b.log": "x\n", ".gitignore": "*.log\n"})
    git("add", "-A")
    (tree / ".git" / "index").write_bytes(b"this is no index")
    listing = list_files(tree)
    assert kept(listing) == [".gitignore", "a.py"]
    assert len(listing.notices) == 1
    assert "index" in listing.notices[0]


def test_the_reason_and_not_a_warning_before_it(
    tree: Path, plant: Callable[..., Path], git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all that git says when it gives up, the notice takes the reason."""
    plant({"a.py": "x\n"})
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tree))  # a folder: git warns of it, and then ends
    listing = list_files(tree)
    assert kept(listing) == ["a.py"]
    assert "warning" not in listing.notices[0] and "fatal" not in listing.notices[0]


def test_repository_of_someone_else_falls_back(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """A work tree that git does not trust (another owner) is walked, with a notice that says why."""
    plant({"a.py": "x\n", "b.log": "x\n", ".git/info/exclude": "*.log\n"})
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    for place in (tree, tree / ".git"):
        os.chown(place, 12345, 12345)
    listing = list_files(tree)
    assert kept(listing) == ["a.py"]
    assert f"safe.directory {tree}`" in listing.notices[0] and "fatal" not in listing.notices[0]


def test_no_git_on_the_machine(
    tree: Path, plant: Callable[..., Path], git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a git program a work tree is walked with its own excludes, and the notice says so."""
    plant({"a.py": "x\n", "b.log": "x\n", ".git/info/exclude": "*.log\n"})
    monkeypatch.setenv("PATH", str(tree))
    listing = list_files(tree)
    assert kept(listing) == ["a.py"]
    assert "git does not run" in listing.notices[0]


def test_folder_that_cannot_be_listed(tree: Path, plant: Callable[..., Path]) -> None:
    """A folder without permission is named; the rest is listed."""
    plant({"a.py": "x\n", "closed/b.py": "x\n"})
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tree / "closed").chmod(0)
    listing = list_files(tree)
    (tree / "closed").chmod(0o700)
    assert kept(listing) == ["a.py"]
    assert left_out(listing) == {"closed/": "unreadable: permission denied"}


def test_very_deep_tree(tree: Path) -> None:
    """Depth is no reason to fail, up to what the system can name; deeper folders are named as unreadable."""
    place = os.open(tree, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=place)
        deeper = os.open("d" * 200, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = deeper
    os.close(place)
    reasons = set(left_out(list_files(tree)).values())
    assert reasons <= {"unreadable: file name too long"}


def test_very_deep_tree_in_git(tree: Path, plant: Callable[..., Path], git: Callable[..., str]) -> None:
    """A file that git names below more folders than Python may recurse is listed."""
    deep = "d/" * 900 + "a.py"
    plant({deep: "x = 1\n"})
    git("add", "-A")
    assert kept(list_files(tree)) == [deep]


def test_empty_folder(tree: Path) -> None:
    """Nothing there gives an empty listing."""
    assert list_files(tree) == Listing((), ())
