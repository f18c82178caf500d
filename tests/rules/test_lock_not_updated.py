"""Dependencies that manifests gain while their lock files stay as they were."""

from __future__ import annotations

import pytest

from localdev.rules import dependency_lock
from localdev.rules.manifests import manifest_of, wanted
from tests.rules.changing import findings

RULES = (dependency_lock.RULE,)

ADDED = [
    # (manifest, before, after, lock, line)
    (
        "pyproject.toml",
        '[project]\ndependencies = ["a>1"]\n',
        ('[project]\ndependencies = ["a>1",\n"B_c[x]>=2"]\n'),
        "uv.lock",
        3,
    ),
    (
        "pyproject.toml",
        "[tool.poetry.dependencies]\na = '1'\n",
        ("[tool.poetry.dependencies]\na = '1'\nb = '1'\n"),
        "poetry.lock",
        3,
    ),
    (
        "pyproject.toml",
        "[project]\nname = 'x'\n",
        ("[project]\nname = 'x'\n[dependency-groups]\ndev = ['b']\n"),
        "pdm.lock",
        4,
    ),
    ("requirements.in", "a\n", "a\nb\n", "requirements.txt", 2),
    ("Pipfile", '[packages]\na = "*"\n', '[packages]\na = "*"\n[dev-packages]\nb = "*"\n', "Pipfile.lock", 4),
    ("package.json", '{"dependencies": {"a": "1"}}', '{"dependencies": {"a": "1",\n"b": "2"}}', "package-lock.json", 2),
    ("package.json", '{"name": "x"}', '{"name": "x",\n"devDependencies": {"b": "2"}}', "yarn.lock", 2),
    ("packages/x/package.json", '{"name": "x"}', '{"name": "x",\n"dependencies": {"b": "2"}}', "pnpm-lock.yaml", 2),
    ("Cargo.toml", '[dependencies]\na = "1"\n', ('[dependencies]\na = "1"\nb = { version = "1" }\n'), "Cargo.lock", 3),
    ("crates/x/Cargo.toml", "[package]\n", '[package]\n[dev-dependencies]\nb = "1"\n', "Cargo.lock", 3),
    ("go.mod", "module x\n\ngo 1.22\n", "module x\n\ngo 1.22\n\nrequire example.com/a/b v1.0.0\n", "go.sum", 5),
    ("Gemfile", 'gem "a"\n', 'gem "a"\ngem "b", "~> 7"\n', "Gemfile.lock", 2),
    ("x.gemspec", "s.add_dependency 'a'\n", ("s.add_dependency 'a'\ns.add_dependency 'b', '> 1'\n"), "Gemfile.lock", 2),
    ("composer.json", '{"require": {"php": "8"}}', '{"require": {"php": "8",\n"a/b": "^1"}}', "composer.lock", 2),
    (
        "A.csproj",
        "<Project/>\n",
        ('<Project>\n<PackageReference Include="X.Y" Version="1"/></Project>\n'),
        "packages.lock.json",
        2,
    ),
    (
        "build.gradle.kts",
        "dependencies {\n}\n",
        ('dependencies {\n  implementation("a.b:c:1")\n}\n'),
        "gradle.lockfile",
        2,
    ),
    ("mix.exs", '[{:a, "~> 1"}]\n', '[{:a, "~> 1"},\n{:b, "~> 1"}]\n', "mix.lock", 2),
    ("pubspec.yaml", "dependencies:\n  a: ^1.0.0\n", "dependencies:\n  a: ^1.0.0\n  b: ^1.0.0\n", "pubspec.lock", 3),
]


@pytest.mark.parametrize(("path", "before", "after", "lock", "line"), ADDED)
def test_added(path: str, before: str, after: str, lock: str, line: int) -> None:
    """Told at the line that names it; not when the lock changes too, nor where no lock is tracked."""
    old, new = {path: before}, {path: after}
    found = findings({**old, lock: "old"}, {**new, lock: "old"}, RULES)
    assert [(each.severity, each.path, each.line) for each in found] == [("medium", path, line)]
    assert findings({**old, lock: "old"}, {**new, lock: "new"}, RULES) == []
    assert findings(old, new, RULES) == []


LEFT = [
    (
        "package.json",
        '{"dependencies": {"a": "1"}}',
        '{"dependencies": {"a": "1"}, "scripts": {"b": "2"}}',
        "yarn.lock",
    ),
    ("package.json", '{"name": "x"}', '{"name": "x", "dependencies": {"b": "workspace:*"}}', "yarn.lock"),
    ("package.json", '{"dependencies": {"a": "1"}}', '{"dependencies": {}}', "yarn.lock"),
    ("Cargo.toml", "[dependencies]\n", ('[dependencies]\nb = { path = "../b" }\nc.workspace = true\n'), "Cargo.lock"),
    ("Gemfile", 'gem "a"\n', 'gem "a"\ngem "b", path: "../b"\n', "Gemfile.lock"),
    ("composer.json", '{"require": {}}', '{"require": {"php": "8", "ext-json": "*"}}', "composer.lock"),
    ("pyproject.toml", "[project]\n", "[project]\nname = 'x'\n[tool.ruff]\nline-length = 1\n", "uv.lock"),
    ("package.json", '{"a": 1}', "{broken", "yarn.lock"),
    ("vendor/x/package.json", "{}", '{"dependencies": {"b": "1"}}', "yarn.lock"),
]


@pytest.mark.parametrize(("path", "before", "after", "lock"), LEFT)
def test_left_alone(path: str, before: str, after: str, lock: str) -> None:
    """What needs no lock, what goes, and what cannot be read."""
    assert findings({path: before, lock: ""}, {path: after, lock: ""}, RULES) == []


def test_another_version_is_a_remark() -> None:
    """A requirement that only changes its version is told as low."""
    old = {"Cargo.toml": '[dependencies]\na = "1"\n', "Cargo.lock": ""}
    found = findings(old, {**old, "Cargo.toml": '[dependencies]\na = "2"\n'}, RULES)
    assert [each.severity for each in found] == ["low"]


def test_what_go_has_resolved_already() -> None:
    """A module that becomes a direct one is in `go.sum` already."""
    before, after = "module x\n", "module x\n\nrequire example.com/a/b v1.0.0\n"
    locked = {"go.sum": "example.com/a/b v1.0.0 h1:x=\n"}
    assert findings({"go.mod": before, **locked}, {"go.mod": after, **locked}, RULES) == []


def test_a_lock_of_another_manager_beside_it() -> None:
    """One of several lock files that changes is enough."""
    old = {"package.json": "{}", "yarn.lock": "", "package-lock.json": ""}
    new = {"package.json": '{"dependencies": {"b": "1"}}', "yarn.lock": "b", "package-lock.json": ""}
    assert findings(old, new, RULES) == []


def test_manifests() -> None:
    """Files are known by name, and read into names and what is asked of them."""
    assert manifest_of("src/app.py") is None
    known = manifest_of("sub/dev.in")
    assert known is not None
    assert known[1] == ("dev.txt",)
    assert wanted(known[0], "A.b==1 # why\n-r other.in\n./here\n# no\n") == {"a-b": "==1"}
