"""What screens are tested with: jobs that follow a script, turns of every kind, and a small real repository."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localdev.core.chat import Usage
from localdev.core.code import Chunk
from localdev.core.errors import LocaldevError
from localdev.core.events import Answered, Citation, Event, Notice, Sources, TextDelta, Timings
from localdev.core.search import Hit
from localdev.core.talk import Attachment, SessionInfo, Turn
from localdev.sessions.store import SessionStore
from tests.shop import write_shop

THEN = 1_767_605_400.0  # Monday, 5 January 2026, 09:30 UTC
_DATE = "2026-01-05T09:30:00+00:00"

ANSWER = """The discount is **ten percent** for gold customers [1], and `total` subtracts it [2].

```python
def discount(customer: str, amount: float) -> float:
    if customer == "gold":
        return amount * 0.1
    return 0.0
```

1. `discount` decides by the kind of customer.
2. `total` is what the shop calls; `apply_voucher` is not used.

| customer | discount |
|----------|---------:|
| gold     |     10 % |
| other    |      0 % |
"""
CITATIONS = (
    Citation(1, "shop/pricing.py", 4, 8, "discount"),
    Citation(2, "shop/cart.py", 6, 8, "total"),
    Citation(3, "shop/store.py", 6, 12, "OrderStore"),
    Citation(4, "README.md", 3, 5, "Returns"),
)

_WORDS = (
    "the",
    "cart",
    "holds",
    "what",
    "`total`",
    "gives",
    "to",
    "`discount`",
    "before",
    "**any**",
    "order",
    "is",
    "saved",
)


class Gate:
    """A place in a script where the job waits until the test opens it, or the job is cancelled."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def open(self) -> None:
        """Let the job go on."""
        self._open.set()

    def wait(self, cancelled: threading.Event) -> None:
        """Wait at the gate."""
        self.reached.set()
        while not self._open.wait(0.005) and not cancelled.is_set():
            pass


Step = Event | Gate | LocaldevError
Script = Sequence[Step]


@dataclass
class Started:
    """A job that was asked for."""

    job: str
    options: Mapping[str, Any]
    model: str = ""
    adapter: str = ""


@dataclass
class ScriptedRun:
    """A job that yields its script: an error in it is raised, and after `cancel` nothing more comes."""

    script: Script
    cancelled: threading.Event = field(default_factory=threading.Event)

    def events(self) -> Iterator[Event]:
        """Yield the events of the script."""
        for step in self.script:
            if isinstance(step, Gate):
                step.wait(self.cancelled)
            if self.cancelled.is_set():
                return
            if isinstance(step, LocaldevError):
                raise step
            if not isinstance(step, Gate):
                yield step

    def cancel(self) -> None:
        """End the job at its next step."""
        self.cancelled.set()


@dataclass
class ScriptedStarter:
    """Plays the scripts of each job in order, the last one again and again; `started` is what was asked for."""

    scripts: Mapping[str, Sequence[Script]]
    started: list[Started] = field(default_factory=list)

    def start(self, job: str, options: Mapping[str, Any], *, model: str = "", adapter: str = "") -> ScriptedRun:
        """Give the next script of the job."""
        of_job = self.scripts[job]
        script = of_job[min(sum(before.job == job for before in self.started), len(of_job) - 1)]
        self.started.append(Started(job, options, model, adapter))
        return ScriptedRun(script)


class Broken(list[Step]):
    """A script with a bug in it."""

    def __iter__(self) -> Iterator[Step]:
        """Meet the bug."""
        raise ZeroDivisionError("surprise")


def hit(rank: int, citation: Citation) -> Hit:
    """Make a hit as the search gives it."""
    chunk = Chunk(
        citation.path,
        citation.start_line,
        citation.end_line,
        "python",
        "function",
        f"def {citation.symbol}(): ...",
        symbol=citation.symbol,
    )
    return Hit(rank, rank, chunk, 1.0 / rank)


def sources(citations: Sequence[Citation] = CITATIONS, *, model: str = "tiny") -> Sources:
    """Make the event that names the passages."""
    hits = tuple(hit(rank, citation) for rank, citation in enumerate(citations, 1))
    return Sources(hits, model=model, backend="fake" if model else "", first=citations[0].id if citations else 1)


def pieces(text: str, size: int = 5) -> list[TextDelta]:
    """Cut an answer into pieces as a model streams them."""
    return [TextDelta(text[start : start + size]) for start in range(0, len(text), size)]


def answered(text: str = ANSWER, *, model: str = "tiny", cited: Sequence[Citation] = CITATIONS[:2]) -> Answered:
    """Make the last event of an answer."""
    return Answered(
        text, tuple(cited), ("apply_voucher",), 0, model, "fake", "chat@1:abc", Usage(900, 700, 160), TIMINGS, "stop"
    )


