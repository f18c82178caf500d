"""Fetching a file from a hub that behaves, and from one that does not. Real HTTP on loopback."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from localdev.core.errors import BackendError, EgressRefused, EnvironmentFault, LocaldevError, ModelError, NotFound
from localdev.core.events import Progress
from localdev.models.hub.client import HubClient, Origin, Waits, patiently
from localdev.models.hub.download import Told, Wanted, fetch
from localdev.models.hub.faults import Asked, Passing, wait_of
from localdev.models.hub.listing import HubRepository, read_listing
from tests.models.hub_replay import NAME, Hub, Play, Repository, chunked, cut, sent, serving, status, to, whole

# Larger than the pieces in which it is read, so that what is cut leaves something.
DATA = b"GGUF" + hashlib.shake_128(b"weights").digest(900_000)
FILE = "m.gguf"
QUICK = Waits(connect=2.0, gap=0.5, pause=0.01, tries=3, longest=5.0)


@dataclass
class Pull:
    """A hub, a client of it, and what was told."""

    hub: Hub
    client: HubClient
    path: Path
    told: list[str] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)

    def look(self) -> HubRepository:
        """Ask what there is."""
        return read_listing(self.client.answer(f"/api/models/{NAME}?blobs=true", Asked(NAME)), NAME)

    def fetch(self, file: str = FILE, look: Callable[[Path, int], bool] | None = None) -> int:
        """Fetch a file."""
        repository = self.look()
        (found,) = [each for model in repository.models for each in model.files if each.path == file]
        told = Told(self.progress.append, self.told.append, look)
        return fetch(self.client, Wanted(NAME, repository.commit, found), self.path, told)


def everywhere(_to: Origin, _sent_by: Origin | None) -> AbstractContextManager[None]:
    """Let everything through: all of it is on loopback here."""
    return contextlib.nullcontext()


@pytest.fixture
def pull(tmp_path: Path) -> Iterator[Pull]:
    """Serve one file, and be ready to fetch it."""
    with serving(Repository({FILE: DATA})) as hub:
        client = HubClient(hub.url, everywhere, waits=QUICK)
        yield Pull(hub, client, tmp_path / FILE)
        client.close()


def test_a_whole_file(pull: Pull) -> None:
    """It comes by way of the storage, at the commit that was read, uncompressed, and progress counts its bytes."""
    assert pull.fetch() == len(DATA)
    assert pull.path.read_bytes() == DATA
    assert pull.progress[-1] == Progress("pulling", len(DATA), len(DATA), "bytes")
    assert [each.server for each in pull.hub.seen] == ["hub", "hub", "cdn"]
    assert f"/resolve/{'0123456789abcdef' * 2}01234567/" in pull.hub.seen[1].path
    assert all(each.headers["accept-encoding"] == "identity" for each in pull.hub.seen)
    assert not any("cookie" in each.headers or "authorization" in each.headers for each in pull.hub.seen)


def test_a_small_file_has_gits_digest(pull: Pull) -> None:
    """A file that is kept in git comes from the hub itself and is compared with git's id."""
    pull.hub.repositories[NAME].small = frozenset({FILE})
    assert pull.fetch() == len(DATA)
    assert pull.path.read_bytes() == DATA and not pull.hub.of("cdn")
    pull.path.unlink()
    pull.hub.resolve.append(sent(lambda data: data[:-1] + b"?"))
    with pytest.raises(ModelError, match="another digest"):
        pull.fetch()
    assert not pull.path.exists()


def test_what_is_there_is_gone_on_with(pull: Pull) -> None:
    """Only what is missing is asked for, and progress begins with what is there."""
    pull.path.write_bytes(DATA[:500_000])
    assert pull.fetch() == len(DATA) - 500_000
    assert pull.path.read_bytes() == DATA
    assert pull.hub.ranges() == ["bytes=500000-"]
    assert min(each.done for each in pull.progress if each.stage == "pulling") > 500_000


