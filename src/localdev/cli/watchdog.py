"""Ends this process at a moment, whatever it is doing."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

# A thread cannot run while native code holds the interpreter: after so many seconds more the system ends the process.
_MERCY = 1.5


class Watchdog:
    """Ends the process after so many seconds with what `code` gives, having said on stderr what `last_words` gives."""

    def __init__(self, seconds: float, last_words: Callable[[], str], code: Callable[[], int]) -> None:
        self._words = last_words
        self._code = code
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, seconds + _MERCY)

    def stop(self) -> None:
        """Let the process go on."""
        self._timer.cancel()
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _end(self) -> None:
        """Say the last words and end, past everything that would wait for something."""
        try:
            os.write(2, self._words().encode("utf-8", "replace"))
        finally:
            os._exit(self._code())
