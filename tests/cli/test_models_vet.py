"""`localdev models vet` end to end: files, stored models, folders; verdicts, exit codes, JSON."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from localdev.core.folders import find_folders
from scripts.hostile.cases import LLAMA, gguf, pair
from scripts.hostile.foreign import touching
from scripts.hostile.weights import good_folder
from tests.cli.conftest import Run

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
ON_A_DATE = "{% if strftime_now('%Y') == '2027' %}{{ 'x' }}{% endif %}{{ messages[0]['content'] }}"


@pytest.fixture
def stored(run: Run) -> Path:
    """Store a copy of the tiny model and give the stored file."""
    added = json.loads(run("models", "add", TINY, "--copy", "--name", "tiny", "--json").out)
    return Path(added["file"])


def test_a_good_file(run: Run) -> None:
    """What the file is, its template and its findings are listed, and the verdict is the last line."""
    done = run("models", "vet", TINY)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == str(TINY)
    assert lines[-1] == "  fine"
    assert any(line.startswith("  kind      model, llama, 1.1 M, F32, 5 MB, reads up to 2048 tokens") for line in lines)
    assert any(line.startswith("  template  ") for line in lines)
    assert any(line.startswith("  note      licence: it states Python-2.0") for line in lines)


def test_a_refused_file_among_good_ones(run: Run, tmp_path: Path) -> None:
    """A pickle by the name of a model is named with what to use instead; the exit code is that of a finding."""
    bad = tmp_path / "model.gguf"
    bad.write_bytes(touching(tmp_path / "marker", 4))
    done = run("models", "vet", bad, TINY)
    assert (done.code, done.err) == (1, "")
    assert f"  refuse    format-pickle: {bad} is a pickle: pickles run code when they are loaded" in done.out
    assert "  to do     get the model's GGUF file" in done.out
    assert done.out.index("  refused\n") < done.out.index("  fine\n")
    assert not (tmp_path / "marker").exists()


def test_in_json(run: Run, tmp_path: Path) -> None:
    """JSON has an entry for each, with findings, template and verdict."""
    (tmp_path / "x.bin").write_bytes(b"<html></html>")
    done = run("models", "vet", TINY, tmp_path / "x.bin", "--json")
    assert done.code == 1
    shown = json.loads(done.out)
    good, bad = shown["models"]
    assert shown["schema_version"] == 1
    assert (good["architecture"], good["refused"], good["hint"]) == ("llama", False, "")
    assert len(good["template"]["digest"]) == 64
    assert {"rule": "licence", "severity": "note", "message": "it states Python-2.0"} in good["findings"]
    assert (bad["format"], bad["refused"], bad["architecture"]) == ("a web page", True, "")


def test_what_is_missing(run: Run, tmp_path: Path) -> None:
    """What is neither a file nor stored has no verdict, and takes none from the others: text and JSON have each."""
    (tmp_path / "x.bin").write_bytes(b"<html></html>")
    done = run("models", "vet", TINY, "nope", tmp_path / "x.bin")
    verdicts = [line for line in done.out.splitlines() if line in ("  fine", "  not vetted", "  refused")]
    assert (done.code, verdicts) == (4, ["  fine", "  not vetted", "  refused"])
    listed = run("models", "vet", TINY, "nope", tmp_path / "x.bin", "--json")
    good, missing, bad = json.loads(listed.out)["models"]
    assert listed.code == 4 and (good["refused"], bad["refused"], "refused" in missing) == (False, True, False)
    assert missing["error"].startswith("there is no file nope") and missing["hint"] and not good["error"]
    assert "error: there is no file nope, and nothing of that name is stored" in done.err
    assert "`localdev models list`" in done.err
    assert run("models", "vet").code == 2


def test_a_stored_model_is_read_to_its_end(run: Run, stored: Path) -> None:
    """The digest of a stored model is computed again: one changed byte is found, whatever its time stamp says."""
    good = run("models", "vet", "tiny")
    assert good.code == 0
    assert f"  digest    sha256 {stored.stem[:12]}, as it was added on 20" in good.out
    before = stored.stat()
    stored.chmod(0o600)
    with stored.open("r+b") as file:
        file.seek(-5, os.SEEK_END)
        file.write(b"\x7f")
    os.utime(stored, ns=(before.st_atime_ns, before.st_mtime_ns))
    bad = run("models", "vet", "tiny")
    assert bad.code == 1
    assert f"  refuse    digest: {stored.name} was changed since it was added" in bad.out
    assert "  digest  " not in bad.out


def test_another_name_of_a_stored_file(run: Run, tmp_path: Path) -> None:
    """A file that is stored by a link is headed by the path that was typed; what it is stored as is said, too."""
    path = Path(shutil.copy(TINY, tmp_path / "mine.gguf"))
    run("models", "add", path, "--link", "--name", "tiny")
    for typed in (path, "tiny"):
        assert run("models", "vet", typed).out.splitlines()[0] == str(typed)
    assert ", as tiny, which it is stored as, was added on 20" in run("models", "vet", path).out


def test_an_export_is_imported(run: Run, tmp_path: Path) -> None:
    """It is not a tar to be unpacked: vet, add and info name the command that takes it."""
    from scripts.hostile.exports import good_export

    path = tmp_path / "tiny.ldm"
    path.write_bytes(good_export())
    done = run("models", "vet", path)
    assert done.code == 1 and "is an export of localdev" in done.out and "models import` takes it" in done.out
    for verb in ("add", "info"):
        refused = run("models", verb, path)
        assert refused.code == 4 and "hint: `localdev models import` takes it" in refused.err


def test_what_lies_in_place_of_a_stored_model(run: Run, stored: Path) -> None:
    """Of a file that is gone, is none or has another size nothing is hashed: it may have no end."""
    stored.unlink()
    for make, said in (
        (lambda: None, "is gone"),
        (lambda: stored.symlink_to("/dev/zero"), "was changed"),
        (lambda: os.mkfifo(stored), "was changed"),
        (lambda: stored.write_bytes(TINY.read_bytes() + b"x"), "was changed"),
    ):
        make()
        done = run("models", "vet", "tiny")
        assert (done.code, f"digest: {stored.name} {said}" in done.out, "with a good copy" in done.out) == (
            1,
            True,
            True,
        )
        stored.unlink(missing_ok=True)


def test_accepting_a_rule(run: Run, tmp_path: Path) -> None:
    """A finding of judgement can be accepted, and is shown as that; what is structure, or no rule, cannot."""
    path = tmp_path / "dated.gguf"
    path.write_bytes(gguf([LLAMA, pair("tokenizer.chat_template", ON_A_DATE)]))
    refused = run("models", "vet", path)
    assert refused.code == 1 and "  refuse    template-date: " in refused.out
    assert "--accept template-date" in refused.out
    accepted = run("models", "vet", path, "--accept", "template-date")
    assert accepted.code == 0 and "  accepted  template-date: " in accepted.out
    assert run("models", "vet", path, "--accept", "gguf-structure").code == 2


def test_a_folder_of_an_embedder(run: Run, tmp_path: Path) -> None:
    """A sentence-transformers folder is judged as one, by vetting and when it is the embedder of searches."""
    for name, content in good_folder().items():
        assert isinstance(content, bytes)
        (tmp_path / "embedder" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "embedder" / name).write_bytes(content)
    assert run("models", "vet", tmp_path / "embedder").code == 0
    (tmp_path / "embedder" / "pytorch_model.bin").write_bytes(touching(tmp_path / "marker", 2))
    done = run("models", "vet", tmp_path / "embedder")
    assert done.code == 1 and "folder-pickle: pytorch_model.bin is a pickle" in done.out
    assert "  to do     remove that file" in done.out


def test_names_that_would_drive_the_terminal(run: Run, tmp_path: Path) -> None:
    """Neither a file's name nor what is in it reaches the terminal as anything but text."""
    path = tmp_path / "a\x1b[2J.gguf"
    shutil.copy(TINY, path)
    hostile = tmp_path / "b.gguf"
    hostile.write_bytes(gguf([LLAMA, pair("general.license", "\x1b]0;x\x07"), pair("general.type", "\u202e")]))
    done = run("models", "vet", path, hostile)
    assert done.code == 1
    assert not {"\x1b", "\x07", "\u202e"} & set(done.out + done.err)


def test_looking_writes_nothing(run: Run) -> None:
    """Vetting a file leaves no trace."""
    assert run("models", "vet", TINY).code == 0
    assert not find_folders().models.exists()
