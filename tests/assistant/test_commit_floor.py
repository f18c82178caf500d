"""Drafts from the structure of changes: each row a change as a person makes it, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from localdev.assistant.commit.dependencies import versions_of
from localdev.assistant.commit.dress import scope_of, worded
from localdev.assistant.commit.floor import draft
from localdev.assistant.commit.style import Style
from localdev.core.change import Change, FileChange
from localdev.rules.changed import ReviewedChange
from tests.rules.changing import Texts, change_of

CART = '''"""The cart."""


def total(items):
    """Give the sum."""
    result = 0
    for item in items:
        result += item.price
    return result


def empty(items):
    """Say whether there is nothing."""
    return not items
'''
TEST = "from cart import total\n\n\ndef test_total():\n    assert total([]) == 0\n"
NEW = '\n\ndef discount(items):\n    """Give the discount."""\n    return len(items) * 0.1\n'
PRIVATE = NEW.replace("discount", "_discount")
JS = "export function add(a, b) {\n  return a + b;\n}\n"
PYPROJECT = '[project]\nname = "shop"\nversion = "1.2.3"\ndependencies = [\n    "requests>=2.31",\n    "rich>=13",\n]\n'
PACKAGE = '{\n  "name": "shop",\n  "dependencies": {\n    "left-pad": "^1.2.0",\n    "react": "^18.0.0"\n  }\n}\n'

Files = dict[str, str]
ROWS: list[tuple[str, Files, Files, str]] = [
    ("symbol added", {"shop/cart.py": CART}, {"shop/cart.py": CART + NEW}, "feat(shop): add discount"),
    ("private symbol", {"shop/cart.py": CART}, {"shop/cart.py": CART + PRIVATE}, "refactor(shop): add _discount"),
    (
        "symbol renamed",
        {"shop/cart.py": CART},
        {"shop/cart.py": CART.replace("def total", "def amount")},
        "refactor(shop): rename total to amount",
    ),
    (
        "symbol removed",
        {"shop/cart.py": CART + NEW},
        {"shop/cart.py": CART},
        "refactor(shop): remove discount",
    ),
    (
        "parameter added",
        {"shop/cart.py": CART},
        {"shop/cart.py": CART.replace("total(items)", "total(items, rate=1.0)")},
        "feat(shop): add parameter rate to total",
    ),
    (
        "two long names",
        {"a/x.py": "x = 1\n"},
        {"a/x.py": f"x = 1\n\n\ndef {'create_a' * 5}():\n    pass\n\n\ndef {'create_b' * 5}():\n    pass\n"},
        f"feat(a): add {'create_a' * 5} and 1 more",
    ),
    (
        "the result alone",
        {"a/x.go": "func f(n int) int {\n\treturn n\n}\n"},
        {"a/x.go": "func f(n int) (int, error) {\n\treturn n, nil\n}\n"},
        "fix(a): update f",
    ),
    (
        "what is thrown alone",
        {"a/X.java": "class X {\n  void f(int n) throws E {\n    g(n);\n  }\n}\n"},
        {"a/X.java": "class X {\n  void f(int n) {\n    g(n);\n  }\n}\n"},
        "fix(a): update X.f",
    ),
    (
        "one more of the same name",
        {"a/X.java": "class X {\n  void f(int n) {\n    g(n);\n  }\n}\n"},
        {"a/X.java": "class X {\n  void f(int n) {\n    g(n);\n  }\n  void f(long n) {\n    g(n);\n  }\n}\n"},
        "fix(a): update X.f",
    ),
    (
        "parameter removed",
        {"shop/cart.py": CART.replace("total(items)", "total(items, rate=1.0)")},
        {"shop/cart.py": CART},
        "refactor(shop)!: remove parameter rate from total",
    ),
    (
        "required parameter and a new file",
        {"shop/cart.py": CART},
        {"shop/cart.py": CART.replace("total(items)", "total(items, rate)"), "shop/main.py": "def main():\n    pass\n"},
        "feat(shop)!: add parameter rate to total\n\n- add shop/main.py with main\n- add parameter rate to total",
    ),
    (
        "required parameter and a new function",
        {"shop/cart.py": CART},
        {"shop/cart.py": CART.replace("total(items)", "total(items, rate)") + NEW},
        "feat(shop)!: add parameter rate to total and add discount",
    ),
    (
        "body changed",
        {"shop/cart.py": CART},
        {"shop/cart.py": CART.replace("result = 0", "result = 0.0")},
        "fix(shop): update total",
    ),
    (
        "method added",
        {"web/cart.js": "export class Cart {\n  add(x) {\n    return x;\n  }\n}\n"},
        {"web/cart.js": "export class Cart {\n  add(x) {\n    return x;\n  }\n\n  drop(x) {\n    return -x;\n  }\n}\n"},
        "feat(web): add Cart.drop",
    ),
    (
        "symbol moved",
        {"shop/cart.py": CART + NEW, "shop/price.py": "RATE = 1\n"},
        {"shop/cart.py": CART, "shop/price.py": "RATE = 1\n" + NEW},
        "refactor(shop): move discount to price.py",
    ),
    ("new file", {"a.txt": "x\n"}, {"a.txt": "x\n", "shop/cart.py": CART},
     "feat(shop): add cart.py with total and empty"),
    (
        "new files",
        {"a.txt": "x\n"},
        {"a.txt": "x\n", "shop/cart.py": CART, "shop/price.py": NEW, "shop/store.py": TEST},
        "feat(shop): add cart.py, price.py and store.py\n\n- add shop/cart.py with total and empty\n"
        "- add shop/price.py with discount\n- add shop/store.py with test_total",
    ),
    (
        "added and changed",
        {"shop/cart.py": CART},
        {"shop/cart.py": CART.replace("result = 0", "result = 0.0") + NEW},
        "feat(shop): add discount and update total",
    ),
    (
        "members added",
        {"shop/cart.rb": "class Cart\n  def a\n    1\n  end\nend\n"},
        {"shop/cart.rb": "class Cart\n  def a\n    1\n  end\n\n  def b\n    2\n  end\n\n  def c\n    3\n  end\nend\n"},
        "feat(shop): add b and c to Cart",
    ),
    ("constant", {"shop/cart.py": "RATE = 1\n"}, {"shop/cart.py": "RATE = 2\n"}, "fix(shop): update RATE"),
    ("changelog", {"CHANGELOG.md": "# 1\n"}, {"CHANGELOG.md": "# 2\n\nx\n\n# 1\n"}, "docs: update CHANGELOG"),
    ("test added", {"tests/test_cart.py": TEST}, {"tests/test_cart.py": TEST + TEST.replace("total", "sum")[23:]},
     "test(cart): add a test for cart"),
    ("test changed", {"tests/test_cart.py": TEST}, {"tests/test_cart.py": TEST.replace("== 0", "== 1")},
     "test(cart): update tests for cart"),
    (
        "assertion removed",
        {"tests/test_cart.py": f"{TEST}    assert total([1]) == 1\n    assert total([2]) == 2\n"},
        {"tests/test_cart.py": f"{TEST}    assert total([2]) == 2\n"},
        "test(cart): remove an assertion from test_total",
    ),
    (
        "assertions removed",
        {"tests/test_cart.py": f"{TEST}    assert total([1]) == 1\n\n\ndef test_b():\n    a = 1\n    assert a\n"},
        {"tests/test_cart.py": "from cart import total\n\n\ndef test_total():\n    total([])\n\n\n"
         "def test_b():\n    a = 1\n"},
        "test(cart): remove 3 assertions from tests for cart\n\n- remove 2 assertions from test_total\n"
        "- remove an assertion from test_b",
    ),
    ("test file", {}, {"src/cart.test.ts": "it('adds', () => { add(1) })\n"}, "test(cart): add tests for cart"),
    (
        "code with its test",
        {"shop/cart.py": CART, "tests/test_cart.py": TEST},
        {"shop/cart.py": CART.replace("result = 0", "result = 0.0"), "tests/test_cart.py": TEST.replace("0", "0.0")},
        "fix(shop): update total",
    ),
    ("docs", {"README.md": "# Shop\n\nHello.\n"}, {"README.md": "# Shop\n\nHello you.\n"}, "docs: update README"),
    (
        "section",
        {"docs/use.md": "# Use\n\nx\n"},
        {"docs/use.md": "# Use\n\nx\n\n## Returns\n\ny\n"},
        "docs: add section Returns to use.md",
    ),
    ("ci", {".github/workflows/test.yml": "on: push\n"}, {".github/workflows/test.yml": "on: [push]\n"},
     "ci: update test.yml"),
    ("build", {"Makefile": "all:\n\tcc a.c\n"}, {"Makefile": "all:\n\tcc -O2 a.c\n"}, "build: update Makefile"),
    ("version", {"pyproject.toml": PYPROJECT}, {"pyproject.toml": PYPROJECT.replace("1.2.3", "1.3.0")},
     "chore: bump version to 1.3.0"),
    (
        "version and changelog",
        {"pyproject.toml": PYPROJECT, "CHANGELOG.md": "# 1.2.3\n", "shop/__init__.py": '__version__ = "1.2.3"\n'},
        {"pyproject.toml": PYPROJECT.replace("1.2.3", "1.3.0"), "CHANGELOG.md": "# 1.3.0\n\n# 1.2.3\n",
         "shop/__init__.py": '__version__ = "1.3.0"\n'},
        "chore: bump version to 1.3.0",
    ),
    ("dependency", {"pyproject.toml": PYPROJECT}, {"pyproject.toml": PYPROJECT.replace("2.31", "2.32")},
     "build(deps): bump requests from 2.31 to 2.32"),
    (
        "dependency and lock",
        {"package.json": PACKAGE, "package-lock.json": "{}\n"},
        {"package.json": PACKAGE.replace("18.0.0", "19.0.0"), "package-lock.json": '{"a": 1}\n'},
        "build(deps): bump react from 18.0.0 to 19.0.0",
    ),
    (
        "dependency added",
        {"package.json": PACKAGE},
        {"package.json": PACKAGE.replace('    "react"', '    "ky": "^1.0.0",\n    "react"')},
        "build(deps): add dependency ky",
    ),
    (
        "dependencies",
        {"package.json": PACKAGE},
        {"package.json": PACKAGE.replace("18.0.0", "19.0.0").replace("1.2.0", "1.3.0")},
        "build(deps): bump left-pad and react\n\n- bump left-pad from 1.2.0 to 1.3.0\n"
        "- bump react from 18.0.0 to 19.0.0",
    ),
    (
        "one dependency and what it brings",
        {"go.mod": "require (\n\tx.org/a v1.0.0\n\tx.org/b v1.0.0\n)\n"},
        {"go.mod": "require (\n\tx.org/a v1.1.0\n)\n"},
        "build(deps): bump x.org/a to 1.1.0 and update 1 more dependency\n\n"
        "- bump x.org/a from 1.0.0 to 1.1.0\n- remove dependency x.org/b",
    ),
    (
        "one dependency of several packages",
        {f"{name}/Cargo.toml": f'[dependencies]\nlog = "{old}"\n' for name, old in (("a", "0.3"), ("b", "0.4"))},
        {f"{name}/Cargo.toml": '[dependencies]\nlog = "0.5"\n' for name in "ab"},
        "build(deps): bump log to 0.5",
    ),
    (
        "several packages",
        {f"{name}/Cargo.toml": '[package]\nversion = "0.1.0"\n' for name in ("core", "extra")},
        {"core/Cargo.toml": '[package]\nversion = "0.2.0"\n', "extra/Cargo.toml": '[package]\nversion = "0.1.1"\n'},
        "chore: bump core to 0.2.0 and extra to 0.1.1",
    ),
    (
        "a package and those that need it",
        {"Cargo.toml": '[package]\nversion = "0.1.0"\n', "b/Cargo.toml": '[dependencies]\nshop = "0.1.0"\n'},
        {"Cargo.toml": '[package]\nversion = "0.2.0"\n', "b/Cargo.toml": '[dependencies]\nshop = "0.2.0"\n'},
        "chore: bump version to 0.2.0",
    ),
    (
        "tests that went",
        {"tests/test_old.py": CART, "Makefile": "all:\n\tcc a.c\n"},
        {"Makefile": "all:\n\tcc -O2 a.c\n"},
        "build: update Makefile\n\n- update Makefile\n- remove tests/test_old.py",
    ),
    (
        "tests in the same file",
        {"a/lib.rs": "pub fn f() {}\n\nmod tests {\n}\n"},
        {"a/lib.rs": "pub fn f() {}\n\npub fn g() {}\n\nmod tests {\n    fn g() {\n        f();\n    }\n}\n"},
        "feat(a): add g",
    ),
    (
        "a lock beside several packages",
        {name: '[package]\nversion = "0.1.0"\n' for name in ("a/Cargo.toml", "b/Cargo.toml", "Cargo.lock")},
        {
            "a/Cargo.toml": '[package]\nversion = "0.2.0"\n',
            "b/Cargo.toml": '[package]\nversion = "0.3.0"\n',
            "Cargo.lock": '[package]\nversion = "0.2.0"\n',
        },
        "chore: bump a to 0.2.0 and b to 0.3.0\n\n- bump a to 0.2.0\n- bump b to 0.3.0\n- update Cargo.lock",
    ),
    ("lock alone", {"Cargo.lock": "a\n"}, {"Cargo.lock": "b\n"}, "build: update Cargo.lock"),
    ("layout", {"web/add.js": JS}, {"web/add.js": JS.replace("(a, b)", "(a,  b)")}, "style(web): reformat add.js"),
    (
        "comments",
        {"shop/cart.py": CART},
        {"shop/cart.py": CART.replace("Give the sum.", "Give the sum of prices.")},
        "docs(shop): update comments in cart.py",
    ),
    ("deletion", {"shop/old.py": CART, "a.txt": "x\n"}, {"a.txt": "x\n"}, "refactor(shop): remove old.py"),
    (
        "deletions",
        {f"shop/old{n}.py": CART for n in range(2)},
        {},
        "refactor(shop): remove old0.py and old1.py",
    ),
    ("settings", {"config/app.yaml": "a: 1\n"}, {"config/app.yaml": "a: 2\n"}, "chore(config): update app.yaml"),
]  # fmt: skip


def said(change: ReviewedChange, *, first: bool = False, branch: str = "") -> str:
    """Give the whole draft in Conventional Commits."""
    found = draft(change, first=first, branch=branch)
    scope = found.scope or scope_of(Style(), found.paths, change.paths)
    kind = found.type + "!" * found.breaks
    return worded(Style(), found.subjects, found.lines, kind=kind, scope=scope).text


@pytest.mark.parametrize(("before", "after", "wanted"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_draft_says_what_a_person_would(before: Files, after: Files, wanted: str) -> None:
    """Type, scope and subject come from what changed; nothing else is said of one thing."""
    assert said(change_of(before, after)) == wanted


def files(*changes: FileChange) -> ReviewedChange:
    """Make a change of files without texts."""
    return ReviewedChange(Change(changes), Texts({}, {}, {}))


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (FileChange("scripts/run.sh", "scripts/run.sh", "modified", "100644", "100755"),
         "chore(scripts): make run.sh executable"),
        (FileChange("scripts/run.sh", "scripts/run.sh", "modified", "100755", "100644"),
         "chore(scripts): make run.sh not executable"),
        (FileChange("a/cart.py", "b/cart.py", "renamed"), "refactor(a): move cart.py to a"),
        (FileChange("shop/basket.py", "shop/cart.py", "renamed"), "refactor(shop): rename cart.py to basket.py"),
        (FileChange("b/basket.py", "a/cart.py", "renamed"), "refactor(b): move cart.py to b as basket.py"),
        (FileChange("docs/b.md", "docs/a.md", "renamed"), "docs: rename a.md to b.md"),
        (FileChange("logo.png", "", "added", binary=True), "chore: add logo.png"),
        (FileChange("libs/x", "libs/x", "modified", "160000", "160000", "1" * 40, "abcdef12" * 5),
         "build: update submodule libs/x to abcdef12"),
        (FileChange("libs/x", "", "added", "", "160000", "", "a" * 40), "build: add submodule libs/x"),
    ],
)  # fmt: skip
def test_changes_without_lines(change: FileChange, wanted: str) -> None:
    """Modes, moves, binary files and submodules are told by git's own facts."""
    assert said(files(change)) == wanted


