"""What the offload plan is made from: the graphics processors llama.cpp sees, and a model file's sizes.

llama-cpp-python binds neither, so the functions are looked up in ggml's own library.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localdev.backends.llamacpp.native import parts_of
from localdev.backends.llamacpp.offload import Device, ModelSizes
from localdev.core.errors import ModelError

# Bytes of a block and its number of values, by the name of the type in which the state is kept (ggml's type traits).
_KV_BLOCKS = {"f32": (4, 1), "f16": (2, 1), "q8_0": (34, 32), "q4_0": (18, 32)}
_GPU_TYPES = (1, 2)  # enum ggml_backend_dev_type: a card of its own, and one that shares the memory
_UINT32, _ARRAY = 4, 9  # enum gguf_type


class _InitParams(ctypes.Structure):
    """struct gguf_init_params."""

    _fields_ = (("no_alloc", ctypes.c_bool), ("context", ctypes.c_void_p))


class _Ggml:
    """Functions of ggml by name, each with its types."""

    def __init__(self, lib: Any) -> None:
        folder = Path(lib.__file__).parent / "lib"
        # On Windows each library shows its own functions only, so both are asked.
        loaded = [self._load(folder, name) for name in ("ggml", "ggml-base")]
        self._libraries = [library for library in loaded if library]

    @staticmethod
    def _load(folder: Path, name: str) -> Any:
        """Load one library, None where it is not beside the package."""
        for file in (f"lib{name}.so", f"lib{name}.dylib", f"{name}.dll"):
            if (folder / file).exists():
                return ctypes.CDLL(str(folder / file))
        return None

    def call(self, name: str, result: Any, *arguments: Any) -> Any:
        """Call a function; pointers are passed as `c_void_p`, sizes as `c_size_t`."""
        for library in self._libraries:
            function = getattr(library, name, None)
            if function:
                function.restype = result
                return function(*arguments)
        raise AttributeError(name)


def devices(lib: Any) -> list[Device]:
    """List the graphics processors with their free memory; none where the engine was built without."""
    if not lib.llama_supports_gpu_offload():
        return []
    ggml = _Ggml(lib)
    found = []
    for number in range(ggml.call("ggml_backend_dev_count", ctypes.c_size_t)):
        device = ctypes.c_void_p(ggml.call("ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t(number)))
        if ggml.call("ggml_backend_dev_type", ctypes.c_int, device) in _GPU_TYPES:
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            ggml.call("ggml_backend_dev_memory", None, device, ctypes.byref(free), ctypes.byref(total))
            name = ggml.call("ggml_backend_dev_name", ctypes.c_char_p, device)
            found.append(Device(name.decode(errors="replace"), free.value))
    return found


def model_sizes(lib: Any, path: Path, kv_type: str) -> ModelSizes:
    """Read a model's header, those of all its parts where it is split, for the sizes the plan needs.

    Raises:
        ModelError: a header cannot be read.
    """
    ggml = _Ggml(lib)
    inside = outside = 0
    with contextlib.ExitStack() as opened:
        headers = [opened.enter_context(_header(ggml, part)) for part in parts_of(path)]
        for header in headers:
            layer_bytes, other_bytes = _weights(ggml, header)
            inside += layer_bytes
            outside += other_bytes
        return _sizes(ggml, headers[0], kv_type, inside=inside, outside=outside)


@contextlib.contextmanager
def _header(ggml: _Ggml, path: Path) -> Iterator[ctypes.c_void_p]:
    """Have llama.cpp read the header of a file."""
    header = ctypes.c_void_p(
        ggml.call("gguf_init_from_file", ctypes.c_void_p, os.fsencode(path), _InitParams(True, None))
    )
    if not header:
        raise ModelError(f"llama.cpp cannot read the header of {path}", "get the file again")
    try:
        yield header
    finally:
        ggml.call("gguf_free", None, header)


def _weights(ggml: _Ggml, header: ctypes.c_void_p) -> tuple[int, int]:
    """Add up the tensors of a file by their names: the bytes of layers (`blk.N.`), and of all others."""
    inside = outside = 0
    for number in range(ggml.call("gguf_get_n_tensors", ctypes.c_int64, header)):
        at = ctypes.c_int64(number)
        name = ggml.call("gguf_get_tensor_name", ctypes.c_char_p, header, at).decode(errors="replace")
        size = ggml.call("gguf_get_tensor_size", ctypes.c_size_t, header, at)
        if re.match(r"blk\.\d+\.", name):
            inside += size
        else:
            outside += size
    return inside, outside


def _sizes(ggml: _Ggml, header: ctypes.c_void_p, kv_type: str, *, inside: int, outside: int) -> ModelSizes:
    """Give the sizes of a model with `inside` bytes in its layers and `outside` bytes beside them."""
    layers = _number(ggml, header, "block_count") or 1
    heads = _number(ggml, header, "attention.head_count") or 1
    kv_heads = _number(ggml, header, "attention.head_count_kv") or heads
    length = _number(ggml, header, "embedding_length") // heads
    keys = _number(ggml, header, "attention.key_length") or length
    values = _number(ggml, header, "attention.value_length") or length
    block, count = _KV_BLOCKS[kv_type]
    window = _number(ggml, header, "context_length")
    return ModelSizes(layers, inside // layers, outside, kv_heads * (keys + values) * block // count, window)


def _number(ggml: _Ggml, header: ctypes.c_void_p, key: str) -> int:
    """Give a number of the model's architecture, the largest of an array, 0 where there is none."""
    at = ggml.call("gguf_find_key", ctypes.c_int64, header, b"general.architecture")
    if at < 0:
        return 0
    name = ggml.call("gguf_get_val_str", ctypes.c_char_p, header, ctypes.c_int64(at)).decode(errors="replace")
    found = ctypes.c_int64(ggml.call("gguf_find_key", ctypes.c_int64, header, f"{name}.{key}".encode()))
    if found.value < 0:
        return 0
    kind = ggml.call("gguf_get_kv_type", ctypes.c_int, header, found)
    if kind == _UINT32:
        return int(ggml.call("gguf_get_val_u32", ctypes.c_uint32, header, found))
    if kind == _ARRAY:
        count = ggml.call("gguf_get_arr_n", ctypes.c_size_t, header, found)
        data = ggml.call("gguf_get_arr_data", ctypes.POINTER(ctypes.c_int32), header, found)
        return max(data[:count], default=0)
    return 0
