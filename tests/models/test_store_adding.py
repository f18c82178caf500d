"""How files come into the store: linked, copied, moved; from odd places; while they change; several at once."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localdev.core.errors import DiskFull, LocaldevError, ModelError, NotFound, StorageError, UsageError
from localdev.core.events import Progress
from localdev.models.incoming import Wish
from localdev.models.store import Adding, ModelStore
from tests.models.conftest import SMALL, TINY, gguf, pair, small
from tests.models.interrupting import write_model

OTHER = gguf([pair("general.architecture", "llama"), pair("general.name", "other")])
ADAPTER = gguf(
    [
        pair("general.architecture", "llama"),
        pair("general.type", "adapter"),
        pair("adapter.type", "lora"),
        pair("general.base_model.0.name", "Tiny"),
    ]
)
MOVE = Adding(mode="move")


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """Give an empty store."""
    return ModelStore(tmp_path / "store")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Give a copy of the tiny model that a test may take away."""
    return small(tmp_path / "m.gguf")


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Path]:
    """Give a model on another file system."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system")
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield small(Path(folder) / "m.gguf")


def is_empty(store: ModelStore, folder: Path) -> bool:
    """Say whether nothing at all is in a store."""
    return store.list() == [] and not list(folder.rglob("*.gguf"))


def test_moved(store: ModelStore, model: Path) -> None:
    """The source is gone, the store has the only name, and removing the source's did not make it suspect."""
    passport = store.add(model, MOVE)
    assert (passport.mode, model.exists(), passport.file.stat().st_nlink) == ("move", False, 1)
    assert passport.file.read_bytes() == SMALL
    assert store.list() == [passport] and passport.seems_whole()


@pytest.mark.parametrize(("mode", "kept"), [("auto", "copy"), ("copy", "copy"), ("move", "move")])
def test_from_another_file_system(store: ModelStore, far: Path, mode: Wish, kept: str) -> None:
    """No link can be made: it is copied, and for a move the copy is read back before the source goes."""
    told: list[Progress] = []
    passport = store.add(far, Adding(mode=mode), told.append)
    assert (passport.mode, far.exists()) == (kept, mode != "move")
    assert {each.stage for each in told} == ({"copy", "hash"} if mode == "move" else {"copy"})
    assert passport.file.read_bytes() == SMALL and store.list() == [passport]


def test_a_link_that_cannot_be_made(store: ModelStore, far: Path, tmp_path: Path) -> None:
    """Asked for alone it is an error, and nothing is copied."""
    with pytest.raises(StorageError, match="cannot be linked") as caught:
        store.add(far, Adding(mode="link"))
    assert "--link" in caught.value.hint
    assert is_empty(store, tmp_path / "store") and far.exists()


@pytest.mark.parametrize("mode", ["auto", "copy"])
def test_a_symbolic_link(store: ModelStore, model: Path, tmp_path: Path, mode: Wish) -> None:
    """What it leads to is stored, under the link's name."""
    (tmp_path / "short.gguf").symlink_to(model.name)
    passport = store.add(tmp_path / "short.gguf", Adding(mode=mode))
    assert passport.name == "short" and not passport.file.is_symlink()
    assert model.stat().st_nlink == (1 if mode == "copy" else 2)


def test_a_symbolic_link_is_not_moved(store: ModelStore, model: Path, tmp_path: Path) -> None:
    """It is not said whether the link or the file would go, so neither does."""
    (tmp_path / "short.gguf").symlink_to(model.name)
    with pytest.raises(UsageError, match="is a link to") as caught:
        store.add(tmp_path / "short.gguf", MOVE)
    assert "--move" in caught.value.hint
    assert is_empty(store, tmp_path / "store") and model.exists() and (tmp_path / "short.gguf").is_symlink()