def test_the_first_commit() -> None:
    """There is nothing to compare with, and nothing more to say."""
    assert said(change_of({}, {"a.py": CART, "README.md": "# A\n"}), first=True) == "chore: initial commit"


def test_many_files() -> None:
    """Hundreds of files give a short subject and a short list."""
    before = {f"src/part{n % 5}/file{n}.py": CART for n in range(300)}
    after = {path: text.replace("result = 0", "result = 1") for path, text in before.items()}
    text = said(change_of(before, after))
    assert text == "refactor: update 300 files in src"
    after["README.md"] = "# New\n"
    rows = said(change_of(before, after)).split("\n")
    assert rows[0] == "refactor: update 300 files in src" and len(rows) <= 10


def test_a_name_with_a_line_end() -> None:
    """Whatever stands in a file's name, the subject is one line of plain signs."""
    change = FileChange("a/x\ny\x1b[1m\u202e\udce9.png", "", "added", binary=True)
    assert said(files(change)) == "chore(a): add x?y?[1m??.png"


def test_a_submodule_with_its_entry() -> None:
    """That git writes down where it comes from is no news."""
    entry = FileChange(".gitmodules", "", "added", new_mode="100644")
    assert said(files(entry, FileChange("libs/x", "", "added", "", "160000"))) == "build: add submodule libs/x"


