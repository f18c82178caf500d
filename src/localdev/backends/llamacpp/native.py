"""llama.cpp's library: loading it, its log, its weights, and the processor it runs on."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from localdev.core.errors import MissingExtra, ModelError

# Never `pip install localdev[llama]`: that would ask an index for a package of our name, whoever owns it there.
_INSTALL = "`localdev setup llama`"
_FIRST_PART = re.compile(r"(.*)-00001-of-(\d{5})\.gguf")  # llama.cpp's llama_split_path
_LOG_WARN, _LOG_ERROR, _LOG_CONTINUED = 3, 4, 5  # enum ggml_log_level of ggml.h

complaints: deque[str] = deque(maxlen=8)
_kept_alive: list[Any] = []  # the log callback: native code holds a bare pointer to it


def load_library() -> Any:
    """Import llama-cpp-python (about half a second the first time) and take over its log.

    Raises:
        MissingExtra: it is not installed, or its native part cannot be loaded.
    """
    _calm_threads()
    try:
        import llama_cpp
    except ImportError as error:
        raise MissingExtra("the embedded engine is not installed", f"add it: {_INSTALL}") from error
    except (OSError, RuntimeError) as error:
        raise MissingExtra(f"the embedded engine cannot be loaded: {error}", f"build it again: {_INSTALL}") from error
    if not _kept_alive:
        callback = llama_cpp.llama_log_callback(_note)
        _kept_alive.append(callback)
        llama_cpp.llama_log_set(callback, None)
        llama_cpp.llama_backend_init()
    return llama_cpp


def _calm_threads() -> None:
    """Have the engine's threads sleep soon when they wait for each other, unless the user said otherwise.

    GNU's OpenMP reads this when it is loaded. By default its threads spin for some milliseconds at every one of a
    token's hundreds of barriers, which costs whole time slices as soon as another program wants a core. A
    0.5-billion-parameter model on two cores took, in milliseconds a token, with nothing beside it and with one busy
    process: by default 33 and 250 to 540, with this 34 and 71 to 115, sleeping at once (`OMP_WAIT_POLICY=passive`)
    60 to 65 and 54 to 79.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(os.environ):
        os.environ["GOMP_SPINCOUNT"] = "4000"


_last_level = 0
_listener: Callable[[str], None] | None = None


@contextlib.contextmanager
def listening(take: Callable[[str], None]) -> Iterator[None]:
    """Hand each piece of the engine's log, of whatever level, to `take` while the body runs."""
    global _listener
    _listener = take
    try:
        yield
    finally:
        _listener = None


def _note(level: int, text: bytes, _data: object) -> None:
    """Keep warnings and errors for the next error message; nothing reaches stderr."""
    global _last_level
    if _listener is not None:
        _listener(text.decode("utf-8", errors="replace"))
    if level != _LOG_CONTINUED:
        _last_level = level
    if _last_level in (_LOG_WARN, _LOG_ERROR) and text.strip(b". \n"):
        complaints.append(text.decode("utf-8", errors="replace").strip())


def reason() -> str:
    """Give what the engine complained about last, and forget it."""
    found = "; ".join(dict.fromkeys(complaints))
    complaints.clear()
    return found or "it gave no reason"


def parts_of(path: Path) -> list[Path]:
    """Give the files that llama.cpp reads for a model: `path`, or where that is the first of several parts, all."""
    found = _FIRST_PART.fullmatch(path.name)
    if found is None:
        return [path]
    return [path.with_name(f"{found[1]}-{number:05d}-of-{found[2]}.gguf") for number in range(1, int(found[2]) + 1)]


def stamps_of(path: Path) -> list[tuple[int, ...]]:
    """Give what changes with the files of a model (device, inode, size, times); empty where one is not there.

    The change time among them is set by the system alone; on Windows it is the time of creation.
    """
    try:
        found = [part.stat() for part in parts_of(path)]
    except OSError:
        return []
    return [(each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns, each.st_ctime_ns) for each in found]


def load_model(lib: Any, path: Path, gpu_layers: int) -> Any:
    """Load the weights of `path` and give the native model.

    Raises:
        ModelError: the engine refuses the file; the message gives its reason.
    """
    complaints.clear()
    params = lib.llama_model_default_params()
    params.n_gpu_layers = 0x7FFFFFFF if gpu_layers < 0 else gpu_layers
    # Compilers up to GCC 12 at least drop most of the set-up of AMX tiles (their intrinsic reads 64 bytes and declares
    # 8), and the first quantised matrix ends the process. Without repacked weights those processors work, only slower.
    params.use_extra_bufts = b"AMX_INT8 = 1" not in lib.llama_print_system_info()
    model = lib.llama_model_load_from_file(os.fsencode(path), params)
    if not model:
        raise ModelError(
            f"llama.cpp cannot load {path}: {reason()}",
            "the file may be damaged or newer than the engine: get it again, or update the engine",
        )
    return model


def watch_flag(lib: Any) -> Any:
    """Give a native function that says "stop" as soon as the text it is handed is not empty.

    It is the C library's `strlen`: the engine calls it for each of a graph's thousand nodes, where one in Python would
    wait for the interpreter's lock each time. Only the lowest byte of its result counts.
    """
    library = ctypes.CDLL("msvcrt") if os.name == "nt" else ctypes.CDLL(None)
    return ctypes.cast(library.strlen, lib.ggml_abort_callback)


def physical_cores() -> int:
    """Give the number of physical cores this process may run on; hyper-threads slow matrix products down."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = set()
    for cpu in allowed:
        topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology")
        try:
            cores.add(((topology / "physical_package_id").read_text(), (topology / "core_id").read_text()))
        except OSError:  # not Linux, or a container without /sys
            return max(1, len(allowed))
    return max(1, len(cores))
