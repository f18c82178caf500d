"""Pulling from a hub into the store, and by an Ollama: who may be connected to, and what an interrupted pull leaves."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from localdev.app.pulling import Fetched, HubPull, _refuse_too_large, _rounded_up, vets_head
from localdev.app.pulling_left import unfinished
from localdev.app.pulling_ways import Gate
from localdev.app.remote import Contact
from localdev.audit.journal import FileJournal
from localdev.config.settings import Settings, build
from localdev.core.errors import (
    Busy,
    DiskFull,
    EgressRefused,
    LocaldevError,
    ModelError,
    StorageError,
    Unreachable,
    UsageError,
)
from localdev.core.events import Notice, Progress
from localdev.core.folders import Folders
from localdev.models.hub.client import Origin
from localdev.models.hub.listing import choose
from localdev.models.hub.sources import read_source
from localdev.models.store import Adding, ModelStore
from tests.backends.openai_server import free_port
from tests.backends.tiny_weights import write_split
from tests.models.conftest import gguf, pair, tensor
from tests.models.hub_replay import COMMIT, NAME, Hub, Repository, cut, sent, serving, status, whole

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
DATA = TINY.read_bytes()
linux = pytest.mark.skipif(sys.platform != "linux", reason="0.0.0.0 is this machine on Linux only")
Journal = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Serve the tiny model under a plain name."""
    with serving(Repository({"README.md": b"# Tiny", "tiny-F32.gguf": DATA}, small=frozenset({"README.md"}))) as found:
        yield found


def contact(folders: Folders, told: list[str] | None = None) -> Contact:
    """Give someone who is told, and a journal."""

    def tell(notice: Notice) -> None:
        if told is not None:
            told.append(notice.text)

    return Contact({}, tell, FileJournal(folders.journal))


def pulled(
    hub: Hub,
    folders: Folders,
    text: str = f"hf:{NAME}",
    *,
    told: list[str] | None = None,
    progress: Callable[[Progress], None] = lambda _progress: None,
    **adding: Any,
) -> Fetched:
    """Pull as the command does."""
    settings = build({"remote.hub_url": hub.url})
    with contextlib.closing(
        HubPull(read_source(text, hub.url), settings, folders, contact=contact(folders, told), token="")
    ) as pull:
        repository = pull.look()
        model = choose(repository, pull.source)
        pull.stored(model, adding.get("name", ""))
        with pull.prepared(repository, model, adding.get("name", "")) as prepared:
            return prepared.fetch(Adding(**adding), progress)


def left(folders: Folders) -> list[Path]:
    """List what is on its way, in full paths."""
    return list((folders.models / "staging").glob("*/parts/*"))


def stored(folders: Folders) -> list[str]:
    """List the models that are there."""
    return [each.name for each in ModelStore(folders.models).list()]


def test_a_pulled_model_knows_where_it_came_from(hub: Hub, folders: Folders, journal: Journal) -> None:
    """The passport holds repository, file, commit and licence; nothing is left beside the store; a line is written."""
    passport = pulled(hub, folders).passport
    assert (passport.name, passport.licence, passport.mode) == ("tiny-f32", "apache-2.0", "move")
    assert passport.source.kind == "hub" and passport.source.place == f"hf:{NAME}/tiny-F32.gguf"
    assert (passport.source.revision, passport.source.at) == (COMMIT, hub.url)
    assert passport.file.read_bytes() == DATA and left(folders) == []
    (line,) = journal()
    assert line["kind"] == "pull" and line["outcome"] == "ok" and line["digest"] == passport.digest
    assert line["received"] == len(DATA) and line["commit"] == COMMIT
    assert not any("README" in each.path for each in hub.seen), "nothing but the model is fetched"


def test_all_parts_of_a_split_model(folders: Folders, tmp_path: Path) -> None:
    """Every part is fetched and checked, and progress counts all of them."""
    parts = write_split(tmp_path / "parts", TINY)
    files = {f"Q/{path.name}": path.read_bytes() for path in parts}
    with serving(Repository(files)) as hub:
        passport = pulled(hub, folders).passport
        assert [path.read_bytes() for path in passport.paths()] == list(files.values())
        assert passport.name == "tiny" and len(hub.of("cdn")) == 2
        settings = build({"remote.hub_url": hub.url})
        again = HubPull(read_source(f"hf:{NAME}", hub.url), settings, folders, contact=contact(folders), token="")
        known = again.stored(choose(again.look(), again.source), "")
        again.close()
    assert known is not None and known.digest == passport.digest


