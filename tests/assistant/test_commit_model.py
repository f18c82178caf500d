"""A model's words for a commit: taken when they hold, asked for once more, else replaced by the draft."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from localdev.assistant.commit.checks import cleaned, fault, names_in
from localdev.assistant.commit.commit import CommitRequest, commit, moment
from localdev.assistant.commit.fitting import fit, texts_of
from localdev.assistant.commit.style import Style
from localdev.backends.fake import FakeBackend, Reply
from localdev.core.chat import Sampling
from localdev.core.events import Event, Notice, Result, Sources
from localdev.prompting.prompts import load_prompt
from localdev.rules.changed import ReviewedChange
from tests.rules.changing import change_of

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
BEFORE = {"shop/cart.py": "def total(items):\n    return sum(items)\n"}
AFTER = {"shop/cart.py": "def total(items):\n    return round(sum(items), 2)\n"}
DRAFT = "fix(shop): update total"


def answer(subject: str, body: str = "", kind: str = "fix") -> str:
    """Write an answer as the schema wants it."""
    return json.dumps({"type": kind, "subject": subject, "body": body})


def worded(
    replies: Sequence[Reply | str], *, change: ReviewedChange | None = None, until: float = 0.0, kind: str = ""
) -> tuple[dict[str, object], list[Event], FakeBackend]:
    """Word a change by a script: the payload, all events, and the backend."""
    change = change or change_of(BEFORE, AFTER)
    backend = FakeBackend(replies)
    text = "\n".join(texts_of(change.change.files))
    request = CommitRequest(change, Style(), until=until, kind=kind, sampling=Sampling(max_tokens=384))
    events = list(commit(request, prompt=load_prompt("commit"), backend=backend, known=lambda name: name in text))
    payload = next(event.payload for event in events if isinstance(event, Result))
    return payload, events, backend


def test_words_that_hold_are_taken() -> None:
    """Type, subject and body are the model's, put into the repository's style; what it was given is named."""
    payload, events, backend = worded([answer("Round `total` to cents.", "Prices have two digits. " * 5)])
    assert payload["subject"] == "fix(shop): round `total` to cents"
    assert max(map(len, str(payload["body"]).split("\n"))) <= 72
    assert (payload["model"], payload["attempts"]) == ("fake", 1)
    (sources,) = [event for event in events if isinstance(event, Sources)]
    assert [(hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line) for hit in sources.hits] == [
        ("shop/cart.py", 1, 2)
    ]
    asked = backend.requests[0]
    assert asked.schema is not None and "+    return round(sum(items), 2)" in asked.messages[-1].content


WRONG = [
    (answer("round totals in `sum_up`"), "sum_up"),
    (answer("round totals as src/shop/money.py does"), "src/shop/money.py"),
    (answer("round totals with toFixedPoint"), "toFixedPoint"),
    (answer("round totals", "Uses decimal.Decimal now."), "decimal.Decimal"),
    (answer("round totals " * 8), "characters long"),
    (answer("round totals of all of the many items in the cart to two digits now ok"), "characters long"),
    (answer("round the totals (of items"), "breaks off"),
    (answer("round\x1b[31m totals"), "control characters"),
    (answer("round totals", "a\u202eb totals"), "control characters"),
    (answer("totals"), "no sentence"),
    (answer("   "), "no sentence"),
    (answer("round totals", "fix fix fix fix"), "repeats"),
    (answer("round totals", "See https://example.invalid/x"), "link"),
    (answer("round totals for SHOP-99"), "ticket"),
    (answer("round totals, closes #12"), "ticket"),
    (answer("round totals", "Signed-off-by: Somebody <a@b.invalid>"), "no description"),
    (answer("round totals }}]]);;;--==++~~~~##@@!!"), "no"),
    (answer("round `totals"), "backtick"),
]


@pytest.mark.parametrize(("reply", "why"), WRONG)
def test_words_that_do_not_hold_are_asked_for_again(reply: str, why: str) -> None:
    """What is invented, broken or too long is refused; the second request tells why, and a good answer counts."""
    payload, _, backend = worded([reply, answer("round totals to cents")])
    assert (payload["subject"], payload["attempts"]) == ("fix(shop): round totals to cents", 2)
    assert why in backend.requests[1].messages[-1].content


@pytest.mark.parametrize(
    "replies",
    [
        [WRONG[0][0], WRONG[1][0]],
        ["no json at all", "{}"],
        [answer("round totals", "x" * 5_000)] * 2,
        [Reply(text="{", fail_after=0)],
        [],
    ],
    ids=["invented", "no-json", "cut-short", "failed", "exhausted"],
)
def test_the_draft_stands_where_no_words_hold(replies: list[Reply | str]) -> None:
    """Two refusals, or an engine that fails, leave the draft, and a notice says why."""
    payload, events, _ = worded(replies)
    assert (payload["subject"], payload["model"]) == (DRAFT, "")
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert notice.level == "warning" and "draft without a model" in notice.text


def test_the_deadline_ends_an_endless_answer() -> None:
    """A model that writes on and on is stopped in time, and the draft stands."""
    started = time.monotonic()
    payload, events, _ = worded([Reply(text=answer("round totals", "x" * 400), delay=0.2)], until=moment(0.5))
    assert time.monotonic() - started < 2
    assert payload["subject"] == DRAFT
    assert any(isinstance(event, Notice) and "deadline" in event.text for event in events)


def test_no_time_at_all_asks_nothing() -> None:
    """Where the deadline is over before the model is asked it is not asked."""
    payload, _, backend = worded([answer("round totals")], until=time.monotonic() - 1)
    assert (payload["subject"], backend.requests) == (DRAFT, [])


def test_the_users_type_is_not_asked_for() -> None:
    """`--type` stands, and the schema has no such field."""
    reply = json.dumps({"subject": "round totals to cents", "body": ""})
    payload, _, backend = worded([reply], kind="perf")
    assert payload["subject"] == "perf(shop): round totals to cents"
    assert backend.requests[0].schema is not None and "type" not in backend.requests[0].schema["properties"]


def test_code_comes_before_what_tells_less() -> None:
    """Of a change too large for the window code is shown first; lock files and what does not fit are named."""
    before = {"README.md": "a\n", "tests/test_a.py": "a = 1\n", "b.py": "b = 1\n", "yarn.lock": "x\n", "c.py": "c\n"}
    after = {
        "README.md": "word " * 50 + "\n",
        "tests/test_a.py": "a = 2\n",
        "b.py": "b = 2\nc = 3\n",
        "yarn.lock": "y\n",
    }
    files = change_of(before, after).change.files
    fitted = fit(files, 60, lambda text: len(text) // 4)
    assert fitted.diff.index("b.py (modified)") < fitted.diff.index("tests/test_a.py (modified)")
    assert fitted.names == "README.md (modified), c.py (deleted), yarn.lock (modified)"
    assert len(fitted.diff) // 4 <= 60
    assert fit(files, 0, len).diff == ""


@pytest.mark.parametrize(
    ("subject", "body", "wanted"),
    [
        ('"round totals"', "", ("round totals", "")),
        ("fix(shop): round totals.", "", ("round totals", "")),
        ("round  totals\n", "round totals", ("round totals", "")),
        ("`round` totals", "a  \r\n\n\n\nb", ("`round` totals", "a\n\nb")),
    ],
)
def test_small_things_are_mended(subject: str, body: str, wanted: tuple[str, str]) -> None:
    """Quotation marks, a type once more, a full stop and the subject again as body are taken off."""
    assert cleaned(subject, body) == wanted


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("round totals in the shopping cart", []),
        ("Use GitHub and JavaScript, e.g. for I/O and TCP/IP", []),
        ("see `x y` and Cart.total() and a_b", ["x y", "Cart.total", "a_b"]),
        ("read src/app.py, std::vector, --dry-run, --no", ["src/app.py", "std::vector", "--dry-run", "--no"]),
        ("parseFile reads OrderStore and run()", ["parseFile", "OrderStore", "run"]),
        ("It works. The end", []),
        ("set version 1.2.3 and 3.14", ["1.2.3", "3.14"]),
    ],
)
def test_what_looks_like_a_name(text: str, names: list[str]) -> None:
    """Words in backticks and those that only code writes so are names; sentences and versions are none."""
    assert sorted(names_in(text)) == sorted(names)


def test_an_honest_subject_has_no_fault() -> None:
    """Plain words, and names that stand in the change, pass."""
    assert fault("round totals to cents", "- keep `total`", lambda name: name == "total", line="x") == ""


def test_with_the_tiny_model() -> None:
    """A real engine keeps to the schema or is refused; either way there is a good message."""
    pytest.importorskip("llama_cpp")
    from localdev.backends.options import BackendOptions
    from localdev.backends.registry import open_backend

    change = change_of(BEFORE, AFTER)
    backend = open_backend(str(TINY), options=BackendOptions(context_window=1024))
    try:
        request = CommitRequest(change, Style(), sampling=Sampling(max_tokens=64), context_tokens=200)
        events = list(commit(request, prompt=load_prompt("commit"), backend=backend, known=lambda _name: False))
    finally:
        backend.close()
    (payload,) = [event.payload for event in events if isinstance(event, Result)]
    assert 10 < len(payload["subject"]) <= 72 and payload["attempts"] in (1, 2)
    assert payload["model"] or payload["subject"] == DRAFT
