"""The status line: what it says at each moment, and what is left out where there is little room."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from localdev.core.chat import Usage
from localdev.core.code import RefreshReport
from localdev.core.events import Answered, ContextFitted, Progress, Refreshed, Sources, TextDelta, Timings
from localdev.tui.state import Follower, Status
from localdev.tui.status import line

FULL = Status("writing", "qwen-1.5b", "offline", 23.44, 3100, 8192, "512 files", 2, Timings(4, 8, 400, 2500))


def test_a_turn_from_start_to_end() -> None:
    """Each event changes what is said to go on; figures stay until better ones come."""
    now = [0.0]
    follower = Follower(lambda: now[0])
    follower.begin()
    seen = [follower.status.doing]
    for event in (
        Progress("parsing", 12, 5000),
        Refreshed(RefreshReport(files=5000, chunks=1, seconds=0.1)),
        ContextFitted((), "m", 100, 200, 400, 100, 8192),
        Sources((), "tiny", "llamacpp"),
        Progress("reading the prompt", 256, 400, "tokens"),
    ):
        follower.note(event)
        seen.append(follower.status.doing)
    assert seen == [
        "starting",
        "parsing 12/5,000 files",
        "searching",
        "reading",
        "reading",
        "reading the prompt 256/400 tokens",
    ]
    assert (follower.status.model, follower.status.used, follower.status.window) == ("tiny", 400, 8192)
    for _ in range(21):
        follower.note(TextDelta("x"))
        now[0] += 0.05
    assert follower.status.doing == "writing"
    assert follower.status.tokens_per_second == pytest.approx(20.0)
    follower.note(
        Answered("x", model="tiny", usage=Usage(400, 0, 61), timings=Timings(100, 100, 800, 4000), stop_reason="stop")
    )
    follower.end()
    assert follower.status.doing == ""
    assert follower.status.tokens_per_second == pytest.approx(20.0)
    assert follower.status.used == 461


def test_the_speed_is_that_of_now() -> None:
    """Tokens of long ago do not hide that the machine has become slow."""
    now = [0.0]
    follower = Follower(lambda: now[0])
    for step in (0.01,) * 100 + (1.0,) * 4:
        follower.note(TextDelta("x"))
        now[0] += step
    assert follower.status.tokens_per_second < 5


def test_all_of_it() -> None:
    """With room enough everything stands there in the same order."""
    assert line(FULL, 200).plain == (
        "writing  2 waiting  qwen-1.5b  offline  context 3.1k/8.2k ■■■·····  23.4 tok/s  "
        "found in 12 ms · first word 0.4 s · 2.5 s  512 files"
    )


@pytest.mark.parametrize("width", [1, 10, 30, 58, 78, 158])
def test_it_fits(width: int) -> None:
    """What is needed least goes first; where the words go to stays as long as anything can."""
    shown = line(FULL, width).plain
    assert cell_len(shown) <= width
    assert ("offline" in shown) == (width >= 30)
    assert ("context" in shown) == (width >= 58)


def test_names_cannot_steer_the_terminal() -> None:
    """A model's name is shown as it is, never obeyed."""
    assert "\x1b" not in line(Status(model="a\x1b[2Jb", doing="x\n"), 80).plain