def test_a_split_model_is_gone_on_with(folders: Folders, tmp_path: Path) -> None:
    """Parts that are there are hashed and not fetched again; a wrong one takes none of the others with it."""
    files = {path.name: path.read_bytes() for path in write_split(tmp_path / "parts", TINY)}
    second = list(files.values())[1]
    with serving(Repository(files)) as hub:
        hub.cdn += [
            lambda handler, data, _offset: handler.file(data),
            sent(lambda data: data[:-1] + bytes([data[-1] ^ 1])),
        ]
        with pytest.raises(ModelError, match="00002-of-00002"):
            pulled(hub, folders)
        hub.cdn += [cut(1000), status(429, {"retry-after": "3600"})]
        with pytest.raises(LocaldevError, match="429"):
            pulled(hub, folders)
        assert sorted(path.name for path in left(folders)) == list(files) and stored(folders) == []
        assert pulled(hub, folders).received == len(second) - 1000
        assert hub.ranges() == ["", "", "", "bytes=1000-", "bytes=1000-"]


def test_a_wrong_digest_installs_nothing(hub: Hub, folders: Folders, journal: Journal) -> None:
    """What is not what the hub named is removed."""
    hub.repositories[NAME].wrong_digest = True
    with pytest.raises(ModelError, match="another digest"):
        pulled(hub, folders)
    assert stored(folders) == [] and left(folders) == []
    line = journal()[-1]
    assert (line["outcome"], line["error"], line["received"]) == ("failed", "model", len(DATA))


def test_a_pull_that_failed_is_gone_on_with(hub: Hub, folders: Folders, journal: Journal) -> None:
    """The next pull asks for the rest alone."""
    hub.cdn += [cut(1_000_000), status(429, {"retry-after": "3600"})]
    with pytest.raises(LocaldevError, match="429"):
        pulled(hub, folders)
    (part,) = left(folders)
    size = part.stat().st_size
    assert 0 < size <= 1_000_000 and stored(folders) == []
    assert journal()[-1]["outcome"] == "failed" and journal()[-1]["received"] == size
    hub.seen.clear()
    assert pulled(hub, folders).received == len(DATA) - size
    assert hub.ranges() == [f"bytes={size}-"]


def test_another_revision_starts_anew(hub: Hub, folders: Folders) -> None:
    """What came of a file that the repository does not hold any more is not put before the new one."""
    with _interrupted(hub, folders):
        pass
    assert left(folders)
    changed = DATA[:-1] + bytes([DATA[-1] ^ 1])
    hub.repositories[NAME].files["tiny-F32.gguf"] = changed
    hub.repositories[NAME].commit = "f" * 40
    hub.seen.clear()
    passport = pulled(hub, folders).passport
    assert passport.file.read_bytes() == changed and passport.source.revision == "f" * 40
    assert hub.ranges() == [""]


@contextlib.contextmanager
def _interrupted(hub: Hub, folders: Folders) -> Iterator[None]:
    """Break a pull off in the middle, as Ctrl-C does."""

    def interrupt(progress: Progress) -> None:
        if progress.stage == "pulling" and progress.done > 1_000_000:
            raise KeyboardInterrupt

    settings = build({"remote.hub_url": hub.url})
    pull = HubPull(read_source(f"hf:{NAME}", hub.url), settings, folders, contact=contact(folders), token="")
    repository = pull.look()
    model = choose(repository, pull.source)
    with pytest.raises(KeyboardInterrupt), pull.prepared(repository, model, "") as prepared:
        prepared.fetch(Adding(), interrupt)
    pull.close()
    yield


