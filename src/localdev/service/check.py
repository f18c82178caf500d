"""The check of the service that `localdev doctor` shows."""

from __future__ import annotations

from localdev.app.doctor import Check, writable
from localdev.config.settings import Settings
from localdev.core.errors import LocaldevError
from localdev.core.folders import Folders
from localdev.service.address import address_of
from localdev.service.client import status

_NAME = "service"


def check_service(folders: Folders, settings: Settings) -> Check:
    """It runs, or can be started: the folder of its socket can be written. Without it commands do their work alone."""
    if not settings.service.enabled:
        return Check(_NAME, True, "switched off: service.enabled is false")
    try:
        facts = status(folders)
    except LocaldevError as error:
        return Check(_NAME, False, str(error), error.hint, optional=True)
    address = address_of(folders)
    if facts is not None:
        which = "" if facts["same_version"] else ", of another version"
        return Check(_NAME, True, f"runs, pid {facts['pid']}{which}, at {address.path}")
    if not writable(address.folder):
        hint = "make it writable, or set LOCALDEV_HOME to a folder that is"
        return Check(_NAME, False, f"cannot listen in {address.folder}", hint, optional=True)
    return Check(_NAME, True, f"not running; questions with a model start it, at {address.path}")
