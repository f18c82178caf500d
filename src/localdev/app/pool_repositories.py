"""Open indexes kept for the next job: one job has one to itself, and what is long unused or gone is let go."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localdev.index.repository import IndexedRepository

# More would only serve several searches of one repository in the same tenth of a second.
MOST_IDLE = 2
# An open index keeps three files open and its vectors mapped; opening one takes some 20 ms.
IDLE_SECONDS = 60.0

Tell = Callable[[str], None]
Open = Callable[[Tell], "IndexedRepository"]


class _Voice:
    """Whom the sentences of an open repository go to: the job that has it; apart, so that nothing goes in a circle."""

    def __init__(self) -> None:
        self.tell: Tell = _nobody


class _Kept:
    """An open repository, and which generation it showed when it was kept."""

    def __init__(self, open_it: Open) -> None:
        self.voice = voice = _Voice()
        self.repository = open_it(lambda text: voice.tell(text))
        self.generation: Path | None = None
        self.since = 0.0


class Repositories:
    """The open repositories that no job uses at the moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[Hashable, list[_Kept]] = {}

    @contextlib.contextmanager
    def taken(self, key: Hashable, folder: Path, tell: Tell, open_it: Open) -> Iterator[IndexedRepository]:
        """Have a repository to oneself; `folder` is that of its index. After any error it is closed, not kept."""
        with self._lock:
            idle = self._idle.get(key)
            kept = idle.pop() if idle else None
        kept = kept or _Kept(open_it)
        kept.voice.tell = tell
        try:
            yield kept.repository
        except BaseException:
            kept.repository.close()
            raise
        kept.voice.tell = _nobody
        self._keep(key, folder, kept)

    def sweep(self, seconds: float = IDLE_SECONDS) -> None:
        """Close what was not used for so long, and what was replaced or removed from the disk meanwhile."""
        gone: list[_Kept] = []
        now = time.monotonic()
        with self._lock:
            for key, idle in list(self._idle.items()):
                left = [kept for kept in idle if now - kept.since < seconds and _is_current(kept)]
                gone += [kept for kept in idle if kept not in left]
                if left:
                    self._idle[key] = left
                else:
                    del self._idle[key]
        for kept in gone:
            kept.repository.close()

    def close(self) -> None:
        """Close all that no job uses."""
        self.sweep(0.0)

    def idle(self) -> list[Path]:
        """List the roots of those kept open."""
        with self._lock:
            return [kept.repository.root for idle in self._idle.values() for kept in idle]

    def _keep(self, key: Hashable, folder: Path, kept: _Kept) -> None:
        """Keep a repository for the next job, unless enough are kept."""
        from localdev.index.layout import current

        kept.generation, kept.since = current(folder), time.monotonic()
        with self._lock:
            idle = self._idle.setdefault(key, [])
            if len(idle) < MOST_IDLE and kept.generation is not None:
                idle.append(kept)
                return
        kept.repository.close()


def _is_current(kept: _Kept) -> bool:
    """Tell whether the generation that is open is the one in use, and the repository still there."""
    from localdev.index.layout import current

    assert kept.generation is not None
    try:
        return current(kept.generation.parent) == kept.generation and kept.repository.root.is_dir()
    except OSError:  # it cannot be looked at any more, which `is_dir` raises
        return False


def _nobody(_text: str) -> None:
    """Tell nobody."""
