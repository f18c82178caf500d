"""The real program on a real terminal: `localdev chat` with a tiny model, inside tmux where there is one."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localdev.core.folders import find_folders
from localdev.core.talk import SessionInfo, Turn
from localdev.sessions.store import SessionStore
from tests.tui.scripted import git, shop_repository
from tests.tui.terminal import HAS_TMUX, Bare, Terminal, Tmux, best

pytestmark = pytest.mark.llama
TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
LONG = 60  # seconds: many tests may share two cores
RETURNS = '''"""Goods that come back."""


def may_return(days: int) -> bool:
    """Say whether goods can still be returned."""
    return days <= 30


def refund(amount: float, days: int) -> float:
    return amount if may_return(days) else 0.0


LABEL = "returned"
REASONS = ("broken", "wrong size", "not needed")
COLOURS = ("red", "green", "blue")
SIZES = ("small", "large")


def describe(reason: str, size: str) -> str:
    return f"{LABEL}: {reason}, {size}"
'''
Start = Callable[..., Terminal]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Make a repository in which two functions lack their documentation."""
    root = shop_repository(tmp_path)
    (root / "shop" / "returns.py").write_text(RETURNS, encoding="utf-8")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "returns")
    return root


@pytest.fixture
def start(shop: Path) -> Iterator[Start]:
    """Give a function that opens the chat: inside tmux or on a bare terminal, with a tiny model or another."""
    opened: list[Terminal] = []

    def call(
        *arguments: str, model: str = str(TINY), kind: Callable[..., Terminal] = best, size: tuple[int, int] = (100, 30)
    ) -> Terminal:
        answering = [] if "--no-model" in arguments else ["--model", model]
        command = [sys.executable, "-m", "localdev", "chat", *answering, *arguments]
        terminal = kind(
            command,
            env=os.environ | {"LOCALDEV_CHAT_MAX_TOKENS": "500", "LOCALDEV_LLAMA_THREADS": "1"},
            cwd=shop,
            size=size,
        )
        opened.append(terminal)
        return terminal

    yield call
    for terminal in opened:
        terminal.close()


def ready(terminal: Terminal) -> Terminal:
    """Wait until questions can be asked."""
    terminal.wait("ready", LONG)
    return terminal


def ask(terminal: Terminal, question: str) -> None:
    """Type a question and send it."""
    terminal.type(question)
    terminal.wait(question)
    terminal.press("Enter")


def leave(terminal: Terminal) -> None:
    """Leave the chat; the terminal must be as it was."""
    terminal.press("F10")
    assert terminal.ended() == 0
    assert terminal.left_over() == []


def slow_model(tmp_path: Path, *, words: int = 2000, delay: float = 0.02) -> str:
    """Make a scripted model that writes numbered words at a known pace."""
    text = " ".join(f"w{number:04}" for number in range(words))
    script = {"context_window": 100_000, "replies": [{"text": text, "piece": 6, "delay": delay}] * 4}
    path = tmp_path / "slow.json"
    path.write_text(json.dumps(script), encoding="utf-8")
    return f"fake:{path}"


def stored() -> tuple[SessionInfo, list[Turn]]:
    """Give the session that changed last, with its turns."""
    store = SessionStore(find_folders().sessions)
    found = [(info, store.turns(info.id)) for info in store.list(limit=1)]
    store.close()
    return found[0] if found else (SessionInfo("", "", "", 0, 0), [])


def until(holds: Callable[[list[Turn]], bool], seconds: float = LONG) -> list[Turn]:
    """Wait until the stored turns are as they should be."""
    end = time.monotonic() + seconds
    while not holds(turns := stored()[1]):
        assert time.monotonic() < end, [(turn.number, turn.state, turn.answer[-60:], turn.error) for turn in turns]
        time.sleep(0.05)
    return turns


@pytest.mark.parametrize(
    "kind", [pytest.param(Tmux, marks=pytest.mark.skipif(not HAS_TMUX, reason="there is no tmux here")), Bare]
)
def test_ask_cancel_and_follow_up(start: Start, kind: Callable[..., Terminal]) -> None:
    """Esc ends an answer and keeps its part; the next question is answered whole, and leaving leaves nothing behind."""
    terminal = ready(start(kind=kind))
    ask(terminal, "how is the discount decided?")
    terminal.wait("writing", LONG)
    terminal.press("Escape")
    terminal.wait("Cancelled:", LONG)
    (part,) = until(lambda turns: [turn.state for turn in turns] == ["cancelled"])
    assert part.answer
    ask(terminal, "and where is it called?")
    until(lambda turns: len(turns) == 2 and turns[1].state == "done")
    ready(terminal)
    leave(terminal)
    assert [turn.asked for turn in stored()[1]] == ["how is the discount decided?", "and where is it called?"]


