"""What a path says of a file."""

from __future__ import annotations

import pytest

from localdev.rules.injected import code
from localdev.rules.leftovers import todos
from localdev.rules.places import is_example, is_script, is_test, is_vendored
from tests.rules.changing import findings

ROWS = [
    ("src/shop/cart.py", ""),
    ("src/latest/contest.py", ""),
    ("src/dependencies/api.py", ""),
    ("tests/test_cart.py", "test"),
    ("src/cart.test.ts", "test"),
    ("src/__tests__/cart.js", "test"),
    ("pkg/cart_test.go", "test"),
    ("src/main/java/CartTest.java", "test"),
    ("Shop.Tests/Cart.cs", "test"),
    ("Src/Shop.Test/Data/Cart.cs", "test"),
    ("src/Shop.UnitTests/Cart.cs", "test"),
    ("src/Shop.IntegrationTests/Cart.cs", "test"),
    ("src/Shop.Tests.Shared/Cart.cs", "test"),
    ("ShopTests/Cart.swift", "test"),
    ("Shop.Tests/Documentation/Samples/Cart.cs", "example"),
    ("Shop.Latest/Cart.cs", ""),
    ("Contests/Cart.cs", ""),
    ("spec/cart_spec.rb", "test"),
    ("examples/cart.py", "example"),
    ("docs/usage.rst", "example"),
    ("vendor/lib/a.go", "vendored"),
    ("static/jquery-3.1.js", "vendored"),
    ("api/v1_pb2.py", "vendored"),
    ("dist/app.js", "vendored"),
    ("scripts/release.py", "script"),
    ("webpack.config.js", "script"),
    ("setup.py", "script"),
]


@pytest.mark.parametrize(("path", "what"), ROWS)
def test_a_path_tells_what_a_file_is_for(path: str, what: str) -> None:
    """Tests, examples, other people's code and scripts are known; all else is code."""
    said = {"test": is_test, "example": is_example, "vendored": is_vendored, "script": is_script}
    assert [name for name, ask in said.items() if ask(path)] == ([what] if what else [])


LESS = [
    ("src/app.py", "high", "medium"),
    ("examples/app.py", "medium", "low"),
    ("benchmarks/app.py", "medium", "low"),
    ("docs/tutorial/app.py", "medium", "low"),
    ("tests/app.py", "low", "low"),
    ("Shop.Tests/Documentation/app.py", "medium", "low"),
]


@pytest.mark.parametrize(("path", "severe", "mild"), LESS)
def test_examples_matter_a_step_less_and_tests_little(path: str, severe: str, mild: str) -> None:
    """People copy what examples do; nobody ships a test."""
    found = findings({}, {path: "eval(input())\n# TODO: re-enable the check before release\n"}, [code.RULE, todos.RULE])
    assert [each.severity for each in found] == [severe, mild]
