"""The symbol graph: definitions, who uses them, what they use, and names that are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.core.code import Chunk, ParsedFile, Reference, Symbol
from localdev.core.words import word_text, words
from localdev.index.embedding_text import LONGEST_TEXT, embedding_text
from localdev.index.graph import MOST_DEFINERS, MOST_NAMED, last_part, shared_use
from localdev.index.lexical import match_expression
from localdev.index.repository import IndexedRepository
from localdev.index.rows import pack_uses, search_words, to_rows, unpack_uses
from tests.index.contents import query_index
from tests.index.sample import FILES, Opener, write_files


@pytest.fixture
def shop(opened: Opener) -> IndexedRepository:
    """The indexed sample."""
    repository = opened()
    repository.refresh()
    return repository


@pytest.mark.parametrize(
    ("users", "definers", "share"),
    [(0, 1, 0), (5, 1, 5), (5, 2, 2), (5, 0, 5), (100, MOST_DEFINERS, 5), (100, MOST_DEFINERS + 1, 0)],
)
def test_shared_use(users: int, definers: int, share: int) -> None:
    """Files that use a name are shared among its definitions; a name defined everywhere says nothing."""
    assert shared_use(users, definers) == share


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("get", "get"),
        ("Session.get", "get"),
        ("a::b", "b"),
        ("x->y", "y"),
        ("Foo#bar", "bar"),
        ("run()", "run"),
        ("", ""),
    ],
)
def test_last_part(name: str, last: str) -> None:
    """What stands behind the last joint is the plain name."""
    assert last_part(name) == last


def test_symbols_named(shop: IndexedRepository) -> None:
    """Definitions are found by plain and by qualified name, with case or without, each with its chunk."""
    (found,) = shop.symbols_named(["total_price"])
    assert found[1] == shop.symbols_named(["Cart.total_price"])[0][1]
    assert (found[1].qualified, found[1].doc) == ("Cart.total_price", "Sum of all prices with tax.")
    assert "def total_price" in shop.chunks([found[0]])[found[0]].chunk.text
    assert shop.symbols_named(["TOTAL_PRICE"]) == []
    assert shop.symbols_named(["TOTAL_PRICE"], ignore_case=True) == [found]
    assert shop.symbols_named([]) == []


def test_a_name_that_is_defined_very_often(root: Path, opened: Opener) -> None:
    """Of a name in hundreds of classes some definitions are given, those outside of classes first."""
    classes = "\n\n".join(f"class Job{number}:\n    def run(self):\n        pass" for number in range(MOST_NAMED + 5))
    write_files(root, {"a.py": f"{classes}\n", "z.py": "def run():\n    pass\n"})
    repository = opened()
    repository.refresh()
    found = [symbol.qualified for _, symbol in repository.symbols_named(["run", "Cart.add", "Job7"])]
    assert found.count("run") == found.count("Cart.add") == found.count("Job7") == 1
    assert len(found) == MOST_NAMED + 2


def test_defined_names(shop: IndexedRepository) -> None:
    """Every definition's name is there once, and no name that is only used."""
    names = shop.defined_names()
    assert {"Cart", "add", "charge_card", "Shop"} <= set(names)
    assert "withdraw" not in names
    assert len(names) == len(set(names))


def test_symbols_under(shop: IndexedRepository) -> None:
    """Definitions come in file and line order, limited to a file or folder, with the number of files using them."""
    everything = shop.symbols()
    assert [symbol.path for symbol, _ in everything] == sorted(symbol.path for symbol, _ in everything)
    assert (
        shop.symbols("tests")
        == shop.symbols("tests/test_cart.py")
        == [pair for pair in everything if pair[0].path.startswith("tests/")]
    )
    assert shop.symbols("test") == []
    assert {symbol.name: count for symbol, count in shop.symbols("src/shop/cart.py")} == {
        "TAX": 0,
        "Cart": 2,
        "__init__": 0,
        "add": 0,
        "total_price": 2,
    }