def test_a_file_that_is_all_there_is_only_checked(pull: Pull) -> None:
    """Nothing is asked of the storage for a whole file, and a whole wrong one is removed."""
    pull.path.write_bytes(DATA)
    assert pull.fetch() == 0 and not pull.hub.of("cdn")
    pull.path.write_bytes(bytes(len(DATA)))
    with pytest.raises(ModelError, match="another digest"):
        pull.fetch()
    assert not pull.path.exists()


def test_more_than_the_file_has_is_none_of_it(pull: Pull) -> None:
    """A left file that is too long is fetched anew."""
    pull.path.write_bytes(DATA + b"x")
    assert pull.fetch() == len(DATA) and pull.hub.ranges() == [""]


def test_dropped_connections_are_gone_on_with(pull: Pull) -> None:
    """Each try goes on where the last one stopped, by way of the hub, whose addresses of the storage run out."""
    pull.hub.cdn += [cut(300_000), cut(300_000)]
    pull.fetch()
    assert pull.path.read_bytes() == DATA
    first, second, third = pull.hub.ranges()
    assert first == "" and 0 < int(second[6:-1]) <= 300_000 < int(third[6:-1]) <= 600_000
    assert len(pull.hub.of("hub")) == 1 + 3
    assert any("trying again" in each for each in pull.told)


def test_tries_count_anew_after_progress_and_end(pull: Pull) -> None:
    """A connection that drops often but gets on is followed to the end; one that does not is given up."""
    pull.hub.cdn += [cut(100_000) for _ in range(8)]
    pull.fetch()
    assert pull.path.read_bytes() == DATA
    pull.path.unlink()
    pull.hub.cdn += [cut(100) for _ in range(4)]
    with pytest.raises(BackendError, match="broke off") as caught:
        pull.fetch()
    assert "goes on" in caught.value.hint
    assert pull.path.read_bytes() == DATA[:400], "what came stays for the next time"


def test_a_server_that_begins_anew_each_time_is_given_up(pull: Pull) -> None:
    """One that sends no parts and never gets to the end is not asked for ever, however much it sends."""
    pull.hub.cdn += [cut_whole for _ in range(20)]
    with pytest.raises(BackendError, match="broke off"):
        pull.fetch()
    assert len(pull.hub.of("cdn")) == 1 + QUICK.tries


def cut_whole(handler: Any, data: bytes, _offset: int) -> None:
    """Send the file from its start, whatever part was asked for, and hang up in its middle."""
    handler.reply(200, data, {}, cut=200_000)


@pytest.mark.parametrize(("code", "headers"), [(503, {}), (500, {}), (429, {"retry-after": "0"}), (408, {}), (502, {})])
def test_passing_trouble_is_waited_out(pull: Pull, code: int, headers: dict[str, str]) -> None:
    """Overload of either server is tried again."""
    pull.hub.resolve.append(status(code, headers))
    pull.hub.cdn.append(status(code, headers))
    pull.fetch()
    assert pull.path.read_bytes() == DATA


def test_a_server_is_waited_for_as_long_as_it_asks(pull: Pull) -> None:
    """`Retry-After` and the hub's `RateLimit` are kept; one that asks for too long is not waited for."""
    pull.hub.resolve.append(status(429, {"ratelimit": '"resolvers";r=0;t=1'}))
    started = time.monotonic()
    pull.fetch()
    assert time.monotonic() - started >= 1.0 and any("in 1 s" in each for each in pull.told)
    pull.path.unlink()
    pull.hub.resolve.append(status(429, {"retry-after": "3600"}))
    with pytest.raises(BackendError, match="429") as caught:
        pull.fetch()
    assert "3600 s" in caught.value.hint


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"ratelimit": '"api";r=0;t=55'}, 55.0),
        ({"ratelimit": "x"}, None),
        ({"retry-after": "9" * 5000}, float("inf")),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 +99999999999999999999"}, None),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, a date, or the hub's own header."""
    assert wait_of(headers) == seconds


