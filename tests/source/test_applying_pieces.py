"""Hunks applied exactly, and cut into pieces that can be applied without each other."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from localdev.core.patch import FileEdit
from localdev.render.patches import make_patch
from localdev.source.applying import applied, pieces
from localdev.source.diff import read_diff

TEXTS = st.text(alphabet=st.sampled_from(["a", "b", "\r", "\n", "\n", "\n", "é"]), max_size=40)


@settings(max_examples=300, deadline=None)
@given(old=TEXTS, new=TEXTS)
def test_hunks_turn_one_text_into_the_other_and_back(old: str, new: str) -> None:
    """Carriage returns and missing last line feeds included; cut up they do the same."""
    for change in read_diff(make_patch([FileEdit("f", old, new)])):
        assert applied(old, change.hunks, exact=True) == new
        assert applied(new, change.hunks, exact=True, backwards=True) == old
        cut = [piece for hunk in change.hunks for piece in pieces(hunk)]
        assert applied(old, cut, exact=True) == new
        assert applied(new, cut, exact=True, backwards=True) == old
        assert tuple(line for piece in cut for line in piece.lines) == tuple(change.lines())


def test_every_piece_has_one_stretch_of_changed_lines() -> None:
    """Two changes with one line between them share it out: no line stands in two pieces."""
    old = "a\nb\nc\nd\ne\n"
    [change] = read_diff(make_patch([FileEdit("f", old, "a\nB\nc\nD\nD\ne\n")]))
    first, second = pieces(change.hunks[0])
    assert applied(old, [first], exact=True) == "a\nB\nc\nd\ne\n"
    assert applied(old, [second], exact=True) == "a\nb\nc\nD\nD\ne\n"
    assert (first.old_start, first.old_count, second.old_start, second.old_count) == (1, 3, 4, 2)


def test_a_last_line_that_goes_leaves_the_line_feed_before_it() -> None:
    """The file ended without one; what stands before the last line does not."""
    [change] = read_diff(make_patch([FileEdit("f", "a\nb", "a\n")]))
    assert applied("a\nb", change.hunks, exact=True) == "a\n"
    assert applied("a\n", change.hunks, exact=True, backwards=True) == "a\nb"
