"""The engine in a process of its own: the same answers, and whatever happens to that process, the program lives."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from localdev.backends.engine import child
from localdev.backends.engine.host import Host
from localdev.backends.engine.process import ProcessBackend
from localdev.backends.llamacpp.backend import LlamaCppBackend
from localdev.backends.options import BackendOptions, EngineOptions
from localdev.core.chat import ChatRequest, Message, Sampling, Usage
from localdev.core.errors import BackendError, ContextOverflow, LocaldevError, ModelError, NotFound, UsageError
from localdev.core.events import BackendEvent, Finished, TextDelta
from localdev.models.gguf import read_header
from tests.backends.conftest import TINY, ask, collect

pytestmark = pytest.mark.llama
QUESTION = "open: Open a file and return a reader."
ONE_THREAD = BackendOptions(engine=EngineOptions(threads=1))
# Letters without end: the model never gets to end its turn.
ENDLESS = ChatRequest((Message("user", "x"),), grammar="root ::= [a-z] root", sampling=Sampling(max_tokens=2000))


@pytest.fixture
def walled(llama: None, tmp_path: Path) -> Iterator[ProcessBackend]:
    """Give the tiny model in a process of its own, of a file that no other test links to."""
    backend = ProcessBackend(Path(shutil.copyfile(TINY, tmp_path / "tiny.gguf")), ONE_THREAD)
    yield backend
    backend.close()


def kill(backend: ProcessBackend, number: int) -> None:
    """Send the process a signal."""
    os.kill(backend.facts()["pid"], number)


def die(backend: ProcessBackend) -> None:
    """Crash the process, and wait until that is known."""
    kill(backend, signal.SIGSEGV)
    while backend._child.failure is None:
        time.sleep(0.01)


def in_thread(work: object) -> threading.Thread:
    """Start a thread."""
    thread = threading.Thread(target=work, daemon=True)  # type: ignore[arg-type]
    thread.start()
    return thread


@pytest.mark.parametrize(
    "request_",
    [
        ask(QUESTION, max_tokens=60),
        ask(QUESTION, temperature=1.0, seed=3, max_tokens=60, stop=("return",)),
        ChatRequest(prefix="def add(a, b):\n", suffix="\n", sampling=Sampling(max_tokens=20)),
        ChatRequest((Message("user", "lone \ud800 half"),), sampling=Sampling(max_tokens=5)),
        ChatRequest((Message("user", "x"),), grammar='root ::= "世界 🙂"'),
        ChatRequest((Message("user", "x"),), sampling=Sampling(max_tokens=3), logprobs=2),
    ],
)
def test_answers_are_those_of_the_engine_inside(
    request_: ChatRequest, walled: ProcessBackend, tiny: LlamaCppBackend
) -> None:
    """Text, pieces, log-probabilities, reason and counts are the same as without the wall."""
    assert list(walled.stream(request_)) == list(tiny.stream(request_))
    assert walled.describe() == tiny.describe()
    assert walled.count_tokens("def f(x):\n  世") == tiny.count_tokens("def f(x):\n  世")


@pytest.mark.parametrize(
    "request_",
    [
        ask("x = 1\n" * 1500),
        ChatRequest(),
        ChatRequest(prefix="x", grammar="root ::= ("),
        ChatRequest(prefix="x", schema={"type": "nonsense"}),
    ],
)
def test_refusals_are_those_of_the_engine_inside(
    request_: ChatRequest, walled: ProcessBackend, tiny: LlamaCppBackend
) -> None:
    """An error has the same class, text and hint, and the process goes on with the next request."""
    caught: list[LocaldevError] = []
    for backend in (tiny, walled):
        with pytest.raises((ContextOverflow, UsageError)) as found:
            list(backend.stream(request_))
        caught.append(found.value)
    inside, outside = caught
    assert (type(inside), str(inside), inside.hint) == (type(outside), str(outside), outside.hint)
    pid = walled.facts()["pid"]
    assert collect(walled.stream(ask(QUESTION, max_tokens=3)))[1].reason == "length"
    assert walled.facts()["pid"] == pid


def test_what_is_wrong_with_the_file(llama: None, tmp_path: Path) -> None:
    """A missing or foreign file is refused at once, a broken one by whatever is asked first, each time anew."""
    with pytest.raises(NotFound):
        ProcessBackend(tmp_path / "none.gguf")
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"hello")
    with pytest.raises(ModelError, match="not a GGUF file"):
        ProcessBackend(bad)
    bad.write_bytes(TINY.read_bytes()[:-1000])
    broken = ProcessBackend(bad, ONE_THREAD)
    for use in (broken.describe, lambda: broken.count_tokens("x"), lambda: list(broken.stream(ask("x")))):
        with pytest.raises(ModelError, match="not within the file bounds"):
            use()
    broken.close()


def test_a_huge_prompt(walled: ProcessBackend) -> None:
    """Eight megabytes are refused with both numbers, and the process goes on."""
    pid = walled.facts()["pid"]
    with pytest.raises(ContextOverflow, match=r"the request has [0-9]{7} tokens, the window of tiny is 2048"):
        list(walled.stream(ask("x = 1\n" * 1_400_000)))
    assert walled.facts()["pid"] == pid


def test_a_window_beyond_the_models_own(llama: None) -> None:
    """Options that the engine refuses are an error of the same class as inside."""
    backend = ProcessBackend(TINY, BackendOptions(context_window=4096))
    with pytest.raises(UsageError, match="trained for 2048"):
        backend.describe()
    backend.close()


def test_the_file_is_found_from_another_folder(llama: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means the folder the program was in, also for a process that is started later."""
    monkeypatch.chdir(TINY.parent)
    backend = ProcessBackend(Path(TINY.name), ONE_THREAD)
    monkeypatch.chdir(tmp_path)
    backend.describe()
    die(backend)
    assert collect(backend.stream(ask(QUESTION, max_tokens=2)))[1].reason == "length"
    backend.close()


