"""The installed script by itself, in real commits: when it calls localdev, and what it makes of the answer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from localdev.app.hook_files import HookFolder, install
from localdev.app.hook_script import HOOKS, STOPS, Wanted, hook_script, is_ours, is_unchanged, options_of

SHELLS = [name for name in ("dash", "bash", "busybox") if shutil.which(name)]


def git(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run git with more in its environment."""
    env = {**os.environ, "GIT_EDITOR": "true", **environment}
    return subprocess.run(["git", *words], cwd=root, env=env, capture_output=True, text=True, timeout=30)


def program(tmp_path: Path, script: str = "exit 0") -> Path:
    """Write a stand-in for localdev that notes what it was called with."""
    path = tmp_path / "bin" / "localdev"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\n{script}\n')
    path.chmod(0o755)
    return path


def hooked(tmp_path: Path, script: str = "exit 0", **wanted: object) -> Path:
    """Make a repository with one commit and all hooks, which call the stand-in."""
    root = tmp_path / "r"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / "a.txt").write_text("one\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    path = program(tmp_path, script)
    list(install(HookFolder(root / ".git" / "hooks"), (), Wanted((str(path),), **wanted)))  # type: ignore[arg-type]
    return root


def called(tmp_path: Path) -> list[str]:
    """Give the hooks for which the stand-in was called, and forget them."""
    path = tmp_path / "called"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return [line.split()[2] for line in lines]


def change(root: Path, text: str, name: str = "a.txt") -> None:
    """Change a file and stage it."""
    (root / name).write_text(text)
    git(root, "add", name)


def test_it_is_called_where_there_is_work(tmp_path: Path) -> None:
    """A staged change is reviewed, an empty message drafted, and a message that may hold something checked."""
    root = hooked(tmp_path)
    change(root, "two\n")
    git(root, "commit", GIT_EDITOR="sed -i '1i written'")
    assert called(tmp_path) == ["pre-commit", "prepare-commit-msg"]
    change(root, "three\n")
    git(root, "commit", "-qm", "use the token ab12cd34ef56")
    assert called(tmp_path) == ["pre-commit", "commit-msg"]
    for message in ("x" * 80, "# the token", "use postgres://admin:hunting@db/x"):
        git(root, "commit", "-q", "--allow-empty", "-m", message)
        assert called(tmp_path) == ["commit-msg"], message


def test_nothing_to_do_starts_nothing(tmp_path: Path) -> None:
    """An empty commit, an amended message, and a message in plain words start no localdev at all."""
    root = hooked(tmp_path)
    assert git(root, "commit", "--allow-empty", "-m", "tell what is sold").returncode == 0
    amend = ("commit", "--amend", "--allow-empty")
    assert git(root, *amend, "-m", "tell all that is sold").returncode == 0
    assert git(root, *amend, "--no-edit").returncode == 0
    assert called(tmp_path) == []


@pytest.mark.parametrize(
    "environment",
    [
        {"LOCALDEV_SKIP": "1"},
        {"SKIP": "other,localdev"},
        {"SKIP": "localdev-review,localdev-prepare-commit-msg,localdev-commit-msg"},
        {"CI": "true"},
        {"TF_BUILD": "True"},
        {"JENKINS_URL": "http://x"},
    ],
)
def test_skipping_and_ci(tmp_path: Path, environment: dict[str, str]) -> None:
    """Whoever says so, and every CI, gets a commit without localdev."""
    root = hooked(tmp_path, f"exit {STOPS}")
    change(root, "two\n")
    assert git(root, "commit", "-m", "use a secret", **environment).returncode == 0
    assert called(tmp_path) == []


@pytest.mark.parametrize("environment", [{"LOCALDEV_SKIP": "0"}, {"SKIP": "other"}, {"CI": "false"}])
def test_what_does_not_skip(tmp_path: Path, environment: dict[str, str]) -> None:
    """A variable that says no is none."""
    root = hooked(tmp_path)
    change(root, "two\n")
    git(root, "commit", "-m", "plain words", **environment)
    assert called(tmp_path) == ["pre-commit"]


def test_the_draft_stays_away_where_there_is_a_message(tmp_path: Path) -> None:
    """Silent on -m, -F, -C, -c, --amend, --squash and --fixup, with a template that says something, and on merges."""
    root = hooked(tmp_path)
    (tmp_path / "message").write_text("from a file\n")
    ways = (
        "-m x",
        f"-F {tmp_path}/message",
        "-C HEAD",
        "-c HEAD",
        "--squash HEAD",
        "--fixup HEAD",
        "--amend",
        "-e -m x",
    )
    for at, words in enumerate(way.split() for way in ways):
        change(root, f"{at}\n")
        assert git(root, "commit", *words).returncode == 0, words
        assert "prepare-commit-msg" not in called(tmp_path), words
    (tmp_path / "template").write_text("Why:\n# what\n")
    git(root, "config", "commit.template", str(tmp_path / "template"))
    change(root, "with a template\n")
    git(root, "commit", GIT_EDITOR="sed -i '1i written'")
    assert called(tmp_path) == ["pre-commit"]
    (tmp_path / "template").write_text("\n# only comments\n")
    change(root, "with comments\n")
    git(root, "commit", "-v", GIT_EDITOR="sed -i '1i written'")
    assert called(tmp_path) == ["pre-commit", "prepare-commit-msg"]


def test_merges_rebases_and_picks_are_left_alone(tmp_path: Path) -> None:
    """In the middle of a merge, cherry-pick, revert or rebase, and on `merge --squash`, nothing is called."""
    root = hooked(tmp_path)
    git(root, "checkout", "-qb", "other", LOCALDEV_SKIP="1")
    change(root, "theirs\n")
    git(root, "commit", "-qm", "theirs secret", LOCALDEV_SKIP="1")
    git(root, "checkout", "-q", "main")
    change(root, "ours\n")
    git(root, "commit", "-qm", "ours secret", LOCALDEV_SKIP="1")
    for start in (["merge", "other"], ["cherry-pick", "other"], ["revert", "HEAD~1"], ["rebase", "other"]):
        assert git(root, *start).returncode != 0, start
        change(root, f"both {start[0]}\n")
        goes_on = ["rebase", "--continue"] if start[0] == "rebase" else ["commit", "--no-edit"]
        assert git(root, *goes_on).returncode == 0, start
        assert called(tmp_path) == [], start
        git(root, "reset", "-q", "--hard", "ORIG_HEAD" if start[0] == "rebase" else "HEAD~1")
    (root / "b.txt").write_text("b\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "b", LOCALDEV_SKIP="1")
    git(root, "checkout", "-q", "-b", "third", "HEAD~1")
    git(root, "merge", "--squash", "main")
    assert git(root, "commit").returncode == 0
    assert "prepare-commit-msg" not in called(tmp_path)


@pytest.mark.parametrize(
    ("script", "strict", "code", "said"),
    [
        ("exit 0", False, 0, ""),
        (f"echo found; exit {STOPS}", False, 1, "found"),
        ("exit 1", False, 0, "localdev failed (exit code 1): nothing was reviewed, the commit goes on"),
        ("exit 3", False, 0, "localdev failed (exit code 3): nothing was reviewed, the commit goes on"),
        ("exit 4", True, 1, "the commit stops (strict)"),
        ("kill -SEGV $$", False, 0, "localdev failed (exit code 139): nothing was reviewed, the commit goes on"),
        ("kill -KILL $$", False, 0, "did not end within"),
    ],
)
def test_what_the_answer_means(tmp_path: Path, script: str, strict: bool, code: int, said: str) -> None:
    """Only findings stop a commit; a failure of localdev itself, such as Python's 1, is said and stops when strict."""
    root = hooked(tmp_path, f'if [ "$3" = pre-commit ]; then {script}; fi', strict=strict)
    change(root, "two\n")
    done = git(root, "commit", "-m", "plain words")
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert ("git diff" in done.stderr) is False and ("localdev review --diff HEAD~1..HEAD" in done.stderr) == (
        "localdev" in said or "strict" in said or "within" in said
    )


def test_a_localdev_that_hangs_is_ended(tmp_path: Path) -> None:
    """One that ignores being asked to end is killed; the commit goes on, and nothing is left running."""
    root = hooked(tmp_path, "trap '' TERM\nexec sleep 30", deadline=0.2)
    change(root, "two\n")
    started = time.monotonic()
    done = git(root, "commit", "-m", "plain words")
    assert done.returncode == 0 and time.monotonic() - started < 6
    assert "did not end within 0.2 s: nothing was reviewed, the commit goes on" in done.stderr
    hint = "hint: after the commit: localdev review --diff HEAD~1..HEAD; localdev hooks install --deadline 30 gives it"
    assert hint in done.stderr and "LOCALDEV_SKIP" not in done.stderr


def test_output_does_not_wait_for_the_guard(tmp_path: Path) -> None:
    """Whoever reads git's output to its end waits for the hook alone, not for its deadline."""
    root = hooked(tmp_path, deadline=20)
    change(root, "two\n")
    started = time.monotonic()
    assert git(root, "commit", "-m", "plain words").returncode == 0
    assert time.monotonic() - started < 5


def test_a_localdev_that_is_gone(tmp_path: Path) -> None:
    """It is said, and the commit goes on unless strict; one on PATH stands in for it."""
    root = hooked(tmp_path)
    path = tmp_path / "bin" / "localdev"
    path.rename(path.with_name("moved"))
    change(root, "two\n")
    git_only = str(Path(shutil.which("git") or "").parent)
    done = git(root, "commit", "-m", "plain words", PATH=f"{git_only}:/usr/bin:/bin")
    assert done.returncode == 0 and f"not where it was ({path})" in done.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path.with_name("moved").rename(elsewhere / "localdev")
    change(root, "three\n")
    git(root, "commit", "-m", "plain words", PATH=f"{elsewhere}:{git_only}:/usr/bin:/bin")
    assert called(tmp_path) == ["pre-commit"]


@pytest.mark.parametrize("names", [("pre-commit.legacy",), ("pre-commit", "pre-commit.legacy")])
def test_the_pre_commit_program_around_it(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Installed once more by one or the other, hooks that run each other have one turn each, and the commit is made."""
    root = hooked(tmp_path)
    folder = root / ".git" / "hooks"
    ours = (folder / "pre-commit").read_bytes()
    other = b"""#!/bin/sh
# generated by pre-commit
echo turn
[ -z "$PRE_COMMIT_RUNNING_LEGACY" ] || exit 1
PRE_COMMIT_RUNNING_LEGACY=1 "${0%/*}/pre-commit.legacy"
"""
    for name in ("pre-commit", "pre-commit.legacy", "pre-commit.before-localdev"):
        (folder / name).write_bytes(ours if name in names else other)
        (folder / name).chmod(0o755)
    change(root, "two\n")
    done = git(root, "commit", "-m", "plain words")
    assert done.returncode == 0 and done.stderr.count("turn") == 1, done.stderr
    assert called(tmp_path) == ["pre-commit"]


def test_an_index_of_its_own_is_passed_on(tmp_path: Path) -> None:
    """`git commit -a` and partial commits have an index of their own: work in it is work, and localdev sees it."""
    root = hooked(tmp_path, 'git diff --cached --name-only >> "$0.saw"')
    (root / "b.txt").write_text("b\n")
    git(root, "add", "b.txt")
    (root / "a.txt").write_text("two\n")
    git(root, "commit", "-qm", "only a", "a.txt")
    assert (tmp_path / "bin" / "localdev.saw").read_text() == "a.txt\n"
    (root / "a.txt").write_text("three\n")
    git(root, "commit", "-qam", "all of it")
    assert (tmp_path / "bin" / "localdev.saw").read_text() == "a.txt\na.txt\nb.txt\n"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", HOOKS)
def test_the_script_is_plain_shell(tmp_path: Path, shell: str, name: str) -> None:
    """Every shell reads it, whatever stands in the path of the program."""
    wanted = Wanted(("/opt/it's a $(touch x) `place`/localdev", "-m", "x y"), 2.5, strict=True)
    data = hook_script(name, wanted)
    path = tmp_path / "hook"
    path.write_bytes(data)
    words = ["busybox", "sh"] if shell == "busybox" else [shell]
    assert subprocess.run([*words, "-n", str(path)], capture_output=True).returncode == 0
    assert is_ours(data) and is_unchanged(data) and not is_unchanged(data + b"echo more\n")
    assert options_of(data) == (2.5, True)
    assert not re.search(rb"@[A-Z]+@", data)


def test_the_first_commit(tmp_path: Path) -> None:
    """Before the first commit everything staged is work."""
    root = tmp_path / "new"
    root.mkdir()
    git(root, "init", "-q")
    path = program(tmp_path)
    list(install(HookFolder(root / ".git" / "hooks"), ("pre-commit",), Wanted((str(path),))))
    (root / "a.txt").write_text("a\n")
    git(root, "add", ".")
    assert git(root, "commit", "-m", "first").returncode == 0
    assert called(tmp_path) == ["pre-commit"]