def test_what_is_there_is_said(hub: Hub, folders: Folders, journal: Journal) -> None:
    """After Ctrl-C the next pull knows how much is there, also of a server that then sends all of it again."""
    with _interrupted(hub, folders):
        pass
    assert journal()[-1]["outcome"] == "cancelled" and journal()[-1]["received"] > 1_000_000
    settings = build({"remote.hub_url": hub.url})
    pull = HubPull(read_source(f"hf:{NAME}", hub.url), settings, folders, contact=contact(folders), token="")
    repository = pull.look()
    with pull.prepared(repository, choose(repository, pull.source), "") as prepared:
        assert prepared.there > 1_000_000
        hub.cdn.append(whole())
        assert prepared.fetch(Adding(), lambda _progress: None).received == len(DATA)
    pull.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_ended_process_leaves_what_came(hub: Hub, folders: Folders, number: signal.Signals) -> None:
    """Killed, interrupted or ended in the middle, nothing is installed; the next process goes on where it was."""
    hub.rate = 2.5e6
    process = command(hub.url)
    started = time.monotonic()
    while sum(path.stat().st_size for path in left(folders)) < 1_000_000:
        assert process.poll() is None and time.monotonic() - started < 30, process.communicate()
        time.sleep(0.01)
    process.send_signal(number)
    process.wait(timeout=30)
    assert process.returncode in (-9, 130, 143) and stored(folders) == []
    size = sum(path.stat().st_size for path in left(folders))
    assert 1_000_000 <= size < len(DATA)
    _, told = process.communicate(timeout=30)
    assert ("the same command goes on where it was" in told) == (number == signal.SIGINT)
    hub.rate = 0.0
    hub.seen.clear()
    done = command(hub.url)
    _, told = done.communicate(timeout=60)
    assert done.returncode == 0, told
    assert hub.ranges() == [f"bytes={size}-"] and "here from before" in told
    assert stored(folders) == ["tiny-f32"] and left(folders) == []


