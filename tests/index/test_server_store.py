"""A Chroma server as the store of vectors: the same answers, clear errors, and no silent substitute."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from localdev.core.errors import ConfigError, EgressRefused
from localdev.index import layout
from localdev.index.database import Damaged
from localdev.index.outbox import FLUSH_AT
from localdev.index.places import Place, checked_place, remove_all, servers
from localdev.index.repository import open_repository
from localdev.index.server import ServerVectors, StoreAway
from tests.index.chroma_server import answering, chroma_server, free_port, gate
from tests.index.contents import contents, query_index
from tests.index.sample import HashingEmbedder, write_files


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server."""
    with chroma_server(tmp_path_factory.mktemp("chroma")) as url:
        yield url


def collections(url: str) -> list[str]:
    """List what localdev keeps on a server."""
    return sorted(ServerVectors(url, "", create=None).collections("localdev-"))


def drop_snapshot(folder: Path) -> None:
    """Remove the snapshot, so that the store must be asked."""
    for path in folder.glob("index-*/vectors-*.bin"):
        path.unlink()


def test_vectors_come_back_as_they_went(url: str) -> None:
    """To the last bit, over several pages, with replaced and removed ones."""
    vectors = np.random.default_rng(3).standard_normal((4500, 16)).astype(np.float32)
    vectors[7] = 0
    store = ServerVectors(url, "localdev-test-1", create=True)
    store.upsert(range(1, 4501), vectors)
    store.upsert([3], vectors[:1])
    store.delete([9, 10, 99_999])
    assert store.count() == 4498
    again = ServerVectors(url, "localdev-test-1")
    ids, found = again.load()
    assert ids.tolist() == [number for number in range(1, 4501) if number not in (9, 10)]
    vectors[2] = vectors[0]
    assert np.array_equal(found, np.delete(vectors, [8, 9], axis=0))
    again.remove("localdev-test-1")
    again.remove("localdev-test-1")
    assert collections(url) == []


def test_the_same_answers_as_the_folder(root: Path, tmp_path: Path, url: str) -> None:
    """Whichever store it is, after a build, after changes, and with the snapshot made again from the store."""
    folders = [tmp_path / "index" / "shop", tmp_path / "other" / "shop"]
    places = [Place(), Place(url)]
    answers = []
    for folder, place in zip(folders, places, strict=True):
        with open_repository(root, folder, HashingEmbedder(), place=place) as repository:
            repository.refresh()
            answers.append(contents(repository))
    assert answers[0] == answers[1]
    assert len(collections(url)) == 1 and not list(folders[1].glob("index-*/chroma-*"))
    write_files(root, {"new.py": "def tax_total(cart):\n    return cart\n", "src/shop/cart.py": "VALUE = 1\n"})
    for number, (folder, place) in enumerate(zip(folders, places, strict=True)):
        embedder = HashingEmbedder()
        with open_repository(root, folder, embedder, place=place) as repository:
            repository.refresh()
            assert repository.flush() == ()
            drop_snapshot(folder)
            repository.close()
            answers[number] = contents(repository)
            assert embedder.texts < 40  # nothing but what changed, and the questions
    assert answers[0] == answers[1]
    remove_all(folders[1], url)
    assert collections(url) == []


def test_two_users_of_one_repository(root: Path, tmp_path: Path, url: str) -> None:
    """Each index has a collection of its own; what one removes does not touch the other."""
    folders = [tmp_path / "anna" / "shop", tmp_path / "ben" / "shop"]
    for folder in folders:
        with open_repository(root, folder, HashingEmbedder(), place=Place(url)) as repository:
            repository.refresh()
    assert len(collections(url)) == 2
    with open_repository(root, folders[0], HashingEmbedder(), place=Place(url)) as repository:
        expected = contents(repository)
        repository.refresh(rebuild=True)
    remove_all(folders[1], url)
    layout.wipe(folders[1])
    assert len(collections(url)) in (1, 2)  # the one before the rebuild goes with the next flush
    with open_repository(root, folders[0], HashingEmbedder(), place=Place(url)) as repository:
        (root / "more.py").write_text("x = 1\n")
        repository.refresh()
        repository.flush()
        (root / "more.py").unlink()
        repository.refresh()
        drop_snapshot(folders[0])
        assert contents(repository) == expected
    assert len(collections(url)) == 1
    remove_all(folders[0], url)


