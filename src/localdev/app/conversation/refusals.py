"""Refusals of the operating system that no room below has translated, as errors with a hint."""

from __future__ import annotations

import errno

from localdev.core.errors import LocaldevError, NotFound, StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_ENVIRONMENT = (
    *_FULL, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENAMETOOLONG,
    errno.ELOOP, errno.ESTALE,
)  # fmt: skip


def known_error(error: OSError) -> LocaldevError | None:
    """Translate an error of the system; None for what only a bug can be the reason of."""
    name = f" {error.filename}" if error.filename else ""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return NotFound(f"cannot read{name or ' a file'}: {error.strerror}", "check that it is still there")
    if error.errno not in _ENVIRONMENT:
        return None
    hint = "free some disk space, then try again" if error.errno in _FULL else "check the permissions of that place"
    return StorageError(f"cannot use{name or ' a file'}: {error.strerror}", hint)
