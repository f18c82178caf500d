"""`localdev models info` as its user sees it."""

from __future__ import annotations

import json
import re
import shutil
import struct
from pathlib import Path

import pytest

from localdev.models.passport import Source
from localdev.models.store import Adding, ModelStore
from tests.backends.lora import write_adapter
from tests.backends.ollama_server import NAME, serve_bodies, show
from tests.cli.conftest import Run
from tests.models.conftest import gguf, pair, text
from tests.models.interrupting import write_model

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
ON_A_DATE = "{% if strftime_now('%Y') == '2027' %}{{ 'x' }}{% endif %}{{ messages[0]['content'] }}"
DIGEST = "2530d17b200780607a3039c0b9a4281c42bf34e73269fc2c8feb782c2888ed1f"


@pytest.fixture
def store(home: Path, tmp_path: Path) -> ModelStore:
    """Give a store that has the tiny model, added in this test."""
    found = ModelStore(home / "localdev" / "data" / "models")
    found.add(Path(shutil.copyfile(TINY, tmp_path / "tiny.gguf")), Adding(mode="copy", licence="MIT"))
    return found


def lines_of(out: str) -> dict[str, str]:
    """Give the labelled lines of the output."""
    found = (line.partition(" ") for line in out.splitlines() if not line.startswith(" "))
    return {label: rest.strip() for label, _, rest in found}


def test_a_stored_model(run: Run, store: ModelStore, tmp_path: Path) -> None:
    """All that is asked for stands there, one fact a line."""
    done = run("models", "info", "tiny")
    assert (done.code, done.err) == (0, "")
    told = lines_of(done.out)
    assert told["name"] == "tiny"
    assert told["kind"] == "model, llama, 1.1 M parameters, F32"
    assert (told["context"], told["vocabulary"]) == ("2048 tokens", "2048 tokens")
    assert told["licence"] == "MIT, as given when it was added; the file itself states Python-2.0"
    assert "with a window of 2048 tokens: weights 4 MB" in told["memory"]
    assert told["source"] == f"file {tmp_path}/tiny.gguf" and told["added"].endswith("(copied)")
    assert DIGEST in told["file"] and told["vetting"] == "fine"
    assert "FIM tokens    prefix " in done.out
    assert any(line.startswith("              | ") for line in done.out.splitlines())


def test_a_licence_that_an_export_claims(run: Run, store: ModelStore, tmp_path: Path) -> None:
    """Nobody checked it, and the file says nothing of the kind: both are said."""
    [path] = write_model(tmp_path / "other", 1)
    store.add(path, Adding(licence="MIT", source=Source("archive", "/media/stick/other.ldm", "", "hub a/b")))
    told = lines_of(run("models", "info", "small").out)
    assert told["licence"] == "MIT, as the export claims; the file itself states none"
    assert told["source"] == "archive /media/stick/other.ldm, from hub a/b"


def test_as_json(run: Run, store: ModelStore) -> None:
    """Every figure, and the whole template."""
    found = json.loads(run("models", "info", "tiny", "--json").out)
    assert found["schema_version"] == 1 and found["digest"] == DIGEST and found["parameters"] == 1_123_712
    assert set(found["fim_tokens"]) == {"prefix", "suffix", "middle"}
    assert found["fim_tokens"]["prefix"]["text"] == "<|fim_prefix|>"
    memory = found["memory"]
    assert memory["total"] == memory["weights"] + memory["state"] + memory["buffers"] > TINY.stat().st_size
    assert memory["free"] <= memory["machine"]
    assert found["files"] == [{"path": str(store.find("tiny").file), "size": TINY.stat().st_size, "sha256": DIGEST}]
    assert "messages" in found["template"]["text"] and len(found["template"]["digest"]) == 64


def test_a_larger_window_takes_more(run: Run, store: ModelStore) -> None:
    """The state grows with the window; 4 layers, 2 heads of keys and values, 2 bytes each."""
    small, large = (
        json.loads(run("models", "info", "tiny", "--window", window, "--json").out)["memory"] for window in (256, 2048)
    )
    assert (small["window"], large["window"]) == (256, 2048)
    assert large["state"] == 8 * small["state"] and large["weights"] == small["weights"]
    assert "4096 tokens, more than it was trained for:" in run("models", "info", "tiny", "--window", 4096).out
    assert "too little" in run("models", "info", "tiny", "--window", 1 << 30).out


