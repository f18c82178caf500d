"""Export and import that are killed, run out of room, or lose the stick: nothing is half there, the next goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localdev.core.errors import Busy, DiskFull, LocaldevError, StorageError
from localdev.core.events import Progress
from localdev.core.files import locked
from localdev.models.archive import export_models, import_archive
from localdev.models.passport import Passport
from localdev.models.store import Adding, ModelStore
from scripts.hostile.exports import small_model
from tests.models.conftest import TINY

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals, forks and resource limits")

# Both in a process of its own: export `name` from `here`, or import into `there`, after the lines BEFORE.
CODE = """
import os, resource, signal, sys
from pathlib import Path
from localdev.models.archive import export_models, import_archive
from localdev.models.store import ModelStore
here, there, export = map(Path, sys.argv[1:4])
seen = None
def write(progress=None):
    export_models(here, [ModelStore(here).find("small")], export, force=True, progress=progress)
def read(progress=None):
    import_archive(there, export, progress=progress)
"""
# Runs WORK in a fork that kills itself at its 1st, 2nd, 3rd ... operation on files, until one comes to its end.
EVERYWHERE = """
import shutil
def killed_at(number):
    count = 0
    def hook(event, arguments):
        nonlocal count
        if event in ("open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.scandir"):
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
work = {"export": write, "import": read}[sys.argv[4]]
write(), read()  # what is imported lazily is there now
number, whole = 0, sys.stdin.buffer.read()
while True:
    number += 1
    shutil.rmtree(there, ignore_errors=True)
    if work is write:
        export.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        killed_at(number)
        work()
        os._exit(0)
    killed = os.waitpid(child, 0)[1]
    if work is write:
        assert len(ModelStore(here).list()) == 1 and ModelStore(here).list()[0].seems_whole()
        if export.exists():
            assert export.read_bytes() == whole, number
        write()
        assert [path.name for path in export.parent.iterdir()] == [export.name], number
    else:
        for passport in ModelStore(there).list():
            ModelStore(there).checked_file(passport)  # at most reads it again
    read()
    (passport,) = ModelStore(there).list()
    ModelStore(there).checked_file(passport)
    with ModelStore(there).staging() as place:
        assert [path for path in place.parent.iterdir() if path.is_dir()] == [place], number
    if killed == 0:
        break
print(number)
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Give the folder of a store with two models: `small`, of some hundred bytes, and `tiny`, of some megabytes."""
    store = ModelStore(tmp_path / "here")
    (tmp_path / "small.gguf").write_bytes(small_model())
    store.add(tmp_path / "small.gguf", Adding(mode="move"))
    store.add(Path(shutil.copyfile(TINY, tmp_path / "tiny.gguf")), Adding(mode="move"))
    return tmp_path / "here"


@pytest.fixture
def tiny(here: Path) -> Passport:
    """Give the model of some megabytes."""
    return ModelStore(here).find("tiny")


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """Give an empty folder to export to."""
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB, large enough for one export of the tiny model."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("cannot mount a small file system here (needs root on Linux)")
    yield place
    subprocess.run(["umount", "-l", place], check=False, capture_output=True)


def run(code: str, *arguments: object, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the code in a process of its own."""
    words = [sys.executable, "-c", CODE + code, *(str(each) for each in arguments)]
    return subprocess.run(words, input=given, capture_output=True, timeout=100, check=False)


