"""What jobs share is opened once, told apart by all that matters, and let go when it is not used."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localdev.app.anywhere import anywhere, secrets_of
from localdev.app.cancelling import Cancellation, Cancelled
from localdev.app.jobs import LocalJobs
from localdev.app.pool_models import MOST_MODELS
from localdev.app.pools import Host, Pools
from localdev.backends.options import BackendOptions, EngineOptions
from localdev.config.settings import build
from localdev.core.chat import ChatRequest, Message, Sampling
from localdev.core.errors import ConfigError
from localdev.core.events import Notice, Progress, Result
from localdev.core.folders import Folders
from localdev.core.ports import ChatBackend
from localdev.index.layout import current, index_folder

TINY = str(Path(__file__).parents[1] / "data" / "tiny.gguf")
LONG = ChatRequest((Message("user", "x"),), sampling=Sampling(temperature=1.0, max_tokens=400))


def nobody(_event: Progress | Notice) -> None:
    """Tell nobody."""


@pytest.fixture
def pools() -> Any:
    """Give pools that are closed with the test."""
    made = Pools()
    yield made
    made.close()


def searched(jobs: LocalJobs, query: str = "cart") -> list[str]:
    """Give the paths that a search finds."""
    results = [event for event in jobs.run("search", {"queries": [query]}) if isinstance(event, Result)]
    return [hit["path"] for hit in results[0].payload["results"]]


def test_models_are_opened_once_and_told_apart(pools: Pools) -> None:
    """The same file with the same options is one model; the least recently used one is closed when there are more."""
    pytest.importorskip("llama_cpp")
    host = Host(pools, {})
    first, again = (host.backend(TINY, BackendOptions(context_window=256), nobody) for _ in range(2))
    assert len(pools.models.facts()) == 1 and pools.models.facts()[0]["jobs"] == 2
    first.close()
    again.close()
    again.close()  # again is harmless
    for window in (320, 384):
        host.backend(TINY, BackendOptions(context_window=window), nobody).close()
    kept = [host.backend(TINY, BackendOptions(context_window=window), nobody) for window in (320, 384, 448)]
    assert len(pools.models.facts()) == 3  # what is in use stays
    assert [each.describe().context_window for each in kept] == [320, 384, 448]
    for each in kept:
        each.close()
    assert len(pools.models.facts()) == MOST_MODELS
    assert {facts["name"] for facts in pools.models.facts()} == {"tiny"}


def test_cancelling_from_another_thread(pools: Pools) -> None:
    """What waits for the model's words ends within a moment, and the model goes on to serve the next one."""
    pytest.importorskip("llama_cpp")
    host = Host(pools, {})
    backend = host.backend(TINY, BackendOptions(), nobody)
    seen: list[float] = []

    def consume() -> None:
        with pytest.raises(Cancelled):
            for _ in backend.stream(LONG):
                seen.append(time.monotonic())
                if len(seen) == 2:
                    threading.Thread(target=host.cancellation.cancel).start()
        backend.close()

    thread = threading.Thread(target=consume)
    thread.start()
    thread.join(20)
    assert not thread.is_alive() and len(seen) >= 2
    other = Host(pools, {}).backend(TINY, BackendOptions(), nobody)
    assert [*other.stream(ChatRequest((Message("user", "y"),), sampling=Sampling(max_tokens=2)))]
    other.close()


