"""What jobs say for the command line, said in the words of the chat."""

from __future__ import annotations

import pytest

from localdev.app.conversation.commands import ProblemText, find_command
from localdev.app.conversation.wording import event_in_chat, in_chat
from localdev.core.events import Notice, TextDelta


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("`localdev gen edit` needs a model", "/gen edit needs a model"),
        ("name one: --model", "choose one: /model"),
        ("other words may help, or another model: --model", "other words may help, or another model: /model"),
        ("`localdev gen ... --apply` is what can be undone", "a patch of /gen is what can be undone"),
        ("`localdev gen fix --finding sql@a.py:3`", "/gen fix --finding sql@a.py:3"),
        ("the nearest: ab12 (x); `localdev sessions list` shows them", "the nearest: ab12 (x); /sessions shows them"),
        ("after the commit: `localdev review --diff HEAD~1..HEAD`", "after the commit: /review HEAD~1..HEAD"),
        ("remove it, then run `localdev undo` again", "remove it, then run /undo again"),
        (
            "go on there, or begin a new one here: `localdev chat` without --session and --continue",
            "go on there, or begin a new one here: /clear",
        ),
        ("use --model ollama:NAME", "use /model ollama:NAME"),
        ("leave that chat first, then run the command again", "leave that chat first, then try again"),
    ],
)
def test_hints_name_what_is_at_hand(said: str, shown: str) -> None:
    """Commands and flags of the shell become those of the chat."""
    assert in_chat(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "`localdev models add FILE.gguf` adds a model",
        "see what it answers: `localdev ask QUESTION --model NAME`",
        "name one with -C PATH, or give a patch: `localdev review --patch FILE`",
        "`localdev gen doc a.py --no-model` writes the rest",
        "go there to continue it: `localdev chat -C /elsewhere --session 12`",
        "the value --model-path is no flag of ours",
        "",
    ],
)
def test_what_only_a_shell_can_do_stays(said: str) -> None:
    """It is typed in another terminal, so it is told whole."""
    assert in_chat(said) == said


def test_notices_are_told_so_and_answers_are_not() -> None:
    """Nothing that a model has written is touched."""
    assert event_in_chat(Notice("hint", "name one: --model")) == Notice("hint", "choose one: /model")
    piece = TextDelta("name one: --model")
    assert event_in_chat(piece) is piece


def test_a_suggestion_is_close() -> None:
    """A word that shares some letters with a command is not what was meant."""
    for word in ("nope", "delete", "exit"):
        found = find_command(word)
        assert isinstance(found, ProblemText) and "did you mean" not in found.hint
    for word, meant in (("hlep", "help"), ("quti", "quit"), ("exprt", "export"), ("mod", "model")):
        found = find_command(word)
        assert isinstance(found, ProblemText) and found.hint == f"did you mean /{meant}?"
