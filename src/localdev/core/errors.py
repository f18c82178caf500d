"""The error tree. Every error a user can meet says what happened (`str(error)`) and what to do (`error.hint`).

Exit codes and HTTP statuses are read from the class, never from the text.
"""

from __future__ import annotations

from typing import ClassVar


class LocaldevError(Exception):
    """Base of all errors that are not bugs: `message` says what in one line, `hint` what to do in another."""

    exit_code: ClassVar[int] = 4
    http_status: ClassVar[int] = 500
    code: ClassVar[str] = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(LocaldevError):
    """The call itself is wrong: an unknown option, an empty question, a path outside the root."""

    exit_code = 2
    http_status = 400
    code = "usage"


class ConfigError(UsageError):
    """A configuration file or variable cannot be read, or holds an unknown key or a wrong value."""

    code = "config"


class EnvironmentFault(LocaldevError):
    """Something outside the program is not as needed: the base of what ends with exit code 4."""

    http_status = 503
    code = "environment"


class NotFound(EnvironmentFault):
    """A named thing (folder, file, model, prompt) is not there."""

    http_status = 404
    code = "not_found"


class StorageError(EnvironmentFault):
    """Reading or writing localdev's own files failed: disk full, no permission, a newer format."""

    http_status = 507
    code = "storage"


class DiskFull(StorageError):
    """There is no room left to write localdev's own files; nothing is wrong with those that are there."""

    code = "disk_full"


class Busy(EnvironmentFault):
    """Another process holds what is needed and did not let go in time."""

    http_status = 503
    code = "busy"


class MissingExtra(EnvironmentFault):
    """An optional part is not installed; the hint names the one command that adds it."""

    code = "missing_extra"


class ModelError(EnvironmentFault):
    """A model file is not usable: not GGUF, truncated, tampered, or refused by the engine."""

    code = "model"


class BackendError(EnvironmentFault):
    """The engine failed while it ran, or cannot be reached."""

    http_status = 502
    code = "backend"


class Unreachable(BackendError):
    """Nothing answers at the backend's address."""

    http_status = 502
    code = "unreachable"


class TimedOut(BackendError):
    """The backend took longer than is allowed to connect, for its first token or between two."""

    http_status = 504
    code = "timed_out"


class CutShort(BackendError):
    """Structured output was cut by its length: half a JSON text is no answer."""

    code = "cut_short"


class ContextOverflow(BackendError):
    """The prompt does not fit the context window."""

    http_status = 413
    code = "context_overflow"


class EgressRefused(EnvironmentFault):
    """A connection beyond loopback was attempted and refused."""

    http_status = 403
    code = "egress"
