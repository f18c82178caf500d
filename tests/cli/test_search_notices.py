"""What `search` says of its hits: that they are only similar, or truly why there are none."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run, command

SIMILAR = "no word of the question occurs here; the places are only similar in meaning"


def test_places_that_are_only_similar(run: Run, repository: Path) -> None:
    """A word that is nowhere gives the warning that `ask` gives, in text and in JSON; a word that is there, none."""
    nowhere = run("search", "zzqqxxyy", "-C", repository)
    assert (nowhere.code, nowhere.err) == (0, f"warning: {SIMILAR}\n")
    assert nowhere.out
    assert SIMILAR in run("ask", "zzqqxxyy", "-C", repository, "--no-model").err
    assert json.loads(run("search", "zzqqxxyy", "-C", repository, "--json").out)["notice"] == SIMILAR
    there = run("search", "settings", "-C", repository, "--json")
    assert (json.loads(there.out)["notice"], there.err) == ("", "")


def test_the_warning_does_not_depend_on_how_many_are_shown(run: Run, repository: Path) -> None:
    """A word that occurs somewhere below what is shown occurs."""
    for limit in ("1", "10"):
        assert SIMILAR not in run("search", "shop settings zzqqxxyy", "-C", repository, "-k", limit).err


def test_many_queries_carry_their_notices(run: Run, repository: Path, tmp_path: Path) -> None:
    """With `--queries` the notice stands in each object and nothing on stderr."""
    queries = tmp_path / "queries.txt"
    queries.write_text("settings\nzzqqxxyy\n???\n")
    found = run("search", "--queries", queries, "-C", repository)
    notices = [json.loads(line)["notice"] for line in found.out.splitlines()]
    assert notices[:2] == ["", SIMILAR] and "holds no word" in notices[2]
    assert found.err == ""


@pytest.mark.parametrize("query", ['"', "*", "???", "\N{ROCKET}"])
def test_a_query_without_a_word(run: Run, repository: Path, query: str) -> None:
    """It is the query that lacks something, not the repository, and no filter is spoken of."""
    found = run("search", query, "-C", repository)
    assert (found.code, found.out) == (1, "")
    assert "the query holds no word" in found.err and "filter" not in found.err


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (("--lang", "go"), "nothing here is go"),
        (("--path", "nowhere/*"), "no path here is like nowhere/*"),
        (("--kind", "enum"), "nothing here is of the kind enum"),
        (("--lang", "go", "--path", "nowhere/*"), "no path here is like nowhere/*; nothing here is go"),
        (("--lang", "python", "--path", "web/*"), "no place here passes all of these filters at once"),
    ],
)
def test_filters_that_leave_nothing(run: Run, repository: Path, filters: tuple[str, ...], said: str) -> None:
    """The filter that nothing here fits is named, whatever the words are."""
    found = run("search", "settings", *filters, "-C", repository)
    assert (found.code, found.err) == (1, f"hint: {said}\n")


def test_no_file_to_search(run: Run, tmp_path: Path) -> None:
    """An empty repository is said to be one; where files are skipped, what names them."""
    (tmp_path / "empty" / ".git").mkdir(parents=True)
    empty = run("search", "settings", "-C", tmp_path / "empty")
    assert empty.code == 1 and empty.err.endswith("hint: there is no file to search\n")
    (tmp_path / "empty" / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    skipped = run("search", "settings", "-C", tmp_path / "empty")
    assert "there is no file to search; `localdev index` names the 1 file that it skips" in skipped.err


def test_queries_that_are_not_utf8(run: Run, repository: Path, tmp_path: Path) -> None:
    """A file and stdin are refused alike; UTF-8 with or without its mark is read from both."""
    queries = tmp_path / "queries.txt"
    queries.write_bytes(b"settings\ncaf\xe9\n")
    by_name = run("search", "--queries", queries, "-C", repository)
    arguments = command("search", "--queries", "-", "-C", repository)
    by_stdin = subprocess.run(arguments, stdin=queries.open("rb"), capture_output=True, text=True, timeout=60)
    assert (by_name.code, by_stdin.returncode) == (2, 2)
    assert by_stdin.stderr == by_name.err.replace(str(queries), "stdin")
    queries.write_bytes(b"\xef\xbb\xbfcaf\xc3\xa9\n")
    read = subprocess.run(arguments, stdin=queries.open("rb"), capture_output=True, text=True, timeout=60)
    assert json.loads(read.stdout)["query"] == json.loads(run(*arguments[3:-3], queries, *arguments[-2:]).out)["query"]


def test_a_query_that_looks_like_an_option(run: Run, repository: Path) -> None:
    """The hint says how it is given, and given so it is searched; a slip of an option is still told as one."""
    taken = run("search", "-cookie", "-C", repository)
    assert taken.code == 2 and "goes after --: `localdev search -- -WORD`" in taken.err
    assert run("search", "-C", repository, "--json", "--", "-settings").code == 0
    assert run("search", "x", "--jsn").err.endswith("hint: did you mean --json?\n")
    assert " -- " not in run("doctor", "-z").err


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("search", "x", "--queries"), "localdev search"),
        (("search", "x", "-k", "many"), "localdev search"),
        (("-C",), "localdev"),
    ],
)
def test_a_complaint_names_its_command(run: Run, arguments: tuple[str, ...], path: str) -> None:
    """Also where an option lacks its value, which Typer tells without the command."""
    assert run(*arguments).err.endswith(f"hint: `{path} --help` shows what it takes\n")
