"""What vetting found in a model file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Counts up when a file that passed before might not pass now; stored models are then vetted anew. It stands here, for
# the rules themselves take longer to import than an unchanged model to look at.
VETTING_VERSION = 1
# `refuse` keeps the file from being stored and run, `warn` is said each time it matters, `note` stands in the passport.
Severity = Literal["refuse", "warn", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: the id of the rule (`template-import`), how grave it is, and what was found where, in one line."""

    rule: str
    severity: Severity
    message: str
