"""Models in one file: export and import are the identity, and what is not exactly an export is refused."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localdev.core.errors import LocaldevError, ModelError, NotFound, UsageError
from localdev.core.events import Progress
from localdev.models.archive import Imported, export_models, import_archive
from localdev.models.archive_read import opened_archive
from localdev.models.archive_tar import END, member_header, padded
from localdev.models.archive_write import write_archive
from localdev.models.passport import Passport, Source
from localdev.models.store import Adding, ModelStore
from scripts.hostile.exports import export_of, good_export, hostile_exports, manifest_of, member, small_model
from tests.models.conftest import TINY, gguf, pair
from tests.models.interrupting import write_model

HOSTILE = {name: (data, reason) for name, data, reason in hostile_exports()}
TRAVELS = (
    "name", "kind", "digest", "architecture", "parameters", "quantisation", "context_length", "has_template",
    "has_fim", "template_digest", "licence", "base",
)  # fmt: skip


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Give the store that models are exported from."""
    return tmp_path / "here"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Give the store that models are imported into."""
    return tmp_path / "there"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a copy of the tiny model: links to the file that all tests read would change its stamp for others."""
    return Path(shutil.copyfile(TINY, tmp_path / "tiny.gguf"))


@pytest.fixture
def tiny(here: Path, file: Path) -> Passport:
    """Give the tiny model, stored."""
    return ModelStore(here).add(file, Adding(mode="move", licence="MIT"))


def facts(passport: Passport) -> dict[str, object]:
    """Give what must be the same on both machines."""
    return {fact: getattr(passport, fact) for fact in TRAVELS}


def contents(passport: Passport) -> list[bytes]:
    """Give the bytes of all files of a model."""
    return [path.read_bytes() for path in passport.paths()]


def left_in(store: Path) -> list[Path]:
    """List the files of a store, but for its locks."""
    return [path for path in store.rglob("*") if path.is_file() and path.name != "lock" and path.suffix != ".lock"]


def test_export_and_import(here: Path, there: Path, tiny: Passport, tmp_path: Path) -> None:
    """A model arrives byte for byte, with its licence, and where it came from is kept as what the export claims."""
    seen: list[Progress] = []
    target = tmp_path / "stick.ldm"
    assert export_models(here, [tiny], target, progress=seen.append) == target.stat().st_size
    assert (seen[-1].stage, seen[-1].unit, seen[-1].done) == ("export", "bytes", tiny.size)
    before = target.read_bytes()
    (imported,) = import_archive(there, target, progress=seen.append)
    assert imported.new and facts(imported.passport) == facts(tiny)
    assert contents(imported.passport) == contents(tiny)
    assert imported.passport.licence == "MIT"
    assert imported.passport.source == Source("archive", str(target), "", "file tiny.gguf")
    assert target.read_bytes() == before
    assert ModelStore(there).checked_file(imported.passport).read_bytes() == TINY.read_bytes()
    again = import_archive(there, target)
    assert again == [Imported(imported.passport, new=False)]


def test_no_path_of_this_machine_travels(here: Path, tiny: Passport, tmp_path: Path) -> None:
    """The manifest names no folder, and no time stamp."""
    export_models(here, [tiny], tmp_path / "x.ldm")
    with opened_archive(tmp_path / "x.ldm") as archive:
        (model,) = archive.manifest.models
    assert (model.source.kind, model.source.place) == ("file", "tiny.gguf")
    head = (tmp_path / "x.ldm").read_bytes()[:4096]
    assert str(TINY.parent).encode() not in head and str(tmp_path).encode() not in head and b"_ns" not in head


def test_the_origin_survives_many_journeys(here: Path, there: Path, file: Path, tmp_path: Path) -> None:
    """What was fetched from a hub, then exported, imported and exported again, still says so."""
    source = Source("hub", "org/tiny:tiny.gguf", "a" * 40, "hub.example")
    fetched = ModelStore(here).add(file, Adding(source=source))
    export_models(here, [fetched], tmp_path / "one.ldm")
    (one,) = import_archive(there, tmp_path / "one.ldm")
    export_models(there, [one.passport], tmp_path / "two.ldm")
    (two,) = import_archive(tmp_path / "third", tmp_path / "two.ldm")
    assert two.passport.source.revision == "a" * 40
    assert two.passport.source.at == one.passport.source.at == "hub org/tiny:tiny.gguf at hub.example"


