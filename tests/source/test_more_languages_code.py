"""Code in the languages beyond the ten main families: definitions, documentation, references."""

from __future__ import annotations

import pytest

from tests.source.more_samples import parse, table, told

EXPECTED = {
    "kotlin": """
        class 8-34 Cart
        property 9-9 Cart.id
        property 9-9 Cart.items
        property 11-12 Cart.size
        property 14-14 Cart.owner
        constructor 18-18 Cart.constructor
        method 21-24 Cart.add
        method 26-26 Cart.compareTo
        constant 29-29 Cart.LIMIT
        method 30-30 Cart.empty
        class 33-33 Cart.Line
        property 33-33 Cart.Line.n
        interface 36-36 Priced
        property 36-36 Priced.price
        method 36-36 Priced.total
        enum 38-38 Color
        property 38-38 Color.rgb
        constant 38-38 Color.RED
        constant 38-38 Color.GREEN
        method 38-38 Color.hex
        interface 40-43 Result
        class 41-41 Result.Ok
        property 41-41 Result.Ok.value
        class 42-42 Result.Failed
        class 45-48 Registry
        property 46-46 Registry.known
        method 47-47 Registry.find
        type 50-50 Handler
        method 52-52 String.toCart
        method 54-54 List.second
        function 56-60 main
        function 59-59 main.local
        constant 61-61 TOP
        class 62-62 Marker
        interface 63-63 Op
        method 63-63 Op.run
    """,
    "swift": """
        class 5-33 Cart
        property 7-7 Cart.id
        property 8-8 Cart.items
        property 9-9 Cart.limit
        property 11-11 Cart.size
        constructor 13-15 Cart.init
        method 17-17 Cart.deinit
        method 20-24 Cart.add
        method 26-26 Cart.subscript
        enum 28-32 Cart.Kind
        constant 29-29 Cart.Kind.small
        constant 30-30 Cart.Kind.large
        constant 30-30 Cart.Kind.huge
        method 31-31 Cart.Kind.label
        struct 35-35 Point
        property 35-35 Point.x
        property 35-35 Point.y
        interface 37-41 Priced
        type 38-38 Priced.Money
        property 39-39 Priced.price
        method 40-40 Priced.total
        method 44-44 Cart.total
        class 47-47 Store
        method 47-47 Store.get
        type 49-49 Handler
        function 50-50 free
        variable 51-51 global
        function 53-53 **
        method 54-54 Foo.Bar.q
        macro 55-55 stringify
    """,
    "scala": """
        class 8-18 Cart
        property 9-9 Cart.id
        property 9-9 Cart.items
        field 10-10 Cart.size
        field 11-11 Cart.total
        method 13-15 Cart.add
        method 16-16 Cart.compare
        type 17-17 Cart.Id
        class 20-24 Cart
        field 21-21 Cart.Limit
        method 22-22 Cart.apply
        class 23-23 Cart.Rich
        property 23-23 Cart.Rich.s
        method 23-23 Cart.Rich.cart
        trait 26-26 Priced
        method 26-26 Priced.price
        method 26-26 Priced.total
        class 28-28 Shape
        class 29-29 Circle
        enum 31-33 Color
        property 31-31 Color.rgb
        constant 32-32 Color.Red
        constant 33-33 Color.Green
        constant 33-33 Color.Blue
        constant 35-36 ordering
        method 36-36 ordering.compare
        method 39-39 String.second
        function 41-41 topLevel
        variable 42-42 answer
        module 43-43 util
        function 43-43 util.f
        type 44-44 Handler
    """,
    "lua": """
        constant 2-2 M
        function 6-8 add
        method 10-13 M.new
        method 15-15 M.total
        constant 16-16 M.VERSION
        method 17-17 M.handler
        variable 18-18 tbl
        function 19-19 global
        function 20-20 f
    """,
    "bash": """
        constant 4-4 LIMIT
        constant 5-5 PATH_X
        variable 6-6 name
        function 11-14 log
        function 15-20 deploy
    """,
    "elixir": """
        module 1-36 Shop.Cart
        constant 9-9 Shop.Cart.limit
        type 10-10 Shop.Cart.t
        function 16-19 Shop.Cart.add
        function 21-22 Shop.Cart.size
        function 24-26 Shop.Cart.hidden
        macro 28-28 Shop.Cart.mac
        macro 29-29 Shop.Cart.is_x
        function 30-30 Shop.Cart.get
        function 31-31 Shop.Cart.run
        module 33-35 Shop.Cart.Line
        trait 38-41 Priced
        method 40-40 Priced.price
        method 44-44 Shop.Cart.price
        function 47-49 adds
        namespace 50-54 x
        function 51-53 y
    """,
    "haskell": """
        module 3-3 Shop.Cart
        struct 9-10 Cart
        constant 9-9 Cart.Cart
        field 9-9 Cart.cartId
        field 9-9 Cart.items
        constant 9-9 Cart.Empty
        struct 12-12 Id
        field 12-12 Id.unId
        type 13-13 Name
        trait 16-19 Priced
        method 17-17 Priced.price
        method 18-19 Priced.total
        method 22-23 Cart.price
        function 26-30 add
        function 32-33 limit
        function 35-35 <+>
        function 36-38 main
        type 39-39 F
        type 40-41 G
    """,
    "zig": """
        variable 3-3 Allocator
        struct 6-16 Cart
        field 7-7 Cart.id
        field 8-8 Cart.size
        constant 9-9 Cart.LIMIT
        method 12-14 Cart.init
        enum 15-15 Cart.Inner
        constant 15-15 Cart.Inner.a
        constant 15-15 Cart.Inner.b
        enum 17-17 Kind
        constant 17-17 Kind.small
        constant 17-17 Kind.large
        struct 18-18 U
        field 18-18 U.a
        field 18-18 U.b
        enum 19-19 E
        constant 19-19 E.Bad
        constant 19-19 E.Worse
        variable 20-20 counter
        function 21-23 add
        function 24-29 List
        field 26-26 List.items
        function 27-27 List.push
        function 30-30 puts
        function 31-33 adds
    """,
}


