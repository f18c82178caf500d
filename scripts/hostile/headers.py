"""GGUF files whose headers lie, or hold what no model needs."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from collections.abc import Iterator

from scripts.hostile.cases import (
    ARRAY,
    FLOAT64,
    INT32,
    LLAMA,
    Q4_0,
    Q4_K,
    STRING,
    UINT16,
    UINT64,
    Case,
    Content,
    gguf,
    pair,
    single,
    tensor,
    text,
)

_STRUCTURE = "gguf-structure"


def hostile_headers() -> Iterator[Case]:
    """Give every case."""
    for group in (_counts(), _metadata(), _tensors(), _frames()):
        for name, data, reason in group:
            yield single(f"{name}.gguf", data, reason, _STRUCTURE)
    yield from _texts()
    yield from _polyglots()
    yield from _splits()


def _counts() -> Iterator[tuple[str, bytes, str]]:
    """Numbers at the beginning that lead beyond the file, or to more memory than there is."""
    yield "version-0", gguf(version=0), "version 0"
    yield "version-1", gguf(version=1), "version 1"
    yield "version-4", gguf(version=4), "version 4"
    yield "big-endian", b"GGUF" + struct.pack(">IQQ", 3, 1, 1) + bytes(100), "big-endian"
    yield "keys-beyond-memory", gguf(counts=(1, 2**40)), "claims"
    yield "keys-negative", gguf(counts=(1, 2**64 - 1)), "claims"
    yield "keys-beyond-file", gguf(counts=(1, 500)), "truncated"
    yield "tensors-beyond-memory", gguf(counts=(2**63, 1)), "claims"
    yield "tensors-beyond-file", gguf(counts=(4000, 1)), "truncated"
    yield "magic-alone", b"GGUF", "truncated"
    yield "header-cut", gguf()[:20], "truncated"


def _metadata() -> Iterator[tuple[str, bytes, str]]:
    """Metadata that lies about its length, repeats itself or is of no type there is."""
    for name, items, reason in (
        ("array-beyond-memory", struct.pack("<IQ", STRING, 2**62), "truncated"),
        ("array-overflowing", struct.pack("<IQ", FLOAT64, 2**61), "truncated"),
        ("array-in-array", struct.pack("<IQIQ", ARRAY, 1, ARRAY, 1), "array"),
        ("array-of-nothing-known", struct.pack("<IQ", 77, 1), "type"),
        (
            "array-of-endless-strings",
            struct.pack("<IQ", STRING, 8) + text("x") * 7 + struct.pack("<Q", 2**63),
            "truncated",
        ),
    ):
        yield name, gguf([LLAMA, ("x", ARRAY, items)]), reason
    yield "string-beyond-memory", gguf([LLAMA, ("x", STRING, struct.pack("<Q", 2**63))]), "truncated"
    yield "string-wrapping", gguf([LLAMA, ("x", STRING, struct.pack("<Q", 2**64 - 8))]), "truncated"
    yield "string-not-utf8", gguf([LLAMA, ("general.name", STRING, text(b"\xff\xfe"))]), "UTF-8"
    yield (
        "strings-many-and-long",
        gguf([LLAMA, *(pair(f"k{number}", "z" * (1 << 16)) for number in range(20))]),
        "bytes of text",
    )
    yield "value-of-no-type", gguf([LLAMA, ("x", 13, b"")]), "type 13"
    yield "key-twice", gguf([LLAMA, LLAMA]), "twice"
    yield "key-empty", gguf([LLAMA, pair("", "x")]), "empty"
    yield "key-beyond-limit", gguf([LLAMA, pair("k" * (1 << 16), "x")]), "long"
    yield "key-not-utf8", gguf([LLAMA, pair(b"\xff\xfe", "x")]), "UTF-8"
    yield "key-escapes", gguf([LLAMA, pair("general.\x1b[31m", "x")]), "not of printable ASCII"
    for name, template in (("number", 7), ("list", ["a", "b"])):
        yield f"template-of-{name}", gguf([LLAMA, pair("tokenizer.chat_template", template)]), "instead of string"
    yield "template-too-large", gguf([LLAMA, pair("tokenizer.chat_template", "x" * (1 << 20))]), "is too large"
    yield "architecture-missing", gguf([pair("general.name", "x")]), "architecture"
    yield "architecture-number", gguf([pair("general.architecture", 7)]), "architecture"
    yield "alignment-0", gguf([LLAMA, pair("general.alignment", 0)]), "alignment"
    yield "alignment-24", gguf([LLAMA, pair("general.alignment", 24)]), "alignment"
    yield "alignment-huge", gguf([LLAMA, pair("general.alignment", 1 << 31)]), "alignment"
    yield "alignment-text", gguf([LLAMA, pair("general.alignment", "32")]), "alignment"
    yield "alignment-of-64-bits", gguf([LLAMA, ("general.alignment", UINT64, struct.pack("<Q", 32))]), "alignment"


def _tensors() -> Iterator[tuple[str, bytes, str]]:
    """Tensors that overlap, leave holes or lie outside of the file."""
    yield "tensor-of-no-type", gguf(tensors=[tensor("a", [32], kind=99)]), "type 99"
    yield "tensor-of-removed-type", gguf(tensors=[tensor("a", [32], kind=4)]), "no longer reads"
    yield "tensor-of-negative-type", gguf(tensors=[tensor("a", [32], kind=2**32 - 1)]), "type 4294967295"
    yield "tensor-five-dimensions", gguf(tensors=[tensor("a", [1] * 5)]), "5 dimensions"
    yield "tensor-many-dimensions", gguf(tensors=[text("a") + struct.pack("<I", 2**32 - 1)]), "dimensions"
    yield "tensor-half-a-block", gguf(tensors=[tensor("a", [33], kind=Q4_0)]), "impossible shape"
    yield "tensor-part-of-a-superblock", gguf(tensors=[tensor("a", [32], kind=Q4_K)]), "impossible shape"
    yield "tensor-overflowing", gguf(tensors=[tensor("a", [2**62, 4])]), "impossible shape"
    yield "tensor-overflowing-to-zero", gguf(tensors=[tensor("a", [2**32, 2**32])]), "impossible shape"
    yield "tensor-overflowing-bytes", gguf(tensors=[tensor("a", [2**61, 2])]), "truncated: its tensors need"
    yield "tensor-twice", gguf(tensors=[tensor("a", [8]), tensor("a", [8], offset=32)]), "twice"
    yield "tensors-overlapping", gguf(tensors=[tensor("a", [16]), tensor("b", [16], offset=32)]), "expected at 64"
    yield "tensors-at-one-place", gguf(tensors=[tensor("a", [8]), tensor("b", [8])]), "expected at 32"
    yield "tensors-with-a-hole", gguf(tensors=[tensor("a", [8], offset=32)]), "expected at 0"
    yield "tensor-before-the-data", gguf(tensors=[tensor("a", [8], offset=2**64 - 32)]), "expected at 0"
    yield "tensor-name-long", gguf(tensors=[tensor("a" * 64, [8])]), "64 bytes long"
    yield "tensor-name-not-utf8", gguf(tensors=[tensor(b"\xff\xfe", [8])]), "UTF-8"
    yield "tensor-name-beyond-file", gguf(tensors=[struct.pack("<Q", 2**60)]), "truncated"


def _frames() -> Iterator[tuple[str, bytes, str]]:
    """Files that end too early."""
    yield "data-missing", gguf(data=b""), "truncated: its tensors need"
    yield "data-cut", gguf(tensors=[tensor("a", [64])], data=bytes(255)), "truncated: its tensors need"
    yield "data-beyond-any-disk", gguf(tensors=[tensor("a", [2**40, 2**20])]), "truncated: its tensors need"


def _texts() -> Iterator[Case]:
    """Metadata that would do something to whoever prints it."""
    for name, key, value in (
        ("name-clears-screen", "general.name", "good\x1b[2J\x1b[1;1Hverdict: fine"),
        ("name-sets-title", "general.name", "\x1b]0;evil\x07"),
        ("name-links", "general.name", "\x1b]8;;https://example.invalid\x07click\x1b]8;;\x07"),
        ("name-sets-title-in-one-byte", "general.name", "\x9d0;evil\x9c"),
        ("licence-hides", "general.license", "mit\x9b8m and everything you own"),
    ):
        said = "terminal escape sequence"
        yield single(f"{name}.gguf", gguf([LLAMA, pair(key, value)]), said, "metadata-escape")


def _polyglots() -> Iterator[Case]:
    """GGUF files that another program takes for something else."""
    archive = _zip_of("__main__.py", "raise SystemExit('run')")
    for name, data in (
        ("zip-behind", gguf() + archive),
        ("zip-in-weights", gguf(tensors=[tensor("a", [4096])], data=bytes(4096 * 4 - len(archive)) + archive)),
        ("zip-with-comment", gguf() + archive[:-2] + struct.pack("<H", 500) + bytes(500)),
        ("zip-with-data-behind", gguf() + archive + b"\xff" * 300),
        ("zip-of-64-bits", gguf() + _zip_64(archive, len(gguf()))),
        ("zip-with-a-gap", gguf() + _zip_with_a_gap(archive, len(gguf()))),
    ):
        yield single(f"polyglot-{name}.gguf", data, "it is a zip archive as well", "file-archive")
    yield single("polyglot-tar.gguf", _tar_and_gguf(), "it is a tar archive as well", "file-archive")


def _zip_64(archive: bytes, at: int) -> bytes:
    """Give a zip that lies at `at` with a record of 64 bits, which Python's reader believes, and a lying one behind."""
    directory, end = archive.index(b"PK\1\2"), archive.index(b"PK\5\6")
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, end - directory, at + directory)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at + end, 1)
    return archive[:end] + record + locator + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 5, 2**32 - 1, 0)


