"""The model store: adding, finding, renaming, and what a crash, a full disk or a changed file leave behind."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.core.errors import ModelError, NotFound, StorageError, UsageError
from localdev.core.events import Progress
from localdev.models.passport import Mode
from localdev.models.store import Adding, ModelStore
from tests.models.conftest import SMALL, TINY, gguf, pair, small

OTHER = gguf([pair("general.architecture", "llama"), pair("general.name", "other")])


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """Give an empty store."""
    return ModelStore(tmp_path / "store")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Give a copy of the tiny model that a test may spoil."""
    return small(tmp_path / "Tiny Model_v1.gguf")


@pytest.mark.parametrize(("mode", "links"), [("link", 2), ("copy", 1)])
def test_add_keeps_file_and_facts(store: ModelStore, model: Path, mode: str, links: int) -> None:
    """The passport says what the file is, and the file is there under its digest."""
    shutil.copyfile(TINY, model)
    seen: list[Progress] = []
    passport = store.add(model, Adding(mode=mode), seen.append)  # type: ignore[arg-type]
    digest = hashlib.sha256(TINY.read_bytes()).hexdigest()
    assert (passport.name, passport.digest, passport.mode) == ("tiny-model-v1", digest, mode)
    assert (passport.architecture, passport.parameters, passport.quantisation) == ("llama", 1_123_712, "F32")
    assert passport.has_template and passport.has_fim and passport.context_length == 2048
    assert passport.file.read_bytes() == TINY.read_bytes()
    assert passport.file.stat().st_nlink == links
    assert (seen[-1].done, seen[-1].total, seen[-1].unit) == (TINY.stat().st_size, TINY.stat().st_size, "bytes")
    assert store.list() == [passport]
    assert store.checked_file(passport) == passport.file


def test_a_file_name_that_is_no_text(store: ModelStore, model: Path, tmp_path: Path) -> None:
    """A name of any bytes is kept in the passport and read back."""
    odd = tmp_path / os.fsdecode(b"caf\xe9.gguf")
    os.link(model, odd)
    passport = store.add(odd)
    assert (passport.name, passport.source.place) == ("caf", str(odd))
    assert store.list() == [passport]


def test_add_again_changes_nothing(store: ModelStore, model: Path, tmp_path: Path) -> None:
    """The same content is stored once, whatever the file is called; a linked file is not even hashed again."""
    first = store.add(model)
    hashed: list[Progress] = []
    assert store.add(model, progress=hashed.append) == first
    assert hashed == []
    assert store.add(Path(shutil.copyfile(model, tmp_path / "again.gguf"))) == first
    assert len(list((tmp_path / "store" / "files").iterdir())) == 1


@pytest.mark.parametrize("mode", ["link", "copy"])
def test_a_second_name_is_refused(store: ModelStore, model: Path, tmp_path: Path, mode: Mode) -> None:
    """A model that is stored keeps its name, whichever file it comes from; the error says the name."""
    first = store.add(model, Adding(mode=mode))
    for again in (model, Path(shutil.copyfile(model, tmp_path / "again.gguf"))):
        with pytest.raises(UsageError, match="stored already, as tiny-model-v1") as caught:
            store.add(again, Adding(mode=mode, name="My Model"))
        assert "models remove tiny-model-v1" in caught.value.hint
        assert store.add(again, Adding(mode=mode, name="Tiny Model V1")) == first
    assert store.list() == [first]


@pytest.mark.parametrize("first", ["link", "copy"])
@pytest.mark.parametrize("again", ["link", "copy"])
@pytest.mark.parametrize("harm", ["changed", "gone", "changed unseen"])
def test_adding_again_repairs(store: ModelStore, tmp_path: Path, first: Mode, again: Mode, harm: str) -> None:
    """A stored file that was changed or lost is replaced by the good copy that is added."""
    model = small(tmp_path / "m.gguf")
    passport = store.add(model, Adding(mode=first))
    if harm == "gone":
        passport.file.unlink()
    else:
        data = bytearray(SMALL)
        data[-9] ^= 1
        passport.file.write_bytes(data)  # in place: a linked file changes with it
    if harm == "changed unseen":
        os.utime(passport.file, ns=(passport.files[0].mtime_ns, passport.files[0].mtime_ns))
    else:
        assert not passport.seems_whole()
        with pytest.raises(ModelError, match=r"was changed|cannot be read") as caught:
            store.checked_file(passport)
        assert "models add" in caught.value.hint and "models remove m" in caught.value.hint
    good = small(tmp_path / "good.gguf")
    repaired = store.add(good, Adding(mode=again))
    assert (repaired.name, repaired.digest, repaired.mode) == ("m", passport.digest, again)
    assert store.list() == [repaired] and repaired.seems_whole()
    assert store.checked_file(repaired).read_bytes() == SMALL


