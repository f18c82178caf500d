"""Hostile exports: files that pretend to be what `localdev models export` makes, each with why it must be refused.

    for name, data, reason in hostile_exports(): ...

`reason` is a part of the error that an import ends with. Each differs from a good export (`good_export`) in one thing,
and the digests in it are right unless they are that thing, so that no check hides behind another.
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import io
import json
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

_BLOCK = 512
_END = bytes(2 * _BLOCK)
Hostile = tuple[str, bytes, str]


def small_model(template: str = "{{ messages[0]['content'] }}", name: str = "small") -> bytes:
    """Give a GGUF file with one tensor and a chat template; it passes vetting, though no engine could use it."""
    pairs = {
        "general.architecture": "llama",
        "general.name": name,
        "tokenizer.chat_template": template,
    }
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs))
    for key, value in pairs.items():
        head += _text(key) + struct.pack("<I", 8) + _text(value)
    head += _text("a") + struct.pack("<IQIQ", 1, 32, 0, 0)
    return head + bytes(-len(head) % 32) + bytes(128)


def manifest_of(*contents: bytes, template: str = "{{ messages[0]['content'] }}") -> dict[str, Any]:
    """Give a right manifest of one model with these files."""
    names = ["model.gguf"]
    if len(contents) > 1:
        names = [f"model-{part + 1:05d}-of-{len(contents):05d}.gguf" for part in range(len(contents))]
    hashes = [hashlib.sha256(content).hexdigest() for content in contents]
    model = {
        "name": "small",
        "kind": "model",
        "digest": hashes[0] if len(hashes) == 1 else _digest_of_parts(names, hashes),
        "architecture": "llama",
        "parameters": 32,
        "quantisation": "F32",
        "context_length": 0,
        "template_digest": hashlib.sha256(template.encode()).hexdigest() if template else "",
        "licence": "",
        "base": "",
        "source": {"kind": "file", "place": "small.gguf", "revision": "", "at": ""},
        "files": [
            {"name": name, "size": len(content), "sha256": digest}
            for name, content, digest in zip(names, contents, hashes, strict=True)
        ],
    }
    return {"format": "localdev-models", "schema_version": 1, "models": [model]}


def export_of(manifest: dict[str, Any] | bytes, *members: bytes) -> bytes:
    """Put an export together: the manifest as it is given, then members with their headers."""
    data = manifest if isinstance(manifest, bytes) else json.dumps(_checked(manifest), indent=2).encode() + b"\n"
    return member("manifest.json", data) + b"".join(members) + _END


def member(name: str, content: bytes, **changed: Any) -> bytes:
    """Give a tar member as localdev writes it; `changed` sets fields of its header (those of `tarfile.TarInfo`)."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(content), 315532800, 0o644
    for field, value in changed.items():
        setattr(info, field, value)
    return _plain(info) + content + bytes(-len(content) % _BLOCK)


