"""The chat in plain lines, as a pipe and a terminal see it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localdev.core.folders import find_folders
from localdev.sessions.store import SessionStore
from tests.cli.conftest import Run, command
from tests.shop import write_shop

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
Scripted = Callable[..., str]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Make the shop a git repository."""
    root = write_shop(tmp_path / "shop")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


@pytest.fixture
def scripted(tmp_path: Path) -> Scripted:
    """Give a function that writes a scripted model and names it: `scripted("one", {"text": "two", "delay": 1})`."""

    def write(*replies: object) -> str:
        path = tmp_path / "script.json"
        path.write_text(json.dumps({"name": "scripted", "replies": list(replies)}))
        return f"fake:{path}"

    return write


def stored(shop: Path) -> SessionStore:
    """Open the sessions of the test's home."""
    assert shop.is_dir()
    return SessionStore(find_folders().sessions)


def test_a_question_in_a_pipe_is_answered(shell: Run, shop: Path, scripted: Scripted) -> None:
    """Stdout holds the answer and its sources alone, stderr the rest; what was said is kept."""
    model = scripted("Gold customers get ten percent [1].")
    done = shell("chat", "--plain", "--model", model, "-C", shop, input="how is the discount decided?\n")
    assert done.code == 0, done.err
    asked = "> how is the discount decided?\n"
    assert done.out.startswith(
        asked + "Gold customers get ten percent [1].\n\nSources:\n[1] shop/pricing.py:1-8  discount\n"
    )
    assert "scripted read" in done.err and "\x1b" not in done.out + done.err
    (info,) = stored(shop).list(shop)
    assert info.title == "how is the discount decided?" and info.turns == 1


def test_without_a_model_the_places_are_the_answer(shell: Run, shop: Path) -> None:
    """The floor answers, and its answer names the places itself."""
    done = shell("chat", "--no-model", "-C", shop, input="how is the discount decided?\n")
    assert done.code == 0 and "\n[1] shop/pricing.py:1-8  discount" in done.out and "Sources:" not in done.out


def test_several_lines_are_one_conversation(shell: Run, shop: Path, scripted: Scripted) -> None:
    """Each line is a question or a command; a backslash joins two, blank lines are passed over."""
    model = scripted({"match": "and who", "text": "Second."}, {"match": "discount", "text": "First."})
    said = "how is the \\\ndiscount decided?\n\nand who calls it?\n/rename discounts\n/sessions\n/quit\nnever asked\n"
    done = shell("chat", "--model", model, "-C", shop, input=said)
    assert done.code == 0, done.err
    assert done.out.startswith("> how is the \n> discount decided?\nFirst.")
    assert "\n\n> and who calls it?\nSecond." in done.out and "\n\n> /sessions\n" in done.out
    (info,) = stored(shop).list(shop)
    assert [turn.asked for turn in stored(shop).turns(info.id)] == [
        "how is the \ndiscount decided?",
        "and who calls it?",
    ]
    assert f"{info.id}  " in done.out and "discounts (this one)" in done.out and "never" not in done.out


def test_a_conversation_is_continued(shell: Run, shop: Path, scripted: Scripted) -> None:
    """By `--continue` or by name; the model sees what was said before."""
    model = scripted("First answer.")
    first = shell("chat", "--model", model, "-C", shop, input="how is the discount decided?\n")
    assert first.code == 0
    (info,) = stored(shop).list(shop)
    again = shell("chat", "--continue", "-C", shop, input="/prompt and who calls it?\n")
    assert "First answer." in again.out and "=== user ===" in again.out
    named = shell("chat", "--session", info.id[:5], "--no-model", "-C", shop, input="and who calls it?\n")
    assert named.code == 0 and stored(shop).info(info.id).turns == 2
    unknown = shell("chat", "--session", "nosuch", "-C", shop, input="why?\n")
    assert unknown.code == 4 and "there is no session" in unknown.err


def test_a_question_of_the_command_line_reads_the_pipe(shell: Run, shop: Path, scripted: Scripted) -> None:
    """Text on stdin is given with it, and is no question."""
    model = scripted({"match": "disk busy", "text": "The disk is busy."})
    done = shell("chat", "--model", model, "-C", shop, "what", "is", "wrong?", input="disk busy\n")
    assert done.code == 0 and done.out.startswith("The disk is busy.")
    (info,) = stored(shop).list(shop)
    (turn,) = stored(shop).turns(info.id)
    assert (turn.asked, turn.attachments[0].text) == ("what is wrong?", "disk busy\n")


