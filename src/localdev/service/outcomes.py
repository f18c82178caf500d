"""How a job ended, as a frame and back: an error raised in the service is raised again, as it was, in the client."""

from __future__ import annotations

import os
import traceback

from localdev.core.errors import LocaldevError
from localdev.core.wire import error_from_json, error_to_json
from localdev.service.frames import Bug, Done, Failed, Outcome, Refused


class RemoteBug(Exception):
    """A bug met by a job in the service; its class is given the name of what was raised there."""


def as_frame(error: BaseException) -> Outcome:
    """Write down what a job raised."""
    if isinstance(error, LocaldevError):
        return Failed(error_to_json(error))
    if isinstance(error, OSError) and error.errno is not None:
        file = "" if error.filename is None else os.fsdecode(error.filename)
        return Refused(error.errno, error.strerror or "", file)
    return Bug(type(error).__name__, str(error), "".join(traceback.format_exception(error)))


def raise_again(frame: Outcome) -> None:
    """Raise what a frame tells of; nothing for a job that went well."""
    if isinstance(frame, Done):
        return
    if isinstance(frame, Failed):
        raise error_from_json(frame.error)
    if isinstance(frame, Refused):
        raise OSError(frame.number, frame.text, frame.file or None)
    bug = type(frame.name, (RemoteBug,), {})(frame.text)
    bug.add_note(f"in the background service:\n{frame.trace}")
    raise bug


def where(error: BaseException) -> str:
    """Name the class of an error and the line of ours it came from; not what it says, which may quote the user."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