def test_two_exports_are_the_same_bytes(here: Path, there: Path, tiny: Passport, tmp_path: Path) -> None:
    """Neither time nor store nor way of storing is in an export."""
    again = Path(shutil.copyfile(TINY, tmp_path / "tiny.gguf"))
    other = ModelStore(there).add(again, Adding(mode="link", licence="MIT"))
    export_models(here, [tiny], tmp_path / "a.ldm")
    export_models(there, [other], tmp_path / "b.ldm")
    assert (tmp_path / "a.ldm").read_bytes() == (tmp_path / "b.ldm").read_bytes()


def test_a_split_model(here: Path, there: Path, tmp_path: Path) -> None:
    """All parts travel under the names by which the engine finds them, and are one model again."""
    parts = write_model(tmp_path / "parts", 3)
    before = ModelStore(here).add(parts[1], Adding(mode="copy"))
    export_models(here, [before], tmp_path / "x.ldm")
    with tarfile.open(tmp_path / "x.ldm") as tar:
        assert tar.getnames() == ["manifest.json", *(f"small/model-{number:05d}-of-00003.gguf" for number in (1, 2, 3))]
    (after,) = import_archive(there, tmp_path / "x.ldm")
    assert facts(after.passport) == facts(before)
    assert contents(after.passport) == [path.read_bytes() for path in parts]


def test_several_models_in_one_export(here: Path, there: Path, tiny: Passport, tmp_path: Path) -> None:
    """They arrive in order, a name is for the first, and where one is refused none is stored."""
    store = ModelStore(here)
    second = store.add(write_model(tmp_path / "m", 1)[0])
    export_models(here, [tiny, second], tmp_path / "x.ldm")
    data = bytearray((tmp_path / "x.ldm").read_bytes())
    data[-1500] ^= 1  # in the second one's weights
    (tmp_path / "spoiled.ldm").write_bytes(data)
    with pytest.raises(ModelError, match="another digest"):
        import_archive(there, tmp_path / "spoiled.ldm")
    assert left_in(there) == []
    arrived = import_archive(there, tmp_path / "x.ldm", name="first")
    assert [each.passport.name for each in arrived] == ["first", second.name]


def test_a_store_that_cannot_be_written(here: Path, tiny: Passport, tmp_path: Path) -> None:
    """Exporting only reads: no lock is needed where none can be made, on a read-only disk for example."""
    (here / "export.lock").mkdir()
    export_models(here, [tiny], tmp_path / "x.ldm")
    (here / "export.lock").rmdir()
    here.chmod(0o500)
    try:
        export_models(here, [tiny], tmp_path / "y.ldm")
    finally:
        here.chmod(0o700)
    assert (tmp_path / "x.ldm").read_bytes() == (tmp_path / "y.ldm").read_bytes()


def test_any_tar_unpacks_it(here: Path, tiny: Passport, tmp_path: Path) -> None:
    """Python's and the system's tar read an export, so nobody needs localdev to get at the weights."""
    export_models(here, [tiny], tmp_path / "x.ldm")
    with tarfile.open(tmp_path / "x.ldm", "r:") as tar:
        assert tar.getnames() == ["manifest.json", "tiny/model.gguf"]
        extracted = tar.extractfile("tiny/model.gguf")
        assert extracted is not None and extracted.read() == TINY.read_bytes()
    if shutil.which("tar"):
        subprocess.run(["tar", "xf", tmp_path / "x.ldm", "-C", tmp_path], check=True, capture_output=True)
        assert (tmp_path / "tiny" / "model.gguf").read_bytes() == TINY.read_bytes()


def test_more_than_eight_gigabytes(tmp_path: Path) -> None:
    """A size that the old header cannot hold is read by both; the file is a hole, so only its frame is looked at."""
    size = 9 << 30
    manifest = manifest_of(small_model())
    manifest["models"][0]["files"][0]["size"] = size
    start = export_of(manifest)[: -len(END)] + member_header("small", "model.gguf", size)
    path = tmp_path / "large.ldm"
    path.write_bytes(start)
    os.truncate(path, len(start) + size + len(END))
    with opened_archive(path) as archive:
        assert archive.offsets == (len(start),)
    with tarfile.open(path, "r:") as tar:
        assert [each.size for each in tar.getmembers()][1:] == [size]