def test_many_moves() -> None:
    """A folder that moved is one thing."""
    moved = [FileChange(f"lib/new/f{n}.py", f"lib/old/f{n}.py", "renamed") for n in range(9)]
    assert said(files(*moved)).split("\n")[0] == "refactor(new): move 9 files to lib/new"


def test_what_else_changed_is_listed() -> None:
    """The subject is about the code, the list below names the rest."""
    before = {"shop/cart.py": CART, "pyproject.toml": PYPROJECT, ".github/workflows/t.yml": "on: push\n"}
    after = {
        "shop/cart.py": CART + NEW,
        "pyproject.toml": PYPROJECT.replace("2.31", "2.32"),
        ".github/workflows/t.yml": "on: [push]\n",
    }
    assert said(change_of(before, after)).split("\n") == [
        "feat(shop): add discount",
        "",
        "- add discount",
        "- bump requests from 2.31 to 2.32",
        "- update .github/workflows/t.yml",
    ]


def test_the_branch_tells_the_type_of_code() -> None:
    """On `fix/...` new functions are a fix; documents stay documents."""
    added = change_of({"shop/cart.py": CART}, {"shop/cart.py": CART + NEW})
    assert said(added, branch="fix/rounding") == "fix(shop): add discount"
    assert said(added, branch="fixtures") == "feat(shop): add discount"
    readme = change_of({"README.md": "a\n"}, {"README.md": "b\n"})
    assert said(readme, branch="feature/x") == "docs: update README"


