"""From token bytes to streamed text: characters that span tokens, and stop strings that span pieces."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from localdev.core.pieces import beginning_at_end


class TextAssembler:
    """Turns the bytes of tokens into text. What may still become part of a stop string is held back."""

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._stop = tuple(text for text in stop if text)
        self._pending = ""
        self.stopped = False
        self.decoded = 0  # letters so far, those held back included

    def add(self, piece: bytes) -> str:
        """Give the text that is certain after `piece`; sets `stopped` when a stop string came, which is cut off."""
        text = self._decode(piece)
        self.decoded += len(text)
        return self._release(text) if self._stop else text

    def finish(self) -> str:
        """Give what was held back, when the stream ends without a stop string."""
        if self.stopped:
            return ""
        text = self._release(self._decode(b"", True))
        rest, self._pending = self._pending, ""
        return text + rest if not self.stopped else text

    def _release(self, text: str) -> str:
        """Add `text` to what is pending and give the part in front of any stop string or beginning of one."""
        pending = self._pending + text
        found = [at for at in (pending.find(stop) for stop in self._stop) if at >= 0]
        if found:
            self.stopped, self._pending = True, ""
            return pending[: min(found)]
        keep = beginning_at_end(pending, self._stop)
        border = len(pending) - keep
        self._pending = pending[border:]
        return pending[:border]
