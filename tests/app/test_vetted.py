"""The one way to a GGUF file: by name it is what was stored, by path it is vetted, or refused by policy."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.app.embedders import open_embedder
from localdev.app.engines import open_engine
from localdev.app.vetted import header_of, is_path, vetted_model
from localdev.config.settings import build, keys
from localdev.core.errors import BackendError, ModelError, NotFound, UsageError
from localdev.core.folders import Folders, find_folders
from localdev.models.store import Adding, ModelStore
from tests.backends.tiny_weights import write_split
from tests.models.conftest import TINY, gguf, pair

TRIGGER = "{% for m in messages %}{% if 'x' in m.content %}y{% endif %}{{ m.content }}{% endfor %}"
FREE = build({})
BOUND = build({"policy.require_passport": True})


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Give folders of the test's own."""
    return find_folders({"LOCALDEV_HOME": str(tmp_path / "home")})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Give a copy of the tiny model that a test may change."""
    return Path(shutil.copyfile(TINY, tmp_path / "m.gguf"))


def test_by_name_and_by_path(folders: Folders, model: Path) -> None:
    """By name it has its digest; by path it is vetted and not read, so that it has none."""
    stored = ModelStore(folders.models).add(model, Adding(name="tiny"))
    by_name, by_path = (vetted_model(text, FREE, folders) for text in ("tiny", str(model)))
    assert (by_name.name, by_name.path, by_name.digest) == ("tiny", stored.file, stored.digest)
    assert (by_path.name, by_path.path, by_path.digest) == ("m", model, "")
    assert (by_name.architecture, by_name.quantisation, by_name.context_length) == ("llama", "F32", 2048)
    assert by_name.context_length == by_path.context_length and by_name.architecture == by_path.architecture
    with pytest.raises(NotFound, match="known models: tiny"):
        vetted_model("other", FREE, folders)
    with pytest.raises(NotFound, match="null byte"):
        vetted_model("a\0.gguf", FREE, folders)


@pytest.mark.parametrize(
    ("model", "path"),
    [("tiny", False), ("a.gguf", True), ("A.GGUF", True), ("./nowhere", False), ("owner/name", False), (".", False)],
)
def test_what_is_a_path(model: str, path: bool) -> None:
    """It ends in .gguf, or leads to something that is there."""
    assert is_path(model) == path


def test_a_folder_of_parts(folders: Folders, tmp_path: Path) -> None:
    """It is opened by its folder or any part, by path as by name, and its name has no number of a part."""
    parts = write_split(tmp_path / "parts", TINY)
    for text in (str(parts[0].parent), str(parts[1])):
        assert vetted_model(text, FREE, folders).paths == tuple(parts)
    assert vetted_model(str(parts[1]), FREE, folders).name == "tiny"
    stored = ModelStore(folders.models).add(parts[0])
    assert vetted_model("tiny", FREE, folders).paths == stored.paths()


def test_a_folder_with_other_things(folders: Folders, model: Path, tmp_path: Path) -> None:
    """What else lies beside a model is not looked at, be it a link to nowhere."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "README").symlink_to("nowhere")
    file = model.rename(folder / "m.gguf")
    assert vetted_model(str(folder), FREE, folders).paths == (file,)


def test_a_path_of_another_ending(folders: Folders, model: Path) -> None:
    """It is a model by its content; the error says how it is run."""
    blob = model.rename(model.with_name("blob 1"))
    with pytest.raises(UsageError, match=r"only a path ending in \.gguf") as caught:
        open_engine(build({"model": str(blob)}), folders)
    assert f"`localdev models add '{blob}'`" in caught.value.hint


def test_require_passport(folders: Folders, model: Path, tmp_path: Path) -> None:
    """A path opens what is stored alone; for anything else the command is named that stores it."""
    with pytest.raises(ModelError, match=r"m\.gguf has no passport") as caught:
        vetted_model(str(model), BOUND, folders)
    assert f"`localdev models add {model}`" in caught.value.hint
    stored = ModelStore(folders.models).add(model)
    assert vetted_model(str(model), BOUND, folders).digest == vetted_model("m", BOUND, folders).digest == stored.digest
    with pytest.raises(ModelError, match="has no passport"):
        vetted_model(str(shutil.copyfile(TINY, tmp_path / "copy.gguf")), BOUND, folders)
    with pytest.raises(ModelError, match="has no passport"):
        vetted_model(str(tmp_path / "gone.gguf"), BOUND, folders)
    assert keys()["policy.require_passport"].project == "never"


def test_require_passport_of_what_was_linked(folders: Folders, model: Path, tmp_path: Path) -> None:
    """What is stored is opened by any path of it: a part, their folder, and though a link to it was made since."""
    parts = write_split(tmp_path / "parts", TINY)
    ModelStore(folders.models).add(parts[0], Adding(name="big"))
    for text in (parts[0], parts[1], parts[0].parent):
        assert vetted_model(str(text), BOUND, folders).name == "big"
    ModelStore(folders.models).add(model)
    os.link(model, tmp_path / "another.gguf")
    assert vetted_model(str(model), BOUND, folders).name == "m"
    with model.open("r+b") as file:
        file.write(b"GGUX")
    with pytest.raises(ModelError, match="has no passport"):
        vetted_model(str(model), BOUND, folders)


