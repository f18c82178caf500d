"""Pulling models from a hub into the store: with `pulling_ollama` the one use of a network.

Each host beyond this machine has to stand in `egress.allow`, where a hub sends us on to as well as the hub itself; the
guard lets just that host through while it is spoken to, and the journal holds every connection and every pull.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from localdev.app.pulling_left import PARTS, WANTED, size_of
from localdev.app.pulling_ways import Gate, guarded, write_down
from localdev.app.remote import Contact
from localdev.core.errors import Busy, DiskFull, LocaldevError, ModelError, StorageError, UsageError
from localdev.core.events import Notice
from localdev.core.files import write_atomic
from localdev.core.folders import ensure
from localdev.core.sizes import sized

if TYPE_CHECKING:
    from localdev.config.settings import Settings
    from localdev.core.folders import Folders
    from localdev.core.ports import ProgressSink
    from localdev.models.hub.client import HubClient, Waits
    from localdev.models.hub.listing import HubModel, HubRepository
    from localdev.models.hub.sources import HubSource
    from localdev.models.passport import Passport
    from localdev.models.store import Adding, ModelStore
    from localdev.models.vetting.vet import Vetted

_HEAD = "head.gguf"
# Headers of known models have at most some 20 MB (the vocabulary); what has not ended by then is vetted as a whole.
_LONGEST_HEAD = 64 << 20
_HOLE = 1 << 20  # bytes, more than any file system gives a file that holds none
_LONGEST_NAME = 100  # of the 255 that most file systems allow
# Room for passports, the journal and whatever else writes while gigabytes come.
_SPARE = 64_000_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """A model that was pulled: its passport, how many bytes came over the network, and in how many seconds."""

    passport: Passport
    received: int
    seconds: float


class HubPull:
    """One pull from a hub: look, choose, prepare, fetch. Close it at the end."""

    def __init__(
        self, source: HubSource, settings: Settings, folders: Folders, *, contact: Contact, token: str
    ) -> None:
        """Take what is wanted; nothing is connected to yet.

        Raises:
            ConfigError: the address of the hub, or the token, cannot be one.
        """
        from localdev.models.hub.client import HubClient, Waits
        from localdev.models.store import ModelStore

        self.source = source
        self.contact = contact
        waits = Waits(connect=settings.remote.connect_seconds, gap=settings.remote.gap_seconds)
        gate = Gate(settings.egress.allow, contact)
        self.client: HubClient = HubClient(settings.remote.hub_url, gate, token=token, waits=waits)
        self._store: ModelStore = ModelStore(folders.models)

    @property
    def hub(self) -> str:
        """The hub's address."""
        return self.client.url

    def named(self, model: HubModel) -> str:
        """Name a model of the repository as a passport does, and as it can be pulled again."""
        return str(replace(self.source, file=model.path))

    def look(self) -> HubRepository:
        """Ask the hub what the repository holds, and at which commit.

        Raises:
            LocaldevError: it cannot be asked, or has no such repository or revision.
        """
        from localdev.models.hub.listing import read_listing

        with self._telling():
            return read_listing(_answer(self.client, self.source, self.tell), self.source.repository)

    def stored(self, model: HubModel, name: str) -> Passport | None:
        """Give the passport of a model that is in the store already, by its digest; None where it is damaged there.

        What a process left that was killed when all of it was stored is removed.

        Raises:
            UsageError: it is stored under another name than the `name` that is asked for.
        """
        from localdev.models.names import slug

        found = self._known(model)
        if found is None:
            return None
        if name and slug(name) != found.name:
            raise UsageError(
                f"this model is stored already, as {found.name}",
                f"use that name, or `localdev models remove {found.name}` and pull it again",
            )
        if not found.seems_whole():
            return None
        with contextlib.suppress(Busy), self._store.staging(self._key(model.path)):
            pass
        return found

    def _known(self, model: HubModel) -> Passport | None:
        """Give the passport of a model, whatever became of its files."""
        return next((each for each in self._store.list() if each.digest == model.digest), None)

    def discard(self) -> int:
        """Remove what came of a pull that did not end well, and give how many bytes that were; nothing is asked.

        Raises:
            UsageError: the source names no file.
            Busy: another process pulls it.
            StorageError: the store cannot be written.
        """
        if not self.source.file:
            raise UsageError(
                f"{self.source} names no file, and the hub is not asked which is meant",
                "`localdev models list` names unfinished pulls as they are discarded",
            )
        with self._staged(self.source.file) as place:
            return size_of(place)

    def _key(self, path: str) -> str:
        """Name a download by the path of its first file, so that the next one of the same model goes on with it."""
        return f"{self.hub} {self.source.repository} {path}"

    @contextlib.contextmanager
    def prepared(self, repository: HubRepository, model: HubModel, name: str) -> Iterator[Prepared]:
        """Give the download made ready: the name is free, and there is room for it; what came earlier is kept.

        Raises:
            UsageError: another model has the name.
            DiskFull: there is no room, and how much is missing.
            Busy: another process pulls the same.
            StorageError: the store cannot be written.
        """
        self._refuse_taken(name, model)
        with self._staged(model.path) as place:
            prepared = Prepared(self, repository, model, place)
            prepared.take_over()
            _refuse_too_large(place, model.size - prepared.there)
            with self._telling():
                yield prepared

    @contextlib.contextmanager
    def _staged(self, path: str) -> Iterator[Path]:
        """Give the place where a download lies until it is stored."""
        with contextlib.ExitStack() as held:
            try:
                place = held.enter_context(self._store.staging(self._key(path)))
            except Busy as error:
                raise Busy(
                    f"{path} is being pulled already, by another process",
                    "wait for it to end; what it brings is then there, or gone on with by the same command",
                ) from error
            yield place

    def install(self, model: HubModel, path: Path, adding: Adding, progress: ProgressSink) -> Passport:
        """Vet and store what was fetched; the store reads it from the disk, and that is held to the hub's digest, too.

        Raises:
            LocaldevError: what the store says, or the disk holds something other than what came; nothing is stored.
        """
        passport = self._store.add(path, adding, progress)
        if model.digest and passport.digest != model.digest:
            self._store.remove(passport.digest)
            raise StorageError(
                f"what was written of {model.path} reads back differently; it was removed", "check the disk, pull again"
            )
        return passport

    def tell(self, text: str) -> None:
        """Say something that the user should know."""
        self.contact.tell(Notice("info", text))

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _refuse_taken(self, name: str, model: HubModel) -> None:
        """Say before gigabytes come, and not after, that there is no name, or that it is another model's."""
        from localdev.models.names import name_for

        wanted = name_for(name or _short_name(model), Path(model.path))
        if model.digest and self._known(model) is None:  # else it may be, or is, the very model of that name
            self._store.refuse_taken(wanted)

    def _telling(self) -> AbstractContextManager[None]:
        """Write down what the guard refuses inside."""
        return guarded(self.contact)