def _zip_with_a_gap(archive: bytes, at: int) -> bytes:
    """Give a zip that lies at `at` whose directory is found by its place alone, as some readers look for it."""
    directory, end = archive.index(b"PK\1\2"), archive.index(b"PK\5\6")
    record = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, end - directory, at + directory, 0)
    return archive[:end] + bytes(100) + record


def _tar_and_gguf() -> bytes:
    """Make a GGUF file whose first metadata are the header of a tar member, and that of another one behind it."""
    other = tarfile.TarInfo("evil.sh").tobuf(tarfile.USTAR_FORMAT)
    filling = bytearray(2048)
    start = gguf([LLAMA, ("x", ARRAY, struct.pack("<IQ", 0, len(filling)) + bytes(filling))])
    head = bytearray(start[:512])
    head[124:136] = b"00000000000\0"
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + other + start[1024:]


def split_part(number: int, count: int, *, architecture: str = "llama", said: int | None = None) -> bytes:
    """Make part `number` (from 0) of a model with one tensor in each; `said` is the number it gives itself."""
    own = struct.pack("<H", number if said is None else said)
    pairs = [
        *([pair("general.architecture", architecture)] if number == 0 or architecture != "llama" else []),
        ("split.no", UINT16, own),
        ("split.count", UINT16, struct.pack("<H", count)),
        ("split.tensors.count", INT32, struct.pack("<i", count)),
    ]
    return gguf(pairs, [tensor(f"t{number}", [32])])


