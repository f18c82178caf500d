"""Ctrl-C and termination: noted when they come, so that one which surfaces as some other error is still what it is.

Native code that runs Python in between (a parser's read, a query being compiled) turns what a signal raises into an
error of its own, and whoever then catches that error would take it for a finding.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

INTERRUPTED = 130
TERMINATED = 143

_code = 0


def watch() -> None:
    """Note each Ctrl-C and termination from now on; a Ctrl-C that is switched off (nohup, background jobs) stays so."""
    global _code
    _code = 0
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupt)


def code() -> int:
    """Give the exit code of the signal that came since `watch`, 0 without one."""
    return _code


def raise_again() -> None:
    """Raise once more what a signal raised, where it was swallowed."""
    if _code == INTERRUPTED:
        raise KeyboardInterrupt
    if _code:
        raise SystemExit(_code)


@contextlib.contextmanager
def first_one(call: Callable[[], object]) -> Iterator[None]:
    """Have the first Ctrl-C in the body call something and go on; another one ends the body as ever.

    It is called in the midst of whatever is done just then: it must not wait for a lock, and not print.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        yield
        return

    def pressed(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        call()

    signal.signal(signal.SIGINT, pressed)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Note Ctrl-C, then do what Python does."""
    global _code
    _code = INTERRUPTED
    raise KeyboardInterrupt


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    """End in order on SIGTERM: generators close, locks are freed, half-written files are removed."""
    global _code
    _code = TERMINATED
    raise SystemExit(TERMINATED)