def test_cancelled_while_the_model_loads(pools: Pools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process ends, so that nothing holds on to memory that nobody waits for; unless another job does."""
    pytest.importorskip("llama_cpp")
    (tmp_path / "slow_host.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    slow = BackendOptions(engine=EngineOptions(host_module="slow_host"))
    hosts = [Host(pools, {}), Host(pools, {})]
    threads = []
    for host in hosts:

        def wait(backend: ChatBackend) -> None:
            with pytest.raises(Cancelled), contextlib.closing(backend):
                backend.describe()

        threads.append(threading.Thread(target=wait, args=(host.backend(TINY, slow, nobody),)))
        threads[-1].start()
    ((pid, jobs),) = [(each["pid"], each["jobs"]) for each in pools.models.facts()]
    assert jobs == 2
    hosts[0].cancellation.cancel()
    threads[0].join(0.3)
    assert pools.models.facts() and Path(f"/proc/{pid}").exists() == Path("/proc/self").exists()
    hosts[1].cancellation.cancel()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert pools.models.facts() == [] and not Path(f"/proc/{pid}").exists()


def test_a_question_that_waits_says_so(pools: Pools) -> None:
    """The second of two questions at once is told that it waits, and both are answered."""
    pytest.importorskip("llama_cpp")
    told: list[str] = []
    first = Host(pools, {}).backend(TINY, BackendOptions(), nobody)
    second = Host(pools, {}).backend(TINY, BackendOptions(), lambda event: told.append(getattr(event, "text", "")))
    stream = first.stream(LONG)
    next(stream)
    other = second.stream(ChatRequest((Message("user", "y"),), sampling=Sampling(max_tokens=2)))
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.extend(other))
    thread.start()
    for _ in stream:
        pass
    thread.join(20)
    assert answers and told == ["waiting for 1 earlier job"]


def test_cancellation() -> None:
    """It wakes what waits, and what begins to wait afterwards ends at once."""
    woken: list[int] = []
    cancellation = Cancellation()
    cancellation.check()
    with cancellation.calling(lambda: woken.append(1)):
        cancellation.cancel()
    with pytest.raises(Cancelled), cancellation.calling(lambda: woken.append(2)):
        raise AssertionError
    with pytest.raises(Cancelled):
        cancellation.check()
    assert woken == [1] and not issubclass(Cancelled, Exception)


def test_repositories_are_kept_and_let_go(
    pools: Pools, folders: Folders, root: Path, jobs: Callable[..., LocalJobs]
) -> None:
    """A job after another has the same open index; one that was rebuilt or removed meanwhile is not kept."""
    host = Host(pools, {})
    served = jobs(host=host)
    assert set(searched(served)) == set(searched(served)) == {"cart.py", "pay.py"}
    assert pools.repositories.idle() == [root]
    pools.sweep()
    assert pools.repositories.idle() == [root]
    before = current(index_folder(folders.indexes, root))
    assert [*jobs().run("index", {"rebuild": True})]
    assert current(index_folder(folders.indexes, root)) != before
    pools.sweep()
    assert pools.repositories.idle() == []
    assert searched(served)
    pools.repositories.sweep(0.0)
    assert pools.repositories.idle() == []


def test_different_settings_do_not_share(pools: Pools, jobs: Callable[..., LocalJobs]) -> None:
    """Each setting of the store, and each token, has an open index of its own."""
    assert searched(jobs(host=Host(pools, {})))
    assert searched(jobs({"index.max_files": 7}, host=Host(pools, {})))
    assert searched(jobs(host=Host(pools, {"LOCALDEV_STORE_TOKEN": "t"})))
    assert len(pools.repositories.idle()) == 3


def test_without_a_host_all_is_closed(jobs: Callable[..., LocalJobs]) -> None:
    """A job that runs alone leaves no file open."""
    fds = Path("/proc/self/fd")
    if not fds.is_dir():
        pytest.skip("the system does not list open files")
    assert searched(jobs())
    before = len(list(fds.iterdir()))
    assert searched(jobs())
    assert len(list(fds.iterdir())) == before


def test_settings_mean_the_same_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths of models become full ones; names and servers stay; a relative embedder is refused where it is written."""
    monkeypatch.chdir(tmp_path)
    found = anywhere(build({"model": "a/b.gguf", "models.ask": ("small", "fake:s.json", "ollama:x.gguf", "~/m.gguf")}))
    assert found.model == str(tmp_path / "a/b.gguf")
    assert found.models.ask == ("small", f"fake:{tmp_path}/s.json", "ollama:x.gguf", "~/m.gguf")
    plain = build({"model": "small"})
    assert anywhere(plain) is plain
    with pytest.raises(ConfigError, match="depends on the current folder") as refused:
        anywhere(build({"search.embedder": "gguf:./here.gguf"}))
    assert str(tmp_path) in refused.value.hint


def test_secrets_come_from_whoever_asks() -> None:
    """Only the known variables, only those that are set; and no text of a host shows them."""
    given = {"LOCALDEV_STORE_TOKEN": "s3cret", "LOCALDEV_API_KEY": "", "LOCALDEV_MODEL": "m", "HOME": "/"}
    assert secrets_of(given) == {"LOCALDEV_STORE_TOKEN": "s3cret"}
    assert "s3cret" not in repr(Host(Pools(), secrets_of(given)))
