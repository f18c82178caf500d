"""Attachments in little room: what is cut, how, and what is said of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localdev.assistant.chat.given import fit_attachments
from localdev.core.talk import Attachment


def count(text: str) -> int:
    """Count four characters as a token."""
    return -(-len(text) // 4)


def test_what_fits_stays_as_it_is() -> None:
    """To the byte, and nothing is said."""
    attachments = (Attachment("a", "one\n\ntwo\n"), Attachment("b", ""))
    assert fit_attachments(attachments, room=10, count=count) == (attachments, ())


def test_a_long_text_keeps_its_ends() -> None:
    """The first and the last lines, and between them how many are missing."""
    log = Attachment("build.log", "\n".join(f"line {number}" for number in range(1000)))
    (cut,), (said,) = fit_attachments([log], room=100, count=count)
    lines = cut.text.split("\n")
    assert lines[0] == "line 0" and lines[-1] == "line 999"
    missing = 1000 - (len(lines) - 1)
    assert f"... {missing} lines left out ..." in lines
    assert said == f"only a part of build.log fits the model's window: {missing} lines left out"
    assert 90 < count(cut.text) <= 100


def test_a_short_one_is_not_cut_for_a_long_one() -> None:
    """What the short one does not need is the long one's; they stay in their order."""
    long, short = Attachment("long", "word\n" * 1000), Attachment("short", "word\n" * 30)
    (first, second), said = fit_attachments([long, short], room=100, count=count)
    assert second == short and first.name == "long" and count(first.text) > 50
    assert len(said) == 1


def test_one_line_of_a_megabyte() -> None:
    """It is cut in the middle."""
    (cut,), (said,) = fit_attachments([Attachment("min.js", "a" * 500_000 + "z" * 500_000)], room=50, count=count)
    assert cut.text.startswith("aaa") and cut.text.endswith("zzz") and " ... " in cut.text
    assert "characters left out" in said and count(cut.text) <= 50


@given(st.lists(st.text(max_size=400), max_size=5), st.integers(20, 300))
def test_it_always_fits(texts: list[str], room: int) -> None:
    """All together, up to the marks where texts were cut."""
    attachments = [Attachment(f"text {number}", text) for number, text in enumerate(texts)]
    fitted, said = fit_attachments(attachments, room=room, count=count)
    assert [each.name for each in fitted] == [each.name for each in attachments]
    assert sum(count(each.text) for each in fitted) <= room + 2 * len(texts)
    assert bool(said) == (list(fitted) != attachments)
