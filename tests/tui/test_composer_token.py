"""What stands at the cursor, and how a name is written so that the asking side reads the same name."""

from __future__ import annotations

import shlex

import pytest

from localdev.assistant.mentions import Mention, find_mentions
from localdev.tui.composer.choices import Choices, ready
from localdev.tui.composer.token import Token, find_token, mention, word

_NAMES = [
    "src/app.py",
    "a:b.py",
    "x(1).py",
    "what?.md",
    "semi;colon!.py",
    "docs/my notes: #1.md",
    "a#b.md",
    "日本語/設計.md",
    "it's (new).txt",
    "מסמך.md",
]


@pytest.mark.parametrize(
    ("line", "token"),
    [
        ("@", Token("mention", 0, "")),
        ("see (@src/a", Token("mention", 5, "src/a")),
        ('@"my no', Token("mention", 0, "my no")),
        ('@"my notes.md"', None),
        ("me@example.org", None),
        ("a@", None),
        ("@@", None),
        ("@done and", None),
        ("/", Token("command", 0, "")),
        ("/MO", Token("command", 0, "MO")),
        ("/model ", Token("argument", 7, "", "model", 0)),
        ("/GEN doc sr", Token("argument", 9, "sr", "gen", 1, "doc")),
        ('/attach "my f', Token("argument", 8, "my f", "attach", 0)),
        ("/review staged a b", Token("argument", 17, "b", "review", 2, "a")),
        ("/gen edit shorter @sr", Token("mention", 18, "sr", "gen")),
        ("/usr/bin/env", None),
        (" /help", None),
        ("plain words", None),
        ("x" * 100_000 + " @ab", Token("mention", 100_001, "ab")),
        ("a" * 100 + "/" + "b" * 499, None),
    ],
)
def test_what_stands_at_the_cursor(line: str, token: Token | None) -> None:
    """Mentions, commands and their words are told from addresses, paths and prose."""
    assert find_token(line, len(line), first=True) == token


def test_only_what_is_before_the_cursor_counts() -> None:
    """The rest of the line is no part of what is being written."""
    assert find_token("@src/app.py", 4, first=True) == Token("mention", 0, "src")


def test_commands_stand_in_the_first_line_only() -> None:
    """A slash in a later line is text; a mention is one anywhere."""
    assert find_token("/help", 5, first=False) is None
    assert find_token("@a", 2, first=False) == Token("mention", 0, "a")


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("line", [0, 12])
def test_what_is_inserted_is_what_is_read(name: str, line: int) -> None:
    """A mention of any name is resolved to that file by what reads the question."""
    _, found = find_mentions(f"what does {mention(name, line)} say?", _NAMES)
    assert found == [Mention(name, line, line) if line else Mention(name)]


@pytest.mark.parametrize("name", [*_NAMES, 'say "hi".md'])
def test_a_word_of_a_command_stays_one_word(name: str) -> None:
    """Names with blanks and quotes arrive whole at a command."""
    lexer = shlex.shlex(f"doc {word(name)} end", posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    assert list(lexer) == ["doc", name, "end"]


def shown(line: str, choices: Choices) -> list[str]:
    """Give what is offered for a line."""
    token = find_token(line, len(line), first=True)
    return [choice.insert for choice in choices.find(token)] if token else []


@pytest.fixture(scope="module")
def choices() -> Choices:
    """Everything that completes in a small repository."""
    from localdev.app.conversation.desk import Names

    names = Names(("src/app.py", "docs/my notes.md"), (("App.run", "src/app.py", 7), ("parse", "src/my app.py", 1)))
    return Choices(arguments={"models": (("qwen", "7 B"), ("tiny", ""))}, known=ready(names))


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("@app", "@src/app.py"),
        ("@run", "@src/app.py:7"),
        ("@App.r", "@src/app.py:7"),
        ("@notes", '@"docs/my notes.md"'),
        ("@pars", '@"src/my app.py":1'),
        ("/mod", "/model "),
        ("/quit", "/quit"),
        ("/exprt", "/export "),
        ("/model q", "qwen"),
        ("/model no", "none"),
        ("/theme d", "dark"),
        ("/gen te", "test"),
        ("/gen doc run", "src/app.py::App.run"),
        ("/gen edit shorter @run", "@src/app.py::App.run"),
        ("/gen edit shorter @pars", '@"src/my app.py"::parse'),
        ("/gen code a command --into app", "src/app.py"),
        ("/gen doc parse", '"src/my app.py::parse"'),
        ("/attach note", '"docs/my notes.md"'),
        ("/review st", "staged"),
        ("/review staged app", "src/app.py"),
    ],
)
def test_what_is_offered_first(line: str, first: str, choices: Choices) -> None:
    """Each place offers what belongs there, written as it is needed."""
    assert shown(line, choices)[0] == first


def test_what_is_not_offered(choices: Choices) -> None:
    """A second word of a command with one, an unknown command and letters in no name offer nothing."""
    for line in (
        "/gen fix run",
        "/gen edit run",
        '/gen edit "run',
        "/gen doc src/app.py -m run",
        "/gen code the test run",
    ):
        assert shown(line, choices) == [], line
    for line in ("/theme dark ", "/nothing a", "@zzzz", "/model qwen t", "/clear "):
        assert shown(line, choices) == [], line
