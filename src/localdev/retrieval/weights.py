"""The constants of the ranking, each with its reason. One value of `Weights` is one ranking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


def _role_factors() -> Mapping[str, float]:
    """Give the factor by which a file of a role is scaled when the query does not ask for that role."""
    return MappingProxyType(
        {
            "vendored": 0.3,  # someone else's code: almost never the answer about this repository
            "generated": 0.4,  # the source it was generated from is the answer
            "test": 0.5,  # tests repeat the words of what they test, more often than the code itself does
            "benchmark": 0.5,  # as tests
            "example": 0.6,  # shows use, not how it works; may still be the only place
            "deprecated": 0.6,  # its successor has the same words
            "doc": 0.7,  # prose repeats the question's words; the code is the proof
        }
    )


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each rule counts. Scores of a list are scaled so that its best chunk has 1 before they are weighted."""

    # BM25's fields. A word in a path or symbol says what the chunk is about; in a body it may be an aside.
    path: float = 3.0
    symbol: float = 4.0
    signature: float = 2.0
    doc: float = 1.5
    body: float = 1.0
    # The lexical list leads: it is exact. The dense list finds what is worded otherwise, but is a small model.
    lexical: float = 1.0
    dense: float = 0.5
    # A bare symbol has a spelling and no meaning that could be worded otherwise.
    dense_for_symbol: float = 0.1
    # The definition of a name that the query spells as code is nearly always wanted.
    definition: float = 2.0
    # An error's text names its class and every frame's function; none of them is surely the place to look.
    definition_in_error: float = 0.5
    # A capitalised word that is also a definition is often meant as one, but may just begin the sentence.
    capitalised: float = 0.3
    # A file named after the query's words is about them as a whole.
    file_name: float = 0.6
    # A path that is written out leaves no doubt.
    path_mention: float = 2.0
    # What many files use is what a general question is about. It knows nothing of the query, so it is a share of what
    # matched: the most used candidate gains this much of its score.
    importance: float = 0.4
    # Several good chunks in one file mean that the file is about the question: each further one counts
    # `coherence_decay` of the one before.
    coherence: float = 0.4
    coherence_decay: float = 0.8
    # Each further chunk of a file keeps this share of its score, so that files appear once before they appear twice.
    repeat: float = 0.5
    # A module's preamble lists imported and exported names: it holds the words and does none of the work.
    preamble: float = 0.8
    role_factors: Mapping[str, float] = field(default_factory=_role_factors)

    @property
    def fields(self) -> tuple[float, float, float, float, float]:
        """The field weights in the order the lexical index takes them."""
        return (self.path, self.symbol, self.signature, self.doc, self.body)


DEFAULT = Weights()
