"""Masking and unmasking: nothing is lost, nothing collides, however an answer is cut into pieces."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest

from localdev.privacy.detectors import CREDENTIALS
from localdev.privacy.masking import Masker, mask_values, texts_in
from localdev.privacy.spans import Detector, Span

TOKEN = "ghp_" + "aB3" * 12


def marks(kind: str, sign: str) -> Detector:
    """Make a detector of runs of one sign."""

    def find(text: str) -> Iterator[Span]:
        start = None
        for at, letter in enumerate([*text, ""]):
            if letter and letter in sign:
                start = at if start is None else start
            elif start is not None:
                yield Span(start, at, kind, text[start:at])
                start = None

    return find


def test_a_credential_has_one_name_everywhere() -> None:
    """The same one gets the same placeholder in every text, another one another; the rest stays."""
    texts = [f'password = "hunter2"; token = "{TOKEN}"', 'PASSWORD = "hunter2"', "nothing here"]
    masker = Masker(texts, CREDENTIALS)
    first, second, third = map(masker.mask, texts)
    name = first.split('"')[1]
    assert name.startswith("SECRET_PASSWORD_1_") and name.isidentifier()
    assert second == f'PASSWORD = "{name}"' and third == "nothing here"
    assert first.split('"')[3].startswith("SECRET_GITHUB_2_")
    assert masker.count == 2
    assert [masker.unmask(each) for each in (first, second, third)] == texts


def test_it_is_masked_where_nothing_says_what_it_is() -> None:
    """A credential found once is masked in every place and text; one that may be a word only where it stands alone."""
    texts = ['password = "swordfish"', "she said swordfish, not swordfishes", f"cat {TOKEN}x", f"t = {TOKEN}"]
    masker = Masker(texts, CREDENTIALS)
    shown = "".join(map(masker.mask, texts))
    assert TOKEN not in shown
    assert "said swordfish" not in shown and "not swordfishes" in shown
    assert [masker.unmask(masker.mask(text)) for text in texts] == texts


def test_placeholders_collide_with_nothing() -> None:
    """A text that already holds what looks like our placeholders comes back as it was."""
    usual = Masker(["password = 'hunter2'"], CREDENTIALS).mask("password = 'hunter2'").split("'")[1]
    text = f"password = 'hunter2' # {usual} and {usual.lower()} {usual[-4:]}"
    masker = Masker([text], CREDENTIALS)
    masked = masker.mask(text)
    assert usual in masked and masked.count("SECRET_") == 2
    assert masker.unmask(masked) == text


def test_the_same_texts_are_masked_alike() -> None:
    """Two requests that begin alike are sent alike, so that a server may keep the state of what they share."""
    text = "password = 'hunter2'\n"
    assert Masker([text], CREDENTIALS).mask(text) == Masker([text, "another"], CREDENTIALS).mask(text)


def test_only_exact_placeholders_are_undone() -> None:
    """One in other letters, or cut short, is left as the model wrote it."""
    masker = Masker(["password = 'hunter2'"], CREDENTIALS)
    name = masker.mask("password = 'hunter2'").split("'")[1]
    for text in (name.lower(), name.upper(), name[:-1], name[1:], name.replace("_1_", "_2_")):
        assert masker.unmask(text) == text
    assert masker.unmask(f"{name}{name}x{name}") == "hunter2hunter2xhunter2"


def test_in_json_they_are_escaped() -> None:
    """A credential with quotes and line ends is put into a JSON answer so that it stays JSON."""
    secret = 'a"b\\c\nd\té1'
    masker = Masker([secret], [lambda text: iter([Span(0, len(text), "X", text)])])
    masked = json.dumps({"value": masker.mask(secret)})
    unmasker = masker.unmasker(in_json=True)
    restored = "".join(map(unmasker.feed, masked)) + unmasker.finish()
    assert json.loads(restored) == {"value": secret}


def test_overlapping_and_touching_finds() -> None:
    """Finds that overlap are masked as one; those that only touch each have a placeholder."""
    one: Detector = lambda text: iter([Span(2, 6, "A", text[2:6]), Span(8, 10, "C", text[8:10])])  # noqa: E731
    other: Detector = lambda text: iter([Span(4, 8, "B", text[4:8]), Span(5, 5, "E", "")])  # noqa: E731
    text = "0123456789"
    masker = Masker([text], [one, other])
    masked = masker.mask(text)
    assert masked.startswith("01SECRET_A_1_") and "SECRET_C_2_" in masked and masker.count == 2
    assert masker.unmask(masked) == text


_PIECES = (
    "hunter2", TOKEN, "password = ", '"', "'", "\r\n", "\n", "SECRET_", "SECRET_PASSWORD_1_", "S", "SE", "é🙂\u2028",
    "\x00", "\ud800", "https://me:pa55word@host/", "{", "}", "aa", "bb", " ", "x", "\\", "DB_PASSWORD=hunter2\n",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(150))
def test_mask_then_unmask_is_the_identity(seed: int) -> None:
    """For any texts, any finds in them, and any cutting into pieces."""
    draw = random.Random(seed)
    detectors = draw.choice([CREDENTIALS, [marks("A", "ab"), marks("B", "bx\n")], [*CREDENTIALS, marks("W", "S_")]])
    texts = ["".join(draw.choices(_PIECES, k=draw.randint(0, 40))) for _ in range(draw.randint(1, 3))]
    masker = Masker(texts, detectors)
    for text in texts:
        masked = masker.mask(text)
        assert masker.unmask(masked) == text
        unmasker, rest, restored = masker.unmasker(), masked, ""
        while rest:
            size = draw.randint(1, 12)
            restored += unmasker.feed(rest[:size])
            rest = rest[size:]
        assert restored + unmasker.finish() == text


def test_little_is_held_back() -> None:
    """Only what may become a placeholder waits, never more than the longest of them."""
    masker = Masker(["password = 'hunter2'"], CREDENTIALS)
    name = masker.mask("password = 'hunter2'").split("'")[1]
    unmasker = masker.unmasker()
    assert unmasker.feed("plain words SE") == "plain words "
    assert unmasker.feed("VEN") == "SEVEN"
    assert unmasker.feed(name[:-1]) == ""
    assert unmasker.feed("!") == name[:-1] + "!"
    assert unmasker.finish() == ""


def test_texts_without_credentials_pass_at_once() -> None:
    """Nothing is held back where there is nothing to put back."""
    assert Masker(["plain"], CREDENTIALS).unmasker().feed("SECRET_") == "SECRET_"


def test_values_of_json() -> None:
    """Every text of a schema is seen and masked, keys and lists included; other values stay."""
    schema = {"enum": ["a", 1, None, {"b": True}]}
    assert list(texts_in(schema)) == ["enum", "a", "b"]
    assert mask_values(schema, str.upper) == {"ENUM": ["A", 1, None, {"B": True}]}
