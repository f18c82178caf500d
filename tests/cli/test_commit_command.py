"""`localdev commit` end to end, in real repositories with the user's own git."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.core.folders import find_folders
from tests.cli.conftest import Run, command

MESSAGE = "feat(settings): add defaults\n"
SECRET = "AWS_SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYzQ8vLk3pTd'\n"
TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"


def git(root: Path, *words: str, check: bool = True) -> str:
    """Run git and give what it prints."""
    return subprocess.run(["git", *words], cwd=root, check=check, capture_output=True, text=True).stdout


def last(root: Path) -> str:
    """Give the last message."""
    return git(root, "log", "-1", "--format=%B").strip() + "\n"


def hook(root: Path, name: str, script: str) -> None:
    """Install a hook."""
    path = root / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def staged(repository: Path) -> Path:
    """Give a repository with a function added and staged."""
    path = repository / "app" / "settings.py"
    path.write_text(path.read_text() + "\n\ndef defaults() -> dict[str, str]:\n    return {}\n")
    git(repository, "add", ".")
    return repository


def test_it_is_printed_and_nothing_else_happens(run: Run, staged: Path) -> None:
    """`--print` prints the message alone."""
    done = run("commit", "-C", staged, "--no-model", "--print")
    assert (done.code, done.out, done.err) == (0, MESSAGE, "")
    assert last(staged) == "first\n" and git(staged, "diff", "--cached", "--name-only")


def test_without_a_terminal_nothing_is_committed(run: Run, staged: Path) -> None:
    """The message is printed, and the exit code and stderr say that it was not committed."""
    done = run("commit", "-C", staged, "--no-model")
    assert (done.code, done.out) == (1, MESSAGE)
    assert "nothing was committed" in done.err and "--yes" in done.err
    assert last(staged) == "first\n"


def test_yes_commits(run: Run, staged: Path) -> None:
    """`--yes` commits what was staged with the message, and the journal has a line without a word of it."""
    assert run("commit", "-C", staged, "--no-model", "--yes").code == 0
    assert last(staged) == MESSAGE and not git(staged, "status", "--porcelain")
    journal = find_folders().journal.read_text()
    assert '"commit"' in journal and "defaults" not in journal


def test_as_json(run: Run, staged: Path) -> None:
    """JSON alone is on stdout, before and after committing."""
    seen = json.loads(run("commit", "-C", staged, "--no-model", "--json").out)
    assert (seen["subject"], seen["type"], seen["scope"], seen["committed"]) == (
        MESSAGE.strip(),
        "feat",
        "settings",
        "",
    )
    assert last(staged) == "first\n"
    done = run("commit", "-C", staged, "--no-model", "--json", "--yes", "--type", "fix", "--scope", "settings")
    assert json.loads(done.out)["committed"] == git(staged, "rev-parse", "HEAD").strip()
    assert last(staged) == "fix(settings): add defaults\n"


def answered(
    staged: Path,
    words: str,
    *more: str,
    editor: str = "true",
    flags: tuple[str, ...] = ("--no-model",),
    meanwhile: Callable[[], object] | None = None,
) -> tuple[int, str]:
    """Run on a terminal of its own, type an answer, and give the exit code and all that was shown.

    What happens `meanwhile` does so when the question is there.
    """
    outer, inner = pty.openpty()
    process = subprocess.Popen(
        command("commit", *flags, *more),
        cwd=staged,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env={**os.environ, "GIT_EDITOR": editor},
    )
    os.close(inner)
    shown = b""
    while meanwhile is not None and b"[y]es" not in shown:
        shown += os.read(outer, 4096)
    if meanwhile is not None:
        meanwhile()
    os.write(outer, f"{words}\n".encode())
    while True:
        try:
            piece = os.read(outer, 4096)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(outer)
    return process.wait(timeout=30), shown.decode()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [("y", 0, MESSAGE), ("", 1, "first\n"), ("n", 1, "first\n"), ("e", 0, "feat(settings): add defaults too\n")],
)
def test_on_a_terminal(staged: Path, words: str, code: int, message: str) -> None:
    """The message is shown and a yes commits; anything else does not; `e` opens git's editor."""
    got, shown = answered(staged, words, editor="sed -i '1s/$/ too/'")
    assert (got, last(staged)) == (code, message)
    assert "feat(settings): add defaults" in shown and "[y]es" in shown
    assert ("nothing was committed" in shown) == (code == 1)


