"""Formats are told by content: each of the hostile corpus by name, good files as what they are, noise as nothing."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localdev.core.errors import NotFound
from localdev.models.vetting import formats
from localdev.models.vetting.containers import tar_names, zip_names
from localdev.models.vetting.formats import MAGIC
from localdev.models.vetting.pickles import pickle_calls
from localdev.models.vetting.sniff import identify
from scripts.hostile.weights import safetensors
from tests.models.conftest import TINY, gguf

Write = Callable[..., Path]


def test_gguf_is_told_by_its_content(write: Write) -> None:
    """A GGUF file is one under any name, also as Ollama names its files."""
    for name in ("model.bin", "pytorch_model.bin", "sha256-0123", "model.zip"):
        assert identify(write(gguf(), name)) is formats.GGUF
    assert identify(TINY) is formats.GGUF


@pytest.mark.parametrize(("place", "magic", "found"), MAGIC)
def test_every_magic_number(place: int, magic: bytes, found: formats.Format, write: Write) -> None:
    """Each mark in the table is found, and each format but GGUF has a rule and says what to do instead."""
    told = identify(write(bytes(place) + magic + b"\1" * 100))
    assert told.rule == found.rule
    assert told.instead or found is formats.GGUF


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_every_protocol(protocol: int, write: Write) -> None:
    """Values in each protocol are pickles, also where they are longer than what is looked at.

    A value without a header that is one long text from its first byte on is taken for that; it is refused all the same.
    """
    for value in ({"weights": [1.5] * 300}, [1, 2, 3], list(range(50_000)), {"a": "x" * 100}):
        assert identify(write(pickle.dumps(value, protocol=protocol))).rule == "format-pickle"
    for long in (["x" * 70_000], bytes(200_000)):
        rule = identify(write(pickle.dumps(long, protocol=protocol))).rule
        assert rule == "format-pickle" if protocol > 1 else rule in ("format-text", "format-unknown")


def test_what_a_pickle_calls_for_is_named() -> None:
    """Calls are listed from the instructions, in each of the three ways to name one."""
    assert pickle_calls(b"cos\nsystem\n(S'x'\ntR.") == ["os.system"]
    assert pickle_calls(b"(S'x'\nios\nsystem\n.") == ["os.system"]
    assert pickle_calls(b"\x80\x04\x8c\x02os\x8c\x06system\x93.") == ["os.system"]
    assert pickle_calls(pickle.dumps(Path("x"), protocol=2)) == ["pathlib.PosixPath"]


TEXTS = [
    ("Hello, this is a text.\nWith lines.\n", "format-text"),
    ("cat\ndog\nbird\n", "format-text"),
    ("I1\nam\n", "format-text"),
    ("import os\n", "format-text"),
    (".", "format-text"),
    ('{"a": 1}', "format-json"),
    ("[1, 2]", "format-json"),
    ("FROM llama3\n", "format-modelfile"),
    ("Message FROM me\n", "format-text"),
    ("äöü" * 30_000, "format-text"),
    ("<p>words</p>", "format-text"),
]


@pytest.mark.parametrize(("content", "rule"), TEXTS)
def test_texts(content: str, rule: str, write: Write) -> None:
    """Texts are told from pickles without a header, which are texts as well."""
    assert identify(write(content.encode())).rule == rule


def test_what_numpy_writes(tmp_path: Path) -> None:
    """Arrays of numbers are told from arrays of objects, whatever numpy's version of the form."""
    numbers, objects = np.arange(6.0).reshape(2, 3), np.array([{"a": 1}, None], dtype=object)
    fields = np.zeros(2, dtype=[("name", "O"), ("size", "<i4")])
    for content, found in ((numbers, formats.NUMPY), (objects, formats.NUMPY_OBJECTS), (fields, formats.NUMPY_OBJECTS)):
        for version in ((1, 0), (2, 0), (3, 0)):
            with (tmp_path / "array.gguf").open("wb") as file:
                np.lib.format.write_array(file, content, version=version)
            assert identify(tmp_path / "array.gguf") is found
    with (tmp_path / "arrays.gguf").open("wb") as file:
        np.savez(file, weight=numbers)
    assert identify(tmp_path / "arrays.gguf") is formats.NUMPY_ARCHIVE


