"""Calls, their names and their arguments, alike in every language."""

from __future__ import annotations

import pytest

from localdev.source.syntax.calls import Call, call_of, calls
from localdev.source.syntax.tree import SyntaxTree, nodes_of, read_syntax, walk


def read(path: str, text: str) -> SyntaxTree:
    """Parse a text that has a grammar."""
    tree = read_syntax(path, text)
    assert tree is not None
    return tree


def only(path: str, text: str, last: str) -> Call:
    """Give the one call whose method has a name."""
    found = [call for call in calls(read(path, text)) if call.last == last]
    assert len(found) == 1, found
    return found[0]


NAMES = [
    ("a.py", "import subprocess as sp\nsp.run(x)\n", "sp.run", "subprocess.run"),
    ("a.py", "from os import system as s\ns(x)\n", "s", "os.system"),
    ("a.py", "from .os import system\nsystem(x)\n", "system", ".os.system"),
    ("a.py", "import a.b\na.b.c(x)\n", "a.b.c", "a.b.c"),
    ("a.py", "f(1).g[0].run(x)\n", "f.g.[].run", "f.g.[].run"),
    ("a.py", "'a'.join(x)\n", ".join", ".join"),
    ("a.js", "const { exec: e } = require('child_process');\ne(x);\n", "e", "child_process.exec"),
    ("a.js", "const cp = require('node:child_process');\ncp.exec(x);\n", "cp.exec", "child_process.exec"),
    ("a.js", "require('fs').readFile(x);\n", "fs.readFile", "fs.readFile"),
    ("a.js", "window['eval'](x);\n", "window.eval", "window.eval"),
    ("a.js", "(0, eval)(x);\n", "eval", "eval"),
    ("a.ts", "import { exec as e } from 'node:child_process';\ne(x as any);\n", "e", "child_process.exec"),
    ("a.ts", "import * as fs from 'fs';\nfs.promises!.stat(x);\n", "fs.promises.stat", "fs.promises.stat"),
    (
        "a.ts",
        "import cp from 'child_process';\nconst run = promisify(cp.exec);\nrun(x);\n",
        "run",
        "child_process.exec",
    ),
    ("a.tsx", "const a = <b onClick={() => go(x)} />;\n", "go", "go"),
    ("a.go", 'package p\nimport "os/exec"\nfunc f() { exec.Command(x) }\n', "exec.Command", "os/exec.Command"),
    ("a.go", 'package p\nimport y "gopkg.in/yaml.v2"\nfunc f() { y.Load(x) }\n', "y.Load", "gopkg.in/yaml.v2.Load"),
    ("a.rs", "use std::process::Command;\nfn f() { Command::new(x); }\n", "Command.new", "std.process.Command.new"),
    ("a.rs", "use a::{b::{self, c as d}};\nfn f() { d(x); }\n", "d", "a.b.c"),
    ("a.rs", "fn f() { a::b::<T>(x)?; }\n", "a.b", "a.b"),
    ("A.java", "class A { void f() { Runtime.getRuntime().exec(x); } }", "Runtime.getRuntime.exec", None),
    ("A.java", "import a.b.C;\nclass A { void f() { C.d(x); } }", "C.d", "a.b.C.d"),
    ("A.java", "import java.util.Random;\nclass A { void f() { new Random(x); } }", "Random", "java.util.Random"),
    ("a.c", "void f() { p->q.call(x); }", "p.q.call", "p.q.call"),
    ("a.cpp", "void f() { std::system(x); }", "std.system", "system"),
    ("a.cpp", "void f() { std::ifstream in(x + y); }", "std.ifstream", "ifstream"),
    (
        "a.cs",
        "using P = System.IO.Path;\nclass A { void F() { P.Combine(x); } }",
        "P.Combine",
        "System.IO.Path.Combine",
    ),
    ("a.cs", "class A { void F() { a?.B<int>(x); } }", "a.B", "a.B"),
    ("a.cs", "class A { void F() { Foo o = new(x); } }", "Foo", "Foo"),
    ("a.rb", "Foo::Bar.baz(x)\n", "Foo.Bar.baz", "Foo.Bar.baz"),
    ("a.rb", "byebug\n", "byebug", "byebug"),
    ("a.php", "<?php use A\\B as C; C::d($x);", "C.d", "A.B.d"),
    ("a.php", "<?php \\exec($x);", "exec", "exec"),
    ("a.php", "<?php $this->db?->query($x);", "$this.db.query", "$this.db.query"),
]