def test_a_question_waits_while_another_is_answered(start: Start) -> None:
    """Both are answered, in their order."""
    terminal = ready(start())
    ask(terminal, "what is in the cart?")
    terminal.wait("writing", LONG)
    ask(terminal, "who saves orders?")
    terminal.wait("1 waiting", LONG)
    turns = until(lambda turns: [turn.state for turn in turns] == ["done", "done"])
    assert [turn.asked for turn in turns] == ["what is in the cart?", "who saves orders?"]
    leave(terminal)


def test_a_patch_is_accepted_hunk_by_hunk_and_undone(start: Start, shop: Path) -> None:
    """Only the accepted hunk is written; undo brings the file back."""
    file = shop / "shop" / "returns.py"
    terminal = ready(start("--no-model"))
    ask(terminal, "/gen doc shop/returns.py")
    terminal.wait("2 hunks: 2 not decided", LONG)
    terminal.type("r")
    terminal.wait("1 rejected, 1 not decided", LONG)
    terminal.type("a")
    terminal.wait("1 accepted", LONG)
    terminal.press("Enter")
    first, _, second = becomes(file, lambda text: text != RETURNS).partition("LABEL = ")
    assert first == RETURNS.partition("LABEL = ")[0]
    assert '"""' in second
    terminal.type("u")
    becomes(file, lambda text: text == RETURNS)
    terminal.press("Escape")
    terminal.wait("Leave?", LONG)
    terminal.type("y")
    ready(terminal)
    leave(terminal)


def becomes(file: Path, right: Callable[[str], bool]) -> str:
    """Wait until a file's text is right and give it."""
    end = time.monotonic() + LONG
    while not right(text := file.read_text(encoding="utf-8")):
        assert time.monotonic() < end, text
        time.sleep(0.05)
    return text


def test_a_killed_chat_is_resumed_with_its_part(start: Start, tmp_path: Path) -> None:
    """After `kill -9` at most the last half second of the answer is gone, and the chat goes on where it was."""
    pace = 0.02
    terminal = ready(start(model=slow_model(tmp_path, delay=pace)))
    ask(terminal, "how is the discount decided?")
    screen = terminal.wait("w0060", LONG)
    terminal.kill()
    seen = max(int(word) for word in re.findall(r"w(\d{4})", screen))
    assert terminal.ended() == -9
    again = ready(start("--continue"))
    again.wait("Unfinished:", LONG)
    again.wait("how is the discount decided?", LONG)
    (left,) = stored()[1]
    assert left.state == "unfinished"
    kept = max(int(word) for word in re.findall(r"w(\d{4})", left.answer))
    assert kept >= seen - 0.6 / pace
    ask(again, "and who calls it?")
    until(lambda turns: len(turns) == 2 and turns[1].state == "done")
    leave(again)


def test_the_smallest_size_while_an_answer_streams(start: Start, tmp_path: Path) -> None:
    """The terminal becomes 60x15 and large again; the answer goes on, and keys do what they did."""
    terminal = ready(start(model=slow_model(tmp_path), size=(160, 48)))
    ask(terminal, "how is the discount decided?")
    terminal.wait("w0020", LONG)
    terminal.resize(60, 15)
    screen = terminal.wait("w0080", LONG)
    assert all(len(line) <= 60 for line in screen.split("\n"))
    assert "writing" in screen
    terminal.resize(120, 40)
    terminal.wait("w0140", LONG)
    terminal.press("Escape")
    terminal.wait("Cancelled:", LONG)
    leave(terminal)


def test_two_chats_on_one_repository(start: Start) -> None:
    """Each has a session of its own; one that is open elsewhere is refused in words."""
    one = ready(start("--no-model", kind=Bare))  # tmux writes over what is left
    ask(one, "how is the discount decided?")
    until(lambda turns: [turn.state for turn in turns] == ["done"])
    first = stored()[0]
    refused = start("--no-model", "--continue", kind=Bare)
    assert refused.ended() == 4
    assert "the last conversation (how is the discount decided?) is open" in " ".join(refused.screen().split())
    two = ready(start("--no-model"))
    ask(two, "what is in the cart?")
    one.press("F2")
    ask(one, "who saves orders?")
    end = time.monotonic() + LONG
    store = SessionStore(find_folders().sessions)
    while sorted(info.turns for info in store.list()) != [1, 2] and time.monotonic() < end:
        time.sleep(0.05)
    assert sorted(info.turns for info in store.list()) == [1, 2]
    store.close()
    third = start("--no-model", "--session", first.id, kind=Bare)
    assert third.ended() == 4
    assert "error:" in third.screen()
    assert "Traceback" not in third.screen()
    leave(one)
    assert f"localdev chat --session {first.id}" in one.screen()
    leave(two)


