"""Detectors of credentials: one small file each, each with `find(text) -> Iterator[Span]`."""

from __future__ import annotations

from localdev.privacy.detectors import (
    assigned,
    clouds,
    commands,
    config_files,
    forges,
    headers,
    high_entropy,
    jwt,
    library,
    prefixes,
    private_keys,
    services,
    urls,
)
from localdev.privacy.spans import Detector

# Of finds that begin at one place, the first one here names what was found.
CREDENTIALS: tuple[Detector, ...] = (
    private_keys.find,
    clouds.find,
    forges.find,
    services.find,
    prefixes.find,
    jwt.find,
    urls.find,
    headers.find,
    config_files.find,
    commands.find,
    assigned.find,
    library.find,
    high_entropy.find,
)
