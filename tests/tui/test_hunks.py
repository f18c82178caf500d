"""Hunks chosen from a patch: what is written is what git makes of the same hunks."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localdev.app.proposed import proposed_files
from localdev.core.change import Hunk
from localdev.core.patch import FileEdit
from localdev.render.patches import make_patch
from localdev.source.applying import applied
from localdev.tui.patch.hunks import PatchState
from tests.tui.patching import files_of

LINE = st.sampled_from(["a", "b", "c", "", "\t x", "é漢", "a\r", "+a", "-a", "@@ -1 +1 @@", "\\ No newline"])
FILE = st.builds(lambda rows, end: "\n".join(rows) + end, st.lists(LINE, max_size=30), st.sampled_from(["", "\n"]))


@st.composite
def changed_files(draw: st.DrawFn) -> tuple[str, str]:
    """Give a text and another that shares most lines with it."""
    old = draw(FILE)
    rows = old.split("\n")
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(rows)))
        rows[at : at + draw(st.integers(0, 3))] = draw(st.lists(LINE, max_size=3))
    return old, "\n".join(rows)


def written_as_patch(path: str, hunks: Sequence[Hunk]) -> bytes:
    """Write hunks as a patch without what lies around them, their new places counted from those that are chosen."""
    rows = [f"--- a/{path}", f"+++ b/{path}"]
    moved = 0
    for hunk in hunks:
        start = hunk.old_start + (hunk.old_count == 0) + moved - (hunk.new_count == 0)
        rows.append(f"@@ -{hunk.old_start},{hunk.old_count} +{start},{hunk.new_count} @@")
        for line in hunk.lines:
            rows.append({"context": " ", "added": "+", "removed": "-"}[line.kind] + line.text)
            if line.no_newline:
                rows.append("\\ No newline at end of file")
        moved += hunk.new_count - hunk.old_count
    return "".join(f"{row}\n" for row in rows).encode("utf-8", "surrogateescape")


def by_git(text: str, hunks: Sequence[Hunk]) -> bytes:
    """Have git apply hunks to a file that holds a text."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "f").write_bytes(text.encode("utf-8", "surrogateescape"))
        if hunks:
            subprocess.run(
                ["git", "apply", "--unidiff-zero", "--whitespace=nowarn", "-"],
                cwd=folder,
                input=written_as_patch("f", hunks),
                check=True,
            )
        return (folder / "f").read_bytes()


@settings(max_examples=80, deadline=None)
@given(texts=changed_files(), choice=st.lists(st.booleans(), min_size=40, max_size=40), cut=st.booleans())
def test_a_choice_of_hunks_is_what_git_makes_of_it(texts: tuple[str, str], choice: list[bool], cut: bool) -> None:
    """Any two texts, any hunks of them, whole or cut into stretches that lie next to each other."""
    old, new = texts
    patch = PatchState(files_of([FileEdit("f", old, new)]))
    if cut:
        for at in reversed(range(len(patch.parts))):
            patch.split(at)
    for at in range(len(patch.parts)):
        patch.mark(at, "accepted" if choice[at] else "rejected")
    hunks = [part.hunk for part in patch.parts if part.hunk and part.state == "accepted"]
    made = patch.edits()
    assert (made[0].new or "").encode("utf-8", "surrogateescape") == by_git(old, hunks) if hunks else not made
    patch.mark_all("accepted")
    assert [edit.new for edit in patch.edits()] == ([new] if old != new else [])


@settings(max_examples=80, deadline=None)
@given(texts=changed_files(), choice=st.lists(st.booleans(), min_size=40, max_size=40))
def test_hunks_in_two_goes_make_the_same_text(texts: tuple[str, str], choice: list[bool]) -> None:
    """What is applied first moves the lines of what comes after; taking back goes the same way."""
    old, new = texts
    patch = PatchState(files_of([FileEdit("f", old, new)]))
    for at in range(len(patch.parts)):
        patch.mark(at, "accepted" if choice[at] else "open")
    text = old
    for _ in range(2):
        for edit in patch.edits():
            assert edit.old == text
            text = edit.new or ""
            patch.written()
        patch.mark_all("accepted")
    assert text == new
    while patch.last_paths():
        patch.taken_back()
    assert [(edit.old, edit.new) for edit in patch.edits()] == ([(old, new)] if old != new else [])