def test_require_passport_holds_for_engines_and_embedders(folders: Folders, model: Path) -> None:
    """Neither opens a file by its path."""
    with pytest.raises(ModelError, match="has no passport"):
        open_engine(build({"model": str(model), "policy.require_passport": True}), folders)
    with pytest.raises(ModelError, match="has no passport"):
        open_embedder(build({"search.embedder": f"gguf:{model}", "policy.require_passport": True}), folders)
    with pytest.raises(ModelError, match="has no passport"):
        folder = f"sentence-transformers:{model.parent}"
        open_embedder(build({"search.embedder": folder, "policy.require_passport": True}), folders)


@pytest.mark.parametrize("data", [b"#!/bin/sh\n", b"\x80\x04\x95pickled", b"GGUF\x03\0\0\0", TINY.read_bytes()[:-99]])
def test_a_path_to_something_else(folders: Folders, tmp_path: Path, data: bytes) -> None:
    """It is refused by its content, before an engine sees it."""
    path = tmp_path / "odd.gguf"
    path.write_bytes(data)
    with pytest.raises(ModelError, match="odd"):
        open_engine(build({"model": str(path)}), folders)


def test_what_a_user_may_accept(folders: Folders, tmp_path: Path) -> None:
    """A template that acts on what messages say is refused by path; accepted once, when it is added, it is opened."""
    path = tmp_path / "odd one.gguf"
    path.write_bytes(gguf([pair("general.architecture", "llama"), pair("tokenizer.chat_template", TRIGGER)]))
    with pytest.raises(ModelError, match="template-trigger") as caught:
        vetted_model(str(path), FREE, folders)
    assert f"`localdev models add '{path}' --accept template-trigger`" in caught.value.hint
    store = ModelStore(folders.models)
    with pytest.raises(ModelError, match="template-trigger"):
        store.add(path)
    with pytest.raises(UsageError, match="cannot be accepted"):
        store.add(path, Adding(accept=("gguf-structure",)))
    assert store.list() == []
    passport = store.add(path, Adding(accept=("template-trigger", "template-date")))
    assert passport.accepted == ("template-trigger",) and len(passport.template_digest) == 64
    assert vetted_model("odd-one", FREE, folders).findings == passport.findings != ()


@pytest.mark.skipif(sys.platform == "win32", reason="there the change time cannot be had")
@pytest.mark.parametrize("open_it", [open_engine, vetted_model])
def test_one_changed_byte(folders: Folders, model: Path, open_it: Callable[..., object]) -> None:
    """It is refused by name although its time was set back; an engine is not even started."""
    ModelStore(folders.models).add(model)
    before = model.stat()
    with model.open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\x55")
    os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))
    arguments = (build({"model": "m"}), folders) if open_it is open_engine else ("m", FREE, folders)
    with pytest.raises(ModelError, match="was changed since it was added") as caught:
        open_it(*arguments)
    assert "`localdev models add FILE.gguf`" in caught.value.hint


@pytest.mark.llama
@pytest.mark.skipif(sys.platform == "win32", reason="there the change time cannot be had")
def test_changed_while_its_engine_was_dead(folders: Folders, model: Path) -> None:
    """An engine that died is started again, but not with a file that nobody has checked."""
    pytest.importorskip("llama_cpp")
    stored = ModelStore(folders.models).add(model)
    backend = open_engine(build({"model": "m"}), folders).backend
    assert backend is not None
    with contextlib.closing(backend):
        backend.describe()
        os.kill(backend.facts()["pid"], signal.SIGKILL)  # type: ignore[attr-defined]
        before = stored.file.stat()
        with stored.file.open("r+b") as file:
            file.seek(-4, os.SEEK_END)
            file.write(b"\x55")
        os.utime(stored.file, ns=(before.st_atime_ns, before.st_mtime_ns))
        deadline = time.monotonic() + 20
        with pytest.raises(ModelError, match="was changed or removed since it was opened"):
            while time.monotonic() < deadline:  # until it is known that it died
                with contextlib.suppress(BackendError):
                    backend.count_tokens("x")


def test_a_path_is_vetted_again_only_when_it_changed(folders: Folders, model: Path) -> None:
    """What was found is remembered by the file's stamp: a file in its place is looked at anew."""
    first = vetted_model(str(model), FREE, folders)
    assert vetted_model(str(model), FREE, folders) is first and header_of(first) is header_of(first)
    before = model.stat()
    data = bytearray(TINY.read_bytes())
    data[:4] = b"GGUX"
    other = model.with_name("other")
    other.write_bytes(data)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(other, model)
    with pytest.raises(ModelError, match=r"m\.gguf"):
        vetted_model(str(model), FREE, folders)