TIMINGS = Timings(12.0, 34.0, 210.0, 1850.0)


def answer_script(text: str = ANSWER, *, gate: Gate | None = None, piece: int = 5, model: str = "tiny") -> list[Step]:
    """Make the script of a whole answer; a gate holds it in the middle of the text."""
    deltas: list[Step] = list(pieces(text, piece))
    middle = len(deltas) // 2
    first, last = sources(model=model), answered(text, model=model)
    return [first, *deltas[:middle], *([gate] if gate else []), *deltas[middle:], last]


def conversation_turns() -> tuple[Turn, ...]:
    """Make a conversation with a turn of every state and kind, and an earlier one that was compacted."""
    done = Turn(
        1,
        "question",
        "How is the discount decided?",
        ANSWER,
        "done",
        sources=CITATIONS,
        cited=(1, 2),
        unverified=("apply_voucher",),
        model="tiny",
        backend="fake",
        usage=Usage(900, 700, 160),
        timings=TIMINGS,
        stop_reason="stop",
        form="short",
        asked_at=THEN,
        ended_at=THEN + 2,
    )
    cancelled = Turn(
        2,
        "question",
        "And what does this log say?\nIt is attached.",
        "It says that the disk was",
        "cancelled",
        attachments=(Attachment("pasted text 1", "disk busy\n" * 12),),
        sources=CITATIONS[2:3],
        said=(Notice("info", "1 turn is held as question and answer alone"),),
        model="tiny",
        backend="fake",
        usage=Usage(700, 0, 6),
        timings=TIMINGS,
        stop_reason="cancelled",
        asked_at=THEN + 60,
        ended_at=THEN + 62,
    )
    failed = Turn(
        3,
        "question",
        "Who calls save_order?",
        state="failed",
        error="the engine of tiny ended unexpectedly",
        hint="ask again; `localdev doctor` tells what works here",
        asked_at=THEN + 120,
        ended_at=THEN + 121,
    )
    payload: dict[str, Any] = {"findings": [], "not_reviewed": [], "dropped": 0, "model": ""}
    review = Turn(4, "review", "/review staged", state="done", payload=payload, asked_at=THEN + 180)
    left = Turn(5, "question", "Are goods returned?", "Within thirty da", "unfinished", asked_at=THEN + 240)
    return (done, cancelled, failed, review, left)


def session(root: Path, *, title: str = "How is the discount decided?", turns: int = 5) -> SessionInfo:
    """Make what is known of a session; its id is always the same."""
    return SessionInfo("5f2c8a1e", title, str(root), THEN, THEN + 300, turns, "tiny")


def prose(lines: int, *, seed: int) -> str:
    """Make an answer of so many lines: paragraphs, lists and code as models write them."""
    chance = random.Random(seed)
    made: list[str] = []
    while len(made) < lines:
        kind = chance.random()
        if kind < 0.5:
            made += [" ".join(chance.choices(_WORDS, k=11)) for _ in range(6)] + [""]
        elif kind < 0.75:
            made += [f"- {' '.join(chance.choices(_WORDS, k=8))}" for _ in range(4)] + [""]
        else:
            body = [f"    value_{step} = discount({step}, amount) * {chance.random():.3f}" for step in range(6)]
            made += ["```python", "def total(amount: float) -> float:", *body, "    return value_0", "```", ""]
    return "\n".join(made[:lines])


def store_with_sessions(path: Path, sessions: Mapping[str, tuple[Path, str, Sequence[Turn]]]) -> SessionStore:
    """Fill a real store: by id the repository, title and turns of each session, the one changed last first.

    Ids and times are always the same, as pictures need it.
    """
    store = SessionStore(path)
    made = {id: store.create(root, title=title).id for id, (root, title, _) in sessions.items()}
    for id, (_, _, turns) in sessions.items():
        for turn in turns:
            store.add(made[id], turn)
    store.close()
    if not sessions:
        return store
    with sqlite3.connect(path) as database:
        for age, (id, random) in enumerate(made.items()):
            times = (THEN - 3600 * age, THEN + 300 - 3600 * age)
            row = (id, *times, random)
            database.execute("UPDATE sessions SET id = ?, created_at = ?, changed_at = ? WHERE id = ?", row)
    database.close()
    return store


def shop_repository(folder: Path) -> Path:
    """Make a real git repository of the shop in `folder`/shop; its commits are always the same."""
    root = write_shop(folder / "shop")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "the shop")
    return root


def git(root: Path, *arguments: str) -> str:
    """Run git in a repository at a fixed time and give what it prints."""
    env = os.environ | {"GIT_AUTHOR_DATE": _DATE, "GIT_COMMITTER_DATE": _DATE}
    done = subprocess.run(["git", *arguments], cwd=root, env=env, check=True, capture_output=True, text=True)
    return done.stdout
