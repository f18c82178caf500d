"""What names a repository of a hub, and choosing one model out of many."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.core.errors import BackendError, ConfigError, LocaldevError, NotFound, UsageError
from localdev.models.hub.listing import HubRepository, SeveralModels, choose, read_listing
from localdev.models.hub.sources import HubSource, checked_url, narrowed, read_source

HUB = "https://huggingface.co"
SHA = "a" * 64


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hf:Qwen/Qwen2.5-Coder-1.5B-GGUF", HubSource("Qwen/Qwen2.5-Coder-1.5B-GGUF")),
        ("HF:a/b", HubSource("a/b")),
        ("hf:a/b:Q4_K_M", HubSource("a/b", quant="Q4_K_M")),
        ("hf:a/b:UD-Q4_K_XL", HubSource("a/b", quant="UD-Q4_K_XL")),
        ("https://huggingface.co/a/b/tree/refs%2Fpr%2F1", HubSource("a/b", revision="refs/pr/1")),
        ("hf:a/b/sub/m.gguf", HubSource("a/b", file="sub/m.gguf")),
        (" https://huggingface.co/a/b ", HubSource("a/b")),
        ("https://hf.co/a/b/", HubSource("a/b")),
        ("https://huggingface.co/a/b/tree/main", HubSource("a/b", revision="main")),
        ("https://huggingface.co/a/b/tree/v1/sub", HubSource("a/b", revision="v1")),
        ("https://huggingface.co/a/b/blob/main/sub/m%20x.gguf", HubSource("a/b", "sub/m x.gguf", revision="main")),
        ("https://huggingface.co/a/b/resolve/main/m.gguf?download=true", HubSource("a/b", "m.gguf", revision="main")),
    ],
)
def test_sources(text: str, found: HubSource) -> None:
    """Each form says what it should."""
    assert read_source(text, HUB) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "a/b", "hf:", "hf:a", "hf:a/", "hf:/b", "hf:a/b:", "hf:a/b:Q4:K", "hf:a/b/c.gguf:Q4", "hf:../b", "hf:a/..",
        "hf:a/b/../c.gguf", "hf:a/b//c", "hf:a/b?x=1", "hf:a b/c", "hf:a/b#c", "hf:a/b/c\x1b.gguf", "hf:a/b\\c",
        "hf:-a/b", "hf:a/b.", "https://huggingface.co/", "https://huggingface.co/a", "https://huggingface.co/a/b/wiki/x",
        "https://huggingface.co/datasets/a/b", "https://huggingface.co/a/b/blob", "https://elsewhere.example/a/b",
        "https://huggingface.co:8443/a/b", "http://huggingface.co/a/b", "https://[::1/a/b", "ftp://huggingface.co/a/b",
        "https://huggingface.co/a/b/blob/main/%2e%2e/x.gguf", "hf:a/b:../x",
    ],
)  # fmt: skip
def test_what_is_no_source(text: str) -> None:
    """Each is refused before anything is sent, with what to write."""
    with pytest.raises(UsageError) as caught:
        read_source(text, HUB)
    assert caught.value.hint


def test_a_mirror_has_pages_of_its_own() -> None:
    """An address counts on the hub that is configured, below the path it lies at."""
    assert read_source("http://127.0.0.1:9/hf/a/b", "http://127.0.0.1:9/hf/") == HubSource("a/b")
    with pytest.raises(UsageError, match=r"remote\.hub_url"):
        read_source("https://huggingface.co/a/b", "http://127.0.0.1:9")


@pytest.mark.parametrize(
    "url",
    ["", "huggingface.co", "ftp://x", "https://u:secret@x", "https://x/?q=1", "https://x/#f", "https://x:0", "http://"],
)
def test_what_is_no_hub(url: str) -> None:
    """The setting is refused, and no password is shown."""
    with pytest.raises(ConfigError) as caught:
        checked_url(url)
    assert "secret" not in str(caught.value) + caught.value.hint


def test_options_narrow_a_source_and_do_not_contradict_it() -> None:
    """A file, a quantisation and a revision may be named apart, but not twice."""
    assert narrowed(HubSource("a/b"), "m.gguf", quant="", revision="v1") == HubSource("a/b", "m.gguf", revision="v1")
    for file, quant in (("x.gguf", ""), ("", "Q8_0"), ("../x.gguf", "")):
        with pytest.raises(UsageError):
            narrowed(HubSource("a/b", file="m.gguf"), file, quant=quant, revision="")


@given(st.text(max_size=60))
def test_any_text_is_a_source_or_refused(text: str) -> None:
    """Nothing else is raised, and what is read holds no way up and no address of its own."""
    for given_text in (text, f"hf:{text}", f"https://huggingface.co/{text}"):
        try:
            found = read_source(given_text, HUB)
        except LocaldevError:
            continue
        parts = [*found.repository.split("/"), *found.file.split("/")]
        assert ".." not in parts and len(found.repository.split("/")) == 2
        assert not set("?#\\:\n") & set(found.repository)


def listing(*paths: str, **changed: Any) -> dict[str, Any]:
    """Make an answer of the hub."""
    files = [{"rfilename": path, "size": 10, "blobId": "b" * 40, "lfs": {"size": 10, "sha256": SHA}} for path in paths]
    return {"sha": "c" * 40, "siblings": files, "cardData": {"license": "mit"}} | changed


def held(*paths: str) -> HubRepository:
    """Make a repository."""
    return read_listing(listing(*paths), "a/b")


MANY = held(
    "README.md", "m-Q4_K.gguf", "m-Q4_K_M.gguf", "m.Q8_0.gguf", "mmproj-f16.gguf", "imatrix.gguf", "m-iq4_xs.gguf",
    "big/m-bf16-00001-of-00002.gguf", "big/m-bf16-00002-of-00002.gguf", "config.json",
)  # fmt: skip


@pytest.mark.parametrize(
    ("quant", "paths"),
    [
        ("Q4_K", ["m-Q4_K.gguf"]),
        ("q4_k_m", ["m-Q4_K_M.gguf"]),
        ("Q8_0", ["m.Q8_0.gguf"]),
        ("IQ4_XS", ["m-iq4_xs.gguf"]),
        ("BF16", ["big/m-bf16-00001-of-00002.gguf", "big/m-bf16-00002-of-00002.gguf"]),
    ],
)
def test_a_quantisation_is_a_word_of_its_own(quant: str, paths: list[str]) -> None:
    """Q4_K does not mean Q4_K_M; a split model comes with all its parts in order."""
    assert [file.path for file in choose(MANY, HubSource("a/b", quant=quant)).files] == paths


def test_nothing_is_chosen_silently() -> None:
    """Several models are listed, without what is none; one alone is taken."""
    with pytest.raises(SeveralModels) as caught:
        choose(MANY, HubSource("a/b"))
    assert [model.path for model in caught.value.models] == sorted(
        ["m-Q4_K.gguf", "m-Q4_K_M.gguf", "m.Q8_0.gguf", "m-iq4_xs.gguf", "big/m-bf16-00001-of-00002.gguf"]
    )
    refusal = caught.value.refusal()
    assert refusal.exit_code == 2 and "--quant" in refusal.hint and str(refusal) == str(caught.value)
    assert choose(held("x.gguf", "mmproj-x.gguf"), HubSource("a/b")).path == "x.gguf"
    assert choose(MANY, HubSource("a/b", file="m-bf16-00002-of-00002.gguf")).size == 20


def test_what_cannot_be_chosen_says_what_can() -> None:
    """A wrong name is answered with the nearest ones, a quantisation with what is there."""
    with pytest.raises(NotFound) as caught:
        choose(MANY, HubSource("a/b", file="m-Q4_K_N.gguf"))
    assert "m-Q4_K_M.gguf" in caught.value.hint
    with pytest.raises(NotFound, match="Q5_0") as caught:
        choose(MANY, HubSource("a/b", quant="Q5_0"))
    assert "m.Q8_0.gguf" in caught.value.hint
    with pytest.raises(UsageError, match="no GGUF file"):
        choose(MANY, HubSource("a/b", file="config.json"))
    with pytest.raises(NotFound, match="holds no model"):
        choose(held("model.safetensors"), HubSource("a/b"))
    with pytest.raises(NotFound, match="part 1 of 3"):
        choose(held("m-00002-of-00003.gguf", "m-00003-of-00003.gguf"), HubSource("a/b"))


@pytest.mark.parametrize(
    "entry",
    [
        {"rfilename": "m.gguf", "size": 10},
        {"rfilename": "m.gguf", "size": -1, "blobId": "b" * 40},
        {"rfilename": "m.gguf", "size": True, "blobId": "b" * 40},
        {"rfilename": "m.gguf", "size": 10, "lfs": {"size": 10, "sha256": "b" * 63}},
        {"rfilename": "m.gguf", "size": 10, "blobId": "b" * 40, "lfs": {"size": 10}},
    ],
)
def test_nothing_is_fetched_that_cannot_be_checked(entry: dict[str, Any]) -> None:
    """A file without a size or a digest is refused; the id of an LFS pointer is no digest of the file."""
    with pytest.raises(BackendError, match="no size or no digest"):
        choose(read_listing(listing(siblings=[entry]), "a/b"), HubSource("a/b"))


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "x",
        {},
        {"sha": "c" * 40},
        {"siblings": []},
        listing(sha="main"),
        listing(sha=None),
        listing(siblings={}),
    ],
)
def test_what_is_no_listing(answer: Any) -> None:
    """An answer of another shape is an error, not a guess."""
    with pytest.raises(BackendError, match="names no commit or no files"):
        read_listing(answer, "a/b")


def test_names_that_lead_elsewhere_are_not_even_listed() -> None:
    """A repository's own names are as little trusted as anything else."""
    names = ("../up.gguf", "/etc/x.gguf", "a\\b.gguf", "C:x.gguf", "a\x1b[2J.gguf", "a//b.gguf", "./x.gguf", "ok.gguf")
    assert [model.path for model in held(*names).models] == ["ok.gguf"]


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ({"license": "apache-2.0"}, "apache-2.0"),
        ({"license": "other", "license_name": "qwen-research"}, "qwen-research"),
        ({"license": ["mit", "apache-2.0"]}, "mit, apache-2.0"),
        ({"license": "mit\x1b[31m\u202e\ud800"}, "mit[31m"),
        ({"license": 3}, ""),
        (None, ""),
        ("mit", ""),
    ],
)
def test_licences(card: Any, licence: str) -> None:
    """The licence is what the page names, empty where it names none."""
    assert read_listing(listing(cardData=card), "a/b").licence == licence


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "rfilename": _JSON | st.sampled_from(["m.gguf", "m-00001-of-00002.gguf", "x/m-00002-of-99999.gguf", ".gguf"]),
        "size": _JSON,
        "blobId": _JSON | st.just("b" * 40),
        "lfs": _JSON | st.fixed_dictionaries({"size": _JSON, "sha256": _JSON | st.just(SHA)}),
    },
)
_LISTINGS = st.fixed_dictionaries(
    {"sha": st.just("c" * 40), "siblings": st.lists(_ENTRIES | _JSON, max_size=6)},
    optional={"cardData": _JSON | st.fixed_dictionaries({"license": _JSON}), "gated": _JSON},
)


@given(_LISTINGS | _JSON)
def test_any_answer_is_a_listing_or_refused(answer: Any) -> None:
    """Whatever a hub answers: a model that can be fetched and checked, a choice, or an error of ours."""
    try:
        model = choose(read_listing(answer, "a/b"), HubSource("a/b"))
    except (LocaldevError, SeveralModels):
        return
    assert all(0 <= file.size < 1 << 62 and (file.sha256 or file.blob) for file in model.files)
    assert all(file.name.lower().endswith(".gguf") and "/" not in file.name for file in model.files)
