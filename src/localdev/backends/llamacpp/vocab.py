"""The vocabulary of a loaded model: text to tokens, tokens to bytes, and the tokens with a meaning of their own."""

from __future__ import annotations

import ctypes
from typing import Any

from localdev.core.errors import BackendError

_CONTROL, _UNKNOWN, _STRIP_LEFT, _STRIP_RIGHT = 8, 1, 128, 256  # enum llama_token_attr


class Vocabulary:
    """The tokens of one native model; its methods may be called from any thread."""

    def __init__(self, lib: Any, model: Any) -> None:
        self._lib = lib
        vocab = self._vocab = lib.llama_model_get_vocab(model)
        self._pieces: dict[int, bytes] = {}
        self.vocabulary_size: int = lib.llama_vocab_n_tokens(vocab)
        self.bos: int = lib.llama_vocab_bos(vocab)
        self.eos: int = lib.llama_vocab_eos(vocab)
        self.add_bos: bool = lib.llama_vocab_get_add_bos(vocab)
        self.fim: tuple[int, int, int] = (
            lib.llama_vocab_fim_pre(vocab),
            lib.llama_vocab_fim_suf(vocab),
            lib.llama_vocab_fim_mid(vocab),
        )

    def tokenize(self, text: str) -> list[int]:
        """Give the tokens of plain text: nothing is added, and text that looks like a control token stays text."""
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 2  # a token is at least a byte; two for the spaces some tokenizers put in front
        tokens = (self._lib.llama_token * room)()
        count = self._lib.llama_tokenize(self._vocab, data, len(data), tokens, room, False, False)
        if count < 0:
            raise BackendError("llama.cpp could not tokenize the text", "report this with the model's name")
        return list(tokens[:count])

    def control_tokens(self) -> dict[str, tuple[int, bool, bool]]:
        """Give the control tokens: text -> (id, whether it swallows the blanks before it, and those after it)."""
        lib, vocab, found = self._lib, self._vocab, {}
        for token in range(self.vocabulary_size):
            attributes = lib.llama_vocab_get_attr(vocab, token)
            if attributes & (_CONTROL | _UNKNOWN):
                text = lib.llama_vocab_get_text(vocab, token).decode("utf-8", errors="replace")
                found[text] = (token, bool(attributes & _STRIP_LEFT), bool(attributes & _STRIP_RIGHT))
        found.pop("", None)
        return found

    def text_of(self, token: int) -> str:
        """Give the vocabulary's text of a token, empty for -1."""
        return (
            self._lib.llama_vocab_get_text(self._vocab, token).decode("utf-8", errors="replace") if token >= 0 else ""
        )

    def piece(self, token: int) -> bytes:
        """Give the bytes a token stands for in an answer; control tokens give none."""
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = self._read_piece(token)
        return piece

    def _read_piece(self, token: int) -> bytes:
        """Ask the vocabulary; the answer is kept by `piece`."""
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            size = self._lib.llama_token_to_piece(self._vocab, token, buffer, room, 0, False)
            if size >= 0:
                return buffer.raw[:size]
            room = -size

    def is_end(self, token: int) -> bool:
        """Say whether the model ends its turn with this token."""
        return bool(self._lib.llama_vocab_is_eog(self._vocab, token))

    @property
    def vocab(self) -> Any:
        """The native vocabulary."""
        return self._vocab