def test_a_server_that_is_away_is_an_error(root: Path, tmp_path: Path) -> None:
    """One line says what, one what to do, and no other store is made."""
    folder = tmp_path / "index" / "shop"
    place = Place(f"http://127.0.0.1:{free_port()}")
    with open_repository(root, folder, HashingEmbedder(), place=place) as repository:
        with pytest.raises(StoreAway, match=rf"the Chroma server at {place.url} cannot be used: Connection refused"):
            repository.refresh()
        assert not list(folder.rglob("chroma*"))


def test_searching_needs_no_server_and_says_when_it_does(root: Path, tmp_path: Path) -> None:
    """With the server gone what is indexed is found; what needs it fails, and goes on once it is back."""
    folder, port = tmp_path / "index" / "shop", free_port()
    place = Place(f"http://127.0.0.1:{port}")
    with (
        chroma_server(tmp_path / "chroma", port),
        open_repository(root, folder, HashingEmbedder(), place=place) as repository,
    ):
        repository.refresh()
        expected = contents(repository)
    with open_repository(root, folder, HashingEmbedder(), place=place) as repository:
        repository.refresh()
        assert contents(repository) == expected
        (root / "new.py").write_text("def fresh_total():\n    return 1\n")
        repository.refresh()
        assert [repository.chunks([hit.chunk_id])[hit.chunk_id].chunk.path for hit in repository.dense("fresh", 1)]
        with pytest.raises(StoreAway):
            repository.flush()
        drop_snapshot(folder)
        repository.close()
        with pytest.raises(StoreAway):
            repository.dense("fresh", 1)
        with chroma_server(tmp_path / "chroma", port):
            assert repository.dense("fresh", 1)
            assert repository.flush() == ()


def test_what_waits_keeps_nobody_from_searching(root: Path, tmp_path: Path) -> None:
    """With the server away and more vectors waiting than are worth a flush, only the command that flushes fails."""
    folder, port = tmp_path / "index" / "shop", free_port()
    place = Place(f"http://127.0.0.1:{port}")
    with (
        chroma_server(tmp_path / "chroma", port),
        open_repository(root, folder, HashingEmbedder(), place=place) as repository,
    ):
        repository.refresh()
    write_files(root, {f"many/{number}.txt": f"value {number}\n" for number in range(FLUSH_AT)})
    with open_repository(root, folder, HashingEmbedder(), place=place) as repository:
        (note,) = repository.refresh().notes
        assert "cannot be used" in note and "wait" in note
        assert query_index(folder, "SELECT count(*) FROM pending")[0][0] == FLUSH_AT
        (root / "one_more.py").write_text("def single_total():\n    return 1\n")
        (note,) = repository.refresh().notes
        assert repository.dense("single total", 1) and len(repository.paths()) == FLUSH_AT + 5
        with pytest.raises(StoreAway):
            repository.flush()
        with chroma_server(tmp_path / "chroma", port):
            assert repository.flush() == ()
        assert query_index(folder, "SELECT count(*) FROM pending")[0][0] == 0


@pytest.mark.parametrize("snapshot", [True, False])
def test_a_lost_folder_is_filled_from_the_snapshot(root: Path, tmp_path: Path, *, snapshot: bool) -> None:
    """Without embedding anything again, unless the snapshot is lost as well."""
    folder, embedder = tmp_path / "index" / "shop", HashingEmbedder()
    with open_repository(root, folder, embedder) as repository:
        chunks = repository.refresh().chunks
        expected, made = contents(repository), embedder.texts
        (store,) = folder.glob("index-*/chroma-*")
        shutil.rmtree(store)
        if not snapshot:
            drop_snapshot(folder)
        repository.close()
        (note,) = repository.refresh().notes
        assert note == "the vector store was made anew: the vector store is missing"
        assert embedder.texts - made == (0 if snapshot else chunks)
        drop_snapshot(folder)
        repository.close()
        assert contents(repository) == expected


