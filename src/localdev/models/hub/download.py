"""Fetching one file: from where an earlier try stopped, held to the size and the digest that the hub named."""

from __future__ import annotations

import hashlib
import os
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from localdev.core.errors import BackendError, ModelError
from localdev.core.events import Progress
from localdev.core.files import storage_error
from localdev.core.ports import ProgressSink
from localdev.models.hub.client import HubClient, Reply, patiently
from localdev.models.hub.faults import Asked, Passing
from localdev.models.hub.listing import HubFile

_BLOCK = 4 << 20
_MAGIC = b"GGUF"
_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)", re.ASCII)
_AGAIN = "pull again: it goes on where it was"
_NOT_THE_FILE = "pull again; if it says the same, the hub or a mirror before it is at fault"

# Looks at what has come of a file (path, bytes) and says whether it has seen enough.
Look = Callable[[Path, int], bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of a repository at a commit."""

    repository: str
    commit: str
    file: HubFile


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told: of progress, and of what a user should know. `look` sees the file's head before the rest comes.

    `arrived` hears how many bytes have just come over the network, whatever becomes of them. `before` and `total` count
    the bytes of the other files of the same model, so that progress is of all of them.
    """

    progress: ProgressSink
    notice: Callable[[str], None]
    look: Look | None = None
    arrived: Callable[[int], None] = lambda _count: None
    before: int = 0
    total: int = 0


def fetch(client: HubClient, wanted: Wanted, path: Path, told: Told) -> int:
    """Bring a file to `path`, going on with what is there, and give how many bytes came; its digest is the hub's.

    Raises:
        LocaldevError: it cannot be had; what came stays for the next time, unless it was found to be wrong.
        ModelError: what came is not what the hub named, or `look` refuses it; it is removed.
        StorageError: it cannot be written.
    """
    download = _Download(client, wanted, path, told)
    try:
        download.take_stock()
        patiently(download.run, client.waits, told.notice, got=lambda: download.furthest)
        download.check()
        return download.received
    except ModelError:
        path.unlink(missing_ok=True)
        raise
    except OSError as error:
        raise storage_error(path, error) from error


class _Download:
    """One file on its way: `received` counts the bytes that came, `furthest` how many of the file were there at best.

    The two differ where a server begins anew each time, which is no progress however much comes.
    """

    def __init__(self, client: HubClient, wanted: Wanted, path: Path, told: Told) -> None:
        self._client, self._wanted, self._path, self._told = client, wanted, path, told
        self._file = wanted.file
        self._asked = Asked(wanted.repository, self._file.path, client.with_token)
        self._hash = self._new_hash()
        self._done = 0
        self._refused_range = False
        self._look_at = 0 if told.look else self._file.size + 1
        self.received = self.furthest = 0

    def take_stock(self) -> None:
        """Hash what is there already; more than the file has is none of it."""
        if not self._path.exists():
            return
        if self._path.stat().st_size > self._file.size:
            self._path.unlink()
            return
        with self._path.open("rb") as file:
            while block := file.read(_BLOCK):
                self._hash.update(block)
                self._done += len(block)
                self._told.progress(Progress("checking what is there", self._done, self._path.stat().st_size, "bytes"))
        if self._done:
            self._look()

    def run(self) -> None:
        """Ask for what is missing and write it."""
        if self._done == self._file.size and self._path.exists():
            return
        with self._client.opened(self._url(), self._asked, offset=self._done) as reply:
            self._check_identity(reply)
            if reply.status == 416:
                self._start_again(reply, "knows no such part of it")
            self._check_start(reply)
            with self._path.open("ab") as file:
                for piece in reply.pieces():
                    self._take(piece, file, reply)
                file.flush()
                os.fsync(file.fileno())  # a passport that outlives a power cut must not stand for bytes that did not
        if self._done < self._file.size:
            missing = self._file.size - self._done
            raise Passing(BackendError(f"{self._file.name} ended {missing} bytes too early", _AGAIN))

    def check(self) -> None:
        """Compare the digest of what came with the hub's."""
        if self._hash.hexdigest() != (self._file.sha256 or self._file.blob):
            raise ModelError(
                f"{self._file.name} came with another digest than the hub names; it was removed", _NOT_THE_FILE
            )

    def _take(self, piece: bytes, file: BinaryIO, reply: Reply) -> None:
        """Write a piece, as far as it belongs to the file."""
        self._told.arrived(len(piece))
        if self._done + len(piece) > self._file.size:
            what = f"{reply.origin} sends more than the {self._file.size} bytes of {self._file.name}"
            raise ModelError(what, _NOT_THE_FILE)
        if self._done < len(_MAGIC):
            start = max(0, len(_MAGIC) - self._done)
            if piece[:start] != _MAGIC[self._done : self._done + len(piece[:start])]:
                what = f"{reply.origin} sends something other than a GGUF file for {self._file.name}"
                raise ModelError(what, _NOT_THE_FILE)
        file.write(piece)
        self._hash.update(piece)
        self._done += len(piece)
        self.received += len(piece)
        self.furthest = max(self.furthest, self._done)
        told = self._told
        told.progress(Progress("pulling", told.before + self._done, told.total or self._file.size, "bytes"))
        if self._done >= self._look_at:
            file.flush()
            self._look()

    def _look(self) -> None:
        """Have the head looked at; where it is not whole yet, again when twice as much is there."""
        look = self._told.look
        if look is not None and self._done >= self._look_at:
            seen = look(self._path, self._done)
            self._look_at = self._file.size + 1 if seen else max(1 << 20, 2 * self._done)

    def _check_identity(self, reply: Reply) -> None:
        """Compare what the hub says of the file with what it said before.

        Raises:
            BackendError: it is another one by now, or what comes is a page or compressed.
        """
        commit, size = reply.linked.get("x-repo-commit", ""), reply.linked.get("x-linked-size", "")
        etag = reply.linked.get("x-linked-etag", "").removeprefix("W/").strip('"')
        known = {"", self._file.sha256, self._file.blob} if etag else {""}
        if commit not in ("", self._wanted.commit) or etag not in known or size not in ("", str(self._file.size)):
            raise BackendError(f"the hub names another file now for {self._file.path}", "pull again: it is asked anew")
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "text/html":
            raise BackendError(f"{reply.origin} sends a page (HTML) instead of {self._file.name}", _NOT_THE_FILE)
        coding = reply.headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("", "identity") and reply.status != 416:
            raise BackendError(f"{reply.origin} sends {self._file.name} compressed ({coding}), unasked", _NOT_THE_FILE)

    def _check_start(self, reply: Reply) -> None:
        """See where the answer begins and how long it says it is.

        Raises:
            BackendError: that is not what was asked for.
        """
        size = self._file.size
        if reply.status == 200:
            if self._done:
                self._told.notice(f"{reply.origin} sends parts of no file: {self._file.name} is fetched from its start")
                self._reset()
            expected = size
        else:
            found = _RANGE.fullmatch(reply.headers.get("content-range", "").strip())
            right = (self._done, size - 1, str(size)), (self._done, size - 1, "*")
            if not found or (int(found[1]), int(found[2]), found[3]) not in right:
                raise BackendError(
                    f"{reply.origin} sends another part of {self._file.name} than was asked for", _NOT_THE_FILE
                )
            expected = size - self._done
        length = reply.headers.get("content-length", "")
        if length and length != str(expected):
            raise BackendError(
                f"{reply.origin} says that {self._file.name} has {length} bytes to come, the hub says {expected}",
                _NOT_THE_FILE,
            )

    def _start_again(self, reply: Reply, why: str) -> None:
        """Give up what is there, once: it may be what the server does not know of."""
        if self._refused_range:
            raise BackendError(f"{reply.origin} refuses every part of {self._file.name}", _NOT_THE_FILE)
        self._refused_range = True
        self._reset()
        raise Passing(
            BackendError(f"{reply.origin} {why}: {self._file.name} is fetched from its start", _NOT_THE_FILE), wait=0.0
        )

    def _reset(self) -> None:
        """Forget what is there."""
        self._path.unlink(missing_ok=True)
        self._hash, self._done = self._new_hash(), 0

    def _new_hash(self) -> hashlib._Hash:
        """Begin the digest that the hub names: of the content, or as git counts it."""
        if self._file.sha256:
            return hashlib.sha256()
        return hashlib.sha1(b"blob %d\0" % self._file.size, usedforsecurity=False)

    def _url(self) -> str:
        """Give the path of the file at the commit."""
        return f"/{self._wanted.repository}/resolve/{self._wanted.commit}/{urllib.parse.quote(self._file.path)}"
