"""A conversation with scripted jobs over a real store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localdev.app.conversation.conversation import Conversation, open_conversation
from localdev.config.settings import Settings
from localdev.core.folders import Folders
from localdev.core.ports import JobStarter
from localdev.sessions.store import SessionStore

Talk = Callable[..., Conversation]


@pytest.fixture
def store(folders: Folders) -> Iterator[SessionStore]:
    """Give the store of the test's home."""
    found = SessionStore(folders.sessions)
    yield found
    found.close()


@pytest.fixture
def talk(store: SessionStore, root: Path) -> Iterator[Talk]:
    """Give a function that opens a conversation: `talk(starter, continue_last=True)`; all are closed at the end."""
    opened: list[Conversation] = []

    def begin(starter: JobStarter, **options: Any) -> Conversation:
        opened.append(open_conversation(store, root, Settings(), starter, **options))
        return opened[-1]

    yield begin
    for each in opened:
        each.close()
