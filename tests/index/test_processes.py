"""Crashes, interruptions, workers, and two processes at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.core.errors import StorageError
from localdev.index import layout, pipeline
from localdev.index.pipeline import prepare_all
from localdev.index.prepare import RACY, Prepared
from localdev.index.repository import open_repository, status
from localdev.index.worker import Task, prepare_batch, write_frame
from localdev.source.walk import list_files
from tests.index.contents import contents
from tests.index.sample import HashingEmbedder, write_files

TOP = Path(__file__).parents[2]
BODY = "    # alpha\n" * 90
BIG_FILE = "".join(f"def value_{number}(total):\n{BODY}    return tax(total) + {number}\n\n\n" for number in range(32))


@pytest.fixture
def big_root(tmp_path: Path) -> Path:
    """Files enough for worker processes."""
    root = tmp_path / "big"
    count = pipeline.PARALLEL_BYTES // len(BIG_FILE) + 5
    write_files(
        root, {f"part{number % 7}/file_{number}.py": BIG_FILE.replace("value", f"v{number}") for number in range(count)}
    )
    return root


def start(root: Path, folder: Path) -> subprocess.Popen[str]:
    """Start indexing in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.index.indexer", str(root), str(folder)],
        cwd=TOP,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(process: subprocess.Popen[str], start_of_line: str) -> None:
    """Read its output up to a line."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(start_of_line):
            return
    pytest.fail(f"it ended without saying {start_of_line!r}")


def group_is_gone(group: int) -> bool:
    """Tell whether no process of a group is left, waiting a moment for those that are ending."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def worker_ids() -> list[int]:
    """Give the ids of this process's living worker processes."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"localdev.index.worker" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # it ended while we looked
    return found


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")


def tasks_of(root: Path) -> list[Task]:
    """Give the tasks of a first refresh."""
    return [(file.path, file.size, file.mtime_ns, "") for file in list_files(root).files]


def test_workers_give_what_one_process_gives(big_root: Path) -> None:
    """Worker processes return the same rows in the same order."""
    tasks = tasks_of(big_root)[:40]
    alone = prepare_batch(big_root, tasks)
    together = [prepared for batch in prepare_all(big_root, tasks, workers=3) for prepared in batch]
    assert [item._replace(mtime_ns=RACY) for item in together] == [item._replace(mtime_ns=RACY) for item in alone]
    assert all(isinstance(item, Prepared) and item.rows is not None for item in together)


@needs_proc
def test_closing_early_ends_the_workers(big_root: Path) -> None:
    """A consumer that stops after the first batch leaves no process and no thread behind."""
    threads = threading.active_count()
    batches = prepare_all(big_root, tasks_of(big_root), workers=2)
    next(batches)
    assert len(worker_ids()) == 2
    batches.close()  # type: ignore[attr-defined]
    assert worker_ids() == []
    assert threading.active_count() == threads


def test_a_file_that_crashes_its_grammar_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Native code that ends a worker costs the file it was given, and no other; the order stays."""
    (tmp_path / "broken" / "tree_sitter_yaml").mkdir(parents=True)
    (tmp_path / "broken" / "tree_sitter_yaml" / "__init__.py").write_text("import os\n\nlanguage = os.abort\n")
    monkeypatch.syspath_prepend(str(tmp_path / "broken"))
    root = tmp_path / "root"
    root.mkdir()
    for number in range(200):
        (root / f"file{number:03}.py").write_text(f"def function_{number}():\n    return {number}\n")
    for number in (5, 6, 150):
        (root / f"file{number:03}.yaml").write_text("key: value\n")
    tasks = tasks_of(root)
    done = [item for batch in prepare_all(root, tasks, workers=2) for item in batch]
    assert [item.path for item in done] == [task[0] for task in tasks]
    assert {item.path: item.skipped for item in done if item.skipped} == {
        f"file{number:03}.yaml": pipeline.CRASHED for number in (5, 6, 150)
    }
    assert all(item.rows is not None for item in done if item.path.endswith(".py"))


def test_a_worker_whose_answers_nobody_reads_ends_quietly(tmp_path: Path) -> None:
    """Its parent was left while it worked: nothing is said on the terminal that is the user's again by then."""
    (tmp_path / "file.py").write_text("x = 1\n")
    command = [sys.executable, "-c", "from localdev.index.worker import main; main()"]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert worker.stdin is not None and worker.stdout is not None and worker.stderr is not None
    worker.stdout.close()
    write_frame(worker.stdin, str(tmp_path))
    write_frame(worker.stdin, tasks_of(tmp_path))
    said = worker.stderr.read()  # stdin stays open: who listens there still does
    assert (worker.wait(10), said) == (0, b"")
    worker.stdin.close()
    worker.stderr.close()