def test_remove(store: ModelStore, model: Path, tmp_path: Path) -> None:
    """The store forgets the model and its file; the file it was linked from stays; it can be added again."""
    passport = store.add(model)
    assert passport.is_elsewhere()
    assert store.remove("tiny-model-v1") == passport
    assert store.list() == [] and passport.state() == "gone"
    assert model.read_bytes() == SMALL
    with pytest.raises(NotFound, match="none yet"):
        store.remove("tiny-model-v1")
    assert store.add(model, Adding(name="other")).name == "other"


def test_a_taken_name_is_refused(store: ModelStore, model: Path, write: Callable[..., Path]) -> None:
    """Two models cannot share a name; the error says what to do, and nothing is stored."""
    store.add(model)
    other = write(OTHER, "tiny-model-V1.gguf")
    with pytest.raises(UsageError, match="another model is named") as caught:
        store.add(other)
    assert "--name" in caught.value.hint
    assert len(store.list()) == 1
    assert store.add(other, Adding(name="second")).name == "second"


def test_find(store: ModelStore, model: Path, write: Callable[..., Path]) -> None:
    """A model is found by name, by digits of its digest, and by the path of its file."""
    passport = store.add(model)
    store.add(write(OTHER, "other.gguf"))
    for asked in ("tiny-model-v1", passport.digest, passport.digest[:6].upper(), str(model), str(passport.file)):
        assert store.find(asked) == passport, asked
    with pytest.raises(NotFound, match="known models: other, tiny-model-v1") as caught:
        store.find("tiny")
    assert "models add" in caught.value.hint
    with pytest.raises(NotFound):
        store.find(passport.digest[:5])
    with pytest.raises(NotFound):
        store.find("a\0b")


def test_ambiguous_digits(tmp_path: Path, model: Path) -> None:
    """Digits that fit two models are refused with both names."""
    store = ModelStore(tmp_path / "store")
    passport = store.add(model)
    # Two files whose digests share six digits cannot be made in a test, so the second passport is written by hand.
    folder = tmp_path / "store" / "passports"
    twin = passport.digest[:20] + "0" * 44
    text = (folder / f"{passport.digest}.json").read_text()
    (folder / f"{twin}.json").write_text(text.replace(passport.digest, twin).replace(passport.name, "twin"))
    with pytest.raises(UsageError, match=r"fits several models: tiny-model-v1 .*, twin"):
        store.find(passport.digest[:8])


def test_a_name_that_is_the_digest_of_another(store: ModelStore, model: Path, write: Callable[..., Path]) -> None:
    """The digest means the model that has it."""
    passport = store.add(model)
    other = store.add(write(OTHER), Adding(name=passport.digest))
    assert store.find(passport.digest) == passport and store.find(other.digest).name == passport.digest
    assert store.remove(passport.digest) == passport and store.list() == [other]


def test_changes_are_noticed(store: ModelStore, model: Path) -> None:
    """A touched file is hashed once and passes; a changed or a missing one does not."""
    passport = store.add(model, Adding(mode="copy"))
    os.utime(passport.file, ns=(1, 1))
    hashed: list[Progress] = []
    store.checked_file(passport, hashed.append)
    assert hashed, "the time stamp differs, so the digest was checked"
    renewed = store.find(passport.name)
    assert renewed.files[0].mtime_ns == 1
    hashed.clear()
    store.checked_file(renewed, hashed.append)
    assert hashed == []
    with passport.file.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x55")
    with pytest.raises(ModelError, match="was changed since it was added"):
        store.checked_file(renewed)
    passport.file.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        store.checked_file(renewed)


