"""Which model does which job, and what happens when one of them cannot be had."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.app.doctor import check_models
from localdev.app.engines import models_for, open_engine
from localdev.app.remote import Contact
from localdev.app.routing import RoutedBackend
from localdev.backends.fake import FakeBackend, Reply
from localdev.config.settings import build
from localdev.core.chat import ChatRequest, Message, ModelInfo
from localdev.core.errors import BackendError, ContextOverflow, LocaldevError, NotFound, Unreachable, UsageError
from localdev.core.events import Answered, Finished, Notice, TextDelta
from localdev.core.folders import Folders
from tests.app.conftest import OpenJobs

ASKED = ChatRequest((Message("user", "hello"),))
Named = Callable[[str, object], str]


@pytest.fixture
def named(tmp_path: Path) -> Named:
    """Give a function that writes a scripted model of a name."""

    def write(name: str, replies: object) -> str:
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"name": name, "replies": replies}))
        return f"fake:{path}"

    return write


class Order:
    """Opens scripted models by name; one whose value is an error cannot be opened."""

    def __init__(self, **models: FakeBackend | LocaldevError) -> None:
        self.models = models
        self.told: list[str] = []
        self.opened: list[str] = []

    def open(self, name: str) -> FakeBackend:
        """Open one."""
        self.opened.append(name)
        found = self.models[name]
        if isinstance(found, LocaldevError):
            raise found
        return found

    def routed(self) -> RoutedBackend:
        """Give the backend over all of them."""
        return RoutedBackend(list(self.models), self.open, lambda notice: self.told.append(notice.text))


def text_of(backend: RoutedBackend) -> str:
    """Ask and join the answer."""
    return "".join(event.text for event in backend.stream(ASKED) if isinstance(event, TextDelta))


def scripted(name: str, *replies: Reply | str, window: int = 8192) -> FakeBackend:
    """Make a scripted model."""
    return FakeBackend(replies, name=name, context_window=window)


def test_the_first_answers_and_no_other_is_opened() -> None:
    """Later models cost nothing while the first does its work."""
    order = Order(big=scripted("big", "yes"), small=scripted("small", "no"))
    backend = order.routed()
    assert (text_of(backend), backend.describe().name, order.opened, order.told) == ("yes", "big", ["big"], [])


def test_the_next_one_answers_and_it_is_said() -> None:
    """One that cannot be opened and one that fails before its first word are passed over, each with its reason."""
    failing = scripted("second", Reply(text="never", fail_after=0, error="out of memory"))
    order = Order(first=Unreachable("nothing answers"), second=failing, third=scripted("third", "fine"))
    backend = order.routed()
    assert text_of(backend) == "fine" and backend.describe().name == "third"
    assert order.told == [
        "first cannot be had (nothing answers); asking second instead",
        "second cannot be had (out of memory); asking third instead",
    ]
    with pytest.raises(BackendError, match="closed"):
        next(iter(failing.stream(ASKED)))


def test_a_failure_in_the_middle_is_an_error() -> None:
    """Half an answer is not continued by another model."""
    order = Order(big=scripted("big", Reply(text="half of it", piece=4, fail_after=1)), small=scripted("small", "x"))
    with pytest.raises(BackendError, match="scripted"):
        text_of(order.routed())
    assert order.opened == ["big"] and order.told == []


@pytest.mark.parametrize("error", [UsageError("wrong"), ContextOverflow("too long")])
def test_what_the_next_model_would_not_mend(error: LocaldevError) -> None:
    """A mistake of the user, and a prompt that is too long, are said and hide behind no other model."""
    order = Order(big=error, small=scripted("small", "x"))
    with pytest.raises(type(error)):
        order.routed()
    assert order.opened == ["big"]


def test_a_smaller_window_refuses_honestly() -> None:
    """The prompt was fitted to the first one: the next one says when it is too long for it."""
    order = Order(big=scripted("big", Reply(text="x", fail_after=0)), small=scripted("small", "no", window=1))
    with pytest.raises(ContextOverflow, match="small"):
        text_of(order.routed())


def test_none_can_be_had() -> None:
    """The error of the last one ends the job, those before were told."""
    order = Order(first=NotFound("no first"), second=NotFound("no second"))
    with pytest.raises(NotFound, match="no second"):
        order.routed()
    assert order.told == ["first cannot be had (no first); asking second instead"]


def test_closing_early_ends_the_stream() -> None:
    """Who stops reading stops the engine."""
    backend = scripted("big", "word " * 100)
    order = Order(big=backend, small=scripted("small"))
    stream = order.routed().stream(ASKED)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert backend.pieces == 1


def test_models_by_job(named: Named, folders: Folders) -> None:
    """A job's own list comes before `model`; a job without one takes `model`."""
    settings = build({"model": "common", "models.commit": ("small", "small", "big")})
    assert models_for(settings, "commit") == ("small", "big")
    assert models_for(settings, "ask") == ("common",)
    assert models_for(build({}), "review") == ()
    settings = build({"model": named("common", []), "models.commit": (named("small", []),)})
    opened = [open_engine(settings, folders, job=job).backend for job in ("commit", "ask")]
    assert [backend.describe().name for backend in opened if backend] == ["small", "common"]