def test_errors_are_said_and_the_next_line_is_read(shell: Run, shop: Path, scripted: Scripted) -> None:
    """A command that is none, a file that is not there, an engine that fails: two calm lines each, exit code 4."""
    model = scripted({"match": "the discount decided?", "fail_after": 0, "error": "it broke"}, "Fine.")
    said = "/modle\n/attach nosuch.txt\nhow is the discount decided?\nwhat is kept on disk?\n"
    done = shell("chat", "--model", model, "-C", shop, input=said)
    assert done.code == 4 and "\n\n> what is kept on disk?\nFine." in done.out
    for line in ("did you mean /model?", "there is no file", "error: it broke"):
        assert line in done.err
    assert "Traceback" not in done.err


def test_text_cannot_drive_the_terminal(shell: Run, shop: Path, scripted: Scripted) -> None:
    """Escapes of a model are shown, not obeyed."""
    done = shell("chat", "--model", scripted("\x1b]0;owned\x07 and \x9b2J"), "-C", shop, input="discount?\n")
    assert "\x1b" not in done.out and "\\x1b]0;owned\\x07" in done.out and "\\x9b2J" in done.out


def test_commands_do_their_work(shell: Run, shop: Path, scripted: Scripted) -> None:
    """Files, models, help, an attached file, an export; what is for the screen says so."""
    model = scripted({"match": "thirty days", "text": "Thirty days."})
    said = "/files shop/*.py\n/model\n/help gen\n/attach README.md\nhow long?\n/export out.md\n/theme dark\n/compact\n"
    done = shell("chat", "--model", model, "-C", shop, input=said)
    assert done.code == 0, done.err
    assert "shop/cart.py" in done.out and "(in use): a script" in done.out and "/gen edit TEXT PATH" in done.out
    assert "Thirty days." in done.out and "Thirty days." in (shop / "out.md").read_text()
    assert "README.md (6 lines) goes with the next question" in done.err
    assert "/theme is for the screen" in done.err and "0 turns shortened" in done.err


def test_jobs_are_printed_and_nothing_is_written_unasked(shell: Run, shop: Path) -> None:
    """A review, a commit and a patch in a pipe: shown, and nobody is there to say yes."""
    said = "/review\n/gen doc shop/cart.py::total\n/commit\n"
    subprocess.run(["git", "-C", str(shop), "add", "."], check=True)
    (shop / "shop" / "cart.py").write_text(
        (shop / "shop" / "cart.py").read_text().replace('    """Give the price after the discount."""\n', "")
    )
    before = (shop / "shop" / "cart.py").read_text()
    done = shell("chat", "--no-model", "-C", shop, input=said)
    assert done.code == 0, done.err
    assert "+++ b/shop/cart.py" in done.out and "ok  parses" in done.err
    assert done.err.count("nobody is there to ask") == 2
    assert (shop / "shop" / "cart.py").read_text() == before
    assert subprocess.run(["git", "-C", str(shop), "log"], capture_output=True, check=False).returncode != 0


def test_wrong_options_are_refused(shell: Run, shop: Path) -> None:
    """Two conversations, a model and none, or nobody to talk with."""
    silent = shell("chat", "-C", shop)
    assert silent.code == 2 and "no question on stdin" in silent.err
    assert shell("chat", "--continue", "--session", "x", "-C", shop).code == 2
    assert shell("chat", "--model", "x", "--no-model", "-C", shop).code == 2


class Terminal:
    """The plain chat in a terminal of its own."""

    def __init__(self, shop: Path, *arguments: object) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command("chat", "--plain", "-C", shop, *arguments),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(theirs)
        self.seen = ""

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._ours, text.encode())

    def until(self, wanted: str, seconds: float = 20.0) -> str:
        """Read until a text has come; gives what came before it and it."""
        deadline = time.monotonic() + seconds
        while wanted not in self.seen:
            assert time.monotonic() < deadline, f"{wanted!r} did not come:\n{self.seen}"
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._ours, 65536).decode("utf-8", "replace")
                except OSError:  # the other side is closed
                    break
        before, found, self.seen = self.seen.partition(wanted)
        assert found, f"{wanted!r} did not come:\n{before}"
        return before + found

    def close(self) -> int:
        """Wait for the end."""
        code = self.process.wait(20)
        os.close(self._ours)
        return code


