"""Verification of a streamed answer."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.assistant.verify import Verifier, last_part, name_in

KNOWN = {"walk", "list_files", "Session.get"}


class Shop:
    """Knows three names and one file of 20 lines."""

    def has_name(self, name: str) -> bool:
        """Say whether it is one of the three."""
        return name in KNOWN

    def has_place(self, path: str, last_line: int) -> bool:
        """Say whether it is the file, and a line of it."""
        return path in ("source/walk.py", "walk.py") and last_line <= 20


class Everything:
    """Knows all names and places."""

    def has_name(self, name: str) -> bool:
        """Say yes."""
        return True

    def has_place(self, path: str, last_line: int) -> bool:
        """Say yes."""
        return True


def check(text: str, *, sources: int = 3, pieces: list[str] | None = None) -> tuple[str, Verifier]:
    """Run a text through a verifier, whole or in pieces, and give what was shown."""
    verifier = Verifier(range(1, sources + 1), Shop())
    shown = "".join(verifier.feed(piece) for piece in (pieces if pieces is not None else [text]))
    return shown + verifier.finish(), verifier


CITATIONS = [
    ("It walks [1].", "It walks [1].", [1], 0),
    ("It walks [4].", "It walks.", [], 1),
    ("It walks [1][9][2].", "It walks [1][2].", [1, 2], 1),
    ("Both [1, 4; 3].", "Both [1, 3].", [1, 3], 1),
    ("A range [2-5].", "A range [2, 3].", [2, 3], 2),
    ("A wide range [1-900].", "A wide range [1].", [1], 1),
    ("Full width 【2】 and footnote [^3].", "Full width [2] and footnote [3].", [2, 3], 0),
    ("Zero [0] is none.", "Zero is none.", [], 1),
    ("In prose argv[0] stays.", "In prose argv[0] stays.", [], 0),
    ("Attached[2] and attached[8].", "Attached[2] and attached.", [2], 1),
    ("A box [ ] and [x] and [a link](b).", "A box [ ] and [x] and [a link](b).", [], 0),
    ("`items[9]` is code.", "`items[9]` is code.", [], 0),
    ("```py\nitems[9] = [7]\n```\nafter [7]", "```py\nitems[9] = [7]\n```\nafter", [], 1),
    ("~~~\n[9]\n~~~\n[9]", "~~~\n[9]\n~~~\n", [], 1),
    ("never closed [1", "never closed [1", [], 0),
    ("a fence never closed\n```\n[9]", "a fence never closed\n```\n[9]", [], 0),
    ("many spaces   [9]   end", "many spaces   end", [], 1),
    ("[99999] is no citation", "[99999] is no citation", [], 0),
]


@pytest.mark.parametrize(("text", "shown", "cited", "dropped"), CITATIONS)
def test_valid_citations_stay_and_invalid_ones_go(text: str, shown: str, cited: list[int], dropped: int) -> None:
    """Each case: the text, what is shown, which passages count as cited, how many numbers were dropped."""
    result, verifier = check(text)
    assert (result, verifier.cited, verifier.dropped) == (shown, cited, dropped)


NAMES = [
    ("`walk`", []),
    ("`walk()` and `walk(root, 3)`", []),
    ("`wander`", ["wander"]),
    ("`wander()` twice `wander`", ["wander"]),
    ("`Session.get`", []),
    ('`x = 5`, `git ls-files -z`, `3.14`, `"text"`, `a + b`', []),
    ("`source/walk.py:10-20`", []),
    ("`source/nowhere.py`", ["source/nowhere.py"]),
    ("`source/walk.py:9999`", ["source/walk.py:9999"]),
    ("In source/walk.py and walk.py:3-20.", []),
    ("In source/wander.py, then.", ["source/wander.py"]),
    ("As walk.py:21 and (source/walk.py:10-21) say", ["walk.py:21", "source/walk.py:10-21"]),
    ("See https://example.com/wander.py:80 and Node.js", []),
    ("``wander``", ["wander"]),
    ("```\nwander\n```", []),
]


@pytest.mark.parametrize(("text", "unverified"), NAMES)
def test_names_in_backticks_are_looked_up(text: str, unverified: list[str]) -> None:
    """Names nobody knows are listed and marked once; expressions, literals and fenced code are left alone."""
    shown, verifier = check(text)
    assert verifier.unverified == unverified
    assert shown.count("(unverified)") == len(unverified)


@pytest.mark.parametrize("text", [case[0] for case in CITATIONS] + [case[0] for case in NAMES])
def test_pieces_do_not_matter(text: str) -> None:
    """However the text is cut into pieces, the result is the same."""
    whole = check(text)
    for seed in range(30):
        chooser = random.Random(seed)
        pieces, at = [], 0
        while at < len(text):
            size = chooser.randint(1, 7)
            pieces.append(text[at : at + size])
            at += size
        shown, verifier = check(text, pieces=pieces)
        assert (shown, verifier.cited, verifier.unverified) == (whole[0], whole[1].cited, whole[1].unverified)


@given(st.lists(st.text(alphabet="ab [1]9`\n~.x()", max_size=12), max_size=12))
def test_nothing_is_lost_but_invalid_citations(pieces: list[str]) -> None:
    """With every number valid and every name known, only spacing inside citations may change."""
    verifier = Verifier(range(1, 10_000), Everything())
    shown = "".join(verifier.feed(piece) for piece in pieces) + verifier.finish()
    spacing = {ord(character): None for character in " \n,[]"}
    assert shown.translate(spacing) == "".join(pieces).translate(spacing)


def test_text_flows_before_the_end() -> None:
    """Plain text is shown word by word; an open bracket or span waits."""
    verifier = Verifier(range(1, 2), Everything())
    assert verifier.feed("Plain text, an") == "Plain text,"
    assert verifier.feed("d [") == " and"
    assert verifier.feed("1") == ""
    assert verifier.feed("]") == " [1]"


def test_an_endless_span_is_let_go() -> None:
    """A backtick that is never closed does not hold back the rest of the answer."""
    verifier = Verifier(range(1, 2), Everything())
    assert len(verifier.feed("`" + "a" * 400)) > 300


@pytest.mark.parametrize(
    ("span", "name"),
    [("walk", "walk"), ("walk(a, b)", "walk"), ("a.b::C", "a.b::C"), ("x = 1", ""), ("--flag", ""), ("list[int]", "")],
)
def test_what_counts_as_a_name(span: str, name: str) -> None:
    """Only a single name, path or call is one."""
    assert name_in(span) == name


@pytest.mark.parametrize(
    ("name", "last"), [("a.b.get", "get"), ("main.c", "main.c"), ("A::b", "b"), ("p/q.py", "q.py"), ("plain", "plain")]
)
def test_last_part(name: str, last: str) -> None:
    """The last part of a dotted name or path is what the index knows; a file name keeps its ending."""
    assert last_part(name) == last