def test_a_silent_server_is_given_up(pull: Pull) -> None:
    """A server that sends nothing for too long is asked again, and then given up."""
    pull.hub.cdn += [lambda _handler, _data, _offset: time.sleep(0.8) for _ in range(4)]
    with pytest.raises(LocaldevError, match="did not answer in time") as caught:
        pull.fetch()
    assert "remote.gap_seconds" in caught.value.hint


def test_a_server_without_parts_is_said_and_begun_anew(pull: Pull) -> None:
    """A server that ignores `Range` sends all of it: nothing is put together wrongly."""
    pull.path.write_bytes(DATA[:500_000])
    pull.hub.cdn.append(whole())
    assert pull.fetch() == len(DATA)
    assert pull.path.read_bytes() == DATA
    assert any("from its start" in each for each in pull.told)


def test_a_part_that_the_server_does_not_know_is_begun_anew_once(pull: Pull) -> None:
    """416 gives up what is there; a server that goes on so is refused."""
    pull.path.write_bytes(DATA[:500_000])
    pull.hub.cdn.append(status(416))
    assert pull.fetch() == len(DATA)
    pull.path.write_bytes(DATA[:500_000])
    pull.hub.cdn += [status(416), cut(100), status(416)]
    with pytest.raises(BackendError, match="refuses every part"):
        pull.fetch()


SWAPPED = DATA[:-1] + bytes([DATA[-1] ^ 1])
WRONG: list[tuple[str, Play, str]] = [
    ("another file", sent(lambda _: SWAPPED), "another digest"),
    ("a page", sent(lambda _: b"<!DOCTYPE html>", {"content-type": "text/html; charset=utf-8"}), "HTML"),
    ("a page called a file", chunked(lambda _: b"<!DOCTYPE html>" * 9), "something other than a GGUF file"),
    ("compressed", sent(gzip.compress, {"content-encoding": "gzip"}), r"compressed \(gzip\)"),
    ("a wrong length", sent(lambda data: data, {"content-length": "77"}), "77 bytes to come"),
    ("longer", chunked(lambda data: data + b"x"), "more than the"),
    ("another part", sent(lambda data: data, {"content-range": "bytes 7-900003/900004"}, 206), "another part"),
    (
        "a part of endless numbers",
        sent(lambda data: data, {"content-range": f"bytes {'0' * 5000}-9/9"}, 206),
        "another part",
    ),
    ("no part said", sent(lambda data: data, code=206), "another part"),
    ("a part of another size", sent(lambda data: data, {"content-range": "bytes 0-9/10"}, 206), "another part"),
    ("forbidden", status(403, {}, b"<Error>AccessDenied</Error>"), r"refuses m.gguf of owner/model \(403"),
    ("gone", status(404), r"refuses .* \(404"),
    ("odd", status(418), r"\(418"),
]


@pytest.mark.parametrize(("play", "what"), [pytest.param(play, what, id=name) for name, play, what in WRONG])
def test_what_is_not_the_file_is_refused(pull: Pull, play: Play, what: str) -> None:
    """Each lie of the storage is an error that says it, and nothing wrong is left behind."""
    pull.hub.cdn.append(play)
    with pytest.raises(LocaldevError, match=what) as caught:
        pull.fetch()
    assert caught.value.hint and caught.value.exit_code == 4
    assert not pull.path.exists() or DATA.startswith(pull.path.read_bytes())
    assert len(pull.hub.of("cdn")) == 1, "another try would not change it"


def test_a_body_that_ends_early_is_asked_for_again(pull: Pull) -> None:
    """An answer of no said length that ends too early is taken for a dropped connection."""
    pull.hub.cdn.append(chunked(lambda data: data[:1000]))
    pull.fetch()
    assert pull.path.read_bytes() == DATA and pull.hub.ranges() == ["", "bytes=1000-"]


