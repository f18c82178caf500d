"""The mapped postings give what FTS5 gives, to the last bit, whatever happened since they were made."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.core.search import Candidate, SearchFilter
from localdev.core.sqlite import open_reader
from localdev.index import layout, lexical, postings, postings_file, schema
from localdev.index.database import DATABASE, open_writer
from localdev.index.filters import allowed_ids
from localdev.index.outbox import Outbox
from localdev.index.postings_file import PostingsMark
from localdev.index.postings_later import most_later
from localdev.index.repository import IndexedRepository, open_repository
from tests.index.sample import HashingEmbedder, write_files

WORDS = "get value error file read write data path token session cart price total häuser naïve x9 lock".split()  # noqa: SIM905
PHRASES = (
    "get value",
    "value value",
    "error_file",
    "get get value",
    "value get nowhere",
    "1 get",
    "data file",
    "GET-Value",
)
PLAIN = (3.0, 4.0, 2.0, 1.5, 1.0)
UNEVEN = (3.7, 4.1, 0.3, 1.3, 0.9)  # sums of these depend on the order in which they are added


def source(rng: random.Random) -> str:
    """Give a Python file of a few functions made of words, the first ones far more often."""
    lines = []
    for _ in range(rng.randint(1, 5)):
        words = rng.choices(WORDS, [1 / (place + 1) for place in range(len(WORDS))], k=rng.randint(8, 60))
        lines += [f"def {words[0]}_{words[1]}({words[2]}):", f'    """{" ".join(words[3:8])}."""']
        lines += [f"    {word} = {word}({word}, {rng.choice(words)})" for word in words[8:]] + ["    return 1", "", ""]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with postings, some of whose chunks are gone and some of which came later."""
    top = tmp_path_factory.mktemp("postings")
    root, folder, rng = top / "root", top / "index" / "root", random.Random(4)
    write_files(root, {f"part{number % 5}/file_{number}.py": source(rng) for number in range(80)})
    with open_repository(root, folder, HashingEmbedder()) as repository:
        repository.refresh()
        add_postings(folder)
        for number in range(0, 80, 17):
            (root / f"part{number % 5}/file_{number}.py").write_text(source(rng))
        (root / "part1/file_1.py").unlink()
        write_files(root, {"later/one.py": source(rng), "later/cart.py": source(rng)})
        repository.refresh()
    return folder


def add_postings(folder: Path) -> PostingsMark:
    """Make postings for an index that is too small to have them by itself."""
    generation = layout.current(folder)
    assert generation is not None
    with contextlib.closing(open_writer(generation / DATABASE)) as database:
        mark = postings_file.write(database, generation)
        assert mark.token
        schema.write_meta(database, mark.as_meta())
    return mark


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[tuple[sqlite3.Connection, Path]]:
    """Read an index in one transaction."""
    generation = layout.current(folder)
    assert generation is not None
    with contextlib.closing(open_reader(generation / DATABASE)) as database:
        database.execute("BEGIN")
        yield database, generation


def both(
    folder: Path,
    terms: Sequence[str],
    weights: Sequence[float] = PLAIN,
    limit: int = 50,
    *,
    where: SearchFilter | None = None,
) -> tuple[list[Candidate] | None, list[Candidate]]:
    """Give what the postings say, and what FTS5 says."""
    with reading(folder) as (database, generation):
        view = postings.load_view(database, generation, PostingsMark.from_meta(schema.read_meta(database)))
        assert view is not None
        allowed = None if where is None else allowed_ids(database, where)
        ours = view.search(terms, weights, limit, allowed=allowed)
        return ours, lexical.search(database, terms, weights, limit, where=where)


@given(
    st.lists(st.sampled_from([*WORDS, *PHRASES, "GET", "nowhere", "return", "def"]), min_size=1, max_size=6),
    st.sampled_from([PLAIN, UNEVEN]),
    st.sampled_from([1, 3, 50, 10_000]),
)
def test_same_chunks_and_scores(folder: Path, terms: list[str], weights: tuple[float, ...], limit: int) -> None:
    """Old, removed and later chunks together are ranked as FTS5 ranks them, ties included."""
    ours, theirs = both(folder, terms, weights, limit)
    assert ours == theirs


