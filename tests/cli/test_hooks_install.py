"""`localdev hooks install`, `uninstall` and `status`: where the hooks go, and what becomes of those that were there."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from localdev.app.hook_script import HOOKS, is_unchanged
from tests.cli.conftest import Run


def git(root: Path, *words: str) -> str:
    """Run git and give what it prints."""
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout


def hooks_in(root: Path) -> list[str]:
    """Give the files in the folder of hooks, git's samples left out."""
    return sorted(path.name for path in (root / ".git" / "hooks").iterdir() if path.suffix != ".sample")


def own_hook(root: Path, name: str, text: str = "#!/bin/sh\necho mine\n", mode: int = 0o755) -> Path:
    """Write a hook of the repository's own."""
    path = root / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def states(run: Run, root: Path) -> list[str]:
    """Give the state of each hook."""
    return [hook["state"] for hook in json.loads(run("hooks", "status", "-C", root, "--json").out)["hooks"]]


def test_all_three_and_back(run: Run, repository: Path) -> None:
    """Installed, all three may be run and status says so; uninstalled, nothing is left."""
    before = hooks_in(repository)
    assert run("hooks", "status", "-C", repository).code == 1
    done = run("hooks", "install", "-C", repository)
    assert done.code == 0 and all(name in done.out for name in HOOKS)
    assert all(os.access(repository / ".git" / "hooks" / name, os.X_OK) for name in HOOKS)
    assert run("hooks", "status", "-C", repository).code == 0 and states(run, repository) == ["installed"] * 3
    assert run("hooks", "uninstall", "-C", repository).code == 0
    assert hooks_in(repository) == before


def test_twice_is_once(run: Run, repository: Path) -> None:
    """Installing again changes no byte and chains nothing to itself; so does uninstalling again."""
    run("hooks", "install", "-C", repository)
    first = {name: (repository / ".git" / "hooks" / name).read_bytes() for name in hooks_in(repository)}
    done = json.loads(run("hooks", "install", "-C", repository, "--json").out)
    assert [hook["done"] for hook in done["hooks"]] == ["nothing"] * 3
    assert run("hooks", "install", "-C", repository).out == run("hooks", "status", "-C", repository).out
    assert {name: (repository / ".git" / "hooks" / name).read_bytes() for name in hooks_in(repository)} == first
    run("hooks", "uninstall", "-C", repository)
    assert run("hooks", "uninstall", "-C", repository).code == 0


def test_some_of_them(run: Run, repository: Path) -> None:
    """Only the hooks that are named are installed and taken out; an unknown name is a usage error."""
    run("hooks", "install", "-C", repository, "--hook", "commit-msg", "--hook", "pre-commit")
    assert states(run, repository) == ["installed", "none", "installed"]
    run("hooks", "uninstall", "-C", repository, "--hook", "pre-commit")
    assert states(run, repository) == ["none", "none", "installed"]
    assert run("hooks", "install", "-C", repository, "--hook", "post-commit").code == 2


def test_options_are_kept_in_the_hook(run: Run, repository: Path) -> None:
    """Deadline and strictness stand in the script, status shows them, and installing anew renews them."""
    run("hooks", "install", "-C", repository, "--strict", "--deadline", "2.5")
    shown = json.loads(run("hooks", "status", "-C", repository, "--json").out)["hooks"][0]
    assert (shown["deadline"], shown["strict"], shown["state"]) == (2.5, True, "installed")
    done = json.loads(run("hooks", "install", "-C", repository, "--json").out)
    assert [hook["done"] for hook in done["hooks"]] == ["installed"] * 3
    assert "strict" not in run("hooks", "status", "-C", repository).out
    assert run("hooks", "install", "-C", repository, "--deadline", "0").code == 2


def test_a_hook_that_was_there_runs_first_and_comes_back(run: Run, repository: Path) -> None:
    """It is kept, its exit code counts, and uninstalling puts it back byte for byte with its mode."""
    path = own_hook(repository, "pre-commit", "#!/bin/sh\necho mine >> ../ran\nexit 7\n", 0o750)
    done = run("hooks", "install", "-C", repository)
    assert "the hook that was there is kept and runs first" in done.out
    (repository / "README.md").write_text("# Other\n")
    failed = subprocess.run(["git", "commit", "-qam", "x"], cwd=repository, capture_output=True)
    assert failed.returncode != 0 and (repository.parent / "ran").read_text() == "mine\n"
    run("hooks", "install", "-C", repository)
    run("hooks", "uninstall", "-C", repository)
    assert path.read_text().endswith("exit 7\n") and path.stat().st_mode & 0o777 == 0o750
    assert [name for name in hooks_in(repository) if "localdev" in name] == []


def test_an_installation_that_was_killed(run: Run, repository: Path) -> None:
    """A hook has its second name before ours takes its place; one more installation goes on from there."""
    path = own_hook(repository, "pre-commit")
    os.link(path, f"{path}.before-localdev")
    done = run("hooks", "install", "-C", repository)
    assert done.code == 0 and states(run, repository) == ["installed"] * 3
    run("hooks", "uninstall", "-C", repository)
    assert path.read_text() == "#!/bin/sh\necho mine\n" and [n for n in hooks_in(repository) if "localdev" in n] == []


