"""Draws docs/pictures/*.svg from the real app over a small repository: `python -m scripts.make_pictures`.

Answers follow a script, so that the pictures are the same wherever they are made; reviews and patches are real ones,
made without a model. The pictures name only fonts that systems have.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
SIZE = (110, 34)
_GIT = {"GIT_AUTHOR_NAME": "Sam", "GIT_AUTHOR_EMAIL": "sam@example.invalid", "GIT_CONFIG_NOSYSTEM": "1"}
_UNDOCUMENTED = '''"""Goods that come back."""

REASONS = ("broken", "wrong size", "not needed")


def may_return(days: int) -> bool:
    return days <= 30


def refund(amount: float, days: int) -> float:
    """Give what is paid back."""
    return amount if may_return(days) else 0.0


def label(reason: str) -> str:
    if reason not in REASONS:
        raise ValueError(reason)
    return f"returned: {reason}"
'''
_THEN = 1_767_605_400.0  # 5 January 2026, 09:30
_MODEL = "scripted"
_RISKY = """

def find(customer: str, database) -> list:
    try:
        return database.execute(f"SELECT * FROM orders WHERE customer = '{customer}'")
    except:
        pass


PASSWORD = "correct horse battery"
"""


def main(into: Path = PICTURES) -> None:
    """Draw all of them into a folder."""
    with tempfile.TemporaryDirectory() as folder:
        _same_surroundings(Path(folder))
        from tests.tui.drive import drive, settle

        into.mkdir(parents=True, exist_ok=True)
        for shot in shots():
            drawn: list[str] = []

            async def body(pilot: Any, steps: Any = shot.steps, drawn: list[str] = drawn) -> None:
                await steps(pilot)
                drawn.append(await settle(pilot))

            home = Path(folder) / shot.name
            drive(_app(home, shot.theme), body, size=shot.size, notifications=False)
            (into / f"{shot.name}.svg").write_text(drawn[0], encoding="utf-8", newline="\n")
            print(into / f"{shot.name}.svg")


def _same_surroundings(folder: Path) -> None:
    """Take away what could show: the user's settings, colours, time zone and home."""
    for name in list(os.environ):
        if name.startswith(("LOCALDEV_", "TEXTUAL_", "GIT_", "XDG_")) or name in ("NO_COLOR", "COLUMNS", "LINES"):
            del os.environ[name]
    committer = {name.replace("AUTHOR", "COMMITTER"): value for name, value in _GIT.items()}
    os.environ.update(_GIT | committer, HOME=str(folder), TERM="xterm-256color", COLORTERM="truecolor", TZ="UTC")
    time.tzset()
    started = time.monotonic()
    time.time = lambda: _THEN + time.monotonic() - started  # what is shown of the clock is the same each time


@dataclass(frozen=True)
class Shot:
    """A picture: its file's name, the colours, and what is done before it is taken."""

    name: str
    theme: str
    steps: Callable[[Any], Awaitable[None]]
    size: tuple[int, int] = SIZE


def shots() -> list[Shot]:
    """Give all pictures."""
    return [
        Shot("chat-dark", "dark", _asked),
        Shot("chat-light", "light", _asked),
        Shot("review", "dark", _reviewed),
        Shot("patch", "dark", _proposed),
        Shot("sessions", "light", _sessions, (110, 24)),
    ]


async def _asked(pilot: Any) -> None:
    """A question and its answer, with the next one being written."""
    await _send(pilot, "How is the discount decided, and who uses it?")
    await _ready(pilot)
    for character in "And where is it called?":
        await pilot.press("space" if character == " " else character)


async def _reviewed(pilot: Any) -> None:
    """The findings of a change."""
    await _send(pilot, "/review")


async def _proposed(pilot: Any) -> None:
    """A proposed patch."""
    await _send(pilot, "/gen doc shop/returns.py")


async def _sessions(pilot: Any) -> None:
    """The session browser."""
    await _send(pilot, "/sessions")


async def _send(pilot: Any, text: str) -> None:
    """Send what a user would type."""
    from tests.tui.drive import settle

    await settle(pilot)
    pilot.app.screen.composer.set_draft(text)
    await pilot.press("enter")
    await settle(pilot)


async def _ready(pilot: Any) -> None:
    """Wait for the end of the answer."""
    from tests.tui.drive import shows

    await shows(pilot, "ready")


class _Starter:
    """Answers questions from a script and does all other jobs really."""

    def __init__(self, scripted: Any, real: Any) -> None:
        self._scripted, self._real = scripted, real

    def start(self, job: str, options: Mapping[str, Any], *, model: str = "", adapter: str = "") -> Any:
        """Start a job."""
        starter = self._scripted if job in self._scripted.scripts else self._real
        return starter.start(job, options, model="", adapter="")


def _app(home: Path, theme: str) -> Any:
    """Make the app over a repository with an earlier session."""
    from localdev.app.conversation.choosing import Choice
    from localdev.app.conversation.conversation import open_conversation
    from localdev.app.conversation.desk import Desk
    from localdev.app.conversation.starter import LocalStarter
    from localdev.config.settings import Settings
    from localdev.core.folders import find_folders
    from localdev.tui.app import ChatApp, ChatOptions
    from tests.tui.scripted import ScriptedStarter, answer_script, conversation_turns, store_with_sessions

    os.environ["LOCALDEV_HOME"] = str(home / "localdev")
    root = _repository(home)
    turns = conversation_turns()
    earlier = {
        "5f2c8a1e": (root, "How is the discount decided?", turns),
        "77ab01c9": (root, "Where are orders kept?", turns[:2]),
    }
    store = store_with_sessions(find_folders().sessions, earlier)
    settings = Settings()
    real = LocalStarter(settings, find_folders(), root)
    starter = _Starter(ScriptedStarter({"chat": [answer_script(model=_MODEL)]}), real)
    conversation = open_conversation(store, root, settings, starter)
    conversation.choice = Choice(_MODEL)
    desk = Desk(settings, find_folders(), root, starter, store, environ={})
    return ChatApp(conversation, desk, ChatOptions(theme))


def _repository(home: Path) -> Path:
    """Make a repository with a change that a review has something to say about."""
    from tests.tui.scripted import git, shop_repository

    home.mkdir()
    root = shop_repository(home)
    (root / "shop" / "returns.py").write_text(_UNDOCUMENTED, encoding="utf-8")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "returns")
    with (root / "shop" / "store.py").open("a", encoding="utf-8") as file:
        file.write(_RISKY)
    return root


if __name__ == "__main__":
    main()
