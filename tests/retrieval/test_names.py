"""Matching names: definitions, misspellings, file names, paths."""

from __future__ import annotations

import pytest

from localdev.core.code import Symbol
from localdev.core.words import words
from localdev.retrieval.names import definition_matches, file_name_match, mentioned_files, nearest_names
from localdev.retrieval.query import PathMention


def symbol(qualified: str, kind: str = "class", path: str = "a.py") -> Symbol:
    """Make a definition."""
    parent, _, name = qualified.rpartition(".")
    return Symbol(path, name, qualified, kind, 1, 2, parent=parent)


@pytest.mark.parametrize(
    ("names", "better", "worse"),
    [
        (["Rack.Response", "Response"], symbol("Rack.Response"), symbol("Mock.Response", path="b.py")),
        (["Cache"], symbol("Cache"), symbol("Store.Cache", path="b.py")),
        (["limit"], symbol("limit", "function"), symbol("limit", "field", path="b.py")),
        (["Field"], symbol("Field"), symbol("field", path="b.py")),
    ],
    ids=["joined", "top level", "type over field", "exact case"],
)
def test_the_better_fitting_definition(names: list[str], better: Symbol, worse: Symbol) -> None:
    """Of two definitions of a name, the one that fits the spelling and the usual wish more comes first."""
    matches = definition_matches(names, [(1, worse), (2, better)])
    assert matches[2][0] > matches[1][0]


def test_a_name_defined_everywhere_points_nowhere() -> None:
    """A unique definition counts more than one of many; overloads of one definition are not many."""
    alone = definition_matches(["run"], [(1, symbol("run", "function"))])
    many = definition_matches(["run"], [(n, symbol("run", "function", path=f"{n}.py")) for n in range(1, 9)])
    overloads = definition_matches(["run"], [(n, symbol("run", "function")) for n in range(1, 9)])
    assert many[1][0] < alone[1][0] == overloads[1][0]


def test_nearest_names_finds_slips_and_not_neighbours() -> None:
    """A dropped, doubled or swapped letter is a slip; another word is not."""
    known = ["ClientSession", "ClientResponse", "client_session", "Connector", "get_user", "set_user"]
    assert nearest_names("ClientSesion", known)[0] == "ClientSession"
    assert nearest_names("Conector", known) == ["Connector"]
    assert nearest_names("Quux", known) == []


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("how routes are grouped", "routergroup.go", "router.go"),
        ("URL routing and resource dispatching", "web_urldispatcher.py", "web_response.py"),
        ("form data handling", "formdata.py", "form_mapping_helpers.py"),
        ("error handling", "error_handling/mod.rs", "handler/mod.rs"),
        ("utility functions", "lib/utils.js", "lib/view.js"),
    ],
)
def test_file_name_match(query: str, better: str, worse: str) -> None:
    """The file whose name the query spells out more fully matches better, also where words run together."""
    assert file_name_match(better, words(query)) > file_name_match(worse, words(query))


def test_file_name_match_bounds() -> None:
    """A name spelt out whole gives 1, one without a common word 0, a name without words 0."""
    assert file_name_match("src/tree.go", ["tree"]) == 1.0
    assert file_name_match("src/tree.go", ["cache"]) == 0.0
    assert file_name_match("___.py", ["cache"]) == 0.0


@pytest.mark.parametrize(
    ("mention", "found"),
    [
        (PathMention("pkg/io.py"), [("src/pkg/io.py", 0)]),
        (PathMention("/home/me/src/pkg/io.py", 7), [("src/pkg/io.py", 7)]),
        (PathMention("io.py", 3), [("src/pkg/io.py", 3), ("tests/io.py", 3)]),
        (PathMention("./nothing.py"), []),
        (PathMention("/usr/lib/json/io.py"), []),
        (PathMention("/"), []),
    ],
)
def test_mentioned_files(mention: PathMention, found: list[tuple[str, int]]) -> None:
    """One path must be the end of the other, and the longest such end decides which file is meant."""
    assert mentioned_files([mention], ["src/pkg/io.py", "tests/io.py"]) == found
