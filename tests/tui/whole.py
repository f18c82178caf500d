"""The whole app over a real store and desk, with scripted jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from localdev.app.conversation.choosing import Choice
from localdev.app.conversation.conversation import open_conversation
from localdev.app.conversation.desk import Desk
from localdev.config.settings import Settings
from localdev.core.events import Result
from localdev.core.folders import find_folders
from localdev.core.talk import Turn
from localdev.tui.app import ChatApp, ChatOptions
from tests.tui.scripted import Script, ScriptedStarter, store_with_sessions

SESSION = "5f2c8a1e"
SYMBOLS = [
    {"name": "discount", "path": "shop/pricing.py", "line": 4, "kind": "function"},
    {"name": "total", "path": "shop/cart.py", "line": 6, "kind": "function"},
    {"name": "OrderStore.save_order", "path": "shop/store.py", "line": 9, "kind": "method"},
]


def chat_app(
    root: Path,
    scripts: Mapping[str, Sequence[Script]],
    *,
    turns: Sequence[Turn] = (),
    theme: str = "dark",
    first_question: str = "",
    color: bool = True,
) -> ChatApp:
    """Make the whole app over a real store and desk, with scripted jobs; earlier turns are resumed.

    Its files lie in the home that tests are given.
    """
    folders = find_folders()
    session = SESSION if turns else ""
    title = turns[0].asked if turns else ""
    store = store_with_sessions(folders.sessions, {session: (root, title, turns)} if turns else {})
    names = Result({"paths": ["README.md", "shop/cart.py", "shop/pricing.py", "shop/store.py"], "symbols": SYMBOLS})
    starter = ScriptedStarter({"names": [[names]], **scripts})
    conversation = open_conversation(store, root, Settings(), starter, session=session)
    conversation.choice = Choice("tiny")
    desk = Desk(Settings(), folders, root, starter, store, environ={})
    return ChatApp(conversation, desk, ChatOptions(theme, (), first_question, color))
