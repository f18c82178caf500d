"""What may be spoken to beyond this machine, for as long as a piece of work runs in its own context.

An allowance holds in the context that entered it (`contextvars`): other threads, and other jobs in this process, have
none. Work that goes on in a thread takes it along with `contextvars.copy_context().run`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar

from localdev.audit.hosts import HostPort, packed, read_entry, spelled

# Told of every connection that was let through: the host as it was asked for, and its port.
OnOpened = Callable[[str, int], None]


class Allowance:
    """The hosts of `egress.allow`, and the addresses that looking them up gave."""

    def __init__(self, entries: Iterable[str | HostPort], on_opened: OnOpened | None = None) -> None:
        """Read the entries.

        Raises:
            ConfigError: one is neither HOST nor HOST:PORT.
        """
        self.entries = tuple(read_entry(entry) if isinstance(entry, str) else entry for entry in entries)
        self._names: dict[str, set[str]] = {}
        self._on_opened = on_opened

    def covers(self, host: str, port: int) -> bool:
        """Say whether a host, by its name or an address its name stands for, may be connected to at a port."""
        return bool(self._meant(host, port))

    def knows(self, host: str) -> bool:
        """Say whether a name may be looked up."""
        asked = spelled(host)
        return any(entry.host == asked for entry in self.entries)

    def learn(self, host: str, addresses: Iterable[str]) -> None:
        """Keep what looking up a host gave: the addresses are allowed as the host is."""
        if self.knows(host) and packed(host) is None:
            for address in addresses:
                self._names.setdefault(spelled(address), set()).add(spelled(host))

    def opened(self, host: str, port: int) -> None:
        """Tell of a connection that was let through."""
        if self._on_opened is not None:
            self._on_opened(next(iter(self._meant(host, port)), host), port)

    def _meant(self, host: str, port: int) -> list[str]:
        """List the allowed hosts that a name or an address may stand for at a port."""
        asked = spelled(host)
        named = {asked, *self._names.get(asked, ())}
        return [entry.host for entry in self.entries if entry.host in named and entry.port in (0, port)]


_CURRENT: ContextVar[Allowance | None] = ContextVar("localdev_egress", default=None)


def current() -> Allowance | None:
    """Give the allowance of the running context."""
    return _CURRENT.get()


@contextlib.contextmanager
def allowed(allowance: Allowance) -> Iterator[None]:
    """Let what runs inside, in this context, speak to the hosts of an allowance.

    A generator keeps no context between its steps: enter this anew around each of them, and around closing it.
    """
    from localdev.audit.egress import watch_lookups

    watch_lookups()
    token = _CURRENT.set(allowance)
    try:
        yield
    finally:
        _CURRENT.reset(token)