def _checked(manifest: dict[str, Any]) -> dict[str, Any]:
    """Give a manifest with its check sum put right."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return {**manifest, "check": hashlib.sha256(text.encode()).hexdigest()}


def good_export() -> bytes:
    """Give a good export, which must not be refused."""
    return export_of(manifest_of(small_model()), member("small/model.gguf", small_model()))


def hostile_exports() -> Iterator[Hostile]:
    """Give (name, bytes, part of the reason) of every hostile export."""
    yield from _members()
    yield from _extensions()
    yield from _frames()
    yield from _manifests()
    yield from _names()
    yield from _claims()
    yield from _other_files()


def _members() -> Iterator[Hostile]:
    """Members that are no files, or lead elsewhere."""
    model = small_model()
    manifest = manifest_of(model)
    for name, path, shown in (
        ("traversal", "../../../home/user/.bashrc", "it holds ../../../home/user/.bashrc where"),
        ("absolute", "/etc/cron.d/evil", "it holds /etc/cron.d/evil where"),
        ("other-name", "small/other.gguf", "it holds small/other.gguf where small/model.gguf belongs"),
        ("control-characters", "small/\x1b]0;evil\x07.gguf", r"it holds small/\x1b]0;evil\x07.gguf where"),
    ):
        yield f"member-{name}", export_of(manifest, _raw_member(path, model)), shown
    for name, kind, shown in (
        ("symbolic-link", tarfile.SYMTYPE, "a symbolic link"),
        ("hard-link", tarfile.LNKTYPE, "a hard link"),
        ("character-device", tarfile.CHRTYPE, "a character device"),
        ("block-device", tarfile.BLKTYPE, "a block device"),
        ("pipe", tarfile.FIFOTYPE, "a named pipe"),
        ("folder", tarfile.DIRTYPE, "a folder"),
        ("sparse", tarfile.GNUTYPE_SPARSE, "a sparse file"),
        ("of-unknown-kind", b"Z", "something else than a file"),
    ):
        changed = member("small/model.gguf", model, type=kind, linkname="/etc/passwd")
        yield f"member-{name}", export_of(manifest, changed), shown
    setuid = member("small/model.gguf", model, mode=0o4755)
    yield "member-with-rights", export_of(manifest, setuid), "is not one that localdev writes"


def _extensions() -> Iterator[Hostile]:
    """Extended headers, which could say something else than the plain ones."""
    model = small_model()
    manifest, plain = manifest_of(model), member("small/model.gguf", model)
    for name, record in (
        ("path", "path=../../evil"),
        ("sparse", "GNU.sparse.realsize=99999999999"),
        ("size", "size=99999999999"),
    ):
        extended = member("pax-header", _record(record), type=tarfile.XHDTYPE)
        yield f"extended-{name}", export_of(manifest, extended, plain), "an extended header"
    bomb = _header_of("pax-header", 8**11 - 1, tarfile.XHDTYPE)
    yield "extended-bomb", export_of(manifest, bomb, plain), "an extended header"
    everywhere = member("pax-header", _record("path=evil"), type=tarfile.XGLTYPE)
    yield "extended-global", export_of(manifest, everywhere, plain), "an extended header for all files"
    long_name = member("././@LongLink", b"../" * 300, type=tarfile.GNUTYPE_LONGNAME)
    yield "long-name", export_of(manifest, long_name, plain), "a long name"
    first = member("pax-header", _record("path=evil"), type=tarfile.XGLTYPE)
    yield "extended-first", first + export_of(manifest, plain), "an extended header for all files"


def _frames() -> Iterator[Hostile]:
    """Members too many or too few, sizes that lie, and bytes that should not be there."""
    model = small_model()
    manifest, plain = manifest_of(model), member("small/model.gguf", model)
    good = export_of(manifest, plain)
    yield "member-twice", export_of(manifest, plain, plain), "something is hidden at its end"
    yield "member-not-listed", export_of(manifest, plain, member("small/run.sh", b"#!/bin/sh\n")), "hidden at its end"
    yield "member-missing", export_of(manifest), "it ends before small/model.gguf"
    parts = manifest_of(model, small_model(name="second"))
    first = member("small/model-00001-of-00002.gguf", model)
    yield "part-missing", export_of(parts, first), "it ends before small/model-00002-of-00002.gguf"
    second = member("small/model-00002-of-00002.gguf", small_model(name="second"))
    yield "parts-swapped", export_of(parts, second, first), "where small/model-00001-of-00002.gguf belongs"
    for name, size in (("smaller", len(model) - 1), ("larger", 8**11 - 1)):
        lying = _header_of("small/model.gguf", size, tarfile.REGTYPE) + plain[_BLOCK:]
        yield f"size-{name}", export_of(manifest, lying), "claims another size there than in the manifest"
    binary = bytearray(plain[:_BLOCK])
    binary[124:136] = b"\x80" + (2**80).to_bytes(11, "big")
    yield "size-binary", export_of(manifest, _summed(binary) + plain[_BLOCK:]), "claims another size"
    huge = manifest_of(model)
    huge["models"][0]["files"][0]["size"] = 1 << 60
    header = _pax_size(1 << 60) + _header_of("small/model.gguf", 0, tarfile.REGTYPE)
    yield "size-beyond-the-file", export_of(huge, header + plain[_BLOCK:]), "truncated in model.gguf"
    broken = bytearray(plain)
    broken[2] ^= 1
    yield "checksum", export_of(manifest, bytes(broken)), "the header of small/model.gguf is damaged"
    hidden = bytearray(plain)
    hidden[-1] = 1
    yield "hidden-in-padding", export_of(manifest, bytes(hidden)), "something is hidden behind model.gguf"
    yield "appended-bytes", good + b"PK\x03\x04" + bytes(600), "bytes follow its end"
    yield "appended-zeros", good + bytes(8 * _BLOCK), "bytes follow its end"
    yield "cut-end", good[:-_BLOCK], "truncated at its end"
    yield "cut-weights", good[: -_BLOCK * 3], "truncated in model.gguf"
    yield "cut-manifest", good[: _BLOCK + 100], "truncated in its manifest"
    yield (
        "manifest-bomb",
        _header_of("manifest.json", 8**11 - 1, tarfile.REGTYPE) + good[_BLOCK:],
        "its manifest claims",
    )
    yield (
        "manifest-last",
        plain + member("manifest.json", json.dumps(manifest).encode()) + _END,
        "manifest.json belongs",
    )


def _manifests() -> Iterator[Hostile]:
    """Manifests that are no JSON, or say what cannot be."""
    model = small_model()
    plain = member("small/model.gguf", model)
    text = json.dumps(_checked(manifest_of(model)))

    def replaced(old: str, new: str) -> bytes:
        if old not in text:
            raise ValueError(old)
        return export_of(text.replace(old, new, 1).encode(), plain)

    size = f'"size": {len(model)}'
    yield "json-key-twice", replaced(size, f'{size}, "size": 1'), "comes twice"
    yield "json-nan", replaced(size, '"size": NaN'), "the number NaN"
    yield "json-infinite", replaced(size, '"size": -Infinity'), "the number -Infinity"
    yield "json-fraction", replaced(size, f"{size}.0"), "no JSON: the number"
    yield "json-huge-number", replaced(size, f'"size": {"9" * 6000}'), "a number of 6000 digits"
    yield "json-large-number", replaced(size, f'"size": {2**62}'), "no number that can be"
    yield "json-negative", replaced(size, '"size": -1'), "no number that can be"
    yield "json-nothing", replaced(size, '"size": 0'), "the size 0"
    yield "json-text-for-number", replaced(size, f'"size": "{len(model)}"'), "no number that can be"
    yield "json-truth-for-number", replaced('"parameters": 32', '"parameters": true'), "no number that can be"
    yield "json-number-for-text", replaced('"licence": ""', '"licence": 1'), "no text"
    yield "json-list-for-text", replaced('"name": "small"', '"name": ["small"]'), "no text"
    yield "json-deep", export_of(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", plain), "no JSON"
    yield "json-not-utf8", export_of(text.encode().replace(b"small", b"sm\xffll", 1), plain), "no JSON"
    yield "json-half-character", replaced('"licence": ""', r'"licence": "\ud800"'), "unprintable characters"
    yield "json-long-text", replaced('"licence": ""', f'"licence": "{"x" * 5000}"'), "no text"
    yield "json-unknown-entry", replaced('"licence": ""', '"licence": "", "run": "x"'), "missing or unknown entries"
    yield "json-missing-entry", replaced('"licence": "", ', ""), "missing or unknown entries"
    yield "json-extra-top", replaced('"models"', '"run": 1, "models"'), "missing, wrong or unknown entries"
    yield "json-no-object", export_of(b"[]", plain), "a manifest of something else"
    yield "json-other-format", replaced("localdev-models", "other-models"), "a manifest of something else"
    yield "json-no-models", export_of({**manifest_of(model), "models": []}), "without models"
    yield "json-version-newer", replaced('"schema_version": 1', '"schema_version": 2'), "made by a newer localdev"
    yield "json-version-true", replaced('"schema_version": 1', '"schema_version": true'), "wrong or unknown entries"
    yield "json-check", replaced('"small.gguf"', '"smaller.gguf"'), "a damaged manifest"
    large = export_of(text.encode() + b" " * (1 << 20), plain)
    yield "json-too-large", large, "its manifest claims"


def _names() -> Iterator[Hostile]:
    """Names that a system or a terminal would understand otherwise."""
    for name, text in (
        ("traversal", "../../model.gguf"),
        ("absolute", "/tmp/model.gguf"),
        ("folder", "a/model.gguf"),
        ("backslash", "..\\model.gguf"),
        ("drive", "C:model.gguf"),
        ("stream", "model.gguf:hidden.gguf"),
        ("device", "nul.gguf"),
        ("numbered-device", "COM1.x.gguf"),
        ("suffix", "model.exe"),
        ("hidden", ".model.gguf"),
        ("letters", "mоdel.gguf"),  # the second letter is Cyrillic
        ("long", "m" * 200 + ".gguf"),
    ):
        yield f"file-name-{name}", _changed(_set_file("name", text)), "which no model's file has"
    for name, text in (
        ("zero-byte", "model.gguf\0.sh"),
        ("line-end", "model\n.gguf"),
        ("reversed", "m\u202efugg.gguf"),
    ):
        yield f"file-name-{name}", _changed(_set_file("name", text)), "unprintable characters in its name"
    for name, text in (
        ("traversal", ".."),
        ("capital", "Small"),
        ("empty", ""),
        ("option", "--force"),
        ("long", "m" * 200),
    ):
        yield f"model-name-{name}", _changed(_set("name", text)), "the impossible name"
    yield "licence-escape", _changed(_set("licence", "\x1b[2Jmit")), "unprintable characters in its licence"
    yield "source-reversed", _changed(_set_source("\u202egpj.exe")), "unprintable characters in its place"

    def alike(manifest: dict[str, Any]) -> None:
        files = manifest["models"][0]["files"]
        files.append({**files[0], "name": "MODEL.gguf"})

    def twins(manifest: dict[str, Any]) -> None:
        manifest["models"] *= 2

    def again(manifest: dict[str, Any]) -> None:
        manifest["models"].append({**manifest["models"][0], "name": "other"})

    twice = manifest_of(small_model())
    again(twice)
    members = [member(f"{name}/model.gguf", small_model()) for name in ("small", "other")]
    yield "model-twice", export_of(twice, *members), "holds a model twice"
    yield "origin-unknown", _changed(_set_source("x", kind="trusted vendor")), "which is no kind of origin"
    yield "files-alike", _changed(alike), "names two files of small alike"
    yield "models-alike", _changed(twins), "names two models alike"


def _claims() -> Iterator[Hostile]:
    """Passports that do not fit the file they come with."""
    model, other = small_model(), small_model(template="{{ messages[-1]['content'] }}")
    yield (
        "content-of-another",
        export_of(manifest_of(model), member("small/model.gguf", other[: len(model)].ljust(len(model)))),
        "another digest",
    )
    yield "digest-of-another", _changed(_set("digest", "0" * 64)), "is not the one of its files"
    yield "digest-no-digest", _changed(_set("digest", "../" * 21 + "x")), "a digest of small that is none"
    yield "file-digest-no-digest", _changed(_set_file("sha256", "x" * 64)), "a digest of model.gguf that is none"
    yield "template-no-digest", _changed(_set("template_digest", "chatml")), "a digest of small that is none"
    known = hashlib.sha256(b"a template that is known to be good").hexdigest()
    yield "template-of-another", _changed(_set("template_digest", known)), "has the template_digest"
    yield "template-denied", _changed(_set("template_digest", "")), "has the template_digest"
    yield "kind-adapter", _changed(_set("kind", "adapter")), "has the kind 'adapter'"
    yield "kind-program", _changed(_set("kind", "program")), "neither a model nor an adapter"
    yield "architecture-of-another", _changed(_set("architecture", "bert")), "has the architecture 'bert'"
    yield "context-of-another", _changed(_set("context_length", 1 << 20)), "has the context_length 1048576"
    attack = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    for name, content, reason in (
        ("pickle", pickle.dumps({"weights": [1.0] * 100}), "is a pickle"),
        ("zip", _zip(), "is a zip archive"),
        ("truncated", model[:-64], "truncated"),
        ("template", small_model(attack), "template-attribute"),
    ):
        yield f"content-{name}", export_of(manifest_of(content), member("small/model.gguf", content)), reason
    honest = manifest_of(small_model(attack), template=attack)
    yield (
        "content-template-claimed",
        export_of(honest, member("small/model.gguf", small_model(attack))),
        "template-attribute",
    )


def _other_files() -> Iterator[Hostile]:
    """Files that are no exports at all."""
    yield "gzip-bomb", gzip.compress(bytes(8 << 20), mtime=0), "compressed with gzip"
    yield "gzip-export", gzip.compress(good_export(), mtime=0), "compressed with gzip"
    yield "zip", _zip(), "a ZIP archive"
    yield "zstd", b"\x28\xb5\x2f\xfd" + bytes(100), "compressed with zstd"
    yield "xz", b"\xfd7zXZ\0" + bytes(100), "compressed with xz"
    yield "bzip2", b"BZh9" + bytes(100), "compressed with bzip2"
    yield "model-itself", small_model(), "a model file itself"
    yield "empty", b"", "not an export of localdev"
    yield "zeros", bytes(10240), "not an export of localdev"
    yield "text", b"#!/bin/sh\necho evil\n" * 100, "not an export of localdev"
    foreign = io.BytesIO()
    with tarfile.open(fileobj=foreign, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("README"))
    yield "foreign-tar", foreign.getvalue(), "where manifest.json belongs"


def _changed(change: Callable[[dict[str, Any]], None]) -> bytes:
    """Give the good export with a manifest changed by `change`."""
    manifest = copy.deepcopy(manifest_of(small_model()))
    change(manifest)
    return export_of(manifest, member("small/model.gguf", small_model()))


def _set(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Set an entry of the model."""
    return lambda manifest: manifest["models"][0].update({key: value})


