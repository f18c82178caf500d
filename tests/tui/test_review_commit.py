"""The screen of a commit: an edited message, committed by the user's own git with its hooks."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from localdev.assistant.commit.dress import Worded
from localdev.assistant.commit.payload import commit_payload
from localdev.tui.review.commit import CommitScreen
from tests.tui.drive import Snapshots, drive, settle, shows
from tests.tui.patching import Stage, desk_on, repository

MESSAGE = Worded("feat(shop): add run", "- add run\n- add x.bin", "feat", "shop")


def git(root: Path, *words: str) -> str:
    """Ask git."""
    return subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a changed and a new file staged, and one change that is not."""
    root = repository(tmp_path / "shop")
    (root / "shop.py").write_text('"""Shop."""\n\n\ndef run() -> None:\n    """Run."""\n')
    (root / "x.bin").write_bytes(b"\0\1")
    git(root, "add", "-A")
    (root / "later.py").write_text("x = 1\n")
    return root


def stage(root: Path, payload: dict[str, Any] | None = None, *, light: bool = False) -> Stage:
    """Show a commit."""
    return Stage(CommitScreen(payload or commit_payload(MESSAGE, files=2), desk_on(root)), light=light)


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (160, 48)])
def test_a_commit_looks_like_this(root: Path, snap: Snapshots, size: tuple[int, int]) -> None:
    """Subject, text, what is staged, the buttons."""
    snap(stage(root), f"commit-{size[0]}x{size[1]}", size=size)


def test_the_light_theme(root: Path, snap: Snapshots) -> None:
    """The same in light colours, with the files in focus."""
    snap(stage(root, light=True), "commit-light", press=["tab", "tab"])


def test_what_is_staged_can_be_read(root: Path, snap: Snapshots) -> None:
    """Enter on a file shows its change, the others are next to it; Escape comes back to the message."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("tab", "tab", "enter")
        await snap.now(pilot, "commit-change")
        await pilot.press("a", "space", "right_square_bracket")
        await shows(pilot, "it is no text")
        await pilot.press("escape")
        await shows(pilot, "staged: 2 files")

    drive(stage(root), body)


def test_the_edited_message_is_committed(root: Path) -> None:
    """What stands in the fields is the message; what was not staged stays out."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("end", "!", "enter", "down", "end", "enter", *"- more", "alt+g")
        await shows(pilot, "committed ")

    app = stage(root)
    drive(app, body)
    assert git(root, "log", "-1", "--format=%B") == "feat(shop): add run!\n\n- add run\n- add x.bin\n- more"
    assert git(root, "status", "--porcelain") == "?? later.py"
    assert app.results == [git(root, "rev-parse", "HEAD")]


def test_the_key_is_no_letter_in_a_field(root: Path) -> None:
    """Terminals send it with its letter, which the subject would take for typing."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        pilot.app.post_message(events.Key("alt+g", "g"))
        await shows(pilot, "committed ")

    drive(stage(root), body)
    assert git(root, "log", "-1", "--format=%s") == "feat(shop): add run"


def test_leaving_commits_nothing(root: Path) -> None:
    """Escape, and the button that says so."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)

    app = stage(root)
    drive(app, body)
    assert git(root, "rev-list", "--count", "HEAD") == "1"
    assert app.results == [""]


