"""The file of postings: for each word the chunks that hold it and how often, derived from FTS5 and mapped into memory.

First the postings of all words (chunk ids, then one code each for how often the word is in which field), then the
tables that lead to them. What the tables sum up to stands in the manifest, what the postings of a word sum up to in the
tables, so that a torn file is never believed and a search reads no more than its own words.
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

_HEAD = struct.Struct("<8s16s5Q")
_MAGIC = b"LDPOST01"
# How often a word is in each field is packed into one number, which then is given a code of two bytes.
_COUNT_BITS = 12
_MOST_CODES = 65_536
# Instances of words that are taken from FTS5 at a time.
_PAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class PostingsMark:
    """What the manifest says of the file: its name, the last chunk id it covers, and the CRC-32 of its tables."""

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


class Postings(NamedTuple):
    """A mapped file.

    The postings of word number `n` are `ids` (int32, ascending) and `codes` (uint16) from `starts[n]` to `starts[n+1]`,
    with the CRC-32 `sums[n]` over both. A code is a row of `counts`, (codes, fields). The words are the pieces of
    `text` between `ends`, in the order of their bytes. `sizes` holds the words of each chunk, by id, 0 to the last.
    """

    ids: Numbers
    codes: Numbers
    starts: Numbers
    sums: Numbers
    ends: Numbers
    counts: Numbers
    sizes: Numbers
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

    def of(self, number: int) -> tuple[Numbers, Numbers] | None:
        """Give ids and codes of one word; None when they are not what was written."""
        part = slice(int(self.starts[number]), int(self.starts[number + 1]))
        ids, codes = self.ids[part], self.codes[part]
        return (ids, codes) if zlib.crc32(codes.data, zlib.crc32(ids.data)) == self.sums[number] else None


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
    magic, token, *lengths = _HEAD.unpack_from(mapped)
    tables = _tables_at(lengths[0])
    if magic != _MAGIC or token != mark.token.encode("ascii") or tables > len(mapped):
        return None
    if zlib.crc32(memoryview(mapped)[tables:], zlib.crc32(mapped[: _HEAD.size])) != mark.checksum:
        return None
    return _mapped(mapped, *lengths)


def _mapped(mapped: mmap.mmap, postings: int, words: int, codes: int, sizes: int, text: int) -> Postings:
    """Cut the mapped file into its arrays."""
    import numpy as np

    place = _tables_at(postings)
    tables = []
    for kind, count in (("<i8", words + 1), ("<i8", words + 1), ("<u4", words), ("<i4", sizes)):
        tables.append(np.frombuffer(mapped, kind, count, place))
        place += tables[-1].nbytes
    counts = np.frombuffer(mapped, "<u2", codes * len(FIELDS), place).reshape(codes, len(FIELDS))
    starts, ends, sums, by_id = tables
    return Postings(
        np.frombuffer(mapped, "<i4", postings, _HEAD.size),
        np.frombuffer(mapped, "<u2", postings, _HEAD.size + 4 * postings),
        starts,
        sums,
        ends,
        counts,
        by_id,
        mapped[place + counts.nbytes : place + counts.nbytes + text],
    )


def _tables_at(postings: int) -> int:
    """Give the place of the tables, at a multiple of eight bytes."""
    return -(-(_HEAD.size + 6 * postings) // 8) * 8


def write(database: sqlite3.Connection, generation: Path) -> PostingsMark | None:
    """Write the postings of all that FTS5 holds; None when it holds what does not fit in.

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
        return None
    return PostingsMark(mark.token, last, checksum)


