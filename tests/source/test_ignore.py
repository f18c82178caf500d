"""Ignore rules, with the real git as the judge: whatever it leaves out of a listing, the own walk leaves out too."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localdev.source.ignore import ignored, parse_rules
from localdev.source.walk import Sieve
from localdev.source.walk_own import walk_tree

# A tree with names that the patterns below can tell apart.
_FILES = (
    *("a", "b.c", "foo", "foo.log", "ab", "a b", "[x]", "#note", "!bang", "back\\slash", "trail "),
    *("d/a", "d/b.c", "d/foo", "d/e/a", "d/e/foo", "d/e/b.c", "d/e/f/foo.log", "foo.d/a", "foo.d/e/b.c", "x/foo/a"),
)


def git_keeps(root: Path) -> set[str]:
    """Ask git which files of `root` no rule ignores."""
    command = ("git", "ls-files", "-z", "--others", "--exclude-standard")
    done = subprocess.run(command, cwd=root, capture_output=True, check=True)
    return set(os.fsdecode(done.stdout).split("\0")) - {""}


def write_rules(root: Path, top: str, middle: str, deep: str) -> None:
    """Write the ignore files of three levels."""
    for place, rules in (("", top), ("d", middle), ("d/e", deep)):
        (root / place / ".gitignore").write_bytes(rules.encode())


def we_keep(root: Path) -> set[str]:
    """Walk `root` without git."""
    sieve = Sieve(str(root), 1_000_000)
    walk_tree(str(root), sieve)
    listing = sieve.listing(())
    return {file.path for file in listing.files} | {skipped.path for skipped in listing.skipped}


def plant_all(root: Path) -> None:
    """Write the tree and make it a repository."""
    for path in _FILES:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("text\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one planted tree for all tests that only write ignore files into it."""
    root = tmp_path_factory.mktemp("planted")
    plant_all(root)
    return root


@pytest.mark.parametrize(
    "rules",
    [
        "foo",
        "foo/",
        "/foo",
        "/foo/",
        "d/foo",
        "/d/e",
        "d/",
        "*.log",
        "*.d/",
        "*",
        "*\n!*/\n!foo",
        "/*\n!/d\n/d/*\n!/d/e",
        "**/foo",
        "**/e/**",
        "d/**",
        "d/**/foo",
        "**/e/*.c",
        "d/*/foo",
        "fo**o",
        "d**/a",
        "**",
        "**/",
        "/**/a",
        "?",
        "d/?",
        "a\\ b",
        "a b ",
        "a b\\ ",
        "trail\\ ",
        "trail ",
        "[ab]",
        "[!a]",
        "[^a]*",
        "[a-c]",
        "[z-a]",
        "[]x]",
        "\\[x]",
        "[[]x]",
        "[",
        "[a",
        "[[:alpha:]]",
        "[[:nope:]]",
        "[[:alpha:][:digit:]]*",
        "[a\\]",
        "[\\a]",
        "[a-]",
        "[--b]",
        "d[/]a",
        "#note",
        "\\#note",
        "!bang",
        "\\!bang",
        "back\\\\slash",
        "back\\slash",
        "foo\\",
        "*.log\r\nfoo\r\n",
        "\ufefffoo\n",
        "/",
        "//",
        "!",
        "\n\n   \n",
        "*.c\n!d/",
        "*.c\n!d\n",
        "*.c\n!d/b.c",
        "d\n!d/a",
        "foo\n!foo",
        "!foo\nfoo",
        "*o\n!fo?",
        "e/f",
        "d/e/",
        "./foo",
        "foo/*",
        "foo.*/",
        " foo",
        "foo\t",
    ],
)
def test_one_file_of_rules(planted: Path, rules: str) -> None:
    """Every form of pattern means what git says it means."""
    write_rules(planted, rules, "", "")
    assert we_keep(planted) == git_keeps(planted)


def test_rules_at_every_level(tree: Path, home: Path) -> None:
    """Deeper files win over higher ones, those over the repository's excludes, those over the user's own."""
    plant_all(tree)
    excludes = home / ".config" / "git" / "ignore"
    excludes.parent.mkdir(parents=True)
    excludes.write_text("*.c\nfoo.log\na\n")
    (tree / ".git" / "info" / "exclude").write_text("!d/b.c\n!a\nab\n")
    (tree / ".gitignore").write_text("foo\n!ab\ne/b.c\n")
    (tree / "d" / ".gitignore").write_text("!foo\n/a\n")
    (tree / "d" / "e" / ".gitignore").write_text("foo\n!b.c\n")
    kept = we_keep(tree)
    assert kept == git_keeps(tree)
    assert {"a", "ab", "d/b.c", "d/foo", "d/e/b.c"} <= kept
    assert not {"b.c", "d/a", "d/e/foo", "x/foo/a"} & kept


def test_excludes_file_named_in_the_configuration(tree: Path, home: Path) -> None:
    """`core.excludesFile` of the user's git configuration is followed, `~` included."""
    plant_all(tree)
    (home / ".gitconfig").write_text("[core]\n\texcludesFile = ~/mine\n")
    (home / "mine").write_text("foo*\n")
    kept = we_keep(tree)
    assert kept == git_keeps(tree)
    assert "foo.log" not in kept
    shutil.rmtree(tree / ".git")
    assert we_keep(tree) == kept


def test_global_excludes_without_git(tree: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without git the user's excludes are found in their default place."""
    (tree / "foo").write_text("text\n")
    (tree / "bar").write_text("text\n")
    excludes = home / ".config" / "git" / "ignore"
    excludes.parent.mkdir(parents=True)
    excludes.write_text("foo\n")
    monkeypatch.setenv("PATH", str(home))
    assert we_keep(tree) == {"bar"}


_PIECES = (
    "a",
    "b",
    "foo",
    "d",
    "e",
    "o",
    ".c",
    ".log",
    "*",
    "**",
    "?",
    "/",
    "/",
    "[a-f]",
    "[!f]",
    "\\a",
    " ",
    "foo.d",
    "!",
)
_PATTERN = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=6).map("".join)
_RULES = st.lists(st.tuples(st.sampled_from(("", "!", "/")), _PATTERN).map("".join), max_size=5).map("\n".join)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(top=_RULES, middle=_RULES, deep=_RULES)
def test_any_rules(planted: Path, top: str, middle: str, deep: str) -> None:
    """Whatever nested files say, the own walk and git agree."""
    write_rules(planted, top, middle, deep)
    assert we_keep(planted) == git_keeps(planted)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=40), st.text(min_size=1, max_size=10))
def test_any_text_is_a_rule_file(text: str, path: str) -> None:
    """No text makes the reader fail."""
    rules = parse_rules("", text)
    assert rules is None or ignored((rules,), path, False) in (True, False)
