"""What goes wrong between here and a hub, in errors that say what, and what to do."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from localdev.core.errors import BackendError, EnvironmentFault, LocaldevError, NotFound, TimedOut, Unreachable

if TYPE_CHECKING:
    import httpx

TOKEN = "LOCALDEV_HUB_TOKEN"
_FOREIGN_TOKEN = "HF_TOKEN"  # what other programs read; never sent from here without being asked to
# Answers that another try may mend: time-out, too many requests, and what servers say while they are overloaded.
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
# `RateLimit: "resolvers";r=0;t=55`: seconds until more is allowed (draft-ietf-httpapi-ratelimit-headers-09).
_RATE_LIMIT = re.compile(r";\s*t\s*=\s*(\d+)")
_LONGEST_SAID = 200
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


class Passing(Exception):
    """Trouble that another try may mend: `error` is what to raise where it does not, `wait` what the server asks."""

    def __init__(self, error: LocaldevError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, for errors: the repository, a file of it (or empty), and whether a token was sent.

    `elsewhere` is where the hub sent us on to, which knows nothing of repositories.
    """

    repository: str
    file: str = ""
    with_token: bool = False
    elsewhere: bool = False

    @property
    def what(self) -> str:
        """The file, or the repository."""
        return f"{self.file} of {self.repository}" if self.file else self.repository


def of_connection(error: httpx.HTTPError, place: str) -> Passing | LocaldevError:
    """Give what to raise for a connection to `place` that did not come to be, kept silent or broke off."""
    import httpx

    if isinstance(error, httpx.TimeoutException):
        setting = "connect" if isinstance(error, httpx.ConnectTimeout) else "gap"
        return Passing(
            TimedOut(
                f"{place} did not answer in time",
                f"pull again: it goes on where it was; remote.{setting}_seconds is how long is waited",
            )
        )
    why = _NUMBER.sub("", str(error)).rstrip(".") or type(error).__name__
    if isinstance(error, httpx.ConnectError) and "[SSL" in why:
        return Unreachable(
            f"no secure connection to {place}: {why}",
            "see whether this system trusts the server's certificate; SSL_CERT_FILE names one of your own",
        )
    if isinstance(error, httpx.ConnectError):
        return Passing(Unreachable(f"no connection to {place}: {why}", _unreachable_hint()))
    return Passing(BackendError(f"the connection to {place} broke off: {why}", "pull again: it goes on where it was"))


def _unreachable_hint() -> str:
    """Say what to look at; a proxy that stands in the environment is not used, and that may be the reason."""
    set_one = next((name for name in _PROXIES if os.environ.get(name)), "")
    if set_one:
        return f"{set_one} is set, but no proxy is used: name a mirror that can be reached in remote.hub_url"
    return "check the network and remote.hub_url, then pull again: it goes on where it was"


def of_status(
    status: int, headers: Mapping[str, str], body: bytes, *, asked: Asked, place: str
) -> Passing | LocaldevError:
    """Give what to raise for an answer other than success; `body` is the first of its bytes."""
    said = _said(headers, body)
    if status in _PASSING:
        wait = wait_of(headers) if status in (429, 503) else None
        if status == 429:
            return Passing(
                BackendError(f"{place} asks for fewer requests (429)", f"pull again later{_more(wait)}"), wait
            )
        return Passing(
            BackendError(f"{place} answers {status}{said}", "pull again later: it goes on where it was"), wait
        )
    return _final(status, headers.get("x-error-code", ""), said, asked=asked, place=place)


def _final(status: int, code: str, said: str, *, asked: Asked, place: str) -> LocaldevError:
    """Give the error for an answer that another try would not change."""
    if asked.elsewhere:
        return BackendError(
            f"{place}, where the hub sent us on to, refuses {asked.what} ({status}{said})",
            "pull again: the hub gives a new address each time",
        )
    if code == "GatedRepo" or status == 403:
        return EnvironmentFault(
            f"{asked.what} is only for those whom its owner lets in ({status}{said})", _gated_hint(asked, place)
        )
    if code == "RevisionNotFound":
        return NotFound(f"{asked.repository} has no such revision", "name a branch, a tag or a commit: --revision REV")
    if code == "EntryNotFound" or (status == 404 and asked.file):
        return NotFound(f"{asked.what} is not there any more", "pull again without --file to see what is")
    if code == "RepoNotFound" or status in (401, 404):
        # The hub says the same (401) of what does not exist and of what may not be seen.
        return NotFound(
            f"the hub knows no repository {asked.repository}, or does not show it ({status})",
            "check the spelling; a private or gated one needs its page's terms accepted and a token in " + TOKEN
            if not asked.with_token
            else f"check the spelling, and whether the token in {TOKEN} may read it",
        )
    return BackendError(f"{place} answers {status}{said}", "see whether remote.hub_url names a hub")


def _gated_hint(asked: Asked, place: str) -> str:
    """Say how to be let in."""
    page = f"accept the licence on the page of {asked.repository} at {place}"
    if asked.with_token:
        return f"{page}, with the account whose token {TOKEN} holds"
    also = f"; {_FOREIGN_TOKEN} is set, but only {TOKEN} is read" if os.environ.get(_FOREIGN_TOKEN) else ""
    return f"{page}, then set {TOKEN} to a token of yours that may read{also}"


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Give the seconds that a server asks to wait for, None where it names none: `Retry-After`, else `RateLimit`."""
    after = headers.get("retry-after", "").strip()
    if after.isascii() and after.isdecimal():
        return float(after)
    if after:
        try:
            when = parsedate_to_datetime(after)
        except (ValueError, OverflowError, TypeError):
            return None
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (when - datetime.now(UTC)).total_seconds())
    found = _RATE_LIMIT.search(headers.get("ratelimit", ""))
    return float(found[1]) if found else None


def _more(wait: float | None) -> str:
    """Say when."""
    return "" if wait is None else f": in {wait:.0f} s it answers again"


def _said(headers: Mapping[str, str], body: bytes) -> str:
    """Give what a server says of its refusal, in one short line."""
    text = headers.get("x-error-message", "")
    if not text:
        try:
            answer = json.loads(body)
            text = str(answer.get("error", "")) if isinstance(answer, dict) else ""
        except (ValueError, RecursionError):
            text = ""
    text = " ".join(text.split())[:_LONGEST_SAID]
    return f": {text}" if text else ""
