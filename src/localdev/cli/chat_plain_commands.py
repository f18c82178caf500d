"""The slash commands of the plain chat."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from localdev.app.conversation.commands import COMMANDS, Parsed, ProblemText, find_command
from localdev.cli.progress import ProgressLine
from localdev.core.events import Event, Notice, Progress
from localdev.core.neutral import neutral, one_line
from localdev.core.sizes import counted

if TYPE_CHECKING:
    from localdev.app.conversation.desk import ModelChoice
    from localdev.cli.chat_plain import PlainChat

# More lines than anyone listens to; a pattern narrows them.
_MOST_LISTED = 200
_ON_SCREEN = {
    "copy": "/copy is for the screen: here text can be copied from the terminal, and /export writes a file",
    "theme": "/theme is for the screen: here nothing has colours",
    "keys": "here are no keys but Ctrl-C, which ends an answer, and Ctrl-D, which leaves",
}


def run_command(chat: PlainChat, parsed: Parsed) -> None:
    """Do what a command says.

    Raises:
        LocaldevError: what it says.
    """
    if parsed.name in _ON_SCREEN:
        chat.out.aside(_ON_SCREEN[parsed.name])
        return
    _DOES[parsed.name](chat, parsed)


def _help(chat: PlainChat, parsed: Parsed) -> None:
    """All commands, or one."""
    if not parsed.words:
        for each in COMMANDS:
            chat.out.line(f"{each.usage}: {each.summary}")
        return
    found = find_command(parsed.words[0])
    if isinstance(found, ProblemText):
        chat.say_error(found.text, found.hint)
        return
    chat.out.line(found.usage)
    chat.out.line(found.help)


def _model(chat: PlainChat, parsed: Parsed) -> None:
    """Choose a model, or list them."""
    conversation = chat.conversation
    if parsed.words:
        conversation.choice = chat.desk.chosen(replace(conversation.choice, model=parsed.words[0]))
        reach = chat.desk.reach(conversation.choice)
        chat.out.aside(f"from the next question on: model {one_line(parsed.words[0])} ({one_line(reach.label)})")
        return
    _list(chat, chat.desk.models(conversation.choice), "there is no model: `localdev models` says how to get one")


def _adapter(chat: PlainChat, parsed: Parsed) -> None:
    """Choose an adapter, or list them."""
    conversation = chat.conversation
    if parsed.words:
        conversation.choice = chat.desk.chosen(replace(conversation.choice, adapter=parsed.words[0]))
        chat.out.aside(f"from the next question on: adapter {one_line(parsed.words[0])}")
        return
    _list(chat, chat.desk.adapters(conversation.choice), "there is no adapter: `localdev models adapters add` adds one")


def _list(chat: PlainChat, choices: tuple[ModelChoice, ...], none: str) -> None:
    """List what can be chosen."""
    for each in choices:
        mark = " (in use)" if each.chosen else ""
        chat.out.line(one_line(f"{each.name}{mark}: {each.detail}"))
    if not choices:
        chat.out.aside(none)


def _files(chat: PlainChat, parsed: Parsed) -> None:
    """List the indexed files; the first time that can take long."""
    progress = ProgressLine(chat.out, lines=True)

    def tell(event: Event) -> None:
        if isinstance(event, Progress | Notice):
            progress.take(event)

    paths = chat.desk.names(tell).paths
    if parsed.words:
        pattern = parsed.words[0].removeprefix("@")
        paths = tuple(path for path in paths if fnmatch.fnmatch(path, pattern) or path.startswith(f"{pattern}/"))
    for path in paths[:_MOST_LISTED]:
        chat.out.line(one_line(path))
    more = f", the first {_MOST_LISTED} are listed" if len(paths) > _MOST_LISTED else ""
    chat.out.aside(f"{counted(len(paths), 'file')}{more}")


def _attach(chat: PlainChat, parsed: Parsed) -> None:
    """Give a file with the next question."""
    attachment = chat.desk.read(parsed.words[0])
    chat.attachments.append(attachment)
    lines = counted(attachment.text.count("\n") + 1, "line")
    chat.out.aside(f"{one_line(attachment.name)} ({lines}) goes with the next question")


def _job(chat: PlainChat, parsed: Parsed) -> None:
    """Review, word a commit, or propose a patch."""
    assert parsed.job is not None
    chat.answer(chat.conversation.run(parsed.job, chat.given() if parsed.name == "gen" else ()))


def _clear(chat: PlainChat, _parsed: Parsed) -> None:
    """Begin a new conversation."""
    chat.conversation.new()
    chat.out.aside("a new conversation begins")


def _sessions(chat: PlainChat, parsed: Parsed) -> None:
    """List or search the conversations about this repository."""
    store, root = chat.desk.store, chat.conversation.root
    if parsed.rest:
        matches = store.search(parsed.rest, root)
        for match in matches:
            chat.out.line(one_line(f"{match.session.id}  {match.session.title}: {match.excerpt}"))
        chat.out.aside(counted(len(matches), "place") if matches else "nothing was found")
        return
    found = store.list(root, limit=_MOST_LISTED)
    for info in found:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(info.changed_at))
        here = " (this one)" if info.id == chat.conversation.session.id else ""
        chat.out.line(one_line(f"{info.id}  {when}  {counted(info.turns, 'turn')}  {info.title}{here}"))
    if not found:
        chat.out.aside("no conversations are kept yet")


def _resume(chat: PlainChat, parsed: Parsed) -> None:
    """Go on with another conversation; its last turn is read out."""
    chat.conversation.resume(parsed.words[0])
    chat.say_where()
    for turn in chat.conversation.turns(limit=1):
        chat.out.line(f"> {neutral(turn.asked)}")
        chat.out.line(neutral(turn.answer))


def _rename(chat: PlainChat, parsed: Parsed) -> None:
    """Give the conversation a title."""
    chat.conversation.rename(parsed.rest)
    chat.out.aside(f"this conversation is called {one_line(chat.conversation.session.title)}")


def _export(chat: PlainChat, parsed: Parsed) -> None:
    """Write the conversation into a file."""
    form, file = parsed.words
    chat.out.aside(f"written: {one_line(str(chat.desk.export(chat.conversation.session, form, file)))}")


def _prompt(chat: PlainChat, parsed: Parsed) -> None:
    """Print what a model would be sent."""
    question = parsed.rest
    if not question:
        asked = [turn.asked for turn in chat.conversation.turns() if turn.kind == "question"]
        if not asked:
            chat.say_error("there is no question yet", "write one behind it: /prompt QUESTION")
            return
        question = asked[-1]
    chat.show_prompt(chat.conversation.show_prompt(question, tuple(chat.attachments)))


def _retry(chat: PlainChat, _parsed: Parsed) -> None:
    """Ask again."""
    chat.answer(chat.conversation.retry())


def _compact(chat: PlainChat, _parsed: Parsed) -> None:
    """Shorten what the model sees."""
    shortened = chat.conversation.compact()
    chat.out.aside(f"{counted(len(shortened), 'turn')} shortened: questions and answers stay, passages do not")


def _undo(chat: PlainChat, _parsed: Parsed) -> None:
    """Take the last patch back."""
    chat.out.aside(f"put back: {', '.join(one_line(path) for path in chat.desk.undo().paths)}")


def _quit(chat: PlainChat, _parsed: Parsed) -> None:
    """Leave."""
    chat.leave()


_DOES: dict[str, Callable[[PlainChat, Parsed], None]] = {
    "help": _help,
    "model": _model,
    "adapter": _adapter,
    "files": _files,
    "attach": _attach,
    "review": _job,
    "commit": _job,
    "gen": _job,
    "clear": _clear,
    "sessions": _sessions,
    "resume": _resume,
    "rename": _rename,
    "export": _export,
    "prompt": _prompt,
    "retry": _retry,
    "compact": _compact,
    "undo": _undo,
    "quit": _quit,
}