def test_a_hook_that_git_ignored_is_kept_and_not_run(run: Run, repository: Path) -> None:
    """One that may not be run, and a link to one elsewhere, come back as they were."""
    own_hook(repository, "pre-commit", "exit 1\n", 0o644)
    target = repository.parent / "shared-hook"
    target.write_text("#!/bin/sh\necho linked >> ../ran\n")
    target.chmod(0o755)
    (repository / ".git" / "hooks" / "commit-msg").symlink_to(target)
    run("hooks", "install", "-C", repository)
    git(repository, "commit", "--allow-empty", "-m", "plain words")
    assert (repository.parent / "ran").read_text() == "linked\n"
    run("hooks", "uninstall", "-C", repository)
    assert (repository / ".git" / "hooks" / "commit-msg").is_symlink()
    assert (repository / ".git" / "hooks" / "pre-commit").stat().st_mode & 0o777 == 0o644


def test_an_edited_hook_is_not_lost(run: Run, repository: Path) -> None:
    """Installing leaves it alone and says so; uninstalling sets it aside."""
    run("hooks", "install", "-C", repository)
    path = repository / ".git" / "hooks" / "pre-commit"
    path.write_text(path.read_text() + "echo more\n")
    done = run("hooks", "install", "-C", repository)
    assert done.code == 1 and "stays as it is" in done.out and path.read_text().endswith("echo more\n")
    assert states(run, repository)[0] == "edited"
    done = run("hooks", "uninstall", "-C", repository)
    assert "pre-commit.edited-1" in done.out and not path.exists()
    assert path.with_name("pre-commit.edited-1").read_text().endswith("echo more\n")


def test_another_program_put_its_hook_in_place(run: Run, repository: Path) -> None:
    """A hook that replaced ours is not touched, and the one before ours is not lost."""
    own_hook(repository, "pre-commit", "#!/bin/sh\necho first\n")
    run("hooks", "install", "-C", repository)
    own_hook(repository, "pre-commit", "#!/bin/sh\necho second\n")
    done = run("hooks", "install", "-C", repository)
    assert done.code == 1 and "is taken" in done.out
    run("hooks", "uninstall", "-C", repository)
    folder = repository / ".git" / "hooks"
    assert "second" in (folder / "pre-commit").read_text()
    assert "first" in (folder / "pre-commit.before-localdev").read_text()


def test_hooks_path_of_the_repository(run: Run, repository: Path) -> None:
    """`core.hooksPath` is where git looks, so they go there; among the repository's files that is said."""
    git(repository, "config", "core.hooksPath", ".githooks")
    done = run("hooks", "install", "-C", repository / "app")
    assert done.code == 0 and "core.hooksPath is .githooks" in done.err
    assert is_unchanged((repository / ".githooks" / "pre-commit").read_bytes())
    assert hooks_in(repository) == []
    run("hooks", "uninstall", "-C", repository)
    assert list((repository / ".githooks").iterdir()) == []


def test_hooks_path_of_all_repositories(run: Run, repository: Path, tmp_path: Path, home: Path) -> None:
    """A folder that every repository uses is written to only when that is asked for."""
    (home / ".gitconfig").write_text(f"[core]\n\thooksPath = {tmp_path / 'all'}\n")
    done = run("hooks", "install", "-C", repository)
    assert done.code == 2 and "for all your repositories" in done.err and not (tmp_path / "all").exists()
    assert run("hooks", "install", "-C", repository, "--shared").code == 0
    shown = json.loads(run("hooks", "status", "-C", repository, "--json").out)
    assert (shown["folder"], shown["shared"]) == (str(tmp_path / "all"), True)


def test_husky(run: Run, repository: Path) -> None:
    """What husky writes anew is not written to: the lines for its own files are named."""
    git(repository, "config", "core.hooksPath", ".husky/_")
    done = run("hooks", "install", "-C", repository)
    assert done.code == 2 and "localdev hooks run pre-commit" in done.err and not (repository / ".husky").exists()


def test_work_trees_and_submodules(run: Run, repository: Path) -> None:
    """A linked work tree shares the repository's hooks, a submodule has its own."""
    tree = repository.parent / "tree"
    git(repository, "worktree", "add", "-q", str(tree))
    assert run("hooks", "install", "-C", tree).code == 0
    assert (repository / ".git" / "hooks" / "pre-commit").exists() and states(run, tree) == ["installed"] * 3
    outer = repository.parent / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repository), "libs/shop")
    assert run("hooks", "install", "-C", outer / "libs" / "shop").code == 0
    assert (outer / ".git" / "modules" / "libs" / "shop" / "hooks" / "pre-commit").exists()
    assert not (outer / ".git" / "hooks" / "pre-commit").exists()


def test_without_a_folder_of_hooks(run: Run, repository: Path) -> None:
    """A repository made without templates gets the folder; a folder that is none of git's is an error."""
    folder = repository / ".git" / "hooks"
    for path in folder.iterdir() if folder.exists() else ():
        path.unlink()
    folder.rmdir() if folder.exists() else None
    assert run("hooks", "install", "-C", repository).code == 0
    assert run("hooks", "install", "-C", repository.parent).code == 4


@pytest.mark.parametrize("setting", ["README.md", "/dev/null", ""])
def test_hooks_that_are_turned_off(run: Run, repository: Path, setting: str) -> None:
    """Where `core.hooksPath` names no folder git runs no hooks: that is said, and nothing is written."""
    git(repository, "config", "core.hooksPath", setting)
    done = run("hooks", "install", "-C", repository)
    assert done.code == 2 and f"core.hooksPath is {setting or 'empty'}" in done.err
    assert git(repository, "status", "--porcelain") == "" and states(run, repository) == ["none"] * 3
