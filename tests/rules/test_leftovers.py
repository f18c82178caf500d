"""Leftovers: debug prints, breakpoints, focused and skipped tests, TODOs without an owner."""

from __future__ import annotations

import pytest

from localdev.rules.leftovers import breakpoints, debug_prints, focused_tests, skipped_tests, todos
from localdev.rules.rule import Rule
from tests.rules.changing import example_findings, findings
from tests.rules.rows import severities

ROWS: list[tuple[Rule, str, str, str]] = [
    (breakpoints.RULE, "a.py", "def f():\n    breakpoint()\n", "high"),
    (breakpoints.RULE, "a.py", "import pdb\ndef f():\n    pdb.set_trace()\n", "high"),
    (breakpoints.RULE, "a.py", "from ipdb import set_trace as st\ndef f():\n    st()\n", "high"),
    (breakpoints.RULE, "a.py", "def breakpoint():\n    pass\nbreakpoint()\n", ""),
    (breakpoints.RULE, "a.js", "function f() {\n  debugger;\n}\n", "high"),
    (breakpoints.RULE, "a.js", "const debugger1 = 1; // debugger\n", ""),
    (breakpoints.RULE, "a.tsx", "const f = () => { debugger; return <a/> }\n", "high"),
    (breakpoints.RULE, "a.rb", "def f\n  binding.pry\nend\n", "high"),
    (breakpoints.RULE, "a.rb", "def f\n  byebug\n  x\nend\n", "high"),
    (breakpoints.RULE, "a.php", "<?php\nfunction f($x) { dd($x); }\n", "high"),
    (breakpoints.RULE, "a.go", 'package a\nimport "runtime"\nfunc f() { runtime.Breakpoint() }\n', "high"),
    (breakpoints.RULE, "a.cs", "class A { void F() { System.Diagnostics.Debugger.Break(); } }\n", "high"),
    (breakpoints.RULE, "a.c", "void f(void) { __debugbreak(); }\n", "high"),
    (focused_tests.RULE, "a.test.js", "it.only('x', () => {})\n", "high"),
    (focused_tests.RULE, "a.test.ts", "test.describe.only('x', () => {})\n", "high"),
    (focused_tests.RULE, "a.test.js", "fdescribe('x', () => {})\n", "high"),
    (focused_tests.RULE, "a.test.js", "fit('x', () => {})\n", "high"),
    (focused_tests.RULE, "a.js", "model.fit(x, y); only(x); curve.fit('a')\n", ""),
    (focused_tests.RULE, "a.test.js", "test.only.each([1])('a', f)\n", "high"),
    (focused_tests.RULE, "a_spec.rb", "RSpec.describe 'x', focus: true do\n end\n", "high"),
    (focused_tests.RULE, "a_spec.rb", "it 'x', :focus do\n end\n", "high"),
    (focused_tests.RULE, "a_spec.rb", "fit 'x' do\n end\n", "high"),
    (focused_tests.RULE, "a_test.go", 'package a\nvar _ = FDescribe("x", func() {})\n', "high"),
    (focused_tests.RULE, "a_test.php", "<?php\nit('x', function () {})->only();\n", "high"),
    (skipped_tests.RULE, "test_a.py", "import pytest\n@pytest.mark.skip\ndef test_a(): pass\n", "medium"),
    (
        skipped_tests.RULE,
        "test_a.py",
        "import pytest\n@pytest.mark.skip(reason='flaky')\ndef test_a(): pass\n",
        "medium",
    ),
    (skipped_tests.RULE, "test_a.py", "import pytest\n@pytest.mark.skip(reason='see #12')\ndef test_a(): pass\n", ""),
    (
        skipped_tests.RULE,
        "test_a.py",
        ("import pytest\n@pytest.mark.skipif(sys.platform == 'win32', reason='x')\ndef test_a(): pass\n"),
        "",
    ),
    (skipped_tests.RULE, "test_a.py", "import pytest\ndef test_a():\n    pytest.skip()\n", "medium"),
    (
        skipped_tests.RULE,
        "test_a.py",
        ("import pytest\ndef test_a():\n    if not tool:\n        pytest.skip('no tool')\n"),
        "",
    ),
    (skipped_tests.RULE, "a.test.js", "it.skip('adds', () => {})\n", "medium"),
    (skipped_tests.RULE, "a.test.js", "xit('adds', () => {})\n", "medium"),
    (skipped_tests.RULE, "a.test.js", "// https://github.com/a/b/issues/1\nit.skip('adds', () => {})\n", ""),
    (skipped_tests.RULE, "a_test.go", "package a\nfunc TestA(t *testing.T) {\n\tt.Skip()\n}\n", "medium"),
    (
        skipped_tests.RULE,
        "a_test.go",
        ("package a\nfunc TestA(t *testing.T) {\n\tif testing.Short() {\n\t\tt.Skip()\n\t}\n}\n"),
        "",
    ),
    (skipped_tests.RULE, "src/test/ATest.java", "class ATest {\n  @Disabled\n  @Test void a() {}\n}\n", "medium"),
    (
        skipped_tests.RULE,
        "src/test/ATest.java",
        ('class ATest {\n  @Disabled("until JDK-8 is fixed")\n  @Test void a() {}\n}\n'),
        "",
    ),
    (skipped_tests.RULE, "src/test/ATest.java", "class ATest {\n  @Ignore @Test public void a() {}\n}\n", "medium"),
    (skipped_tests.RULE, "tests/a.rs", "#[test]\n#[ignore]\nfn a() {}\n", "medium"),
    (skipped_tests.RULE, "tests/a.rs", '#[test]\n#[ignore = "needs a network"]\nfn a() {}\n', ""),
    (skipped_tests.RULE, "ATests.cs", 'class ATests {\n [Fact(Skip = "flaky")]\n public void A() {}\n}\n', "medium"),
    (skipped_tests.RULE, "ATests.cs", "class ATests {\n [Ignore]\n public void A() {}\n}\n", "medium"),
    (skipped_tests.RULE, "a_spec.rb", "xit 'adds' do\nend\n", "medium"),
    (
        skipped_tests.RULE,
        "a_test.rb",
        ("require 'minitest/autorun'\nclass A < Minitest::Test\n def test_a\n  skip\n end\nend\n"),
        "medium",
    ),
    (
        skipped_tests.RULE,
        "ATest.php",
        ("<?php class ATest extends TestCase { function testA() { $this->markTestSkipped(); } }\n"),
        "medium",
    ),
    (skipped_tests.RULE, "a_test.cc", "TEST(A, DISABLED_B) { EXPECT_EQ(1, 1); }\n", "medium"),
    (skipped_tests.RULE, "a_test.cc", "TEST(A, B) { GTEST_SKIP(); EXPECT_EQ(1, 1); }\n", "medium"),
    (todos.RULE, "a.py", "# TODO: fix this\nx = 1\n", "low"),
    (todos.RULE, "a.py", "# FIXME\nx = 1\n", "low"),
    (todos.RULE, "a.py", "# TODO: do not merge this\nx = 1\n", "medium"),
    (todos.RULE, "a.py", "# FIXME: re-enable the check\nx = 1\n", "medium"),
    (todos.RULE, "a.py", "# TODO: nicer names\nx = 1\n", "low"),
    (todos.RULE, "a.py", "# TODO(anna): fix this\nx = 1\n", ""),
    (todos.RULE, "a.py", "# TODO: fix this, see #12\nx = 1\n", ""),
    (todos.RULE, "a.py", "x = 'TODO: fix this'\n", ""),
    (todos.RULE, "a.go", "package a\n// TODO remove before release\nvar x = 1\n", "medium"),
    (todos.RULE, "a.c", "/* XXX hack */\nint x;\n", "low"),
    (todos.RULE, "a.rs", "// TODO: handle errors\nfn f() {}\n", "low"),
    (todos.RULE, "A.java", "// TODO: back to 10 once the release test is through!!\nclass A {}\n", "medium"),
    (todos.RULE, "a.py", "# TODO: remove until this is done\nx = 1\n", "low"),
    (todos.RULE, "a.py", "# TODO: raise it again when the demo is over\nx = 1\n", "medium"),
    (todos.RULE, "a.py", "# TODO: clean up after testing\nx = 1\n", "low"),
    (todos.RULE, "a.py", "# TODO: drop the extra column\nx = 1\n", "low"),
    (todos.RULE, "a.py", "# TODO: drop with the support of old servers, support for 1.x\nx = 1\n", ""),
    (todos.RULE, "a.py", "# TODO: perform the validation\nx = 1\n", "low"),
    (todos.RULE, "a.py", "# the limit is odd (TODO: look it up)\nx = 1\n", "low"),
    (todos.RULE, "a.py", "# TODO: remove when Python 3.9 is dropped\nx = 1\n", ""),
    (todos.RULE, "a.rs", "// TODO: use `let else` once it is stable\nfn f() {}\n", ""),
    (todos.RULE, "A.java", "// TODO: update this when we are on at least API Level 24.\nclass A {}\n", ""),
    (todos.RULE, "a.ts", "// TODO: drop in the next major version\nlet x = 1\n", ""),
    (todos.RULE, "a.ts", "// TODO: remove as soon as typescript supports it\nlet x = 1\n", ""),
    (todos.RULE, "a.go", "package a\n// e.g. /PREFIX/XXX goes to /prefix/xxx\nvar x = 1\n", ""),
    (todos.RULE, "a.go", "package a\n// XXX-XXXX is the form of a number\nvar x = 1\n", ""),
    (todos.RULE, "a.go", "package a\n// todo lists are kept by name\nvar x = 1\n", ""),
    (debug_prints.RULE, "lib/a.py", "def f(x):\n    print('DEBUG', x)\n    return x\n", "medium"),
    (debug_prints.RULE, "lib/a.py", "def f(x):\n    print(f'{x=}')\n    return x\n", "medium"),
    (debug_prints.RULE, "lib/a.py", "def f(x):\n    print(x)\n    return x\n", "low"),
    (debug_prints.RULE, "scripts/a.py", "def f(x):\n    print(x)\n    return x\n", ""),
    (debug_prints.RULE, "lib/a.py", "import argparse\ndef f(x):\n    print(x)\n    return x\n", ""),
    (debug_prints.RULE, "lib/a.py", "def f(x):\n    print(x, file=sys.stderr)\n    return x\n", ""),
    (debug_prints.RULE, "lib/a.py", "def show_help(x):\n    print(x)\n    return x\n", ""),
    (debug_prints.RULE, "lib/a.js", "function f(user) {\n  console.log('user', user)\n  return user\n}\n", "medium"),
    (
        debug_prints.RULE,
        "lib/a.js",
        ("function f(user) {\n  if (process.env.DEBUG) console.log('user', user)\n  return user\n}\n"),
        "",
    ),
    (
        debug_prints.RULE,
        "src/sort.ts",
        "export function formatSort(sort: string[]) {\n  console.log('sort >>>', sort);\n  return sort;\n}\n",
        "medium",
    ),
    (
        debug_prints.RULE,
        "src/sort.ts",
        "export function formatSort(sort: string[]) {\n  console.log('after filter', sort.length);\n}\n",
        "medium",
    ),
    (debug_prints.RULE, "lib/a.py", "def login(name):\n    print(name)\n", "low"),
    (debug_prints.RULE, "lib/a.py", "def domain_of(name):\n    print(name)\n", "low"),
    (debug_prints.RULE, "lib/a.py", "class Catalog:\n    def prune(self):\n        print(self.rows)\n", "low"),
    (debug_prints.RULE, "lib/a.js", "function listen(port) {\n  console.log('port ===>', port)\n}\n", "medium"),
    (debug_prints.RULE, "lib/a.js", "function logRequest(port) {\n  console.log('from', port)\n}\n", ""),
    (debug_prints.RULE, "lib/a.js", "class HTTPLogger {\n  write(port) {\n    console.log(port)\n  }\n}\n", ""),
    (debug_prints.RULE, "lib/a.py", "class ConsoleReporter:\n    def on_end(self):\n        print('all done')\n", ""),
    (debug_prints.RULE, "webpack.config.js", "console.log('building')\n", ""),
    (debug_prints.RULE, "lib/a.ts", "function f(user: string) {\n  console.log(user)\n  return user\n}\n", "medium"),
    (debug_prints.RULE, "pkg/a.go", 'package a\nimport "fmt"\nfunc f(x int) { fmt.Println("here", x) }\n', "medium"),
    (debug_prints.RULE, "pkg/a.go", 'package a\nimport "fmt"\nfunc f(x int) { fmt.Printf("%+v\\n", x) }\n', "medium"),
    (debug_prints.RULE, "main.go", 'package main\nimport "fmt"\nfunc f(x int) { fmt.Println("done", x) }\n', ""),
    (debug_prints.RULE, "src/lib.rs", "fn f(x: u8) -> u8 {\n    dbg!(x);\n    x\n}\n", "medium"),
    (debug_prints.RULE, "src/lib.rs", 'fn f(x: u8) -> u8 {\n    println!("x = {:?}", x);\n    x\n}\n', "medium"),
    (
        debug_prints.RULE,
        "src/A.java",
        ('class A {\n int f(int x) {\n  System.out.println("x = " + x);\n  return x;\n }\n}\n'),
        "medium",
    ),
    (debug_prints.RULE, "src/a.c", 'int f(int x) {\n  printf("DEBUG x=%d\\n", x);\n  return x;\n}\n', "medium"),
    (debug_prints.RULE, "src/a.c", 'int f(int x) {\n  printf("x=%d\\n", x);\n  return x;\n}\n', "medium"),
    (debug_prints.RULE, "src/a.c", 'int f(int x) {\n  printf("%s\\n", name);\n  return x;\n}\n', ""),
    (
        debug_prints.RULE,
        "src/a.cpp",
        ('int f(int x) {\n  std::cerr << "DEBUG " << x << std::endl;\n  return x;\n}\n'),
        "medium",
    ),
    (
        debug_prints.RULE,
        "src/A.cs",
        ('class A {\n int F(int x) {\n  Console.WriteLine("here " + x);\n  return x;\n }\n}\n'),
        "medium",
    ),
    (debug_prints.RULE, "lib/a.rb", "def f(x)\n  p x\n  x\nend\n", "medium"),
    (debug_prints.RULE, "lib/a.rb", 'def f(x)\n  puts "x: #{x}"\n  x\nend\n', "medium"),
    (debug_prints.RULE, "src/A.php", "<?php\nfunction f($x) {\n  var_dump($x);\n  return $x;\n}\n", "medium"),
    (debug_prints.RULE, "src/A.php", "<?php\nfunction f($x) {\n  return print_r($x, true);\n}\n", ""),
    (debug_prints.RULE, "src/A.php", "<?php\nfunction f($x) {\n  echo 'DEBUG: ' . $x;\n}\n", "medium"),
    (
        debug_prints.RULE,
        "src/A.php",
        "<?php\nfunction f($x) {\n  echo \"Hello\";\n  echo $x;\n  echo 'x: ' . $x;\n}\n",
        "",
    ),
    (debug_prints.RULE, "lib/a.js", "function f(n) {\n  console.log('listening')\n}\n", "low"),
    (debug_prints.RULE, "lib/a.js", "function f(n) {\n  console.log('DEBUG', n.x())\n}\n", "medium"),
    (debug_prints.RULE, "bin/a.py", "def f(x):\n    print('DEBUG', x)\n", "low"),
    (debug_prints.RULE, "main.go", 'package main\nimport "fmt"\nfunc f(x int) { fmt.Println("here", x) }\n', "low"),
]


