"""What a question is about that does not say it itself: "and where is it called?" goes on about the turn before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from localdev.core.events import Citation
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
# A question with fewer words of its own is understood from what was said before: "what if the token is wrong?".
_ENOUGH = 2
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
    if len(own) < _ENOUGH and not code_in(question):
        return False
    return not (_GOING_ON.match(question) or _points(question)) or len(own) > _FEW


def means_what_was_said(question: str) -> bool:
    """Say whether a question asks of the very thing that was spoken of: `it`, or nothing named at all."""
    return not stands_alone(question) and (_points(question) or not _own_words(question))


def _points(question: str) -> bool:
    """Say whether a question points at something."""
    return bool(_POINTING.intersection(_words(question)))


def about(question: str, turns: Sequence[Turn], attachments: Sequence[Attachment] = ()) -> str:
    """Give what a question is about beyond its own words, to be searched for with them; empty when it stands alone.

    That is what is attached to it, else what the turns before were about: the symbols they speak of, in backticks,
    and the words of the question there. A question with words of its own is given the symbols alone, if there are any.
    """
    if stands_alone(question):
        return ""
    if attachments:
        return "\n".join(_both_ends(attachment.text) for attachment in attachments)
    topic = list(dict.fromkeys(_topic(turns)))
    symbols = [each for each in topic if each.startswith("`")]
    return " ".join(symbols if symbols and len(_own_words(question)) >= _ENOUGH else topic)


def _topic(turns: Sequence[Turn]) -> Iterator[str]:
    """Give the symbols and words of the last turns, as far back as it takes to a question that stands alone.

    Symbols stand in backticks, so that they are looked up as names.
    """
    questions = [turn for turn in reversed(turns) if turn.kind == "question" and turn.answer.strip()]
    for turn in questions[:_FURTHEST]:
        yield from (f"`{source.symbol}`" for source in spoken_of(turn)[:_MOST_SYMBOLS])
        yield from dict.fromkeys([*code_in(turn.asked), *_own_words(turn.asked)[:_MOST_WORDS]])
        if stands_alone(turn.asked):
            return


def spoken_of(turn: Turn) -> list[Citation]:
    """Give the symbols that an answer speaks of, each once: those it cites, else the best one that was found for it."""
    places = {source.id: source for source in turn.sources}
    found = [places[number] for number in turn.cited if number in places and places[number].symbol]
    if not turn.cited:  # small models often cite nothing
        return [source for source in turn.sources if source.symbol][:1]
    return list({source.symbol: source for source in reversed(found)}.values())[::-1]


def code_in(question: str) -> list[str]:
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
