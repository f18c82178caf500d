"""An adapter for an answer: from the settings to the engine, with a path that means the same everywhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from localdev.app.adapters import NamedAdapters, Wish, add_adapter, listed, remove_adapter
from localdev.app.anywhere import anywhere
from localdev.app.engines import open_engine
from localdev.config.settings import build
from localdev.core.chat import ChatRequest, Message, Sampling
from localdev.core.errors import LocaldevError, ModelError, NotFound, UsageError
from localdev.core.events import Answered, Finished, Result, TextDelta
from localdev.core.folders import Folders
from localdev.core.ports import ChatBackend
from localdev.models.store import Adding, ModelStore
from tests.app.conftest import OpenJobs
from tests.backends import tiny_weights
from tests.backends.lora import write_adapter
from tests.models.conftest import pair

DATA = Path(__file__).parents[1] / "data"
TINY = DATA / "tiny.gguf"
QUESTION = ChatRequest((Message("user", "open: Open a file."),), sampling=Sampling(max_tokens=25))


def test_the_path_is_made_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path) -> None:
    """The service runs in another folder: what was meant where the command was typed is what it opens."""
    monkeypatch.chdir(tmp_path)

    def full(adapter: str) -> str:
        return anywhere(build({"ask.adapter": adapter})).ask.adapter

    assert full("a.gguf@0.5") == f"{tmp_path}/a.gguf@0.5"
    assert full("b@c/a.gguf@1") == f"{tmp_path}/b@c/a.gguf@1"
    assert full("~/a.gguf") == f"{home}/a.gguf"
    assert full("/x/a.gguf") == "/x/a.gguf"
    assert [full(name) for name in ("", "style", "style@0.5")] == ["", "style", "style@0.5"]
    assert anywhere(build({"complete.adapter": "a.gguf@2"})).complete.adapter == f"{tmp_path}/a.gguf@2"


def test_a_model_without_adapters_says_so(jobs: OpenJobs, script: Callable[[object], str]) -> None:
    """What was asked for is not passed over in silence."""
    with pytest.raises(UsageError, match="adapters"):
        list(jobs({"model": script(["x"]), "ask.adapter": "/x/a.gguf"}).run("ask", {"question": "cart?"}))


@pytest.mark.llama
def test_the_answer_is_the_adapters(jobs: OpenJobs, tmp_path: Path) -> None:
    """With the adapter a model answers other than without, and with a scale of 0 the same; a lost file is an error."""
    pytest.importorskip("llama_cpp")
    adapter = tmp_path / "style.gguf"
    write_adapter(adapter)

    def answer(chosen: str) -> str:
        values = {"model": str(TINY), "ask.max_tokens": 12, "ask.k": 1, "ask.adapter": chosen}
        events = jobs(values).run("ask", {"question": "cart?"})
        return next(event.answer for event in events if isinstance(event, Answered))

    plain = answer("")
    assert answer(f"{adapter}@4") != plain
    assert answer(f"{adapter}@0") == plain
    with pytest.raises(NotFound, match=r"none\.gguf"):
        answer(str(tmp_path / "none.gguf"))


@pytest.fixture
def store(folders: Folders) -> ModelStore:
    """Give the store, with the tiny model in it."""
    store = ModelStore(folders.models)
    store.add(TINY, Adding(mode="copy", name="tiny"))
    return store


@pytest.fixture
def add(folders: Folders, tmp_path: Path) -> Callable[..., object]:
    """Give a function that writes an adapter and stores it: `add("style", seed=1)`."""

    def write_and_add(name: str, *, base: str = "", **how: object) -> object:
        path = write_adapter(tmp_path / f"{name}.gguf", **how)  # type: ignore[arg-type]
        return add_adapter(Wish(path, base=base), build({}), folders)

    return write_and_add


@pytest.fixture
def model(store: ModelStore, folders: Folders) -> Iterator[ChatBackend]:
    """Open the stored model, as a job does."""
    pytest.importorskip("llama_cpp")
    backend = open_engine(build({"model": "tiny", "llama.threads": 1}), folders).backend
    assert isinstance(backend, NamedAdapters)
    yield backend
    backend.close()


def answer(model: ChatBackend, adapter: str) -> str:
    """Ask the question under an adapter."""
    events = model.stream(replace(QUESTION, adapter=adapter))
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.llama
def test_switching_by_name(model: ChatBackend, add: Callable[..., object], tmp_path: Path) -> None:
    """Each name and scale has an answer of its own, whatever was asked before, and it is that of the file."""
    add("style", seed=0)
    add("terse", seed=1)
    asked = ("", "style", "terse", "style@0.5", "", "style", "style@0", "terse@1")
    found = [answer(model, name) for name in asked]
    base, style, terse, half = found[:4]
    assert len({base, style, terse, half}) == 4
    assert found == [base, style, terse, half, base, style, base, terse]
    assert answer(model, f"{tmp_path / 'style.gguf'}@0.5") == half


@pytest.mark.llama
def test_removed_changed_and_unknown(
    model: ChatBackend, add: Callable[..., object], folders: Folders, store: ModelStore
) -> None:
    """An adapter that is gone, or was changed by a byte, is an error also while its model holds it; others go on."""
    add("style", seed=0)
    add("terse", seed=1)
    with pytest.raises(NotFound, match=r"no adapter named 'nope'; those that fit tiny: style, terse$"):
        answer(model, "nope")
    for scale in ("nan", "much", "101"):
        with pytest.raises(UsageError, match="the adapter's scale"):
            answer(model, f"style@{scale}")
    style, terse = answer(model, "style"), answer(model, "terse")
    remove_adapter("style", folders)
    with pytest.raises(NotFound, match="no adapter named 'style'; those that fit tiny: terse"):
        answer(model, "style")
    file = store.find("terse", "adapter").file
    times = file.stat()
    with file.open("r+b") as changed:
        changed.seek(-1, os.SEEK_END)
        changed.write(b"\x55")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ModelError, match="the stored adapter terse was changed"):
        answer(model, "terse")
    assert answer(model, "") not in (style, terse)


@pytest.mark.llama
def test_an_adapter_of_another_model(model: ChatBackend, folders: Folders, tmp_path: Path, store: ModelStore) -> None:
    """One that fits another stored model alone is refused with tensor and shapes, and is not offered."""
    store.add(tiny_weights.write_wide(tmp_path / "wide.gguf"))
    path = write_adapter(tmp_path / "broad.gguf", width=256)
    assert add_adapter(Wish(path), build({}), folders).fits == ("wide",)
    with pytest.raises(
        ModelError, match=r"broad does not fit tiny: .*attn_q.* 256 x 256, the model's is 128 x 128"
    ) as no:
        answer(model, "broad")
    assert no.value.hint == "it fits: wide"
    with pytest.raises(NotFound, match="those that fit tiny: none; 1 more fit other models"):
        answer(model, "nope")
    with pytest.raises(
        ModelError, match=r"broad\.gguf does not fit tiny: .* 256 x 256, the model's is 128 x 128$"
    ) as no:
        answer(model, f"{path}@0.5")
    assert "--model" in no.value.hint
    write_adapter(path)  # another file of the same name
    assert answer(model, str(path)) != answer(model, "")
    store.remove("wide")
    assert [adapter.fits for adapter in listed(folders)] == [()]


@pytest.mark.llama
def test_cancelled_under_an_adapter(model: ChatBackend, add: Callable[..., object]) -> None:
    """A request is cancelled by what its sender holds, although the engine was sent another one."""
    add("style", seed=0)
    request = replace(QUESTION, adapter="style", sampling=Sampling(max_tokens=2000), grammar="root ::= [a-z] root")
    stream = model.stream(request)
    assert not model.cancel(request)
    next(stream)
    assert model.cancel(request)
    *_, last = stream
    assert isinstance(last, Finished) and last.reason == "cancelled"
    assert not model.cancel(request) and not model.cancel()


@pytest.mark.llama
def test_completions_and_ask(jobs: OpenJobs, store: ModelStore, add: Callable[..., object]) -> None:
    """Both jobs take an adapter by its name."""
    pytest.importorskip("llama_cpp")
    add("style", seed=0)

    def said(job: str, adapter: str) -> object:
        values = {
            "model": "tiny",
            "ask.max_tokens": 12,
            "ask.k": 1,
            "complete.max_tokens": 12,
            f"{job}.adapter": adapter,
        }
        options = {"question": "cart?"} if job == "ask" else {"prefix": "def add(", "suffix": ""}
        last = list(jobs(values).run(job, options))
        return [event.payload["completion"] for event in last if isinstance(event, Result)] or [
            event.answer for event in last if isinstance(event, Answered)
        ]

    for job in ("ask", "complete"):
        plain = said(job, "")
        assert said(job, "style@3") != plain == said(job, "style@0")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"width": 64}, r"tiny: it is for blk\.0\.attn_q\.weight of shape 64 x 64, the model's is 128 x 128"),
        ({"architecture": "gemma"}, "tiny: it is for models of the architecture gemma, not llama"),
        ({"layers": (0, 77)}, r"tiny: it adapts blk\.77\.attn_q\.weight"),
        ({"kind": "model"}, "is a model, not an adapter"),
    ],
)
def test_not_stored(
    change: dict[str, object], said: str, store: ModelStore, add: Callable[..., object], folders: Folders
) -> None:
    """What fits none of the stored models is refused with each one's reason, and nothing is kept."""
    for base in ("", "tiny"):
        with pytest.raises(ModelError, match=said if not base else said.removeprefix("tiny: ")):
            add("wrong", base=base, **change)
    assert listed(folders) == []


