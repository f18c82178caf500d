"""Where the vectors of an index are kept: in a Chroma folder beside it, or in a Chroma server."""

from __future__ import annotations

import secrets
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.audit.egress import is_loopback
from localdev.core.errors import ConfigError, EgressRefused
from localdev.core.files import write_atomic
from localdev.core.headers import checked_secret
from localdev.index.database import Damaged
from localdev.index.server import ServerVectors
from localdev.index.vectors import ChromaVectors

if TYPE_CHECKING:
    from localdev.core.ports import VectorStore

_FOLDER, _SERVER = "chroma-", "server-"
# In the folder of an index: what the names of its collections on servers begin with, and then a line for each server
# that was ever given one. Where vectors are now does not tell: others may be left from before a fallback.
_OWNER = "OWNER"


@dataclass(frozen=True, slots=True)
class Place:
    """What the settings say: the address of a server (empty for the folder) and the token it wants.

    With `fallback` the folder is used for as long as the server is away.
    """

    url: str = ""
    token: str = field(default="", repr=False)
    fallback: bool = False


EMBEDDED = Place()


def checked_place(store: str, *, token: str = "", fallback: bool = False) -> Place:
    """Read the setting `index.store`: `embedded`, or the address of a server on this machine.

    Raises:
        ConfigError: it is neither, or the token cannot be sent.
        EgressRefused: the server is on another machine.
    """
    if store == "embedded":
        return EMBEDDED
    hint = 'say "embedded", or an address such as "http://127.0.0.1:8000"'
    try:
        address = urllib.parse.urlsplit(store)
        port = address.port
    except ValueError:
        raise ConfigError(f"index.store is no address: {store}", hint) from None
    host = address.hostname or ""
    if address.scheme not in ("http", "https") or not host or address.username is not None:
        raise ConfigError(f"index.store is no address: {store}", hint)
    if address.path.strip("/") or address.query or address.fragment:
        raise ConfigError(f"index.store has more than a host and a port: {store}", hint)
    if not is_loopback(host):
        raise EgressRefused(
            f"index.store names another machine: {host}",
            f"localdev only connects to this one: forward a port of it (`ssh -L 8000:localhost:{port or 8000} {host}`) "
            "and name that",
        )
    shown = f"[{host}]" if ":" in host else host
    url = f"{address.scheme}://{shown}:{port or (443 if address.scheme == 'https' else 8000)}"
    secret = checked_secret(token, variable="LOCALDEV_STORE_TOKEN", what="the token of the server")
    return Place(url, secret, fallback)


def new_name(place: Place) -> str:
    """Give the manifest's name for a new store: a folder beside the index, or a collection and where it is."""
    return f"{_SERVER}{secrets.token_hex(6)} {place.url}" if place.url else f"{_FOLDER}{secrets.token_hex(6)}"


def fits(name: str, place: Place) -> bool:
    """Tell whether a store is where the settings want vectors; no store yet fits anywhere."""
    return not name or url_of(name) == place.url


def url_of(name: str) -> str:
    """Give the address of the server that holds a store; empty for a folder."""
    return name.partition(" ")[2]


def present(generation: Path, name: str, place: Place) -> bool:
    """Tell, without opening it, whether a store is there and where it should be; a server is believed until asked."""
    if not name or (url_of(name) and fits(name, place)):
        return True
    if url_of(name) or not (fits(name, place) or place.fallback):
        return False
    return (generation / name / "chroma.sqlite3").is_file()


def open_store(generation: Path, name: str, place: Place, *, create: bool = False) -> VectorStore:
    """Open a store by the name in the manifest.

    Raises:
        Damaged: it is not there, or not what it should be.
        StoreAway: the server does not answer, or is none that can be used.
        StorageError: the disk is full or the folder not writable.
    """
    if not url_of(name):
        return ChromaVectors(generation / name, create=create)
    if not fits(name, place):
        raise Damaged(f"it was kept at {url_of(name)}")
    _remember(generation.parent, place.url)
    return ServerVectors(place.url, _collection(generation, name), token=place.token, create=create)


def remove_unused(generation: Path, name: str, place: Place) -> None:
    """Remove the collections of this index on the server that no generation on disk uses any more."""
    if not url_of(name):
        return
    from localdev.index.layout import generations

    kept = {_collection(generation, name)}
    others = {_mark(other) for other in generations(generation.parent) if other != generation}
    server = ServerVectors(place.url, "", token=place.token, create=None)
    for found in server.collections(f"{owner(generation.parent)}-"):
        if found not in kept and found.split("-")[2] not in others:
            server.remove(found)


def servers(folder: Path) -> list[str]:
    """Give the addresses of the servers that may hold vectors of an index."""
    path = folder / _OWNER
    return path.read_text(encoding="ascii").split()[1:] if path.exists() else []


def remove_all(folder: Path, url: str, *, token: str = "") -> None:
    """Remove every collection of an index from a server.

    Raises:
        StoreAway: it cannot be asked to.
    """
    place = checked_place(url, token=token)
    server = ServerVectors(place.url, "", token=place.token, create=None)
    for found in server.collections(f"{owner(folder)}-"):
        server.remove(found)


def owner(folder: Path) -> str:
    """Give what the names of an index's collections begin with; drawn by chance, so that no two indexes share one."""
    path = folder / _OWNER
    if not path.exists():
        write_atomic(path, f"localdev-{secrets.token_hex(8)}\n".encode("ascii"))
    return path.read_text(encoding="ascii").split()[0]


def _remember(folder: Path, url: str) -> None:
    """Write down that a server holds something of this index, before it does."""
    if url not in (known := servers(folder)):
        write_atomic(folder / _OWNER, "".join(f"{line}\n" for line in [owner(folder), *known, url]).encode("ascii"))


def _collection(generation: Path, name: str) -> str:
    """Give the name of a collection on the server."""
    return f"{owner(generation.parent)}-{_mark(generation)}-{name.partition(' ')[0].removeprefix(_SERVER)}"


def _mark(generation: Path) -> str:
    """Give the part of a generation's name that tells it from others."""
    return generation.name.removeprefix("index-")
