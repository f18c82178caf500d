"""Files of other formats under a model's name: pickles above all, archives, programs, what stands for a file."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.hostile.cases import Case, single

_TORCH_MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
_ZEROS = 8 << 20  # bytes that a bomb unpacks to, a thousand times what it is packed


class _Touch:
    """Whoever unpickles it makes the file at `marker`, and the test sees that."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self._marker), "w")


def touching(marker: Path, protocol: int) -> bytes:
    """Make a pickle that makes the file `marker` when it is loaded."""
    return pickle.dumps(_Touch(marker), protocol=protocol)


def hostile_foreign(marker: Path) -> Iterator[Case]:
    """Give every case; what they hold would make the file `marker` if it were run."""
    yield from _pickles(marker)
    yield from _checkpoints(marker)
    yield from _frameworks(marker)
    yield from _archives()
    yield from _programs(marker)
    yield from _stand_ins()
    yield from _texts()
    yield from _no_files()
    yield from _folders(marker)


def _pickles(marker: Path) -> Iterator[Case]:
    """Bare pickles, by name a model."""
    for protocol in range(6):
        data = touching(marker, protocol)
        yield single(f"pickle-{protocol}.gguf", data, "a pickle: pickles run code", "format-pickle")
    padded = b"(lp0\n" + b"I1\na" * 40_000 + touching(marker, 0)
    yield single("pickle-code-behind-numbers.gguf", padded, "a pickle", "format-pickle")
    system = b"cos\nsystem\n(S'touch " + str(marker).encode() + b"'\ntR."
    yield single("pickle-by-hand.gguf", system, "this one calls for os.system", "format-pickle")
    stacked = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."
    yield single("pickle-stacked.gguf", stacked, "this one calls for os.system", "format-pickle")
    escaped = b"c\x1b[2Jevil\nrun\n(tR0I1\n0I2\n0."
    yield single("pickle-escape.gguf", escaped, "a pickle", "format-pickle")
    yield single("pickle-cut.gguf", touching(marker, 4)[:-3], "a pickle", "format-pickle")


def _checkpoints(marker: Path) -> Iterator[Case]:
    """What PyTorch, joblib and numpy write."""
    code = touching(marker, 2)
    said, rule = "a PyTorch checkpoint: pickles run code", "format-pytorch"
    whole = _zip({"archive/data.pkl": code, "archive/data/0": bytes(64), "archive/version": b"3\n"})
    yield single("pytorch.gguf", whole, said, rule)
    yield single("pytorch.bin", whole, said, rule)
    yield single("pytorch-cut.gguf", whole[:100], said, rule)
    yield single("pytorch-legacy.gguf", _TORCH_MAGIC + b"\x80\x02M\xe9\x03." + code, said, rule)
    old = _tar({"sys_info": code, "pickle": code, "storages": code, "tensors": code})
    yield single("pytorch-tar.gguf", old, said, rule)
    script = _zip({"m/code/__torch__.py": b"class M: pass", "m/constants.pkl": code, "m/data.pkl": code})
    yield single("torchscript.gguf", script, "a TorchScript program", rule)
    state = b"\x80\x02ccollections\nOrderedDict\n)Rctorch._utils\n_rebuild_tensor_v2\n(tR."
    yield single("pytorch-state.gguf", state, said, rule)
    packed = b"\x80\x04\x95\x30\0\0\0\0\0\0\0\x8c\x13joblib.numpy_pickle\x8c\x11NumpyArrayWrapper\x93)\x81."
    yield single("joblib.gguf", packed, "a joblib file", "format-joblib")
    yield single("joblib-packed.gguf", zlib.compress(packed + code), "zlib-compressed data", "format-archive")
    described = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    objects = b"\x93NUMPY\x01\0" + struct.pack("<H", len(described)) + described + code
    yield single("numpy-objects.gguf", objects, "a numpy array of Python objects", "format-numpy")
    fields = b"{'descr': [('a', '<f4'), ('b', '|O8')], 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    nested = b"\x93NUMPY\x01\0" + struct.pack("<H", len(fields)) + fields + code
    yield single("numpy-fields.gguf", nested, "a numpy array of Python objects", "format-numpy")
    yield single("mlx.gguf", _zip({"layers.0.weight.npy": objects}), "a numpy archive", "format-numpy")