def test_a_repositorys_files_are_no_modules(llama: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files in the current folder with the names of modules are not run."""
    for name in ("json", "llama_cpp", "localdev", "numpy"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit(9)\n")
    monkeypatch.chdir(tmp_path)
    backend = ProcessBackend(TINY, ONE_THREAD)
    assert backend.describe().name == "tiny"
    backend.close()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_crash_while_it_answers(number: signal.Signals, walled: ProcessBackend) -> None:
    """What was written so far is given, then an error that says what happened; the next request runs again."""
    stream = walled.stream(ENDLESS)
    assert isinstance(next(stream), TextDelta)
    kill(walled, number)
    with pytest.raises(BackendError, match=f"{number.name}.* while it answered .tiny.") as caught:
        list(stream)
    assert caught.value.exit_code == 4
    assert "`localdev " in caught.value.hint
    assert ("memory" in caught.value.hint) == (number == signal.SIGKILL)
    assert collect(walled.stream(ask(QUESTION, max_tokens=3)))[1].usage.completion_tokens == 3


def test_a_crash_while_it_is_idle(walled: ProcessBackend) -> None:
    """Nobody waits, so nobody is told; counting and answering go on with a new process."""
    for use in (lambda: walled.count_tokens("a b"), lambda: collect(walled.stream(ask("x", max_tokens=1)))):
        walled.describe()
        pid = walled.facts()["pid"]
        die(walled)
        use()
        assert walled.facts()["pid"] != pid


def test_all_who_wait_are_told_of_a_crash(walled: ProcessBackend) -> None:
    """Requests in the line fail with the one that ran; none waits for ever."""
    walled.describe()
    found: list[BaseException] = []

    def wait() -> None:
        try:
            list(walled.stream(ENDLESS))
        except BackendError as error:
            found.append(error)

    threads = [in_thread(wait) for _ in range(3)]
    while walled.facts()["requests"] < 3:
        time.sleep(0.01)
    kill(walled, signal.SIGSEGV)
    for thread in threads:
        thread.join(10)
    assert len(found) == 3


def patched(folder: Path, source: str) -> Path:
    """Write a copy of the tiny model with another chat template, of at most the same length."""
    own = read_header(TINY).chat_template
    path = folder / "patched.gguf"
    path.write_bytes(TINY.read_bytes().replace(own.encode(), source.ljust(len(own)).encode()))
    return path


MANY_STEPS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
# While Python computes a power nothing else of Python runs, no other thread and no handler of a signal.
ONE_STEP = (
    "from localdev.backends.llamacpp.prompt import ChatTemplate\n"
    "ChatTemplate.render = lambda self, messages: 7 ** 10**9\n"
)


@pytest.mark.parametrize("more", ["", ONE_STEP])
def test_a_template_that_does_not_end(more: str, llama: None, tmp_path: Path) -> None:
    """It ends the process when its time is up; the error says so, and what needs no template still works."""
    host = tmp_path / "modules" / "quick_host.py"
    host.parent.mkdir()
    host.write_text(f"from localdev.backends.engine import host\nhost.TEMPLATE_SECONDS = 0.5\n{more}host.main()\n")
    options = BackendOptions(engine=EngineOptions(threads=1, host_module="quick_host"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(host.parent))
        backend = ProcessBackend(patched(tmp_path, MANY_STEPS), options)
        with pytest.raises(BackendError, match="the chat template of patched does not end") as caught:
            list(backend.stream(ask("x")))
        assert "another model" in caught.value.hint
        assert collect(backend.stream(ChatRequest(prefix="x", sampling=Sampling(max_tokens=2))))[1].reason == "length"
        backend.close()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit needs the size of the process")
def test_a_template_that_takes_all_memory(llama: None, tmp_path: Path) -> None:
    """A text that doubles itself is stopped, and the process lives on."""
    source = "{% set n = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}"
    backend = ProcessBackend(patched(tmp_path, source), ONE_THREAD)
    pid = backend.facts()["pid"]
    with pytest.raises(BackendError, match="the model's chat template failed: MemoryError"):
        list(backend.stream(ask("x")))
    assert collect(backend.stream(ChatRequest(prefix="x", sampling=Sampling(max_tokens=2))))[1].reason == "length"
    assert backend.facts()["pid"] == pid
    backend.close()


def test_an_engine_that_dies_of_its_file(llama: None, tmp_path: Path) -> None:
    """It is tried twice, then left alone; the error holds what the engine said last."""
    host = tmp_path / "counting_host.py"
    host.write_text(
        f"from localdev.backends.engine import host\nopen({str(tmp_path / 'starts')!r}, 'a').write('x')\nhost.main()\n"
    )
    bad = tmp_path / "bad.gguf"
    layers = b"llama.block_count" + struct.pack("<I", 4)
    assert layers + struct.pack("<I", 5) in TINY.read_bytes()
    bad.write_bytes(TINY.read_bytes().replace(layers + struct.pack("<I", 5), layers + struct.pack("<I", 0)))
    options = BackendOptions(engine=EngineOptions(threads=1, host_module="counting_host"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        backend = ProcessBackend(bad, options)
        for _ in range(4):
            with pytest.raises(
                BackendError, match=r"SIGABRT.*while it loaded the model .bad.: .*GGML_ASSERT"
            ) as caught:
                backend.describe()
            assert "damaged" in caught.value.hint
        backend.close()
    assert len((tmp_path / "starts").read_text()) == 2


def test_what_libraries_print_is_no_answer(llama: None, tmp_path: Path) -> None:
    """Text on stdout of the process, from Python or native code, does not get between the messages."""
    host = tmp_path / "noisy_host.py"
    host.write_text(
        "import os\nfrom localdev.backends.engine import host\nrun = host.Host.run\n"
        "def noisy(self):\n    print('hello', flush=True)\n    os.write(1, b'{}\\n')\n    run(self)\n"
        "host.Host.run = noisy\nhost.main()\n"
    )
    options = BackendOptions(engine=EngineOptions(threads=1, host_module="noisy_host"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        backend = ProcessBackend(TINY, options)
        assert backend.describe().name == "tiny"
        backend.close()


def test_the_end_does_not_wait_for_what_comes_behind_it() -> None:
    """The last event is sent before the engine does what it does after an answer, such as writing its state."""
    sent = io.BytesIO()
    seen: list[bytes] = []

    def answer() -> Iterator[BackendEvent]:
        yield TextDelta("a")
        yield TextDelta("b")
        yield Finished("stop", Usage())
        seen.append(sent.getvalue())

    Host(io.BytesIO(), sent)._pass_on(1, answer())
    assert b"Finished" in seen[0] and sent.getvalue() == seen[0]


def timed(events: Iterator[BackendEvent]) -> float:
    """Run a stream to its end and give the seconds it took."""
    started = time.perf_counter()
    assert isinstance(list(events)[-1], Finished)
    return time.perf_counter() - started


def test_closing_the_stream_stops_the_engine(walled: ProcessBackend) -> None:
    """A request behind one that was closed after its first piece does not wait for the rest of it."""
    long = replace(ENDLESS, sampling=Sampling(max_tokens=600))
    whole = timed(walled.stream(long))
    stream = walled.stream(long)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert timed(walled.stream(ask(QUESTION, max_tokens=2))) < whole / 3
    assert walled.facts()["requests"] == 0


def test_cancelling_from_another_thread(walled: ProcessBackend) -> None:
    """The one that runs ends as cancelled with its text so far, one that waits without any; others are not touched."""
    last: dict[int, BackendEvent] = {}
    requests = [ENDLESS, ChatRequest(prefix="y", sampling=Sampling(max_tokens=9)), ask(QUESTION, max_tokens=4)]

    def answer(number: int) -> None:
        last[number] = list(walled.stream(requests[number]))[-1]

    walled.describe()
    threads = []
    for number in range(3):
        threads.append(in_thread(lambda number=number: answer(number)))
        while walled.facts()["requests"] <= number:
            time.sleep(0.001)
    assert walled.cancel(requests[1])
    assert walled.cancel(ENDLESS)
    for thread in threads:
        thread.join(10)
    assert [event.reason for _, event in sorted(last.items()) if isinstance(event, Finished)] == [
        "cancelled",
        "cancelled",
        "length",
    ]
    assert not walled.cancel(ENDLESS)


def test_cancelling_at_once(walled: ProcessBackend) -> None:
    """From the moment on at which there is something to cancel, it ends; the process hears of the request first."""
    walled.describe()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(40):
            asked = replace(ENDLESS, owner="x" * 1000)
            found: list[BackendEvent] = []
            thread = in_thread(lambda found=found, asked=asked: found.extend(walled.stream(asked)))
            while not walled.cancel(asked):
                pass
            thread.join(10)
            assert isinstance(found[-1], Finished) and found[-1].reason == "cancelled"
    finally:
        sys.setswitchinterval(interval)


def test_cancelling_while_it_loads(llama: None) -> None:
    """A request that waits for the model is let go at once."""
    backend = ProcessBackend(TINY, ONE_THREAD)
    kill(backend, signal.SIGSTOP)  # so that it loads for as long as this needs
    found: list[BackendEvent] = []
    thread = in_thread(lambda: found.extend(backend.stream(ENDLESS)))
    while not backend.cancel(ENDLESS):
        time.sleep(0.01)
    thread.join(10)
    assert [type(event) for event in found] == [Finished]
    backend.close()  # which does not wait for what is still loading


def test_counting_while_it_answers(walled: ProcessBackend) -> None:
    """Tokens are counted beside an answer that goes on."""
    stream = walled.stream(ENDLESS)
    next(stream)
    assert walled.count_tokens("a b c") > 0
    assert walled.facts()["requests"] == 1
    stream.close()  # type: ignore[attr-defined]


def test_several_threads_take_turns(walled: ProcessBackend) -> None:
    """Answers asked for at once are the answers asked for one after another."""
    questions = [QUESTION, "close: Close the file."] * 2
    alone = [collect(walled.stream(ask(question, max_tokens=30)))[0] for question in questions]
    found: dict[int, str] = {}

    def answer(number: int) -> None:
        found[number] = collect(walled.stream(ask(questions[number], max_tokens=30)))[0]

    threads = [in_thread(lambda number=number: answer(number)) for number in range(len(questions))]
    for thread in threads:
        thread.join(30)
    assert [found[number] for number in range(len(questions))] == alone


def test_closing_the_model(walled: ProcessBackend) -> None:
    """An answer under way ends with an error, afterwards everything is refused, and closing again is harmless."""
    stream = walled.stream(ENDLESS)
    next(stream)
    walled.close()
    with pytest.raises(BackendError, match="was closed"):
        list(stream)
    for use in (lambda: walled.count_tokens("x"), lambda: list(walled.stream(ENDLESS))):
        with pytest.raises(BackendError, match="was closed"):
            use()
    walled.close()


def test_a_process_that_does_not_close_is_killed(walled: ProcessBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing waits only so long."""
    walled.describe()
    kill(walled, signal.SIGSTOP)
    monkeypatch.setattr(child, "CLOSE_SECONDS", 0.2)
    walled.close()
    with pytest.raises(ProcessLookupError):
        kill(walled, 0)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors where /proc lists them")
def test_nothing_is_left_behind(llama: None, tmp_path: Path) -> None:
    """Twenty models opened and closed, some while loading, some dead, leave no process, thread or descriptor."""
    ProcessBackend(TINY, ONE_THREAD).close()
    before = (len(os.listdir("/proc/self/fd")), threading.active_count())
    for number in range(20):
        backend = ProcessBackend(TINY, ONE_THREAD)
        pid = backend.facts()["pid"]
        if number % 5 == 0:
            collect(backend.stream(ask("x", max_tokens=1)))
        if number % 5 == 1:
            kill(backend, signal.SIGKILL)
        backend.close()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    # At most: a thread of an earlier test may have been ending when they were counted.
    assert len(os.listdir("/proc/self/fd")) <= before[0] and threading.active_count() <= before[1]


@pytest.mark.parametrize("phase", ["answering", "template"])
def test_it_dies_with_the_program(phase: str, llama: None, tmp_path: Path) -> None:
    """The process does not outlive a program that was killed, whatever it is doing."""
    model = TINY if phase == "answering" else patched(tmp_path, MANY_STEPS)
    code = (
        "import sys, threading; from pathlib import Path; from tests.backends.test_engine_process import *\n"
        "backend = ProcessBackend(Path(sys.argv[1]), ONE_THREAD); backend.describe()\n"
        "in_thread(lambda: list(backend.stream(ENDLESS)))\n"
        f"while backend._child._phase != {phase!r}: time.sleep(0.001)\n"
        "print(backend.facts()['pid'], flush=True); time.sleep(60)"
    )
    program = subprocess.Popen([sys.executable, "-c", code, str(model)], stdout=subprocess.PIPE)
    assert program.stdout is not None
    with program, program.stdout:
        pid = int(program.stdout.readline())
        program.kill()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _alive(pid):
        time.sleep(0.01)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    """Say whether a process runs; one that nobody has waited for is dead all the same."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_ctrl_c_is_the_programs_own(walled: ProcessBackend) -> None:
    """The process is in a group of its own, which a terminal's Ctrl-C does not reach."""
    walled.describe()
    assert os.getpgid(walled.facts()["pid"]) != os.getpgid(0)


def test_what_is_not_kept_is_said(llama: None, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder for states that cannot be made fails no answer; the program hears of it, once."""
    (tmp_path / "file").touch()
    engine = EngineOptions(threads=1, states=tmp_path / "file" / "states", states_bytes=10**8)
    backend = ProcessBackend(TINY, BackendOptions(engine=engine))
    for question in ("one", "two"):
        asked = replace(ask(QUESTION * 20 + question, max_tokens=2), cache_key="ask/1")
        assert collect(backend.stream(asked))[1].reason == "length"
    backend.close()
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "the state of this prompt was not kept for later questions"
    ]


def test_facts(walled: ProcessBackend) -> None:
    """What the status shows is plain and cheap."""
    walled.describe()
    facts = walled.facts()
    assert facts["model"] == "tiny" and facts["requests"] == 0
    assert facts["memory_bytes"] is None or facts["memory_bytes"] > TINY.stat().st_size
    json.dumps(facts)
