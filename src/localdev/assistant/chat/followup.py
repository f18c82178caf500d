"""What a question is about that does not say it itself: "and where is it called?" goes on about the turn before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from localdev.core.talk import Attachment, Turn
from localdev.retrieval.query import read_query
from localdev.retrieval.wordlists import STOP_WORDS, word_set

# Words that ask for something of a thing without naming the thing.
_ASKING = word_set(
    """
    again also answer bug called caller callers calls change changed changes class correct defined definition detail
    details do docs documented does else error errors example examples explain fail fails file files fix function go
    handled happen how implemented just line lines long made mean means method methods module more need needed next ok
    okay one other parameters part please point problem purpose really reason return returned returns right same see
    short shorter show summarise summarize test tested tests thank thanks thing too type use used user users uses using
    value version way what work write written wrong yes no
    """
)
_POINTING = word_set(
    "it its itself they them their this that these those there here he she same former latter above both"
)
_GOING_ON = re.compile(r"\s*(?:and|but|so|also|then|or|what about|how about)\b", re.IGNORECASE)
# With more words of its own than these a question says what it is about, whatever else it points at.
_FEW = 3
_MOST_SYMBOLS = 3
_MOST_WORDS = 8
# A chain of follow-ups is followed so far back.
_FURTHEST = 4
# Enough to find the frames of a traceback or the words of a log; what is read of more is cut anyway.
_ATTACHED = 4000


def stands_alone(question: str) -> bool:
    """Say whether a question says what it is about: names code or a file, or has words enough of its own."""
    own = _own_words(question)
    if not own and not _code(question):
        return False
    pointing = _GOING_ON.match(question) is not None or bool(_POINTING.intersection(_words(question)))
    return not pointing or len(own) > _FEW


def about(question: str, turns: Sequence[Turn], attachments: Sequence[Attachment] = ()) -> str:
    """Give what a question is about beyond its own words, to be searched for with them; empty when it stands alone.

    That is what is attached to it, else what the turns before were about: the symbols that were cited, in backticks,
    and the words of the question there. A question with words of its own is added the symbols alone, if there are any.
    """
    if stands_alone(question):
        return ""
    if attachments:
        return "\n".join(_both_ends(attachment.text) for attachment in attachments)
    topic = list(dict.fromkeys(_topic(turns)))
    symbols = [each for each in topic if each.startswith("`")]
    return " ".join(symbols if symbols and _own_words(question) else topic)


def _topic(turns: Sequence[Turn]) -> Iterator[str]:
    """Give the symbols and words of the last turns, as far back as it takes to a question that stands alone.

    Symbols stand in backticks, so that they are looked up as names.
    """
    questions = [turn for turn in reversed(turns) if turn.kind == "question" and turn.answer.strip()]
    for turn in questions[:_FURTHEST]:
        yield from _cited(turn)
        yield from dict.fromkeys([*_code(turn.asked), *_own_words(turn.asked)[:_MOST_WORDS]])
        if stands_alone(turn.asked):
            return


def _cited(turn: Turn) -> list[str]:
    """Give the symbols that an answer cites, the first ones."""
    places = {source.id: source for source in turn.sources}
    symbols = [places[number].symbol for number in turn.cited if number in places]
    return [f"`{symbol}`" for symbol in dict.fromkeys(filter(None, symbols))][:_MOST_SYMBOLS]


def _code(question: str) -> list[str]:
    """Give the names of code and the files in a question, as they stand."""
    read = read_query(question)
    # A word alone is read as a name: `why?`.
    names = [name for name in read.names if not all(map(_is_common, _words(name)))]
    return [*names, *(mention.path for mention in read.paths)]


def _own_words(question: str) -> list[str]:
    """Give the words that say what a question is about."""
    return list(dict.fromkeys(word for word in _words(question) if not _is_common(word) and len(word) > 1))


def _is_common(word: str) -> bool:
    """Say whether a word says nothing of what a question is about."""
    return word in STOP_WORDS or word in _ASKING or word in _POINTING


def _words(text: str) -> list[str]:
    """Give the words in lower case."""
    return re.findall(r"[^\W\d]\w*", text.lower())


def _both_ends(text: str) -> str:
    """Keep the beginning and the end of a long text: a log names the trouble there, and its cause here."""
    half = _ATTACHED // 2
    return text if len(text) <= _ATTACHED else f"{text[:half]}\n{text[-half:]}"
