"""Roles of files, read from their paths."""

from __future__ import annotations

import pytest

from localdev.retrieval.roles import chunk_role, file_role, superseded_folders
from tests.retrieval.memory import chunk


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("src/app/main.py", ""),
        ("app/attestation.py", ""),
        ("api/v1/users.py", ""),
        ("CMakeLists.txt", ""),
        ("src/testing.rs", ""),
        ("tests/test_main.py", "test"),
        ("app/main_test.go", "test"),
        ("web/button.spec.ts", "test"),
        ("src/FooTest.java", "test"),
        ("conftest.py", "test"),
        ("node_modules/x/index.js", "vendored"),
        ("vendor/github.com/x/y_test.go", "vendored"),
        ("benchmarks/run.py", "benchmark"),
        ("examples/hello.py", "example"),
        ("pkg/legacy/io.py", "deprecated"),
        ("api/user.pb.go", "generated"),
        ("user_pb2.py", "generated"),
        ("docs/guide.md", "doc"),
        ("README.md", "doc"),
        ("LICENSE", "doc"),
    ],
)
def test_file_role(path: str, role: str) -> None:
    """Folders are matched whole and names by their usual forms."""
    assert file_role(path) == role


@pytest.mark.parametrize(
    ("symbol", "role"), [("tests.works", "test"), ("TestRouter", "test"), ("Testament", ""), ("Router.test", "test")]
)
def test_a_test_inside_product_code_is_a_test(symbol: str, role: str) -> None:
    """Rust and Go keep tests beside the code; the symbol tells."""
    assert chunk_role(chunk("src/lib.rs", "x", symbol=symbol)) == role


def test_a_version_folder_is_old_only_beside_its_twin() -> None:
    """`pkg/v1/main.py` is an old copy when `pkg/main.py` is there; a versioned API is current."""
    assert superseded_folders(["pkg/v1/main.py", "pkg/main.py", "api/v1/users.py"]) == {"pkg/v1"}