def test_headers_are_those_of_tar() -> None:
    """The longest names that fit, and no longer ones."""
    header = member_header("f" * 155, "n" * 95 + ".gguf", 3)
    with tarfile.open(fileobj=io.BytesIO(header + padded(b"abc") + END), mode="r:") as tar:
        (only,) = tar.getmembers()
    assert (only.name, only.size, only.mode, only.uid) == ("f" * 155 + "/" + "n" * 95 + ".gguf", 3, 0o644, 0)
    with pytest.raises(ValueError, match="too long"):
        member_header("f" * 156, "n", 3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.text(min_size=1, max_size=40).filter(lambda text: any(each.isascii() and each.isalnum() for each in text)),
    licence=st.text(alphabet=st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=40),
    place=st.text(alphabet=st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=40),
    general=st.text(alphabet=st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=30),
    context=st.integers(1, 2**31 - 1),
    weights=st.binary(min_size=128, max_size=128),
)
def test_export_then_import_is_the_identity(
    name: str, licence: str, place: str, general: str, context: int, weights: bytes
) -> None:
    """Content and facts are the same afterwards, whatever the model, its names and its licence are."""
    pairs = [
        pair("general.architecture", "llama"),
        pair("general.name", general),
        pair("llama.context_length", context),
    ]
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "m.gguf").write_bytes(gguf(pairs, data=weights))
        source = Source("hub", place, "r", "h")
        before = ModelStore(base / "a").add(base / "m.gguf", Adding(name=name, licence=licence, source=source))
        export_models(base / "a", [before], base / "x.ldm")
        (after,) = import_archive(base / "b", base / "x.ldm")
        assert after.new and facts(after.passport) == facts(before)
        assert contents(after.passport) == contents(before)
        assert after.passport.source.at == f"hub {place} at h"


def test_odd_texts_do_not_stop_an_export(here: Path, there: Path, tmp_path: Path) -> None:
    """A licence of several lines and a file name that is no text become printable; the model still travels."""
    odd = tmp_path / os.fsdecode(b"caf\xe9.gguf")
    odd.write_bytes(gguf())
    passport = ModelStore(here).add(odd, Adding(licence="MIT\n\x1b[2Jand more"))
    export_models(here, [passport], tmp_path / "x.ldm")
    (imported,) = import_archive(there, tmp_path / "x.ldm")
    assert imported.passport.licence == "MIT??[2Jand more"
    assert imported.passport.source.at == "file caf?.gguf"


def test_a_name_that_is_an_adapters(here: Path, there: Path, tiny: Passport, tmp_path: Path) -> None:
    """A name stands for one model or adapter; the error says whose it is, and nothing is stored."""
    export_models(here, [tiny], tmp_path / "x.ldm")
    adapter = tmp_path / "lora.gguf"
    adapter.write_bytes(gguf([pair("general.architecture", "llama"), pair("general.type", "adapter")]))
    taken = ModelStore(there).add(adapter, Adding(kind="adapter", name=tiny.name))
    with pytest.raises(UsageError, match=f"another adapter is named '{tiny.name}'") as caught:
        import_archive(there, tmp_path / "x.ldm")
    assert "--name" in caught.value.hint and ModelStore(there).list() == []
    assert ModelStore(there).list("adapter") == [taken]


def test_a_changed_model_is_not_exported(here: Path, tiny: Passport, tmp_path: Path) -> None:
    """One byte that changed since the model was added is noticed, before and while it is written."""
    data = bytearray(TINY.read_bytes())
    data[-9] ^= 1
    tiny.file.write_bytes(data)
    seen: list[Progress] = []
    with pytest.raises(ModelError, match="tiny was changed since it was added"):
        export_models(here, [tiny], tmp_path / "x.ldm", progress=seen.append)
    assert "export" not in {each.stage for each in seen}
    with pytest.raises(ModelError, match="tiny was changed since it was added"):
        write_archive(tmp_path / "x.ldm", [tiny], force=False, progress=None)
    tiny.file.write_bytes(data + b"more")
    with pytest.raises(ModelError, match="tiny was changed"):
        write_archive(tmp_path / "x.ldm", [tiny], force=False, progress=None)
    tiny.file.unlink()
    with pytest.raises(ModelError, match="tiny cannot be read"):
        write_archive(tmp_path / "x.ldm", [tiny], force=False, progress=None)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