def test_the_template_alone(run: Run, store: ModelStore, tmp_path: Path) -> None:
    """It is printed whole, with what a terminal would obey made visible; none is an error."""
    done = run("models", "info", "tiny", "--template")
    assert done.code == 0 and "messages" in done.out and "sha256" not in done.out
    path = tmp_path / "odd.gguf"
    path.write_bytes(gguf([pair("general.architecture", "llama"), pair("tokenizer.chat_template", "a\x1b[2J\nb")]))
    assert run("models", "info", path, "--template").out == "a\\x1b[2J\nb\n"
    path.write_bytes(gguf())
    done = run("models", "info", path, "--template")
    assert done.code == 4 and "no chat template" in done.err


def test_a_file_that_is_not_stored(run: Run) -> None:
    """It is read where it is, and nothing is stored."""
    done = run("models", "info", TINY)
    told = lines_of(done.out)
    assert done.code == 0 and told["file"] == f"{TINY}, 5 MB" and "source" not in told
    assert json.loads(run("models", "list", "--json").out)["models"] == []


def test_a_split_model(run: Run, tmp_path: Path) -> None:
    """Any part, or their folder, is the whole model; a missing part is named."""
    parts = write_model(tmp_path / "parts", 3)
    for named in (parts[0], parts[2], tmp_path / "parts"):
        found = json.loads(run("models", "info", named, "--json").out)
        assert found["parameters"] == 96 and [file["path"] for file in found["files"]] == [str(path) for path in parts]
    parts[1].unlink()
    done = run("models", "info", parts[0])
    assert done.code == 4 and "small-00002-of-00003.gguf" in done.err


