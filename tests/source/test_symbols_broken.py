"""Definitions in text that a parser cannot read: they keep their name, kind, lines and members."""

from __future__ import annotations

from pathlib import Path
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localdev.core.code import Symbol
from localdev.source.languages import language_of_text
from localdev.source.parse import parse_file
from localdev.source.parse_grammar import grammar
from localdev.source.parse_macros import without_conditions

SAMPLES = Path(__file__).parent / "samples"
ENDINGS = {
    "c": "c",
    "c_sharp": "cs",
    "cpp": "cc",
    "go": "go",
    "java": "java",
    "javascript": "js",
    "php": "php",
    "python": "py",
    "ruby": "rb",
    "rust": "rs",
    "tsx": "tsx",
    "typescript": "ts",
}

# An intersection type before a call signature on the next line is beyond the TypeScript grammar.
TYPESCRIPT = """\
import { cache } from './cache'

/** Makes readers. */
export interface ReaderMaker<
  State = any
> {
  <Keys extends string>(keys: Keys): Reader<
    Keys
  > &
    Closeable

  <
    Keys extends string,
    Store extends Base = State
  >(
    keys: Keys
  ): Reader<Keys> &
    Closeable

  withStore: <Other extends State>() => ReaderMaker<
    Other
  >
}

// export function hidden() {}
const NOTE = `
export function quoted() {
}
`

export function makeReader<Store>(
  store: Store
): ReaderMaker<Store>

/**
 * Makes one.
 */
export function makeReader<Store>({
  store
}: Options<Store>) {
  const inner = 1
  return cache(inner)
}

export const reader =
  makeReader(cache)
"""

CONDITIONS = """\
namespace Box;

/// <summary>A log.</summary>
public interface ILog
{
    ILog With(int level)
#if FULL
    {
        return this;
    }
#else
        ;
#endif

    /// <summary>Writes.</summary>
    void Write(string text)
#if FULL
        => Write(text, 0)
#endif
    ;

#if FULL
    void Flush(Span<int> all)
#else
    void Flush(int[] all)
#endif
    {
        Write("");
    }
}
"""

TWO_HEADS = """\
#if FULL
    int[] Flush(Span<int> all)
#else
    int[] Flush(int[] all)
#endif
    {
        return all;
    }
"""

BROKEN_CLASS = """\
namespace Box
{
    /// <summary>Holds.</summary>
    public sealed class Holder<T>
        where T : class
    {
        int _count = ;;) (;

        public int Count() { return _count; }

        void Half( {
    }

    internal enum Colour : byte
    {
        Red,,, = Green(
    }
"""


def symbols(path: str, text: str) -> list[Symbol]:
    """Give the definitions of a text."""
    return list(parse_file(path, text).symbols)


def root_type(path: str, text: str) -> str:
    """Give the type of the root node that the grammar alone makes of a text."""
    parser = grammar(language_of_text(path, text).name)
    assert parser is not None
    tree = parser.parse(text.encode())
    assert tree is not None
    return tree.root_node.type


def test_typescript_that_is_one_error() -> None:
    """Exported names survive with lines and documentation; comments, strings and local names give none."""
    assert root_type("a.ts", TYPESCRIPT) == "ERROR"
    found = [one for one in symbols("a.ts", TYPESCRIPT) if one.name != "withStore"]
    assert [(one.qualified, one.kind, one.start_line, one.end_line) for one in found] == [
        ("ReaderMaker", "interface", 4, 23),
        ("NOTE", "constant", 26, 29),
        ("makeReader", "function", 31, 33),
        ("makeReader", "function", 38, 43),
        ("reader", "variable", 45, 46),
    ]
    assert (found[0].doc, found[3].doc) == ("Makes readers.", "Makes one.")
    assert found[0].signature == "export interface ReaderMaker< State = any >"


def test_conditions_inside_declarations() -> None:
    """`#if` in the middle of a C# method costs neither the type around it nor the methods, nor does it name them."""
    found = [one for one in symbols("a.cs", CONDITIONS) if one.kind != "namespace"]
    assert [(one.qualified, one.kind, one.start_line, one.end_line) for one in found] == [
        ("ILog", "interface", 4, 30),
        ("ILog.With", "method", 6, 10),
        ("ILog.Write", "method", 16, 20),
        ("ILog.Flush", "method", 23, 23),
        ("ILog.Flush", "method", 25, 29),
    ]
    assert (found[0].doc, found[2].doc) == ("A log.", "Writes.")
    assert found[2].signature == "void Write(string text)"