BAD_FILES = {
    "a script": (b"#!/bin/sh\n", "script"),
    "truncated": (SMALL[:-100], "truncated"),
    "an adapter": (gguf([pair("general.architecture", "llama"), pair("general.type", "adapter")]), "adapter"),
    "a vocabulary": (gguf(tensors=[], data=b""), "holds no weights"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files_are_not_stored(case: str, store: ModelStore, write: Callable[..., Path], tmp_path: Path) -> None:
    """What is no usable model leaves the store as it was."""
    data, message = BAD_FILES[case]
    with pytest.raises(ModelError, match=message):
        store.add(write(data))
    assert store.list() == []
    assert not list((tmp_path / "store").rglob("*.gguf"))


def test_a_name_without_letters_is_refused(store: ModelStore, write: Callable[..., Path]) -> None:
    """A file name that gives no name asks for one."""
    with pytest.raises(UsageError, match="no letter or digit"):
        store.add(write(gguf(), "世界.gguf"))


def in_a_process(work: Callable[[], object]) -> int:
    """Do something in a process of its own: -9 when it is killed, 1 when it ends with an error of storage."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    ended = 2
    try:
        work()
        ended = 0
    except StorageError as error:
        ended = 1 if "cannot write" in str(error) and error.hint else 2
    finally:
        os._exit(ended)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process that can be killed")
def test_killed_while_copying(store: ModelStore, model: Path, tmp_path: Path) -> None:
    """After kill -9 in the middle nothing counts as stored, and the next add sweeps and succeeds."""

    def die(_: Progress) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_process(lambda: store.add(model, Adding(mode="copy"), die)) == -signal.SIGKILL
    folder = tmp_path / "store"
    assert store.list() == [] and len(list(folder.rglob("*.gguf"))) == 1
    passport = store.add(model, Adding(mode="copy"))
    assert list(folder.rglob("*.gguf")) == [passport.file]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs resource limits")
def test_full_disk_while_copying(store: ModelStore, model: Path, tmp_path: Path) -> None:
    """A write that fails is a storage error with a hint, and the part is gone."""

    def limited() -> None:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        store.add(model, Adding(mode="copy"))

    assert in_a_process(limited) == 1
    assert store.list() == [] and not list((tmp_path / "store").rglob("*.gguf"))


def test_a_whole_file_without_a_passport_is_taken_over(store: ModelStore, model: Path) -> None:
    """A crash between moving the file and writing its passport costs nothing."""
    passport = store.add(model, Adding(mode="copy"))
    assert store.strays() == ()
    (passport.file.parent.parent / "passports" / f"{passport.digest}.json").unlink()
    assert store.list() == [] and store.strays() == (passport.file,)
    again = store.add(passport.file, Adding(name="tiny"))
    assert (again.digest, again.file) == (passport.digest, passport.file)
    assert list(passport.file.parent.iterdir()) == [passport.file]


SPOILED = ["", "[]", "{}", '{"schema_version": 2}', '{"schema_version": 1, "name": 3}', 9999 * "["]


@pytest.mark.parametrize("spoiled", SPOILED)
def test_broken_passports_are_named(spoiled: str, store: ModelStore, model: Path, write: Callable[..., Path]) -> None:
    """A passport that cannot be read is an error that names the file and the way out; what can be read is found."""
    passport = store.add(model)
    other = store.add(write(OTHER, "other.gguf"))
    path = passport.file.parent.parent / "passports" / f"{passport.digest}.json"
    path.write_text(spoiled)
    for ask in (store.list, lambda: store.find(passport.name)):
        with pytest.raises(ModelError, match=passport.digest) as caught:
            ask()
        assert "again" in caught.value.hint
    assert store.readable()[0] == [other] and len(store.readable()[1]) == 1
    assert store.find("other") == store.remove("other") == other


def test_unwritable_store(model: Path, tmp_path: Path) -> None:
    """A store that cannot be written is a storage error."""
    (tmp_path / "store").write_text("a file where the folder should be")
    with pytest.raises(StorageError):
        ModelStore(tmp_path / "store").add(model)