def test_a_target_that_is_there(here: Path, tiny: Passport, tmp_path: Path) -> None:
    """Nothing is replaced unasked, not even a link that leads nowhere; asked to, a link itself is replaced."""
    target, precious = tmp_path / "x.ldm", tmp_path / "precious"
    precious.write_text("mine")
    os.symlink(precious, target)
    with pytest.raises(UsageError, match="is there already") as caught:
        export_models(here, [tiny], target)
    assert "--force" in caught.value.hint
    export_models(here, [tiny], target, force=True)
    assert precious.read_text() == "mine" and not target.is_symlink()
    os.symlink(tmp_path / "nowhere", tmp_path / "y.ldm")
    with pytest.raises(UsageError, match="is there already"):
        export_models(here, [tiny], tmp_path / "y.ldm")

    def meanwhile(_: Progress) -> None:
        (tmp_path / "z.ldm").write_text("somebody else's")

    with pytest.raises(UsageError, match="is there already"):
        export_models(here, [tiny], tmp_path / "z.ldm", progress=meanwhile)
    assert (tmp_path / "z.ldm").read_text() == "somebody else's" and not list(tmp_path.glob("*.part"))
    with pytest.raises(UsageError, match="is a folder"):
        export_models(here, [tiny], tmp_path, force=True)
    with pytest.raises(NotFound, match="there is no folder"):
        export_models(here, [tiny], tmp_path / "no" / "x.ldm")


def test_a_link_laid_in_the_way_of_the_part(here: Path, tiny: Passport, tmp_path: Path) -> None:
    """What someone put where the part is written is not written through."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    os.symlink(precious, tmp_path / ".x.ldm.part")
    export_models(here, [tiny], tmp_path / "x.ldm")
    assert precious.read_text() == "mine"
    assert not os.path.lexists(tmp_path / ".x.ldm.part")


def test_names_on_the_other_machine(here: Path, there: Path, tiny: Passport, tmp_path: Path) -> None:
    """A name that another model has there is refused with what to do; a model that is there keeps its name."""
    export_models(here, [tiny], tmp_path / "x.ldm")
    (tmp_path / "other.gguf").write_bytes(gguf())
    ModelStore(there).add(tmp_path / "other.gguf", Adding(name="tiny"))
    seen: list[Progress] = []
    with pytest.raises(UsageError, match="another model is named 'tiny'") as caught:
        import_archive(there, tmp_path / "x.ldm", progress=seen.append)
    assert "--name" in caught.value.hint and seen == []
    with pytest.raises(UsageError, match="no letter or digit"):
        import_archive(there, tmp_path / "x.ldm", name="世界")
    (imported,) = import_archive(there, tmp_path / "x.ldm", name="Second One")
    assert imported.passport.name == "second-one"
    with pytest.raises(UsageError, match="stored already, as second-one"):
        import_archive(there, tmp_path / "x.ldm", name="third")
    assert import_archive(there, tmp_path / "x.ldm", name="Second One") == [Imported(imported.passport, new=False)]


def test_an_import_repairs_a_damaged_model(here: Path, there: Path, tiny: Passport, tmp_path: Path) -> None:
    """Where the stored file was changed, the export puts it in order, under the name it has there."""
    export_models(here, [tiny], tmp_path / "x.ldm")
    (imported,) = import_archive(there, tmp_path / "x.ldm", name="mine")
    with imported.passport.file.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x55")
    (repaired,) = import_archive(there, tmp_path / "x.ldm")
    assert repaired.new and repaired.passport.name == "mine"
    assert contents(repaired.passport) == contents(tiny)


def test_what_was_accepted_there_is_not_accepted_here(here: Path, there: Path, tmp_path: Path) -> None:
    """Each user accepts findings for themselves; the error says how, and then the passport holds it."""
    dated = "{% if strftime_now('%Y') > '2026' %}now{% endif %}{{ messages[0]['content'] }}"
    (tmp_path / "m.gguf").write_bytes(small_model(dated))
    passport = ModelStore(here).add(tmp_path / "m.gguf", Adding(accept=("template-date",)))
    export_models(here, [passport], tmp_path / "x.ldm")
    with pytest.raises(ModelError, match="template-date") as caught:
        import_archive(there, tmp_path / "x.ldm")
    assert "--accept template-date" in caught.value.hint and left_in(there) == []
    (imported,) = import_archive(there, tmp_path / "x.ldm", accept=("template-date",))
    assert imported.passport.accepted == ("template-date",)
    with pytest.raises(UsageError, match="cannot be accepted"):
        import_archive(tmp_path / "third", tmp_path / "x.ldm", accept=("gguf-structure",))


def test_an_adapter_is_checked_as_such(there: Path, write: Callable[..., Path]) -> None:
    """An adapter that no engine could apply is refused."""
    broken = gguf([pair("general.architecture", "llama"), pair("general.type", "adapter")])
    manifest = manifest_of(broken, template="")
    manifest["models"][0]["kind"] = "adapter"
    with pytest.raises(ModelError, match=r"small in .* is refused: .*adapter"):
        import_archive(there, write(export_of(manifest, member("small/model.gguf", broken)), "x.ldm"))
    assert left_in(there) == []


def test_the_good_export_is_good(there: Path, write: Callable[..., Path]) -> None:
    """What the hostile exports are made from is no reason to refuse them."""
    (imported,) = import_archive(there, write(good_export(), "good.ldm"))
    assert imported.new and imported.passport.name == "small"


def test_there_are_hostile_exports_enough() -> None:
    """Each has a name of its own."""
    assert len(HOSTILE) == len(list(hostile_exports())) >= 100


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_exports_are_refused(name: str, there: Path, write: Callable[..., Path]) -> None:
    """Each is refused for what it is, nothing of it is stored, and it is not touched."""
    data, reason = HOSTILE[name]
    path = write(data, "hostile.ldm")
    with pytest.raises(ModelError) as caught:
        import_archive(there, path)
    assert reason in str(caught.value)
    assert caught.value.hint and "\n" not in str(caught.value) and "staging" not in f"{caught.value}{caught.value.hint}"
    assert left_in(there) == []
    assert path.read_bytes() == data


def test_nothing_is_written_outside(there: Path, tmp_path: Path, write: Callable[..., Path]) -> None:
    """After all hostile exports only the store's folder is new."""
    before = sorted(tmp_path.iterdir())
    path = write(b"", "x.ldm")
    for data, _ in HOSTILE.values():
        path.write_bytes(data)
        with pytest.raises(ModelError):
            import_archive(there, path)
    assert sorted(tmp_path.iterdir()) == sorted([*before, path, there])