def _frameworks(marker: Path) -> Iterator[Case]:
    """What other frameworks write."""
    code = touching(marker, 2)
    yield single("keras.gguf", b"\x89HDF\r\n\x1a\n" + bytes(200), "an HDF5 file", "format-keras")
    shifted = bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(200)
    yield single("keras-behind-a-block.gguf", shifted, "an HDF5 file", "format-keras")
    layer = json.dumps({"class_name": "Lambda", "config": {"function": "evil"}}).encode()
    keras = _zip({"config.json": layer, "metadata.json": b"{}", "model.weights.h5": b"\x89HDF\r\n\x1a\n"})
    yield single("keras-3.gguf", keras, "a Keras model", "format-keras")
    graph = b"\x08\x01\x12\x10\x0a\x0e\x0a\x05serve\x12\x05evil!"
    yield single("saved-model.gguf", graph, "a TensorFlow SavedModel", "format-tensorflow")
    yield single("onnx.gguf", b"\x08\x08\x12\x07pytorch\x1a\x032.1:\x04abcd", "an ONNX model", "format-onnx")
    yield single("tflite.gguf", b"\x1c\0\0\0TFL3" + bytes(60), "a TensorFlow Lite model", "format-tflite")
    nemo = _tar({"./model_config.yaml": b"a: 1\n", "./model_weights.ckpt": code})
    yield single("nemo.gguf", nemo, "a NeMo model", "format-nemo")
    for name, magic in (("ggml", b"lmgg"), ("ggmf", b"fmgg\1\0\0\0"), ("ggjt", b"tjgg\3\0\0\0")):
        yield single(f"{name}.gguf", magic + bytes(100), "the format that came before GGUF", "format-ggml")
    yield single("ggla.gguf", b"algg\1\0\0\0" + bytes(100), "an adapter in the format that came before", "format-ggml")
    yield single("session.gguf", b"nsgg\x09\0\0\0" + bytes(100), "a saved state of llama.cpp", "format-state")
    header = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    weights = struct.pack("<Q", len(header)) + header + bytes(8)
    yield single("safetensors.gguf", weights, "a safetensors file", "format-safetensors")
    lora = header.replace(b'"a"', b'"model.q.lora_A.weight"')
    adapter = struct.pack("<Q", len(lora)) + lora + bytes(8)
    yield single("lora.gguf", adapter, "a LoRA adapter in safetensors form", "format-safetensors")


def _archives() -> Iterator[Case]:
    """Archives, and bombs, which are small only as long as nobody unpacks them."""
    rule = "format-archive"
    zeros = bytes(_ZEROS)
    yield single("zip.gguf", _zip({"model.gguf": b"GGUF"}), "a zip archive", rule)
    bomb = _zip({f"{number}.gguf": zeros for number in range(4)}, zipfile.ZIP_DEFLATED)
    yield single("zip-bomb.gguf", bomb, "a zip archive", rule)
    yield single("zip-bomb-nested.gguf", _zip({"1.zip": bomb, "2.zip": bomb}), "a zip archive", rule)
    yield single("zip-bomb-overlapping.gguf", _overlapping_zip(), "a zip archive", rule)
    yield single("zip-of-traversal.gguf", _zip({"../../../../etc/cron.d/evil": b"x"}), "a zip archive", rule)
    yield single("zip-lying.gguf", _lying_zip(), "a zip archive", rule)
    yield single("zip-empty.gguf", b"PK\5\6" + bytes(18), "a zip archive", rule)
    yield single("gzip-bomb.gguf", gzip.compress(zeros, mtime=0), "a gzip archive", rule)
    yield single("bzip2-bomb.gguf", bz2.compress(zeros), "a bzip2 archive", rule)
    yield single("xz-bomb.gguf", lzma.compress(zeros, preset=0), "an xz archive", rule)
    yield single("zstd.gguf", b"\x28\xb5\x2f\xfd" + bytes(100), "a zstd archive", rule)
    yield single("lz4.gguf", b"\x04\x22\x4d\x18" + bytes(100), "an lz4 archive", rule)
    yield single("7z.gguf", b"7z\xbc\xaf\x27\x1c\0\4" + bytes(100), "a 7z archive", rule)
    yield single("rar.gguf", b"Rar!\x1a\x07\x01\0" + bytes(100), "a rar archive", rule)
    yield single("tar.gguf", _tar({"model.gguf": b"GGUF"}), "a tar archive", rule)
    endless = bytearray(_tar({"a": b"x"})[:512])
    endless[124:136] = b"\x80" + (2**80).to_bytes(11, "big")
    endless[148:156] = b" " * 8
    endless[148:156] = f"{sum(endless):06o}\0 ".encode()
    yield single("tar-endless.gguf", bytes(endless) + bytes(1024), "a tar archive", rule)


def _programs(marker: Path) -> Iterator[Case]:
    """Programs."""
    rule = "format-program"
    for name, magic in (
        ("elf", b"\x7fELF\2\1\1\0"),
        ("windows", b"MZ\x90\0"),
        ("macho", b"\xcf\xfa\xed\xfe"),
        ("macho-universal", b"\xca\xfe\xba\xbe\0\0\0\2"),
        ("wasm", b"\0asm\1\0\0\0"),
    ):
        yield single(f"program-{name}.gguf", magic + bytes(200), "a program", rule)
    yield single("program-shell.gguf", f"#!/bin/sh\ntouch {marker}\n".encode(), "a script", rule)
    llamafile = b"MZqFpD='\n" + bytes(500) + _zip({"model.gguf": b"GGUF", ".args": b"-m model.gguf"})
    yield single("llamafile.gguf", llamafile, "a llamafile", "format-llamafile")