class Prepared:
    """A download that can begin; `there` counts the bytes that an earlier one left."""

    def __init__(self, pull: HubPull, repository: HubRepository, model: HubModel, place: Path) -> None:
        self._pull, self._repository, self._model, self._place = pull, repository, model, place
        self._parts = place / PARTS
        self._received = 0
        self.there = 0

    def take_over(self) -> None:
        """See what an earlier download left; where the repository has other files by now, that is removed."""
        wanted = [file.sha256 or file.blob for file in self._model.files]
        record = self._place / WANTED
        try:
            left = json.loads(record.read_bytes())["files"]
        except (OSError, ValueError, KeyError, TypeError):
            left = None
        if left != wanted:
            shutil.rmtree(self._parts, ignore_errors=True)
        ensure(self._parts)
        entry = {"source": self._pull.named(self._model), "commit": self._repository.commit, "files": wanted}
        write_atomic(record, json.dumps(entry).encode())
        self.there = sum(path.stat().st_size for path in self._paths() if path.exists())

    def fetch(self, adding: Adding, progress: ProgressSink) -> Fetched:
        """Fetch all files, check their digests, vet the model and store it.

        Raises:
            LocaldevError: it cannot be had, or is refused; nothing is stored. What came of a file that may yet turn
                out to be right stays for the next time.
        """
        started = time.monotonic()
        entry: dict[str, Any] = {
            "source": self._pull.named(self._model),
            "hub": self._pull.hub,
        }
        entry |= {"commit": self._repository.commit, "licence": self._repository.licence, "outcome": "cancelled"}
        try:
            passport = self._fetch(adding, progress)
            entry.update(outcome="ok", digest=passport.digest, name=passport.name)
        except LocaldevError as error:
            entry.update(outcome="failed", error=error.code)
            raise
        finally:
            seconds = time.monotonic() - started
            write_down(self._pull.contact, "pull", received=self._received, seconds=round(seconds, 1), **entry)
        return Fetched(passport, self._received, seconds)

    def _fetch(self, adding: Adding, progress: ProgressSink) -> Passport:
        """Fetch one file after another, then store them."""
        from localdev.models.hub.download import Told, Wanted, fetch
        from localdev.models.passport import Source
        from localdev.models.vetting.vet import vet

        model, before = self._model, 0
        # Of a split model the first part alone cannot be read.
        look = self._looker(adding.accept, model.size) if len(model.files) == 1 else None
        for file, path in zip(model.files, self._paths(), strict=True):
            told = Told(progress, self._pull.tell, look, self._count, before=before, total=model.size)
            fetch(self._pull.client, Wanted(self._repository.name, self._repository.commit, file), path, told)
            before += file.size
        source = Source("hub", self._pull.named(model), revision=self._repository.commit, at=self._pull.hub)
        adding = replace(adding, mode="move", source=source, licence=self._repository.licence)
        first = self._paths()[0]
        vetted = vet(first, adding.accept)
        try:
            _refuse(vetted, model.path)
        except ModelError:
            if not vetted.overruling():
                shutil.rmtree(self._parts, ignore_errors=True)  # it would be refused the next time as well
            raise
        return self._pull.install(model, first, adding, progress)

    def _count(self, arrived: int) -> None:
        """Count what comes over the network, for the journal's line about a pull that does not end well, too."""
        self._received += arrived

    def _looker(self, accept: Sequence[str], size: int) -> Callable[[Path, int], bool]:
        """Give what vets the head of a file of `size` bytes before the rest comes."""

        def look(path: Path, have: int) -> bool:
            if have > _LONGEST_HEAD:
                return True
            return vets_head(path, have, size, head=self._place / _HEAD, accept=accept, what=self._model.path)

        return look

    def _paths(self) -> list[Path]:
        """Give the places of the files on their way, with names of ours: the hub's may be none on this system."""
        name, count = _short_name(self._model) or "model", len(self._model.files)
        if count == 1:
            return [self._parts / f"{name}.gguf"]
        return [self._parts / f"{name}-{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1)]


def _short_name(model: HubModel) -> str:
    """Give the name that the store makes of a model's, not longer than names of files may be."""
    from localdev.models.names import slug

    return slug(slug(model.stem)[:_LONGEST_NAME])


def vets_head(path: Path, have: int, size: int, *, head: Path, accept: Sequence[str], what: str) -> bool:
    """Vet the first `have` bytes of a file that will have `size`; False where its header is not whole yet.

    They are copied to `head`, which is then given the full size without being written: vetting reads headers, never
    weights. Only what was read out of the bytes that are there counts, so nothing is refused for what has not come.

    Raises:
        ModelError: what the header holds is refused.
    """
    from localdev.models.vetting.vet import vet

    try:
        with path.open("rb") as source, head.open("wb") as target:
            if not _keeps_holes(target):
                return True
            target.write(source.read(have))
            target.truncate(size)
        vetted = vet(head, accept)
    except (OSError, StorageError):
        return True  # no room for such a file: the model is vetted when it is whole
    finally:
        head.unlink(missing_ok=True)
    if vetted.model is None or vetted.model.header.data_offset > have:
        return have >= size
    _refuse(vetted, f"{what}, of which only the head was fetched," if have < size else what)
    return True


def _keeps_holes(file: BinaryIO) -> bool:
    """Say whether an empty file can be made longer without being written; FAT and exFAT write gigabytes of zeros."""
    file.truncate(_HOLE)
    return getattr(os.fstat(file.fileno()), "st_blocks", 0) * 512 < _HOLE  # Windows tells no blocks and writes none


def _refuse(vetted: Vetted, what: str) -> None:
    """Refuse what vetting refuses, and what is no model: adapters and projectors are GGUF files too."""
    from localdev.models.vetting.unseen import refusal_unseen

    if vetted.refusal() is not None or vetted.model is None:
        raise refusal_unseen(what, vetted)
    header = vetted.model.header
    if header.kind != "model" or not header.tensor_count:
        said = header.kind if header.kind != "model" else "no weights"
        raise ModelError(f"{what} holds no model but: {said}", "pull the model itself; an adapter is added from a file")


def _answer(client: HubClient, source: HubSource, tell: Callable[[str], None]) -> Any:
    """Ask the hub about a repository, again after passing trouble, but not for long: nothing has begun yet."""
    from urllib.parse import quote

    from localdev.models.hub.client import patiently
    from localdev.models.hub.faults import Asked

    path = f"/api/models/{source.repository}"
    if source.revision:
        path += f"/revision/{quote(source.revision, safe='')}"
    answers: list[Any] = []

    def ask() -> None:
        answers.append(client.answer(f"{path}?blobs=true", Asked(source.repository, with_token=client.with_token)))

    waits: Waits = replace(client.waits, tries=min(2, client.waits.tries))
    patiently(ask, waits, tell, got=lambda: 0)
    return answers[0]


def _refuse_too_large(place: Path, missing: int) -> None:
    """Refuse what there is no room for."""
    try:
        free = shutil.disk_usage(place).free
    except OSError:
        return
    short = missing + _SPARE - free
    if short > 0:
        beside = f"{sized(_SPARE)} are to stay free beside them"
        raise DiskFull(
            f"{sized(missing)} are to come and {beside}, but {sized(free)} are free on the disk of {place.parents[1]}",
            f"free at least {sized(_rounded_up(short))}, or move localdev's files: LOCALDEV_HOME",
        )


def _rounded_up(count: int) -> int:
    """Give a number of bytes that is not less when it is written for people."""
    step = 10**8 if count >= 9e8 else 10**6
    return -(-count // step) * step