def test_another_commit_was_quicker(staged: Path) -> None:
    """Where nothing is staged any more that is said, and no way to commit it again."""
    got, shown = answered(staged, "y", meanwhile=lambda: git(staged, "commit", "-qm", "quicker"))
    assert got == 1 and last(staged) == "quicker\n"
    assert "nothing is staged any more" in shown and "git commit -F" not in shown


def test_the_hint_about_models_is_rare(run: Run, staged: Path) -> None:
    """On a terminal it is shown once a day, and never where a program reads or the message alone is wanted."""
    for words in (("--print",), ("--json",), ()):
        assert "localdev models add" not in run("commit", "-C", staged, *words).err
    seen = [answered(staged, "n", flags=flags)[1] for flags in (("--print",), (), ())]
    assert ["models add" in shown for shown in seen] == [False, True, False]


def test_the_editor_may_refuse(run: Run, staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emptied message commits nothing, as with git."""
    monkeypatch.setenv("GIT_EDITOR", "truncate -s 0")
    done = run("commit", "-C", staged, "--no-model", "--edit")
    assert done.code == 1 and "git did not commit" in done.err
    assert last(staged) == "first\n"


def test_the_repositorys_hooks_run(run: Run, staged: Path) -> None:
    """All three hooks run, and the last one's change of the message counts."""
    hook(staged, "pre-commit", "echo pre >> ../ran")
    hook(staged, "prepare-commit-msg", 'echo "prepare $2" >> ../ran')
    hook(staged, "commit-msg", 'echo msg >> ../ran; echo "Reviewed: yes" >> "$1"')
    assert run("commit", "-C", staged, "--no-model", "--yes").code == 0
    assert (staged.parent / "ran").read_text().split("\n") == ["pre", "prepare message", "msg", ""]
    assert last(staged) == MESSAGE + "Reviewed: yes\n"


def test_a_hook_that_refuses(staged: Path) -> None:
    """What the hook says is passed on, nothing is committed, and the message is kept where it is said to be."""
    hook(staged, "pre-commit", "echo 'not like this' >&2; exit 3")
    done = subprocess.run(command("commit", "--no-model", "--yes"), cwd=staged, capture_output=True, text=True)
    assert done.returncode == 1 and "not like this" in done.stderr
    kept = staged / ".git" / "COMMIT_EDITMSG"
    assert str(kept) in done.stderr and kept.read_text() == MESSAGE
    assert last(staged) == "first\n"


def test_nothing_is_staged(run: Run, repository: Path) -> None:
    """What could be staged is named with the command; an unchanged tree has nothing to commit."""
    done = run("commit", "-C", repository, "--yes")
    assert done.code == 1 and "no file was changed" in done.err
    (repository / "new.py").write_text("x = 1\n")
    (repository / "README.md").write_text("# Other\n")
    done = run("commit", "-C", repository, "--yes")
    assert (done.code, done.out) == (1, "")
    assert "README.md, new.py" in done.err and "git add -p" in done.err
    assert json.loads(run("commit", "-C", repository, "--json").out)["stopped"] == "nothing-staged"


def test_a_credential_stops_it(run: Run, staged: Path) -> None:
    """File and line are named, nothing is committed; a comment lets one through that is none."""
    (staged / "keys.py").write_text("import os\n\n" + SECRET)
    git(staged, "add", ".")
    done = run("commit", "-C", staged, "--yes")
    assert done.code == 1 and "keys.py:3" in done.err and "revoke" in done.err
    assert "wJalr" not in done.out + done.err
    assert last(staged) == "first\n"
    (staged / "keys.py").write_text("import os\n\n" + SECRET.rstrip() + "  # localdev: ignore[secrets] sample\n")
    git(staged, "add", ".")
    assert run("commit", "-C", staged, "--no-model", "--yes").code == 0


def conflict(root: Path) -> None:
    """Leave a merge with a conflict behind."""
    git(root, "checkout", "-qb", "other")
    (root / "README.md").write_text("# Theirs\n")
    git(root, "commit", "-qam", "theirs")
    git(root, "checkout", "-q", "-")
    (root / "README.md").write_text("# Ours\n")
    git(root, "commit", "-qam", "ours")
    git(root, "merge", "other", check=False)


def test_a_merge_keeps_gits_message(run: Run, repository: Path) -> None:
    """Conflicts are named first; solved, the merge is committed with git's own words and two parents."""
    conflict(repository)
    done = run("commit", "-C", repository, "--yes")
    assert done.code == 1 and "conflicts left in README.md" in done.err
    (repository / "README.md").write_text("# Both\n")
    git(repository, "add", ".")
    assert run("commit", "-C", repository, "--yes").code == 0
    assert last(repository) == "Merge branch 'other'\n"
    assert len(git(repository, "log", "-1", "--format=%P").split()) == 2


def test_a_cherry_pick_keeps_its_message_and_a_rebase_goes_on(run: Run, repository: Path) -> None:
    """The picked commit's own message is kept; within a rebase git's way to go on is named."""
    conflict(repository)
    git(repository, "merge", "--abort")
    git(repository, "cherry-pick", "other", check=False)
    (repository / "README.md").write_text("# Both\n")
    git(repository, "add", ".")
    assert run("commit", "-C", repository, "--yes").code == 0
    assert last(repository) == "theirs\n"
    git(repository, "reset", "-q", "--hard", "HEAD~1")
    git(repository, "rebase", "other", check=False)
    (repository / "README.md").write_text("# Both\n")
    git(repository, "add", ".")
    done = run("commit", "-C", repository, "--yes")
    assert done.code == 1 and "git rebase --continue" in done.err


def test_the_first_commit_and_a_detached_head(run: Run, tmp_path: Path) -> None:
    """An empty repository gets its first commit; without a branch there is no ticket, and no trouble."""
    root = tmp_path / "new"
    root.mkdir()
    git(root, "init", "-q")
    (root / "a.py").write_text("x = 1\n")
    git(root, "add", ".")
    assert run("commit", "-C", root, "--yes").code == 0
    assert last(root) == "chore: initial commit\n"
    git(root, "checkout", "-q", "--detach")
    (root / "a.py").write_text("x = 2\n")
    git(root, "add", ".")
    assert run("commit", "-C", root, "--no-model", "--yes").code == 0
    assert last(root) == "fix(a): update a.py\n"


def test_settings_of_git_are_kept_to(run: Run, staged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template is no part of it, comments begin as set, a message is in the encoding of the repository's commits."""
    (tmp_path / "template").write_text("Why:\n; comment\n")
    for name, value in (("commit.template", tmp_path / "template"), ("core.commentChar", ";")):
        git(staged, "config", name, str(value))
    git(staged, "config", "i18n.commitEncoding", "ISO-8859-1")
    git(staged, "config", "commit.cleanup", "strip")
    (staged / "größe.py").write_text("x = 1\n")
    git(staged, "add", ".")
    monkeypatch.setenv("GIT_EDITOR", "sed -i '1s/^/; /;1s/$/ x/;2i # numbered'")
    assert run("commit", "-C", staged, "--no-model", "--yes").code == 0
    raw = subprocess.run(["git", "cat-file", "commit", "HEAD"], cwd=staged, check=True, capture_output=True).stdout
    assert b"encoding ISO-8859-1" in raw and "größe.py".encode("latin-1") in raw and b"Why" not in raw


def test_a_worktree_and_another_index(run: Run, staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A linked work tree has its own index; so has whoever sets GIT_INDEX_FILE."""
    tree = staged.parent / "tree"
    git(staged, "worktree", "add", "-q", str(tree))
    (tree / "web" / "cart.js").write_text("// The cart.\nexport const empty = [];\n")
    git(tree, "add", ".")
    assert run("commit", "-C", tree, "--no-model", "--yes").code == 0
    assert last(tree).startswith("feat(web): ") or last(tree).startswith("refactor(web): ")
    assert last(staged) == "first\n"
    monkeypatch.setenv("GIT_INDEX_FILE", str(staged / ".git" / "other"))
    git(staged, "read-tree", "HEAD")
    (staged / "README.md").write_text("# Else\n")
    git(staged, "add", "README.md")
    assert run("commit", "-C", staged, "--no-model", "--print").out == "docs: update README\n"


def test_git_that_looks_elsewhere_is_refused(run: Run, staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With GIT_DIR of another repository nothing is committed there."""
    other = staged.parent / "other"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    done = run("commit", "-C", staged, "--no-model", "--yes")
    assert done.code == 2 and "GIT_DIR" in done.err


def test_signing_is_gits(run: Run, staged: Path) -> None:
    """Where commits are signed and the signer fails, git's refusal stands."""
    git(staged, "config", "commit.gpgsign", "true")
    git(staged, "config", "gpg.program", "false")
    done = run("commit", "-C", staged, "--no-model", "--yes")
    assert done.code == 1 and "git did not commit" in done.err
    assert last(staged) == "first\n"


@pytest.mark.parametrize(
    "wrong",
    [
        ("--model", "x", "--no-model"),
        ("--print", "--yes"),
        ("--print", "--edit"),
        ("--type", "a b"),
        ("--type", ""),
        ("--scope", "a)b"),
        ("--deadline", "-1"),
    ],
)
def test_wrong_calls(run: Run, staged: Path, wrong: tuple[str, ...]) -> None:
    """What excludes each other, and a type or scope that would break the subject, are usage errors."""
    assert run("commit", "-C", staged, *wrong).code == 2


def test_outside_a_repository(run: Run, tmp_path: Path) -> None:
    """A folder without git is said to be none."""
    done = run("commit", "-C", tmp_path, "--yes")
    assert done.code == 4 and "no git repository" in done.err


def test_with_a_model(run: Run, staged: Path, tmp_path: Path) -> None:
    """A scripted model's words are used when they hold; invented ones leave the draft with a warning."""
    good = {"type": "feat", "subject": "give settings defaults", "body": "`defaults` is empty for now."}
    bad = {**good, "subject": "give settings defaults from merge_all"}
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"name": "scripted", "replies": [json.dumps(good)]}))
    done = run("commit", "-C", staged, "--no-service", "--model", f"fake:{script}", "--print")
    assert done.out == "feat(settings): give settings defaults\n\n`defaults` is empty for now.\n"
    script.write_text(json.dumps({"name": "scripted", "replies": [json.dumps(bad)] * 2}))
    done = run("commit", "-C", staged, "--no-service", "--model", f"fake:{script}", "--print")
    assert done.out == MESSAGE and "merge_all" in done.err


def test_with_the_tiny_model(run: Run, staged: Path) -> None:
    """Nonsense of a real engine never becomes a message: its words hold or the draft stands."""
    pytest.importorskip("llama_cpp")
    done = run("commit", "-C", staged, "--no-service", "--model", TINY, "--deadline", 20, "--json")
    payload = json.loads(done.out)
    assert done.code == 0 and (payload["model"] or payload["subject"] == MESSAGE.strip())
    assert len(payload["subject"]) <= 72 and sys.stdout is not None
