"""Stores a model in a process that is killed, or is refused by the disk, at one step after another.

    python -m tests.models.interrupting FOLDER kill:SCENARIO fail:SCENARIO ...

A step is a change of the file system below FOLDER, seen by an audit hook; each has a process of its own, forked from
this one. After each the store is looked at, and the same is done again without interruption. For each scenario the
number of its steps is printed at its end.
"""

from __future__ import annotations

import errno
import functools
import os
import shutil
import signal
import struct
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from localdev.core.errors import LocaldevError
from localdev.models.incoming import Wish
from localdev.models.store import Adding, ModelStore
from tests.models.conftest import Pair, gguf, pair, tensor

_STEPS = {"open", "os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
_MOST_STEPS = 300
_WISHES: dict[str, Wish] = {"move far": "move", "adopt": "move", "own": "copy"}
# How a process ends: not interrupted, interrupted and done nevertheless, with an error for the user, with another.
_UNTOUCHED, _UNHURT, _REFUSED, _BUG = range(4)


def main(how: str, scenario: str, folder: Path) -> None:
    """Go through all steps of a scenario in a folder that is not there yet."""
    parts = 2 if scenario.startswith("split ") else 1
    mode = scenario.removeprefix("split ")
    folder.mkdir()
    for step in range(_MOST_STEPS):
        sources = write_model(folder / "sources", parts)
        contents = [path.read_bytes() for path in sources]
        if mode in ("remove", "adopt", "own"):
            first: Wish = "link" if mode == "own" else "copy"
            passport = ModelStore(folder / "store").add(sources[0], Adding(mode=first))
            if mode == "adopt":  # what the store has is the only copy, and its passport is lost
                sources = list(passport.paths())
                (folder / "store" / "passports" / f"{passport.digest}.json").unlink()
        status = _in_a_process(functools.partial(_work, mode, folder, sources[0]), folder, how, step=step, mode=mode)
        _check(folder, sources, contents, mode=mode, status=status)
        shutil.rmtree(folder / "store")
        if status == _UNTOUCHED:
            sys.stdout.write(f"{how}:{scenario} {step}\n")
            sys.stdout.flush()
            return
    raise AssertionError("it never comes to its end")


def write_model(folder: Path, parts: int) -> list[Path]:
    """Write a model of a few hundred bytes, whole or split into parts."""
    folder.mkdir(exist_ok=True)
    if parts == 1:
        files = {folder / "small.gguf": gguf()}
    else:
        names = [folder / f"small-{number + 1:05d}-of-{parts:05d}.gguf" for number in range(parts)]
        files = {path: _part(number, parts) for number, path in enumerate(names)}
    for path, data in files.items():
        path.write_bytes(data)
    return list(files)


def _part(number: int, parts: int) -> bytes:
    """Encode one part of a split model: a tensor in each."""
    marks: list[Pair] = [
        ("split.no", 2, struct.pack("<H", number)),
        ("split.count", 2, struct.pack("<H", parts)),
        ("split.tensors.count", 5, struct.pack("<i", parts)),
    ]
    first = [pair("general.architecture", "llama")] if number == 0 else []
    return gguf([*first, *marks], [tensor(f"t{number}", [32])])


def _work(mode: str, folder: Path, source: Path) -> None:
    """Do what is interrupted."""
    store = ModelStore(folder / "store")
    if mode == "remove":
        store.remove(store.list()[0].digest)
    else:
        store.add(source, Adding(mode=_WISHES.get(mode, mode)))  # type: ignore[arg-type]


def _in_a_process(work: Callable[[], None], folder: Path, how: str, *, step: int, mode: str) -> int:
    """Do the work in a process of its own, interrupted at a step, and give how that ended."""
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (_UNTOUCHED, _UNHURT, _REFUSED, -signal.SIGKILL), (step, status)
        return status
    left = step

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event == "os.link" and mode == "move far":
            raise OSError(errno.EXDEV, "another file system")
        if event not in _STEPS or not any(str(each).startswith(str(folder)) for each in arguments):
            return
        if event == "open" and not int(str(arguments[2])) & (os.O_WRONLY | os.O_RDWR):  # reading changes nothing
            return
        left -= 1
        if left == -1:
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(errno.ENOSPC, "no room")

    ended = _BUG
    sys.addaudithook(hook)
    try:
        work()
        ended = _UNHURT if left < 0 else _UNTOUCHED
    except LocaldevError as error:
        ended = _REFUSED if error.hint else _BUG
    finally:  # never back into the loop of the process that this one was forked from
        if ended == _BUG:
            traceback.print_exc()
        os._exit(ended)


def _check(folder: Path, sources: list[Path], contents: list[bytes], *, mode: str, status: int) -> None:
    """See that nothing is half there and nothing lost, then do it again; `status` says how the work ended."""
    store, done = ModelStore(folder / "store"), status in (_UNTOUCHED, _UNHURT)
    assert status != _REFUSED or mode in ("adopt", "remove") or not store.strays(), "it takes room that nobody sees"
    listed = store.list()
    there = [path for path in sources if path.exists()]
    if mode == "remove":
        assert not (done and listed)
        for passport in listed:
            store.remove(passport.digest)
        kept = []
    else:
        assert listed or (there == sources and not done), "the model is lost"
        assert mode != "adopt" or [path.read_bytes() for path in sources] == contents
        for passport in listed:
            assert [path.read_bytes() for path in passport.paths()] == contents
            store.checked_file(passport)
        passport = store.add(sources[0], Adding(mode="copy")) if there == sources else listed[0]
        kept = sorted(passport.paths())
    with store.staging() as place:
        assert [path for path in place.parent.iterdir() if path.is_dir()] == [place]
    assert sorted((folder / "store").rglob("*.gguf")) == kept
    if list((folder / "store").rglob("*.part")):  # a passport half written: the next one that is written sweeps it
        other = folder / "other.gguf"
        other.write_bytes(gguf([pair("general.architecture", "llama"), pair("general.name", "other")]))
        store.add(other)
        assert not list((folder / "store").rglob("*.part"))


if __name__ == "__main__":
    for number, asked in enumerate(sys.argv[2:]):
        how, _, scenario = asked.partition(":")
        main(how, scenario, Path(sys.argv[1]) / str(number))
