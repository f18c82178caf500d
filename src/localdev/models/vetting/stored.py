"""Reads a stored model to its last byte and says whether it is still what was added."""

from __future__ import annotations

from localdev.core.ports import ProgressSink
from localdev.models.digests import Counted
from localdev.models.findings import Finding
from localdev.models.passport import Passport


def digest_findings(passport: Passport, progress: ProgressSink | None = None) -> list[Finding]:
    """Compute the digest of every file of a stored model; those that are not the recorded ones are refused.

    Raises:
        ModelError: a file cannot be read.
    """
    counted = Counted("hash", passport.size, progress)
    changed = [file.name for file in passport.files if counted.digest(passport.folder / file.name) != file.digest]
    return [Finding("digest", "refuse", f"{name} was changed since it was added") for name in changed]