@pytest.mark.parametrize(
    ("header", "value"),
    [("x-repo-commit", "f" * 40), ("x-linked-etag", '"' + "0" * 64 + '"'), ("x-linked-size", "5")],
)
def test_a_hub_that_names_another_file_by_now(pull: Pull, header: str, value: str) -> None:
    """What the hub says when the file is asked for must be what it said at first."""
    pull.hub.resolve.append(status(302, {"location": f"{pull.hub.cdn_url}/{NAME}/{FILE}", header: value}))
    with pytest.raises(BackendError, match="names another file now"):
        pull.fetch()
    assert not pull.path.exists()


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "",
        "http://u:p@127.0.0.1/x",
        "javascript:0",
        "http://[::1/",
        "https://127.0.0.1:0/x",
    ],
)
def test_redirects_to_what_is_no_server(pull: Pull, location: str) -> None:
    """Only http and https addresses are followed, none with a password in it."""
    pull.hub.resolve.append(to(location))
    with pytest.raises(EgressRefused, match="no address of a server"):
        pull.fetch()


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://xn--zzzzzz-.example/x", "xn--zzzzzz-.example"),
        ("https://fa\u00df.example/x", "xn--fa-hia.example"),
        ("https://Cdn.Example/x", "cdn.example"),
        ("https://[::1]:8443/x", "::1"),
    ],
)
def test_the_gate_is_asked_for_the_host_that_is_connected_to(pull: Pull, location: str, host: str) -> None:
    """It is the name as a name server gets it, which may be one that nobody could read."""
    asked: list[Origin] = []

    def only_loopback(origin: Origin, _sent_by: Origin | None) -> AbstractContextManager[None]:
        asked.append(origin)
        if origin.scheme == "https":
            raise EgressRefused("no")
        return contextlib.nullcontext()

    client = HubClient(pull.hub.url, only_loopback, waits=QUICK)
    pull.hub.api.append(to(location))
    with pytest.raises(EgressRefused), client.opened(f"/api/models/{NAME}", Asked(NAME)):
        pass
    client.close()
    assert asked[-1].host == host


def test_redirects_end(pull: Pull) -> None:
    """A circle is left."""
    pull.hub.resolve += [to("?again") for _ in range(20)]
    with pytest.raises(BackendError, match="in circles"):
        pull.fetch()


def test_a_renamed_repository_is_followed(pull: Pull) -> None:
    """A relative redirect of the listing stays on the hub."""
    pull.hub.api.append(to(f"/api/models/{NAME}?blobs=true"))
    assert pull.look().models[0].path == FILE


def test_the_token_goes_to_the_hub_alone(pull: Pull, tmp_path: Path) -> None:
    """The storage, at another port, never sees it; a relative redirect does not lose it."""
    repository = pull.hub.repositories[NAME]
    repository.gated, repository.token = "manual", "hf_secret"
    client = HubClient(pull.hub.url, everywhere, token=" hf_secret\n", waits=QUICK)
    with_token = Pull(pull.hub, client, tmp_path / "other.gguf")
    pull.hub.api.append(to(f"/api/models/{NAME}"))
    with_token.fetch()
    client.close()
    assert [each.headers.get("authorization") for each in pull.hub.of("hub")] == ["Bearer hf_secret"] * 3
    assert len(pull.hub.of("cdn")) == 1
    assert not any("hf_secret" in str(each) for each in pull.hub.of("cdn"))


