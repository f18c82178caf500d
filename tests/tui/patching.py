"""What tests of patches and reviews work with: a small repository, a desk on it, and an app that shows one screen."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual.app import App
from textual.screen import Screen

from localdev.app.conversation.desk import Desk
from localdev.app.proposed import ProposedFile
from localdev.config.settings import Settings
from localdev.core.folders import find_folders
from localdev.core.patch import Check, FileEdit
from localdev.render.patches import make_patch
from localdev.sessions.store import SessionStore
from localdev.source.diff import read_diff
from localdev.tui.themes import DARK, LIGHT
from tests.tui.scripted import ScriptedStarter

SHOP = "".join(
    f'def price_{n}(amount: float) -> float:\n    """Give price {n}."""\n    return amount * {n}\n\n\n'
    for n in range(12)
)
NEW_SHOP = (
    SHOP.replace("    return amount * 1\n", "    return round(amount * 1, 2)\n")
    .replace("def price_2(amount: float)", "def price_2(amount: float, rate: float)")
    .replace(
        '    """Give price 9."""\n', '    """Give price 9.\n\n    Args:\n        amount: what it is of.\n    """\n'
    )
)
EDITS = (
    FileEdit("shop/pricing.py", SHOP, NEW_SHOP),
    FileEdit("shop/new.py", None, 'RATE = 0.19\nNAME = "tax"'),
    FileEdit("old.txt", "gone\n", None),
)
CHECKS = ({"name": "parses", "ok": True, "detail": ""}, {"name": "same code", "ok": True, "detail": "it is"})


def project(folder: Path, edits: Sequence[FileEdit] = EDITS) -> Path:
    """Write the files that edits begin with."""
    for edit in edits:
        if edit.old is not None:
            place = folder / edit.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(edit.old.encode("utf-8", "surrogateescape"))
    return folder


def repository(folder: Path) -> Path:
    """Make a git repository with one commit of a file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shop.py").write_text('"""Shop."""\n')
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "feat: shop"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    return folder


def desk_on(root: Path) -> Desk:
    """Give a desk on a folder, whose undo records and sessions lie in the test's own home."""
    folders = find_folders()
    store = SessionStore(folders.data / "sessions" / "sessions.sqlite")
    return Desk(Settings(), folders, root, ScriptedStarter({}), store)


def payload_of(edits: Sequence[FileEdit] = EDITS, checks: Sequence[Any] = CHECKS) -> dict[str, Any]:
    """Give what `gen doc --json` prints for some edits."""
    told = [vars(check) if isinstance(check, Check) else dict(check) for check in checks]
    return {"kind": "doc", "patch": make_patch(edits), "files": [edit.path for edit in edits], "checks": told}


def files_of(edits: Sequence[FileEdit]) -> tuple[ProposedFile, ...]:
    """Give edits as a patch would, with the texts that they name: nothing is read."""
    found = []
    for edit in edits:
        for change in read_diff(make_patch([edit])):
            found.append(ProposedFile(edit.path, change.status, change.hunks, edit.old))
    return tuple(found)


class Stage(App[None]):
    """Shows one screen and keeps what it ended with."""

    def __init__(self, shown: Screen[Any], *, light: bool = False) -> None:
        super().__init__()
        self.shown = shown
        self.results: list[Any] = []
        self.register_theme(LIGHT)
        self.register_theme(DARK)
        self.theme = LIGHT.name if light else DARK.name

    def on_mount(self) -> None:
        """Put the screen up."""
        self.push_screen(self.shown, self.results.append)