def _set_file(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Set an entry of the model's first file."""
    return lambda manifest: manifest["models"][0]["files"][0].update({key: value})


def _set_source(place: str, kind: str = "file") -> Callable[[dict[str, Any]], None]:
    """Set where the export says that the model came from."""
    return lambda manifest: manifest["models"][0]["source"].update({"place": place, "kind": kind})


def _digest_of_parts(names: list[str], hashes: list[str]) -> str:
    """Give the digest of a model in parts."""
    whole = hashlib.sha256()
    for name, digest in zip(names, hashes, strict=True):
        whole.update(json.dumps([name, digest]).encode())
    return whole.hexdigest()


def _text(value: str) -> bytes:
    """Encode a GGUF string."""
    return struct.pack("<Q", len(value.encode())) + value.encode()


def _record(text: str) -> bytes:
    """Make a pax record."""
    length = len(text) + 2
    while len(f"{length} {text}\n") != length:
        length += 1
    return f"{length} {text}\n".encode()


def _pax_size(size: int) -> bytes:
    """Give the extended header of a size beyond 8 GiB."""
    return member("pax-header", _record(f"size={size}"), type=tarfile.XHDTYPE)


def _header_of(name: str, size: int, kind: bytes) -> bytes:
    """Give a header that claims a size, whatever follows."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode, info.type = size, 315532800, 0o644, kind
    return _plain(info)


def _raw_member(path: str, content: bytes) -> bytes:
    """Give a member whose name is written as it is; `tarfile` would make a leading slash harmless."""
    block = bytearray(_header_of("x", len(content), tarfile.REGTYPE))
    block[:100] = path.encode().ljust(100, b"\0")
    return _summed(block) + content + bytes(-len(content) % _BLOCK)


def _plain(info: tarfile.TarInfo) -> bytes:
    """Give a ustar header as localdev writes it: the folder in its own field, none for devices."""
    folder, _, name = info.name.rpartition("/")
    info.name = "x"
    block = bytearray(info.tobuf(tarfile.USTAR_FORMAT, errors="surrogateescape"))
    block[:100] = name.encode().ljust(100, b"\0")
    block[329:345] = bytes(16)
    block[345:500] = folder.encode().ljust(155, b"\0")
    return _summed(block)


def _summed(block: bytearray) -> bytes:
    """Give a header with its checksum put right."""
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def _zip() -> bytes:
    """Give a ZIP archive whose content is a thousand times as large."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("model.gguf"), bytes(4 << 20), zipfile.ZIP_DEFLATED)
    return data.getvalue()
