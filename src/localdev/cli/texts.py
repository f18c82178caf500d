"""Text that a command is given in a file of the user's."""

from __future__ import annotations

from pathlib import Path


def text_of(path: Path, *, most: int, hint: str) -> str:
    """Read a text file of at most `most` bytes; `hint` says what to do about a larger one.

    Raises:
        NotFound: it cannot be read.
        UsageError: it is larger, or no text.
    """
    from localdev.core.errors import NotFound, UsageError
    from localdev.source.reading import decode

    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise NotFound(f"cannot read {path}: {error.strerror or error}", "check the path") from error
    if len(data) > most:
        raise UsageError(f"{path} is larger than {most // 1_000_000} MB", hint)
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{path} is not text", "name a file of source code or other text")
    return decode(data)