def test_the_fallback_says_so_and_goes_back(root: Path, tmp_path: Path) -> None:
    """Configured, the folder stands in with a note; when the server is back the vectors move, unembedded."""
    folder, port = tmp_path / "index" / "shop", free_port()
    place = Place(f"http://127.0.0.1:{port}", fallback=True)
    embedder = HashingEmbedder()
    with open_repository(root, folder, embedder, place=place) as repository:
        (note,) = repository.refresh().notes
        assert "cannot be used" in note and "index.fallback" in note
        assert list(folder.glob("index-*/chroma-*"))
        expected, made = contents(repository), embedder.texts
        with chroma_server(tmp_path / "chroma", port) as url:
            (root / "new.py").write_text("def fresh_total():\n    return 1\n")
            repository.refresh()
            assert repository.flush() == (f"the vectors moved from this disk to {url}",)
            assert not list(folder.glob("index-*/chroma-*"))
            (root / "new.py").unlink()
            repository.refresh()
            repository.flush()
            drop_snapshot(folder)
            repository.close()
            assert contents(repository) == expected
        assert embedder.texts - made < 40
        with pytest.raises(StoreAway):
            open_repository(root, folder, embedder, place=Place(place.url)).refresh(rebuild=True)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b'"0.6.3"', 'speaks version "0.6.3"'),
        (404, b"{}", "is no Chroma server"),
        (200, b"<html>", "is no Chroma server"),
        (500, b'{"message": "out of\\n order"}', "it answers 500: out of order"),
        (401, b"", "refuses the token"),
    ],
)
def test_another_server(root: Path, tmp_path: Path, status: int, body: bytes, said: str) -> None:
    """Another version, another program, a failure, a refusal: told in one line, with what to do in another."""
    with answering(status, body) as url, pytest.raises(StoreAway) as caught:
        open_repository(root, tmp_path / "index" / "shop", HashingEmbedder(), place=Place(url)).refresh()
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert caught.value.hint and "\n" not in caught.value.hint


def test_the_token(root: Path, tmp_path: Path, url: str) -> None:
    """It goes with every request, and a wrong one is told."""
    folder = tmp_path / "index" / "shop"
    with gate(url, "s3cret") as guarded:
        with open_repository(root, folder, HashingEmbedder(), place=Place(guarded, "s3cret")) as repository:
            repository.refresh()
            assert len(repository.dense("total", 99)) == query_index(folder, "SELECT count(*) FROM chunks")[0][0]
        with pytest.raises(StoreAway, match="refuses the token"):
            ServerVectors(guarded, "", token="wrong", create=None)
        assert servers(folder) == [guarded]
        remove_all(folder, guarded, token="s3cret")
    assert collections(url) == []


@pytest.mark.parametrize("token", ["s3cr\u20act", "s3cret\nX-Other: 1", "s3\x00cret", "s3cret\x7f"])
def test_a_token_that_cannot_be_sent(token: str) -> None:
    """It is an error in the configuration, which does not show it."""
    with pytest.raises(ConfigError, match="LOCALDEV_STORE_TOKEN") as caught:
        checked_place("http://localhost", token=token)
    assert "s3" not in str(caught.value) + caught.value.hint and caught.value.hint