def test_a_gated_model_says_how_to_be_let_in(pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's licence and our own variable are named, and that another program's is not read."""
    pull.hub.repositories[NAME].gated = "auto"
    monkeypatch.setenv("HF_TOKEN", "hf_of_another_program")
    with pytest.raises(EnvironmentFault, match="only for those whom its owner lets in") as caught:
        pull.fetch()
    assert all(word in caught.value.hint for word in ("accept the licence", "LOCALDEV_HUB_TOKEN", "HF_TOKEN is"))
    assert not any("hf_of_another_program" in str(each) for each in pull.hub.seen)


@pytest.mark.parametrize(
    ("path", "what"),
    [("/api/models/no/such", "knows no repository"), (f"/api/models/{NAME}/revision/v9", "no such revision")],
)
def test_what_the_hub_does_not_have(pull: Pull, path: str, what: str) -> None:
    """A repository and a revision that are not there are told apart."""
    with pytest.raises(NotFound, match=what) as caught:
        pull.client.answer(path, Asked("no/such"))
    assert caught.value.hint


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000, b'{"sha":'], ids=["none", "page", "bytes", "deep", "cut"]
)
def test_what_is_no_listing(pull: Pull, body: bytes) -> None:
    """Something other than JSON is said to be that."""
    pull.hub.api.append(status(200, {}, body))
    with pytest.raises(BackendError, match="other than JSON"):
        pull.look()


def test_a_listing_without_an_end(pull: Pull) -> None:
    """More than a listing can have is not read: what is read takes many times as much memory."""
    pull.hub.api.append(status(200, {}, b"[" + b"{}," * (6 << 20)))
    with pytest.raises(BackendError, match="without an end"):
        pull.look()


def test_what_a_refusal_says_is_read_with_care(pull: Pull) -> None:
    """An error that is nested without an end is an error all the same."""
    pull.hub.api.append(status(403, {}, b"[" * 16_000))
    with pytest.raises(EnvironmentFault, match=r"lets in \(403\)"):
        pull.look()


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that is not there is said to be that; a proxy of the environment is not used, which is said too."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    client = HubClient("http://127.0.0.1:1", everywhere, waits=QUICK)
    with pytest.raises(Passing) as caught:
        client.answer("/api/models/a/b", Asked("a/b"))
    assert "no connection to 127.0.0.1:1" in str(caught.value)
    assert "HTTPS_PROXY is set, but no proxy is used" in caught.value.error.hint


def test_the_gate_is_asked_before_anything_is_sent(pull: Pull) -> None:
    """Each origin is asked for with who sent us there; one that is refused is never connected to."""
    asked: list[tuple[str, str]] = []

    def gate(to: Origin, sent_by: Origin | None) -> AbstractContextManager[None]:
        asked.append((str(to), str(sent_by)))
        if sent_by is not None:
            raise EgressRefused("no", "no")
        return contextlib.nullcontext()

    closed = Pull(pull.hub, HubClient(pull.hub.url, gate, waits=QUICK), pull.path)
    with pytest.raises(EgressRefused):
        closed.fetch()
    hub, storage = (url.removeprefix("http://") for url in (pull.hub.url, pull.hub.cdn_url))
    assert asked == [(hub, "None"), (hub, "None"), (storage, hub)]
    assert not pull.hub.of("cdn")


def test_the_head_is_shown_early_and_can_be_refused(pull: Pull) -> None:
    """Whoever looks sees ever more until it has seen enough; an error of its own ends the download."""
    seen: list[int] = []

    def look(path: Path, have: int) -> bool:
        assert path.stat().st_size == have
        seen.append(have)
        return have > 600_000

    pull.hub.rate = 4e6  # so that it comes in pieces
    pull.fetch(look=look)
    assert len(seen) == 1 or seen[-1] > 600_000
    assert seen[0] < len(DATA)

    def refuse(_path: Path, _have: int) -> bool:
        raise ModelError("hostile", "no")

    pull.path.unlink()
    with pytest.raises(ModelError, match="hostile"):
        pull.fetch(look=refuse)
    assert not pull.path.exists() and pull.progress[-1].done < len(DATA)


def test_patience_gives_the_last_error() -> None:
    """After so many tries without progress the trouble itself is raised."""
    tries: list[int] = []

    def action() -> None:
        tries.append(1)
        raise Passing(BackendError(f"try {len(tries)}", "hint"))

    with pytest.raises(BackendError, match="try 4"):
        patiently(action, QUICK, lambda _text: None, got=lambda: 0)
