"""Work that reads disk or runs programs, off the screen's own thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual.dom import DOMNode
from textual.worker import get_current_worker

from localdev.core.errors import LocaldevError
from localdev.core.neutral import one_line

Got = TypeVar("Got")


def in_thread(node: DOMNode, work: Callable[[], Got], then: Callable[[Got], object] | None = None) -> None:
    """Do work in a thread of `node`, then hand what it gave to `then` on the screen's thread.

    A `LocaldevError` is shown to the user; any other error is a bug and ends the program. When the node is gone by
    then, nothing is shown.
    """

    def body() -> None:
        worker = get_current_worker()
        try:
            got = work()
        except LocaldevError as error:
            if not worker.is_cancelled:
                node.app.call_from_thread(show_error, node, error)
            return
        if then is not None and not worker.is_cancelled:
            node.app.call_from_thread(then, got)

    node.run_worker(body, thread=True)


def show_error(node: DOMNode, error: LocaldevError) -> None:
    """Say what went wrong and what to do, without taking the focus."""
    hint = f"\nhint: {one_line(error.hint)}" if error.hint else ""
    node.app.notify(one_line(str(error)) + hint, title="error", severity="error", markup=False, timeout=10)
