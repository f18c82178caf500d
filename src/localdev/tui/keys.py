"""The keys of the chat: one table of actions with their default keys, and what a user's settings change of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from textual.binding import Binding
from textual.keys import Keys, key_to_character
from textual.widgets import TextArea

from localdev.config.values import nearest
from localdev.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Action:
    """Something a key does: its id (in `chat.keys` and as a binding's id), default keys and what it does in words."""

    id: str
    keys: str
    description: str


# Chosen so that they arrive over SSH and inside tmux and screen (no prefix ctrl+a or ctrl+b), stop no terminal's output
# (no ctrl+s, ctrl+q), and edit no text in the composer. Letters with alt are for what the palette and commands do too,
# since some terminals keep alt for themselves; f11 and f12 belong to window managers.
ACTIONS: tuple[Action, ...] = (
    Action("send", "enter", "Send"),
    Action("newline", "shift+enter,alt+enter,ctrl+j", "New line"),
    Action("cancel", "escape", "Stop the answer, or close"),
    Action("quit", "f10,alt+q", "Leave the chat"),
    Action("help", "f1,alt+h", "Help on what has the focus"),
    Action("palette", "ctrl+p", "All commands"),
    Action("focus_composer", "f2", "Go to the question"),
    Action("focus_transcript", "f3", "Go to the conversation"),
    Action("focus_sources", "f4", "Go to the sources"),
    Action("toggle_sources", "ctrl+t", "Show or hide the sources"),
    Action("older_turn", "alt+up,ctrl+up", "Mark the turn before"),
    Action("newer_turn", "alt+down,ctrl+down", "Mark the turn after"),
    Action("copy_answer", "alt+c", "Copy the answer"),
    Action("copy_code", "alt+k", "Copy the code of the answer"),
    Action("open_preview", "alt+p", "Show a source with its lines"),
    Action("open_editor", "alt+o", "Open a source in the editor"),
    Action("sessions", "ctrl+o", "Sessions"),
    Action("new_session", "ctrl+n", "New session"),
    Action("pick_model", "alt+m", "Choose the model"),
    Action("pick_adapter", "alt+a", "Choose the adapter"),
    Action("review", "alt+r", "Review the changes"),
    Action("commit", "alt+g", "Commit what is staged"),
    Action("undo", "alt+u", "Take the last patch back"),
    Action("theme", "alt+d", "Dark or light"),
    Action("search_history", "ctrl+r", "Search earlier questions"),
    Action("retry", "f5", "Ask again"),
)
BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}

# The id of the bindings that close something; no action of its own, so that it cannot be lost.
CLOSE = "close"

