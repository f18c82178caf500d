"""When the list of completions opens above the draft, what it shows, and what choosing does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from textual import events
from textual.worker import Worker

from localdev.tui.composer.choices import Choice, Choices, Known
from localdev.tui.composer.editor import Editor
from localdev.tui.composer.popup import Popup
from localdev.tui.composer.token import Token, find_token

_MOVES = {"up": ("move", -1), "down": ("move", 1), "pageup": ("page", -1), "pagedown": ("page", 1)}
_OPEN_KEYS = {"tab", "ctrl+@", "ctrl+space"}
# A list opens at what is typed, not at what is pasted: an `@` in pasted code is a decorator.
_OPENERS = {"@", "/", " "}


class Completing:
    """Completion in one editor. It follows what is typed; `take_key` has the keys while the list is open."""

    def __init__(self, editor: Editor, popup: Popup) -> None:
        self.choices = Choices()
        self._editor = editor
        self._popup = popup
        self._opening = False
        # Where the token begins that may be completed: (row, column).
        self._begun: tuple[int, int] | None = None
        self._shown: Token | None = None
        self._asked: Token | None = None

    @property
    def is_open(self) -> bool:
        """Whether the list is on the screen."""
        return self._popup.display

    def set_known(self, known: Known) -> None:
        """Complete these names from now on, in an open list too."""
        if known != self.choices.known:  # else the cursor would leave its place in an open list
            self.choices = replace(self.choices, known=known)
            self._look_again()

    def set_arguments(self, kind: str, values: tuple[tuple[str, str], ...]) -> None:
        """Complete these values where a command takes this kind of them, in an open list too."""
        if values != self.choices.arguments.get(kind):
            self.choices = replace(self.choices, arguments={**self.choices.arguments, kind: values})
            if self._shown is not None and self._shown.kind == "argument":
                self._look_again()

    def _look_again(self) -> None:
        """Show what there is to choose now."""
        self._shown = None
        if self._begun is not None:  # else an open list is that of a search
            self.look()

    def stop(self) -> None:
        """Close the list; it opens again with the next token, or by its key."""
        self._begun, self._opening = None, False
        self._shown = self._asked = None
        self._popup.close()

    def take_key(self, event: events.Key) -> bool:
        """Use a key for the list; False leaves it to the draft."""
        if event.character in _OPENERS and event.is_printable:
            self._opening = True
        if event.key in _OPEN_KEYS and not self.is_open:
            return self._open()
        if not self.is_open and self._begun is None and not self._opening:
            return False
        if event.key in _MOVES or event.key in ("tab", "enter", "escape", *_OPEN_KEYS):
            self._catch_up()
            return self.is_open and self._use(event.key)
        return False

    def look(self) -> None:
        """Follow the draft: open, change or close the list."""
        token = self._token()
        if token is None or token in (self._shown, self._asked):
            return
        if token.kind != "mention" or self.choices.known is None:
            self._show(token, self.choices.find(token))
            return
        self._asked = token
        # A coroutine that is cancelled before it begins would be warned about, a function is not.
        _: Worker[None] = self._editor.run_worker(partial(self._rank, token), group="completion", exclusive=True)

    async def _rank(self, token: Token) -> None:
        """Rank very many names without keeping the screen waiting."""
        found = await asyncio.to_thread(self.choices.find, token)
        if self._asked == token:
            self._show(token, found)

    def _token(self) -> Token | None:
        """Give the token at the cursor when it is one to complete; without one the list closes."""
        row, column = self._editor.cursor_location
        token = find_token(self._editor.document.get_line(row), column, first=row == 0)
        if token is not None and self._opening:
            self._begun = (row, token.start)
        self._opening = False
        if token is None or self._begun != (row, token.start) or not self._editor.selection.is_empty:
            self.stop()
            return None
        return token

    def _catch_up(self) -> None:
        """Show what belongs to the draft as it is now: a key may come before the list has followed the last one."""
        token = self._token()
        if token is not None and token != self._shown:
            self._show(token, self.choices.find(token))

    def _open(self) -> bool:
        """Open the list at the token before the cursor; False where there is none."""
        self._opening = True
        self._catch_up()
        return self.is_open

    def _show(self, token: Token, found: list[Choice]) -> None:
        """Show what was found; with nothing to choose there is no list."""
        self._shown, self._asked = token, None
        waits = token.kind == "mention" and self.choices.known is None
        if found or waits:
            title, say = _TITLES[token.kind], "the names of this repository are being read"
            # Where nothing is typed yet nothing is meant yet: Enter sends then.
            self._popup.open(found, title=title, say=say, selected=bool(token.query))
        else:
            self._popup.close()

    def _use(self, key: str) -> bool:
        """Move in the open list, choose from it or close it."""
        if key in _MOVES:
            what, by = _MOVES[key]
            (self._popup.action_move if what == "move" else self._popup.action_page)(by)
            return bool(self._popup.items)
        if key == "escape":
            self.stop()
            return True
        choice = self._popup.current
        if choice is None and key != "enter":
            self._popup.action_move_to(0)
            return bool(self._popup.items)
        return choice is not None and self.choose(choice, sends=key == "enter")

    def choose(self, choice: Choice, *, sends: bool = False) -> bool:
        """Write a choice in place of its token; False when `sends` and it stands there already, so that Enter sends."""
        token = self._shown
        if token is None:
            return False
        row, column = self._editor.cursor_location
        written = self._editor.document.get_line(row)[token.start : column]
        self.stop()
        if sends and written == choice.insert.rstrip():
            return False
        self._opening = choice.goes_on
        self._editor.replace_range(choice.insert, (row, token.start), (row, column))
        return True


_TITLES = {"mention": "files and symbols", "command": "commands", "argument": "words of this command"}