def test_every_changed_byte_is_noticed(there: Path, write: Callable[..., Path]) -> None:
    """One flipped bit anywhere, in headers, manifest, padding, weights or end, and nothing is stored."""
    good = good_export()
    path = write(good, "x.ldm")
    for place in range(0, len(good), 7):
        changed = bytearray(good)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises(ModelError):
            import_archive(there, path)
    assert left_in(there) == []


def test_every_cut_is_noticed(there: Path, write: Callable[..., Path]) -> None:
    """Cut anywhere, also between two members, an export is refused; longer by anything too."""
    good = good_export()
    path = write(good, "x.ldm")
    for length in range(len(good)):
        if length % 512 in (0, 1, 511) or length % 101 == 0:
            path.write_bytes(good[:length])
            with pytest.raises(ModelError, match=r"truncated|not an export"):
                import_archive(there, path)
    for more in (b"\0", b"x", bytes(512), bytes(10240), good):
        path.write_bytes(good + more)
        with pytest.raises(ModelError, match="follow its end"):
            import_archive(there, path)
    assert left_in(there) == []


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=2000)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_as_a_manifest(data: bytes) -> None:
    """Whatever stands in the place of a manifest is an error with a line for the user, never a crash."""
    export = member("manifest.json", data) + END
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.ldm"
        path.write_bytes(export)
        with pytest.raises(ModelError), opened_archive(path):
            pass


def test_what_is_no_file(there: Path, tmp_path: Path) -> None:
    """A folder, a pipe, a name with a zero byte and what is not there are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    for path, error in (
        (tmp_path, ModelError),
        (tmp_path / "pipe", ModelError),
        (tmp_path / "no.ldm", NotFound),
        (Path("a\0b"), NotFound),
    ):
        with pytest.raises(error) as caught:
            import_archive(there, path)
        assert isinstance(caught.value, LocaldevError) and caught.value.hint