def command(
    hub_url: str, *more: str, before: Callable[[], None] | None = None, **variables: str
) -> subprocess.Popen[str]:
    """Start the command in a process of its own, where the guard is on; `before` is run in it first."""
    return subprocess.Popen(
        [sys.executable, "-m", "localdev", "models", "pull", f"hf:{NAME}", "--yes", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        preexec_fn=before,
        env={**os.environ, "LOCALDEV_REMOTE_HUB_URL": hub_url, **variables},
    )


def test_how_often_is_tried_again(folders: Folders) -> None:
    """A hub that is down is asked twice more what it has; a file is asked for five times more, ever later."""
    told: list[str] = []
    settings = build({"remote.hub_url": f"http://127.0.0.1:{free_port()}"})
    source = read_source(f"hf:{NAME}", "https://huggingface.co")
    pull = HubPull(source, settings, folders, contact=contact(folders, told), token="")
    waits = pull.client.waits
    assert (waits.tries, [waits.before(trial, None) for trial in range(1, 6)]) == (5, [1.0, 2.0, 4.0, 8.0, 16.0])
    pull.client.waits = replace(waits, pause=0.01)
    with pytest.raises(Unreachable):
        pull.look()
    assert len([each for each in told if "trying again" in each]) == 2
    pull.close()


def test_two_pulls_of_the_same(hub: Hub, folders: Folders) -> None:
    """The second is told that the first is under way."""
    settings = build({"remote.hub_url": hub.url})
    pulls = [
        HubPull(read_source(f"hf:{NAME}", hub.url), settings, folders, contact=contact(folders), token="")
        for _ in range(2)
    ]
    repository = pulls[0].look()
    model = choose(repository, pulls[0].source)
    said = pytest.raises(Busy, match=r"^tiny-F32\.gguf is being pulled already, by another process$")
    with said, pulls[0].prepared(repository, model, ""), pulls[1].prepared(repository, model, ""):
        pass
    for pull in pulls:
        pull.close()


def test_a_name_of_another_model_is_said_before_anything_comes(hub: Hub, folders: Folders, tmp_path: Path) -> None:
    """No gigabyte is fetched for a name that is taken."""
    shutil.copy(TINY.with_name("tiny-bert.gguf"), tmp_path / "b.gguf")
    ModelStore(folders.models).add(tmp_path / "b.gguf", Adding(name="tiny-f32"))
    with pytest.raises(UsageError, match="another model is named"):
        pulled(hub, folders)
    assert not hub.of("cdn")
    assert pulled(hub, folders, name="mine").passport.name == "mine"


def test_a_damaged_model_keeps_its_name(hub: Hub, folders: Folders, tmp_path: Path) -> None:
    """It is put in order by another pull; under another name it, or another model under its, is refused at once."""
    passport = pulled(hub, folders).passport
    passport.file.unlink()
    with pytest.raises(UsageError, match="is stored already, as tiny-f32"):
        pulled(hub, folders, name="mine")
    with serving(Repository({"tiny-F32.gguf": TINY.with_name("tiny-bert.gguf").read_bytes()})) as other:
        with pytest.raises(UsageError, match="another model is named"):
            pulled(other, folders)
        assert not other.of("cdn")
    assert pulled(hub, folders).passport.seems_whole() and stored(folders) == ["tiny-f32"]


@pytest.mark.parametrize(("file", "name"), [(f"{'a' * 300}.gguf", "a" * 100), ("Q/a?b*c|d.GGUF", "a-b-c-d")])
def test_names_that_no_file_can_have(folders: Folders, file: str, name: str) -> None:
    """What the hub calls a file is no name of one here."""
    with serving(Repository({file: DATA})) as hub:
        assert pulled(hub, folders).passport.name == name


def test_what_was_written_is_held_to_the_digest_too(hub: Hub, folders: Folders) -> None:
    """A disk that keeps something other than what came leaves no model."""

    def damage(progress: Progress) -> None:
        if progress.stage == "pulling" and progress.done == progress.total:
            (part,) = left(folders)
            part.write_bytes(DATA[:-1] + bytes([DATA[-1] ^ 1]))

    with pytest.raises(StorageError, match="reads back differently"):
        pulled(hub, folders, progress=damage)
    assert stored(folders) == [] and left(folders) == []
    assert pulled(hub, folders).passport.file.read_bytes() == DATA


def test_a_file_without_letters_needs_a_name(hub: Hub, folders: Folders) -> None:
    """That nothing can be made of a file's name is said before anything comes."""
    hub.repositories[NAME].files = {"模型.gguf": DATA}
    with pytest.raises(UsageError, match="no letter or digit"):
        pulled(hub, folders)
    assert not hub.of("cdn")
    assert pulled(hub, folders, name="moxing").passport.name == "moxing"


def test_a_small_model_that_is_stored_already(hub: Hub, folders: Folders) -> None:
    """Of a file kept in git no SHA-256 is known before it came; it is then found to be the stored one."""
    hub.repositories[NAME].small = frozenset({"tiny-F32.gguf"})
    first = pulled(hub, folders).passport
    assert pulled(hub, folders).passport.digest == first.digest
    assert stored(folders) == ["tiny-f32"] and left(folders) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are a thing of POSIX")
def test_a_disk_that_takes_no_more(hub: Hub, folders: Folders) -> None:
    """A write that fails in the middle is an error of the disk, nothing is stored, and the rest is fetched later."""
    import resource

    process = command(hub.url, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20)))
    _, told = process.communicate(timeout=60)
    assert process.returncode == 4 and "cannot write" in told and "free some disk space" in told
    (part,) = left(folders)
    assert stored(folders) == [] and DATA.startswith(part.read_bytes())
    size = part.stat().st_size
    hub.seen.clear()
    pulled(hub, folders)
    assert hub.ranges() == [f"bytes={size}-"] and stored(folders) == ["tiny-f32"]


def test_room_is_looked_for_first(hub: Hub, folders: Folders) -> None:
    """How much is to come, is free and is missing is said before anything comes."""
    listing = hub.repositories[NAME].listing
    entries = listing()
    for entry in entries["siblings"]:
        entry.get("lfs", {})["size"] = 10**16
    hub.repositories[NAME].listing = lambda: entries  # type: ignore[method-assign]
    said = r"10000000\.0 GB are to come and 64 MB are to stay free beside them, but .* are free on the disk of"
    with pytest.raises(DiskFull, match=said) as caught:
        pulled(hub, folders)
    assert "free at least" in caught.value.hint and not hub.of("cdn")


