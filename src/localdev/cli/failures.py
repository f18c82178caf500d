"""Turns whatever was raised into `error:` and `hint:` lines on stderr and an exit code; a bug leaves a log file."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from pathlib import Path

from localdev.cli import signals
from localdev.core.errors import LocaldevError, NotFound, StorageError, UsageError

BUG = 3
CLOSED_PIPE = 141

# Trouble of the machine, not of the program: what the operating system said is the whole story.
_ENVIRONMENT = frozenset(
    {
        errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.EIO,
        errno.ENAMETOOLONG, errno.ELOOP,
    }
)  # fmt: skip


def report(error: Exception) -> int:
    """Print the error and give its exit code."""
    if signals.code():  # native code turns what a signal raises into errors of its own
        return interrupted() if signals.code() == signals.INTERRUPTED else quiet_end(signals.code())
    if isinstance(error, BrokenPipeError):
        return quiet_end(CLOSED_PIPE)
    known = _known(error)
    if known is None:
        return _report_bug(error)
    show(known)
    return known.exit_code


def show(error: LocaldevError) -> None:
    """Print the two lines of an error that is not a bug."""
    from localdev.cli.program import as_typed
    from localdev.core.neutral import neutral

    lines = [f"error: {_one_line(neutral(as_typed(str(error))))}"]
    if error.hint:
        lines.append(f"hint: {_one_line(neutral(as_typed(error.hint)))}")
    _to_stderr(lines)


def interrupted() -> int:
    """End after Ctrl-C; on a terminal the `^C` it has left there gets a line of its own."""
    code = quiet_end(signals.INTERRUPTED)
    if sys.stderr is not None and sys.stderr.isatty():
        _to_stderr(["", "interrupted"])
    return code


def quiet_end(code: int) -> int:
    """End without a word: further Ctrl-C kills at once, and a reader that left is not written to again."""
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        # What is left in the buffer would fail once more, with a message, when the interpreter ends.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _known(error: Exception) -> LocaldevError | None:
    """Give the error as one of ours, or None for a bug."""
    if isinstance(error, LocaldevError):
        return error
    if isinstance(error, OSError):
        return _from_system(error)
    module = sys.modules.get("typer.exceptions")
    if module is None:
        return None
    if isinstance(error, module.Abort):
        return UsageError("nothing was confirmed", "answer y, or give --yes")
    if isinstance(error, module.TyperException):
        from localdev.cli.usage import explain

        return explain(error)
    return None


def _from_system(error: OSError) -> LocaldevError | None:
    """Translate a refusal of the operating system that no room has translated."""
    if isinstance(error, FileNotFoundError) and not _current_folder_exists():
        return NotFound("the current folder does not exist any more", "go to a folder that exists, or give -C PATH")
    if error.errno not in _ENVIRONMENT:
        return None
    what = f"use {error.filename}" if error.filename else "write the output"
    hint = (
        "free some disk space, then run the command again"
        if error.errno in (errno.ENOSPC, errno.EDQUOT)
        else "check the permissions of that place, or set LOCALDEV_HOME to a folder that can be written"
    )
    return StorageError(f"cannot {what}: {error.strerror}", hint)


def _current_folder_exists() -> bool:
    """Say whether the folder we run in is still there."""
    try:
        return Path.cwd().exists()
    except OSError:
        return False


def _report_bug(error: Exception) -> int:
    """Print one line about a bug and where its log file is."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    try:
        where = str(_write_log(error))
    except Exception as failure:  # noqa: BLE001 - with no log file the two lines are all we have, and they must come out
        where = f"nowhere: the log file could not be written ({type(failure).__name__})"
    from localdev.core.neutral import neutral

    _to_stderr(
        [
            f"error: a bug in localdev ({_one_line(neutral(what))[:300]})",
            f"hint: please report it; the details are in {neutral(where)}",
        ]
    )
    return BUG


def _write_log(error: Exception) -> Path:
    """Write the traceback and the circumstances, without what the user typed but the command's name."""
    import platform
    import time
    import traceback

    from localdev import __version__
    from localdev.core.files import write_atomic
    from localdev.core.folders import find_folders

    path = find_folders().logs / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    head = (
        f"localdev {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"command: {' '.join(sys.argv[1:2])}\n\n"
    )
    text = head + "".join(traceback.format_exception(error))
    write_atomic(path, text.encode("utf-8", "backslashreplace"))
    return path


def _one_line(text: str) -> str:
    """Fold a text onto one line."""
    return " ".join(text.split())


def _to_stderr(lines: list[str]) -> None:
    """Print lines on stderr; a stderr that is closed is nothing to fail for."""
    # What stdout still holds belongs before the error on a shared terminal.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()
