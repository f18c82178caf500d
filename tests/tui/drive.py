"""Driving a Textual app in tests: running it without a terminal, waiting until it rests, comparing what it shows."""

from __future__ import annotations

import asyncio
import difflib
import os
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from textual.app import App
from textual.pilot import Pilot

from tests.tui.picture import picture, screen_text, text_of

SNAPSHOTS = Path(__file__).parent / "snapshots"
# Read before the guards of the suite take every `LOCALDEV_` variable away.
_ACCEPT = os.environ.get("LOCALDEV_SNAPSHOTS") == "accept"
_NAME = re.compile(r"[a-z0-9]+([-x][a-z0-9]+)*")

T = TypeVar("T")
Step = Callable[[Pilot[Any]], Awaitable[None]]


def run_async(body: Coroutine[Any, Any, T]) -> T:
    """Run one coroutine to its end in an event loop of its own."""
    return asyncio.run(body)


def drive(app: App[Any], body: Step, *, size: tuple[int, int] = (80, 24), notifications: bool = True) -> None:
    """Run an app of `size` columns and rows without a terminal, with `body` as its user."""

    async def whole() -> None:
        app.animation_level = "none"
        async with app.run_test(size=size, notifications=notifications) as pilot:
            await body(pilot)

    run_async(whole())


async def settle(pilot: Pilot[Any], *, workers: bool = True, seconds: float = 20) -> str:
    """Wait until nothing on the screen changes any more and give its picture.

    Threads and tasks of the app must be over too, unless `workers` is False: for what is meant to be still under way.
    A cursor is shown steadily instead of blinking.
    """
    app, end, before = pilot.app, time.monotonic() + seconds, ""
    while time.monotonic() < end:
        await pilot.pause()
        for widget in app.screen.query("*"):
            if getattr(widget, "cursor_blink", False):
                widget.cursor_blink = False  # type: ignore[attr-defined]
        busy = workers and any(not worker.is_finished for worker in app.workers)
        now = "" if busy else picture(app)
        if now and now == before:
            return now
        before = now
        await asyncio.sleep(0.01)
    names = [worker.name for worker in app.workers if not worker.is_finished]
    raise AssertionError(f"the screen did not come to rest in {seconds} s; under way: {names}\n{screen_text(app)}")


async def shows(pilot: Pilot[Any], text: str, *, seconds: float = 20) -> None:
    """Wait until the screen shows a text within one row, or fail with what it shows instead."""
    end = time.monotonic() + seconds
    while text not in screen_text(pilot.app):
        if time.monotonic() > end:
            raise AssertionError(f"{text!r} is not on the screen after {seconds} s:\n{screen_text(pilot.app)}")
        await pilot.pause(0.02)


class Snapshots:
    """Compares pictures of screens with those kept beside the tests.

    A difference leaves the new picture as `<name>.new.svg`; `LOCALDEV_SNAPSHOTS=accept pytest ...` keeps it instead.
    Names are small letters and figures with hyphens. What is shown must not hang on the clock, on random ids or on
    temporary paths.
    """

    def __init__(self, folder: Path = SNAPSHOTS, *, accept: bool = _ACCEPT) -> None:
        self._folder = folder
        self._accept = accept
        self._seen: set[str] = set()

    def __call__(
        self,
        app: App[Any],
        name: str,
        *,
        size: tuple[int, int] = (80, 24),
        press: Iterable[str] = (),
        before: Step | None = None,
        workers: bool = True,
    ) -> None:
        """Run the app, let `before` and then the keys do their work, and compare its picture."""

        async def body(pilot: Pilot[Any]) -> None:
            if before is not None:
                await before(pilot)
            for key in press:
                await settle(pilot, workers=workers)
                await pilot.press(key)
            await self.now(pilot, name, workers=workers)

        drive(app, body, size=size)

    async def now(self, pilot: Pilot[Any], name: str, *, workers: bool = True) -> None:
        """Compare the picture of an app that runs already, once it rests."""
        self.compare(await settle(pilot, workers=workers), name)

    def compare(self, svg: str, name: str) -> None:
        """Compare a picture with the one kept under the name."""
        assert _NAME.fullmatch(name), f"{name!r} is no name of a snapshot"
        assert name not in self._seen, f"the test takes two snapshots named {name}"
        self._seen.add(name)
        kept, new = self._folder / f"{name}.svg", self._folder / f"{name}.new.svg"
        old = kept.read_text(encoding="utf-8") if kept.exists() else None
        if self._accept:
            kept.write_text(svg, encoding="utf-8", newline="\n")
        if svg == old or self._accept:
            new.unlink(missing_ok=True)
            return
        new.write_text(svg, encoding="utf-8", newline="\n")
        pytest.fail(f"{_difference(old, svg)}\nlook at {new}; if it is right: LOCALDEV_SNAPSHOTS=accept pytest ...")


def _difference(old: str | None, svg: str) -> str:
    """Say what differs: lines of text, or else that it is the looks alone."""
    if old is None:
        return "there is no such snapshot yet; the screen shows:\n" + "\n".join(text_of(svg))
    lines = list(difflib.unified_diff(text_of(old), text_of(svg), "kept", "now", lineterm=""))
    return "\n".join(lines) if lines else "the text is the same, its colours or places are not"