def test_what_it_says_cannot_drive_a_terminal(run: Run, tmp_path: Path) -> None:
    """Names, licences and tokens of a hostile file are shown, not obeyed; what vetting says of it stands there."""
    tokens = b"".join(map(text, ["<pre>\x1b[31m", "b", "c"]))
    pairs = [
        pair("general.architecture", "llama"),
        pair("general.name", "x\x1b]0;evil\x07\ny"),
        pair("general.license", "\u202etim"),
        ("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 3) + tokens),
        pair("tokenizer.ggml.fim_pre_token_id", 0),
        pair("tokenizer.chat_template", "{{ messages }}\x1b[2J"),
    ]
    path = tmp_path / "hostile.gguf"
    path.write_bytes(gguf(pairs))
    done = run("models", "info", path)
    assert done.code == 0
    assert not set("\x1b\x07\u202e") & set(done.out)
    assert "refused" in done.out and "\\x1b" in done.out


def test_adapters(run: Run, store: ModelStore, tmp_path: Path) -> None:
    """A model names the adapters that fit it; an adapter takes no memory of its own to speak of."""
    store.add(write_adapter(tmp_path / "style.gguf"), Adding(kind="adapter"))
    store.add(write_adapter(tmp_path / "other.gguf", seed=2, width=64), Adding(kind="adapter"))
    assert lines_of(run("models", "info", "tiny").out)["adapters"] == "style"
    done = run("models", "info", "style")
    told = lines_of(done.out)
    assert told["kind"].startswith("adapter, llama,") and not {"memory", "FIM", "template"} & set(told)
    assert re.fullmatch(r"rank \d+, alpha [\d.]+, of \d+ tensors", told["LoRA"]) and told["fits"] == "tiny"
    assert lines_of(run("models", "info", "other").out)["fits"] == "none of the stored models"
    assert lines_of(run("models", "info", tmp_path / "style.gguf").out)["fits"] == "tiny"
    write_adapter(tmp_path / "third.gguf", seed=3)
    found = json.loads(run("models", "info", tmp_path / "third.gguf", "--json").out)["adapter"]
    assert found["fits"] == ["tiny"] and found["tensors"] > 0 and found["ranks"] and found["alpha"] > 0
    assert json.loads(run("models", "info", "tiny", "--json").out)["adapter"] is None


def test_an_adapter_that_is_none(run: Run, tmp_path: Path) -> None:
    """What speaks against it is said in place of its rank."""
    path = tmp_path / "a.gguf"
    path.write_bytes(gguf([pair("general.architecture", "llama"), pair("general.type", "adapter")]))
    assert "is an adapter of the type None" in lines_of(run("models", "info", path).out)["unusable"]


def test_a_licence_that_the_file_does_not_state(run: Run, store: ModelStore) -> None:
    """The passport warns of it, adding says it, and so does info, once; another spelling is the same licence."""
    (finding,) = [each for each in store.find("tiny").findings if each.rule == "licence-differs"]
    assert finding.severity == "warn" and "the licence MIT, its file states Python-2.0" in finding.message
    out = run("models", "info", "tiny").out
    assert out.count("Python-2.0") == 1
    findings = json.loads(run("models", "info", "tiny", "--json").out)["findings"]
    assert [each["rule"] for each in findings].count("licence-differs") == 1
    run("models", "add", TINY, "--copy", "--name", "tiny", "--licence", "Python-2.0")
    assert "licence-differs" not in {each.rule for each in store.find("tiny").findings}
    run("models", "remove", "tiny", "--yes")
    for licence, differs in (("python 2.0 License", False), ("MIT", True)):
        warned = run("models", "add", TINY, "--copy", "--licence", licence).err
        assert ("warning: licence-differs" in warned) == differs
        run("models", "remove", "tiny", "--yes")


def test_how_it_came(run: Run, store: ModelStore, tmp_path: Path) -> None:
    """Of an import the file was not moved by its user; a finding that was accepted is called that."""
    path = tmp_path / "dated.gguf"
    path.write_bytes(gguf([pair("general.architecture", "llama"), pair("tokenizer.chat_template", ON_A_DATE)]))
    store.add(path, Adding(mode="move", accept=("template-date",), source=Source("archive", "/x.ldm")))
    told = lines_of(run("models", "info", "dated").out)
    assert told["added"].endswith("(imported)") and told["accepted"].startswith("template-date: ")
    assert "refuse" not in told and told["vetting"] == "fine"


def test_a_changed_model_is_told(run: Run, store: ModelStore) -> None:
    """A file that is not as it was added is said to be so, without reading all of it."""
    file = store.find("tiny").file
    data = bytearray(file.read_bytes())
    data[-9] ^= 1
    file.write_bytes(data)
    assert lines_of(run("models", "info", "tiny").out)["state"].startswith("changed since it was added")


def test_what_is_no_model(run: Run, tmp_path: Path) -> None:
    """A name nobody has, a file of another kind and a broken one end with two lines."""
    (tmp_path / "x.gguf").write_bytes(b"hello, this is no model")
    (tmp_path / "cut.gguf").write_bytes(TINY.read_bytes()[:-100])
    for named, said in (
        ("nobody", "no model named"),
        (tmp_path / "x.gguf", "x.gguf"),
        (tmp_path / "cut.gguf", "truncated"),
    ):
        done = run("models", "info", named)
        assert (done.code, done.out) == (4, "") and said in done.err and "hint: " in done.err
    assert run("models", "info", "a\0b").code == 4


def test_a_model_of_an_ollama(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server on this machine says; one beyond it is not asked."""
    with serve_bodies(show=show(parameters="num_ctx 4096", template="{{ .Prompt }}\x1b[2J")) as asked:
        monkeypatch.setenv("LOCALDEV_REMOTE_OLLAMA_URL", asked.url)
        done = run("models", "info", f"ollama:{NAME}")
        told = lines_of(done.out)
        assert done.code == 0 and told["name"] == f"ollama:{NAME}"
        assert told["context"] == "8192 tokens, its Modelfile asks for 4096" and told["can"] == "completion, vision"
        assert "\x1b" not in done.out and "{{ .Prompt }}" in done.out
        found = json.loads(run("models", "info", f"ollama:{NAME}", "--json").out)
        assert found["context_length"] == 8192 and found["server"] == asked.url
    done = run("models", "info", "ollama:tiny@http://192.0.2.1:11434")
    assert done.code == 2 and "beyond this machine" in done.err