def _stand_ins() -> Iterator[Case]:
    """What is there in place of the file that was wanted."""
    lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 4683073184\n"
    yield single("lfs.gguf", lfs.encode(), "a Git LFS pointer", "format-pointer")
    yield single("xet.gguf", b"# xet version 0\nfilesize = 1\n", "a Xet pointer", "format-pointer")
    annex = "/annex/objects/SHA256E-s4683073184--" + "0" * 64 + ".gguf\n"
    yield single("annex.gguf", annex.encode(), "a git-annex pointer", "format-pointer")
    link = ".git/annex/objects/xx/yy/SHA256E-s1--0/SHA256E-s1--0"
    yield single("annex-link.gguf", link, "a git-annex pointer", "format-pointer")
    yield single("empty.gguf", b"", "empty", "format-empty")
    yield single("zeros.gguf", bytes(1 << 17), "all zeros", "format-zeros")
    for name, page in (
        ("page", "<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"),
        ("page-with-mark", "\ufeff  <HTML lang='en'><body>403</body></HTML>"),
        ("page-commented", "<!-- saved from -->\n<html></html>"),
    ):
        yield single(f"{name}.gguf", page.encode(), "a web page", "format-html")


def _texts() -> Iterator[Case]:
    """Texts of all kinds."""
    refusal = b"Access to model x/y is restricted. You must have access to it and be authenticated."
    yield single("refusal.gguf", refusal, "a text file: it begins 'Access to model", "format-text")
    yield single("error.gguf", b'{"error":"Invalid username or password."}', "a JSON file", "format-json")
    yield single("escapes.gguf", b"\x1b[2Jverdict: fine\n", "a text file", "format-text")
    yield single(
        "modelfile.gguf", b"# mine\nFROM ./model.gguf\nSYSTEM You are evil.\n", "a Modelfile", "format-modelfile"
    )
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:" + "0" * 64, "size": 1}
    manifest = json.dumps({"schemaVersion": 2, "layers": [layer]}).encode()
    yield single("manifest.gguf", manifest, "an Ollama manifest", "format-ollama-manifest")
    yield single("deep.gguf", b"[" * 100_000, "a JSON file", "format-json")
    yield single(
        "noise.gguf", bytes((number * 197 + 91) % 256 for number in range(5000)), "no format known", "format-unknown"
    )


def _no_files() -> Iterator[Case]:
    """What can be opened and never ends, or never begins."""
    yield single("pipe.gguf", None, "no file", "format-no-file")
    yield single("device.gguf", "/dev/zero", "no file", "format-no-file")


def _folders(marker: Path) -> Iterator[Case]:
    """Folders of other formats."""
    code = touching(marker, 2)
    config = b'{"architectures": ["LlamaForCausalLM"]}'
    yield Case(
        "folder-pytorch",
        {"config.json": config, "pytorch_model.bin": code},
        "a model's folder in PyTorch's form",
        "format-pytorch",
    )
    yield Case(
        "folder-safetensors",
        {"config.json": config, "model.safetensors": bytes(8)},
        "a model's folder in safetensors form",
        "format-safetensors",
    )
    yield Case(
        "folder-lora",
        {"adapter_config.json": b"{}", "adapter_model.bin": code},
        "the folder of a LoRA adapter",
        "format-safetensors",
    )
    yield Case("folder-saved-model", {"saved_model.pb": b"\x08\x01"}, "a TensorFlow SavedModel", "format-tensorflow")
    yield Case(
        "folder-ollama",
        {"blobs/sha256-0": b"GGUF", "manifests/x": b"{}"},
        "the folder where Ollama keeps its models",
        "format-ollama-manifest",
    )
    yield Case("folder-other", {"README.md": b"words"}, "a folder without a GGUF file", "format-folder")


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Make a zip archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return data.getvalue()


def _overlapping_zip() -> bytes:
    """Make a zip whose directory names one packed file a thousand times, so that its contents are 8 GB."""
    one = _zip({"a": bytes(_ZEROS)}, zipfile.ZIP_DEFLATED)
    at = one.rindex(b"PK\1\2")
    entry, end = one[at : one.rindex(b"PK\5\6")], bytearray(one[one.rindex(b"PK\5\6") :])
    end[8:20] = struct.pack("<HHLL", 1000, 1000, 1000 * len(entry), at)
    return one[:at] + entry * 1000 + bytes(end)


def _lying_zip() -> bytes:
    """Make a zip whose directory claims 65,534 entries and to be as long as the file, and is all one entry."""
    one = bytearray(_zip({"a": b"x"}))
    end = one.rindex(b"PK\5\6")
    one[end + 8 : end + 20] = struct.pack("<HHLL", 0xFFFE, 0xFFFE, end, 0)
    return bytes(one)


def _tar(files: dict[str, bytes]) -> bytes:
    """Make a tar archive."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()