def files_of(folder: Path) -> list[str]:
    """List the files below a folder, but for locks."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.name for path in found if path.name != "lock" and path.suffix != ".lock")


@pytest.mark.parametrize("work", ["export", "import"])
def test_killed_at_every_operation_on_files(work: str, here: Path, stick: Path, tmp_path: Path) -> None:
    """Wherever kill -9 strikes, what is there is whole or nothing, and the same command again makes all of it good."""
    export_models(here, [ModelStore(here).find("small")], tmp_path / "whole.ldm")
    ModelStore(here).remove("tiny")
    whole = (tmp_path / "whole.ldm").read_bytes()
    done = run(EVERYWHERE, here, tmp_path / "there", stick / "x.ldm", work, given=whole)
    assert done.returncode == 0, done.stderr.decode()
    assert int(done.stdout) > 10


@pytest.mark.parametrize("block", [1, 3, 5])
def test_killed_while_exporting(block: int, here: Path, tiny: Passport, stick: Path) -> None:
    """Between two blocks too: there is no file of the name that was asked for, and the next export removes the part."""
    kill = f"""
def seen(event):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
left = {block}
export_models(here, [ModelStore(here).find("tiny")], export, progress=seen)
"""
    killed = run(kill, here, here, stick / "x.ldm")
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert files_of(stick) == [".x.ldm.part"]
    export_models(here, [tiny], stick / "x.ldm")
    assert files_of(stick) == ["x.ldm"]


@pytest.mark.parametrize("block", [1, 3, 5, 6, 7])
def test_killed_while_importing(block: int, here: Path, tiny: Passport, stick: Path, tmp_path: Path) -> None:
    """Between two blocks, of the copying and of the hashing: nothing is stored, and the next command clears up."""
    export_models(here, [tiny], stick / "x.ldm")
    before, there = (stick / "x.ldm").read_bytes(), tmp_path / "there"
    kill = f"""
def seen(event):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
left = {block}
read(seen)
"""
    killed = run(kill, here, there, stick / "x.ldm")
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert ModelStore(there).list() == [] and "model.gguf" in files_of(there)
    assert (stick / "x.ldm").read_bytes() == before
    (tmp_path / "other.gguf").write_bytes(small_model())
    ModelStore(there).add(tmp_path / "other.gguf")
    assert "model.gguf" not in files_of(there)
    assert import_archive(there, stick / "x.ldm")[0].new


def test_a_file_system_without_large_files(here: Path, stick: Path, tmp_path: Path) -> None:
    """A file larger than the file system holds is one line and its way out, and nothing is left of it."""
    limit = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))
from localdev.core.errors import LocaldevError
try:
    export_models(here, [ModelStore(here).find("tiny")], export) if sys.argv[4] == "export" else read()
except LocaldevError as error:
    print(type(error).__name__, error, "|", error.hint)
"""
    failed = run(limit, here, here, stick / "x.ldm", "export").stdout.decode()
    assert "StorageError the file system of" in failed and "holds no file of" in failed and "exFAT" in failed
    assert files_of(stick) == []
    export_models(here, [ModelStore(here).find("tiny")], stick / "x.ldm")
    failed = run(limit, here, tmp_path / "there", stick / "x.ldm", "import").stdout.decode()
    assert "StorageError cannot write" in failed
    assert files_of(tmp_path / "there") == []


def test_a_stick_without_room(here: Path, tiny: Passport, small_disk: Path) -> None:
    """Too little room is said before anything is written; what a killed export left does not count against it."""
    filler = small_disk / "filler"
    filler.write_bytes(bytes(3 << 20))
    with pytest.raises(DiskFull, match=r"it needs 5 MB, 3 MB are free"):
        export_models(here, [tiny], small_disk / "x.ldm")
    filler.rename(small_disk / ".x.ldm.part")
    export_models(here, [tiny], small_disk / "x.ldm")
    with pytest.raises(DiskFull):
        export_models(here, [tiny], small_disk / "x.ldm", force=True)
    assert files_of(small_disk) == ["x.ldm"]


def test_a_stick_that_fills_meanwhile(here: Path, tiny: Passport, small_disk: Path) -> None:
    """Someone else takes the room while an export is written: an error, and nothing is left of it."""

    def fill(_: Progress) -> None:
        if not (small_disk / "filler").exists():
            (small_disk / "filler").write_bytes(bytes(3 << 20))

    with pytest.raises(DiskFull, match="the disk is full"):
        export_models(here, [tiny], small_disk / "x.ldm", progress=fill)
    assert files_of(small_disk) == ["filler"]


