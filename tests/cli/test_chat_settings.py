"""The settings of the chat on the command line, and a chat that begins with wrong ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localdev.config.loader import user_file
from localdev.core.folders import find_folders
from tests.cli.conftest import Run, command
from tests.tui.terminal import Bare


@pytest.fixture
def screen(repository: Path) -> Iterator[Callable[..., Bare]]:
    """Give a function that opens the chat on a terminal."""
    opened: list[Bare] = []

    def start(*arguments: str) -> Bare:
        words = command("chat", "--no-model", *arguments)
        opened.append(Bare(words, env={**os.environ, "TERM": "xterm-256color"}, cwd=repository))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


@pytest.mark.parametrize("value", ["cancel=ctrl+g, toggle_sources=f8", '["cancel=ctrl+g","toggle_sources=f8"]'])
def test_keys_are_set_in_both_notations(run: Run, value: str) -> None:
    """With commas as on other command lines, and as the settings file writes a list."""
    assert run("config", "set", "chat.keys", value).code == 0
    assert 'keys = ["cancel=ctrl+g", "toggle_sources=f8"]' in user_file(find_folders()).read_text()


@pytest.mark.parametrize("value", ["cancle=ctrl+g", "cancel", "cancel=x", "cancel=nosuch", "cancel=f1", '["cancel'])
def test_keys_that_the_chat_would_refuse_are_not_set(run: Run, value: str) -> None:
    """An unknown action, no key, one that types, and one that another action has."""
    done = run("config", "set", "chat.keys", value)
    assert done.code == 2 and "chat.keys" in done.err and "hint:" in done.err
    assert not user_file(find_folders()).exists()


@pytest.mark.parametrize("value", ["[a, b]", '["a" "b"]', "[1, 2]"])
def test_a_list_that_is_none_is_refused(run: Run, value: str) -> None:
    """It would be stored with its brackets."""
    done = run("config", "set", "review.exclude", value)
    assert done.code == 2 and "hint:" in done.err and not user_file(find_folders()).exists()


def test_brackets_that_are_no_list_are_kept(run: Run) -> None:
    """An address, and globs."""
    assert run("config", "set", "egress.allow", "[::1]:11434").code == 0
    assert run("config", "set", "review.exclude", "[ab]*,x[cd]").code == 0
    text = user_file(find_folders()).read_text()
    assert '"[::1]:11434"' in text and '["[ab]*", "x[cd]"]' in text


def test_hosts_in_a_list_are_looked_at_one_by_one(run: Run) -> None:
    """The other notation lets through no host that could not be read."""
    assert run("config", "set", "egress.allow", '["one.example", "two.example:8080"]').code == 0
    assert run("config", "set", "egress.allow", '["one.example:port"]').code != 0


def test_wrong_keys_name_their_file_and_the_way_back(screen: Callable[..., Bare]) -> None:
    """The chat says where they stand and how the usual ones come back."""
    file = user_file(find_folders())
    file.parent.mkdir(parents=True)
    file.write_text('[chat]\nkeys = ["cancle=f8"]\n')
    terminal = screen()
    assert terminal.ended() == 2
    said = " ".join(terminal.screen().split())
    assert "cancle" in said and "config.toml:2" in said and "config set chat.keys ''" in said
