"""What `hf:OWNER/REPO`, and the address of a page on the hub, name."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass, replace

from localdev.core.errors import ConfigError, UsageError

SCHEME = "hf:"
FORMS = "write hf:OWNER/REPO, hf:OWNER/REPO:Q4_K_M, hf:OWNER/REPO/FILE.gguf, the address of its page, or ollama:NAME"

# Names of owners and repositories on the hub: letters, digits, `-`, `_`, `.`, at most 96, no sign at either end.
_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_])?", re.ASCII)
_QUANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)  # Q4_K_M, UD-Q4_K_XL
# One hub under several names.
_SAME = {"hf.co": "huggingface.co", "www.huggingface.co": "huggingface.co", "huggingface.com": "huggingface.co"}
_PAGES = ("tree", "blob", "resolve", "raw")


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository on the hub, and what of it is wanted; empty where that was not said."""

    repository: str
    file: str = ""
    quant: str = ""
    revision: str = ""

    def __str__(self) -> str:
        """Give it as a passport names it."""
        return SCHEME + self.repository + (f"/{self.file}" if self.file else "")


def read_source(text: str, hub_url: str) -> HubSource:
    """Read what is to be pulled; `hub_url` is the hub whose pages may be named by address.

    Raises:
        UsageError: it names no repository, or one on another hub.
    """
    text = text.strip()
    if text.lower().startswith(("http://", "https://")):
        return _from_page(text, hub_url)
    if not text.lower().startswith(SCHEME):
        raise UsageError(f"{text!r} names nothing that can be pulled", FORMS)
    path, _, quant = text[len(SCHEME) :].partition(":")
    parts = path.split("/")
    found = HubSource("/".join(parts[:2]), file="/".join(parts[2:]), quant=quant)
    if (":" in text[len(SCHEME) :]) != bool(quant) or (quant and found.file):
        raise UsageError(f"{text!r} names nothing that can be pulled", FORMS)
    return _checked(found, text)


def checked_url(url: str) -> str:
    """Give the address of a hub without a slash at its end.

    Raises:
        ConfigError: it is no http or https address, or holds more than a host, a port and a path.
    """
    try:
        parts = urllib.parse.urlsplit(url.strip())
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, sound = urllib.parse.SplitResult("", "", "", "", ""), False
    if not sound or parts.username is not None or parts.query or parts.fragment or not url.strip().isprintable():
        shown = "it (not shown, for a password may stand in it)" if "@" in url else repr(url)
        raise ConfigError(
            f"remote.hub_url is no address of a hub: {shown}",
            "such as https://huggingface.co, without name or password",
        )
    return url.strip().rstrip("/")


def _from_page(text: str, hub_url: str) -> HubSource:
    """Read the address of a page: of the repository, one of its folders, or a file."""
    try:
        page, hub = urllib.parse.urlsplit(text), urllib.parse.urlsplit(checked_url(hub_url))
        same = _host(page) == _host(hub)
    except ValueError:
        raise UsageError(f"{text!r} is no address", FORMS) from None
    if not same:
        raise UsageError(
            f"{text!r} is not on the hub that remote.hub_url names ({hub_url})",
            "write hf:OWNER/REPO for that hub, or `localdev config set remote.hub_url URL` for another",
        )
    parts = [urllib.parse.unquote(part) for part in page.path.removeprefix(hub.path).strip("/").split("/")]
    repository, rest = "/".join(parts[:2]), parts[2:]
    if rest and (rest[0] not in _PAGES or len(rest) < 2):
        raise UsageError(f"{text!r} is no page of a model or of its files", FORMS)
    file = "/".join(rest[2:])
    if rest and rest[0] == "tree":
        file = ""  # a folder: all that is in the repository at that revision can be chosen from
    return _checked(HubSource(repository, file=file, revision=rest[1] if rest else ""), text)


def _host(parts: urllib.parse.SplitResult) -> tuple[str, int]:
    """Give host and port of an address, the same for each name of one hub."""
    host = parts.hostname or ""
    return _SAME.get(host, host), parts.port or (443 if parts.scheme == "https" else 80)


def _checked(source: HubSource, text: str) -> HubSource:
    """Give it back where its names are such as the hub has."""
    names = source.repository.split("/")
    good = len(names) == 2 and all(_NAME.fullmatch(name) and ".." not in name for name in names)
    if not good:
        raise UsageError(f"{text!r} names no repository of a hub", FORMS)
    if source.quant and not _QUANT.fullmatch(source.quant):
        raise UsageError(f"{source.quant!r} names no quantisation", "write it as files are named: --quant Q4_K_M")
    if source.revision and not is_safe(source.revision):
        raise UsageError(f"{source.revision!r} names no revision", "name a branch, a tag or a commit: --revision REV")
    if source.file and not is_safe(source.file):
        raise UsageError(f"{text!r} names no file of a repository", FORMS)
    return source


def is_safe(name: str) -> bool:
    """Say whether a path inside a repository is one: no way up, no empty part, nothing that cannot be printed."""
    parts = name.split("/")
    return name.isprintable() and "\\" not in name and ":" not in name and not {"", ".", ".."} & set(parts)


def narrowed(source: HubSource, file: str, *, quant: str, revision: str) -> HubSource:
    """Give a source with what options say besides.

    Raises:
        UsageError: they contradict it, or name no file of a repository.
    """
    for option, given, there in (
        ("--file", file, source.file),
        ("--quant", quant, source.quant),
        ("--revision", revision, source.revision),
    ):
        if given and there and given != there:
            raise UsageError(f"{option} {given} contradicts {there} in the source", "name it once")
    found = replace(source, file=file or source.file, quant=quant or source.quant, revision=revision or source.revision)
    if found.file and found.quant:
        raise UsageError("a file and a quantisation are both named", "give one of --file and --quant")
    return _checked(found, str(found))