def test_a_stick_that_is_pulled(here: Path, tiny: Passport, small_disk: Path) -> None:
    """The file system goes away in the middle: an error that says to plug it in again, and nothing is left."""

    def pull(_: Progress) -> None:
        subprocess.run(["umount", "-l", small_disk], check=False, capture_output=True)

    with pytest.raises(StorageError, match="cannot write") as caught:
        export_models(here, [tiny], small_disk / "x.ldm", progress=pull)
    assert "plug the stick in again" in caught.value.hint
    assert files_of(small_disk) == []


def test_a_full_disk_while_importing(here: Path, tiny: Passport, stick: Path, small_disk: Path) -> None:
    """The store's disk is too small, or fills meanwhile: an error, nothing is left, the export is as it was."""
    export_models(here, [tiny], stick / "x.ldm")
    before = (stick / "x.ldm").read_bytes()
    filler = small_disk / "filler"
    filler.write_bytes(bytes(3 << 20))
    with pytest.raises(DiskFull, match="it needs 5 MB"):
        import_archive(small_disk / "store", stick / "x.ldm")
    filler.unlink()

    def fill(_: Progress) -> None:
        if not filler.exists():
            filler.write_bytes(bytes(3 << 20))

    with pytest.raises(DiskFull):
        import_archive(small_disk / "store", stick / "x.ldm", progress=fill)
    assert files_of(small_disk) == ["filler"]
    assert (stick / "x.ldm").read_bytes() == before
    filler.unlink()
    assert import_archive(small_disk / "store", stick / "x.ldm")[0].new


def test_an_export_cut_while_it_is_read(here: Path, tiny: Passport, stick: Path, tmp_path: Path) -> None:
    """The export becomes shorter, or another, under the import: an error, nothing is stored."""
    for change in ("shorter", "another"):
        export_models(here, [tiny], stick / "x.ldm", force=True)

        def spoil(_: Progress, change: str = change) -> None:
            if change == "shorter":
                os.truncate(stick / "x.ldm", 2 << 20)
            else:
                with (stick / "x.ldm").open("r+b") as file:
                    file.seek(3 << 20)
                    file.write(b"\x55" * 100)

        with pytest.raises(LocaldevError, match=r"became shorter|another digest"):
            import_archive(tmp_path / "there", stick / "x.ldm", progress=spoil)
        assert files_of(tmp_path / "there") == []


def test_one_export_at_a_time(here: Path, tiny: Passport, stick: Path) -> None:
    """A second one is told to wait; it would write the same part."""
    with locked(here / "export.lock"), pytest.raises(Busy):
        export_models(here, [tiny], stick / "x.ldm")
    export_models(here, [tiny], stick / "x.ldm")


def test_two_imports_at_once(here: Path, tiny: Passport, stick: Path, tmp_path: Path) -> None:
    """Two processes import one export: both end well, and the model is stored once."""
    export_models(here, [tiny], stick / "x.ldm")
    there = tmp_path / "there"
    words = [sys.executable, "-c", CODE + "read()", str(here), str(there), str(stick / "x.ldm")]
    both = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(2)]
    for process in both:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said.decode()
    (stored,) = ModelStore(there).list()
    assert stored.seems_whole() and len(files_of(there)) == 2


def test_interrupted_by_the_user(here: Path, tiny: Passport, stick: Path, tmp_path: Path) -> None:
    """Ctrl-C leaves nothing, neither of an export nor of an import."""

    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_models(here, [tiny], stick / "x.ldm", progress=interrupt)
    assert files_of(stick) == []
    export_models(here, [tiny], stick / "x.ldm")
    with pytest.raises(KeyboardInterrupt):
        import_archive(tmp_path / "there", stick / "x.ldm", progress=interrupt)
    assert files_of(tmp_path / "there") == []