@pytest.mark.parametrize(
    "where", [{"paths": ("part2",)}, {"paths": ("later", "part3")}, {"languages": ("go",)}, {"kinds": ("function",)}]
)
def test_same_with_a_filter(folder: Path, where: dict[str, tuple[str, ...]]) -> None:
    """A filter narrows both alike."""
    ours, theirs = both(folder, ["get", "error", "cart"], where=SearchFilter(**where))
    assert ours == theirs
    assert bool(theirs) is ("languages" not in where)


@pytest.mark.parametrize("terms", [["get", "!!"], ['"'], ["\0"]])
def test_what_is_no_word_is_left_to_fts5(folder: Path, terms: list[str]) -> None:
    """Signs alone are matched by FTS5's own rules."""
    assert both(folder, terms)[0] is None


def test_weights_of_nothing_are_left_to_fts5(folder: Path) -> None:
    """A field that does not count still lets a chunk match."""
    assert both(folder, ["get"], (0, 1, 1, 1, 1))[0] is None


@pytest.fixture
def small(root: Path, tmp_path: Path) -> Iterator[tuple[IndexedRepository, Path]]:
    """An open repository whose index has postings."""
    folder = tmp_path / "index" / "shop"
    with open_repository(root, folder, HashingEmbedder()) as repository:
        repository.refresh()
        add_postings(folder)
        yield repository, folder


@pytest.mark.parametrize("weights", [PLAIN[:4], (*PLAIN, 1.0)])
def test_a_weight_too_few_is_an_error(small: tuple[IndexedRepository, Path], weights: tuple[float, ...]) -> None:
    """It would silence a field, and not the same one as without postings."""
    with pytest.raises(ValueError, match="5 weights"):
        small[0].lexical(["total"], weights, 5)


