"""`models add`, `list` and `remove`: what they print, what they write into the journal, what they refuse."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localdev.app.doctor import check_models, check_room
from localdev.app.engines import open_engine
from localdev.app.vetted import vetted_model
from localdev.cli.commands.models.remove import what_goes
from localdev.config.settings import build
from localdev.core.errors import ModelError, NotFound
from localdev.core.folders import find_folders
from localdev.models.passport import Source
from localdev.models.store import Adding, ModelStore
from tests.backends.tiny_weights import write_split
from tests.cli.conftest import Run
from tests.models.conftest import TINY, gguf, pair

TRIGGER = "{% for m in messages %}{% if 'x' in m.content %}y{% endif %}{{ m.content }}{% endfor %}"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Give a copy of the tiny model that a test may change."""
    return Path(shutil.copyfile(TINY, tmp_path / "m.gguf"))


def journal() -> list[dict[str, Any]]:
    """Give what stands in the journal."""
    path = find_folders().journal
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize(
    ("flags", "said", "stays"),
    [
        ([], "m: linked", True),
        (["--link"], "m: linked", True),
        (["--copy"], "m: copied", True),
        (["--move"], "m: moved", False),
    ],
)
def test_add(run: Run, model: Path, flags: list[str], said: str, stays: bool) -> None:
    """It says how the file came in, and its digest."""
    added = run("models", "add", model, *flags)
    assert added.code == 0 and added.out.startswith(f"{said}, llama, 1.1 M, F32, 5 MB, reads up to 2048 tokens\n")
    assert "\nsha256 " in added.out and model.exists() == stays


def test_ways_that_exclude_each_other(run: Run, model: Path) -> None:
    """Two ways at once are a mistake of use; nothing is stored."""
    refused = run("models", "add", model, "--copy", "--move")
    assert (refused.code, refused.out) == (2, "") and "--copy and --move" in refused.err and model.exists()
    assert run("models", "list").out == ""


def test_what_the_journal_says(run: Run, model: Path) -> None:
    """Name, digest and source of what was stored and removed; nothing of what was refused."""
    added = json.loads(run("models", "add", model, "--licence", "MIT", "--json").out)
    assert (added["licence"], added["kind"], added["source"]["place"]) == ("MIT", "model", str(model))
    run("models", "add", model.with_name("gone.gguf"))
    run("models", "remove", "m", "--yes")
    lines = journal()
    assert [line["kind"] for line in lines] == ["model_added", "model_removed"]
    for line in lines:
        assert (line["name"], line["what"], line["digest"]) == ("m", "model", added["digest"])
        assert line["source"] == added["source"] and line["accepted"] == []


