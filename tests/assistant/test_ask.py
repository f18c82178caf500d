"""Answering questions over a real index, with a scripted model and without one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from localdev.assistant.answer import why_cut
from localdev.assistant.ask import AskRequest, ask
from localdev.backends.fake import FakeBackend, Reply
from localdev.core.chat import Sampling, Usage
from localdev.core.errors import BackendError, ContextOverflow, UsageError
from localdev.core.events import (
    Answered,
    Citation,
    Event,
    Notice,
    PromptShown,
    Refreshed,
    Sources,
    TextDelta,
    ThinkingDelta,
)
from localdev.index.repository import IndexedRepository
from localdev.prompting.prompts import load_prompt

QUESTION = "how is the discount of a customer decided?"


def run(repository: IndexedRepository, request: AskRequest | str, backend: FakeBackend | None = None) -> list[Event]:
    """Collect the events of one question."""
    asked = request if isinstance(request, AskRequest) else AskRequest(request)
    return list(ask(asked, repository=repository, prompt=load_prompt("ask"), backend=backend))


def answered(events: list[Event]) -> Answered:
    """Give the last event, which is the answer."""
    assert isinstance(events[-1], Answered)
    return events[-1]


def shown(events: list[Event]) -> str:
    """Join what was streamed."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_without_a_model_the_places_answer(repository: IndexedRepository) -> None:
    """The floor's answer names the place with signature, documentation, lines, users, and cites it."""
    events = run(repository, QUESTION)
    answer = answered(events)
    assert isinstance(events[0], Refreshed)
    assert shown(events) == answer.answer
    first = answer.answer.split("\n\n")[0]
    assert "shop/pricing.py" in first
    assert "def discount(customer: str, amount: float) -> float" in first
    assert "Give the discount for a customer." in first
    assert "used by: " in first
    assert (answer.citations[0].path, answer.model) == ("shop/pricing.py", "")


def test_without_a_model_no_more_places_than_asked_for(repository: IndexedRepository) -> None:
    """The limit holds for the floor's answer as for a model's passages."""
    assert len(answered(run(repository, AskRequest(QUESTION, limit=2))).citations) == 2


def test_nothing_found_is_said(repository: IndexedRepository) -> None:
    """A question without any word of the repository gets a plain answer and no citation."""
    answer = answered(run(repository, "??"))
    assert answer.citations == ()
    assert "Nothing in this repository matches" in answer.answer


def test_with_a_model_the_answer_is_streamed_cited_and_checked(repository: IndexedRepository) -> None:
    """Valid citations become places, invalid ones go, unknown names are marked and listed."""
    backend = FakeBackend(["`discount` decides [1], not `reduction` [9]. It is used by `total`."])
    events = run(repository, QUESTION, backend)
    answer = answered(events)
    sources = next(event for event in events if isinstance(event, Sources))
    assert answer.answer == "`discount` decides [1], not `reduction` (unverified). It is used by `total`."
    assert shown(events) == answer.answer
    assert sum(isinstance(event, TextDelta) for event in events) > 5, "it must stream"
    assert [citation.id for citation in answer.citations] == [1]
    assert answer.citations[0].path == sources.hits[0].chunk.path == "shop/pricing.py"
    assert (answer.unverified, answer.dropped_citations, answer.model) == (("reduction",), 1, "fake")
    assert answer.prompt.startswith("ask@1:")
    assert answer.usage.prompt_tokens > 0


def test_what_a_model_thinks_is_no_part_of_the_answer(repository: IndexedRepository) -> None:
    """It is passed on as what it is; citations and names in it count for nothing."""
    backend = FakeBackend([Reply("`discount` decides [1].", thinking="Perhaps `reduction` [7]?")])
    events = run(repository, QUESTION, backend)
    answer = answered(events)
    assert [event.text for event in events if isinstance(event, ThinkingDelta)] == ["Perhaps `reduction` [7]?"]
    assert shown(events) == answer.answer == "`discount` decides [1]."
    assert (answer.unverified, answer.dropped_citations) == ((), 0)


