"""Speed of a model as it is measured and judged."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from localdev.assistant.speed import NEEDS, At, Fit, Speed, best, judge, measure, sized_text
from localdev.backends.fake import FakeBackend, Reply
from localdev.core.errors import BackendError
from localdev.core.events import Progress

ABLE = {"chat", "fim", "schema"}


def finished(steps: Generator[Progress, None, Speed]) -> tuple[list[Progress], Speed]:
    """Run a measurement and give its events and result."""
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as ended:
            return seen, ended.value


def test_what_is_measured() -> None:
    """A model that waits 20 ms a piece of one token writes below fifty tokens a second, after two equal prompts."""
    words = Reply("word" * 100, piece=4, delay=0.02)
    backend = FakeBackend(["x", "y", "z", words, words])
    seen, speed = finished(measure(backend, salt="abc", prompt_tokens=200, tokens=30))
    assert [event.done for event in seen] == [0, 1, 2, 3, 4]
    assert 25 <= speed.generated_tokens <= 30
    assert 20 <= speed.generated_tokens_s < 50
    warm, cold, again = (request.messages[-1].content for request in backend.requests[:3])
    assert cold == again and not cold.startswith(warm)
    assert 200 <= speed.prompt_tokens <= 260
    assert speed.cold_s > 0 and speed.warm_s > 0 and speed.warm_up_s > 0
    assert speed.long is not None and 2200 <= speed.long.prompt_tokens <= 2350
    assert 20 <= speed.long.generated_tokens_s < 50


def test_short_answers_are_added_up() -> None:
    """A model that ends soon is asked again, in other words, until enough was written."""
    backend = FakeBackend(["x", "y", "z", *[Reply("word" * 9, piece=4, delay=0.005)] * 6])
    _, speed = finished(measure(backend, salt="abc", prompt_tokens=100, tokens=64, long_tokens=0))
    assert speed.generated_tokens == 24
    asked = [request.messages[-1].content for request in backend.requests[3:]]
    assert len(asked) == len(set(asked)) == 3


def test_a_model_that_says_nothing() -> None:
    """It cannot be timed, and that is said."""
    with pytest.raises(BackendError, match="nothing to time"):
        finished(measure(FakeBackend(["x", "y", "z", *[""] * 6]), salt="abc"))


def test_an_answer_in_one_piece() -> None:
    """A server that sends an answer all at once is not taken for one that writes millions of tokens a second."""
    backend = FakeBackend(["x", "y", "z", *[Reply("word" * 30, piece=1000, delay=0.3)] * 2])
    _, speed = finished(measure(backend, salt="abc", prompt_tokens=100, tokens=30))
    assert 50 < speed.generated_tokens_s <= 29 / 0.3
    assert speed.long is not None and 40 < speed.long.generated_tokens_s <= 23 / 0.3


def test_a_small_window() -> None:
    """A model that cannot read the usual prompt is given half of its window, and no long prompt."""
    backend = FakeBackend(["x", "y", "z", *["word" * 100] * 6], context_window=512)
    _, speed = finished(measure(backend, salt="abc"))
    assert 200 < speed.prompt_tokens < 300 and speed.long is None


def test_a_slow_model_reads_no_long_prompt() -> None:
    """Where it would take minutes no verdict hangs on it, and what is said of long prompts is said to be the least."""
    backend = FakeBackend(["x", Reply("y", delay=1.0), "z", *["word" * 100] * 6])
    _, speed = finished(measure(backend, salt="abc", prompt_tokens=10, tokens=30))
    assert speed.long is None
    assert judge(speed, ABLE, 8192)["ask"].why.startswith("first word after at least ")


def test_long_prompts_cost_more() -> None:
    """What a prompt takes goes through both that were measured, and bends between and beyond them."""
    speed = Speed(500, 100, 5, 0.1, 64, 10, long=At(2500, 50, 5))  # 10 ms a token at 500, 20 ms at 2500
    assert speed.reading(500) == pytest.approx(5)
    assert speed.reading(2500) == pytest.approx(50)
    assert speed.reading(1500) == pytest.approx(1500 * 0.015)
    assert speed.writing(10, 0) == pytest.approx(1)
    assert speed.writing(10, 2500) == pytest.approx(2)
    quicker = Speed(500, 100, 5, 0.1, 64, 10, long=At(2500, 20, 12))  # a long prompt hides what each request costs
    assert quicker.reading(1000) == pytest.approx(8)
    assert quicker.writing(10, 2500) == pytest.approx(1)


def test_texts_of_a_size() -> None:
    """A text has about as many tokens as wanted, and two salts have nothing in common from the first line on."""
    backend = FakeBackend([])
    one, two = sized_text(backend, 300, "aaaaaa"), sized_text(backend, 300, "bbbbbb")
    assert 260 <= backend.count_tokens(one) <= 300
    assert len(one) == len(two) and one.split("(")[0] != two.split("(")[0]


@pytest.mark.parametrize(
    ("speed", "job", "verdict"),
    [
        ((4000, 60), "complete", "fits"),
        ((400, 60), "complete", "slow"),  # 1000 tokens take 2.5 s to read
        ((400, 60), "ask", "fits"),
        ((70, 9), "ask", "slow"),  # the first word after 33 s
        ((4000, 3), "ask", "slow"),  # the first word at once, the last after 83 s
        ((400, 60), "commit", "fits"),
        ((60, 60), "commit", "slow"),
    ],
)
def test_verdicts(speed: tuple[float, float], job: str, verdict: str) -> None:
    """What a job reads and writes, by the speed of both, is held against how long somebody waits for it."""
    measured = Speed(512, speed[0], 1, 0.1, 64, speed[1])
    fit = judge(measured, ABLE, 8192)[job]
    need = NEEDS[job]
    assert fit.verdict == verdict
    assert fit.first_s == pytest.approx(need.reads / speed[0])
    assert fit.total_s == pytest.approx(need.reads / speed[0] + need.writes / speed[1])


@pytest.mark.parametrize(
    ("able", "window", "job", "why"),
    [
        ({"chat", "schema"}, 8192, "complete", "fill in the middle"),
        ({"fim"}, 8192, "ask", "no turns"),
        ({"chat"}, 8192, "review", "schema"),
        (ABLE, 512, "ask", "window of 512 tokens"),
    ],
)
def test_what_a_model_cannot(able: set[str], window: int, job: str, why: str) -> None:
    """A model without what a job needs cannot do it, however fast."""
    fit = judge(Speed(512, 1e5, 0, 0, 64, 1e4), able, window)[job]
    assert fit.verdict == "no" and why in fit.why


def test_the_best() -> None:
    """What fits comes before what is slow; then merit; then speed; what cannot is never chosen."""
    fits, slow, no = Fit("fits", "", 1, 2), Fit("slow", "", 20, 90), Fit("no", "")
    assert best([("a", 1, fits), ("b", 2, fits), ("c", 9, slow)]) == "b"
    assert best([("a", 1, no), ("c", 9, slow)]) == "c"
    assert best([("a", 1, fits), ("b", 1, Fit("fits", "", 1, 1.5))]) == "b"
    assert best([("a", 1, no)]) == ""