def test_a_repository_that_disappears(start: Start, shop: Path) -> None:
    """It is said so; the chat goes on, and what was asked before is still there."""
    terminal = ready(start("--no-model"))
    ask(terminal, "how is the discount decided?")
    until(lambda turns: [turn.state for turn in turns] == ["done"])
    shutil.rmtree(shop)
    ask(terminal, "and now?")
    terminal.wait("hint: put it back", LONG)
    ready(terminal)
    leave(terminal)


@pytest.mark.parametrize("way", ["/quit", "C-c"])
def test_other_ways_to_leave(start: Start, way: str) -> None:
    """A command, and Ctrl-C twice; once alone says how."""
    terminal = ready(start("--no-model"))
    if way == "/quit":
        ask(terminal, way)
    else:
        terminal.press("C-c")
        terminal.wait("again leaves", LONG)
        terminal.press("C-c")
    assert terminal.ended() == 0
    assert terminal.left_over() == []


def test_ended_from_outside_it_leaves_a_clean_terminal(start: Start) -> None:
    """As when the window is closed or the machine goes down."""
    terminal = ready(start("--no-model", kind=Bare))
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.ended() != 0
    assert terminal.left_over() == []


def test_what_is_typed_ahead_is_done_in_order(start: Start) -> None:
    """Keys that arrive in one piece, as over a slow line: deleting, sending, the next draft, the palette and a word."""
    terminal = ready(start("--no-model", kind=Bare))
    terminal.type("wrong\x15how is the discount decided?\rwho saves")
    until(lambda turns: [(turn.asked, turn.state) for turn in turns] == [("how is the discount decided?", "done")])
    terminal.wait("who saves")
    terminal.type("\x15\x10keys\r")
    terminal.wait("Your question")
    terminal.press("Escape")
    leave(terminal)


def test_a_model_cannot_drive_the_terminal(start: Start, tmp_path: Path) -> None:
    """Sequences in an answer never reach the terminal: no title, no clipboard, no colours of its own."""
    text = "before \x1b]0;pwned\x07\x1b]52;c;cHduZWQ=\x07\x1b[31;5mred\x1b[2J\x9b2J\r\x08 after"
    script = tmp_path / "evil.json"
    script.write_text(json.dumps({"replies": [{"text": text, "piece": 3}]}), encoding="utf-8")
    terminal = start(model=f"fake:{script}", kind=Bare)
    assert isinstance(terminal, Bare)
    ready(terminal)
    ask(terminal, "how is the discount decided?")
    terminal.wait("after", LONG)
    written = bytes(terminal.written)
    assert b"\x1b]0;pwned" not in written
    assert b"cHduZWQ=\x07" not in written
    assert b"\x1b[31;5m" not in written
    leave(terminal)


def test_no_color(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `NO_COLOR` only grey levels are written."""
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = start("--no-model", kind=Bare)
    assert isinstance(terminal, Bare)
    ready(terminal)
    ask(terminal, "how is the discount decided?")
    until(lambda turns: [turn.state for turn in turns] == ["done"])
    for code in re.findall(rb"[34]8;2;(\d+;\d+;\d+)", bytes(terminal.written)):
        red, green, blue = code.split(b";")
        assert red == green == blue
    leave(terminal)


def test_the_plain_mode_moves_no_cursor(start: Start) -> None:
    """Lines of text alone, without colours, for screen readers; Ctrl-D leaves."""
    terminal = start("--no-model", "--plain", kind=Bare)
    assert isinstance(terminal, Bare)
    time.sleep(1)
    terminal.type("how is the discount decided?\n")
    terminal.wait("shop/pricing.py", LONG)
    terminal.press("C-d")
    assert terminal.ended() == 0
    assert re.findall(rb"\x1b\[[0-9;]*[A-HJKfm]|\x1b\[\?1049", bytes(terminal.written)) == []


def test_without_a_terminal_it_is_plain(shop: Path) -> None:
    """Questions come from a pipe, answers go to a file."""
    command = [sys.executable, "-m", "localdev", "chat", "--no-model"]
    question = "how is the discount decided?\n"
    done = subprocess.run(command, cwd=shop, input=question, capture_output=True, text=True, timeout=LONG, check=False)
    assert done.returncode == 0, done.stderr
    assert "shop/pricing.py" in done.stdout
    assert "\x1b" not in done.stdout