def test_a_token_is_not_shown() -> None:
    """Neither with a place nor where a server answers with it; what stands around it does not belong to it."""
    place = checked_place("http://localhost", token=" s3cret\n")
    assert place.token == "s3cret" and "s3cret" not in repr(place)
    body = b'{"message": "who is %s?"}' % place.token.encode()
    with answering(500, body) as url, pytest.raises(StoreAway, match=r"who is \(token\)\?"):
        ServerVectors(url, "", token=place.token, create=None)
    with answering(200, b'"s3cret"') as url, pytest.raises(StoreAway, match=r'version "\(token\)"'):
        ServerVectors(url, "", token=place.token, create=None)


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b"{}"), (200, b"[1]"), (200, b"{}"), (200, b"7"), (200, b'{"id": 3, "ids": [[]]}'), (200, b'[{"name": 3}]')],
)
def test_odd_answers(status: int, body: bytes, tmp_path: Path) -> None:
    """A server that can neither make nor list collections is none; what it says about one of them is damage."""
    with answering(status, body, version=b'"1.0.0"') as url:
        with pytest.raises(StoreAway):
            ServerVectors(url, "localdev-test-1", create=True)
        with pytest.raises(StoreAway):
            remove_all(tmp_path, url)
        with pytest.raises(Damaged):
            ServerVectors(url, "localdev-test-1")
        store = ServerVectors(url, "", create=None)
        with pytest.raises(Damaged):
            store.load()
        if body != b"7":
            with pytest.raises(Damaged):
                store.count()


def test_what_a_server_held_is_remembered(root: Path, tmp_path: Path) -> None:
    """When the folder stood in for it, and when the first build did not come to its end."""
    folder, port = tmp_path / "index" / "shop", free_port()
    place = Place(f"http://127.0.0.1:{port}", fallback=True)
    with chroma_server(tmp_path / "chroma", port), open_repository(root, folder, HashingEmbedder(), place=place) as one:
        one.refresh()
    with open_repository(root, folder, HashingEmbedder(), place=place) as repository:
        (root / "new.py").write_text("def fresh_total():\n    return 1\n")
        repository.refresh()
        assert "index.fallback" in repository.flush()[0]
    assert servers(folder) == [place.url]
    with chroma_server(tmp_path / "chroma", port):
        assert len(collections(place.url)) == 1
        (folder / "CURRENT").unlink()
        assert servers(folder) == [place.url]
        remove_all(folder, place.url)
        assert collections(place.url) == []


def test_a_lost_collection_is_made_anew(root: Path, tmp_path: Path, url: str) -> None:
    """Somebody removed it on the server: it is noted and made again."""
    folder = tmp_path / "index" / "shop"
    with open_repository(root, folder, HashingEmbedder(), place=Place(url)) as repository:
        repository.refresh()
        expected = contents(repository)
        remove_all(folder, url)
        drop_snapshot(folder)
        repository.close()
        (note,) = repository.flush()
        assert note.startswith("the vector store was made anew")
        assert contents(repository) == expected
    remove_all(folder, url)


@pytest.mark.parametrize(
    ("store", "url"),
    [
        ("embedded", ""),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost", "http://localhost:8000"),
        ("https://localhost/", "https://localhost:443"),
        ("http://[::1]:99", "http://[::1]:99"),
    ],
)
def test_what_may_be_configured(store: str, url: str) -> None:
    """The word, or an address on this machine."""
    assert checked_place(store).url == url


@pytest.mark.parametrize(
    "store", ["", "chroma", "ftp://localhost", "http://", "http://u:p@localhost", "http://localhost:x", "http://[::1"]
)
def test_what_is_no_address(store: str) -> None:
    """It is an error in the configuration."""
    with pytest.raises(ConfigError) as caught:
        checked_place(store)
    assert caught.value.hint


@pytest.mark.parametrize("store", ["http://chroma.example:8000", "http://10.0.0.3:8000", "http://0.0.0.0:8000"])
def test_another_machine_is_refused(store: str) -> None:
    """Before anything is looked up; a forwarded port is the way."""
    with pytest.raises(EgressRefused) as caught:
        checked_place(store)
    assert "ssh -L" in caught.value.hint
