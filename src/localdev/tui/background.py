"""Work that reads disk or runs programs, off the screen's own thread."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from textual.dom import DOMNode
from textual.widget import Widget
from textual.worker import Worker

from localdev.app.conversation.wording import in_chat
from localdev.core.errors import LocaldevError
from localdev.core.neutral import one_line

Got = TypeVar("Got")

_WHOLE = "chat-whole"
_MOMENT = 0.5


def in_thread(
    node: DOMNode,
    work: Callable[[], Got],
    then: Callable[[Got], object] | None = None,
    *,
    failed: Callable[[LocaldevError], object] | None = None,
    whole: bool = False,
) -> None:
    """Do work in a thread of `node`, then hand what it gave to `then` on the screen's thread.

    A `LocaldevError` is handed to `failed`, or else shown to the user; any other error is a bug and ends the program.
    When the node is gone by then, nothing is shown. The end of the program does not wait for the work, unless it is
    `whole`: what writes must not be cut in two.
    """

    async def body() -> None:
        try:
            got = await _result(work, whole=whole)
        except LocaldevError as error:
            if not _is_there(node):
                return
            (failed or (lambda told: show_error(node, told)))(error)
            return
        if then is not None and _is_there(node):
            then(got)

    _: Worker[None] = node.run_worker(body)


def _is_there(node: DOMNode) -> bool:
    """Tell whether a node stands on the screen and is not just being taken away, its children first."""
    return node.is_attached and not (isinstance(node, Widget) and node._pruning)


async def _result(work: Callable[[], Got], *, whole: bool) -> Got:
    """Wait for what work gives in a thread of its own: the library's would hold up the end of the program."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[tuple[Got | None, BaseException | None]] = loop.create_future()

    def settle(got: Got | None, error: BaseException | None) -> None:
        if not future.done():
            future.set_result((got, error))

    def run() -> None:
        got: Got | None = None
        failure: BaseException | None = None
        try:
            got = work()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            failure = error
        with contextlib.suppress(RuntimeError):  # the screen is gone
            loop.call_soon_threadsafe(settle, got, failure)

    context = contextvars.copy_context()
    name = _WHOLE if whole else "chat-work"
    threading.Thread(target=context.run, args=(run,), name=name, daemon=not whole).start()
    got, failure = await future
    if failure is not None:
        raise failure
    return got  # type: ignore[return-value]  # there is one where nothing failed


def finish() -> None:
    """Wait for what must be whole, when the screen is gone, and say so where that takes longer than a moment."""
    working = [thread for thread in threading.enumerate() if thread.name == _WHOLE]
    end = time.monotonic() + _MOMENT
    for thread in working:
        thread.join(max(0.0, end - time.monotonic()))
    if any(thread.is_alive() for thread in working):
        sys.stderr.write("waiting until what is being written is whole ...\n")
        for thread in working:
            thread.join()


def show_error(node: DOMNode, error: LocaldevError, what: str = "error") -> None:
    """Say what went wrong and what to do, without taking the focus; `what` stands above it."""
    hint = f"\nhint: {one_line(in_chat(error.hint))}" if error.hint else ""
    node.app.notify(one_line(in_chat(str(error))) + hint, title=what, severity="error", markup=False, timeout=10)