@pytest.mark.skipif(sys.platform != "linux", reason="asks for the bytes that are free in between")
def test_what_is_missing_is_said_in_megabytes(folders: Folders) -> None:
    """Where little is missing that is not zero gigabytes, and freeing what is said suffices."""
    place = folders.models / "staging" / "x"
    place.mkdir(parents=True)
    free = shutil.disk_usage(place).free
    with pytest.raises(DiskFull) as caught:
        _refuse_too_large(place, free - 40_000_000)
    missing = re.search(r"free at least (\d+) MB,", caught.value.hint)
    assert missing is not None and 20 <= int(missing[1]) <= 40
    assert [_rounded_up(count) for count in (1, 1_400_000, 950_000_000)] == [1_000_000, 2_000_000, 1_000_000_000]


def test_what_is_unfinished_is_listed_and_can_be_given_up(hub: Hub, folders: Folders) -> None:
    """It is named as it can be pulled again; giving it up asks no hub, and needs the file's name."""
    with _interrupted(hub, folders):
        pass
    (found,) = unfinished(folders)
    assert found.source == f"hf:{NAME}/tiny-F32.gguf" and found.size == left(folders)[0].stat().st_size
    hub.seen.clear()
    settings = build({"remote.hub_url": hub.url})
    for text, size in ((found.source, found.size), (found.source, 0)):
        pull = HubPull(read_source(text, hub.url), settings, folders, contact=contact(folders), token="")
        assert pull.discard() == size
    with pytest.raises(UsageError, match="names no file"):
        HubPull(read_source(f"hf:{NAME}", hub.url), settings, folders, contact=contact(folders), token="").discard()
    assert unfinished(folders) == [] and left(folders) == [] and hub.seen == []


def test_a_hostile_template_is_refused_by_its_head(folders: Folders, journal: Journal) -> None:
    """The template is in the first bytes of a file, so the rest, weights, is not fetched."""
    template = "{{ messages.__class__.__mro__[1].__subclasses__() }}"
    pairs = [pair("general.architecture", "llama"), pair("tokenizer.chat_template", template)]
    large = gguf(pairs, [tensor("a", (1 << 18, 8))], data=bytes(4 << 21))
    with serving(Repository({"m.gguf": large})) as hub:
        hub.rate = 2e7
        with pytest.raises(ModelError, match=r"m\.gguf, of which only the head was fetched, is refused") as caught:
            pulled(hub, folders)
    assert caught.value.hint and "staging" not in f"{caught.value}{caught.value.hint}"
    assert stored(folders) == [] and left(folders) == []
    assert journal()[-1]["error"] == "model"


def test_what_is_no_model(folders: Folders) -> None:
    """An adapter is refused by its head, under the name that the hub knows it by."""
    adapter = gguf([pair("general.architecture", "llama"), pair("general.type", "adapter")])
    refused = pytest.raises(ModelError, match=r"^lora\.gguf holds no model but: adapter")
    with serving(Repository({"lora.gguf": adapter})) as hub, refused:
        pulled(hub, folders)
    assert stored(folders) == [] and left(folders) == []


def test_a_head_is_judged_only_by_what_has_come(tmp_path: Path) -> None:
    """As long as the header is not whole nothing is refused; the good model's head passes once it is there."""
    path, head = tmp_path / "m.gguf", tmp_path / "head.gguf"
    for have in (4, 100, 2000):
        path.write_bytes(DATA[:have])
        assert not vets_head(path, have, len(DATA), head=head, accept=(), what="m")
    path.write_bytes(DATA[:1_000_000])
    assert vets_head(path, 1_000_000, len(DATA), head=head, accept=(), what="m")
    assert not head.exists()


LOCAL, REMOTE = Origin("http", "127.0.0.1", 80), Origin("https", "hub.example", 443)
CDN = Origin("https", "cdn.example", 443)


