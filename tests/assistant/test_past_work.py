"""Questions and gaps made of a repository's history, and how they are scored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from localdev.assistant.past_work import Gap, Question, Rate, completed, fill, gaps, hit_rates, questions
from localdev.backends.fake import FakeBackend, Reply
from localdev.core.errors import ModelError
from localdev.source.history import AddedLine, PastCommit

FILE = """import os


def total(items, rate):
    # add them all
    net = sum(item.price for item in items)
    return net * (1 + rate)
"""


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("fix(cart): count gold discounts once (#123)", "count gold discounts once"),
        ("[core] keep the order of rows", "keep the order of rows"),
        ("ABC-12: keep the order of rows", "keep the order of rows"),
        ("feat!: drop the old reader", "drop the old reader"),
        ("cart.py: count discounts once", "count discounts once"),
        ("Keep the order of rows", "Keep the order of rows"),
        ("Bump requests from 1 to 2", ""),
        ("Merge branch 'main' of elsewhere", ""),
        ('Revert "count discounts once"', ""),
        ("chore: release 1.2.3 of it", ""),
        ("v1.2.3 is out now", ""),
        ("fix typo", ""),
    ],
)
def test_subjects(subject: str, text: str) -> None:
    """What stands around a subject is taken off; one that says nothing is no question."""
    found = questions([PastCommit("1", subject, ("a.py",))], {"a.py"}, 10)
    assert [question.text for question in found] == ([text] if text else [])


def test_which_commits_ask() -> None:
    """A commit asks when it is about few files of which some are still there; the same words ask once."""
    commits = [
        PastCommit("1", "count discounts once here", ("a.py", "gone.py")),
        PastCommit("2", "something about a lost file", ("gone.py",)),
        PastCommit("3", "something about too many files", tuple(f"{n}.py" for n in range(6))),
        PastCommit("4", "Count discounts once here", ("b.py",)),
        PastCommit("5", "another thing that was done", ("b.py",)),
        PastCommit("6", "one more than is wanted", ("b.py",)),
    ]
    indexed = {"a.py", "b.py", *(f"{n}.py" for n in range(6))}
    assert questions(commits, indexed, 2) == [
        Question("count discounts once here", ("a.py",)),
        Question("another thing that was done", ("b.py",)),
    ]


def test_lists_of_changes_are_no_answer() -> None:
    """A changelog holds the words of every commit; finding it by them says nothing. Code of such a name counts."""
    names = ("CHANGELOG.md", "docs/news.rst", "release-notes.txt", "history.py", "changes_seen.py")
    found = questions([PastCommit("1", "count discounts once here", names)], set(names), 9)
    assert found == [Question("count discounts once here", ("history.py", "changes_seen.py"))]
    assert questions([PastCommit("1", "count discounts once here", names[:1])], set(names), 9) == []


def test_imported_code_gives_no_gaps() -> None:
    """Of a commit over very many files, or over none of code, not even the lines are asked for."""

    def never(_commit: str) -> list[AddedLine]:
        raise AssertionError("asked for the lines")

    commits = [PastCommit("1", "x", tuple(f"{n}.py" for n in range(60))), PastCommit("2", "y", ("notes.md",))]
    assert gaps(commits, never, lambda *_: "", 3) == []


def test_hit_rates() -> None:
    """A question hits at a depth where one of its files is among as many files; a file counts once."""
    asked = [Question("x", ("a",)), Question("y", ("b", "c")), Question("z", ("d",)), Question("w", ("e",))]
    ranked = [["a", "z"], ["z", "z", "z", "c"], [f"n{n}" for n in range(9)] + ["d"], ["n", "m"]]
    rates = hit_rates(asked, ranked)
    assert {depth: (rate.hits, rate.total) for depth, rate in rates.items()} == {1: (1, 4), 3: (2, 4), 10: (3, 4)}


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"), [(0, 20, 0, 0.161), (10, 20, 0.299, 0.701), (20, 20, 0.839, 1)]
)
def test_intervals(hits: int, total: int, low: float, high: float) -> None:
    """The bounds are those of Wilson's tables, also for none and for all."""
    assert Rate(hits, total).interval() == pytest.approx((low, high), abs=0.001)
    assert Rate(0, 0).interval() == (0, 1)


def added(path: str, text: str) -> list[AddedLine]:
    """Give all lines of a file as added."""
    return [AddedLine(path, number, line) for number, line in enumerate(text.split("\n"), 1)]


def cut(path: str, text: str, lines: Iterable[AddedLine] | None = None, limit: int = 10, commits: int = 1) -> list[Gap]:
    """Cut gaps out of one file of some commits."""
    return gaps(
        [PastCommit(str(number), "x", (path,)) for number in range(commits)],
        lambda _commit: added(path, text) if lines is None else lines,
        lambda _commit, _path: text,
        limit,
    )


def test_gaps() -> None:
    """Of many commits each gives a gap whose parts make the file again, cut in a line of code that is worth it."""
    found = cut("a.py", FILE, commits=40, limit=30)
    assert len(found) == 30
    for gap in found:
        assert gap.prefix + gap.expected + gap.suffix == FILE
        assert gap.expected.strip()
    lines = {(gap.prefix + gap.expected).split("\n")[-1].strip() for gap in found}
    assert lines == {
        "def total(items, rate):",
        "net = sum(item.price for item in items)",
        "return net * (1 + rate)",
    }
    assert found == cut("a.py", FILE, commits=40, limit=30)


@pytest.mark.parametrize("path", ["notes.md", "data.json", "style.css", "unknown.xyz"])
def test_other_than_code(path: str) -> None:
    """Prose and data give no gaps."""
    assert cut(path, FILE) == []


def test_a_file_that_is_not_as_the_commit_says() -> None:
    """A line that is not there, or another one, is left out."""
    assert cut("a.py", FILE, [AddedLine("a.py", 99, "    return net * (1 + rate)")]) == []
    assert cut("a.py", FILE, [AddedLine("a.py", 6, "    return net * (1 + rate)")]) == []


def test_filling() -> None:
    """Each gap is asked with its file around it, to the end of the line; the answers are scored."""
    cases = [Gap("a.py", "x = 1\ny = ", "x + 1", "\nprint(y)\n"), Gap("b.py", "def f():\n    ", "return 2", "\n")]
    backend = FakeBackend(["x + 1\nmore", Reply("return 22")])
    written = list(fill(cases, backend, 1000))
    assert [text for _, text in written] == ["x + 1", "return 22"]
    assert [request.sampling.stop for request in backend.requests] == [("\n",), ("\n",)]
    done = completed(written)
    assert (done.exact.hits, done.exact.total) == (1, 2)
    assert 0.9 < done.alike < 1
    assert completed([]).exact.total == 0


def test_a_model_that_cannot() -> None:
    """One without the tokens for it says so."""
    backend = FakeBackend(["x"])
    backend._info = replace(backend._info, capabilities=frozenset({"chat"}))
    with pytest.raises(ModelError, match="cannot complete"):
        list(fill([Gap("a.py", "x = ", "1", "\n")], backend, 1000))