@settings(max_examples=100, deadline=None)
@given(texts=changed_files(), choice=st.lists(st.booleans(), min_size=40, max_size=40))
def test_a_file_with_some_hunks_is_recognised(texts: tuple[str, str], choice: list[bool]) -> None:
    """Held against a file that has some hunks, all of them lead to the new text, or the file counts as changed."""
    old, new = texts
    edit = FileEdit("f", old, new)
    patch = PatchState(files_of([edit]))
    for at in range(len(patch.parts)):
        patch.mark(at, "accepted" if choice[at] else "open")
    some = patch.edits()
    now = some[0].new or "" if some else old
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "f").write_bytes(now.encode("utf-8", "surrogateescape"))
        found = PatchState(proposed_files(make_patch([edit]), Path(name)))
    again = some and applied(now, [part.hunk for part in patch.parts if part.hunk], exact=True) is not None
    if again or any(part.state == "moved" for part in found.parts):  # among equal lines nobody can tell
        return
    found.mark_all("accepted")
    if some and some[0].new == new:
        assert not found.edits()
    for each in found.edits():
        assert each.old == (some[0].new if some else old)
        assert each.new == new


def test_half_of_a_hunk_is_recognised(tmp_path: Path) -> None:
    """Only one stretch of a hunk was applied: that one is known, the other can be decided on."""
    old = "".join(f"line {n}\n" for n in range(20))
    new = old.replace("line 5\n", "line five\nand a half\n").replace("line 8\n", "")
    (tmp_path / "f").write_text(old.replace("line 5\n", "line five\nand a half\n"))
    patch = PatchState(proposed_files(make_patch([FileEdit("f", old, new)]), tmp_path))
    assert [part.state for part in patch.parts] == ["applied", "open"]
    patch.mark_all("accepted")
    assert [(edit.old, edit.new) for edit in patch.edits()] == [((tmp_path / "f").read_text(), new)]


def test_new_and_deleted_files_are_taken_whole(tmp_path: Path) -> None:
    """Empty ones too; each is one part, and the one that is there already counts as applied."""
    edits = [FileEdit("new.py", None, "a\r\nb"), FileEdit("empty", None, ""), FileEdit("old.py", "x\n\n", None)]
    (tmp_path / "old.py").write_bytes(b"x\n\n")
    (tmp_path / "empty").touch()
    patch = PatchState(proposed_files(make_patch(edits), tmp_path))
    assert [(part.hunk, part.state) for part in patch.parts] == [(None, "open"), (None, "applied"), (None, "open")]
    patch.mark_all("accepted")
    assert patch.edits() == (edits[0], edits[2])
    assert patch.split(0) == 1


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (b"a\nsomething else\nc\n", "the file has changed since"),
        (b"a\r\nb\r\nc\r\n", "the file has changed since"),
        (None, "the file is gone"),
    ],
)
def test_a_file_that_is_not_as_it_was_cannot_be_applied(tmp_path: Path, now: bytes | None, words: str) -> None:
    """Other lines, other line ends, gone: its hunks can be read and not accepted."""
    if now is not None:
        (tmp_path / "f").write_bytes(now)
    patch = PatchState(proposed_files(make_patch([FileEdit("f", "a\nb\nc\n", "a\nB\nc\n")]), tmp_path))
    assert patch.files[0].moved == words
    assert not patch.mark(0, "accepted")
    patch.mark_all("accepted")
    assert patch.edits() == ()


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    """The file became a link meanwhile: said, and nothing can be accepted."""
    (tmp_path / "real").write_text("a\n")
    (tmp_path / "f").symlink_to("real")
    [file] = proposed_files(make_patch([FileEdit("f", "a\n", "b\n")]), tmp_path)
    assert "no plain file" in file.moved


def test_decisions_are_counted_and_changed() -> None:
    """A decision can be taken again until it is applied; what is applied stays."""
    old = "".join(f"{n}\n" for n in range(40))
    new = old.replace("5\n", "five\n", 1).replace("30\n", "thirty\n", 1)
    patch = PatchState(files_of([FileEdit("f", old, new)]))
    patch.mark(0, "accepted")
    patch.mark(1, "rejected")
    assert patch.counts() == {"accepted": 1, "rejected": 1}
    patch.written()
    assert patch.last_paths() == ("f",)
    assert not patch.mark(0, "rejected")
    assert patch.edits() == ()
    patch.mark_all("open")
    assert patch.counts() == {"applied": 1, "open": 1}
