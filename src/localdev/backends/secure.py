"""What servers with TLS are checked against, and what is said where that fails."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from localdev.core.errors import Unreachable

if TYPE_CHECKING:
    import ssl


@functools.cache
def certificates() -> ssl.SSLContext:
    """Read the system's certificates, once: 20 ms."""
    import ssl

    return ssl.create_default_context()


def not_secure(url: str, why: str) -> Unreachable:
    """Give the error for a server whose certificate is not trusted, or that speaks no TLS."""
    return Unreachable(
        f"no secure connection to {url}: {why}",
        "check whether the address begins with http or https, and that this system trusts the server's certificate",
    )