@needs_proc
def test_a_worker_that_dies_is_an_error(big_root: Path) -> None:
    """A worker the system kills ends the work with an error, not with a hang."""
    batches = prepare_all(big_root, tasks_of(big_root), workers=2)
    next(batches)
    for worker in worker_ids():
        os.kill(worker, signal.SIGKILL)
    with pytest.raises(StorageError, match="worker"):
        list(batches)


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment(big_root: Path, tmp_path: Path, seed: int) -> None:
    """After kill -9 nothing is left running, the index opens, and the next refresh ends where a fresh one would."""
    folder = tmp_path / "index" / "big"
    rng = random.Random(seed)
    if seed > 1:  # too few files for workers: the main process does it all
        for path in sorted(big_root.rglob("*.py"))[12:]:
            path.unlink()
    with open_repository(big_root, folder, HashingEmbedder()) as repository:
        if seed % 2:  # an index is there already, and is being changed
            repository.refresh()
            for path in sorted(big_root.rglob("*.py"))[:: 2 + seed]:
                path.write_text(path.read_text().replace("alpha", "beta"))
    process = start(big_root, folder)
    wait_for(process, "start")
    time.sleep(rng.uniform(0.02, 1.2))
    process.kill()
    process.communicate()
    assert group_is_gone(process.pid)
    with open_repository(big_root, folder, HashingEmbedder()) as repository:
        assert bool(repository.lexical(["total"], [1] * 5, 3)) is (status(folder).state == "ready")
        assert bool(repository.dense("tax total", 3)) is (status(folder).state == "ready")
        repository.refresh()
        assert len(layout.generations(folder)) == 1
        with open_repository(big_root, tmp_path / "index" / "fresh", HashingEmbedder()) as fresh:
            fresh.refresh()
            assert repository.paths() == fresh.paths()
            assert repository.symbols() == fresh.symbols()
            assert len(repository.dense("tax alpha", 10**6)) == len(fresh.dense("tax alpha", 10**6))


def test_ctrl_c_leaves_nothing_running_and_work_is_kept(big_root: Path, tmp_path: Path) -> None:
    """Ctrl-C in the middle ends all processes quietly; the next run goes on from the last batch that was stored."""
    folder = tmp_path / "index" / "big"
    write_files(big_root, {f"more/file_{number}.py": BIG_FILE for number in range(70)})
    for path in big_root.rglob("*.py"):
        os.utime(path, (1e9, 1e9))  # what was written a moment ago would be read again
    process = start(big_root, folder)
    wait_for(process, "parsing 12")  # of 158, eight each step: past what is committed at once
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert "interrupted" in output
    assert errors == ""
    assert group_is_gone(process.pid)
    assert status(folder).state == "unfinished"
    again = start(big_root, folder)
    assert again.stdout is not None
    seen = [int(line.split()[1]) for line in again.stdout if line.startswith("parsing")]
    assert again.wait() == 0
    # What was stored counts as done; without it the first step could be no more than one batch.
    assert seen[0] > pipeline.BATCH_FILES
    assert seen[-1] == len(list_files(big_root).files)


def test_two_processes_at_once(big_root: Path, tmp_path: Path) -> None:
    """Of two that start together one does the work; the other says that it waits, and then finds it done."""
    folder = tmp_path / "index" / "big"
    processes = [start(big_root, folder) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    lines = [output.splitlines() for output, _ in outputs]
    files = len(list(big_root.rglob("*.py")))
    assert sorted(each[-1] for each in lines) == [f"done {files} 0", f"done {files} {files}"]
    assert sum("this repository is being indexed already; waiting for that" in each for each in lines) == 1


def test_what_appeared_while_waiting_is_indexed(root: Path, tmp_path: Path) -> None:
    """After waiting for another process the files are listed again, so that nothing it saw is taken for gone."""
    folder = tmp_path / "index" / "shop"
    waiting = threading.Event()
    with open_repository(root, folder, HashingEmbedder(), on_notice=lambda _: waiting.set()) as repository:
        repository.refresh()
        write_files(root, {"before.py": "x = 1\n"})
        with layout.writing(folder):
            thread = threading.Thread(target=repository.refresh)
            thread.start()
            assert waiting.wait(20)
            write_files(root, {"meanwhile.py": "y = 1\n"})
        thread.join(20)
        assert {"before.py", "meanwhile.py"} <= set(repository.paths())


def test_reading_while_another_thread_rebuilds(root: Path, tmp_path: Path) -> None:
    """Searches in one thread go on while another rebuilds, and always see a whole index."""
    folder = tmp_path / "index" / "shop"
    with open_repository(root, folder, HashingEmbedder()) as repository:
        repository.refresh()
        expected = contents(repository)["dense"]
        done = threading.Event()
        failures: list[BaseException] = []

        def guarded(work: Callable[[], None]) -> Callable[[], None]:
            def run() -> None:
                try:
                    work()
                except BaseException as error:  # noqa: BLE001 - shown by the main thread
                    failures.append(error)

            return run

        def rebuild() -> None:
            for _ in range(4):
                repository.refresh(rebuild=True)
            done.set()

        def search() -> None:
            while not done.is_set():
                assert len(repository.dense("cart total", 50)) == len(repository.dense("cart", 50)) == 4
                assert repository.lexical(["cart"], [1] * 5, 5)

        threads = [threading.Thread(target=guarded(work)) for work in (rebuild, search, search)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        assert contents(repository)["dense"] == expected
