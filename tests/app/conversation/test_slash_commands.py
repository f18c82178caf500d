"""The slash commands of a chat: what is a command, how it is taken apart, and what is said of a wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from localdev.app.conversation.commands import COMMANDS, Parsed, ProblemText, find_command, is_command, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/help", True),
        ("  /review staged", True),
        ("/", True),
        ("/Model", True),
        ("/etc/hosts is read where?", False),
        ("/3", False),
        ("what does / mean?", False),
        ("", False),
    ],
)
def test_a_command_is_told_from_a_question(text: str, expected: bool) -> None:
    """A slash and one word of letters is a command, a path at the beginning of a question is none."""
    assert is_command(text) is expected


@pytest.mark.parametrize("command", COMMANDS, ids=[each.name for each in COMMANDS])
def test_every_command_is_described(command: Any) -> None:
    """Each has a usage that begins with its name, a line for lists, and help; its name finds it."""
    assert command.usage.split()[0] == f"/{command.name}"
    assert command.summary.endswith(".") and command.help
    assert find_command(f"/{command.name}") is command


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("/help review", "help", ("review",)),
        ("/MODEL tiny", "model", ("tiny",)),
        ('/attach "my notes.txt"', "attach", ("my notes.txt",)),
        (r"/attach C:\notes.txt", "attach", (r"C:\notes.txt",)),
        ("/files src/**/*.py", "files", ("src/**/*.py",)),
        ("/copy 3", "copy", ("3",)),
        ("/copy code", "copy", ("code",)),
        ("/theme light", "theme", ("light",)),
        ("/export", "export", ("markdown", "")),
        ("/export json", "export", ("json", "")),
        ("/export chat.JSON", "export", ("json", "chat.JSON")),
        ("/export markdown chat.json", "export", ("markdown", "chat.json")),
        ("/quit", "quit", ()),
    ],
)
def test_words_are_taken_apart(text: str, name: str, words: tuple[str, ...]) -> None:
    """Quotes keep words together, backslashes stay, and an export's form is known by its file."""
    parsed = parse(text)
    assert isinstance(parsed, Parsed), parsed
    assert (parsed.name, parsed.words) == (name, words)


@pytest.mark.parametrize("text", ["/rename what don't they know", "/prompt why can't it?", "/sessions don't"])
def test_texts_need_no_quotes(text: str) -> None:
    """A title, a question or a search is taken as typed, with an apostrophe in it."""
    parsed = parse(text)
    assert isinstance(parsed, Parsed)
    assert parsed.rest == text.partition(" ")[2]


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("/modle", "there is no command /modle", "did you mean /model?"),
        ("/xyzzy", "there is no command /xyzzy", "/help lists the commands"),
        ("/delete", "there is no command /delete", "/help lists the commands"),
        ("/sess", "there is no command /sess", "did you mean /sessions?"),
        ("/review HEAD~3", "/review takes commits as a range", "/review HEAD~3..HEAD"),
        ("/", "a command has a name", "/help lists the commands"),
        ("/quit now", "/quit takes no words", "it is written /quit"),
        ("/commit all", "/commit takes no words", "it is written /commit"),
        ("/attach", "/attach needs to know which", "it is written /attach PATH"),
        ("/attach a b", "/attach takes one word", "it is written"),
        ("/attach 'a", "/attach has a quote that is not closed", "it is written"),
        ("/theme blue", "/theme knows dark and light", "it is written"),
        ("/copy all", "/copy takes `code` or the number of a turn", "it is written"),
        ("/rename", "/rename needs a title", "it is written /rename TITLE"),
        ("/export a b", "/export takes one file", "it is written"),
        ("/review --deep", "/review does not take --deep there", "it is written"),
        ("/review a.py staged", "/review does not take staged there", "it is written"),
        ("/gen", "/gen needs to know what to generate", "/help gen"),
        ("/gen poem", "there is nothing called poem to generate", "/help gen"),
        ("/gen doc", "/gen doc takes one place", "/gen doc PATH"),
        ("/gen doc a.py b.py", "/gen doc takes one place", "/gen doc PATH"),
        ("/gen doc a.py --apply", "/gen doc has no option --apply", "/gen doc PATH"),
        ("/gen doc a.py -m", "-m needs a value", "/gen doc PATH"),
        ("/gen code a queue", "/gen code needs words", "--into PATH"),
        ("/gen edit src/a.py", "/gen edit needs words", "/gen edit TEXT"),
        ("/gen fix it", "/gen fix takes a finding", "--finding"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str, hint: str) -> None:
    """A wrong command is answered with what is wrong and what to write."""
    problem = parse(text)
    assert isinstance(problem, ProblemText), problem
    assert problem.text.startswith(said) and hint in problem.hint


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("/review", {"kind": "uncommitted", "paths": []}),
        ("/review .", {"kind": "uncommitted", "paths": []}),
        ("/review staged ./src/", {"kind": "staged", "paths": ["src"]}),
        ("/review main...topic @a.py", {"kind": "range", "range": "main...topic", "paths": ["a.py"]}),
        ("/review HEAD~2..", {"kind": "range", "range": "HEAD~2..", "paths": []}),
        ("/review ../other.py", {"kind": "uncommitted", "paths": ["../other.py"]}),
        ("/gen doc @a.py::f", {"kind": "doc", "target": "a.py::f", "instruction": ""}),
        ("/gen test a.py::f -m 'use fixtures'", {"kind": "test", "target": "a.py::f", "instruction": "use fixtures"}),
        ("/gen doc a.py --instruction=short", {"kind": "doc", "target": "a.py", "instruction": "short"}),
        (
            "/gen code a ring buffer --into src/ring.py",
            {"kind": "code", "target": "src/ring.py", "instruction": "a ring buffer", "after": ""},
        ),
        (
            "/gen code 'a queue' --into q.py --after Stack",
            {"kind": "code", "target": "q.py", "instruction": "a queue", "after": "Stack"},
        ),
        (
            "/gen edit handle an empty list src/a.py b.py::C",
            {
                "kind": "edit",
                "instruction": "handle an empty list",
                "targets": ["src/a.py", "b.py::C"],
                "target": "src/a.py, b.py::C",
            },
        ),
        (
            "/gen edit 'fix src/a.py' Makefile",
            {"kind": "edit", "instruction": "fix src/a.py", "targets": ["Makefile"], "target": "Makefile"},
        ),
        (
            "/gen fix --finding bare-except@a.py:3",
            {"kind": "fix", "instruction": "", "finding": "bare-except@a.py:3", "target": "bare-except@a.py:3"},
        ),
        ("/gen fix", {"kind": "fix", "instruction": ""}),
        ("/commit", {}),
    ],
)
def test_a_job_gets_its_options(text: str, options: dict[str, Any]) -> None:
    """The words of the command line's own commands become the options of the jobs."""
    parsed = parse(text)
    assert isinstance(parsed, Parsed) and parsed.job is not None, parsed
    assert dict(parsed.job.options) == options
    assert (parsed.job.kind, parsed.job.asked) == (parsed.name, text)