@pytest.mark.parametrize("first", ["auto", "copy"])
@pytest.mark.parametrize("again", ["the same file", "a copy"])
def test_moving_what_is_stored_already(store: ModelStore, model: Path, tmp_path: Path, first: Wish, again: str) -> None:
    """The source goes, and what the store has is its own from then on, and not suspect."""
    store.add(model, Adding(mode=first))
    source = model if again == "the same file" else small(tmp_path / "copy.gguf")
    moved = store.add(source, MOVE)
    assert (moved.name, moved.mode, source.exists()) == ("m", "move", False)
    assert store.list() == [moved] and moved.seems_whole() and moved.file.read_bytes() == SMALL
    assert moved.file.stat().st_nlink == 1 and not moved.is_shared()


@pytest.mark.parametrize("again", ["the same file", "a copy", "the stored file"])
def test_copying_what_is_linked(store: ModelStore, model: Path, tmp_path: Path, again: str) -> None:
    """The store gets a file of its own: who writes to the linked one does it no harm any more."""
    linked = store.add(model, Adding(licence="MIT"))
    assert linked.is_shared()
    source = {"the same file": model, "a copy": small(tmp_path / "copy.gguf"), "the stored file": linked.file}[again]
    copied = store.add(source, Adding(mode="copy"))
    assert (copied.name, copied.mode, copied.licence, copied.source) == ("m", "copy", "MIT", linked.source)
    assert store.list() == [copied] and copied.seems_whole() and not copied.is_shared()
    model.write_bytes(OTHER)
    assert store.checked_file(copied).read_bytes() == SMALL
    read: list[Progress] = []
    assert store.add(copied.file, Adding(mode="copy"), read.append) == copied and not read


def test_putting_in_order_keeps_the_licence(store: ModelStore, model: Path) -> None:
    """What its user once said of a model is not lost with its file."""
    store.add(model, Adding(mode="copy", licence="as agreed")).file.unlink()
    again = store.add(model, Adding(mode="copy"))
    assert (again.licence, again.seems_whole()) == ("as agreed", True)


def test_moving_a_stored_file(store: ModelStore, model: Path) -> None:
    """A path into the store names what is stored: nothing is taken away, also where its passport is lost."""
    passport = store.add(model, Adding(mode="copy"))
    assert store.add(passport.file, MOVE) == passport and passport.file.exists()
    (passport.folder.parent / "passports" / f"{passport.digest}.json").unlink()
    again = store.add(passport.file, MOVE)
    assert again.file == passport.file and again.file.exists() and store.list() == [again]


def test_moving_a_changed_stored_file_does_not_take_it_away(store: ModelStore, model: Path) -> None:
    """It is another model now; the file of the first stays where its passport looks for it."""
    passport = store.add(model, Adding(mode="copy"))
    data = bytearray(passport.file.read_bytes())
    data[-5] ^= 1
    passport.file.write_bytes(data)
    other = store.add(passport.file, Adding(mode="move", name="other"))
    assert other.digest != passport.digest and other.file.exists() and passport.file.exists()


@pytest.mark.parametrize("mode", ["link", "copy", "move"])
def test_a_source_that_changes_meanwhile(store: ModelStore, model: Path, tmp_path: Path, mode: Wish) -> None:
    """What was read is half old and half new: it is not stored, and the source stays."""
    shutil.copyfile(TINY, model)  # which is read in two blocks

    def progress(event: Progress) -> None:
        if event.done < event.total:
            with model.open("r+b") as file:
                file.seek(-5, os.SEEK_END)
                file.write(b"new")

    with pytest.raises(ModelError, match="changed while it was read") as caught:
        store.add(model, Adding(mode=mode), progress)
    assert "again" in caught.value.hint
    assert is_empty(store, tmp_path / "store") and model.exists()


