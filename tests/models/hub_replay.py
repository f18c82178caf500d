"""A hub on loopback that replays the interface of huggingface.co, and its storage at another port; faults on demand.

Shapes, headers and codes are those of the hub's documentation and of huggingface_hub 1.x: the listing by
`GET /api/models/REPO[/revision/REV]?blobs=true`, files by `GET /REPO/resolve/COMMIT/PATH`, where LFS files answer 302
with X-Repo-Commit, X-Linked-Etag and X-Linked-Size, and errors carry X-Error-Code. Nobody asked the real one.

    python -m tests.models.hub_replay FILE...    serves files as the repository `owner/model` and prints the address
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import ssl
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "owner/model"


@dataclass
class Repository:
    """Files at one commit; those in `small` are kept in git, the others by LFS."""

    files: dict[str, bytes]
    commit: str = COMMIT
    small: frozenset[str] = frozenset()
    licence: str = "apache-2.0"
    gated: str | bool = False
    token: str = ""
    wrong_digest: bool = False

    def listing(self) -> dict[str, Any]:
        """Give what the interface says of it."""
        return {
            "id": NAME,
            "sha": self.commit,
            "private": False,
            "gated": self.gated,
            "cardData": {"license": self.licence} if self.licence else None,
            "siblings": [self._sibling(path, data) for path, data in self.files.items()],
        }

    def digest(self, path: str) -> str:
        """Give the SHA-256 of a file kept by LFS, or git's id of one kept in git."""
        data = self.files[path]
        if path in self.small:
            return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        return hashlib.sha256(data + (b"x" if self.wrong_digest else b"")).hexdigest()

    def _sibling(self, path: str, data: bytes) -> dict[str, Any]:
        """Give the entry of one file."""
        if path in self.small:
            return {"rfilename": path, "size": len(data), "blobId": self.digest(path)}
        lfs = {"size": len(data), "sha256": self.digest(path), "pointerSize": 134}
        return {"rfilename": path, "size": len(data), "blobId": "f" * 40, "lfs": lfs}


@dataclass
class Seen:
    """A request: which server (`hub` or `cdn`), its path, and its headers in small letters."""

    server: str
    path: str
    headers: Mapping[str, str]


# Answers one request instead of the server; gets the handler, the whole file, and where it was asked to begin.
Play = Callable[["_Handler", bytes, int], None]


@dataclass
class Hub:
    """A hub under way. What is put into `api`, `resolve` and `cdn` answers the next requests of that kind, in order."""

    repositories: dict[str, Repository]
    url: str = ""
    cdn_url: str = ""
    seen: list[Seen] = field(default_factory=list)
    api: list[Play] = field(default_factory=list)
    resolve: list[Play] = field(default_factory=list)
    cdn: list[Play] = field(default_factory=list)
    rate: float = 0.0  # bytes a second of the storage, 0 for as fast as it goes

    def of(self, server: str) -> list[Seen]:
        """Give the requests to one of the two servers."""
        return [each for each in self.seen if each.server == server]

    def ranges(self) -> list[str]:
        """Give the `Range` headers that the storage was sent, empty where there was none."""
        return [each.headers.get("range", "") for each in self.of("cdn")]