# What terminals send for these is the same byte as for another key, so an action on them would take that one's place.
_SAME_BYTE = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+[": "escape"}
_MODIFIERS = ("ctrl", "alt", "shift", "super")
_EDITING = frozenset(
    binding.key for binding in Binding.make_bindings(TextArea.BINDINGS) if not binding.key.startswith("super+")
) | {"tab", "shift+tab", "space"}


def bind(action_id: str, does: str, *, show: bool = False, priority: bool = False) -> Binding:
    """Make the binding of an action of the table: `does` is Textual's action string; a keymap finds it by its id."""
    action = BY_ID[action_id]
    return Binding(action.keys, does, action.description, show=show, priority=priority, id=action.id)


def bind_close(description: str = "Close", *, show: bool = False) -> Binding:
    """Make the binding that closes a dialog or a screen: Escape, and what the user has set for `cancel` besides."""
    return Binding("escape", "close", description, show=show, id=CLOSE)


def keymap(keys: Mapping[str, str]) -> dict[str, str]:
    """Give the keys of all bindings by their ids, for Textual; whatever `cancel` is, Escape is a way out of dialogs."""
    closing = dict.fromkeys([*keys["cancel"].split(","), "escape"])
    return {**keys, CLOSE: ",".join(closing)}


def worded(text: str, keys: Mapping[str, str]) -> str:
    """Give a hint or a help, which name default keys, with the keys that the user has set instead.

    Enter stays: it is the key of lists and fields too.
    """
    for action in ACTIONS:
        new = keys.get(action.id, action.keys)
        if new == action.keys or action.id in ("send", "newline"):
            continue
        for key in action.keys.split(","):
            names = "esc(?:ape)?" if key == "escape" else re.escape(key)
            text = re.sub(rf"(?<![\w+]){names}(?![\w+])", key_name(new.partition(",")[0]), text, flags=re.IGNORECASE)
    return text


def key_name(key: str) -> str:
    """Give a key as people write it: Ctrl+G."""
    return "+".join(part if part.isupper() else part.capitalize() for part in key.split("+"))


def read_keys(changes: Iterable[str] = ()) -> dict[str, str]:
    """Give every action's keys, comma-separated, after the changes of `chat.keys` (`ACTION=KEY`).

    An action that is named twice gets both keys; the defaults of one that is named are gone.

    Raises:
        ConfigError: an unknown action or key, a key that types or edits text, or one key for two actions.
    """
    chosen: dict[str, list[str]] = {}
    for change in changes:
        name, found, key = (part.strip() for part in change.partition("="))
        if not found or not name or not key:
            raise ConfigError(f"chat.keys: {change!r} is not ACTION=KEY", "an example: cancel=ctrl+g")
        if name not in BY_ID:
            close = nearest(name, BY_ID)
            hint = f"did you mean {close}?" if close else "actions: " + ", ".join(BY_ID)
            raise ConfigError(f"chat.keys: there is no action {name}", hint)
        chosen.setdefault(name, []).append(_usable(key.lower(), change))
    keys = {action.id: ",".join(chosen.get(action.id, [action.keys])) for action in ACTIONS}
    _refuse_clashes(keys)
    return keys


def _usable(key: str, change: str) -> str:
    """Give the key when an action can have it."""
    *modifiers, last = key.split("+")
    where = f"chat.keys: {change}"
    if any(modifier not in _MODIFIERS for modifier in modifiers) or not _is_key(last):
        raise ConfigError(f"{where}: there is no key {key}", "keys look like f5, escape, ctrl+g, alt+m, shift+enter")
    if key in _SAME_BYTE:
        raise ConfigError(f"{where}: terminals send {key} as {_SAME_BYTE[key]}", "choose another key")
    if set(modifiers) <= {"shift"} and _types(last):
        raise ConfigError(
            f"{where}: {key} types a character", f"add ctrl or alt: {change.partition('=')[0]}=alt+{last}"
        )
    if key in _EDITING:
        raise ConfigError(f"{where}: {key} edits text in the composer", "choose another key")
    return key


def _is_key(name: str) -> bool:
    """Tell whether this is the name of a key without its modifiers."""
    return len(name) == 1 or name in {each.value for each in Keys}


def _types(name: str) -> bool:
    """Tell whether the key alone puts a character into the text."""
    character = key_to_character(name)
    return len(name) == 1 or (character is not None and character.isprintable())


def _refuse_clashes(keys: Mapping[str, str]) -> None:
    """Raise when two actions have one key: the second would never be reached."""
    holders: dict[str, str] = {}
    for action, names in keys.items():
        for key in names.split(","):
            if key in holders:
                what = f"chat.keys: {key} is the key of both {holders[key]} and {action}"
                raise ConfigError(what, f"give one of them another key, such as {action}=alt+j")
            holders[key] = action


def overview(keys: Mapping[str, str], ids: Collection[str] | None = None) -> list[tuple[str, str]]:
    """Give (keys for people, what they do) of every action, or of those named, in the table's order."""
    return [
        (", ".join(keys[action.id].split(",")), action.description)
        for action in ACTIONS
        if ids is None or action.id in ids
    ]