def test_the_model_sees_numbered_passages_with_true_lines(repository: IndexedRepository, shop: Path) -> None:
    """Each passage in the prompt is headed by its number and place, and holds just those lines."""
    backend = FakeBackend(["fine"])
    events = run(repository, QUESTION, backend)
    prompt = backend.requests[0].messages[1].content
    sources = next(event for event in events if isinstance(event, Sources))
    for number, hit in enumerate(sources.hits, start=1):
        chunk = hit.chunk
        lines = (shop / chunk.path).read_text().split("\n")[chunk.start_line - 1 : chunk.end_line]
        assert f"[{number}] {chunk.path}:{chunk.start_line}-{chunk.end_line}\n" + "\n".join(lines) in prompt
    assert prompt.endswith(f"Question: {QUESTION}")


def scripted(seed: int, sources: int) -> tuple[str, str, list[int], int]:
    """Make an answer with known citations: the text, what must be shown, the valid numbers, the count of invalid."""
    chooser = random.Random(seed)
    text, expected, valid, invalid = "", "", [], 0
    for _ in range(chooser.randint(1, 8)):
        words = " ".join(chooser.choice(["the", "order", "file", "is", "kept", "when"]) for _ in range(4))
        good = chooser.random() < 0.6
        number = chooser.randint(1, sources) if good else chooser.choice([0, sources + 1, 77, 4000])
        text += f"{words} [{number}]. "
        expected += f"{words} [{number}]. " if good else f"{words}. "
        if good and number not in valid:
            valid.append(number)
        invalid += not good
    return text, expected, sorted(valid), invalid


def test_of_a_hundred_answers_every_valid_citation_survives_and_every_invalid_one_goes(
    repository: IndexedRepository,
) -> None:
    """A hundred scripted answers with known valid and invalid numbers, streamed in pieces of odd sizes."""
    events = run(repository, QUESTION, FakeBackend(["count"]))
    sources = len(next(event for event in events if isinstance(event, Sources)).hits)
    assert sources >= 2
    total_valid = total_invalid = 0
    for seed in range(100):
        text, expected, valid, invalid = scripted(seed, sources)
        answer = answered(run(repository, QUESTION, FakeBackend([text], piece=1 + seed % 7)))
        assert answer.answer == expected
        assert ([citation.id for citation in answer.citations], answer.dropped_citations) == (valid, invalid)
        total_valid, total_invalid = total_valid + len(valid), total_invalid + invalid
    assert total_valid > 100
    assert total_invalid > 100


def test_show_prompt_asks_nobody(repository: IndexedRepository) -> None:
    """The messages that would be sent, and no request to the model."""
    backend = FakeBackend([])
    events = run(repository, AskRequest(QUESTION, show_prompt=True), backend)
    assert isinstance(events[-1], PromptShown)
    assert events[-1].messages[-1].content.endswith(QUESTION)
    assert backend.requests == []
    assert isinstance(run(repository, AskRequest(QUESTION, show_prompt=True))[-1], PromptShown)


def test_text_given_by_the_user_reaches_the_model(repository: IndexedRepository) -> None:
    """What came on stdin stands between passages and question, and its names count as known."""
    backend = FakeBackend(["See `frobnicate`."])
    answer = answered(run(repository, AskRequest(QUESTION, extra="calls frobnicate()"), backend))
    assert "Given by the user:\n\ncalls frobnicate()" in backend.requests[0].messages[1].content
    assert answer.unverified == ()


@pytest.mark.parametrize("name", ["disc", "discoun", "ount", "save_orde", "OrderStor"])
def test_a_part_of_a_name_is_not_known(repository: IndexedRepository, name: str) -> None:
    """A name that only stands inside longer ones of the passages is marked as any other that does not exist."""
    answer = answered(run(repository, QUESTION, FakeBackend([f"See `{name}` and `discount`."])))
    assert answer.unverified == (name,)


