"""The constants of the ranking, each with its reason. One value of `Weights` is one ranking.

A file's score is a sum of named parts, each a fact between 0 and 1 times its weight here. The weights were fitted as a
whole (a softmax over the files of a repository, so a difference of 1 makes a file e times as likely to be the answer)
on queries of many repositories, and judged by repositories left out; see benchmarks/retrieval.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


def _role_costs() -> Mapping[str, float]:
    """Give what a file of a role loses when the query does not ask for that role."""
    return MappingProxyType(
        {
            "vendored": 3.0,  # someone else's code: almost never the answer about this repository
            "generated": 2.5,  # the source it was generated from is the answer
            "test": 3.7,  # tests repeat the words of what they test, more often than the code itself does
            "benchmark": 2.0,  # as tests
            "example": 1.6,  # shows use, not how it works; may still be the only place
            "deprecated": 2.4,  # its successor has the same words
            "declaration": 1.3,  # types beside the code that has them: what there is, not how it works
            "data": 2.2,  # settings and tables name what the code does without doing it
            "doc": 3.5,  # prose repeats the question's words; the code is the proof
        }
    )


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts."""

    # BM25's fields. A word in a path or symbol says what the chunk is about; in a body it may be an aside.
    path: float = 5.0
    symbol: float = 4.0
    signature: float = 2.0
    doc: float = 1.0
    body: float = 1.0
    # The file's best chunk by BM25.
    words: float = 1.06
    # All its chunks together, each further one counting `decay` of the one before: the file is about the question.
    words_in_file: float = 1.41
    decay: float = 0.65
    # Neighbours in the query that are neighbours in the code too say more than both words apart.
    phrase: float = 0.5
    # The file's best chunk by its vector: finds what is worded otherwise.
    meaning: float = 1.7
    # The file's whole vector: one chunk may be alike by accident, a file hardly.
    meaning_of_file: float = 1.7
    # A file named after the query's words is about them as a whole.
    file_name: float = 3.0
    # The definition of a bare symbol that was asked for is nearly always wanted.
    definition: float = 3.0
    # In a sentence or an error message the name is one word of many, and the words say so already.
    definition_in_text: float = 0.25
    # A capitalised word that is also a definition is often meant as one, but may just begin the sentence.
    capitalised: float = 0.88
    # A path that is written out leaves no doubt.
    path_mention: float = 6.0
    # What many files use is what a general question is about.
    used: float = 0.6
    # Each further chunk of a file loses this much: it must be better than the best of other files by far.
    repeat: float = 5.0
    # A module's preamble lists imported and exported names: it holds the words and does none of the work.
    preamble: float = 0.4
    role_costs: Mapping[str, float] = field(default_factory=_role_costs)

    @property
    def fields(self) -> tuple[float, float, float, float, float]:
        """The field weights in the order the lexical index takes them."""
        return (self.path, self.symbol, self.signature, self.doc, self.body)


DEFAULT = Weights()
