"""What the chat costs on a real terminal: its first paint, the echo of a key while an answer streams, its memory.

    python benchmarks/chat.py
    python benchmarks/chat.py --only echo --keys 400

The whole program runs on a pseudo-terminal. Answers come from a scripted model at 200 tokens a second, so that what is
measured is the chat and not the model. A session of 50,000 lines is loaded. The first paint is judged by what it takes
beyond `import textual.app` in the same run; the same is told of an app of one field, which is the least there can be.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import Row, Run, add_tool_options, environment, find_tool, in_turns, report, run, seconds_of
from localdev.core.folders import find_folders
from localdev.core.processes import resident_bytes
from localdev.core.talk import Turn
from localdev.sessions.store import SessionStore
from tests.shop import write_shop
from tests.tui.scripted import prose
from tests.tui.terminal import Bare

FIRST_PAINT_SECONDS = 0.6
ECHO_MILLISECONDS = 50
MEMORY_GROWTH = 1.1
TOKENS_PER_SECOND = 200
HISTORY_TURNS, LINES_PER_TURN = 100, 500
_SIZE = (160, 48)
# Letters that neither answers nor the screen hold, each of two bytes and one column: an echo is told by them alone.
_LETTERS = [chr(code) for code in range(0x100, 0x240) if chr(code).isalpha()]
_LEAST_APP = """
from textual.app import App
from textual.widgets import Input, Static
class Least(App):
    def compose(self):
        yield Static("painted")
        yield Input()
