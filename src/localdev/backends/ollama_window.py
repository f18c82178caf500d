"""How many tokens a text has, without the model's tokenizer, and which context window to ask an Ollama for.

Ollama has no call that tokenizes, gives every model a small window unless asked, and forgets the beginning of a prompt
that does not fit, without a word. So tokens are estimated, the window is asked for, and what came of it is checked.
"""

from __future__ import annotations

import math
import re
from collections import deque

from localdev.core.errors import ContextOverflow

_PIECE = re.compile(r"[^\W\d_]+|\d|[^\w\s]|_|\s+")
_SURE_PIECE = re.compile(r"[^\W\d_]+|\d{1,3}")
# Of the 17 vocabularies of language models among llama.cpp's test files, on Python, Go, Markdown, JSON and lock files,
# the tokens were 0.55 to 1.25 times these units; two from before 2024 that split indentation blank by blank (GPT-2,
# Baichuan) went to 1.57. Other languages and minified code stayed below 1.30, rows of emoji reached 1.60.
_TOKENS_PER_UNIT = 1.25
_MARGIN = 1.05
_REMEMBERED = 8
# Shorter prompts say more of the template around them than of the text.
_UNITS_TO_LEARN_FROM = 200
_FIRST_STEP = 2048
_DEFAULT_WINDOW = 4096  # what Ollama gives where neither model nor memory say otherwise


class TokenEstimate:
    """Estimates tokens, rather too many than too few; each counted prompt makes it better for its model."""

    def __init__(self) -> None:
        self._ratios: deque[float] = deque(maxlen=_REMEMBERED)

    def tokens(self, text: str) -> int:
        """Give the most tokens that `text` is expected to have; never more than its bytes."""
        ratio = max(self._ratios) * _MARGIN if self._ratios else _TOKENS_PER_UNIT
        return min(math.ceil(units(text) * ratio), len(text.encode("utf-8", errors="replace")))

    def learn(self, text: str, counted: int) -> None:
        """Take what the server counted for a whole prompt, template included."""
        size = units(text)
        if size >= _UNITS_TO_LEARN_FROM:
            self._ratios.append(counted / size)


def units(text: str) -> float:
    """Give a measure that grows as tokens do: a word counts one for each six letters, a digit one, a sign 3/4."""
    size = 0.0
    for piece in _PIECE.findall(text):
        if not piece.isascii():
            size += len(piece.encode("utf-8", errors="replace")) / 2
        elif piece.isalpha():
            size += 1 + (len(piece) - 1) // 6
        elif piece.isdigit():
            size += 1
        elif piece.isspace():
            size += piece != " "
        else:
            size += 0.75
    return size


def fewest_tokens(text: str) -> int:
    """Give a number of tokens that no text like this has fewer of: one for each word and each three digits.

    Of the 17 vocabularies none went below 1.04 times it on code, prose in six languages, or data.
    """
    return len(_SURE_PIECE.findall(text))


def window_of(wanted: int, own: int) -> int:
    """Give the window to use: what was asked for (0: all there is), never more than the model's own (0: unknown)."""
    if not own:
        return wanted or _DEFAULT_WINDOW
    return min(wanted, own) if wanted else own


def step_for(need: int, most: int, loaded: int) -> int:
    """Give the `num_ctx` to ask for: `need` rounded up, so that a longer question seldom loads the model anew.

    A window that is `loaded` is kept while it is large enough, even one beyond `most`: it is there already.
    """
    if loaded >= need:
        return loaded
    step = _FIRST_STEP
    while step < need:
        step *= 2
    return min(step, most)


def check_granted(model: str, need: int, *, asked: int, granted: int) -> None:
    """Refuse a window that is too small; `granted` 0 means that the server does not say.

    Raises:
        ContextOverflow: prompt and answer need more than was given.
    """
    if granted and granted < need:
        raise ContextOverflow(
            f"Ollama was asked for a window of {asked} tokens and gave {model} one of {granted}; {need} are needed",
            f"set llama.context to {granted} or less, or give Ollama more memory and look at OLLAMA_CONTEXT_LENGTH",
        )


def check_read(model: str, text: str, *, counted: int, asked: int) -> None:
    """Refuse an answer to a prompt of which only a part was read.

    Raises:
        ContextOverflow: the server counted fewer tokens than the prompt has at least.
    """
    fewest = fewest_tokens(text)
    if counted < fewest:
        raise ContextOverflow(
            f"{model} read {counted} tokens of a prompt of at least {fewest}, with a window of {asked} asked for: "
            "Ollama left the beginning out",
            "set llama.context to less, update Ollama, or look at OLLAMA_CONTEXT_LENGTH",
        )