def test_the_button_commits(root: Path) -> None:
    """By mouse."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.click("#commit")
        await shows(pilot, "committed ")

    drive(stage(root), body)
    assert git(root, "log", "-1", "--format=%s") == "feat(shop): add run"


def test_a_hook_that_refuses_is_quoted(root: Path, snap: Snapshots) -> None:
    """What it printed is shown without its escapes; the message stays to be mended, and nothing is committed."""
    hook = root / ".git" / "hooks" / "commit-msg"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nprintf '\\033[31mno ticket in\\033[0m the subject \\033[2J\\n'\nexit 1\n")
    hook.chmod(0o755)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("alt+g")
        await shows(pilot, "no ticket in the subject \\x1b[2J")
        await shows(pilot, "git did not commit (exit code 1)")
        await snap.now(pilot, "commit-refused")
        hook.unlink()
        await pilot.press("alt+g")
        await shows(pilot, "committed ")

    app = stage(root)
    drive(app, body)
    assert git(root, "rev-list", "--count", "HEAD") == "2"


def test_a_subject_is_needed(root: Path) -> None:
    """An empty one is said, not committed; a long one is said too."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("ctrl+u", "alt+g")
        await shows(pilot, "a commit needs a subject")
        pilot.app.screen.query_one(Input).value = "x" * 73
        await shows(pilot, "73 characters - longer than 72")

    drive(stage(root), body)
    assert git(root, "rev-list", "--count", "HEAD") == "1"


def test_a_change_of_what_is_staged_is_seen(root: Path) -> None:
    """The message was made for two files, and one more is staged by now; all gone is said too."""
    git(root, "add", "later.py")

    async def more(pilot: Pilot[Any]) -> None:
        await shows(pilot, "staged: 3 files - the message was made for 2")

    async def none(pilot: Pilot[Any]) -> None:
        await shows(pilot, "nothing is staged any more")
        await pilot.press("alt+g")
        await shows(pilot, "`git log -1` shows whether")

    drive(stage(root), more)
    git(root, "commit", "-q", "-m", "elsewhere")
    drive(stage(root), none)


def test_another_git_at_work_is_said(root: Path) -> None:
    """Its lock is there: the error and its hint, and the message stays."""
    (root / ".git" / "index.lock").touch()

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("alt+g")
        await shows(pilot, "another git process is at work here")
        await shows(pilot, "hint: wait for it to end")

    drive(stage(root), body)


def test_what_is_in_the_way_is_said(root: Path, snap: Snapshots) -> None:
    """No message and no button, but what to do."""
    secret = {"path": "shop.py", "line": 3, "rule": "secret-token", "message": "a token \x1b[2J of somebody"}
    snap(stage(root, commit_payload(stopped="secret", secrets=[secret])), "commit-stopped", press=["alt+g"])


def test_a_repository_that_is_gone_is_said(root: Path) -> None:
    """The folder was removed meanwhile: an error, no crash."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        (root / ".git").rename(root / "elsewhere")
        await pilot.press("alt+g")
        await shows(pilot, "error: git here works on no repository")

    drive(stage(root), body)


def test_a_small_screen_keeps_the_buttons(root: Path, snap: Snapshots) -> None:
    """However much a hook prints."""
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nseq 1 100\nexit 1\n")
    hook.chmod(0o755)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("alt+g")
        await shows(pilot, "git did not commit (exit code 1)")
        await snap.now(pilot, "commit-refused-60x15")

    drive(stage(root), body, size=(60, 15))


def test_a_message_cannot_drive_the_terminal(root: Path) -> None:
    """Escapes in what a model wrote are text, on the screen and in the commit."""
    odd = Worded("feat: \x1b[2J", "a\x07b\tc\r\nd", "", "")

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("alt+g")
        await shows(pilot, "committed ")

    drive(stage(root, commit_payload(odd, files=2)), body)
    assert git(root, "log", "-1", "--format=%B") == "feat: \\x1b[2J\n\na\\x07b\tc\nd"


def test_a_signed_commit_is_signed(root: Path) -> None:
    """Where git signs and there is no terminal to hand over, it signs all the same, or says what it lacks."""
    signer = root.parent / "signer"
    signature = "-----BEGIN PGP SIGNATURE-----\\n\\nx\\n"
    signer.write_text(f"#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\nprintf -- '{signature}'\n")
    signer.chmod(0o755)
    git(root, "config", "commit.gpgSign", "true")
    git(root, "config", "gpg.program", str(signer))

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("alt+g")
        await shows(pilot, "committed ")

    drive(stage(root), body)
    assert "-----BEGIN PGP SIGNATURE-----" in git(root, "cat-file", "commit", "HEAD")