def test_the_answer_names_the_model_that_gave_it(jobs: OpenJobs, named: Named) -> None:
    """A whole job: the first model does not exist, the second answers, and is named by the answer."""
    told: list[object] = []
    order = ("nosuchmodel", named("small", ["See `add_to_cart` [1]."]))
    events = list(jobs({"models.ask": order}, aside=told.append).run("ask", {"question": "cart?"}))
    answered = events[-1]
    assert isinstance(answered, Answered) and answered.model == "small"
    notices = [each.text for each in told if isinstance(each, Notice)]
    assert len(notices) == 1 and notices[0].startswith("nosuchmodel cannot be had")


@pytest.mark.parametrize("model", ["ollama:m", "openai:m"])
def test_a_server_that_is_not_there(model: str, folders: Folders) -> None:
    """On this machine nothing needs to be allowed; a server that is away is an error that names it."""
    settings = build(
        {"model": model, "remote.ollama_url": "http://127.0.0.1:9", "remote.openai_url": "http://127.0.0.1:9/v1"}
    )
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        open_engine(settings, folders)


def test_an_unknown_kind_lists_the_known_forms(folders: Folders) -> None:
    """What can be written is said."""
    with pytest.raises(UsageError) as caught:
        open_engine(build({"model": "vllm:m"}), folders)
    assert "openai:NAME" in caught.value.hint and "ollama:NAME" in caught.value.hint


def test_the_key_is_that_of_whoever_asks(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """An OpenAI-compatible server is given the job's key; an Ollama is given none, and the process has no say."""
    monkeypatch.setenv("LOCALDEV_API_KEY", "of the process")
    given = []

    def opener(model: str, options: object) -> FakeBackend:
        given.append((model, options.remote.api_key, options.remote.url, options.remote.keep_alive))  # type: ignore[attr-defined]
        return FakeBackend([])

    contact = Contact({"LOCALDEV_API_KEY": "of the job"})
    for model in ("openai:m", "ollama:m"):
        settings = build({"model": model, "remote.keep_alive": "1h"})
        open_engine(settings, folders, opener=opener, contact=contact)
    assert given == [
        ("openai:m", "of the job", "http://127.0.0.1:8000/v1", "1h"),
        ("ollama:m", "", "http://127.0.0.1:11434", "1h"),
    ]
    assert "of the job" not in repr(contact)


def test_an_answer_is_never_said_to_be_another_models() -> None:
    """What the backend says of itself after an answer is what it was, though the model has gone meanwhile."""

    class Gone(FakeBackend):
        """Cannot say what it is once it was asked."""

        def describe(self) -> ModelInfo:
            """Say what it is, at first."""
            if self.requests:
                raise BackendError("gone")
            return super().describe()

    order = Order(big=Gone(["yes"], name="big"), small=scripted("small", "no"))
    backend = order.routed()
    assert backend.describe().name == "big"
    assert text_of(backend) == "yes" and backend.describe().name == "big" and order.told == []


def test_doctor_misses_a_model_of_any_job(folders: Folders) -> None:
    """A name in a list is looked for like the one model is, whichever job it is for."""
    settings = build({"model": "fake:x.json", "models.commit": ("openai:m", "nosuchmodel")})
    with pytest.raises(NotFound, match="nosuchmodel"):
        check_models(folders, settings)


def test_cancelling_ends_the_model_that_answers() -> None:
    """The stream of the model that was asked in the end is the one that is cancelled."""
    order = Order(big=BackendError("gone"), small=scripted("small", Reply(text="a" * 400, delay=0.01)))
    backend = order.routed()
    stream = backend.stream(ASKED)
    assert isinstance(next(stream), TextDelta) and backend.cancel(ASKED)
    last = list(stream)[-1]
    assert isinstance(last, Finished) and last.reason == "cancelled"