def test_weights_in_safe_forms(write: Write) -> None:
    """Weights are no adapters, and a damaged header is named."""
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    assert identify(write(safetensors({"a": entry}, bytes(4)))) is formats.SAFETENSORS
    assert identify(write(safetensors({"q.lora_A.weight": entry}, bytes(4)))) is formats.LORA
    assert "truncated" in identify(write(safetensors({"a": entry}, bytes(3)))).why


def test_missing_files_and_links(tmp_path: Path) -> None:
    """What is not there is said so; a link of git-annex to content that was not fetched is named."""
    with pytest.raises(NotFound, match="no-such"):
        identify(tmp_path / "no-such.gguf")
    link = tmp_path / "annexed.gguf"
    link.symlink_to(".git/annex/objects/a/b/c")
    assert identify(link) is formats.ANNEX


def zipped(names: list[str]) -> bytes:
    """Make a zip archive of empty files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return data.getvalue()


def names_of(data: bytes) -> list[str] | None:
    """List the zip that ends with these bytes."""
    return zip_names(io.BytesIO(data), len(data))


def test_zip_directories() -> None:
    """Names come from the directory: behind any bytes, before a comment, of large archives, and bounded."""
    assert names_of(zipped(["a", "b/c"])) == ["a", "b/c"]
    assert names_of(b"GGUF" + bytes(1000) + zipped(["a"])) == ["a"]
    assert names_of(zipped([])) == []
    many = zipped([str(number) for number in range(5000)])
    assert len(names_of(many) or ()) == 4096
    commented = bytearray(zipped(["a"]))
    commented[-2:] = struct.pack("<H", 5)
    assert names_of(bytes(commented) + b"words") == ["a"]
    for spoilt in (b"", b"PK\5\6", bytes(100), zipped(["a"])[:-23], gguf() + b"PK\5\6" + b"\xff" * 18):
        assert names_of(spoilt) is None


def test_thousands_of_zip_ends_take_no_time(tmp_path: Path) -> None:
    """Each could claim a long directory somewhere in a large file, which is not read before it begins like one."""
    path = tmp_path / "x"
    with path.open("wb") as file:
        file.truncate(150 << 20)
        file.seek(0, 2)
        file.write(b"PK\5\6" * 16384)
    started = time.perf_counter()
    with path.open("rb") as file:
        assert zip_names(file, path.stat().st_size) is None
    assert time.perf_counter() - started < 2


def test_what_the_system_makes_up_is_empty() -> None:
    """Files without a size are not read: some wait until there is news of the system."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("only Linux has such files")
    assert identify(Path("/proc/self/environ")) is formats.EMPTY


def test_a_tar_header_of_a_negative_size_is_none() -> None:
    """Some readers take such a number; it would lead back in front of the file."""
    block = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT))
    assert tar_names(io.BytesIO(block), len(block)) == ["x"]
    block[124:136] = b"-0000002000\0"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    assert tar_names(io.BytesIO(block), len(block)) is None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from(
        [magic for _, magic, _ in MAGIC] + [b"", b"\x80\x04", b"PK\3\4", b"{", b"\x08\x07", b"cos\n"]
    ),
    rest=st.binary(max_size=600) | st.text(max_size=200).map(str.encode),
    end=st.sampled_from([b"", b"PK\5\6" + bytes(18), zipped(["a"]), b"PK\6\7" + bytes(16) + b"PK\5\6" + b"\xff" * 18]),
)
def test_anything_is_something(start: bytes, rest: bytes, end: bytes, tmp_path: Path) -> None:
    """Whatever the bytes are, they are told to be of some format, and what is said can be printed."""
    path = tmp_path / "any"
    path.write_bytes(start + rest + end)
    found = identify(path)
    assert found.said_of("it").isprintable()
    assert found.rule or found is formats.GGUF
    with path.open("rb") as file:
        zip_names(file, path.stat().st_size)
        tar_names(file, path.stat().st_size)


def test_the_shortest_files(write: Write) -> None:
    """One byte, and every magic number cut short, are told to be something as well."""
    starts = [bytes([byte]) for byte in range(256)]
    starts += [magic[:length] for _, magic, _ in MAGIC for length in range(1, len(magic))]
    for data in starts:
        assert identify(write(data)).rule


def test_hostile_texts_are_shown_harmlessly(write: Write) -> None:
    """Escapes in what a file begins with, or in what a pickle calls for, reach no terminal."""
    for data in (b"\x1b[2Jfine\n", json.dumps({"a": "\x1b"}).encode(), b"c\x1b[2J\nx\n(tRI1\n0I2\n0."):
        assert identify(write(data)).said_of("it").isprintable()
