"""Incremental refresh: it reads what changed and nothing else, and ends where a fresh index would."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localdev.core.code import Skipped
from localdev.core.events import Progress
from localdev.core.ports import Repository
from localdev.index.prepare import RACY, prepare
from localdev.index.repository import index_folder, open_repository
from tests.index.contents import contents, query_index
from tests.index.sample import FILES, HashingEmbedder, Opener, write_files

OLD_NS = 1_600_000_000_000_000_000


def age(root: Path) -> None:
    """Date all files back, so that their times are beyond doubt."""
    for path in root.rglob("*"):
        os.utime(path, ns=(OLD_NS, OLD_NS))


def test_it_fits_the_port(opened: Opener) -> None:
    """The class offers what the port asks for."""
    repository: Repository = opened()
    assert repository.root.name == "shop"


def test_first_build_and_then_nothing(root: Path, opened: Opener, embedder: HashingEmbedder) -> None:
    """The first refresh indexes all files; the second finds nothing to do and embeds nothing."""
    age(root)
    repository = opened()
    assert repository.lexical(["cart"], [1] * 5, 5) == []
    assert repository.dense("cart", 5) == []
    first = repository.refresh()
    assert (first.files, first.added, first.changed, first.removed) == (4, 4, 0, 0)
    assert first.chunks == len(repository.chunk_ids("README.md")) + 3
    embedded = embedder.texts
    again = repository.refresh()
    assert (again.files, again.chunks, again.added, again.changed, again.removed) == (4, first.chunks, 0, 0, 0)
    assert embedder.texts == embedded


def test_nothing_changed_writes_nothing(root: Path, opened: Opener, tmp_path: Path) -> None:
    """A refresh that finds nothing leaves every file of the index as it is."""
    age(root)
    repository = opened()
    repository.refresh()

    def facts() -> list[tuple[str, int, int]]:
        files = sorted(path for path in (tmp_path / "index").rglob("*") if path.is_file() and path.suffix != ".lock")
        return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files if "shm" not in path.name]

    before = facts()
    repository.refresh()
    assert facts() == before


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"src/shop/cart.py": FILES["src/shop/cart.py"] + "\nDISCOUNT = 2\n"}, (0, 1, 0)),
        ({"src/shop/stock.py": "def stock(): return 1\n"}, (1, 0, 0)),
        ({"README.md": None}, (0, 0, 1)),
        ({"README.md": None, "docs/README.md": FILES["README.md"]}, (1, 0, 1)),
        ({"README.md": "\0binary\0"}, (0, 0, 1)),
        (dict.fromkeys(FILES), (0, 0, 4)),
    ],
    ids=["edit", "new", "gone", "renamed", "turned binary", "all gone"],
)
def test_changes(
    root: Path, opened: Opener, tmp_path: Path, change: dict[str, str | None], counts: tuple[int, int, int]
) -> None:
    """Counts are right, and the index then answers exactly as one built from nothing."""
    repository = opened()
    repository.refresh()
    for path, text in change.items():
        if text is None:
            (root / path).unlink()
        else:
            write_files(root, {path: text})
    found = repository.refresh()
    assert (found.added, found.changed, found.removed) == counts
    fresh = opened(folder=tmp_path / "fresh" / "shop")
    fresh.refresh()
    assert contents(repository) == contents(fresh)


def test_only_what_changed_is_embedded(root: Path, opened: Opener, embedder: HashingEmbedder) -> None:
    """Editing one file embeds the chunks of that file alone."""
    repository = opened()
    repository.refresh()
    embedder.texts = 0
    write_files(root, {"tests/test_cart.py": "def test_nothing(): pass\n"})
    repository.refresh()
    assert embedder.texts == len(repository.chunk_ids("tests/test_cart.py")) == 1


def test_touching_a_file_changes_nothing(root: Path, opened: Opener, embedder: HashingEmbedder, tmp_path: Path) -> None:
    """New times with the same content are remembered, and the file is not parsed again."""
    age(root)
    repository = opened()
    repository.refresh()
    embedder.texts = 0
    os.utime(root / "README.md", ns=(OLD_NS + 5, OLD_NS + 5))
    found = repository.refresh()
    assert (found.added, found.changed, found.removed, embedder.texts) == (0, 0, 0, 0)
    stored = query_index(tmp_path / "index" / "shop", "SELECT mtime_ns FROM files WHERE path = 'README.md'")
    assert stored == [(OLD_NS + 5,)]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no time of the last change of an entry")
def test_an_old_file_put_in_its_place_is_found(root: Path, opened: Opener, tmp_path: Path) -> None:
    """Another file of the same size and time (`cp -p`, an archive) is noticed by the time nobody can set."""
    age(root)
    repository = opened()
    repository.refresh()
    target, other = root / "tests/test_cart.py", tmp_path / "other.py"
    other.write_text(target.read_text().replace("test_total", "test_other"))
    os.utime(other, ns=(OLD_NS, OLD_NS))
    other.replace(target)
    assert repository.refresh().changed == 1
    assert [symbol.name for symbol, _ in repository.symbols("tests")] == ["test_other"]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no time of the last change of an entry")
def test_other_permissions_change_nothing(
    root: Path, opened: Opener, embedder: HashingEmbedder, tmp_path: Path
) -> None:
    """They touch that time, too; the file is found to be the same once, and not looked at again."""
    age(root)
    repository = opened()
    repository.refresh()
    embedder.texts = 0
    (root / "README.md").chmod(0o600)
    found = repository.refresh()
    assert (found.added, found.changed, found.removed, embedder.texts) == (0, 0, 0, 0)
    stored = query_index(tmp_path / "index" / "shop", "SELECT ctime_ns FROM files WHERE path = 'README.md'")
    assert stored == [((root / "README.md").stat().st_ctime_ns,)]


def test_racy_edit_is_found(root: Path, opened: Opener) -> None:
    """An edit that keeps size and time, made right after the file was read, is found all the same."""
    target = root / "tests/test_cart.py"
    now = time.time_ns()
    os.utime(target, ns=(now, now))
    repository = opened()
    repository.refresh()
    target.write_text(target.read_text().replace("test_total", "test_other"))
    os.utime(target, ns=(now, now))
    assert repository.refresh().changed == 1
    assert [symbol.name for symbol, _ in repository.symbols("tests")] == ["test_other"]


def test_a_file_that_becomes_readable_is_indexed(root: Path, opened: Opener) -> None:
    """Permissions leave no trace in size and time of change; what could not be read is tried again."""
    age(root)
    target = root / "tests/test_cart.py"
    target.chmod(0)
    if os.access(target, os.R_OK):
        pytest.skip("root may read everything")
    repository = opened()
    assert Skipped("tests/test_cart.py", "unreadable: permission denied") in repository.refresh().skipped
    target.chmod(0o600)
    assert repository.refresh().added == 1


def test_a_file_that_the_system_withholds_is_tried_again(root: Path) -> None:
    """The trouble may be over at the next refresh, so that size and time are not taken for settled."""
    name = "n" * 300
    assert prepare(root, name, 5, OLD_NS)[2:5] == (RACY, "", "unreadable: file name too long")


def test_skipped_files_are_reported_each_time(root: Path, opened: Opener) -> None:
    """What is not source by its content is named in every report, and indexed once it is source."""
    (root / "blob.py").write_bytes(b"\0\1\2" * 100)
    repository = opened()
    for _ in range(2):
        found = repository.refresh()
        assert Skipped("blob.py", "binary") in found.skipped
        assert "blob.py" not in repository.paths()
    write_files(root, {"blob.py": "x = 1\n"})
    found = repository.refresh()
    assert (found.added, found.skipped) == (1, ())


def test_a_file_without_grammar_is_counted(root: Path, opened: Opener) -> None:
    """Files cut by lines are named in every report."""
    write_files(root, {"legacy.cob": "       IDENTIFICATION DIVISION.\n       PROGRAM-ID. PAY.\n"})
    repository = opened()
    assert repository.refresh().line_chunked == ("legacy.cob",)
    assert repository.refresh().line_chunked == ("legacy.cob",)


def test_odd_texts_survive(root: Path, opened: Opener) -> None:
    """Broken bytes, zero-width letters, huge lines and odd names are stored and found."""
    (root / "latin.py").write_bytes(b'name = "caf\xe9 gr\xfc\xdf"\n')
    write_files(root, {"emoji \U0001f600 'quoted\".py": 'text = "\U0001f600 \u200d"\n', "wide.txt": "wort " * 20_000})
    repository = opened()
    found = repository.refresh()
    assert found.files + len(found.skipped) == 7
    assert "emoji \U0001f600 'quoted\".py" in repository.paths()
    assert repository.chunk_ids("bad\udcff name") == []
    assert repository.callers("bad\udcff", 5) == []
    assert repository.symbols_named(["bad\udcff"]) == []


def test_an_empty_folder(tmp_path: Path, embedder: HashingEmbedder) -> None:
    """A folder without files gives an empty index that answers nothing and is level at once."""
    (tmp_path / "empty").mkdir()
    with open_repository(tmp_path / "empty", tmp_path / "index" / "empty", embedder) as repository:
        for _ in range(2):
            assert (repository.refresh().files, repository.refresh().chunks) == (0, 0)
        assert repository.lexical(["a"], [1] * 5, 5) == []
        assert repository.dense("a", 5) == []
        assert repository.flush() == ()


def test_progress_counts_to_the_end(opened: Opener) -> None:
    """Progress names the stage and ends at the number of files."""
    seen: list[Progress] = []
    opened().refresh(seen.append)
    assert seen[-1] == Progress("parsing", 4, 4, "files")


def test_index_folders(tmp_path: Path) -> None:
    """A folder's name is readable, stable, differs between roots of one name, and follows links."""
    (tmp_path / "a" / "my repo!").mkdir(parents=True)
    (tmp_path / "b" / "my repo!").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "my repo!")
    one = index_folder(tmp_path, tmp_path / "a" / "my repo!")
    assert one.name.startswith("my-repo-")
    assert one == index_folder(tmp_path, tmp_path / "link")
    assert one != index_folder(tmp_path, tmp_path / "b" / "my repo!")
    assert index_folder(tmp_path, Path("/")).parent == tmp_path


NAMES = st.sampled_from(["alpha", "beta", "gamma", "value", "Total"])
TEXTS = st.lists(st.tuples(NAMES, NAMES), max_size=4).map(
    lambda pairs: "".join(f"def {a}():\n    return {b}()\n\n\n" for a, b in pairs)
)
STEPS = st.lists(
    st.dictionaries(st.sampled_from(["a.py", "b.py", "sub/c.py", "sub/d.md"]), st.none() | TEXTS, max_size=3),
    min_size=1,
    max_size=4,
)


@given(steps=STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_ends_like_a_fresh_index(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[str, str]]
) -> None:
    """After any row of edits, removals and additions the index equals one built at the end, to the last score bit."""
    base = tmp_path_factory.mktemp("history")
    root = base / "root"
    root.mkdir()
    embedder = HashingEmbedder()
    with open_repository(root, base / "index" / "one", embedder) as repository:
        for step in steps:
            for path, text in step.items():
                if text is None:
                    (root / path).unlink(missing_ok=True)
                else:
                    write_files(root, {path: text})
            repository.refresh()
        with open_repository(root, base / "index" / "two", embedder) as fresh:
            fresh.refresh()
            assert contents(repository) == contents(fresh)
