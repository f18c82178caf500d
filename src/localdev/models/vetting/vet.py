"""Vets a model: reads its headers and its chat template, never its weights, and says what speaks against running it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from localdev.core.errors import ModelError, UsageError
from localdev.models.findings import Finding
from localdev.models.gguf import GgufHeader, read_header

# Counts up when a file that passed before might not pass now; stored models are then vetted anew.
VETTING_VERSION = 1
# Rules whose findings a user may overrule: what a template does is theirs to judge, a broken file is nobody's.
ACCEPTABLE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GgufModel:
    """A GGUF model: its header (summed over the parts), and its files in order."""

    header: GgufHeader
    parts: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Vetted:
    """What vetting says of `path`.

    `format` is what the file is by its content (`GGUF`), `model` what was read of it where it is a GGUF file that can
    be read. `template_digest` is the SHA-256 of its chat template in hex and `template_name` the known template this
    is; both are empty where there is none. `accepted` are the rules whose findings were overruled, `hint` says what to
    do instead where the file is refused for what it is.
    """

    path: Path
    format: str
    model: GgufModel | None
    findings: tuple[Finding, ...]
    template_digest: str = ""
    template_name: str = ""
    accepted: tuple[str, ...] = ()
    hint: str = ""

    def refusal(self) -> ModelError | None:
        """Give the error to raise instead of opening the file, None when nothing forbids it."""
        found = [each for each in self.findings if each.severity == "refuse" and each.rule not in self.accepted]
        if not found:
            return None
        return ModelError(found[0].message, self.hint)


def vet(path: Path, accept: Sequence[str] = ()) -> Vetted:
    """Read what `path` says of itself and judge it; findings of the rules in `accept` do not count against it.

    Raises:
        NotFound: there is no such file, or it may not be read.
        UsageError: `accept` names a rule that cannot be overruled.
    """
    fixed = [rule for rule in accept if rule not in ACCEPTABLE]
    if fixed:
        raise UsageError(
            f"findings of the rule {fixed[0]!r} cannot be accepted",
            f"rules that can be: {', '.join(sorted(ACCEPTABLE)) or 'none'}",
        )
    try:
        header = read_header(path)
    except ModelError as error:
        return Vetted(path, "", None, (Finding("gguf-structure", "refuse", str(error)),), hint=error.hint)
    return Vetted(path, "GGUF", GgufModel(header, (path,)), ())


def vet_or_refuse(path: Path, accept: Sequence[str] = ()) -> Vetted:
    """Vet `path` and give what was found.

    Raises:
        NotFound, UsageError: what `vet` says.
        ModelError: it is refused.
    """
    vetted = vet(path, accept)
    if refusal := vetted.refusal():
        raise refusal
    return vetted