@pytest.mark.parametrize("place", [0, 9, 30, 0.1, 0.3, 0.5, 0.7, 0.9, -1])
def test_a_torn_file_is_never_believed(small: tuple[IndexedRepository, Path], place: float) -> None:
    """A wrong byte anywhere makes the search slower, not wrong."""
    repository, folder = small
    expected = repository.lexical(["total", "cart"], PLAIN, 20)
    assert expected
    repository.close()
    (path,) = folder.glob("index-*/postings-*.bin")
    data = bytearray(path.read_bytes())
    data[int(place * len(data)) if isinstance(place, float) else place] ^= 0x40
    path.write_bytes(data)
    assert repository.lexical(["total", "cart"], PLAIN, 20) == expected
    path.write_bytes(data[: len(data) // 2])
    repository.close()
    assert repository.lexical(["total", "cart"], PLAIN, 20) == expected
    path.unlink()
    repository.close()
    assert repository.lexical(["total", "cart"], PLAIN, 20) == expected


def test_an_open_repository_follows(small: tuple[IndexedRepository, Path], root: Path) -> None:
    """A search after a refresh in the same process knows what came and what went."""
    repository, _ = small
    before = repository.lexical(["total"], PLAIN, 20)
    write_files(root, {"new.py": "def grand_total(cart):\n    return total(cart)\n"})
    repository.refresh()
    after = repository.lexical(["total"], PLAIN, 20)
    assert len(after) == len(before) + 1
    (root / "new.py").unlink()
    repository.refresh()
    assert repository.lexical(["total"], PLAIN, 20) == before


def test_words_without_number(root: Path, tmp_path: Path) -> None:
    """A word thousands of times in a chunk, and a chunk of more words than two bytes count, are ranked as by FTS5."""
    folder = tmp_path / "index" / "shop"
    prose = "\n\n".join(
        f"Some words of prose that explain the cart at length, line {number}." for number in range(4000)
    )
    rows = [
        f"\n\n| {' | '.join([word] * times)} |\n" for word, times in (("total", 4200), ("cart", 4095), ("tax", 4096))
    ]
    write_files(root, {"table.md": prose + "".join(rows), "long.md": f"{prose}\n\n{'item total ' * 35_000}\n"})
    with open_repository(root, folder, HashingEmbedder()) as repository:
        repository.refresh()
    with reading(folder) as (database, _):
        sizes = [row[0] for row in database.execute("SELECT length(text) FROM chunks")]
    assert max(sizes) > 300_000
    add_postings(folder)
    for terms in (["total"], ["cart"], ["tax", "item"], ["total item"], ["item"]):
        ours, theirs = both(folder, terms)
        assert ours == theirs and theirs


@pytest.fixture
def large(small: tuple[IndexedRepository, Path]) -> Iterator[tuple[sqlite3.Connection, Outbox]]:
    """An index with so many chunks, most of them without words, that it is to have postings."""
    generation = layout.current(small[1])
    assert generation is not None
    with contextlib.closing(open_writer(generation / DATABASE)) as database:
        add_chunks(database, postings.SMALLEST)
        with Outbox(database, generation, HashingEmbedder()) as outbox:
            yield database, outbox


def add_chunks(database: sqlite3.Connection, more: int) -> None:
    """Add chunks without words."""
    columns = [row[1] for row in database.execute("PRAGMA table_info(chunks)") if row[1] != "id"]
    names = ", ".join(columns)
    (before,) = database.execute("SELECT max(id) FROM chunks").fetchone()
    database.execute(
        f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) "
        f"INSERT INTO chunks (id, {names}) SELECT ? + n, {names} FROM numbers, chunks WHERE chunks.id = 1",
        (more, before),
    )


def test_a_full_disk_only_slows_the_search(large: tuple[sqlite3.Connection, Outbox]) -> None:
    """The file of postings is not needed: it is noted that there is none, and the one before stays."""
    resource = pytest.importorskip("resource")
    database, outbox = large
    before = schema.read_meta(database)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        outbox.renew_postings(eagerly=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    (note,) = outbox.notes
    assert note.startswith("search is slower: cannot write")
    assert schema.read_meta(database) == before
    outbox.renew_postings(eagerly=True)
    assert schema.read_meta(database) != before and len(outbox.notes) == 1


def test_what_does_not_fit_is_not_tried_each_time(large: tuple[sqlite3.Connection, Outbox]) -> None:
    """It is remembered until a tenth of the chunks is new."""
    database, outbox = large
    sizes = "SELECT sz FROM words_docsize WHERE id = 1"
    (before,) = database.execute(sizes).fetchone()
    change = "UPDATE words_docsize SET sz = ? WHERE id = 1"
    database.execute(change, (b"\xff\xff\xff\x7f\0\0\0\0",))  # as of 268 million words
    outbox.renew_postings(eagerly=True)
    refused = PostingsMark.from_meta(schema.read_meta(database))
    assert refused.last > postings.SMALLEST and not refused.token
    database.execute(change, (before,))
    add_chunks(database, postings.SMALLEST // postings.LATER)
    outbox.renew_postings(eagerly=True)
    assert PostingsMark.from_meta(schema.read_meta(database)) == refused
    add_chunks(database, postings.SMALLEST // postings.LATER)
    outbox.renew_postings(eagerly=True)
    assert PostingsMark.from_meta(schema.read_meta(database)).token


def test_due() -> None:
    """A small index needs none; a large one does, and again when too many came later."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE chunks (id INTEGER PRIMARY KEY)")
        database.executemany("INSERT INTO chunks VALUES (?)", [(number,) for number in range(1, postings.SMALLEST)])
        assert not postings.due(database, PostingsMark(), eagerly=True)
        database.execute("INSERT INTO chunks VALUES (?)", (postings.SMALLEST,))
        for eagerly, most in ((False, postings.SMALLEST // postings.LATER), (True, most_later(postings.SMALLEST))):
            assert postings.due(database, PostingsMark(), eagerly=eagerly)
            last = postings.SMALLEST - most
            assert not postings.due(database, PostingsMark("x", last), eagerly=eagerly)
            assert postings.due(database, PostingsMark("x", last - 1), eagerly=eagerly)
