"""Who may be connected to while a model is pulled, and the journal's lines about it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NoReturn

from localdev.app.remote import Contact, allowance_for
from localdev.core.errors import ConfigError, EgressRefused

if TYPE_CHECKING:
    from localdev.audit.hosts import HostPort
    from localdev.models.hub.client import Origin


class Gate:
    """Decides who may be connected to while a model is pulled: a `models.hub.client.Gate`."""

    def __init__(self, allow: Sequence[str], contact: Contact) -> None:
        self._allow, self._contact = tuple(allow), contact

    def __call__(self, to: Origin, sent_by: Origin | None) -> AbstractContextManager[None]:
        """Open the way to an origin: this machine for a hub that runs on it, else https to a host that is allowed."""
        from localdev.audit.allowance import allowed
        from localdev.audit.hosts import HostPort, is_loopback, spelled

        if is_loopback(to.host):
            if sent_by is not None and not is_loopback(sent_by.host):
                self._refuse(to, f"{sent_by} sends us on to this machine itself ({to})", "nothing was asked there")
            return contextlib.nullcontext()
        if to.scheme != "https":
            what = f"{sent_by} sends us on to http://{to}" if sent_by else f"the hub is at http://{to}"
            self._refuse(
                to, f"{what}: not encrypted", "models are pulled by https://, by http:// from this machine alone"
            )
        host = HostPort(spelled(to.host), to.port)
        if not _is_host(host):  # said here, as the next refusal names a command to type, with the host in it
            self._refuse(to, f"{sent_by or 'remote.hub_url'} names {to!s}, which is no host", "nothing was asked there")
        what = f"{sent_by} sends us on to {to} for the file" if sent_by else f"{to} would be asked for the model"
        refuse_unlisted(host, self._allow, what, contact=self._contact)
        return allowed(allowance_for(host, self._contact))

    def _refuse(self, to: Origin, what: str, hint: str) -> NoReturn:
        """Write the refusal down and raise it."""
        write_down(self._contact, "egress_refused", attempt="pull", host=to.host)
        raise EgressRefused(what, hint)


def _is_host(host: HostPort) -> bool:
    """Say whether a host is one that `egress.allow` could name."""
    from localdev.audit.hosts import read_entry

    try:
        return read_entry(str(host)) == host
    except ConfigError:
        return False


def refuse_unlisted(host: HostPort, allow: Sequence[str], what: str, *, contact: Contact) -> None:
    """Refuse a host that does not stand in `egress.allow`, and write that down; `what` says what it is wanted for.

    Raises:
        EgressRefused: with the setting to write; what stands there already is kept.
        ConfigError: an entry is no host.
    """
    from localdev.audit.allowance import Allowance

    if not Allowance(allow).covers(host.host, host.port):
        write_down(contact, "egress_refused", attempt="pull", host=host.host)
        wanted = ",".join([*allow, str(host)])
        raise EgressRefused(
            f"{what}, and egress.allow does not name that host",
            f"if that is what you want: `localdev config set egress.allow {wanted}`",
        )


@contextlib.contextmanager
def guarded(contact: Contact) -> Iterator[None]:
    """Write down what the guard refuses inside."""
    from localdev.audit import egress

    def refused(attempt: str, host: str) -> None:
        write_down(contact, "egress_refused", attempt=attempt, host=host)

    with egress.telling(refused):
        yield


def write_down(contact: Contact, kind: str, **entry: Any) -> None:
    """Write a line into the journal, where there is one."""
    if contact.journal is not None:
        contact.journal.record(kind, entry)
