"""The command palette: everything that can be done now, found by its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from textual.app import App
from textual.binding import ActiveBinding

from localdev.app.conversation.commands import COMMANDS
from localdev.tui.dialogs.picker import Offer, Offers, Picker
from localdev.tui.keys import ACTIONS

# What only makes sense where the cursor is, or is open already.
_NOT_OFFERED = frozenset({"send", "newline", "cancel", "palette"})
_COMMAND = re.compile(r"command\('(?P<text>/[^']*)'\)")
# Actions that are commands under another name.
_SAME = {"help": "/keys", "quit": "/quit"}


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be done: how it is listed, and what does it."""

    offer: Offer
    run: Callable[[], object]


class Palette(Picker):
    """Ends with the name of the entry to be done."""

    heading = "Everything that can be done"
    placeholder = "a word of what is to be done"
    no_match = "Nothing that can be done here has these words."
    HELP: ClassVar[str] = """\
## Everything that can be done

Type a word of it: what it does, or the name of its command. A command that needs words is put into the question.

- **Up**, **Down**, **Page Up**, **Page Down**: move
- **Enter** or a click: do it
- **Escape**: close without doing anything
"""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__()
        self._entries = entries

    def begin(self) -> None:
        """Be ready at once: what is typed ahead, Enter too, must find what it means."""
        self._loaded(Offers.of(self.load()))

    def load(self) -> Sequence[Offer]:
        """Give what was found when the palette was opened."""
        return [each.offer for each in self._entries]

    def fitting(self, offers: Offers, typed: str) -> Sequence[Offer]:
        """Give those that hold the words, in their names first; with none, those whose names have the letters."""
        words = typed.lower().split()
        found = [each for each in offers.all if _holds(f"{each.name} {each.detail}", words)]
        return sorted(found, key=lambda each: not _holds(each.name, words)) or offers.fitting(typed)


async def open_palette(app: App[Any], give: Callable[[str], object] | None = None) -> None:
    """Open the palette over the screen of an app, and wait until it takes keys.

    `give` is what does a slash command where they are offered too: it is given `/name`.
    """
    found = _entries(app, give)

    def chosen(name: str | None) -> None:
        for entry in found:
            if entry.offer.name == name:
                entry.run()

    await app.push_screen(Palette(found), chosen)


def _entries(app: App[Any], give: Callable[[str], object] | None) -> list[Entry]:
    """List the actions of the table that the screen binds, the commands that are none of them, and leaving last."""
    bound: dict[str, tuple[ActiveBinding, list[str]]] = {}
    for key, active in app.screen.active_bindings.items():
        if active.binding.id and active.enabled:
            bound.setdefault(active.binding.id, (active, []))[1].append(key)
    listed: list[tuple[bool, Entry]] = []
    commands: list[str] = []
    # What stands first is what Enter does: it must be harmless.
    for action in ACTIONS:
        if action.id in bound and action.id not in _NOT_OFFERED:
            active, keys = bound[action.id]
            found = _COMMAND.fullmatch(active.binding.action)
            command = found["text"] if found else _SAME.get(action.id, "") if give else ""
            commands.append(command)
            detail = ", ".join(keys) + (f" · {command}" if command else "")
            run = partial(app.call_later, app.run_action, active.binding.action, active.node)
            listed.append((action.id == "quit", Entry(Offer(action.description, detail), run)))
    if give is not None:
        others = (each for each in COMMANDS if f"/{each.name}" not in commands)
        listed += [(False, Entry(Offer(each.usage, each.summary), partial(give, f"/{each.name}"))) for each in others]
    return [entry for _, entry in sorted(listed, key=lambda pair: pair[0])]


def _holds(text: str, words: Sequence[str]) -> bool:
    """Tell whether every word is in a text."""
    return all(word in text.lower() for word in words)
