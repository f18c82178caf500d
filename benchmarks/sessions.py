"""What a large store of chat sessions costs: opening, listing, searching, and storing an answer while it grows.

    python benchmarks/sessions.py
    python benchmarks/sessions.py --turns 10000

One session holds the turns, fifty lines of answer each, with ten sources and a prompt; 200 others are empty.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

from localdev.core.events import Citation, Timings
from localdev.core.talk import SessionInfo, Turn
from localdev.sessions.store import SessionStore

_REPEATS = 7
_LINES = 50
_VOCABULARY = 20_000
_WORDS_PER_LINE = 9
_SOURCES = tuple(Citation(n, f"src/app/part{n}.py", n, n + 30, f"name{n}") for n in range(1, 11))


class Words:
    """Repeatable prose."""

    def __init__(self) -> None:
        self._random = random.Random(7)
        self._words = [f"{chr(97 + n % 26)}{n:x}" for n in range(_VOCABULARY)] + ["settings", "cart"] * 200

    def lines(self, count: int) -> str:
        """Give lines of words."""
        return "\n".join(" ".join(self._random.choices(self._words, k=_WORDS_PER_LINE)) for _ in range(count))


def main() -> None:
    """Fill a store and print what each use of it takes."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--turns", type=int, default=1000)
    turns = options.parse_args().turns
    words = Words()
    with tempfile.TemporaryDirectory() as folder:
        root, path = Path(folder) / "shop", Path(folder) / "kept" / "sessions.sqlite"
        store = SessionStore(path)
        info = filled(store, root, words, turns)
        print(f"{turns} turns, {turns * _LINES} lines, {path.stat().st_size / 1e6:.1f} MB")
        for what, use in uses(store, root, info).items():
            print(f"{what:28} {milliseconds(use):8.2f} ms")
        took = streamed(store, info, words)
        print(f"{'a growing answer, stored':28} {median(took):8.2f} ms, worst {max(took):.2f}")
        started = time.perf_counter()
        store.delete(info.id)
        print(f"{'deleting the session':28} {(time.perf_counter() - started) * 1000:8.2f} ms")
        store.close()


def filled(store: SessionStore, root: Path, words: Words, turns: int) -> SessionInfo:
    """Put the sessions into a store and give the one with the turns."""
    for _ in range(200):
        store.create(root, title=words.lines(1))
    info = store.create(root, title="The long one")
    for _ in range(turns):
        turn = Turn(0, "question", words.lines(1), words.lines(_LINES), "done", sent=words.lines(2 * _LINES))
        store.add(info.id, replace(turn, sources=_SOURCES, cited=(1, 2), model="m", timings=Timings(1, 2, 3, 4)))
    return info


def uses(store: SessionStore, root: Path, info: SessionInfo) -> dict[str, Callable[[], object]]:
    """Give what is measured, by name."""
    return {
        "list 100 sessions": lambda: store.list(root),
        "the last 50 turns": lambda: store.turns(info.id, limit=50),
        "all turns": lambda: store.turns(info.id),
        "search: two words": lambda: store.search("settings cart", root),
        "search: one letter": lambda: store.search("s", root),
        "search: no turn has it": lambda: store.search("nowhere", root),
        "search: no letters": lambda: store.search("->", root),
    }


def streamed(store: SessionStore, info: SessionInfo, words: Words) -> list[float]:
    """Store an answer 600 times while it grows, and give the milliseconds each time took."""
    turn = store.add(info.id, Turn(0, "question", "a long one", sent=words.lines(2 * _LINES), sources=_SOURCES))
    took = []
    for _ in range(600):
        turn = replace(turn, answer=f"{turn.answer}{words.lines(1)}\n")
        started = time.perf_counter()
        store.save(info.id, turn)
        took.append((time.perf_counter() - started) * 1000)
    return took


def milliseconds(use: Callable[[], object]) -> float:
    """Give the median time of a use."""
    took = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        use()
        took.append((time.perf_counter() - started) * 1000)
    return median(took)


if __name__ == "__main__":
    main()
