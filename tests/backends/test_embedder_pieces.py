"""Cutting text into pieces, held against the tokenizers library as an independent judge."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

import localdev.backends
from localdev.backends.embedders.pieces import Pieces

VOCABULARY = (
    (Path(localdev.backends.__file__).parent / "data/embedder/vocabulary.txt").read_text(encoding="utf-8").split("\n")
)
PIECES = Pieces(VOCABULARY)


@cache
def _judge() -> Tokenizer:
    """Build the base model's tokenizer from the same vocabulary."""
    model = models.WordPiece({token: row for row, token in enumerate(VOCABULARY)}, unk_token="[UNK]")
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _judged(text: str) -> list[int]:
    """Give the judge's rows of `text`, unknown words left out."""
    unknown = VOCABULARY.index("[UNK]")
    return [row for row in _judge().encode(text, add_special_tokens=False).ids if row != unknown]


def _tokens(text: str) -> list[str]:
    """Give the pieces of `text` themselves."""
    return [VOCABULARY[row] for row in PIECES.rows(text)]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=30), max_size=10))
def test_plain_words_are_cut_as_the_base_model_cuts_them(words: list[str]) -> None:
    """Words of letters give exactly the pieces that the vectors were made for."""
    text = " ".join(words)
    assert PIECES.rows(text) == _judged(text)


ALPHABETS = ["aeßéàñøłçöž", "aeждщёй", "αβγώςή", "אבגד", "عرب", "한국어", "東京中文の", "ひらカナ"]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of([st.text(alphabet=letters, min_size=1, max_size=8) for letters in ALPHABETS]), max_size=8))
def test_other_scripts_are_cut_as_the_base_model_cuts_them(words: list[str]) -> None:
    """Accents, Cyrillic, Greek, Hebrew, Arabic, Hangul, Han and kana agree with the judge."""
    text = " ".join(words)
    assert PIECES.rows(text) == _judged(text)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("allURLs", ["all", "urls"]),
        ("userIDsByName", ["user", "ids", "by", "name"]),
        ("XMLHttpRequest", ["xml", "http", "request"]),
        ("__init__", ["init"]),
        ("read_utf8_file", ["read", "utf", "file"]),
        ("0xDEADBEEF 1e5 12px 3D", []),
        ("café naïve", ["cafe", "naive"]),
        ("cafe\u0301", ["cafe"]),
        ("a\x00b", ["a", "b"]),
        ("x" * 101, []),
    ],
)
def test_pieces_of_code(text: str, tokens: list[str]) -> None:
    """Identifiers come apart at their borders; numbers, controls and data-like runs give nothing."""
    assert _tokens(text) == tokens


def test_a_word_seen_again_gives_the_same() -> None:
    """What is remembered equals what was worked out."""
    text = "someUnusualIdentifierName of_thisTest"
    assert PIECES.rows(text) == PIECES.rows(text) == Pieces(VOCABULARY).rows(text)
