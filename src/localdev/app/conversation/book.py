"""The stored side of one conversation: its session is made with the first turn, and held against other chats.

A turn that cannot be stored (a full disk) is kept in memory and stored with the next one that can.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.app.conversation.turns import (
    MOST_HISTORY,
    highest_source,
    left_out,
    number_keeper,
    standing,
    title_of,
)
from localdev.core.errors import Busy, LocaldevError
from localdev.core.events import HistoryForm
from localdev.core.talk import SessionInfo, Turn

if TYPE_CHECKING:
    from localdev.sessions.store import SessionStore


class Book:
    """One session and its turns. May be used from several threads."""

    def __init__(self, store: SessionStore, root: Path, info: SessionInfo | None = None) -> None:
        """Open a session that is there, or prepare a new one, which is stored with its first turn.

        Raises:
            Busy: another chat has it open.
            StorageError: what is stored cannot be read.
        """
        self._store = store
        self._root = root
        self._lock = threading.Lock()  # of what is in memory: never held while the disk is waited for
        self._writing = threading.RLock()
        self._lease = contextlib.ExitStack()
        self._held = False
        self._waiting: dict[int, Turn] = {}
        self._standing: list[Turn] = []
        self._commands: set[str] = set()  # titles that the commands of this session would have
        self._last_turn: Turn | None = None
        self.info = info or SessionInfo("", "", str(root), 0.0, 0.0)
        self._last = self._stored = self._highest = 0
        if info is not None:
            self._take(info)

    @property
    def last(self) -> int:
        """The number of the last turn, 0 before the first."""
        return self._last

    @property
    def last_turn(self) -> Turn | None:
        """The last turn as it was kept last, None before the first."""
        return self._last_turn

    def claim(self) -> int:
        """Give the next turn its number."""
        with self._lock:
            self._last += 1
            return self._last

    def history(self) -> list[Turn]:
        """Give the turns that the next prompt may hold, oldest first; where they are too many, old ones are left out.

        In front stands one without number where otherwise it would be forgotten how far passages are numbered.

        Leaving out is stored, but a trouble with that is said with the next turn that is kept.
        """
        self.keep_all(left_out(self._standing))
        with self._lock:
            found, highest = list(self._standing), self._highest
        return [number_keeper(highest), *found] if highest > highest_source(found) else found

    def keep(self, turn: Turn) -> LocaldevError | None:
        """Store a turn as it is now; what is in the way is given back, and tried again with the next one."""
        with self._lock:
            self._waiting[turn.number] = turn
            if turn.number >= self._last:
                self._last_turn = turn
            self._highest = max(self._highest, highest_source([turn]))
            others = [each for each in self._standing if each.number != turn.number]
            self._standing = standing(sorted([*others, turn], key=lambda each: each.number))
        try:
            self._flush()
        except LocaldevError as trouble:
            return trouble
        return None

    def revise(self, turn: Turn) -> LocaldevError | None:
        """Store a turn that is over, in the form that later prompts have left of it."""
        with self._lock:
            forms: list[HistoryForm] = [each.form for each in self._standing if each.number == turn.number]
        return self.keep(replace(turn, form=forms[0] if forms else "out"))

    def keep_all(self, turns: Sequence[Turn]) -> LocaldevError | None:
        """Store several turns."""
        troubles = [trouble for turn in turns if (trouble := self.keep(turn)) is not None]
        return troubles[0] if troubles else None

    def turns(self, *, before: int | None = None, limit: int | None = 50) -> list[Turn]:
        """Give turns in their order: the last `limit` before the number `before`; those not stored yet included.

        Raises:
            StorageError: they cannot be read.
        """
        found = self._store.turns(self.info.id, before=before, limit=limit) if self.info.id else []
        own = {turn.number: turn for turn in found}
        first = min(own, default=0)
        with self._lock:
            waiting = dict(self._waiting)
        own |= {n: turn for n, turn in waiting.items() if n >= first and (before is None or n < before)}
        every = [own[number] for number in sorted(own)]
        return every if limit is None else every[-limit:]

    def rename(self, title: str) -> None:
        """Give the session a title, now or when it is made.

        Raises:
            LocaldevError: it cannot be stored.
        """
        with self._writing:
            if self.info.id:
                self._store.rename(self.info.id, title)
            self.info = replace(self.info, title=title)

    def close(self) -> None:
        """Store what waits, if that can be, and let others have the session."""
        with contextlib.suppress(LocaldevError):
            self._flush()
        self._lease.close()

    def _take(self, info: SessionInfo) -> None:
        """Hold a session that is there, and read what later prompts may hold of it."""
        self._hold(info)
        try:
            self.info = self._store.info(info.id)
            last = self._store.turns(info.id, limit=MOST_HISTORY)
        except BaseException:
            self._lease.close()
            raise
        self._last_turn = last[-1] if last else None
        self._last = self._stored = last[-1].number if last else 0
        self._highest = highest_source(last)
        self._standing = standing(last)
        self._commands = {title_of(turn) for turn in last if turn.kind != "question"}

    def _hold(self, info: SessionInfo) -> None:
        """Keep other chats away from a session."""
        try:
            self._lease.enter_context(self._store.lease(info.id))
            self._held = True
        except Busy as busy:
            title = info.title or info.id
            raise Busy(
                f"another chat has the conversation {title!r} open",
                "go on there, or begin a new one here: `localdev chat` without --session and --continue",
            ) from busy

    def _flush(self) -> None:
        """Store all that waits, in order."""
        with self._writing:
            with self._lock:
                waiting = sorted(self._waiting.values(), key=lambda turn: turn.number)
            if waiting and not self.info.id:
                self.info = self._store.create(self._root, title=self.info.title or title_of(waiting[0]))
            if waiting and not self._held:
                self._hold(self.info)
            for turn in waiting:
                self._store_one(turn)
                with self._lock:
                    if self._waiting.get(turn.number) is turn:  # it may have grown meanwhile
                        del self._waiting[turn.number]

    def _store_one(self, turn: Turn) -> None:
        """Store a turn, and note what its session is known by."""
        if turn.number > self._stored:
            self._store.add(self.info.id, turn)
            self._stored = turn.number
            if turn.kind != "question":
                self._commands.add(title_of(turn))
            elif self.info.title in self._commands:  # no question came before, and nobody has given it another title
                self.rename(title_of(turn))
        else:
            self._store.save(self.info.id, turn)
        model, changed_at = turn.model or self.info.model, max(self.info.changed_at, turn.asked_at, turn.ended_at)
        self.info = replace(self.info, turns=self._stored, model=model, changed_at=changed_at)
