"""Trust follows the content of what could act, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.config import trust
from localdev.core.errors import NotFound, StorageError
from localdev.core.folders import Folders


def prepared(root: Path) -> None:
    """Give the repository a settings file and a prompt of its own."""
    (root / ".localdev.toml").write_text("ask.k = 3\n")
    (root / ".localdev" / "prompts").mkdir(parents=True)
    (root / ".localdev" / "prompts" / "1.md").write_text("answer")


def test_nothing_to_trust(folders: Folders, root: Path) -> None:
    """A plain repository has no state to grant."""
    assert trust.state(root, folders) == "absent"
    with pytest.raises(NotFound):
        trust.grant(root, folders)
    assert not folders.data.exists()


def test_granting_and_taking_back(folders: Folders, root: Path) -> None:
    """The record is per repository, found again through a link to it, and forgotten on request."""
    prepared(root)
    assert trust.state(root, folders) == "untrusted"
    _, paths = trust.grant(root, folders)
    assert paths == [".localdev.toml", ".localdev/prompts/1.md"]
    link = root.parent / "link"
    link.symlink_to(root)
    assert trust.state(link, folders) == "trusted"
    assert trust.revoke(root, folders)
    assert not trust.revoke(root, folders)
    assert trust.state(root, folders) == "untrusted"


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / ".localdev.toml").write_text("ask.k = 4\n"),
        lambda root: (root / ".localdev.toml").unlink(),
        lambda root: (root / ".localdev" / "new.md").write_text(""),
        lambda root: (root / ".localdev" / "prompts" / "1.md").rename(root / ".localdev" / "prompts" / "2.md"),
        lambda root: (root / ".localdev" / "elsewhere").symlink_to("/usr"),
    ],
)
def test_any_change_ends_trust(folders: Folders, root: Path, change: Callable[[Path], object]) -> None:
    """A changed, missing, new or renamed file, or a link to a folder, makes the repository inert again."""
    prepared(root)
    trust.grant(root, folders)
    change(root)
    assert trust.state(root, folders) == "changed"


def test_other_files_do_not_matter(folders: Folders, root: Path) -> None:
    """Editing code keeps the trust."""
    prepared(root)
    trust.grant(root, folders)
    (root / "main.py").write_text("x = 1\n")
    assert trust.state(root, folders) == "trusted"


@pytest.mark.parametrize("target", ["..", "/dev/zero"])
def test_a_link_to_no_file_is_refused(folders: Folders, root: Path, target: str) -> None:
    """What a link to a folder or device shows can change without a trace or never ends, so it is not trusted."""
    prepared(root)
    (root / ".localdev" / "shared").symlink_to(target)
    with pytest.raises(StorageError):
        trust.grant(root, folders)
    assert trust.state(root, folders) == "untrusted"


@pytest.mark.parametrize("content", ["", "[]", '{"/x": 3}', "\x00"])
def test_a_damaged_record_is_an_error(folders: Folders, root: Path, content: str) -> None:
    """A record that is not ours any more is said so, with the way out."""
    prepared(root)
    folders.data.mkdir(parents=True)
    trust.record_file(folders).write_text(content)
    with pytest.raises(StorageError, match="damaged"):
        trust.state(root, folders)