OLD, NOW = "1b" * 20, "a1" * 20


@pytest.mark.parametrize(
    ("path", "line", "after", "wanted"),
    [
        ("requirements.txt", "requests==2.31.0", "requests==2.32.0", ("requests", "2.31.0", "2.32.0")),
        ("requirements/dev.txt", "requests", "x", None),
        ("pyproject.toml", 'ruff = "^0.5"', 'ruff = "^0.6"', ("ruff", "0.5", "0.6")),
        ("Cargo.toml", 'serde = { version = "1.0", features = ["a"] }', 'serde = { version = "1.1", features = ["a"] }',
         ("serde", "1.0", "1.1")),
        ("go.mod", "\tgithub.com/spf13/cobra v1.8.0", "\tgithub.com/spf13/cobra v1.9.0",
         ("github.com/spf13/cobra", "1.8.0", "1.9.0")),
        ("Gemfile", "gem 'rails', '~> 7.0'", "gem 'rails', '~> 7.1'", ("rails", "7.0", "7.1")),
        ("build.gradle", "implementation 'com.x:y:1.0'", "implementation 'com.x:y:1.1'", ("com.x:y", "1.0", "1.1")),
        ("App.csproj", '<PackageReference Include="Serilog" Version="4.0.0" />',
         '<PackageReference Include="Serilog" Version="4.1.0" />', ("Serilog", "4.0.0", "4.1.0")),
        ("Dockerfile", "FROM python:3.11-slim", "FROM python:3.12-slim", ("python", "3.11-slim", "3.12-slim")),
        (".github/workflows/ci.yml", "      - uses: actions/checkout@v4", "      - uses: actions/checkout@v5",
         ("actions/checkout", "4", "5")),
        (".github/workflows/a.yml", f"- uses: actions/checkout@{OLD} # v4", f"- uses: actions/checkout@{NOW} # v5.0.1",
         ("actions/checkout", "4", "5.0.1")),
        (".github/workflows/a.yml", f"- uses: actions/checkout@{OLD}", f"- uses: actions/checkout@{NOW}",
         ("actions/checkout", "1b1b1b1", "a1a1a1a")),
        ("pom.xml", "    <dependency>\n      <artifactId>json</artifactId>\n      <version>2.0</version>",
         "    <dependency>\n      <artifactId>json</artifactId>\n      <version>2.1</version>", ("json", "2.0", "2.1")),
        ("pom.xml", "    <json.version>2.0</json.version>", "    <json.version>2.1</json.version>",
         ("json", "2.0", "2.1")),
        ("pom.xml", "      <version>2.0</version>", "      <version>2.1</version>", None),
        ("Cargo.toml", '[dependencies.log]\nversion = "0.3"', '[dependencies.log]\nversion = "0.4"', None),
        ("package.json", '  "node": ">=18.0"', '  "node": ">=20.0"', None),
        ("setup.py", "    packages=['a'],", "    packages=['b'],", None),
    ],
)  # fmt: skip
def test_versions(path: str, line: str, after: str, wanted: tuple[str, str, str] | None) -> None:
    """New versions are read from the manifests of each language; any other changed line makes it an ordinary change."""
    (file,) = change_of({path: f"{line}\n"}, {path: f"{after}\n"}).files
    found = versions_of(file.change)
    assert (found.updated[0] if found and found.updated else None) == wanted
    assert found is None or not found.own


def test_the_own_version_in_a_pom() -> None:
    """It stands beside the project's own artifact, and not in what the project needs."""
    pom = "<project>\n  <artifactId>shop</artifactId>\n  <version>1.0</version>\n</project>\n"
    (file,) = change_of({"pom.xml": pom}, {"pom.xml": pom.replace("1.0", "1.1-SNAPSHOT")}).files
    found = versions_of(file.change)
    assert found is not None and (found.own, found.updated) == ("1.1-SNAPSHOT", ())


def test_an_endless_or_broken_file_is_no_trouble() -> None:
    """Broken syntax, bytes of no encoding and a file too large to parse are told by their names."""
    broken = change_of({"a/x.py": "def f(:\n"}, {"a/x.py": "def f(:\n  ((\n\udcff"})
    assert said(broken) == "fix(a): update f"
    large = "x = 1\n" * 100_000
    assert said(change_of({"a/x.py": large}, {"a/x.py": large + "y = 2\n"})) == "fix(a): update x.py"
    change = change_of({"a/x.py": CART}, {"a/x.py": CART + NEW}).files[0].change
    assert said(files(replace(change, hunks=()))) == "fix(a): update x.py"
