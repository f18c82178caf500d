"""Starting the service: by one of all that want it, detached from the terminal, and waited for until it answers."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from localdev.core.files import locked, storage_error
from localdev.core.folders import Folders, ensure
from localdev.core.wire import dumps
from localdev.service.address import Address, private
from localdev.service.client import Unavailable, find_own
from localdev.service.frames import Line
from localdev.service.log import log_file

# A start takes a third of a second; a machine that is short of memory or busy takes longer.
START_SECONDS = 20.0
_PREFIX = "LOCALDEV_"
# The working folder of the service, so that it keeps none from being removed or unmounted.
_NOWHERE = Path(os.path.abspath(os.sep))


def started(folders: Folders, address: Address) -> Line:
    """Start the service unless somebody else just did, and give a line to it.

    Raises:
        Unavailable: it did not start, or not in time.
        StorageError, Busy: its folders cannot be written.
    """
    private(address.folder)
    with locked(address.path.with_suffix(".lock"), START_SECONDS):
        line = find_own(address)
        if line is not None:
            return line
        with contextlib.suppress(OSError):
            address.path.unlink()  # nobody listens there: what is left of one that was killed
        return _waited_for(_spawned(folders), folders, address)


def _spawned(folders: Folders) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, with nothing of this one's but its environment."""
    log = log_file(folders)
    ensure(log.parent)
    try:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise storage_error(log, error) from error
    detached = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    # The search path is handed over, as to every process of ours, but for the current folder: it is anybody's.
    start = "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); import runpy; "
    start += "runpy.run_module('localdev.service', run_name='__main__', alter_sys=True)"
    paths = dumps([path for path in sys.path if path and not _is_here(path)]).decode("ascii")
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", start, paths, dumps(folders).decode("ascii")],
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            cwd=_NOWHERE,
            env=environment(os.environ),
            start_new_session=True,
            creationflags=detached,
        )
    except OSError as error:
        raise Unavailable(f"the background service cannot be started: {error.strerror}", _hint(folders)) from error
    finally:
        os.close(handle)


def _is_here(path: str) -> bool:
    """Tell whether a place of the search path is the current folder, unless it is where this package lies."""
    package = Path(__file__).resolve().parents[2]
    return Path(path).resolve() == Path.cwd() != package


def environment(own: os._Environ[str] | dict[str, str]) -> dict[str, str]:
    """Give the environment of the service: none of the variables that say how one command is to be run.

    Each job has threads of its own, and glibc would let up to eight pools of memory for each core grow full of holes.
    """
    kept = {name: value for name, value in own.items() if not name.startswith(_PREFIX)}
    return {"MALLOC_ARENA_MAX": "2", **kept}


def _waited_for(process: subprocess.Popen[bytes], folders: Folders, address: Address) -> Line:
    """Wait until the process answers; one that does not in time is ended, so that none comes up later by itself."""
    deadline = time.monotonic() + START_SECONDS
    try:
        while process.poll() is None:
            line = find_own(address)
            if line is not None:
                # Most clients end long before it does; one that does not takes notice of its end.
                threading.Thread(target=process.wait, name="service-reap", daemon=True).start()
                return line
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
    except BaseException:
        process.kill()
        raise
    code = process.poll()
    if code is None:
        process.kill()
        raise Unavailable(f"the background service did not start within {START_SECONDS:g} s", _hint(folders))
    line = find_own(address)  # another one may have been faster, whose starter was killed
    if line is None:
        raise Unavailable(f"the background service ended while it started (exit code {code})", _hint(folders))
    return line


def _hint(folders: Folders) -> str:
    """Say where the reason stands."""
    return f"see {log_file(folders)}"
