"""The store of model files: content-addressed files and one passport each.

    models/files/SHA256.gguf
    models/passports/SHA256.json

A model counts as stored when its passport is there, and the passport is written last and in one step. A part that a
crash leaves behind is swept away by the next `add`.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal

from localdev.core.errors import ModelError, NotFound, UsageError
from localdev.core.events import Progress
from localdev.core.files import locked, storage_error
from localdev.core.folders import ensure
from localdev.core.ports import ProgressSink
from localdev.models.gguf import GgufHeader, read_header
from localdev.models.passport import Passport, read_passport, write_passport

Mode = Literal["link", "copy"]

_BLOCK = 4 << 20
_SHORTEST_PREFIX = 6  # of a digest; shorter ones are too easily a name
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP}
_PART = ".part"


class ModelStore:
    """The models kept in one folder. Adding takes a lock; reading needs none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = folder / "files"
        self._passports = folder / "passports"

    def add(self, path: Path, *, mode: Mode = "link", name: str = "", progress: ProgressSink | None = None) -> Passport:
        """Store a GGUF file and give its passport.

        `mode` link makes a hard link where the file system allows it and copies otherwise; copy always copies. A model
        that is stored already is not stored twice, but put in order where its stored file was changed. An empty name
        is made from the file's.

        Raises:
            NotFound, ModelError: what `read_header` says of the file.
            UsageError: the name is taken by another model or holds nothing to make a name of, or the model has another.
            StorageError: the store cannot be written; nothing is half stored.
        """
        _refuse_other_kinds(path, read_header(path))
        wanted = slug(name or path.stem)
        if not wanted:
            raise UsageError(
                f"{name or path.name!r} holds no letter or digit to make a name of", "give one: --name NAME"
            )
        with locked(self._folder / "lock"):
            self._sweep()
            known = {passport.digest: passport for passport in self.list()}
            same = next((each for each in known.values() if _same_file(each, path)), None)
            if same is not None:
                return _of_name(same, wanted if name else "")
            with self._brought_in(path, mode, progress) as (part, digest, how):
                if digest in known:
                    stored = _of_name(known[digest], wanted if name else "")
                    if self._is_whole(stored, progress):
                        return stored
                    return self._install(part, digest, stored.name, how=how, source=path)
                self._refuse_taken(wanted, digest)
                return self._install(part, digest, wanted, how=how, source=path)

    def list(self) -> list[Passport]:
        """Give the passports of all stored models, sorted by name."""
        found = [read_passport(path, self._file(path.stem)) for path in self._passports.glob("*.json")]
        return sorted(found, key=lambda passport: passport.name)

    def find(self, model: str) -> Passport:
        """Give the stored model with this name, digest (or at least six digits of it), or path of a stored file.

        Raises:
            NotFound: there is none; the names there are, are listed.
            UsageError: the digits fit several.
        """
        passports = self.list()
        for passport in passports:
            if model == passport.name:
                return passport
        for passport in passports:
            if _same_file(passport, Path(model)):
                return passport
        digits = model.lower().removeprefix("sha256:")
        fitting = [each for each in passports if len(digits) >= _SHORTEST_PREFIX and each.digest.startswith(digits)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            names = ", ".join(f"{each.name} ({each.digest[:12]})" for each in fitting)
            raise UsageError(f"{model!r} fits several models: {names}", "give the name or more digits")
        known = ", ".join(each.name for each in passports) or "none yet"
        raise NotFound(f"no model named {model!r}; known models: {known}", "add one: `localdev models add FILE.gguf`")

    def checked_file(self, passport: Passport, progress: ProgressSink | None = None) -> Path:
        """Give the path of a stored model, to be called before it is opened, after a cheap look for changes.

        While size and time stamp are those of the passport the file is taken for unchanged; otherwise its digest is
        computed again. This leaves open: a change that keeps the size and sets the time stamp back, a disk that
        returns other bytes than were written, and a change between this check and the loading. Reading the whole file
        at every start would find the first two, at the cost of seconds per gigabyte.

        Raises:
            ModelError: the file was changed or is gone.
        """
        hint = (
            "`localdev models add FILE.gguf` with a good copy puts it in order, "
            f"`localdev models remove {passport.name}` forgets it; the stored file is {passport.file}"
        )
        try:
            stat = passport.file.stat()
            if (stat.st_size, stat.st_mtime_ns) == (passport.size, passport.mtime_ns):
                return passport.file
            digest = _digest(passport.file, progress) if stat.st_size == passport.size else ""
        except OSError as error:
            raise ModelError(f"the stored model {passport.name} cannot be read: {error.strerror}", hint) from error
        if digest != passport.digest:
            raise ModelError(f"the stored model {passport.name} was changed since it was added", hint)
        write_passport(self._passport(passport.digest), replace(passport, mtime_ns=stat.st_mtime_ns))
        return passport.file

    def remove(self, model: str) -> Passport:
        """Forget a model and remove the stored file; a file elsewhere that it was linked from stays.

        Raises:
            NotFound, UsageError: what `find` says.
            StorageError: something of it cannot be removed.
        """
        with locked(self._folder / "lock"):
            passport = self.find(model)
            try:
                # The passport first: without it the file counts as not stored, never the other way round.
                self._passport(passport.digest).unlink()
                passport.file.unlink(missing_ok=True)
            except OSError as error:
                raise storage_error(self._folder, error, "remove from") from error
        return passport

    def _is_whole(self, passport: Passport, progress: ProgressSink | None) -> bool:
        """Say whether the stored file, read to the end, is what its passport says; its time stamp is renewed if so."""
        try:
            whole = _digest(passport.file, progress) == passport.digest
        except OSError:
            return False
        return whole and bool(self.checked_file(passport, progress))

    def _file(self, digest: str) -> Path:
        """Give the place of a model file."""
        return self._files / f"{digest}.gguf"

    def _passport(self, digest: str) -> Path:
        """Give the place of a passport."""
        return self._passports / f"{digest}.json"

    def _sweep(self) -> None:
        """Remove what an interrupted `add` left. Called under the lock, so no part belongs to anyone.

        A whole file without a passport stays: adding the same model again takes it over.
        """
        for path in ensure(self._files).glob(f"*{_PART}"):
            with contextlib.suppress(OSError):  # what cannot be removed now is found again next time
                path.unlink()

    @contextlib.contextmanager
    def _brought_in(self, path: Path, mode: Mode, progress: ProgressSink | None) -> Iterator[tuple[Path, str, Mode]]:
        """Link or copy `path` into the store as a part, and remove the part afterwards if it is still there."""
        part = self._files / f"incoming-{os.getpid()}{_PART}"
        try:
            with contextlib.ExitStack() as cleaning:
                cleaning.callback(part.unlink, missing_ok=True)
                if mode == "link" and _link(path, part):
                    yield part, _digest(part, progress), "link"
                else:
                    yield part, _copy(path, part, progress), "copy"
        except OSError as error:
            raise storage_error(self._files, error) from error

    def _install(self, part: Path, digest: str, name: str, *, how: Mode, source: Path) -> Passport:
        """Move a part to its place and write its passport; the header is read again, from what is really stored."""
        header = read_header(part)
        file = self._file(digest)
        os.replace(part, file)
        stat = file.stat()
        passport = Passport(
            name=name,
            digest=digest,
            size=stat.st_size,
            mtime_ns=stat.st_mtime_ns,
            architecture=header.architecture,
            parameters=header.parameters,
            quantisation=header.quantisation,
            context_length=header.context_length,
            has_template=bool(header.chat_template),
            has_fim=len(header.fim_tokens) == 3,
            mode=how,
            source=str(source.absolute()),
            added=datetime.now(UTC).isoformat(timespec="seconds"),
            file=file,
        )
        write_passport(self._passport(digest), passport)
        return passport

    def _refuse_taken(self, name: str, digest: str) -> None:
        """A name stands for one model."""
        for passport in self.list():
            if passport.name == name and passport.digest != digest:
                raise UsageError(
                    f"another model is named {name!r} ({passport.digest[:12]})",
                    "give this one another name: --name NAME",
                )


def _of_name(passport: Passport, name: str) -> Passport:
    """Give the passport, unless another name is asked for: a model has one, and others may rely on it."""
    if name in ("", passport.name):
        return passport
    raise UsageError(
        f"this model is stored already, as {passport.name}",
        f"use that name, or `localdev models remove {passport.name}` and add it again",
    )


def slug(text: str) -> str:
    """Make a name of a file's: lower case letters, digits, dots and dashes (`Qwen2.5 Coder_Q4` -> qwen2.5-coder-q4)."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9.]+", "-", plain).strip("-.")


def _refuse_other_kinds(path: Path, header: GgufHeader) -> None:
    """Adapters, projectors and importance matrices are GGUF files too, and not models."""
    if header.kind != "model" or not header.tensor_count:
        raise ModelError(f"{path} holds no model but: {header.kind}", "add the base model's GGUF file")


def _same_file(passport: Passport, path: Path) -> bool:
    """Say whether `path` is the stored file itself, unchanged, so that its digest need not be computed."""
    try:
        stored, other = passport.file.stat(), path.stat()
    except (OSError, ValueError):  # ValueError: a zero byte in what was meant as a name
        return False
    unchanged = (stored.st_size, stored.st_mtime_ns) == (passport.size, passport.mtime_ns)
    return unchanged and os.path.samestat(stored, other)


def _link(path: Path, part: Path) -> bool:
    """Make a hard link; False where the file system or its rules do not allow one."""
    try:
        os.link(path.resolve(), part)
    except OSError as error:
        if error.errno in _NO_LINK:
            return False
        raise
    return True


def _digest(path: Path, progress: ProgressSink | None) -> str:
    """Give the SHA-256 of a file in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in _blocks(file, "hash", progress):
            digest.update(block)
    return digest.hexdigest()


def _copy(path: Path, part: Path, progress: ProgressSink | None) -> str:
    """Copy a file, flush it to the disk, and give the SHA-256 of what was written."""
    digest = hashlib.sha256()
    with path.open("rb") as file, part.open("wb") as target:
        for block in _blocks(file, "copy", progress):
            digest.update(block)
            target.write(block)
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()


def _blocks(file: BinaryIO, stage: str, progress: ProgressSink | None) -> Iterator[bytes]:
    """Read a file block by block and report how far it is, in bytes."""
    total, done = os.fstat(file.fileno()).st_size, 0
    while block := file.read(_BLOCK):
        yield block
        done += len(block)
        if progress is not None:
            progress(Progress(stage, done, total, "bytes"))
