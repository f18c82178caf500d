"""`localdev models export` and `import` as their user sees them: real processes, two homes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from localdev.models.store import Adding, ModelStore
from scripts.hostile.exports import good_export, small_model
from tests.cli.conftest import Run, command

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"


@pytest.fixture
def tiny(home: Path, tmp_path: Path) -> ModelStore:
    """Give a store that has the tiny model."""
    store = ModelStore(home / "localdev" / "data" / "models")
    store.add(Path(shutil.copyfile(TINY, tmp_path / "tiny.gguf")), Adding(mode="move"))
    return store


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the home of the other machine; `monkeypatch.setenv` in the test moves there."""
    return tmp_path / "elsewhere"


def test_from_one_home_to_another(
    run: Run, tiny: ModelStore, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Export to a folder, import under another home; there it is listed, and imported again nothing changes."""
    stick = tmp_path / "stick"
    stick.mkdir()
    done = run("models", "export", "tiny", stick)
    assert done.code == 0
    assert done.out.splitlines() == [
        "tiny: llama, 1.1 M, F32, 5 MB, reads up to 2048 tokens",
        f"exported to {stick}/tiny.ldm, 5 MB",
    ]
    assert "localdev models import tiny.ldm" in done.err
    monkeypatch.setenv("LOCALDEV_HOME", str(elsewhere))
    done = run("models", "import", stick / "tiny.ldm", "--name", "carried")
    assert done.code == 0
    assert done.out.splitlines()[0] == "carried: imported, llama, 1.1 M, F32, 5 MB, reads up to 2048 tokens"
    assert "carried" in run("models", "list").out
    done = run("models", "import", stick / "tiny.ldm")
    digest = tiny.find("tiny").digest
    assert (done.code, done.out) == (0, f"carried: was here already, nothing changed\nsha256 {digest}\n")
    journal = (elsewhere / "state" / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["kind"] for line in journal].count("model_added") == 1


def test_as_json(run: Run, tiny: ModelStore, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both say in JSON what was done."""
    done = json.loads(run("models", "export", "tiny", tmp_path / "x.ldm", "--json").out)
    assert done["file"] == str(tmp_path / "x.ldm") and done["size"] == (tmp_path / "x.ldm").stat().st_size
    assert [each["name"] for each in done["exported"]] == ["tiny"]
    monkeypatch.setenv("LOCALDEV_HOME", str(elsewhere))
    found = json.loads(run("models", "import", tmp_path / "x.ldm", "--json").out)
    assert found["schema_version"] == 1 and found["already"] == []
    assert found["imported"][0]["source"]["kind"] == "archive"
    again = json.loads(run("models", "import", tmp_path / "x.ldm", "--json").out)
    assert again["imported"] == [] and again["already"][0]["digest"] == found["imported"][0]["digest"]


def test_where_to(run: Run, tiny: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into the current folder when no place is given; a mistyped folder is not taken for a file's name."""
    monkeypatch.chdir(tmp_path)
    assert run("models", "export", "tiny").code == 0
    assert (tmp_path / "tiny.ldm").is_file()
    for arguments, code, said in (
        (("export", "tiny"), 2, "tiny.ldm is there already"),
        (("export", "tiny", tmp_path / "stik"), 4, "there is no folder"),
        (("export", "tiny", tmp_path / "stik" / "x.ldm"), 4, "there is no folder"),
    ):
        done = run("models", *arguments)
        assert (done.code, done.out) == (code, "") and said in done.err and "hint: " in done.err
    assert run("models", "export", "tiny", "--force").code == 0
    done = run("models", "export", "nobody")
    assert done.code == 4 and "no model named 'nobody'; known models: tiny" in done.err


@pytest.mark.parametrize(
    ("data", "said", "to_do"),
    [
        (good_export()[:-1], "truncated", "copy it again"),
        (b"\x1f\x8b" + bytes(100), "compressed with gzip", "gunzip"),
        (small_model(), "a model file itself", "localdev models add"),
        (b"hello", "is not an export of localdev", "localdev models export"),
    ],
)
def test_what_is_no_export(data: bytes, said: str, to_do: str, run: Run, tmp_path: Path) -> None:
    """Two lines say what it is and what to do; nothing is stored."""
    (tmp_path / "x.ldm").write_bytes(data)
    done = run("models", "import", tmp_path / "x.ldm")
    assert (done.code, done.out) == (4, "")
    assert said in done.err and to_do in done.err and done.err.count("\n") == 2
    assert json.loads(run("models", "list", "--json").out)["models"] == []


def test_an_adapter_travels_too(
    run: Run, tmp_path: Path, tiny: ModelStore, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone by its name, or beside the model it was made for, and it is an adapter on the other side."""
    from tests.backends.lora import write_adapter

    adapter = tiny.add(write_adapter(tmp_path / "style.gguf"), Adding(kind="adapter"))
    assert run("models", "export", "style", tmp_path / "alone.ldm").code == 0
    done = run("models", "export", "tiny", tmp_path / "both.ldm", "--with-adapters")
    assert [line.split(":")[0] for line in done.out.splitlines()[:2]] == ["tiny", "style"]
    monkeypatch.setenv("LOCALDEV_HOME", str(elsewhere))
    there = ModelStore(elsewhere / "data" / "models")
    assert run("models", "import", tmp_path / "alone.ldm").code == 0
    assert [each.digest for each in there.list("adapter")] == [adapter.digest]
    done = run("models", "import", tmp_path / "both.ldm")
    assert "style: was here already" in done.out and "tiny: imported" in done.out


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_ended_by_a_signal(how: signal.Signals, tiny: ModelStore, tmp_path: Path, run: Run) -> None:
    """An export that is ended leaves no file of the name asked for; the next one leaves nothing else."""
    big = tmp_path / "big.gguf"  # most of it a hole
    data = small_model()
    head = data[: data.index(struct.pack("<Q", 1) + b"a")]
    head += struct.pack("<Q", 1) + b"a" + struct.pack("<IQIQ", 1, 96 << 20, 0, 0)
    big.write_bytes(head + bytes(-len(head) % 32))
    os.truncate(big, big.stat().st_size + (384 << 20))
    tiny.add(big, Adding(mode="link"))
    target = tmp_path / "stick" / "big.ldm"
    target.parent.mkdir()
    process = subprocess.Popen(command("models", "export", "big", target), stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not (target.parent / ".big.ldm.part").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(how)
    _, said = process.communicate(timeout=30)
    assert process.returncode != 0 and b"Traceback" not in said
    left = [path.name for path in target.parent.iterdir()]
    assert left == ([".big.ldm.part"] if how == signal.SIGKILL else [])
    assert run("models", "export", "tiny", target).code == 0
    assert [path.name for path in target.parent.iterdir()] == ["big.ldm"]