def test_a_mentioned_file_comes_first_with_just_its_lines(repository: IndexedRepository) -> None:
    """`@path:A-B` puts those lines in front of what was found."""
    events = run(repository, f"{QUESTION} see @shop/store.py:9-10", FakeBackend(["[1]"]))
    first = next(event for event in events if isinstance(event, Sources)).hits[0].chunk
    assert (first.path, first.start_line, first.end_line) == ("shop/store.py", 9, 10)
    assert first.text.strip().startswith("def save_order")


def test_what_cut_an_answer_is_told_apart() -> None:
    """The limit of the answer or the model's window, each with its setting."""
    assert "cut at 12 tokens; raise ask.max_tokens" in why_cut(Usage(2028, 0, 12), 12, 2048)
    assert "window (2048 tokens) was full; lower ask.context_tokens" in why_cut(Usage(2028, 0, 3), 12, 2048)


def test_an_answer_cut_short_is_said(repository: IndexedRepository) -> None:
    """The reason `length` gives a warning that names the setting."""
    events = run(repository, QUESTION, FakeBackend([Reply(text="It is", reason="length")]))
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert any("ask.max_tokens" in text for text in notices)


def test_a_failing_engine_is_an_error_after_the_part(repository: IndexedRepository) -> None:
    """What came before the failure was streamed; then the error comes out."""
    texts: list[str] = []
    backend = FakeBackend([Reply(text="It is decided by", fail_after=2)])
    with pytest.raises(BackendError):
        for event in ask(AskRequest(QUESTION), repository=repository, prompt=load_prompt("ask"), backend=backend):
            texts += [event.text] if isinstance(event, TextDelta) else []
    assert "".join(texts).startswith("It")


def test_closing_stops_the_engine(repository: IndexedRepository) -> None:
    """After the iterator is closed the model is asked for nothing more."""
    backend = FakeBackend(["word " * 200])
    stream = ask(AskRequest(QUESTION), repository=repository, prompt=load_prompt("ask"), backend=backend)
    for event in stream:
        if isinstance(event, TextDelta):
            break
    pieces = backend.pieces
    stream.close()  # type: ignore[attr-defined]
    assert backend.pieces == pieces < 10


@pytest.mark.parametrize("question", ["", "   ", "\n"])
def test_no_question_is_a_usage_error(repository: IndexedRepository, question: str) -> None:
    """Nothing is indexed or asked."""
    with pytest.raises(UsageError):
        run(repository, question)


def test_a_question_of_100_kb(repository: IndexedRepository) -> None:
    """Without a model it is answered; with one whose window is too small the error says so."""
    huge = "discount of gold customers " * 3800
    assert answered(run(repository, huge)).citations
    with pytest.raises(ContextOverflow) as caught:
        run(repository, huge, FakeBackend(["x"]))
    assert "shorten" in caught.value.hint


def test_passages_fit_the_window(repository: IndexedRepository) -> None:
    """Prompt and answer together stay within the model's window, however many passages were found."""
    backend = FakeBackend(["ok"], context_window=600)
    run(repository, AskRequest(QUESTION, limit=50, sampling=Sampling(max_tokens=100)), backend)
    used = sum(backend.count_tokens(message.content) for message in backend.requests[0].messages)
    assert used + 100 <= 600


def test_context_tokens_bound_the_passages(repository: IndexedRepository) -> None:
    """A smaller budget gives a shorter prompt."""
    backend = FakeBackend(["ok", "ok"])
    run(repository, AskRequest(QUESTION, context_tokens=80), backend)
    run(repository, AskRequest(QUESTION), backend)
    short, whole = (len(request.messages[1].content) for request in backend.requests)
    assert short < whole


def notices(events: list[Event]) -> str:
    """Join the texts of all notices."""
    return "\n".join(event.text for event in events if isinstance(event, Notice))


def test_an_answer_without_citations_is_said(repository: IndexedRepository) -> None:
    """What nothing ties to the code is named as such, with the places to look at."""
    events = run(repository, QUESTION, FakeBackend(["By magic."]))
    assert "cites no passage" in notices(events)
    assert "shop/pricing.py:1-8" in notices(events)
    assert "cites no passage" not in notices(run(repository, QUESTION, FakeBackend(["By magic [1]."])))


