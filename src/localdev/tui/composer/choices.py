"""What completes a word: commands, what they take, files and symbols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from localdev.app.conversation.commands import COMMANDS, SlashCommand
from localdev.tui.composer import fuzzy
from localdev.tui.composer.token import Token, mention, word

if TYPE_CHECKING:
    from localdev.app.conversation.desk import Names

MOST_SHOWN = 50
# A symbol's name is short where a path is long; among equals a mention names a file.
_SYMBOL_HANDICAP = 8.0


@dataclass(frozen=True, slots=True)
class Choice:
    """One completion: what is shown, what it is, what is inserted, and the letters to mark.

    `goes_on` says that more words follow; `help` is a line about it.
    """

    shown: str
    detail: str
    insert: str
    marked: tuple[int, ...] = ()
    goes_on: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """The names of a repository, made ready for ranking."""

    paths: fuzzy.Names
    symbols: fuzzy.Names
    path_list: tuple[str, ...]
    symbol_list: tuple[tuple[str, str, int], ...]


def ready(names: Names) -> Known:
    """Make names ready; takes some microseconds each, so not on the screen's thread."""
    symbols = fuzzy.prepare([name for name, _, _ in names.symbols], ".")
    return Known(fuzzy.prepare(names.paths), symbols, names.paths, names.symbols)


@dataclass(frozen=True, slots=True)
class Choices:
    """Everything that can complete a word; `arguments` are (value, what it is) by the kind a command asks for."""

    commands: tuple[SlashCommand, ...] = COMMANDS
    arguments: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    known: Known | None = None

    def find(self, token: Token) -> list[Choice]:
        """Give what completes a token, best first."""
        command = next((each for each in self.commands if each.name == token.command), None)
        if token.kind == "mention":
            if command is not None and command.completes == "symbols":
                return self._named(token.query, lambda name, path, _line: mention(path, symbol=name), mention)
            return self._named(token.query, lambda _name, path, line: mention(path, line), mention)
        if token.kind == "command":
            return self._commands(token.query)
        return self._arguments(command, token) if command else []

    def _commands(self, query: str) -> list[Choice]:
        """Give the commands that begin so, or else those that have the letters."""
        found = [command for command in self.commands if command.name.startswith(query.lower())]
        if not found:
            ranked = fuzzy.rank(query, fuzzy.prepare([command.name for command in self.commands]))
            found = [self.commands[at] for _, at in ranked]
        return [_command(command, query) for command in found]

    def _arguments(self, command: SlashCommand, token: Token) -> list[Choice]:
        """Give what a command takes at this place: its own words first, then names."""
        first = token.position == 0
        known = self.arguments.get(command.completes, ()) if first else ()
        # What is known of a command's own word, such as that `none` is in use, stands with it.
        values = list({**(dict.fromkeys(command.arguments, "") if first else {}), **dict(known)}.items())
        ranked = fuzzy.rank(token.query, fuzzy.prepare([f"{value} {what}".rstrip() for value, what in values]))
        found = [
            Choice(values[at][0], values[at][1], word(values[at][0]), fuzzy.marks(token.query, values[at][0]))
            for _, at in ranked
        ]
        if command.completes == "symbols" and _is_place(token):
            found += self._named(token.query, lambda name, path, _line: word(f"{path}::{name}"), word)
        elif command.completes == "paths":
            found += self._named(token.query, None, word)
        return found

    def _named(
        self, query: str, of_symbol: Callable[[str, str, int], str] | None, of_path: Callable[[str], str]
    ) -> list[Choice]:
        """Give files, and symbols where they are wanted, by how well they fit; how each is inserted is the caller's."""
        if self.known is None:
            return []
        known = self.known
        found: list[tuple[float, Choice]] = []
        for worth, at in fuzzy.rank(query, known.paths, MOST_SHOWN):
            path = known.path_list[at]
            found.append((-worth, Choice(path, "", of_path(path), fuzzy.marks(query, path))))
        if of_symbol is not None and query:
            for worth, at in fuzzy.rank(query, known.symbols, MOST_SHOWN):
                name, path, line = known.symbol_list[at]
                marked = fuzzy.marks(query, name, ".")
                found.append(
                    (_SYMBOL_HANDICAP - worth, Choice(name, f"{path}:{line}", of_symbol(name, path, line), marked))
                )
        return [choice for _, choice in sorted(found, key=itemgetter(0))[:MOST_SHOWN]]


def _is_place(token: Token) -> bool:
    """Tell whether a word of `/gen` names a place: among words that say what is wanted, only `@` completes names."""
    return token.after in ("--into", "--after") or (token.position == 1 and token.after in ("doc", "test"))


def _command(command: SlashCommand, query: str) -> Choice:
    """Give a command as a choice; one that takes words goes on with a blank."""
    goes_on = " " in command.usage
    insert = f"/{command.name} " if goes_on else f"/{command.name}"
    marked = tuple(at + 1 for at in fuzzy.marks(query, command.name))
    return Choice(f"/{command.name}", command.summary, insert, marked, goes_on, command.usage)
