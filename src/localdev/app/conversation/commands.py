"""The slash commands of a chat: the table that help and completion read, and how a line is taken apart. All pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from localdev.app.conversation.job_words import JobCommand, ProblemText, read_gen, read_review
from localdev.config.values import nearest

__all__ = ["COMMANDS", "JobCommand", "Parsed", "ProblemText", "SlashCommand", "find_command", "is_command", "parse"]

# What of this repository or machine a command's words are completed with.
Completion = Literal["", "models", "adapters", "sessions", "paths", "symbols"]
_COMMAND = re.compile(r"/(?P<name>[A-Za-z-]*)(?=\s|$)")
EXPORT_FORMATS = ("markdown", "json")


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """One command: how it is written, one line for lists, a few for its own help, and what completes its words.

    `arguments` are words known in advance; `completes` says which names of this machine fit besides.
    """

    name: str
    usage: str
    summary: str
    help: str
    arguments: tuple[str, ...] = ()
    completes: Completion = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command as typed: its words (quotes taken away), all behind its name as typed, and the job it asks for."""

    command: SlashCommand
    words: tuple[str, ...] = ()
    rest: str = ""
    job: JobCommand | None = None

    @property
    def name(self) -> str:
        """The command's name, without the slash."""
        return self.command.name


_GEN_HELP = """\
`/gen doc PATH[::SYMBOL] [-m TEXT]` documents a symbol, or a file.
`/gen test PATH::SYMBOL [-m TEXT]` writes tests of it.
`/gen code TEXT --into PATH [--after SYMBOL]` adds code to a file.
`/gen edit TEXT PATH[::SYMBOL]...` changes code as asked for.
`/gen fix --finding RULE@PATH:LINE` mends a finding of a review; with text attached, `/gen fix` mends what that complains about.
Nothing is written before you accept it."""  # noqa: E501 - one line of help each

COMMANDS: tuple[SlashCommand, ...] = (
    SlashCommand(
        "help", "/help [COMMAND]", "Say what can be typed here.", "Lists the commands, or explains the one you name."
    ),
    SlashCommand(
        "model",
        "/model [NAME|none]",
        "Choose the model that answers.",
        "Takes effect with the next question. `none` answers with the places themselves; without a name the models "
        "are listed.",
        ("none",),
        "models",
    ),
    SlashCommand(
        "adapter",
        "/adapter [NAME@SCALE|none]",
        "Choose the LoRA adapter to answer with.",
        "Takes effect with the next question. Without a name the adapters are listed.",
        ("none",),
        "adapters",
    ),
    SlashCommand(
        "files",
        "/files [GLOB]",
        "List the files that are indexed.",
        "With a pattern those that fit it, such as `/files src/**/*.py`.",
        (),
        "paths",
    ),
    SlashCommand(
        "attach",
        "/attach PATH",
        "Give the text of a file with the next question.",
        "The file may lie outside the repository; it must be text.",
        (),
        "paths",
    ),
    SlashCommand(
        "review",
        "/review [staged|A..B] [PATH...]",
        "Look for what is wrong in a change.",
        "All that is not committed, unless you name something else: `staged` is what the next commit would hold, "
        "`A..B` what came from commit A to B.",
        ("staged",),
        "paths",
    ),
    SlashCommand(
        "commit",
        "/commit",
        "Word the message of the staged change.",
        "You see the message first, and may change it; nothing is committed without your word.",
    ),
    SlashCommand(
        "gen",
        "/gen doc|test|code|edit|fix ...",
        "Propose documentation, tests or code as a checked patch.",
        _GEN_HELP,
        ("doc", "test", "code", "edit", "fix"),
        "symbols",
    ),
    SlashCommand(
        "clear",
        "/clear",
        "Begin a new conversation.",
        "The one before stays among the sessions: `/sessions` lists them, `/resume` goes back.",
    ),
    SlashCommand(
        "sessions",
        "/sessions [TEXT]",
        "List earlier conversations, or search them.",
        "With a text those in which it was asked or answered.",
    ),
    SlashCommand(
        "resume",
        "/resume ID",
        "Go on with an earlier conversation.",
        "By its id (its first letters do) or its title.",
        (),
        "sessions",
    ),
    SlashCommand("rename", "/rename TITLE", "Give this conversation a title.", "Everything behind the word counts."),
    SlashCommand(
        "export",
        "/export [markdown|json] [FILE]",
        "Write this conversation into a file.",
        "Markdown unless you say otherwise; a file is named from the repository's folder. Without one it goes into "
        "localdev's own folder for exports, and the path is told. A file that is there is not overwritten.",
        EXPORT_FORMATS,
    ),
    SlashCommand(
        "prompt",
        "/prompt [QUESTION]",
        "Show what the model would be sent.",
        "For the question you name, else for the last one. The model is not asked.",
    ),
    SlashCommand(
        "copy",
        "/copy [code|N]",
        "Copy the last answer.",
        "`code` copies its code blocks alone, a number the answer of that turn.",
        ("code",),
    ),
    SlashCommand(
        "retry",
        "/retry",
        "Ask the last question again.",
        "With the model chosen now; the model does not see its earlier answer.",
    ),
    SlashCommand(
        "compact",
        "/compact",
        "Shorten what the model sees of earlier turns.",
        "Questions and answers stay, their passages do not. You still see everything.",
    ),
    SlashCommand("undo", "/undo", "Take back the last patch that was written.", "Again for the one before."),
    SlashCommand("theme", "/theme [dark|light]", "Choose the colours.", "For this session.", ("dark", "light")),
    SlashCommand("keys", "/keys", "List the keys.", "They can be changed by the setting `chat.keys`."),
    SlashCommand("quit", "/quit", "Leave.", "The conversation is kept: `localdev chat --continue` goes on with it."),
)
_BY_NAME = {command.name: command for command in COMMANDS}