class _Server(ThreadingHTTPServer):
    """One of the two servers."""

    daemon_threads = True

    def __init__(self, kind: str, hub: Hub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kind, self.hub = kind, hub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about clients that leave."""


class _Handler(BaseHTTPRequestHandler):
    """Answers as the hub, or as its storage."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a listing, a file, or the storage's copy of one."""
        hub, parts = self.server.hub, urllib.parse.urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        hub.seen.append(Seen(self.server.kind, self.path, headers))
        path = urllib.parse.unquote(parts.path)
        if self.server.kind == "cdn":
            self._stored(path.strip("/"))
        elif path.startswith("/api/models/"):
            self._listing(path.removeprefix("/api/models/"))
        else:
            self._resolve(path.strip("/"))

    def _listing(self, path: str) -> None:
        """Answer what a repository holds."""
        name, _, revision = path.partition("/revision/")
        repository = self.server.hub.repositories.get(name)
        if self.server.hub.api:
            self.server.hub.api.pop(0)(self, b"", 0)
        elif repository is None or (repository.token and self._token() != repository.token):
            # A repository that is not there, and one that may not be seen, answer the same.
            self.error(401, "RepoNotFound", "Invalid username or password.")
        elif revision not in ("", "main", repository.commit):
            self.error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            body = json.dumps(repository.listing()).encode()
            self.reply(200, body, {"content-type": "application/json; charset=utf-8"})

    def _resolve(self, path: str) -> None:
        """Answer a file: small ones at once, others by sending on to the storage."""
        name, _, rest = path.partition("/resolve/")
        commit, _, file = rest.partition("/")
        repository = self.server.hub.repositories.get(name)
        if repository is None or file not in repository.files or commit != repository.commit:
            self.error(404, "EntryNotFound", "Entry not found")
            return
        data = repository.files[file]
        if self.server.hub.resolve:
            self.server.hub.resolve.pop(0)(self, data, self.offset())
        elif repository.gated and not self._token():
            self.error(401, "GatedRepo", f"Access to model {name} is restricted.")
        elif file in repository.small:
            self.file(data, {"x-repo-commit": commit, "etag": f'"{repository.digest(file)}"'})
        else:
            linked = {"x-linked-etag": f'"{repository.digest(file)}"', "x-linked-size": str(len(data))}
            location = f"{self.server.hub.cdn_url}/{urllib.parse.quote(f'{name}/{file}')}?Signature=abc"
            self.reply(302, b"Found. Redirecting", {"location": location, "x-repo-commit": commit, **linked})

    def _stored(self, path: str) -> None:
        """Answer as the storage does."""
        owner, _, rest = path.partition("/")
        name, _, file = rest.partition("/")
        data = self.server.hub.repositories[f"{owner}/{name}"].files[file]
        if self.server.hub.cdn:
            self.server.hub.cdn.pop(0)(self, data, self.offset())
        else:
            self.file(data, {"etag": f'"{hashlib.md5(data).hexdigest()}"'})

    def offset(self) -> int:
        """Give where the request wants the file to begin."""
        asked = self.headers.get("range", "")
        return int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0

    def file(self, data: bytes, headers: Mapping[str, str] | None = None, *, cut: int | None = None) -> None:
        """Send a file, or the part of it that was asked for; `cut` hangs up after so many bytes."""
        start = self.offset()
        if start >= len(data) and self.headers.get("range"):
            self.reply(416, b"", {"content-range": f"bytes */{len(data)}"})
            return
        found = dict(headers or {}) | {"content-type": "application/octet-stream", "accept-ranges": "bytes"}
        if self.headers.get("range"):
            found["content-range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.reply(206 if self.headers.get("range") else 200, data[start:], found, cut=cut)

    def reply(self, status: int, body: bytes, headers: Mapping[str, str], *, cut: int | None = None) -> None:
        """Send an answer; headers given as such go before the usual ones."""
        self.send_response(status)
        for name, value in ({"content-length": str(len(body))} | dict(headers)).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self._write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True

    def error(self, status: int, code: str, message: str) -> None:
        """Send an error as the hub writes it."""
        body = json.dumps({"error": message}).encode()
        kind = {"content-type": "application/json; charset=utf-8"}
        self.reply(status, body, {"x-error-code": code, "x-error-message": message, **kind})

    def _write(self, body: bytes) -> None:
        """Write a body, not faster than the hub's rate."""
        rate = self.server.hub.rate
        step = max(1, int(rate / 50)) if rate else max(1, len(body))
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            if rate:
                time.sleep(step / rate)

    def _token(self) -> str:
        """Give the token that came along."""
        return str(self.headers.get("authorization", "")).removeprefix("Bearer ")

    def log_message(self, *arguments: Any) -> None:
        """Stay silent."""


def cut(after: int) -> Play:
    """Hang up after so many bytes."""
    return lambda handler, data, _offset: handler.file(data, cut=after)


def status(code: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Play:
    """Answer with a status."""
    return lambda handler, _data, _offset: handler.reply(code, body, dict(headers or {}))


def whole() -> Play:
    """Send the whole file, whatever part was asked for."""
    return lambda handler, data, _offset: handler.reply(200, data, {})


def sent(body: Callable[[bytes], bytes], headers: Mapping[str, str] | None = None, code: int = 200) -> Play:
    """Send something made of the file, with headers of its own; an empty one is left out."""
    return lambda handler, data, _offset: handler.reply(code, body(data), dict(headers or {}))


def chunked(body: Callable[[bytes], bytes]) -> Play:
    """Send something made of the file without saying how long it is."""

    def play(handler: _Handler, data: bytes, offset: int) -> None:
        found = body(data)
        framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(found), found)
        handler.reply(200, framed, {"content-length": "", "transfer-encoding": "chunked"})

    return play


def to(location: str) -> Play:
    """Send on to an address."""
    return status(302, {"location": location})


@contextlib.contextmanager
def serving(repository: Repository, *, host: str = "127.0.0.1", tls: tuple[Path, Path] | None = None) -> Iterator[Hub]:
    """Run a hub with one repository, and its storage; `host` is what they are called, `tls` (certificate, key)."""
    hub = Hub({NAME: repository})
    servers = [_Server(kind, hub) for kind in ("hub", "cdn")]
    for server in servers:
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    scheme = "https" if tls else "http"
    hub.url, hub.cdn_url = (f"{scheme}://{host}:{server.server_address[1]}" for server in servers)
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def main(paths: list[str]) -> None:
    """Serve files until the process is ended."""
    with serving(Repository({Path(path).name: Path(path).read_bytes() for path in paths})) as hub:
        sys.stdout.write(f"{hub.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1:])