def _own_terminal() -> None:
    """Make the terminal on stdin the one that Ctrl-C comes from."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminal(shop: Path) -> Iterator[Callable[..., Terminal]]:
    """Give a function that starts the chat in a terminal; what is left running is killed."""
    made: list[Terminal] = []

    def start(*arguments: object) -> Terminal:
        made.append(Terminal(shop, *arguments))
        return made[-1]

    yield start
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


def test_ctrl_c_ends_the_answer_and_not_the_chat(
    terminal: Callable[..., Terminal], shop: Path, scripted: Scripted
) -> None:
    """The part is kept and that is said; Ctrl-D leaves with exit code 0, and no control sequence was sent."""
    slow = {"text": "one two three four five six seven", "piece": 4, "delay": 0.3}
    chat = terminal("--model", scripted({"match": "and who", "text": "Quick."}, slow))
    shown = chat.until("> ")
    chat.type("how is the discount decided?\n")
    shown += chat.until("two")
    chat.type("\x03")
    shown += chat.until("cancelled; the part above is kept")
    chat.type("and who calls it?\n")
    shown += chat.until("Quick.")
    shown += chat.until("> ")
    chat.type("\x04")
    assert chat.close() == 0
    assert not re.search("\x1b", shown)
    (info,) = stored(shop).list(shop)
    assert [turn.state for turn in stored(shop).turns(info.id)] == ["cancelled", "done"]


def test_ctrl_c_twice_leaves(terminal: Callable[..., Terminal], shop: Path) -> None:
    """At the prompt it is asked for once more."""
    chat = terminal("--no-model")
    for times in range(2):
        chat.until("> ")
        time.sleep(0.5)  # as nobody presses it within the moment between the prompt and the reading of the line
        chat.type("\x03")
        if not times:
            chat.until("once more")
    assert chat.close() == 130


def test_a_patch_is_written_after_a_yes(terminal: Callable[..., Terminal], shop: Path) -> None:
    """Nothing before it; that it was is kept with its turn, and `/undo` takes it back."""
    cart = shop / "shop" / "cart.py"
    bare = cart.read_text().replace('    """Give the price after the discount."""\n', "")
    cart.write_text(bare)
    chat = terminal("--no-model")
    chat.until("> ")
    chat.type("/gen doc shop/cart.py::total\n")
    chat.until("Write this patch?")
    assert cart.read_text() == bare
    chat.type("y\n")
    chat.until("written to shop/cart.py")
    chat.until("> ")
    assert cart.read_text() != bare
    (info,) = stored(shop).list(shop)
    assert (stored(shop).turns(info.id)[0].payload or {})["applied"] is True
    chat.type("/undo\n")
    chat.until("put back: shop/cart.py")
    assert cart.read_text() == bare
    chat.type("/quit\n")
    assert chat.close() == 0


def test_killed_in_the_midst_the_part_is_there(
    terminal: Callable[..., Terminal], shop: Path, scripted: Scripted, shell: Run
) -> None:
    """After kill -9 at most half a second of the answer is lost; it is shown as unfinished, and the chat goes on."""
    slow = {"text": "one two three four " + "and so on " * 50, "piece": 4, "delay": 0.15}
    chat = terminal("--model", scripted(slow))
    chat.until("> ")
    chat.type("how is the discount decided?\n")
    chat.until("four")
    time.sleep(0.6)
    os.kill(chat.process.pid, signal.SIGKILL)
    chat.process.wait()
    done = shell("chat", "--continue", "--no-model", "-C", shop, input="and who calls it?\n")
    assert done.code == 0, done.err
    (info,) = stored(shop).list(shop)
    unfinished, again = stored(shop).turns(info.id)
    assert unfinished.state == "unfinished" and unfinished.answer.startswith("one two three four")
    assert again.state == "done"


def test_a_session_open_elsewhere_is_refused(
    terminal: Callable[..., Terminal], shop: Path, scripted: Scripted, shell: Run
) -> None:
    """Two chats on one repository have a session each; the same one twice is refused with what to do."""
    chat = terminal("--model", scripted("Fine."))
    for line in chat.until("> ").splitlines():
        assert len(line) < 80, "a terminal would break it within a word"
    chat.type("how is the discount decided?\n")
    chat.until("scripted read")
    (info,) = stored(shop).list(shop)
    other = shell("chat", "--session", info.id, "-C", shop, input="why?\n")
    assert other.code == 4 and "open" in other.err and "hint: " in other.err
    last = shell("chat", "--continue", "--no-model", "-C", shop, input="why?\n")
    assert last.code == 4 and "the last conversation (how is the discount decided?) is open in another" in last.err
    new = shell("chat", "--no-model", "-C", shop, input="why?\n")
    assert new.code == 0 and len(stored(shop).list(shop)) == 2
    chat.type("\x04")
    assert chat.close() == 0
