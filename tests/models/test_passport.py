"""Passports: read back as written, brought up to date from version 1, and what is noticed of a changed one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localdev.core.errors import ModelError
from localdev.models.digests import digest_of_parts
from localdev.models.findings import VETTING_VERSION, Finding
from localdev.models.passport import Passport, Source, StoredFile, part_name, read_passport, write_passport
from localdev.models.store import Adding, ModelStore
from tests.models.conftest import gguf, pair, small

TRIGGER = "{% for m in messages %}{% if 'x' in m.content %}y{% endif %}{{ m.content }}{% endfor %}"

FIRST_VERSION = (
    *("name", "digest", "architecture", "parameters", "quantisation", "context_length"),
    *("has_template", "has_fim", "added"),
)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """Give a store that holds a small model."""
    store = ModelStore(tmp_path / "store")
    store.add(small(tmp_path / "tiny.gguf"), Adding(mode="copy", licence="Apache-2.0"))
    return store


def file_of(passport: Passport) -> Path:
    """Give where a passport is kept."""
    return passport.folder.parent / "passports" / f"{passport.digest}.json"


def change(passport: Passport, changing: Callable[[dict[str, Any]], object]) -> None:
    """Change a passport by hand."""
    entry = json.loads(file_of(passport).read_bytes())
    changing(entry)
    file_of(passport).write_text(json.dumps(entry))


def test_read_back_as_written(store: ModelStore, tmp_path: Path) -> None:
    """Every entry, of one file and of several, comes back as it was."""
    (one,) = store.list()
    assert (one.licence, one.kind, one.vetting) == ("Apache-2.0", "model", VETTING_VERSION)
    parts = tuple(StoredFile(part_name(number, 2), 10, "ab" * 32, number, 2, 3) for number in (1, 2))
    digest = digest_of_parts([(part.name, part.digest) for part in parts])
    several = Passport(
        name="x",
        kind="adapter",
        digest=digest,
        files=parts,
        architecture="llama",
        parameters=1,
        quantisation="F16",
        context_length=0,
        has_template=True,
        has_fim=False,
        template_digest="cd" * 32,
        licence="",
        base="tiny",
        mode="move",
        source=Source("hub", "owner/name", "0123abc", "example.org"),
        added="2026-01-01T00:00:00+00:00",
        vetting=1,
        findings=(Finding("template-import", "warn", "it says ümläut"),),
        accepted=("template-import",),
        folder=tmp_path / "files" / digest,
    )
    path = tmp_path / f"{digest}.json"
    write_passport(path, several)
    assert read_passport(path, tmp_path / "files") == several
    assert (several.size, several.file.name) == (20, "model-00001-of-00002.gguf")


def test_version_1_is_brought_up_to_date(store: ModelStore) -> None:
    """It is read as never vetted; the next check before opening reads the file, vets it, and writes version 2."""
    (new,) = store.list()
    entry = {name: getattr(new, name) for name in FIRST_VERSION}
    entry |= {"schema_version": 1, "mode": "link", "source": "/models/tiny.gguf", "size": new.size}
    file_of(new).write_text(json.dumps(entry | {"mtime_ns": new.files[0].mtime_ns}))
    (old,) = store.list()
    assert (old.vetting, old.files[0].inode, old.source) == (0, 0, Source("file", "/models/tiny.gguf"))
    assert old.seems_whole()
    read: list[object] = []
    assert store.checked_file(old, read.append) == new.file and read
    (renewed,) = store.list()
    assert (renewed.vetting, renewed.files, renewed.template_digest) == (1, new.files, new.template_digest)
    assert json.loads(file_of(new).read_bytes())["schema_version"] == 2
    read.clear()
    assert store.checked_file(renewed, read.append) == new.file and not read


def test_version_1_of_a_changed_file_is_refused(store: ModelStore) -> None:
    """Its time of modification alone is not believed, as version 1 recorded nothing that cannot be set back."""
    (new,) = store.list()
    data = bytearray(new.file.read_bytes())
    data[-5] ^= 1
    new.file.write_bytes(data)
    change(new, lambda entry: entry.update(vetting=0))
    with pytest.raises(ModelError, match="was changed"):
        store.checked_file(store.list()[0])


def test_older_rules_of_vetting(store: ModelStore) -> None:
    """What they passed is vetted again before it is opened, by its headers alone, and the passport says so."""
    (new,) = store.list()
    change(new, lambda entry: entry.update(vetting=-1, findings=[], template_digest="x", has_fim=False))
    read: list[object] = []
    store.checked_file(store.list()[0], read.append)
    assert store.list() == [new] and not read


def test_rules_that_refuse_what_older_ones_passed(store: ModelStore, tmp_path: Path) -> None:
    """The model is not opened any more; the error names the rule and the command that forgets it."""
    path = tmp_path / "odd.gguf"
    path.write_bytes(gguf([pair("general.architecture", "llama"), pair("tokenizer.chat_template", TRIGGER)]))
    passport = store.add(path, Adding(accept=("template-trigger",)))
    change(passport, lambda entry: entry.update(vetting=-1))
    assert store.checked_file(store.find("odd")) == passport.file, "what was accepted stays accepted"
    change(passport, lambda entry: entry.update(vetting=-1, accepted=[], findings=[]))
    with pytest.raises(ModelError, match=r"stored model odd is refused: .*template-trigger") as caught:
        store.checked_file(store.find("odd"))
    assert "`localdev models remove odd`" in caught.value.hint


@pytest.mark.parametrize(
    "changing",
    [
        lambda entry: entry.update(digest="0" * 64),
        lambda entry: entry["files"][0].update(digest="0" * 64),
        lambda entry: entry["files"][0].update(name="../../other.gguf"),
        lambda entry: entry["files"].append(dict(entry["files"][0])),
        lambda entry: entry["files"].clear(),
    ],
)
def test_digests_and_names_that_do_not_fit(store: ModelStore, changing: Callable[[dict[str, Any]], object]) -> None:
    """A swapped digest, and a name that leads elsewhere, are noticed when the passport is read."""
    (passport,) = store.list()
    change(passport, changing)
    with pytest.raises(ModelError, match=passport.digest) as caught:
        store.list()
    assert "again" in caught.value.hint


@pytest.mark.parametrize(
    "changing",
    [
        lambda entry: entry.pop("licence"),
        lambda entry: entry.update(more=1),
        lambda entry: entry.update(kind="virus"),
        lambda entry: entry.update(parameters="many"),
        lambda entry: entry.update(parameters=True),
        lambda entry: entry.update(files=3),
        lambda entry: entry.update(files=[3]),
        lambda entry: entry.update(source="here"),
        lambda entry: entry["source"].update(kind="hearsay"),
        lambda entry: entry.update(findings=[{"rule": "a", "severity": "grave", "message": "b"}]),
        lambda entry: entry.update(accepted=[1]),
        lambda entry: entry.update(schema_version=3),
    ],
)
def test_entries_that_are_wrong(store: ModelStore, changing: Callable[[dict[str, Any]], object]) -> None:
    """Missing, unknown and wrong entries name the passport and the way out."""
    (passport,) = store.list()
    change(passport, changing)
    with pytest.raises(ModelError, match=passport.digest) as caught:
        store.list()
    assert "again" in caught.value.hint


def test_what_a_passport_does_not_prove(store: ModelStore) -> None:
    """Whoever can write it can change its records; the digest still holds the file to what it was."""
    (passport,) = store.list()
    change(passport, lambda entry: entry.update(template_digest="0" * 64, licence="mine", findings=[]))
    (changed,) = store.list()
    assert changed.licence == "mine" and store.checked_file(changed) == passport.file
