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
    findings = []
    for file in passport.files:
        path = passport.folder / file.name
        # Another size says as much; and what is put in place of a file may have no end.
        same = path.is_file() and path.stat().st_size == file.size and counted.digest(path) == file.digest
        if not same:
            what = "was changed since it was added" if path.exists() else "is gone"
            findings.append(Finding("digest", "refuse", f"{file.name} {what}"))
    return findings