def test_a_base_that_is_not_stored(folders: Folders, tmp_path: Path, add: Callable[..., object]) -> None:
    """Without any model an adapter is refused; against the file of one it is held, and fits when that is stored."""
    with pytest.raises(UsageError, match="no model is stored") as caught:
        add("style")
    assert "--base" in caught.value.hint
    add("style", base=str(TINY))
    assert [each.fits for each in listed(folders)] == [()]
    store = ModelStore(folders.models)
    store.add(TINY, Adding(mode="copy", name="tiny"))
    assert [each.fits for each in listed(folders)] == [("tiny",)]
    damaged = store.find("tiny").file
    os.truncate(damaged, 3000)  # what is known by digests needs no look at the file
    assert [each.fits for each in listed(folders)] == [("tiny",)]


def test_other_forms_are_named(store: ModelStore, folders: Folders, tmp_path: Path) -> None:
    """An adapter as training leaves it, a model and a file that was cut are refused with what to do."""
    peft = tmp_path / "peft"
    peft.mkdir()
    header = b'{"base_model.model.q.lora_A.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    (peft / "adapter_model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    (peft / "adapter_config.json").write_text("{}")
    for path in (peft, peft / "adapter_model.safetensors"):
        with pytest.raises(ModelError) as caught:
            add_adapter(Wish(path), build({}), folders)
        assert "convert_lora_to_gguf.py" in caught.value.hint, path
    with pytest.raises(ModelError, match="is a model, not an adapter"):
        add_adapter(Wish(TINY), build({}), folders)
    with pytest.raises(ModelError, match="holds no model but: adapter"):
        store.add(write_adapter(tmp_path / "style.gguf"))
    os.truncate(tmp_path / "style.gguf", 3000)
    with pytest.raises(ModelError, match="truncated"):
        add_adapter(Wish(tmp_path / "style.gguf"), build({}), folders)
    assert listed(folders) == []