@pytest.mark.parametrize(
    ("allow", "to", "sent_by", "refused"),
    [
        ((), LOCAL, None, ""),
        ((), Origin("http", "::1", 80), LOCAL, ""),
        ((), REMOTE, None, "egress.allow hub.example:443`"),
        (("hub.example",), REMOTE, None, ""),
        (("hub.example:443",), REMOTE, None, ""),
        (("hub.example:8443",), REMOTE, None, "egress.allow hub.example:8443,hub.example:443`"),
        (("hub.example",), CDN, REMOTE, "egress.allow hub.example,cdn.example:443`"),
        (("hub.example", "cdn.example"), CDN, REMOTE, ""),
        (("HUB.Example",), Origin("https", "hub.example.", 443), None, ""),
        (("hub.example",), Origin("http", "hub.example", 80), None, "https://"),
        (("hub.example",), Origin("http", "hub.example", 80), REMOTE, "https://"),
        (("hub.example",), LOCAL, REMOTE, "nothing was asked"),
        (("hub.example",), Origin("http", "localhost", 11434), REMOTE, "nothing was asked"),
        (("hub.example",), Origin("https", "a;reboot", 443), REMOTE, "nothing was asked"),
        (("hub.example",), Origin("https", "$(reboot).example", 443), REMOTE, "nothing was asked"),
        ((), Origin("https", "2001:db8::1", 443), REMOTE, "egress.allow [2001:db8::1]:443`"),
        (("cdn.example",), Origin("https", "sub.cdn.example", 443), REMOTE, "sub.cdn.example:443`"),
        (("127.0.0.1",), Origin("http", "127.1", 80), None, "https://"),
    ],
)
def test_who_may_be_connected_to(
    allow: tuple[str, ...], to: Origin, sent_by: Origin | None, refused: str, folders: Folders, journal: Journal
) -> None:
    """This machine for a hub on it, else https to a host that is allowed; the hint holds the line to write."""
    gate = Gate(allow, contact(folders))
    if not refused:
        with gate(to, sent_by):
            assert journal() == []
        return
    with pytest.raises(EgressRefused) as caught:
        gate(to, sent_by)
    assert refused in caught.value.hint and caught.value.exit_code == 4
    assert [(line["kind"], line["host"]) for line in journal()] == [("egress_refused", to.host)]


def test_the_hub_is_refused_before_any_connection(folders: Folders) -> None:
    """With nothing allowed the real hub is not even looked up: the suite's own guard would fail this test."""
    pull = HubPull(
        read_source("hf:a/b", "https://huggingface.co"), Settings(), folders, contact=contact(folders), token=""
    )
    with pytest.raises(EgressRefused, match=r"huggingface\.co would be asked"):
        pull.look()
    pull.close()


@linux
@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
def test_a_hub_beyond_this_machine(tmp_path: Path, journal: Journal, folders: Folders) -> None:
    """Over TLS, each host allowed by itself, the token for the hub alone; every connection is written down.

    `0.0.0.0` is beyond this machine to the guard, but ends here.
    """
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hub", "-addext",
         "subjectAltName=IP:0.0.0.0", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    with serving(Repository({"tiny-F32.gguf": DATA}), host="0.0.0.0", tls=(certificate, key)) as hub:
        hosts = [url.removeprefix("https://") for url in (hub.url, hub.cdn_url)]
        variables: dict[str, Any] = {
            "SSL_CERT_FILE": str(certificate),
            "LOCALDEV_HUB_TOKEN": "hf_secret",
            "HF_TOKEN": "hf_other",
        }
        half_allowed = command(hub.url, **variables, LOCALDEV_EGRESS_ALLOW=hosts[0])
        _, refusal = half_allowed.communicate(timeout=60)
        assert half_allowed.returncode == 4 and f"config set egress.allow {hosts[0]},{hosts[1]}`" in refusal
        assert stored(folders) == [] and not hub.of("cdn")
        process = command(hub.url, **variables, LOCALDEV_EGRESS_ALLOW=",".join(hosts))
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told
        distrusted = command(hub.url, "--revision", "main", LOCALDEV_EGRESS_ALLOW=",".join(hosts))
        _, doubt = distrusted.communicate(timeout=60)
    assert distrusted.returncode == 4 and "no secure connection" in doubt and "SSL_CERT_FILE" in doubt
    assert stored(folders) == ["tiny-f32"]
    assert {each.headers.get("authorization", "") for each in hub.of("hub")} == {"Bearer hf_secret"}
    assert not any("hf_" in str(each.headers) for each in hub.of("cdn"))
    written = [
        (line["kind"], line["host"], line.get("port")) for line in journal() if line["kind"].startswith("egress")
    ]
    ports = [int(host.partition(":")[2]) for host in hosts]
    assert ("egress_refused", "0.0.0.0", None) in written
    assert {port for kind, _, port in written if kind == "egress"} == set(ports)
    assert "hf_secret" not in json.dumps(journal()) + refusal + told