def is_command(text: str) -> bool:
    """Say whether a line is a command: a slash and one word of letters, so that `/etc/hosts` begins a question."""
    return _COMMAND.match(text.lstrip()) is not None


def find_command(name: str) -> SlashCommand | ProblemText:
    """Give a command by its name, with or without the slash; an unknown one names the nearest."""
    plain = name.lstrip("/").lower()
    if plain in _BY_NAME:
        return _BY_NAME[plain]
    close = nearest(plain, _BY_NAME)
    hint = f"did you mean /{close}?" if close else "/help lists the commands"
    return ProblemText(f"there is no command /{plain}" if plain else "a command has a name", hint)


def parse(text: str) -> Parsed | ProblemText:
    """Take a command apart; what is wrong with it is said in the words of a hint."""
    line = text.strip()
    found = _COMMAND.match(line)
    if found is None:
        return ProblemText("that is no command", "commands begin with a slash: /help lists them")
    command = find_command(found["name"])
    if isinstance(command, ProblemText):
        return command
    rest = line[found.end() :].strip()
    if command.name in _TEXT:  # a title or a question is no list of words: it may hold an apostrophe
        needed = command.name == "rename"
        return Parsed(command, (), rest) if rest or not needed else _misused(command, "needs a title")
    try:
        words = split_words(rest)
    except ValueError:
        return _misused(command, "has a quote that is not closed")
    return _READERS.get(command.name, _no_words)(Parsed(command, words, rest))


def split_words(text: str) -> tuple[str, ...]:
    """Split at blanks, quotes keep words together; a backslash is a character like others (paths have some).

    Raises:
        ValueError: a quote is not closed.
    """
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    return tuple(lexer)


def _misused(command: SlashCommand, what: str) -> ProblemText:
    """Say what is wrong with the use of a command."""
    return ProblemText(f"/{command.name} {what}", f"it is written {command.usage}")


def _no_words(parsed: Parsed) -> Parsed | ProblemText:
    """A command that stands alone."""
    return parsed if not parsed.words else _misused(parsed.command, "takes no words")


def _at_most_one(parsed: Parsed) -> Parsed | ProblemText:
    """A command with one word, or none."""
    return parsed if len(parsed.words) <= 1 else _misused(parsed.command, "takes one word; put blanks into quotes")


def _one(parsed: Parsed) -> Parsed | ProblemText:
    """A command with exactly one word."""
    return _at_most_one(parsed) if parsed.words else _misused(parsed.command, "needs to know which")


def _theme(parsed: Parsed) -> Parsed | ProblemText:
    """`/theme`, `/theme dark`."""
    if any(word not in parsed.command.arguments for word in parsed.words):
        return _misused(parsed.command, "knows dark and light")
    return _at_most_one(parsed)


def _copy(parsed: Parsed) -> Parsed | ProblemText:
    """`/copy`, `/copy code`, `/copy 3`."""
    if any(word != "code" and not word.isdecimal() for word in parsed.words):
        return _misused(parsed.command, "takes `code` or the number of a turn")
    return _at_most_one(parsed)


def _export(parsed: Parsed) -> Parsed | ProblemText:
    """Give the words as (format, file): the format is that of the file's ending where none is named."""
    words = list(parsed.words)
    form = words.pop(0) if words and words[0] in EXPORT_FORMATS else ""
    if len(words) > 1:
        return _misused(parsed.command, "takes one file; put blanks into quotes")
    file = words[0] if words else ""
    form = form or ("json" if file.lower().endswith(".json") else "markdown")
    return Parsed(parsed.command, (form, file), parsed.rest)


def _job(read: Callable[[Sequence[str], str], JobCommand | ProblemText]) -> _Reader:
    """Make the reader of a command that starts a job."""

    def reader(parsed: Parsed) -> Parsed | ProblemText:
        found = read(parsed.words, f"/{parsed.name} {parsed.rest}".strip())
        if isinstance(found, ProblemText):
            return found
        return Parsed(parsed.command, parsed.words, parsed.rest, found)

    return reader


def _read_commit(words: Sequence[str], asked: str) -> JobCommand | ProblemText:
    """`/commit` stands alone."""
    return _misused(_BY_NAME["commit"], "takes no words") if words else JobCommand("commit", {}, asked)


_Reader = Callable[[Parsed], Parsed | ProblemText]
_TEXT = frozenset({"rename", "prompt", "sessions"})
_READERS: dict[str, _Reader] = {
    "help": _at_most_one,
    "model": _at_most_one,
    "adapter": _at_most_one,
    "files": _at_most_one,
    "attach": _one,
    "resume": _one,
    "theme": _theme,
    "copy": _copy,
    "export": _export,
    "review": _job(read_review),
    "commit": _job(_read_commit),
    "gen": _job(read_gen),
}