def test_csharp_that_is_one_error() -> None:
    """Heads of methods that stand twice, for two builds, do not lose the class around them."""
    methods = "".join(TWO_HEADS.replace("Flush", name) for name in ("Flush", "Drain", "Close"))
    text = f"namespace Box;\n\n// Logs.\nclass Log\n{{\n    readonly int _level;\n\n{methods}}}\n"
    assert root_type("a.cs", text) == "ERROR"
    found = [one for one in symbols("a.cs", text) if one.kind != "namespace"]
    assert [one.qualified for one in found] == [
        *("Log", "Log._level", "Log.Flush", "Log.Flush", "Log.Drain", "Log.Drain", "Log.Close", "Log.Close")
    ]
    assert (found[0].kind, found[0].start_line, found[0].end_line, found[0].doc) == ("class", 4, 32, "Logs.")


def test_conditions_go_in_place() -> None:
    """Every byte keeps its place, the branches stay, and only what closes a statement goes with its `#else`."""
    text = b"#if A\r\nint a;\n#else\nint b;\n  # endif\nf()\n#if B\n{ }\n#else // no\n  ;\n#endif // B\n#region c\n"
    blanked = without_conditions(text)
    assert [len(row) for row in blanked.split(b"\n")] == [len(row) for row in text.split(b"\n")]
    assert blanked.split() == b"int a; int b; f() { } #region c".split()


def test_a_class_with_broken_members() -> None:
    """Types around broken members survive, each with its own end, and hold the members that could be read."""
    found = {one.qualified: one for one in symbols("a.cs", BROKEN_CLASS)}
    holder, colour = found["Holder"], found["Colour"]
    assert (holder.kind, holder.start_line, holder.end_line, holder.doc) == ("class", 4, 12, "Holds.")
    assert (colour.kind, colour.start_line, colour.end_line) == ("enum", 14, 17)
    assert found["Holder.Count"].start_line == 9


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "a.py",
            "x = (\n\nclass A(B):\n    def run(self):\n        return 1\n\ny = 2\n",
            {"A": "class", "A.run": "method"},
        ),
        (
            "a.rs",
            "fn (] {\n\npub(crate) struct Box {\n    a: ,,\n}\n\npub trait Run {\n",
            {"Box": "struct", "Run": "trait"},
        ),
        (
            "a.kt",
            "val = )\n\nenum class Colour {\n  RED((\n}\n\nfun run() {\n  ((\n}\n",
            {"Colour": "enum", "run": "function"},
        ),
        ("a.go", "func (\n\ntype Box struct {\n\ta [\n}\n\nfunc run() {\n\t(\n}\n", {"Box": "type", "run": "function"}),
    ],
)
def test_headers_of_other_languages(path: str, text: str, expected: dict[str, str]) -> None:
    """The keyword of a first line is enough in each family."""
    kinds = {one.qualified: one.kind for one in symbols(path, text)}
    assert expected.items() <= kinds.items()


def test_no_definition_is_found_twice() -> None:
    """What the tree still holds is not read a second time."""
    text = "class A {\n  run() {}\n}\nclass B {\n  a: [\n}\nfunction f() {}\n"
    names = [one.name for one in symbols("a.ts", text)]
    assert sorted(set(names)) == sorted(names)
    assert {"A", "B"} <= set(names)


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(sorted(ENDINGS)), cut=st.floats(0, 1), width=st.integers(1, 200))
def test_symbols_never_cross(name: str, cut: float, width: int) -> None:
    """With any stretch of a sample missing, definitions lie in the file and in each other, and no line is lost."""
    text = (SAMPLES / f"{name}.txt").read_text("utf-8")
    at = int(cut * len(text))
    text = text[:at] + text[at + width :]
    parsed = parse_file(f"a.{ENDINGS[name]}", text)
    spans = [(one.start_line, one.end_line) for one in parsed.symbols]
    assert all(1 <= start <= end <= parsed.lines for start, end in spans)
    assert not [(a, b) for a in spans for b in spans if a[0] < b[0] < a[1] < b[1]]
    held = [row for one in parsed.chunks for row in range(one.start_line, one.end_line + 1)]
    assert len(held) == len(set(held))
    wanted = {row for row, line in enumerate(text.split("\n"), 1) if line.strip()}
    assert wanted <= set(held)


@pytest.mark.parametrize("row", ["class A {\n", "  class A:\n", "export const a = [\n", "#if A\nclass A {\n#else\n"])
def test_many_headers_take_no_time(row: str) -> None:
    """Five thousand first lines of definitions that never end are read in a bounded time."""
    for path in ("a.ts", "a.cs", "a.py"):
        before = thread_time()
        parse_file(path, row * 5_000)
        assert thread_time() - before < 2
