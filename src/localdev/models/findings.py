"""What vetting found in a model file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# `refuse` keeps the file from being stored and run, `warn` is said each time it matters, `note` stands in the passport.
Severity = Literal["refuse", "warn", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: the id of the rule (`template-import`), how grave it is, and what was found where, in one line."""

    rule: str
    severity: Severity
    message: str
