"""What a path says of a file."""

from __future__ import annotations

import pytest

from localdev.rules.places import is_example, is_script, is_test, is_vendored

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