@pytest.mark.llama
def test_paths_are_checked(model: ChatBackend, store: ModelStore, folders: Folders, tmp_path: Path) -> None:
    """By its path an adapter is read before the engine sees it, and is refused where a passport is required."""
    path = write_adapter(tmp_path / "style.gguf")
    plain, style = answer(model, ""), answer(model, str(path))
    assert style != plain
    shutil.copyfile(TINY, tmp_path / "model.gguf")
    with pytest.raises(ModelError, match="is a model, not an adapter"):
        answer(model, str(tmp_path / "model.gguf"))
    strict = build({"model": "tiny", "llama.threads": 1, "policy.require_passport": True})
    backend = open_engine(strict, folders).backend
    assert backend is not None
    try:
        with pytest.raises(ModelError, match=r"policy\.require_passport refuses adapters without one") as caught:
            answer(backend, str(path))
        assert "models adapters add" in caught.value.hint
        passport = add_adapter(Wish(path), strict, folders).passport
        assert answer(backend, "style") == answer(backend, str(passport.file)) == style
    finally:
        backend.close()


def test_what_it_says_it_was_made_for(store: ModelStore, folders: Folders, tmp_path: Path) -> None:
    """Where no model it fits is called so, the doubt is said; the passport keeps the words."""
    from tests.models.test_lora import LORA, TENSORS, adapter, alpha

    for name, said, doubtful in (("a", "Qwen/Qwen9-Coder", True), ("b", "localdev tiny test model", False)):
        pairs = [*LORA, alpha(1), pair("general.base_model.0.name", said)]
        path = adapter(tmp_path / f"{name}.gguf", pairs, TENSORS)
        added = add_adapter(Wish(path), build({}), folders)
        assert (added.passport.base, added.doubtful, added.fits) == (said, doubtful, ("tiny",))


def test_names_are_taken_once(store: ModelStore, add: Callable[..., object]) -> None:
    """Neither two adapters share a name, nor an adapter and a model: commands find both by it."""
    add("style", seed=0)
    with pytest.raises(LocaldevError, match="another adapter is named 'style'"):
        add("style", seed=1)
    with pytest.raises(LocaldevError, match="another model is named 'tiny'"):
        add("tiny", seed=2)