@pytest.mark.parametrize(("path", "text", "name", "resolved"), NAMES)
def test_a_call_has_a_dotted_name_and_what_it_stands_for(path: str, text: str, name: str, resolved: str | None) -> None:
    """Names are alike in every language, and imports of the file say what they stand for."""
    found = {call.name: call for call in calls(read(path, text))}
    assert name in found
    assert found[name].resolved == (resolved or name)


ARGUMENTS = [
    ("a.py", "f(1, *a, k=f'{x}')", [("", "literal"), ("", "other"), ("k", "interpolated")]),
    ("a.py", "f('a' 'b', 'a' + b, 'a%s' % b, a.b, g())", ["literal", "concatenated", "interpolated", "name", "call"]),
    (
        "a.js",
        "f('a', `a`, `${b}`, a + b, c[0], () => 1)",
        ["literal", "literal", "interpolated", "concatenated", "name", "other"],
    ),
    ("a.js", "f`a${b}`", ["interpolated"]),
    ("a.go", 'package p\nfunc g() { f("a", a.b, a+"b", g()) }', ["literal", "name", "concatenated", "call"]),
    ("a.rs", 'fn g() { f("a", &b, "a".to_string() + b) }', ["literal", "name", "concatenated"]),
    ("a.rs", 'fn g() { f!("a", k = &b, c.d(1)); }', [("", "literal"), ("k", "name"), ("", "other")]),
    ("A.java", 'class A { void g() { f("a", (String) b, "a" + b); } }', ["literal", "name", "concatenated"]),
    ("a.c", 'void g() { f("a" "b", *b, (char *)c); }', ["literal", "name", "name"]),
    (
        "a.cs",
        'class A { void G() { f(@"a", $"{b}", name: c); } }',
        [("", "literal"), ("", "interpolated"), ("name", "name")],
    ),
    (
        "a.rb",
        'f("a", "#{b}", k: 1, :s => :t)\n',
        [("", "literal"), ("", "interpolated"), ("k", "literal"), ("s", "literal")],
    ),
    ("a.rb", "f(<<~A, <<~B)\n  x\nA\n  #{y}\nB\n", ["literal", "interpolated"]),
    (
        "a.php",
        "<?php f('a', \"a $b\", 'a' . $b, k: $c);",
        [("", "literal"), ("", "interpolated"), ("", "concatenated"), ("k", "name")],
    ),
]


@pytest.mark.parametrize(("path", "text", "expected"), ARGUMENTS)
def test_arguments_say_what_they_are_made_of(path: str, text: str, expected: list[str | tuple[str, str]]) -> None:
    """Fixed texts, texts with values in them, sums, names and calls; with the names they are passed under."""
    found = [(each.keyword, each.kind) for each in only(path, text, "f").arguments]
    assert found == [("", each) if isinstance(each, str) else each for each in expected]


def test_statements_that_work_like_calls_are_calls() -> None:
    """`echo`, `include` and commands in backquotes are named by what begins them."""
    assert [call.name for call in calls(read("a.php", "<?php echo $a, 'b'; include $c; $d = `ls $e`; exit(1);"))] == [
        "echo",
        "include",
        "`",
        "exit",
    ]
    assert [call.name for call in calls(read("a.rb", "x = `ls #{y}`\n"))] == ["`"]


def test_a_call_in_a_chain_stands_on_the_line_of_its_name() -> None:
    """A person would point at the method, not at where the chain begins."""
    call = only("a.rs", 'fn f() {\n  Command::new("sh")\n    .arg("-c")\n    .status(x);\n}\n', "status")
    assert (call.line, call.end_line, call.kind) == (4, 4, "call")


def test_new_and_macro_are_kinds_of_their_own() -> None:
    """What makes an object and what is no function are told apart."""
    assert only("a.ts", "new Function(x);", "Function").kind == "new"
    assert only("a.rs", "fn f() { format!(x); }", "format").kind == "macro"


def test_calls_are_found_by_their_node() -> None:
    """Whoever walks the tree gets the call that a node is."""
    tree = read("a.py", "f(g(x))\n")
    found = [call_of(tree, node) for node in walk(tree.root)]
    assert [call.name for call in found if call is not None] == ["f", "g"]


def test_a_language_without_a_row_has_no_calls() -> None:
    """Shell scripts have a tree, but no calls that anybody asks for."""
    assert calls(read("a.sh", "ls $x\n")) == ()


def test_unknown_kinds_of_nodes_are_nowhere() -> None:
    """A kind that the grammar does not have is no error."""
    assert nodes_of(read("a.py", "f(x)\n"), frozenset({"no_such_node"})) == []