Least().run()
"""


@dataclass(frozen=True)
class Place:
    """A repository, a home with a long session in it, and the program."""

    folder: Path
    repository: Path
    program: str
    session: str

    def env(self, **more: str) -> dict[str, str]:
        """Give the surroundings of every run."""
        terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LOCALDEV_SERVICE_ENABLED": "false"}
        return environment(self.folder / "home", **terminal, **more)

    @contextmanager
    def chat(self, *arguments: str, replies: Sequence[dict[str, object]] = ()) -> Iterator[Bare]:
        """Run the chat with a scripted model."""
        script = self.folder / "script.json"
        script.write_text(json.dumps({"context_window": 1_000_000, "replies": list(replies)}), encoding="utf-8")
        env = self.env(LOCALDEV_CHAT_MAX_TOKENS="32768")
        command = [self.program, "chat", "--model", f"fake:{script}", *arguments]
        terminal = Bare(command, env=env, cwd=self.repository, size=_SIZE)
        try:
            yield terminal
        finally:
            terminal.close()


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="starts of each kind")
    parser.add_argument("--keys", type=int, default=200, help="keys whose echo is timed")
    parser.add_argument("--turns", type=int, default=1000, help="questions asked for the memory")
    parser.add_argument("--only", choices=("paint", "echo", "memory"), action="append")
    add_tool_options(parser, [])
    options = parser.parse_args()
    rows: list[Row] = []
    details: dict[str, object] = {}
    parts: dict[str, Callable[[Place], tuple[list[Row], dict[str, object]]]] = {
        "paint": partial(measure_paint, rounds=options.rounds),
        "echo": partial(measure_echo, keys=options.keys),
        "memory": partial(measure_memory, turns=options.turns),
    }
    with tempfile.TemporaryDirectory() as folder:
        place = prepare(Path(folder), find_tool(options, "localdev"))
        for name in options.only or parts:
            new_rows, new_details = parts[name](place)
            rows += new_rows
            details |= new_details
    report("chat", rows, details, out=options.out)


def prepare(folder: Path, program: str) -> Place:
    """Make a repository with its index, and a session of 50,000 lines."""
    repository = write_shop(folder / "shop")
    subprocess.run(["git", "init", "-q"], cwd=repository, check=True)
    place = Place(folder, repository, program, "")
    subprocess.run([program, "index"], cwd=repository, env=place.env(), check=True, capture_output=True)
    store = SessionStore(find_folders(place.env()).sessions)
    session = store.create(repository, title="long")
    for number in range(1, HISTORY_TURNS + 1):
        answer = prose(LINES_PER_TURN - 4, seed=number)
        store.add(session.id, Turn(number, "question", f"question {number}", answer, "done", model="fake"))
    store.close()
    return Place(folder, repository, program, session.id)


def measure_paint(place: Place, *, rounds: int) -> tuple[list[Row], dict[str, object]]:
    """Time whole processes until their first picture stands."""
    python, env = sys.executable, place.env()
    cases: dict[str, Callable[[], Run]] = {
        "import textual.app": partial(run, [python, "-c", "import textual.app"], env=env),
        "an app of one field": partial(painted, [python, "-c", _LEAST_APP], b"painted", place),
        "localdev chat": partial(painted, [place.program, "chat"], b"new conversation", place),
        "localdev chat, 50,000 lines": partial(
            painted, [place.program, "chat", "--session", place.session], b"long", place
        ),
    }
    runs = in_turns(cases, rounds)
    seconds = {name: seconds_of(of) for name, of in runs.items()}
    bare = seconds["import textual.app"]
    rows = [
        Row(f"first paint, {name}, beyond the import", taken - bare, "goal", FIRST_PAINT_SECONDS, "s", 1)
        for name, taken in seconds.items()
        if name.startswith("localdev")
    ]
    spread = {name: [round(each.seconds, 3) for each in of] for name, of in runs.items()}
    return rows, {"paint_medians_s": {name: round(taken, 3) for name, taken in seconds.items()}, "paint_runs_s": spread}


def painted(command: Sequence[str], mark: bytes, place: Place) -> Run:
    """Run a program until a text that its first picture holds is written; then it is ended."""
    started = time.perf_counter()
    terminal = Bare(command, env=place.env(), cwd=place.repository, size=_SIZE)
    try:
        while mark not in terminal.written:
            if terminal.exit_code() is not None or time.perf_counter() - started > 30:
                raise SystemExit(f"{' '.join(command)} painted nothing:\n{terminal.screen()}")
            time.sleep(0.001)
        return Run(time.perf_counter() - started, None, "")
    finally:
        terminal.close()


def measure_echo(place: Place, *, keys: int) -> tuple[list[Row], dict[str, object]]:
    """Time keys from their press to their echo: in the least app, in a chat at rest, and while an answer streams."""
    least = Bare([sys.executable, "-c", _LEAST_APP], env=place.env(), cwd=place.repository, size=_SIZE)
    least.wait("painted")
    times = {"an app of one field": echoes(least, keys)}
    least.close()
    text = prose(5000, seed=0)
    piece = 4
    stream = {
        "text": text,
        "piece": piece,
        "delay": 0.6 / TOKENS_PER_SECOND,
    }  # what handing a piece on takes comes on top
    with place.chat("--session", place.session, replies=[stream]) as terminal:
        terminal.wait("Sources of turn 100")
        settle(terminal)
        times["at rest"] = echoes(terminal, keys)
        terminal.press("C-u")
        settle(terminal)
        terminal.type("go on\r")
        terminal.wait("writing", 60)
        before, started = resident_bytes(terminal.pid), time.perf_counter()
        times["while an answer streams"] = echoes(terminal, keys)
        memory = {"before_mb": before / 1e6, "after_mb": resident_bytes(terminal.pid) / 1e6}
        memory["seconds"] = time.perf_counter() - started
        screen = terminal.screen()
    worst = figures(times["while an answer streams"])
    rows = [
        Row(f"echo of a key while an answer streams, {name}", worst[name], "goal", ECHO_MILLISECONDS, "ms", 1)
        for name in ("median", "p95", "worst")
    ]
    told = {name: figures(of) for name, of in times.items()}
    speed = next((line for line in screen.split("\n") if "tok/s" in line), "").strip()
    return rows, {"echo_ms": told, "echo_stream": memory, "status": speed}


def settle(terminal: Bare, seconds: float = 20) -> None:
    """Wait until next to nothing is written any more; a cursor blinks on."""
    end = time.monotonic() + seconds
    before = -1
    while len(terminal.written) - before > 2000 and time.monotonic() < end:
        before = len(terminal.written)
        time.sleep(1)


def echoes(terminal: Bare, keys: int) -> list[float]:
    """Press letters at uneven times and give the milliseconds until each one was written back."""
    chance, taken = random.Random(1), []
    seen: list[float] = []
    waiting, tail = b"", b""

    def arrived(data: bytes) -> None:
        nonlocal tail
        if waiting and waiting in tail + data and not seen:
            seen.append(time.perf_counter())
        tail = data[-3:]

    terminal.arrived = arrived
    for number in range(keys):
        time.sleep(chance.uniform(0.03, 0.12))
        if number % 100 == 0:
            terminal.press("C-u")  # a line of its own for every hundred
            time.sleep(0.1)
        seen.clear()
        waiting = _LETTERS[number % len(_LETTERS)].encode()
        started = time.perf_counter()
        terminal.type(waiting.decode())
        while not seen:
            if time.perf_counter() - started > 10:
                raise SystemExit(f"a key was never echoed:\n{terminal.screen()}")
            time.sleep(0.0005)
        taken.append((seen[0] - started) * 1000)
        waiting = b""
    return taken


def figures(milliseconds: Sequence[float]) -> dict[str, float]:
    """Give the median, the 95th percentile and the worst."""
    ordered = sorted(milliseconds)
    p95 = ordered[min(len(ordered) * 95 // 100, len(ordered) - 1)]
    return {"median": round(median(ordered), 1), "p95": round(p95, 1), "worst": round(ordered[-1], 1)}


def measure_memory(place: Place, *, turns: int) -> tuple[list[Row], dict[str, object]]:
    """Ask many questions in one chat and watch what the process holds."""
    replies: list[dict[str, object]] = [
        {"match": f"question {number:04}", "text": f"{prose(12, seed=number)}\n\nEnd of {number:04}.", "piece": 40}
        for number in range(1, turns + 1)
    ]
    held: dict[int, float] = {}
    with place.chat(replies=replies) as terminal:
        terminal.wait("new conversation")
        started = time.perf_counter()
        for number in range(1, turns + 1):
            terminal.type(f"question {number:04}\r")
            terminal.wait(f"End of {number:04}.")
            if number % max(turns // 10, 1) == 0:
                held[number] = round(resident_bytes(terminal.pid) / 1e6, 1)
        seconds = time.perf_counter() - started
    first, last = min(held), max(held)
    rows = [Row(f"memory after {last} turns", held[last], f"after {first}", held[first], "MB", MEMORY_GROWTH)]
    return rows, {"memory_mb": held, "memory_seconds": round(seconds, 1)}


if __name__ == "__main__":
    main()