@pytest.mark.parametrize("language", EXPECTED)
def test_symbols(language: str) -> None:
    """The sample's definitions are found with kind, lines and qualified name."""
    assert told(parse(language)) == table(EXPECTED[language])


SIGNATURES = [
    (
        "kotlin",
        "Cart",
        "data class Cart(val id: String, private var items: List<Item> = emptyList()) : Base(id), Comparable<Cart>",
    ),
    ("kotlin", "String.toCart", "fun String.toCart(): Cart"),
    ("swift", "Cart.add", "func add(_ item: Item, count n: Int = 1) throws -> Cart"),
    ("scala", "Cart.add", "def add(item: Item)(implicit db: Store): Cart"),
    ("lua", "add", "local function add(a, b)"),
    ("lua", "M.total", "function M:total(x)"),
    ("bash", "deploy", "function deploy"),
    ("elixir", "Shop.Cart.add", "def add(%Cart{} = cart, item) when is_map(item)"),
    ("haskell", "add", "add :: Item -> Cart -> Cart"),
    ("zig", "Cart", "pub const Cart = struct"),
    ("zig", "Cart.init", "pub fn init(a: Allocator) !Cart"),
]


@pytest.mark.parametrize(("language", "name", "signature"), SIGNATURES)
def test_signatures(language: str, name: str, signature: str) -> None:
    """A signature is one line up to the body, without annotations."""
    assert next(one.signature for one in parse(language).symbols if one.qualified == name) == signature


DOCS = [
    ("kotlin", "Cart", "A cart of items."),
    ("kotlin", "Cart.id", ""),
    ("swift", "Cart.add", "Adds one."),
    ("scala", "Cart.add", "Adds."),
    ("lua", "add", "Adds."),
    ("bash", "log", "Logs."),
    ("elixir", "Shop.Cart", "A cart."),
    ("elixir", "Shop.Cart.add", "Adds."),
    ("elixir", "Priced.price", "Price"),
    ("haskell", "Cart", "A cart."),
    ("haskell", "add", "Adds."),
    ("zig", "Cart.init", "Makes."),
]


@pytest.mark.parametrize(("language", "name", "doc"), DOCS)
def test_documentation(language: str, name: str, doc: str) -> None:
    """Documentation above or inside a definition loses its marks; what lies on its line inside another has none."""
    assert next(one.doc for one in parse(language).symbols if one.qualified == name) == doc


REFERENCES = [
    ("kotlin", "base", {"Base", "Comparable", "Result"}),
    ("kotlin", "import", {"max", "Store"}),
    ("swift", "base", {"Base", "Codable", "String", "AnyObject", "Priced"}),
    ("swift", "import", {"Foundation", "Shop"}),
    ("scala", "base", {"Base", "Ordered", "AnyVal", "Shape", "Color"}),
    ("scala", "import", {"Map", "Set"}),
    ("lua", "import", {"json", "cjson"}),
    ("lua", "call", {"setmetatable", "add", "print", "require"}),
    ("bash", "import", {"./lib.sh", "lib2.sh"}),
    ("bash", "call", {"log", "deploy", "alias"}),
    ("elixir", "import", {"Ecto.Query", "Item", "Store", "Logger"}),
    ("elixir", "base", {"GenServer", "Priced"}),
    ("haskell", "import", {"Data.Map", "Data.List", "sortBy"}),
    ("zig", "import", {"std"}),
    ("zig", "call", {"Cart", "add", "expect"}),
]


@pytest.mark.parametrize(("language", "kind", "names"), REFERENCES)
def test_references(language: str, kind: str, names: set[str]) -> None:
    """Uses of other code are found by kind."""
    assert {one.name for one in parse(language).references if one.kind == kind} == names


def test_equations_of_one_function_are_one_definition() -> None:
    """Clauses that stand together are one function; one with words between them is another."""
    clauses = "f :: Int -> Int\nf 0 = 1\nf n = n\n\ng 0 = 1\n-- Again.\ng n = n\n"
    assert told(parse("haskell", clauses)) == ["function 1-3 f", "function 5-5 g", "function 7-7 g"]
    clauses = "defmodule A do\n  def f(0), do: 1\n\n  def f(n) do\n    n\n  end\n\n  def g(n), do: n\nend\n"
    assert told(parse("elixir", clauses)) == ["module 1-9 A", "function 2-6 A.f", "function 8-8 A.g"]


def test_a_long_class_is_a_header_and_methods() -> None:
    """A class that does not fit is cut at its methods, each with its own name."""
    method = "    fun f{n}(x: Int): Int {{\n" + "        println(x)\n" * 25 + "    }}\n\n"
    text = "class Big(val id: Int) {\n" + "".join(method.format(n=n) for n in range(4)) + "}\n"
    chunks = parse("kotlin", text).chunks
    assert [chunk.symbol for chunk in chunks] == ["Big", "Big.f0", "Big.f1", "Big.f2", "Big.f3"]
    assert [chunk.kind for chunk in chunks] == ["class", *["method"] * 4]
    assert chunks[0].members[:2] == ("val id: Int", "fun f0(x: Int): Int")
