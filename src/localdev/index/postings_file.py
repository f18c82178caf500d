"""The file of postings: for each word the chunks that hold it and how often, derived from FTS5 and mapped into memory.

First the postings of all words (chunk ids, one code each for how often the word is in which field, and for phrases all
places), then the tables that lead to them. What the tables sum up to stands in the manifest, what the postings of a
word sum up to in the tables, so that a torn file is never believed and a search reads no more than its own words.
"""

from __future__ import annotations

import itertools
import mmap
import os
import secrets
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from localdev.core.files import storage_error
from localdev.index.schema import FIELDS

if TYPE_CHECKING:
    import sqlite3

    import numpy.typing as npt

    Numbers = npt.NDArray[Any]

_HEAD = struct.Struct("<8s16s6Q")
_MAGIC = b"LDPOST02"
# How often a word is in each field is packed into one number, which then is given a code of two bytes. What is too
# often for it has a number of its own below zero.
_COUNT_BITS = 12
_MOST_TIMES = 65_535
_MOST_CODES = 65_536
# Instances of words that are taken from FTS5 at a time.
_PAGE = 1_000_000
# Bits of an instance's place in its field, and of the field's number, while they travel as one number with the chunk.
_PLACE_BITS, _FIELD_BITS = 20, 3
# No place of the file is lower: a phrase is looked for by going back from its later words.
_FIRST_PLACE = 2**_PLACE_BITS


@dataclass(frozen=True, slots=True)
class PostingsMark:
    """What the manifest says of the file: its name, the last chunk id it covers, and the CRC-32 of its tables.

    One without a name says up to which chunk the words could not be brought into a file.
    """

    token: str = ""
    last: int = 0
    checksum: int = 0

    @classmethod
    def from_meta(cls, meta: dict[str, str]) -> PostingsMark:
        """Read the mark; an index without one has no such file."""
        token, _, rest = meta.get("postings", "").partition(" ")
        last, _, checksum = rest.partition(" ")
        return cls(token, int(last), int(checksum)) if rest else cls()

    def as_meta(self) -> dict[str, str]:
        """Give the manifest row."""
        return {"postings": f"{self.token} {self.last} {self.checksum}"}

    def file(self, generation: Path) -> Path:
        """Give the path of the file."""
        return generation / f"postings-{self.token}.bin"