def test_an_empty_answer_gives_the_places(repository: IndexedRepository) -> None:
    """A model that says nothing is said to, and the floor answers."""
    events = run(repository, QUESTION, FakeBackend([" \n"]))
    assert "empty answer" in notices(events)
    assert answered(events).citations[0].path == "shop/pricing.py"
    assert answered(events).model == ""


def test_files_and_lines_that_are_not_there_are_marked(repository: IndexedRepository) -> None:
    """Paths are checked in backticks and in plain text, lines too."""
    text = "See `shop/pricing.py:4`, shop/pricing.py:999, `shop/evil.py` and shop/store.py [1]."
    answer = answered(run(repository, QUESTION, FakeBackend([text])))
    assert answer.unverified == ("shop/pricing.py:999", "shop/evil.py")
    assert answer.answer.count("(unverified)") == 2


def test_words_of_the_language_are_no_inventions(repository: IndexedRepository) -> None:
    """`None` and `self` need not stand in the repository."""
    assert answered(run(repository, QUESTION, FakeBackend(["`None` or `nullptr` [1]."]))).unverified == ()


def test_a_question_whose_words_are_nowhere_is_said(repository: IndexedRepository) -> None:
    """Places that are only similar in meaning are announced as that."""
    assert "only similar in meaning" in notices(run(repository, "quetzalcoatl zeppelin?"))
    assert "only similar" not in notices(run(repository, QUESTION))


def test_named_lines_that_do_not_fit_are_said(repository: IndexedRepository, shop: Path) -> None:
    """What the question names is cut only with a warning, and comes before anything that was found."""
    (shop / "long.py").write_text("".join(f"value_{n} = compute({n}, {n} + 1)\n" for n in range(400)))
    backend = FakeBackend(["ok [1]", "ok [1]"], context_window=1600)
    small = AskRequest("explain @long.py", sampling=Sampling(max_tokens=100))
    assert "only a part" in notices(run(repository, small, backend))
    fits = AskRequest("explain @long.py:3-12", sampling=Sampling(max_tokens=100))
    assert "only a part" not in notices(run(repository, fits, backend))
    assert "only a part" not in notices(run(repository, "explain @long.py"))


class Orders:
    """Orders in memory."""

    def __init__(self) -> None:
        self.kept: list[list[str]] = []

    def earlier(self) -> list[list[str]]:
        """Give the orders."""
        return self.kept

    def remember(self, order: Sequence[str]) -> None:
        """Put one in front."""
        self.kept.insert(0, list(order))


def test_a_prompt_begins_as_an_earlier_one_did(repository: IndexedRepository) -> None:
    """The same passages as without orders, in another order: what an earlier prompt began with comes first."""

    def asked(orders: Orders | None) -> tuple[list[str], str]:
        backend = FakeBackend([Reply("`discount` decides [1].")])
        prompt = load_prompt("ask")
        events = list(ask(AskRequest(QUESTION), repository=repository, prompt=prompt, backend=backend, orders=orders))
        (sources,) = [event for event in events if isinstance(event, Sources)]
        return [hit.chunk.text for hit in sources.hits], backend.requests[-1].messages[-1].content

    orders = Orders()
    usual, prompt = asked(orders)
    assert len(usual) == 2 and (usual, prompt) == asked(None)
    (order,) = orders.kept
    orders.kept = [[order[1], "something else"]]
    steady, prompt = asked(orders)
    assert steady == usual[::-1] and orders.kept[0] == order[::-1]
    assert prompt.startswith("[1] ") and prompt.index(usual[1]) < prompt.index(usual[0])


@pytest.mark.parametrize(("end", "place"), [(9, "a.py:9"), (12, "a.py:9-12")])
def test_a_place_is_written_as_people_do(end: int, place: str) -> None:
    """One line is no range."""
    assert Citation(1, "a.py", 9, end).place == place