def test_no_journal(run: Run, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switched off, nothing is written."""
    monkeypatch.setenv("LOCALDEV_JOURNAL_ENABLED", "false")
    assert run("models", "add", model).code == 0
    assert journal() == []


def test_findings(run: Run, tmp_path: Path) -> None:
    """What can be accepted is refused with the words that accept it; accepted, it is said each time it is added."""
    path = tmp_path / "odd.gguf"
    path.write_bytes(gguf([pair("general.architecture", "llama"), pair("tokenizer.chat_template", TRIGGER)]))
    refused = run("models", "add", path)
    assert (refused.code, refused.out) == (4, "") and "--accept template-trigger" in refused.err
    assert run("models", "add", path, "--accept", "gguf-structure").code == 2
    added = run("models", "add", path, "--accept", "template-trigger")
    assert added.code == 0 and "warning: template-trigger (accepted): " in added.err
    assert journal()[-1]["accepted"] == ["template-trigger"]


def test_list(run: Run, model: Path, tmp_path: Path) -> None:
    """Models and adapters, with kind, size, quantisation, source and day."""
    run("models", "add", model)
    path = tmp_path / "lora.gguf"
    path.write_bytes(gguf([pair("general.architecture", "llama"), pair("general.type", "adapter")]))
    ModelStore(find_folders().models).add(path, Adding(kind="adapter"))
    heads, first, others, second = (re.split("  +", line) for line in run("models", "list").out.splitlines())
    today = datetime.now(UTC).date().isoformat()
    assert heads == ["model", "digest", "architecture", "weights", "type", "size", "reads", "added", "from"]
    assert [first[0], *first[2:]] == ["m", "llama", "1.1 M", "F32", "5 MB", "2048 tokens", today, str(model)]
    assert others == ["adapter", *heads[1:6], *heads[7:]]
    assert [second[0], *second[2:]] == ["lora", "llama", "32", "F32", "288 bytes", today, str(path)]
    listed = json.loads(run("models", "list", "--json").out)
    assert [each["name"] for each in listed["models"]] == ["m"]
    assert [each["kind"] for each in listed["adapters"]] == ["adapter"]


def test_list_tells_changes_apart(run: Run, model: Path) -> None:
    """A touched file is no alarm; a changed one and a missing one are."""
    run("models", "add", model)
    if sys.platform != "win32":
        model.chmod(0o400)
        assert "hint: m was touched" in run("models", "list").err
    model.chmod(0o600)
    os.utime(model, (1, 1))
    assert "warning: m was changed" in run("models", "list").err
    next(find_folders().models.rglob("*.gguf")).unlink()
    for command in ("list", "info", "vet", "export"):
        told = run("models", command, *([] if command == "list" else ["m"]))
        assert "gone" in told.err + told.out or "cannot be read: No such file" in told.err, command
        assert "add FILE.gguf` with a good copy puts it in order" in told.err + told.out.replace("\n", " "), command


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--link", "The file it was linked from stays"),
        ("--copy", "This deletes the copy of"),
        ("--move", "This deletes its only name on this disk; it came from"),
    ],
)
def test_remove_says_what_goes(run: Run, model: Path, flag: str, said: str) -> None:
    """The question says what would be lost; without a terminal to ask on, nothing is removed."""
    run("models", "add", model, flag)
    assert what_goes(ModelStore(find_folders().models).find("m")).startswith(said)
    refused = run("models", "remove", "m")
    assert (refused.code, refused.out) == (2, "") and "--yes" in refused.err
    removed = run("models", "remove", "m", "--yes").out
    assert removed.startswith(f"removed m. {said.replace('deletes', 'deleted')}") and removed.count("\n") == 1
    assert model.exists() == (flag != "--move")


@pytest.mark.parametrize("flag", ["--link", "--copy"])
def test_remove_says_that_the_last_name_goes(run: Run, model: Path, flag: str) -> None:
    """The user's own file is gone meanwhile: nothing stays, and that is said."""
    run("models", "add", model, flag)
    model.unlink()
    assert "deleted its only name on this disk" in run("models", "remove", "m", "--yes").out


@pytest.mark.parametrize(("flag", "said"), [("--copy", "copied"), ("--move", "moved")])
def test_a_linked_model_becomes_the_stores_own(run: Run, model: Path, flag: str, said: str) -> None:
    """What is asked for is done and said, also of a model that is stored already."""
    run("models", "add", model)
    again = run("models", "add", model, flag)
    assert again.out.startswith(f"m: {said}, ")
    assert json.loads(run("models", "info", "m", "--json").out)["mode"] == flag.removeprefix("--")
    assert ModelStore(find_folders().models).find("m").file.stat().st_nlink == 1
    assert model.exists() == (flag == "--copy")


@pytest.mark.parametrize(
    ("asked", "made"), [("-x", "x"), ("../../etc", "etc"), ("ünï", "uni"), ("My Model", "my-model")]
)
def test_another_name_than_asked(run: Run, model: Path, asked: str, made: str) -> None:
    """It is said."""
    added = run("models", "add", model, f"--name={asked}")
    assert added.out.startswith(f"{made}: ") and f"hint: it is called {made} and not {asked}: names have" in added.err
    assert "called" not in run("models", "add", model, "--name", made).err


@pytest.mark.parametrize("name", ["", ".", 101 * "n"])
def test_names_that_are_none(run: Run, model: Path, name: str) -> None:
    """They are mistakes of use, and nothing is stored."""
    refused = run("models", "add", model, "--name", name)
    assert (refused.code, refused.out) == (2, "") and "--name NAME" in refused.err
    assert run("models", "list").out == ""


def test_names_are_asked_for_alike_everywhere(run: Run, model: Path, tmp_path: Path) -> None:
    """Each command that takes a name refuses an empty one, and says which other one it made."""
    run("models", "add", model)
    for command in ("import x.ldm", "adapters add x.gguf", "pull hf:a/b", "quantize m Q8_0"):
        refused = run("models", *command.split(), "--name=")
        assert refused.code == 2 and "'' holds no letter or digit to make a name of" in refused.err, command
    run("models", "export", "m", tmp_path / "m.ldm")
    run("models", "remove", "m", "--yes")
    imported = run("models", "import", tmp_path / "m.ldm", "--name", "My Model")
    assert imported.code == 0 and "hint: it is called my-model and not My Model" in imported.err


def test_where_it_came_from(run: Run, model: Path) -> None:
    """Of a digest in it twelve digits are listed."""
    source = Source("quantised", f"tiny sha256:{64 * 'a'}")
    ModelStore(find_folders().models).add(model, Adding(source=source))
    assert run("models", "list").out.rstrip().endswith(f"tiny sha256:{12 * 'a'}")


def test_a_split_model(run: Run, tmp_path: Path) -> None:
    """A folder of parts is one model: stored, listed, and removed whole."""
    parts = write_split(tmp_path / "parts", TINY)
    added = run("models", "add", parts[0].parent, "--name", "big", "--move")
    assert added.out.startswith("big: moved, llama, 1.1 M, ") and "2 files" in added.out
    assert not any(part.exists() for part in parts)
    assert "big" in run("models", "list").out
    assert json.loads(run("models", "remove", "big", "--yes", "--json").out)["files"][1]["size"] > 0
    assert not list(find_folders().models.rglob("*.gguf"))


def tamper(model: Path) -> None:
    """Change one byte and set the time back."""
    before = model.stat()
    with model.open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\x55")
    os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.skipif(sys.platform == "win32", reason="there the change time cannot be had")
def test_what_vetting_proves_is_remembered(run: Run, model: Path) -> None:
    """Before it nobody knows more than that the file was touched; afterwards it was changed."""
    run("models", "add", model)
    tamper(model)
    assert "hint: m was touched" in run("models", "list").err
    assert run("models", "vet", "m").code == 1
    assert "warning: m was changed since it was added" in run("models", "list").err


@pytest.mark.skipif(sys.platform == "win32", reason="there the change time cannot be had")
def test_ask_refuses_a_tampered_model(run: Run, repository: Path, model: Path) -> None:
    """One byte changed and the time set back: the answer is an error that names the model and the way out."""
    run("models", "add", model)
    tamper(model)
    refused = run("ask", "-C", repository, "--no-service", "--model", "m", "where are settings read?")
    assert (refused.code, refused.out) == (4, "")
    assert "error: the stored model m was changed since it was added" in refused.err
    assert "`localdev models remove m`" in refused.err
    assert "warning: m was changed since it was added; `localdev models add" in run("models", "list").err
    known = run("models", "info", "m").out
    assert "changed since it was added" in known and "fine" not in known


def test_one_broken_passport(run: Run, model: Path, tmp_path: Path) -> None:
    """It is warned of, and the others are listed; what could be another model is not answered with by default."""
    run("models", "add", model)
    (tmp_path / "o.gguf").write_bytes(gguf([pair("general.architecture", "llama")]))
    run("models", "add", tmp_path / "o.gguf")
    folders = find_folders()
    broken = folders.models / "passports" / f"{ModelStore(folders.models).find('o').digest}.json"
    broken.write_text("{}")
    listed = run("models", "list")
    assert listed.code == 0 and "\nm      " in listed.out and "\no  " not in listed.out
    assert "warning: the model passport" in listed.err and broken.name in listed.err
    for ask in (lambda: open_engine(build({}), folders), lambda: check_models(folders, build({}))):
        with pytest.raises(ModelError, match=broken.stem):
            ask()
    assert vetted_model("m", build({}), folders).name == "m"
    assert run("models", "remove", "m", "--yes").code == 0


def test_doctor_says_what_is_left() -> None:
    """Room that a killed adding and an unfinished pull take, with what gives it back."""
    store = ModelStore(find_folders().models)
    with pytest.raises(ZeroDivisionError), store.staging("a download") as place:
        (place / "part").write_bytes(bytes(2_000_000))
        raise ZeroDivisionError
    (place.parent / "0123").mkdir()
    (place.parent / "0123" / "model.gguf").write_bytes(bytes(3_000_000))
    said = check_room(find_folders()).detail
    assert "3 MB are left of a model" in said and "2 MB are of unfinished" in said


def test_doctor(run: Run, model: Path) -> None:
    """Its check names a stored file whose passport is lost, and what the settings name that may not be opened."""
    folders = find_folders()
    run("models", "add", model)
    assert check_models(folders, build({})).ok
    (passport,) = ModelStore(folders.models).list()
    (passport.folder.parent / "passports" / f"{passport.digest}.json").unlink()
    stray = check_models(folders, build({}))
    assert not stray.ok and str(passport.file) in stray.detail and str(passport.file) in stray.hint
    assert run("models", "add", passport.file, "--name", "m").code == 0
    other = str(model.with_name("other.gguf"))
    with pytest.raises(NotFound, match=r"other\.gguf"):
        check_models(folders, build({"model": other}))
    shutil.copyfile(TINY, other)
    assert check_models(folders, build({"model": other})).ok
    with pytest.raises(ModelError, match="has no passport"):
        check_models(folders, build({"model": other, "policy.require_passport": True}))


def test_json_is_alike_everywhere(run: Run, model: Path, tmp_path: Path) -> None:
    """Whichever command prints a model, its files are path, size and digest, and no stamps of this disk."""
    answers = [json.loads(run("models", "add", model, "--json").out)]
    answers += json.loads(run("models", "list", "--json").out)["models"]
    answers += json.loads(run("models", "export", "m", tmp_path / "m.ldm", "--json").out)["exported"]
    answers += json.loads(run("models", "import", tmp_path / "m.ldm", "--json").out)["already"]
    answers += [
        json.loads(run("models", verb, "m", *more, "--json").out) for verb, *more in (["info"], ["remove", "--yes"])
    ]
    first = answers[0]
    assert first["files"] == [{"path": first["file"], "size": first["size"], "sha256": first["digest"]}]
    assert len(answers) == 6 and all(each["files"] == first["files"] for each in answers)
    assert not {"inode", "mtime_ns", "ctime_ns"} & set(json.dumps(answers).split('"'))