def remove_others(generation: Path, mark: PostingsMark) -> None:
    """Remove files that are not the marked one; Windows keeps those somebody has mapped until the next time."""
    for path in generation.glob("postings-*.bin"):
        if path != mark.file(generation):
            try:
                path.unlink()
            except OSError:
                continue


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
        self._chunks = np.fromiter((row[1] for row in rows), dtype=np.int64, count=len(rows))
        self._places = np.fromiter((row[2] for row in rows), dtype=np.int64, count=len(rows))
        self._starts = np.concatenate([[0], np.cumsum(self._chunks)])
        self._sizes = np.zeros(mark.last + 1, dtype="<i4")
        self._codes: dict[int, int] = {}

    def write(self) -> int | None:
        """Write everything; give the checksum of the tables, None when something is too large for its place."""
        import numpy as np

        total = int(self._starts[-1])
        sums: list[int] = []
        if self._mark.last >= 2**31:
            return None
        for first, end in self._pages():
            page = self._page(first, end)
            if page is None:
                return None
            ids, codes = page
            start = int(self._starts[first])
            self._file.seek(_HEAD.size + 4 * start)
            self._file.write(ids.data)
            self._file.seek(_HEAD.size + 4 * total + 2 * start)
            self._file.write(codes.data)
            bounds = (self._starts[first : end + 1] - start).tolist()
            for low, high in itertools.pairwise(bounds):
                sums.append(zlib.crc32(codes[low:high].data, zlib.crc32(ids[low:high].data)))
        return self._tables(total, np.asarray(sums, dtype="<u4"))

    def _tables(self, total: int, sums: Numbers) -> int:
        """Write the tables and then the head."""
        import numpy as np

        words = [word.encode("utf-8", "surrogatepass") for word in self._words]
        ends = np.concatenate([[0], np.cumsum([len(word) for word in words], dtype=np.int64)]).astype("<i8")
        packed = np.fromiter(self._codes, dtype=np.int64, count=len(self._codes))
        fields = [(packed >> (_COUNT_BITS * field)) & (2**_COUNT_BITS - 1) for field in range(len(FIELDS))]
        counts = np.stack(fields, axis=1).astype("<u2")
        text = b"".join(words)
        head = _HEAD.pack(
            _MAGIC, self._mark.token.encode("ascii"), total, len(words), len(counts), len(self._sizes), len(text)
        )
        parts = [self._starts.astype("<i8"), ends, sums, self._sizes, counts]
        data = b"".join([*(part.tobytes() for part in parts), text])
        self._file.seek(_tables_at(total))
        self._file.write(data)
        self._file.seek(0)
        self._file.write(head)
        return zlib.crc32(data, zlib.crc32(head))

    def _pages(self) -> Iterator[tuple[int, int]]:
        """Cut the words into runs of about a page of instances."""
        first = held = 0
        for number, count in enumerate(self._places.tolist()):
            if held and held + count > _PAGE:
                yield first, number
                first, held = number, 0
            held += count
        if held:
            yield first, len(self._words)

    def _page(self, first: int, end: int) -> tuple[Numbers, Numbers] | None:
        """Give ids and codes of a run of words."""
        import numpy as np

        places = self._instances(first, end)
        word = np.repeat(np.arange(first, end), self._places[first:end])
        if len(places) != len(word):
            return None
        ids, fields = places >> 3, places & 7
        self._sizes += np.bincount(ids, minlength=len(self._sizes)).astype("<i4")
        new = np.concatenate([[True], (ids[1:] != ids[:-1]) | (word[1:] != word[:-1])])
        packed = np.add.reduceat(np.int64(1) << (_COUNT_BITS * fields), np.flatnonzero(new))
        most = np.add.reduceat(np.ones(len(ids), dtype=np.int64), np.flatnonzero(new)).max()
        if len(packed) != self._starts[end] - self._starts[first] or most >= 2**_COUNT_BITS:
            return None
        kinds, codes = np.unique(packed, return_inverse=True)
        numbers = [self._codes.setdefault(kind, len(self._codes)) for kind in kinds.tolist()]
        if len(self._codes) > _MOST_CODES:
            return None
        return ids[new].astype("<i4"), np.asarray(numbers, dtype="<u2")[codes]

    def _instances(self, first: int, end: int) -> Numbers:
        """Give chunk id times eight plus field for each place of a run of words, in the order of words and chunks.

        As one text: a row for each of 28 million places would cost Python 20 seconds, this costs SQLite 8.
        """
        import numpy as np

        # Most places are in the body, the last field.
        cases = " ".join(f"WHEN '{name}' THEN {number}" for number, name in reversed(list(enumerate(FIELDS))))
        below = "" if end == len(self._words) else "AND term < ?"
        values = (self._words[first],) if end == len(self._words) else (self._words[first], self._words[end])
        (text,) = self._database.execute(
            f"SELECT group_concat(doc * 8 + CASE col {cases} END) FROM word_places WHERE term >= ? {below}", values
        ).fetchone()
        return np.fromstring(text, dtype=np.int64, sep=",")
