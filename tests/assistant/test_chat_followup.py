"""Which questions go on about the turn before, and what they are searched for with."""

from __future__ import annotations

import pytest

from localdev.assistant.chat.followup import about, stands_alone
from localdev.core.events import Citation
from localdev.core.talk import Attachment, Turn

FOLLOW_UPS = [
    "and where is it called?",
    "why?",
    "why is that needed?",
    "show me an example",
    "what does it return?",
    "is there a test for this?",
    "And in the service?",
    "what if the token is wrong?",
    "can it fail when the disk is full?",
    "what about windows?",
    "how is it tested",
    "thanks, explain it shorter please",
    "who uses them?",
    "which errors does this raise?",
]
OWN = [
    "how is the discount of a customer decided?",
    "where are settings read?",
    "what is `OrderStore`?",
    "where is parse_file used?",
    "what does src/app/main.py do?",
    "when are kept states of prompts removed, and does it wait for a running answer?",
    "how does the lexer handle strings that span several lines?",
    "is it possible that two processes write the journal at once?",
    "What is the difference between Walker and Scanner, and which of them reads ignore files?",
]


@pytest.mark.parametrize("question", FOLLOW_UPS)
def test_a_follow_up_does_not_stand_alone(question: str) -> None:
    """It points back, or asks something of a thing it does not name."""
    assert not stands_alone(question)


@pytest.mark.parametrize("question", OWN)
def test_a_question_that_says_what_it_is_about(question: str) -> None:
    """It names code or a file, or has words enough of its own."""
    assert stands_alone(question)


def turn(number: int, asked: str, symbols: dict[int, str], cited: tuple[int, ...], answer: str = "So.") -> Turn:
    """Make an answered turn whose passages are of these symbols."""
    sources = tuple(Citation(each, f"{symbol}.py", 1, 9, symbol) for each, symbol in symbols.items())
    return Turn(number, "question", asked, answer, "done", sources=sources, cited=cited)


DISCOUNT = turn(1, "how is the discount of a customer decided?", {1: "pricing.discount", 2: "total"}, (1,))


def test_a_follow_up_is_about_what_was_cited_and_asked() -> None:
    """The cited symbol as a name, and the words of the question before; not what was found beside it."""
    assert about("and where is it called?", [DISCOUNT]) == "`pricing.discount` discount customer decided"


def test_a_follow_up_with_words_of_its_own_is_about_them_and_what_was_cited() -> None:
    """The words of the question before would outweigh its own; they serve where nothing was cited."""
    assert about("and does it round the cents?", [DISCOUNT]) == "`pricing.discount`"
    assert about("and does it round the cents?", [turn(1, "where are orders saved?", {}, ())]) == "orders saved"
    assert about("and in the service?", [DISCOUNT]) == "`pricing.discount` discount customer decided"


def test_nothing_is_added_to_a_question_of_its_own_or_to_the_first() -> None:
    """They are searched for as they stand."""
    assert about("where are settings read?", [DISCOUNT]) == ""
    assert about("why?", []) == ""


def test_follow_ups_of_follow_ups_reach_back_to_what_they_are_about() -> None:
    """Each is about what its answer cites, and about what the one before was about."""
    second = turn(2, "and where is it called?", {3: "cart.total"}, (3,))
    assert about("why?", [DISCOUNT, second]) == "`cart.total` `pricing.discount` discount customer decided"
    other = turn(2, "where are orders saved?", {3: "save_order"}, (3,))
    assert about("why?", [DISCOUNT, other]) == "`save_order` orders saved"


def test_turns_without_an_answer_and_other_work_are_passed_over() -> None:
    """What failed was about nothing; a review is no question."""
    failed = turn(2, "where are orders saved?", {}, (), answer="")
    review = Turn(3, "review", "/review staged", "The review found 1 finding.", "done")
    assert about("why?", [DISCOUNT, failed, review]).startswith("`pricing.discount`")


def test_names_of_code_in_the_question_before_are_names_again() -> None:
    """They are kept as they are spelt."""
    before = turn(1, "what does OrderStore.save_order do?", {}, ())
    assert about("and who calls it?", [before]).startswith("OrderStore.save_order")


def test_an_attachment_says_what_a_short_question_is_about() -> None:
    """Its beginning and its end; a question of its own is searched for as it stands."""
    log = Attachment("pasted text 1", "Traceback: first\n" + "x\n" * 9000 + "KeyError: 'gold'")
    asked = about("why does this fail?", [DISCOUNT], [log])
    assert asked.startswith("Traceback: first") and asked.endswith("KeyError: 'gold'") and len(asked) < 4100
    assert about("where are settings read?", [DISCOUNT], [log]) == ""
