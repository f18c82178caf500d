"""A chat on the screen with scripted jobs, a real store and a real repository, for tests of whole screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from localdev.app.conversation.conversation import open_conversation
from localdev.app.conversation.desk import Desk
from localdev.config.settings import Settings
from localdev.core.events import Result
from localdev.core.folders import find_folders
from localdev.core.talk import Turn
from localdev.tui.app import ChatApp, ChatOptions
from localdev.tui.composer.widget import Composer
from tests.tui.scripted import Script, ScriptedStarter, shop_repository, store_with_sessions

NAMES: Script = (
    Result({"paths": ["shop/cart.py", "shop/pricing.py"], "symbols": [{"name": "total", "path": "x", "line": 1}]}),
)
SESSION = "5f2c8a1e"


def opened_chat(
    folder: Path,
    scripts: Mapping[str, Sequence[Script]],
    *,
    turns: Sequence[Turn] = (),
    options: ChatOptions = ChatOptions(),  # noqa: B008 - frozen
) -> tuple[ChatApp, ScriptedStarter]:
    """Open a chat on a small repository; with `turns` it goes on with a session that holds them."""
    root = shop_repository(folder)
    sessions = {SESSION: (root, "How is the discount decided?", turns)} if turns else {}
    store = store_with_sessions(folder / "sessions" / "sessions.sqlite", sessions)
    starter = ScriptedStarter({"names": [NAMES], **scripts})
    conversation = open_conversation(store, root, Settings(), starter, continue_last=True)
    return ChatApp(conversation, Desk(Settings(), find_folders(), root, starter, store), options), starter


async def typed(pilot: Pilot[Any], text: str) -> None:
    """Type a line into the question and send it."""
    pilot.app.screen.query_one(Composer).set_draft(text)
    await pilot.press("enter")


async def left(pilot: Pilot[Any]) -> None:
    """Wait until the app has ended."""
    while pilot.app.return_code is None:
        await pilot.pause(0.02)