def test_callers_and_callees(shop: IndexedRepository) -> None:
    """Uses come calls first with their enclosing definition; what a chunk uses comes as definitions."""
    assert shop.callers("total_price", 10) == [
        ("src/shop/checkout.py", 13, "pay"),
        ("tests/test_cart.py", 6, "test_total"),
    ]
    assert shop.callers("Cart.total_price", 1) == [("src/shop/checkout.py", 13, "pay")]
    assert shop.callers("Cart", 10)[0] == ("tests/test_cart.py", 5, "test_total")
    assert shop.callers("nobody", 10) == []
    (test,) = shop.chunk_ids("tests/test_cart.py")
    assert {symbol.qualified for symbol in shop.callees(test, 10)} == {"Cart", "Cart.total_price"}
    assert len(shop.callees(test, 1)) == 1
    assert shop.callees(999_999, 10) == []


def test_recursion_is_no_caller(root: Path, opened: Opener) -> None:
    """A use inside the definition itself is not a caller."""
    write_files(root, {"walk.py": "def walk(tree):\n    return [walk(part) for part in tree]\n\n\nwalk([])\n"})
    repository = opened()
    repository.refresh()
    assert repository.callers("walk", 10) == [("walk.py", 5, "")]


def test_the_nearest_definition_is_the_callee(root: Path, opened: Opener) -> None:
    """Of several definitions that an import may mean, the one in the nearest folder counts."""
    files = {f"{folder}/tools.py": "def helper():\n    return 1\n" for folder in ("one/deep", "two")}
    write_files(root, {**files, "one/deep/main.py": "from tools import helper\n\ndef main():\n    return helper()\n"})
    repository = opened()
    repository.refresh()
    (main,) = repository.chunk_ids("one/deep/main.py", 3)
    assert [symbol.path for symbol in repository.callees(main, 5)] == ["one/deep/tools.py"]


def test_known_names(shop: IndexedRepository) -> None:
    """Definitions, uses, paths and file names are known, dotted names by their last part; others are not."""
    known = [
        "Cart",
        "Cart.add",
        "withdraw",
        "x.withdraw",
        "pay()",
        "src/shop/cart.py",
        "./README.md",
        "cart.py",
        "checkout",
    ]
    unknown = ["Basket", "car", "src/shop", "x.y", "", "cart.pyc", "PAY"]
    assert shop.known_names([*known, *unknown]) == set(known)
    assert shop.known_names([]) == set()


def test_names_that_are_gone_are_unknown(root: Path, opened: Opener) -> None:
    """A name is forgotten with its last definition and use."""
    repository = opened()
    repository.refresh()
    write_files(root, {"src/shop/checkout.py": FILES["src/shop/checkout.py"].replace("withdraw", "take")})
    repository.refresh()
    assert repository.known_names(["withdraw", "take"]) == {"take"}


def test_reference_counts(root: Path, opened: Opener, tmp_path: Path) -> None:
    """A chunk carries the count of its most used definition, and the stored counters equal a count from nothing."""
    repository = opened()
    repository.refresh()
    write_files(root, {f"use_{number}.py": "from shop.cart import TAX\nprint(TAX)\n" for number in range(5)})
    repository.refresh()
    (root / "use_3.py").unlink()
    repository.refresh()
    (chunk,) = repository.chunk_ids("src/shop/cart.py", 3, 3)
    assert repository.chunks([chunk])[chunk].reference_files == 4
    wrong = query_index(
        tmp_path / "index" / "shop",
        "SELECT name, users, definers FROM names WHERE users != (SELECT count(*) FROM uses WHERE name_id = names.id) "
        "OR definers != (SELECT count(DISTINCT file_id) FROM symbols WHERE symbols.name = names.name)",
    )
    assert wrong == []


def test_chunk_ids_by_line(shop: IndexedRepository) -> None:
    """Chunks are found by the lines they overlap; unknown paths and lines have none."""
    ids = shop.chunk_ids("src/shop/cart.py")
    assert shop.chunk_ids("src/shop/cart.py", 1, 1) == ids[:1]
    assert shop.chunk_ids("src/shop/cart.py", 10_000) == []
    assert shop.chunk_ids("nowhere.py") == []
    assert list(shop.chunks([*reversed(ids), 999_999])) == list(reversed(ids))


def test_lexical_fields_are_weighted(shop: IndexedRepository) -> None:
    """A weight of nothing silences a field; the order is by score, then by id; the limit holds."""
    (test,) = shop.chunk_ids("tests/test_cart.py")
    path_only = shop.lexical(["test"], [1, 0, 0, 0, 0], 10)
    assert path_only[0].chunk_id == test
    assert path_only[0].score > 0
    assert all(hit.score == 0 for hit in shop.lexical(["test"], [0, 0, 0, 0, 0], 10))
    assert len(shop.lexical(["cart"], [1] * 5, 2)) == 2
    assert (
        shop.lexical(["cart"], [1] * 5, 0) == shop.lexical([], [1] * 5, 5) == shop.lexical(["zebra"], [1] * 5, 5) == []
    )
    with pytest.raises(ValueError, match="5 weights"):
        shop.lexical(["cart"], [1.0], 5)


