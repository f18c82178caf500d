"""The data of the embedder's training: what is left out, and what a pair is made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.training.pairs import first_sentence, make_pairs
from scripts.training.sources import is_excluded, source_files

_CODE = '''"""Sessions that outlive a request."""


class Session:
    """Keeps what a visitor did between two requests."""

    def expire(self, age):
        """Drop every entry that is older than the given age."""
        kept = {}
        for key, (when, value) in self.entries.items():
            # an entry without a date never grows old
            if when is None or self.clock() - when < age:
                kept[key] = (when, value)
        self.entries = kept
'''


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("vendor/tokio-1.8.4/src/lib.rs", True),
        ("pip/_vendor/requests/api.py", True),
        ("celery/backends/redis.py", True),
        ("src/tokioish/lib.rs", False),
        ("lib/retry.js", False),
    ],
)
def test_measured_projects_are_left_out_wherever_they_lie(path: str, left_out: bool) -> None:
    """A folder or file with an excluded name is left out, with a version behind it too; a longer name is another's."""
    assert is_excluded(path, frozenset({"tokio", "requests", "redis"})) is left_out


def test_no_more_files_than_asked_and_always_the_same(tmp_path: Path) -> None:
    """The choice depends on the names alone; vendored folders and very small files are not in it."""
    for number in range(20):
        (tmp_path / f"part{number}.py").write_text(_CODE)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "other.py").write_text(_CODE)
    (tmp_path / "tiny.py").write_text("x = 1\n")
    first = [name for name, _ in source_files(tmp_path, frozenset(), 5)]
    assert first == [name for name, _ in source_files(tmp_path, frozenset(), 5)]
    assert len(first) == 5
    everything = {name for name, _ in source_files(tmp_path, frozenset(), 100)}
    assert everything == {f"part{number}.py" for number in range(20)}


@pytest.mark.parametrize(
    ("doc", "sentence"),
    [
        ("Return the name. And more of it.", "Return the name"),
        ("Read a {@link Token} of <b>text</b>\n@return the token", "Read a Token of text"),
        ("Copyright 2001 by its authors", ""),
        ("Too short", ""),
    ],
)
def test_first_sentence(doc: str, sentence: str) -> None:
    """The first sentence without markup; licences and what says nothing give nothing."""
    assert first_sentence(doc) == sentence


def test_pairs_of_a_file_never_hold_their_answer(tmp_path: Path) -> None:
    """Documentation asks for code without it; remarks inside, names and paths ask too."""
    root = tmp_path / "package"
    root.mkdir()
    (root / "session.py").write_text(_CODE)
    exclude = tmp_path / "exclude.txt"
    exclude.write_text("requests\n")
    counts = make_pairs(root, tmp_path / "out.jsonl", exclude)
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    chunks = [line["c"] for line in lines if "c" in line]
    asked = {line["q"]: chunks[line["i"]] for line in lines if line.get("p") == "class"}
    assert asked["Keeps what a visitor did between two requests"][1] == "Session"
    assert all("what a visitor did" not in chunk[4] for chunk in chunks)
    assert "an entry without a date never grows old" in {line["q"] for line in lines if line.get("p") == "comment"}
    assert counts["files"] == 1
    assert counts["path"] == 1


def test_a_measured_package_is_refused(tmp_path: Path) -> None:
    """A package that bears an excluded name cannot be learnt from at all."""
    root = tmp_path / "requests"
    root.mkdir()
    exclude = tmp_path / "exclude.txt"
    exclude.write_text("requests\n")
    with pytest.raises(ValueError, match="measured"):
        make_pairs(root, tmp_path / "out.jsonl", exclude)
