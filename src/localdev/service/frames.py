"""What client and service say to each other: one JSON object a line, each a value of `core` or one of these.

The client begins with `Hello` and gets `Welcome`. If both are the same program it sends one request: `RunJob`, answered
by events, asides and beats and then one of `Done`, `Failed`, `Refused` and `Bug`; or `AskStatus`. Any program may send
`Retire` and `Stop`: their form, and that of the greetings and of `Done`, never changes.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field
from typing import Any

from localdev.config.settings import Settings
from localdev.core.events import Event, Notice, Progress
from localdev.core.folders import Folders
from localdev.core.wire import WireError, dumps, loads

# The longest line that is read: far above a question with a megabyte of text, and a thousand passages.
_LONGEST = 256 << 20


@dataclass(frozen=True, slots=True)
class Hello:
    """The client's first words: which program it is, and the token of a loopback port."""

    identity: str
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Welcome:
    """The service's answer: which program it is."""

    identity: str
    pid: int


@dataclass(frozen=True, slots=True)
class Retire:
    """Take no new clients, end when the present ones are served; answered by `Done` once the address is free."""


@dataclass(frozen=True, slots=True)
class RunJob:
    """A job with all it needs: nothing is taken from the settings or the environment of the service."""

    job: str
    options: dict[str, Any]
    settings: Settings
    folders: Folders
    root: str
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Warm:
    """Load what questions need while nobody asks, with the settings of this job; answered by `Done` at once."""

    job: RunJob


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the job; so does closing the connection."""


@dataclass(frozen=True, slots=True)
class AskStatus:
    """Say how the service is; answered by a `Status`."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Let go of what was read of repositories and is not in use; answered by `Done` when that is so."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End now: running jobs are cancelled. Answered by `Done`, then the connection closes when the process ends."""


@dataclass(frozen=True, slots=True)
class Status:
    """How the service is, as `localdev service status --json` prints it."""

    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Aside:
    """What is told while a job is inside long work."""

    event: Progress | Notice


@dataclass(frozen=True, slots=True)
class Beat:
    """The service is alive, and the job still runs."""


@dataclass(frozen=True, slots=True)
class Done:
    """The request was carried out."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The job raised one of our errors, as `core.wire` writes it."""

    error: dict[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """The operating system refused something to the job."""

    number: int
    text: str
    file: str


@dataclass(frozen=True, slots=True)
class Bug:
    """The job raised something nobody expected: its class, what it says, and where."""

    name: str
    text: str
    trace: str


Request = RunJob | Warm | Cancel | AskStatus | Forget | Stop | Retire
Outcome = Done | Failed | Refused | Bug
Reply = Event | Aside | Beat | Outcome | Status


class Line:
    """One side of a connection."""

    def __init__(self, made: socket.socket) -> None:
        self._socket = made
        self._file = made.makefile("rb")

    def send(self, frame: Any) -> None:
        """Send one frame.

        Raises:
            OSError: the other side is gone.
        """
        self.write(dumps(frame))

    def write(self, line: bytes) -> None:
        """Send one frame that `dumps` has written.

        Raises:
            OSError: the other side is gone.
        """
        self._socket.sendall(line)

    def receive(self, kind: Any) -> Any:
        """Receive one frame of a kind; None when the other side is gone.

        Raises:
            OSError: nothing came for as long as the socket waits, or the connection broke.
            WireError: what came is something else.
        """
        line = self._file.readline(_LONGEST)
        if not line:
            return None
        if not line.endswith(b"\n"):
            if len(line) < _LONGEST:
                return None  # the other side ended in the middle of a line
            raise WireError("a line is too long")
        return loads(kind, line)

    def end_reading(self) -> None:
        """Receive nothing any more, as if the other side were gone; whoever waits in another thread is woken."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def wait_at_most(self, seconds: float | None) -> None:
        """Let sending and receiving take at most so long, None for ever."""
        self._socket.settimeout(seconds)

    def close(self) -> None:
        """Close the connection; whoever waits for a frame in another thread is woken."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._file.close()
        self._socket.close()