def _splits() -> Iterator[Case]:
    """Models in parts that are not whole, or not of one piece."""
    names = [f"m-{number + 1:05d}-of-00003.gguf" for number in range(3)]
    good: dict[str, Content] = {name: split_part(number, 3) for number, name in enumerate(names)}
    for name, files, reason in (
        ("part-missing", {key: good[key] for key in names[:2]}, names[2]),
        ("first-missing", {key: good[key] for key in names[1:]}, names[0]),
        ("part-renamed", {**good, names[1]: good[names[2]], names[2]: good[names[1]]}, names[1]),
        ("part-twice", {**good, names[2]: good[names[1]]}, names[2]),
        ("part-foreign", {**good, names[1]: split_part(1, 3, architecture="bert")}, names[1]),
        ("part-of-another-count", {**good, names[1]: split_part(1, 4)}, names[1]),
        ("part-cut", {**good, names[2]: split_part(2, 3)[:-8]}, "truncated"),
        ("part-whole", {**good, names[1]: gguf()}, names[1]),
        ("part-pickle", {**good, names[1]: b"\x80\x04]."}, names[1]),
        ("two-models", {"a.gguf": gguf(), "b.gguf": gguf()}, "several"),
    ):
        yield Case(f"split-{name}", files, reason, _STRUCTURE)
    trojan = {**good, names[2]: split_part(2, 3) + _zip_of("__main__.py", "raise SystemExit('run')")}
    yield Case("split-part-zip", trojan, "it is a zip archive as well", "file-archive")


def _zip_of(name: str, content: str) -> bytes:
    """Make a zip archive of one file."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), content)
    return data.getvalue()