@pytest.mark.parametrize(("rule", "path", "text", "severity"), ROWS)
def test_rows(rule: Rule, path: str, text: str, severity: str) -> None:
    """What each language writes is found with its severity, and what is right is left alone."""
    assert severities(rule, path, text, "" if rule is debug_prints.RULE else None) == ([severity] if severity else [])


NEW = [
    # (path, text, severity in a new file)
    ("hello.py", "print(1)\n", "low"),
    ("hello.py", "print('hello')\n", "low"),
    ("hello.js", "console.log('hello')\n", "low"),
    ("hello.js", "console.log(user)\n", "low"),
    ("hello.rs", 'fn main() { println!("{:?}", 1); }\n', ""),
    ("hello.php", '<?php\necho "Hello";\n', ""),
    ("lib/a.py", "def f(x):\n    print('DEBUG', x)\n", "low"),
    ("lib/a.rs", "fn f(x: u8) {\n    dbg!(x);\n}\n", "medium"),
    ("lib/a.php", "<?php\nfunction f($x) {\n  var_dump($x);\n}\n", "medium"),
]


@pytest.mark.parametrize(("path", "text", "severity"), NEW)
def test_what_is_new_may_print(path: str, text: str, severity: str) -> None:
    """Only calls that nobody ships stop a change that adds a file."""
    assert severities(debug_prints.RULE, path, text) == ([severity] if severity else [])


def test_the_only_print_is_told_in_words_that_are_understood() -> None:
    """The message says what was seen and asks."""
    found = findings({"lib/a.py": "x = 1\n"}, {"lib/a.py": "x = 1\nprint(x)\n"}, [debug_prints.RULE])
    assert [each.message for each in found] == [
        "`print` writes to the screen, which nothing else in this file does: is it left from debugging?"
    ]


@pytest.mark.parametrize("rule", {row[0].id: row[0] for row in ROWS}.values(), ids=lambda rule: rule.id)
def test_examples(rule: Rule) -> None:
    """A rule fires on its bad example and not on the good one."""
    assert example_findings(rule.bad, [rule])
    assert not example_findings(rule.good, [rule])
