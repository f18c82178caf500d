"""How keys and pastes are read from the terminal: a paste arrives whole, and nothing in it is taken for a key."""

from __future__ import annotations

import os
import selectors
import sys
import time
from codecs import getincrementaldecoder
from collections.abc import Iterable
from typing import Final

from textual import events
from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.message import Message

# Terminals put these around what is pasted ("bracketed paste", xterm's control sequences, mode 2004).
_START: Final = "\x1b[200~"
_END: Final = "\x1b[201~"
_ALT_ENTER: Final = "\x1b\r"
_READ_BYTES: Final = 65_536
# How often the thread looks whether the program ends, and how long the rest of a sequence may take.
_PAUSE_SECONDS: Final = 0.1


class PasteParser(XTermParser):
    """Textual's parser, which takes what follows an Esc within a paste for keys, Enter too, and reads pastes slowly."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._paste: list[str] | None = None
        self._held = ""
        self._held_since = 0.0

    def feed(self, data: str) -> Iterable[Message]:
        """Give the messages of what was read; "" ends it."""
        if not data:
            yield from self._let_go()
            yield from super().feed("")
            return
        data, self._held = self._held + data, ""
        while data:
            if self._paste is None:
                keys, found, data = data.partition(_START)
                if found:
                    self._paste = []
                else:
                    keys = self._hold(keys, _START)
                yield from self._keys(keys)
            else:
                text, found, data = data.partition(_END)
                self._paste.append(text if found else self._hold(text, _END))
                if found:
                    yield events.Paste("".join(self._paste).replace("\x00", ""))
                    self._paste = None

    def _keys(self, data: str) -> Iterable[Message]:
        """Read what is no paste; Alt+Enter is Esc and Enter in older terminals, which Textual would make Enter."""
        for place, keys in enumerate(data.split(_ALT_ENTER)):
            if place:
                yield events.Key("alt+enter", None)
            if keys:
                yield from super().feed(keys)

    def tick(self) -> Iterable[Message]:
        """Give what only looked like the beginning of a paste, once nothing more came."""
        if self._paste is None and self._held and time.monotonic() - self._held_since >= _PAUSE_SECONDS:
            yield from self._let_go()
        yield from super().tick()

    def _let_go(self) -> Iterable[Message]:
        """Read what was held as keys."""
        held, self._held = self._held, ""
        if held and self._paste is None:
            yield from super().feed(held)

    def _hold(self, text: str, marker: str) -> str:
        """Keep back an end of the text that may be a marker cut in two; outside a paste Esc on its own is the key."""
        if marker == _START and text == "\x1b":
            return text
        for length in range(len(marker) - 1, 0, -1):
            if text.endswith(marker[:length]):
                self._held, self._held_since = text[-length:], time.monotonic()
                return text[:-length]
        return text


def _read(terminal: int) -> bytes:
    """Read what there is; nothing where the terminal is gone."""
    try:
        return os.read(terminal, _READ_BYTES)
    except OSError:
        return b""


def driver_class() -> type[Driver] | None:
    """Give the driver that reads pastes whole; None on Windows, where Textual's own is used."""
    if sys.platform == "win32":
        return None
    from textual.drivers.linux_driver import LinuxDriver

    class PasteDriver(LinuxDriver):
        """Textual's driver for terminals with another way of reading."""

        def run_input_thread(self) -> None:
            """Read until the program ends, or the terminal; bytes that are no UTF-8 end neither."""
            parser = PasteParser(self._debug)
            decode = getincrementaldecoder("utf-8")("replace").decode
            with selectors.DefaultSelector() as selector:
                selector.register(self.fileno, selectors.EVENT_READ)
                while not self.exit_event.is_set():
                    if selector.select(_PAUSE_SECONDS):
                        data = _read(self.fileno)
                        if not data:  # no key will ever come again
                            self._app.call_later(self._app.action_quit)
                            return
                        text = decode(data)
                        for message in parser.feed(text) if text else ():
                            self.process_message(message)
                    for message in parser.tick():
                        self.process_message(message)

    return PasteDriver
