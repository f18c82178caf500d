"""Before the first look at a folder: our own files stay out, and too many are refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localdev.app.jobs import LocalJobs
from localdev.config.settings import build
from localdev.core.errors import UsageError
from localdev.core.events import Event, Refreshed
from localdev.core.folders import Folders, find_folders


def indexed(events: Iterator[Event]) -> int:
    """Give the number of files that an index job has found."""
    [report] = [event.report for event in events if isinstance(event, Refreshed)]
    return report.files + len(report.skipped)


@pytest.mark.parametrize("git", [True, False])
@pytest.mark.parametrize("name", ["relhome", "src/deep"])
def test_our_own_files_are_never_indexed(root: Path, git: bool, name: str) -> None:
    """A home inside of the repository, whatever it is called, is not looked at, by git neither."""
    if git:
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    inside = find_folders({"LOCALDEV_HOME": str(root / name)})
    for _ in range(2):
        assert indexed(LocalJobs(build({}), inside, root).run("index", {})) == 2
    assert inside.journal.exists()
    if git:
        said = subprocess.run(["git", "status", "--short"], cwd=root, capture_output=True, text=True, check=True)
        assert said.stdout.split() == ["??", "cart.py", "??", "pay.py"]


def test_our_own_folder_is_no_repository(folders: Folders) -> None:
    """Asking about the place where indexes lie is a mistake."""
    folders.indexes.mkdir(parents=True)
    with pytest.raises(UsageError, match="localdev's own files"):
        list(LocalJobs(build({}), folders, folders.indexes).run("index", {}))


def test_a_folder_of_too_many_files_is_refused(folders: Folders, root: Path) -> None:
    """Without git, more files than allowed stop the first index, with both ways on; a picture does not count."""
    (root / "logo.png").write_bytes(b"\x89PNG")

    def run(most: int) -> int:
        return indexed(LocalJobs(build({"index.max_files": most}), folders, root).run("index", {}))

    with pytest.raises(UsageError, match=r"more than 1 file$") as caught:
        run(1)
    assert "-C PATH" in caught.value.hint and "index.max_files" in caught.value.hint
    assert run(2) == 3
    assert run(1) == 3, "what is indexed already goes on"


def test_a_git_repository_may_be_of_any_size(folders: Folders, root: Path) -> None:
    """Its owner has said what belongs to it."""
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    assert indexed(LocalJobs(build({"index.max_files": 1}), folders, root).run("index", {})) == 2