class Lengths(NamedTuple):
    """The lengths that say where everything is: of postings, instances, words, codes, chunks and the words' bytes."""

    postings: int
    places: int
    words: int
    codes: int
    chunks: int
    text: int

    @property
    def place_start(self) -> int:
        """Where the places begin."""
        return -(-(_HEAD.size + 6 * self.postings) // 8) * 8

    @property
    def tables(self) -> int:
        """Where the tables begin."""
        return -(-(self.place_start + 4 * self.places) // 8) * 8


class Postings(NamedTuple):
    """A mapped file.

    The postings of word number `n` are `ids` (int32, ascending) and `codes` (uint16) from `starts[n]` to `starts[n+1]`,
    its `places` (uint32, ascending) those from `place_starts[n]`; `sums[n]` holds the CRC-32 of the former and of the
    latter. A code is a row of `counts`, (codes, fields). The words are the pieces of `text` between `ends`, in the
    order of their bytes. `homes[chunk * fields + field]` is the place where a field begins; between fields one place is
    left out, so that no phrase goes from one into the next.
    """

    ids: Numbers
    codes: Numbers
    places: Numbers
    starts: Numbers
    place_starts: Numbers
    ends: Numbers
    sums: Numbers
    homes: Numbers
    counts: Numbers
    text: bytes

    def number(self, word: bytes) -> int | None:
        """Find a word, by halving."""
        low, high = 0, len(self.sums)
        while low < high:
            middle = (low + high) // 2
            here = self.text[self.ends[middle] : self.ends[middle + 1]]
            if here == word:
                return middle
            low, high = (middle + 1, high) if here < word else (low, middle)
        return None

    def of(self, number: int) -> tuple[Numbers, Numbers]:
        """Give ids and codes of one word.

        Raises:
            Torn: they are not what was written.
        """
        part = slice(int(self.starts[number]), int(self.starts[number + 1]))
        ids, codes = self.ids[part], self.codes[part]
        if zlib.crc32(codes.data, zlib.crc32(ids.data)) != self.sums[number, 0]:
            raise Torn
        return ids, codes

    def places_of(self, number: int) -> Numbers:
        """Give the places of one word.

        Raises:
            Torn: they are not what was written.
        """
        places = self.places[int(self.place_starts[number]) : int(self.place_starts[number + 1])]
        if zlib.crc32(places.data) != self.sums[number, 1]:
            raise Torn
        return places


class Torn(Exception):
    """A part of the file is not what was written."""


def load(generation: Path, mark: PostingsMark) -> Postings | None:
    """Map the file; None when it is missing, torn or not the marked one."""
    if not mark.token:
        return None
    try:
        with mark.file(generation).open("rb") as file:
            if os.fstat(file.fileno()).st_size < _HEAD.size:
                return None
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return None
    magic, token, *numbers = _HEAD.unpack_from(mapped)
    lengths = Lengths(*numbers)
    if magic != _MAGIC or token != mark.token.encode("ascii") or lengths.tables > len(mapped):
        return None
    if zlib.crc32(memoryview(mapped)[lengths.tables :], zlib.crc32(mapped[: _HEAD.size])) != mark.checksum:
        return None
    return _mapped(mapped, lengths)


def _mapped(mapped: mmap.mmap, lengths: Lengths) -> Postings:
    """Cut the mapped file into its arrays."""
    import numpy as np

    words, fields = lengths.words, len(FIELDS)
    place = lengths.tables
    tables = []
    for kind, count in (
        ("<i8", words + 1),
        ("<i8", words + 1),
        ("<i8", words + 1),
        ("<u4", words * 2),
        ("<u4", lengths.chunks * fields + 1),
        ("<u2", lengths.codes * fields),
    ):
        tables.append(np.frombuffer(mapped, kind, count, place))
        place += tables[-1].nbytes
    starts, place_starts, ends, sums, homes, counts = tables
    return Postings(
        np.frombuffer(mapped, "<i4", lengths.postings, _HEAD.size),
        np.frombuffer(mapped, "<u2", lengths.postings, _HEAD.size + 4 * lengths.postings),
        np.frombuffer(mapped, "<u4", lengths.places, lengths.place_start),
        starts,
        place_starts,
        ends,
        sums.reshape(words, 2),
        homes,
        counts.reshape(lengths.codes, fields),
        mapped[place : place + lengths.text],
    )


def write(database: sqlite3.Connection, generation: Path) -> PostingsMark:
    """Write the postings of all that FTS5 holds; the mark has no name when it holds what does not fit in.

    Raises:
        StorageError: the disk is full.
    """
    (last,) = database.execute("SELECT coalesce(max(id), 0) FROM chunks").fetchone()
    mark = PostingsMark(secrets.token_hex(8), last)
    path = mark.file(generation)
    try:
        with path.open("wb") as file:
            checksum = _Writer(database, file, mark).write()
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise storage_error(path, error) from error
    if checksum is None:
        path.unlink()
        return PostingsMark(last=last)
    return PostingsMark(mark.token, last, checksum)


class _Writer:
    """Takes FTS5's instances page by page and writes them as postings."""

    def __init__(self, database: sqlite3.Connection, file: IO[bytes], mark: PostingsMark) -> None:
        import numpy as np

        self._database = database
        self._file = file
        self._mark = mark
        for name, form in (("word_rows", "row"), ("word_places", "instance")):
            database.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.{name} USING fts5vocab(main, words, {form})")
        rows = database.execute("SELECT term, doc, cnt FROM word_rows").fetchall()
        self._words = [row[0] for row in rows]
        self._counts = np.fromiter((row[2] for row in rows), dtype=np.int64, count=len(rows))
        self._starts = np.concatenate([[0], np.cumsum([row[1] for row in rows], dtype=np.int64)]).astype("<i8")
        self._place_starts = np.concatenate([[0], np.cumsum(self._counts)]).astype("<i8")
        self._homes = _homes(database, mark.last)
        self._codes: dict[int, int] = {}
        self._often: list[Numbers] = []

    def write(self) -> int | None:
        """Write everything; give the checksum of the tables, None when something is too large for its place."""
        import numpy as np

        if self._mark.last >= 2**31 or self._homes is None:
            return None
        lengths = Lengths(int(self._starts[-1]), int(self._place_starts[-1]), len(self._words), 0, 0, 0)
        sums: list[tuple[int, int]] = []
        for first, end in self._pages():
            page = self._page(first, end)
            if page is None:
                return None
            ids, codes, places = page
            start, place_start = int(self._starts[first]), int(self._place_starts[first])
            for where, part in (
                (_HEAD.size + 4 * start, ids),
                (_HEAD.size + 4 * lengths.postings + 2 * start, codes),
                (lengths.place_start + 4 * place_start, places),
            ):
                self._file.seek(where)
                self._file.write(part.data)
            bounds = (self._starts[first : end + 1] - start).tolist()
            place_bounds = (self._place_starts[first : end + 1] - place_start).tolist()
            for (low, high), (left, right) in zip(
                itertools.pairwise(bounds), itertools.pairwise(place_bounds), strict=True
            ):
                both = zlib.crc32(codes[low:high].data, zlib.crc32(ids[low:high].data))
                sums.append((both, zlib.crc32(places[left:right].data)))
        return self._tables(lengths, np.asarray(sums, dtype="<u4"))

    def _tables(self, lengths: Lengths, sums: Numbers) -> int:
        """Write the tables and then the head."""
        import numpy as np

        assert self._homes is not None
        words = [word.encode("utf-8", "surrogatepass") for word in self._words]
        ends = np.concatenate([[0], np.cumsum([len(word) for word in words], dtype=np.int64)]).astype("<i8")
        packed = np.fromiter(self._codes, dtype=np.int64, count=len(self._codes))
        fields = [(packed >> (_COUNT_BITS * field)) & (2**_COUNT_BITS - 1) for field in range(len(FIELDS))]
        counts = np.stack(fields, axis=1).astype("<u2")
        for code in np.flatnonzero(packed < 0):
            counts[code] = self._often[-1 - packed[code]]
        text = b"".join(words)
        lengths = lengths._replace(codes=len(counts), chunks=self._mark.last + 1, text=len(text))
        head = _HEAD.pack(_MAGIC, self._mark.token.encode("ascii"), *lengths)
        parts = [self._starts, self._place_starts, ends, sums, self._homes, counts]
        data = b"".join([*(part.tobytes() for part in parts), text])
        self._file.seek(lengths.tables)
        self._file.write(data)
        self._file.seek(0)
        self._file.write(head)
        return zlib.crc32(data, zlib.crc32(head))

    def _pages(self) -> Iterator[tuple[int, int]]:
        """Cut the words into runs of about a page of instances."""
        first = held = 0
        for number, count in enumerate(self._counts.tolist()):
            if held and held + count > _PAGE:
                yield first, number
                first, held = number, 0
            held += count
        if held:
            yield first, len(self._words)

    def _page(self, first: int, end: int) -> tuple[Numbers, Numbers, Numbers] | None:
        """Give ids, codes and places of a run of words."""
        import numpy as np

        assert self._homes is not None
        instances = self._instances(first, end)
        word = np.repeat(np.arange(first, end), self._counts[first:end])
        if len(instances) != len(word):
            return None
        regions = instances >> _PLACE_BITS
        ids, fields = regions >> _FIELD_BITS, regions & (2**_FIELD_BITS - 1)
        places = self._homes[ids * len(FIELDS) + fields] + (instances & (2**_PLACE_BITS - 1)).astype("<u4")
        new = np.concatenate([[True], (ids[1:] != ids[:-1]) | (word[1:] != word[:-1])])
        bounds = np.append(np.flatnonzero(new), len(ids))
        packed = np.add.reduceat(np.int64(1) << (_COUNT_BITS * fields), bounds[:-1])
        if len(packed) != self._starts[end] - self._starts[first]:
            return None
        for often in np.flatnonzero(np.diff(bounds) >= 2**_COUNT_BITS):
            times = np.bincount(fields[bounds[often] : bounds[often + 1]], minlength=len(FIELDS))
            self._often.append(np.minimum(times, _MOST_TIMES))
            packed[often] = -len(self._often)
        kinds, codes = np.unique(packed, return_inverse=True)
        numbers = [self._codes.setdefault(kind, len(self._codes)) for kind in kinds.tolist()]
        if len(self._codes) > _MOST_CODES:
            return None
        return ids[new].astype("<i4"), np.asarray(numbers, dtype="<u2")[codes], places

    def _instances(self, first: int, end: int) -> Numbers:
        """Give chunk, field and place of each instance of a run of words as one number, in the order of the three.

        As one text: a row for each of 28 million instances would cost Python 20 seconds, this costs SQLite 6.
        """
        import numpy as np

        # Most instances are in the body, the last field.
        cases = " ".join(f"WHEN '{name}' THEN {number}" for number, name in reversed(list(enumerate(FIELDS))))
        number = f"((doc << {_FIELD_BITS} | CASE col {cases} END) << {_PLACE_BITS} | offset)"
        below = "" if end == len(self._words) else "AND term < ?"
        values = (self._words[first],) if end == len(self._words) else (self._words[first], self._words[end])
        (text,) = self._database.execute(
            f"SELECT group_concat({number}) FROM word_places WHERE term >= ? {below}", values
        ).fetchone()
        return np.fromstring(text, dtype=np.int64, sep=",")


def _homes(database: sqlite3.Connection, last: int) -> Numbers | None:
    """Give the place where each field of each chunk begins, and the one behind all; None when it does not fit.

    FTS5 keeps the sizes of a row's fields as numbers of seven bits to a byte, the last byte of each below 128.
    """
    import numpy as np

    rows = database.execute("SELECT id, sz FROM words_docsize ORDER BY id").fetchall()
    data = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.uint8).astype(np.int64)
    ends = np.flatnonzero(data < 0x80)
    if len(ends) != len(rows) * len(FIELDS):
        return None
    number = np.concatenate([[0], np.cumsum(data < 0x80)[:-1]])
    shift = 7 * (ends[number] - np.arange(len(data)))
    sizes = np.bincount(number, weights=((data & 0x7F) << shift).astype(float), minlength=len(ends)).astype(np.int64)
    every = np.zeros((last + 1, len(FIELDS)), dtype=np.int64)
    every[[row[0] for row in rows]] = sizes.reshape(len(rows), len(FIELDS))
    homes = _FIRST_PLACE + np.concatenate([[0], np.cumsum(every.ravel() + 1)])
    fits = homes[-1] < 2**32 and every.max(initial=0) < 2**_PLACE_BITS
    return homes.astype("<u4") if fits else None
