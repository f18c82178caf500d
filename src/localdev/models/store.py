"""The store of models and adapters: content-addressed files and one passport each.

    models/files/SHA256.gguf                                  a model in one file
    models/files/SHA256/model-00001-of-00003.gguf ...         one that is split into parts
    models/passports/SHA256.json
    models/staging/                                           what is being brought in

A model counts as stored when its passport is there, and the passport is written last and in one step. What a killed
process leaves in staging is swept away by the next one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.core.errors import Busy, ModelError, NotFound, StorageError, UsageError
from localdev.core.files import locked, storage_error
from localdev.core.folders import ensure
from localdev.core.ports import ProgressSink
from localdev.models import staging
from localdev.models.checking import (
    facts_of,
    how_to_add,
    how_to_mend,
    how_to_remove,
    stamped,
    still_whole,
    vetted_anew,
)
from localdev.models.digests import digest_of_parts
from localdev.models.findings import VETTING_VERSION
from localdev.models.incoming import Wish, bring_in, give_back, settle, take_away
from localdev.models.names import name_for, refuse_taken, slug
from localdev.models.passport import Kind, Passport, Source, StoredFile, read_passport, write_passport

if TYPE_CHECKING:
    from localdev.models.gguf import GgufHeader

_SHORTEST_PREFIX = 6  # of a digest; shorter ones are too easily a name


@dataclass(frozen=True, slots=True)
class Adding:
    """How something is added, all of it optional.

    `mode` auto links where the disk allows it and copies otherwise, link never copies, and move takes the source away
    at the end. An empty `name` is made from the file's, an empty `licence` is what the file says; without a `source`
    it is the file. `accept` names the rules of vetting whose findings are accepted. `kind` is what the file must be.
    """

    mode: Wish = "auto"
    name: str = ""
    licence: str = ""
    source: Source | None = None
    accept: tuple[str, ...] = ()
    kind: Kind = "model"


class ModelStore:
    """The models kept in one folder. Changing what is there takes a lock, briefly; reading needs none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = folder / "files"
        self._passports = folder / "passports"

    def add(self, path: Path, adding: Adding | None = None, progress: ProgressSink | None = None) -> Passport:
        """Vet and store a GGUF file, or all parts of a split one (any of them, or their folder), and give its passport.

        A model that is stored already is not stored twice, but put in order where its stored files were changed, and
        made the store's own where it was linked and is now to be copied or moved.

        Raises:
            NotFound, ModelError: it cannot be read, is refused by vetting, or is of another kind; nothing is stored.
            UsageError: the name is taken by another model or holds nothing to make a name of, or the model has another.
            StorageError: the store cannot be written; nothing is half stored, and nothing is lost.
        """
        adding = adding or Adding()
        sources = _sources(path, adding)
        name = name_for(adding.name, path)
        stored = self._all()
        passport = next((each for each in stored if _same_files(each, sources)), None)
        if passport is not None and adding.mode == "copy" and passport.is_shared():
            _as_asked(passport, adding)
            passport = None  # what is stored is not the copy that is asked for
        if passport is None and _size(sources) not in {each.size for each in stored}:
            refuse_taken(name, stored)  # said now, and not after gigabytes were read
        if passport is not None:
            if _as_asked(passport, adding) != passport:
                with locked(self._folder / "lock"):
                    passport = self._kept(self.find(passport.digest, adding.kind), adding)
        else:
            with self.staging() as place:
                folder = ensure(place / "parts")
                try:
                    passport = self._brought_in(sources, folder, name, adding=adding, progress=progress)
                except BaseException:
                    if self._are_own(sources):
                        give_back(sources, folder)
                    raise
        if adding.mode == "move":
            return self._without(sources, passport)
        return passport

    def _all(self) -> list[Passport]:
        """Give all passports, sorted by name; raises ModelError where one cannot be read."""
        passports, unreadable = self.readable()
        for error in unreadable:
            raise error
        return passports

    def readable(self) -> tuple[list[Passport], list[ModelError]]:
        """Give the passports that can be read, sorted by name, and what is wrong with the others.

        It stands above `list`, below which that word means the method.
        """
        passports, unreadable = [], []
        for path in self._passports.glob("*.json"):
            try:
                passports.append(read_passport(path, self._files))
            except ModelError as error:
                if path.exists():  # else it was removed just now
                    unreadable.append(error)
        return sorted(passports, key=lambda passport: passport.name), unreadable

    def list(self, kind: Kind = "model") -> list[Passport]:
        """Give the passports of all that is stored of a kind, sorted by name.

        Raises:
            ModelError: a passport cannot be read, so that nobody knows what else is there.
        """
        return [passport for passport in self._all() if passport.kind == kind]

    def find(self, text: str, kind: Kind = "model") -> Passport:
        """Give what is stored under this digest (or at least six digits of it), name, or path of a stored file.

        A whole digest comes before a name, which its user may have made of another model's digest.

        Raises:
            NotFound: there is none; the names there are, are listed.
            ModelError: there is none among the passports that can be read.
            UsageError: the digits fit several.
        """
        every, unreadable = self.readable()
        passports = [passport for passport in every if passport.kind == kind]
        digits = text.lower().removeprefix("sha256:")
        for matches in (
            lambda passport: digits == passport.digest,
            lambda passport: text == passport.name,
            lambda passport: _same_file(passport, Path(text)),
        ):
            if found := next(filter(matches, passports), None):
                return found
        fitting = [each for each in passports if len(digits) >= _SHORTEST_PREFIX and each.digest.startswith(digits)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            names = ", ".join(f"{each.name} ({each.digest[:12]})" for each in fitting)
            raise UsageError(f"{text!r} fits several {kind}s: {names}", "give the name or more digits")
        for error in unreadable:  # it may be the one
            raise error
        known = ", ".join(each.name for each in passports) or "none yet"
        raise NotFound(f"no {kind} named {text!r}; known {kind}s: {known}", f"add one: {how_to_add(kind)}")

    def checked_file(self, passport: Passport, progress: ProgressSink | None = None) -> Path:
        """Give the path of a stored model (of its first part), to be called before it is opened.

        While size, inode, time of modification and change time (ctime) are those of the passport, a file is taken for
        unchanged; otherwise its digest is computed again, and the new stamp is kept where it is right. The change time
        is set by the system with every write and every change of an attribute, and no ordinary program sets it back:
        a changed byte is noticed although its time of modification was restored, and a hard link made or removed
        elsewhere costs one reading. On Windows, and on file systems without one (FAT, exFAT), the change time cannot be
        had, and restoring the other one goes unnoticed. This leaves open: who may set the clock or write to the raw
        disk, a disk that returns other bytes than were written, a writer that had the file mapped before it was stored,
        a change within one tick of the clock, and a change between this check and the loading, or later. Reading the
        whole file at every start would find the first three, at seconds per gigabyte.

        What older rules of vetting passed, is vetted again.

        Raises:
            ModelError: the file was changed or is gone, or is now refused.
        """
        hint = f"{how_to_mend(passport)}; the stored file is {passport.file}"
        if passport.vetting and passport.seems_whole():
            renewed = passport
        else:

            def remember(files: tuple[StoredFile, ...]) -> None:
                self._rewrite(passport, replace(passport, files=files))

            renewed = replace(passport, files=still_whole(passport, hint, progress, proven=remember))
        if passport.vetting < VETTING_VERSION:
            renewed = vetted_anew(renewed)
        self._rewrite(passport, renewed)
        return passport.file

    def remove(self, text: str, kind: Kind = "model") -> Passport:
        """Forget a model and remove its stored files; files elsewhere that they were linked from stay.

        Raises:
            NotFound, UsageError: what `find` says.
            StorageError: something of it cannot be removed.
        """
        with locked(self._folder / "lock"):
            passport = self.find(text, kind)
            try:
                # The files first: what is killed here is still listed, and leaves no gigabytes that nobody sees.
                for path in passport.paths():
                    path.unlink(missing_ok=True)
                if passport.folder != self._files:
                    shutil.rmtree(passport.folder, ignore_errors=True)
                self._passport(passport.digest).unlink()
            except OSError as error:
                raise storage_error(self._folder, error, "remove from") from error
        return passport

    def strays(self) -> tuple[Path, ...]:
        """Give what lies among the stored files and belongs to no passport, so that it takes room and is not listed.

        A process that is killed between storing a file and writing its passport leaves one, and so does removing a
        passport by hand. It is not removed by itself, as it may be the only copy: adding it takes it over.
        """
        known = {self._place(passport) for passport in self._all()}
        return tuple(sorted(path for path in self._files.glob(64 * "[0-9a-f]" + "*") if path not in known))

    def leftovers(self) -> tuple[int, int]:
        """Give the bytes that killed processes left and the next adding removes, and those of unfinished downloads."""
        return staging.leftovers(self._folder / "staging")

    @contextlib.contextmanager
    def staging(self, key: str = "") -> Iterator[Path]:
        """Give a folder on the store's disk for what is not a model yet: see `staging.staging`."""
        with staging.staging(self._folder / "staging", key) as place:
            if self._files.exists() and self._files.stat().st_dev != place.stat().st_dev:
                raise StorageError(
                    f"{self._files} lies on another disk than {place.parent}, from where files are moved there",
                    f"have all of {self._folder} on one disk: make a link of that folder itself",
                )
            yield place

    def _passport(self, digest: str) -> Path:
        """Give the place of a passport."""
        return self._passports / f"{digest}.json"

    def _place(self, passport: Passport) -> Path:
        """Give the place of its file, or of the folder of its parts."""
        return passport.folder if len(passport.files) > 1 else passport.file

    def _brought_in(
        self, sources: Sequence[Path], folder: Path, name: str, *, adding: Adding, progress: ProgressSink | None
    ) -> Passport:
        """Bring files into the empty `folder`, vet what is there, and store it."""
        from localdev.models.vetting.vet import vet_or_refuse

        mode, files = bring_in(sources, folder, adding.mode, own=self._are_own(sources), progress=progress)
        vetted = vet_or_refuse(folder / files[0].name, adding.accept)
        split = len(files) > 1
        digest = digest_of_parts([(file.name, file.digest) for file in files]) if split else files[0].digest
        passport = Passport(
            name=name,
            kind=adding.kind,
            digest=digest,
            files=files if split else (replace(files[0], name=f"{digest}.gguf"),),
            mode=mode,
            source=adding.source or Source("file", str(sources[0].absolute())),
            added=datetime.now(UTC).isoformat(timespec="seconds"),
            folder=self._files / digest if split else self._files,
            **facts_of(vetted, adding.licence),
        )
        staged = folder if split else folder / files[0].name
        with locked(self._folder / "lock"):
            known = next((each for each in self._all() if each.digest == digest), None)
            if known is None:
                self.refuse_taken(name)
                return self._install(staged, passport, files)
            _as_asked(known, adding)  # another name is refused before anything is put in order
            facts = facts_of(vetted, adding.licence or known.licence)
            if not known.seems_whole():
                return self._install(staged, replace(passport, name=known.name, **facts), files)
            if adding.mode in ("copy", "move") and known.is_shared():
                return self._install(staged, replace(known, mode=mode, files=passport.files, **facts), files)
            return self._kept(known, adding)

    def _are_own(self, sources: Sequence[Path]) -> bool:
        """Say whether these are files that the store was given a place for: a download, or what was unpacked."""
        return all((self._folder / "staging").resolve() in source.resolve().parents for source in sources)

    def _kept(self, known: Passport, adding: Adding) -> Passport:
        """Keep what a further adding says of a stored model. Called under the lock."""
        asked = _as_asked(known, adding)
        if asked != known:
            write_passport(self._passport(known.digest), asked)
        return asked

    def _install(self, staged: Path, passport: Passport, hashed: Sequence[StoredFile]) -> Passport:
        """Move a staged file, or folder of parts, to its place and write the passport. Called under the lock."""
        ensure(self._files)
        for left in self._passports.glob(".*.part"):  # of a process that was killed while it wrote a passport
            left.unlink(missing_ok=True)
        place, passport_file = self._place(passport), self._passport(passport.digest)
        try:
            paths = [staged] if staged.is_file() else [staged / file.name for file in hashed]
            seen = [(file, path.stat()) for file, path in zip(hashed, paths, strict=True)]
            if not all(file.unwritten(now) for file, now in seen):
                raise ModelError(
                    "the model changed while it was added", "wait until nothing writes it, and add it again"
                )
            was_there = place.exists()
            _put(staged, place)
            try:
                # Moving them is what changed their change times, unless that of one had changed before: a link to it
                # was made, or a byte was written and the time set back. Its old stamp has it read before it is opened.
                if all(file.fits(now) for file, now in seen):
                    passport = stamped(passport)
                write_passport(passport_file, passport)
            except BaseException:
                # Without a passport it would take room that nobody sees; but what was there may be the only copy.
                if not (was_there or passport_file.exists()):
                    os.replace(place, staged)
                raise
        except OSError as error:
            raise storage_error(self._files, error) from error
        return passport

    def _without(self, sources: Sequence[Path], passport: Passport) -> Passport:
        """Take the moved sources away, but never a file of the store; removing a link moves the change time."""
        stored = passport.paths()
        settle([*stored, self._passport(passport.digest)])
        whole, renewed = passport.seems_whole(), passport
        outside = [source for source in sources if self._files.resolve() not in source.resolve().parents]
        take_away(outside, stored)
        if outside and not any(source.exists() for source in outside):
            renewed = replace(passport, mode="move")
        if whole:
            with contextlib.suppress(OSError):  # another process removed the model meanwhile
                renewed = stamped(renewed)
        self._rewrite(passport, renewed)
        return renewed

    def _rewrite(self, passport: Passport, renewed: Passport) -> None:
        """Keep a passport that was brought up to date, unless another process changed or removed it meanwhile."""
        if renewed == passport:
            return
        path = self._passport(passport.digest)
        # What cannot be kept is found out again next time.
        with contextlib.suppress(StorageError, Busy, ModelError), locked(self._folder / "lock"):
            if read_passport(path, self._files) == passport:
                write_passport(path, renewed)

    def refuse_taken(self, name: str) -> None:
        """See that nothing has this name yet: it stands for one model, or one adapter.

        Raises:
            UsageError: something has.
        """
        refuse_taken(name, self._all())


def _as_asked(passport: Passport, adding: Adding) -> Passport:
    """Give the passport of what is stored already; its name is not changed, as others may rely on it."""
    if adding.name and slug(adding.name) != passport.name:
        raise UsageError(
            f"this {passport.kind} is stored already, as {passport.name}",
            f"use that name, or {how_to_remove(passport)} and add it again",
        )
    if adding.licence in ("", passport.licence):
        return passport
    # What was found of the other licence is none of this one's, and its user has just said which one holds.
    findings = tuple(each for each in passport.findings if not each.rule.startswith("licence-"))
    return replace(passport, licence=adding.licence, findings=findings)


def _sources(path: Path, adding: Adding) -> tuple[Path, ...]:
    """Vet what is to be added, so that what is wrong is said of the user's own file, and give its files in order."""
    from localdev.models.vetting.vet import vet_or_refuse

    vetted = vet_or_refuse(path, adding.accept)
    if vetted.model is None:
        raise ModelError(f"{path} holds no GGUF model", "models in other formats must be converted to GGUF first")
    _refuse_other_kinds(path, vetted.model.header, adding.kind)
    if adding.mode == "move":
        for link in filter(Path.is_symlink, vetted.model.parts):
            raise UsageError(f"{link} is a link to {link.resolve()}", "name the file itself, or leave out --move")
    return vetted.model.parts


def _refuse_other_kinds(path: Path, header: GgufHeader, kind: Kind) -> None:
    """Adapters, projectors and importance matrices are GGUF files too; each has its place."""
    if header.kind == kind and header.tensor_count:
        return
    said = "no weights" if header.kind == kind else f"no {kind} but: {header.kind}"
    other: Kind | None = "adapter" if header.kind == "adapter" else "model" if header.kind == "model" else None
    hint = f"{how_to_add(other)} adds it" if other not in (None, kind) else "add the base model's GGUF file"
    raise ModelError(f"{path} holds {said}", hint)


def _size(paths: Sequence[Path]) -> int:
    """Give the bytes of files, 0 where one cannot be looked at any more."""
    try:
        return sum(path.stat().st_size for path in paths)
    except OSError:
        return 0


def _put(staged: Path, place: Path) -> None:
    """Move a staged file, or folder of parts, to its place; nothing that is there is ever away, but only replaced."""
    if place.is_dir():
        for path in staged.iterdir():
            _put(path, place / path.name)
        return
    os.replace(staged, place)
    if staged.is_file():  # the same file was there under this name: then the system moves nothing
        staged.unlink()


def _same_file(passport: Passport, path: Path) -> bool:
    """Say whether `path` is one of the stored files, and none was changed, though links to them may have been made."""
    try:
        stat = path.stat()
        return passport.keeps_times() and any(os.path.samestat(stat, each.stat()) for each in passport.paths())
    except (OSError, ValueError):  # ValueError: a zero byte in what was meant as a name
        return False


def _same_files(passport: Passport, paths: Sequence[Path]) -> bool:
    """Say whether `paths` are the stored files themselves, unchanged, so that no digest need be computed."""
    every = len(paths) == len(passport.files) and all(_same_file(passport, path) for path in paths)
    return every and passport.seems_whole()