@given(st.lists(st.text(max_size=12), max_size=5))
def test_no_term_is_an_operator(terms: list[str]) -> None:
    """Whatever a term holds, the expression is a list of quoted words."""
    expression = match_expression(terms)
    assert expression.count(" OR ") >= max(len({term for term in terms if term.strip(chr(0) + " ")}) - 1, 0) - 5
    assert expression == "" or (expression.startswith('"') and expression.endswith('"'))


@pytest.mark.parametrize(
    "term", ['"', "NEAR", "a*", "path:cart", "-cart", "(", "cart OR", "\0", "caf\u00e9", "\U0001f600"]
)
def test_any_term_can_be_looked_up(shop: IndexedRepository, term: str) -> None:
    """Terms with the signs of FTS5's language are plain words."""
    assert shop.lexical([term, "cart"], [1] * 5, 3)[0].chunk_id > 0


REFERENCES = st.lists(
    st.builds(
        Reference,
        st.sampled_from("abc"),
        st.integers(1, 99),
        st.sampled_from(["call", "type", "import", "base", "name"]),
        via=st.sampled_from(["", "own", "path", "member"]),
    )
)


@given(REFERENCES)
def test_packed_uses_lose_nothing(references: list[Reference]) -> None:
    """Name, line, kind and the way to it of every reference can be read back."""
    letters = {"call": "c", "type": "t", "import": "i", "base": "b", "name": "n"}
    unpacked = {(name, *place) for name, places in pack_uses(references) for place in unpack_uses(places)}
    assert unpacked == {(item.name, letters[item.kind], item.line, item.via) for item in references}


def test_rows_of_a_file() -> None:
    """Definitions find their chunks, all names in a chunk are searchable, equal texts are not kept twice."""
    chunks = (
        Chunk("a/b.py", 1, 4, "python", "class", "class A:\n    x = 1", "A", "class A", "Doc.", ("def get_it(self)",)),
        Chunk("a/b.py", 6, 9, "python", "method", "def get_it(self): ...", "A.get_it", "def get_it(self)"),
    )
    symbols = (
        Symbol("a/b.py", "A", "A", "class", 1, 9, "class A", "Doc."),
        Symbol("a/b.py", "x", "A.x", "field", 2, 2, "x = 1", "", "A"),
        Symbol("a/b.py", "get_it", "A.get_it", "method", 5, 9, "def get_it(self)", "", "A"),
        Symbol("a/b.py", "late", "late", "function", 99, 99),
    )
    rows = to_rows(ParsedFile("a/b.py", "python", chunks, symbols, lines=9))
    assert [(row[0], row[1], row[6]) for row in rows.symbols] == [
        (0, "A", None),
        (0, "x", "x = 1"),
        (1, "get_it", None),
        (1, "late", ""),
    ]
    assert [row[8] for row in rows.chunks] == ["A.x", "late"]
    path, symbol, signature, doc, body = search_words("a/b.py", rows.chunks[0])
    assert (path, symbol, signature, doc) == ("a b py", "a a x", "class a", "doc")
    assert "get it getit" in body
    assert to_rows(ParsedFile("empty.py", "python", ())).chunks == ()


@given(st.text())
def test_word_text_is_words(text: str) -> None:
    """The fast way into the index and the one queries take give the same words."""
    assert word_text(text).split() == words(text)
    assert word_text(text + " getHTTPResponse " + "x" * 81).split() == words(text + " getHTTPResponse")


@given(st.text(max_size=50), st.text(max_size=5000))
def test_embedding_text_names_the_chunk_first(doc: str, text: str) -> None:
    """Path, symbol and signature survive however long the rest is, and the whole is bounded."""
    made = embedding_text(
        Chunk("x/src/deep/pay.py", 1, 2, "python", "function", text, "Till.pay", "def pay(self)", doc)
    )
    assert made.startswith("src deep pay.py\nTill.pay\ndef pay(self)\n"[: len(made)])
    assert len(made) <= LONGEST_TEXT