@pytest.mark.parametrize("mode", ["link", "copy", "move"])
@pytest.mark.parametrize("times", [1, 2])
def test_links_made_meanwhile(store: ModelStore, model: Path, tmp_path: Path, mode: Wish, times: int) -> None:
    """They move the change time and nothing else: the file is read once more, and later again if that goes on."""
    made: list[Path] = []

    def progress(event: Progress) -> None:
        if event.done == event.total and len(made) < times:
            made.append(tmp_path / f"{len(made)}.gguf")
            os.link(model, made[-1])

    passport = store.add(model, Adding(mode=mode), progress)
    assert made and passport.file.read_bytes() == SMALL
    read: list[Progress] = []
    store.checked_file(store.find("m"), read.append)
    assert store.find("m").seems_whole() and bool(read) == (times == 2 and mode != "copy")


WRITTEN_WHEN = [("os.rename", "files", False), ("open", "files", True), ("os.remove", "m.gguf", False)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process that can be watched")
@pytest.mark.parametrize(("event", "of", "hidden"), WRITTEN_WHEN)
def test_a_byte_written_after_it_was_read(
    store: ModelStore, model: Path, tmp_path: Path, event: str, of: str, hidden: bool
) -> None:
    """Who has the source open writes while it is stored, or taken away: what was not read is not taken for whole."""
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        with pytest.raises(ModelError, match="was changed"):
            store.checked_file(store.find("m"))
        return
    written: list[str] = []
    with model.open("r+b", buffering=0) as file:
        before = os.fstat(file.fileno())

        def hook(name: str, arguments: tuple[object, ...]) -> None:
            there = any(str(each).startswith(str(tmp_path)) and of in Path(str(each)).parts[-2:] for each in arguments)
            if name == event and there and not written:
                written.append(name)
                file.seek(-5, os.SEEK_END)
                file.write(b"new")
                if hidden:
                    os.utime(file.fileno(), ns=(before.st_atime_ns, before.st_mtime_ns))

        try:
            sys.addaudithook(hook)
            store.add(model, MOVE)
        finally:
            os._exit(3 if written else 4)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process that can be watched")
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_removed_while_the_source_is_taken_away(store: ModelStore, model: Path, when: str) -> None:
    """Nobody has an error; a source that is the last copy by then is not taken away."""
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        assert store.list() == [] and model.exists() == (when == "before")
        return
    removed: list[object] = []

    def hook(name: str, arguments: tuple[object, ...]) -> None:
        settles = name == "open" and Path(str(arguments[0])).name == "files"
        takes_away = name == "os.remove" and str(arguments[0]) == str(model)
        if (settles if when == "before" else takes_away) and not removed:
            removed.append(name)
            removed.append(store.remove("m"))

    ended = 4
    try:
        sys.addaudithook(hook)
        store.add(model, MOVE)
        ended = 3 if len(removed) == 2 else 4
    finally:
        os._exit(ended)


def test_a_source_that_is_read_only(store: ModelStore, model: Path) -> None:
    """It is linked, moved and removed like any other."""
    model.chmod(0o400)
    assert store.add(model).mode == "link"
    assert store.add(model, MOVE).seems_whole() and not model.exists()
    store.remove("m")
    assert store.list() == []


def test_no_room(store: ModelStore, tmp_path: Path) -> None:
    """A file that cannot fit is refused before anything is written: one of 2 TB, nearly all of it a hole."""
    huge = tmp_path / "huge.gguf"
    huge.write_bytes(gguf())
    os.truncate(huge, 2 << 40)
    if shutil.disk_usage(tmp_path).free > 2 << 40:
        pytest.skip("there is room")
    with pytest.raises(DiskFull, match=r"disk is full: cannot write .*: it needs 2199\.0 GB, .* are free"):
        store.add(huge, Adding(mode="copy"))
    assert is_empty(store, tmp_path / "store")


def make_pipe(path: Path) -> None:
    """Make a pipe that nobody writes to."""
    os.mkfifo(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes and devices")
@pytest.mark.parametrize(
    "make",
    [
        make_pipe,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.symlink_to(path.name),
        lambda path: path.mkdir(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"GGUF"),
        lambda path: None,
    ],
)
@pytest.mark.parametrize("mode", ["auto", "copy", "move"])
def test_what_is_no_model_file(store: ModelStore, tmp_path: Path, make: Callable[[Path], object], mode: Wish) -> None:
    """It is refused at once, names itself, and stays where it is."""
    path = tmp_path / "odd.gguf"
    make(path)
    before = os.path.lexists(path)
    with pytest.raises(LocaldevError, match="odd") as caught:
        store.add(path, Adding(mode=mode))
    assert caught.value.hint and os.path.lexists(path) == before
    assert not (tmp_path / "store").exists()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs rights that can be taken away")
def test_a_source_that_may_not_be_read(store: ModelStore, model: Path) -> None:
    """It is named."""
    model.chmod(0)
    with pytest.raises(NotFound, match=r"m\.gguf"):
        store.add(model)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs rights that can be taken away")
def test_a_source_that_may_not_be_taken_away(store: ModelStore, model: Path, tmp_path: Path) -> None:
    """The model is stored, and the error says so."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    source = model.rename(folder / "m.gguf")
    folder.chmod(0o500)
    try:
        with pytest.raises(StorageError, match="is stored, but"):
            store.add(source, MOVE)
    finally:
        folder.chmod(0o700)
    assert source.exists() and store.checked_file(store.find("m"))


def test_models_and_adapters(store: ModelStore, model: Path, write: Callable[..., Path]) -> None:
    """Each kind is listed, found and removed by itself, and a name stands for one of either."""
    adapter = write(ADAPTER, "lora.gguf")
    with pytest.raises(ModelError, match="no model but: adapter") as caught:
        store.add(adapter)
    assert "`localdev models adapters add" in caught.value.hint
    with pytest.raises(ModelError, match="no adapter but: model"):
        store.add(model, Adding(kind="adapter"))
    added = store.add(adapter, Adding(kind="adapter"))
    with pytest.raises(UsageError, match="another adapter is named 'lora'"):
        store.add(model, Adding(name="Lora"))
    passport = store.add(model)
    with pytest.raises(UsageError, match="another model is named 'm'"):
        store.add(write(ADAPTER + bytes(32)), Adding(kind="adapter", name="m"))
    assert (added.name, added.kind, added.base, passport.base) == ("lora", "adapter", "Tiny", "")
    assert store.list() == [passport] and store.list("adapter") == [added]
    assert store.find("m") == passport and store.find("lora", "adapter") == added
    with pytest.raises(NotFound, match="known adapters: lora"):
        store.find("m", "adapter")
    store.remove("lora", "adapter")
    assert store.list() == [passport] and store.list("adapter") == []


def test_the_licence(store: ModelStore, model: Path, write: Callable[..., Path]) -> None:
    """What the user says counts before what the file says, and can be said later."""
    unlicensed = store.add(write(OTHER, "o.gguf"), Adding(licence="as agreed"))
    assert unlicensed.licence == "as agreed" and "licence-missing" not in {each.rule for each in unlicensed.findings}
    store.remove("o")
    licensed = write(gguf([pair("general.architecture", "llama"), pair("general.license", "mit")]), "l.gguf")
    assert store.add(licensed).licence == "mit"
    assert store.add(model).licence == "Python-2.0", "as its header says"
    assert store.add(model, Adding(licence="Apache-2.0")).licence == "Apache-2.0"
    assert store.add(licensed, Adding(mode="copy", licence="MIT, for us")).licence == "MIT, for us"
    assert {each.licence for each in store.list()} == {"Apache-2.0", "MIT, for us"}


def test_a_licence_that_cannot_be_kept(store: ModelStore, model: Path, tmp_path: Path) -> None:
    """It is an error, and not said to be kept."""
    store.add(model)
    (tmp_path / "store" / "lock").unlink()
    (tmp_path / "store" / "lock").mkdir()
    with pytest.raises(StorageError):
        store.add(model, Adding(licence="MIT"))
    assert store.find("m").licence == "Python-2.0"


def test_one_file_by_two_at_once(store: ModelStore, model: Path, tmp_path: Path) -> None:
    """Each links it while the other reads it."""
    with ThreadPoolExecutor() as pool:
        work = [pool.submit(ModelStore(tmp_path / "store").add, model) for _ in range(4)]
    assert len({each.result().digest for each in work}) == 1
    assert len(list((tmp_path / "store").rglob("*.gguf"))) == 1
    assert store.checked_file(store.find("m")).read_bytes() == SMALL


def test_two_at_once(tmp_path: Path) -> None:
    """The same model added twice at the same time is stored once; so are two of one name, but for one."""
    copies = [small(tmp_path / f"{number}.gguf") for number in range(4)]
    with ThreadPoolExecutor() as pool:
        work = [pool.submit(ModelStore(tmp_path / "store").add, copy, Adding(name="m")) for copy in copies]
    assert len({each.result().digest for each in work}) == 1
    assert len(list((tmp_path / "store").rglob("*.gguf"))) == 1
    others = [tmp_path / "a.gguf", tmp_path / "b.gguf"]
    for number, path in enumerate(others):
        path.write_bytes(gguf([pair("general.architecture", "llama"), pair("general.name", str(number))]))
    with ThreadPoolExecutor() as pool:
        again = [pool.submit(ModelStore(tmp_path / "store").add, path, Adding(name="x")) for path in others]
    assert sorted(type(each.exception()).__name__ for each in again) == ["NoneType", "UsageError"]
    assert len(ModelStore(tmp_path / "store").list()) == 2


def test_a_taken_name_is_said_at_once(store: ModelStore, model: Path, write: Callable[..., Path]) -> None:
    """Another model of this name has another size: nothing is read to find that out."""
    store.add(model)
    told: list[Progress] = []
    with pytest.raises(UsageError, match="another model is named 'm'"):
        longer = write(gguf([pair("general.architecture", "llama"), pair("general.name", 99 * "o")]))
        store.add(longer, Adding(name="m"), told.append)
    assert not told


def test_files_on_another_disk(store: ModelStore, model: Path, far: Path, tmp_path: Path) -> None:
    """What is brought in is moved in one step, which no disk does to another: that is said before anything is read."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "files").symlink_to(far.parent)
    with pytest.raises(StorageError, match="lies on another disk than") as caught:
        store.add(model, MOVE)
    assert "a link of that folder itself" in caught.value.hint and model.exists() and store.list() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process that can be watched")
@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("fails", [False, True])
def test_moving_a_download_without_links(store: ModelStore, tmp_path: Path, parts: int, fails: bool) -> None:
    """On a file system without hard links it is moved by its name; after an error it is where it was."""
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        return

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "os.link":
            raise PermissionError(errno.EPERM, "no links here")
        writes = event == "open" and int(str(arguments[2])) & (os.O_WRONLY | os.O_RDWR)
        if fails and writes and ".json" in str(arguments[0]):
            raise OSError(errno.ENOSPC, "no room")

    ended = 4
    try:
        with store.staging("a download") as place:
            sources = write_model(place / "sources", parts)
            inodes, contents = [path.stat().st_ino for path in sources], [path.read_bytes() for path in sources]
            sys.addaudithook(hook)
            try:
                passport = store.add(sources[0], Adding(mode="move", name="d"))
                kept = passport.paths()
            except DiskFull:
                kept = tuple(sources)
                assert fails and store.list() == []
            assert [path.stat().st_ino for path in kept] == inodes
            assert [path.read_bytes() for path in kept] == contents
            assert fails or (store.checked_file(passport) and not any(path.exists() for path in sources))
            ended = 3
    finally:
        os._exit(ended)
