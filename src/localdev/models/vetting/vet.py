"""Vets a model: reads its headers and its chat template, never its weights, and says what speaks against running it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from localdev.core.errors import ModelError, UsageError
from localdev.models.findings import Finding
from localdev.models.gguf import GgufHeader, GgufModel, read_model
from localdev.models.gguf_contents import read_contents
from localdev.models.vetting.contents import TEMPLATE, metadata_findings
from localdev.models.vetting.edges import tail_findings, token_findings
from localdev.models.vetting.folders import identify_folder, names_in
from localdev.models.vetting.formats import GGUF, IMPORTANCE_MATRIX, Format
from localdev.models.vetting.sniff import identify
from localdev.models.vetting.templates import ACCEPTABLE, TemplateReport, scan_template

__all__ = ["ACCEPTABLE", "Vetted", "refuse_unacceptable", "vet", "vet_or_refuse"]

_GRAVEST_FIRST = ("refuse", "warn", "note")
_SUFFIX = ".gguf"
_NO_TEMPLATE = TemplateReport((), "", "", ())


@dataclass(frozen=True, slots=True)
class Vetted:
    """What vetting says of `path`.

    `format` says what it is by its content (`a GGUF file`), `model` holds what was read of it where it is a GGUF file
    that can be read. `template_digest` is the SHA-256 of its chat template in hex and `template_name` the known
    template this is; both are empty where there is none. `template_said` are the texts it adds of its own accord.
    `accepted` are the rules whose findings were overruled, `hint` says what to do instead where it is refused for what
    it is.
    """

    path: Path
    format: str
    model: GgufModel | None
    findings: tuple[Finding, ...]
    template_digest: str = ""
    template_name: str = ""
    template_said: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    hint: str = ""

    def against(self) -> tuple[Finding, ...]:
        """Give the findings that keep it from being opened."""
        return tuple(each for each in self.findings if each.severity == "refuse" and each.rule not in self.accepted)

    def refusal(self) -> ModelError | None:
        """Give the error to raise instead of opening it, None when nothing forbids that."""
        against = self.against()
        if not against:
            return None
        first = against[0]
        if self.model is None:  # nothing more was found out
            return ModelError(first.message, self.hint)
        more = f", and {len(against) - 1} more" if len(against) > 1 else ""
        hint = f"`localdev models vet {shlex.quote(str(self.path))}` says more"
        if overruling := self.overruling():
            hint += f"; {overruling}"
        return ModelError(f"{self.path} is refused: {first.message} ({first.rule}){more}", hint)

    def overruling(self) -> str:
        """Say which options would let it pass; empty where none would, or none is needed."""
        against = self.against()
        if not against or any(each.rule not in ACCEPTABLE for each in against):
            return ""
        rules = dict.fromkeys(each.rule for each in against)
        return "if that is fine for you: " + " ".join(f"--accept {rule}" for rule in rules)


def vet(path: Path, accept: Sequence[str] = ()) -> Vetted:
    """Read what `path` says of itself and judge it; findings of the rules in `accept` do not count against it.

    Raises:
        NotFound: there is no such file, or it may not be read.
        UsageError: `accept` names a rule that cannot be overruled.
        ModelError: it was changed while it was looked at.
    """
    refuse_unacceptable(accept)
    if path.is_dir():
        names = names_in(path)
        if not any(name.lower().endswith(_SUFFIX) for name in names):
            return _refused(path, identify_folder(names))
    elif (found := identify(path)) is not GGUF:
        return _refused(path, found)
    try:
        model = read_model(path)
    except ModelError as error:
        if _is_importance_matrix(path):
            return _refused(path, IMPORTANCE_MATRIX)
        return Vetted(path, GGUF.name, None, (Finding("gguf-structure", "refuse", str(error)),), hint=error.hint)
    return _judged(path, model, accept)


def vet_or_refuse(path: Path, accept: Sequence[str] = ()) -> Vetted:
    """Vet `path` and give what was found.

    Raises:
        NotFound, UsageError: what `vet` says.
        ModelError: it is refused, or was changed while it was looked at.
    """
    vetted = vet(path, accept)
    if refusal := vetted.refusal():
        raise refusal
    return vetted


def refuse_unacceptable(accept: Sequence[str]) -> None:
    """Refuse names of rules whose findings cannot be overruled.

    Raises:
        UsageError: there is one among `accept`.
    """
    fixed = [rule for rule in accept if rule not in ACCEPTABLE]
    if fixed:
        raise UsageError(
            f"findings of the rule {fixed[0]!r} cannot be accepted",
            f"rules that can be: {', '.join(sorted(ACCEPTABLE)) or 'none'}",
        )


def _refused(path: Path, found: Format) -> Vetted:
    """Give the verdict on what is not of the format that is run here."""
    return Vetted(
        path, found.name, None, (Finding(found.rule, "refuse", found.said_of(str(path))),), hint=found.instead
    )


def _is_importance_matrix(path: Path) -> bool:
    """Tell a file of weights' importance, which is GGUF but names no architecture, from broken ones."""
    try:
        return path.is_file() and read_contents(path).text("general.type") == "imatrix"
    except (OSError, ModelError):
        return False


def _judged(path: Path, model: GgufModel, accept: Sequence[str]) -> Vetted:
    """Judge a GGUF model whose structure is sound."""
    header = model.header
    template = scan_template(header.chat_template) if header.chat_template else _NO_TEMPLATE
    findings = [
        *template.findings,
        *_further_templates(header),
        *metadata_findings(header),
        *tail_findings(model),
        *token_findings(model),
    ]
    if not path.is_dir() and not path.name.lower().endswith(_SUFFIX):
        said = "it is a GGUF file by its content, but only a path ending in .gguf names a model to run"
        findings.append(Finding("file-name", "note", said))
    findings.sort(key=lambda each: _GRAVEST_FIRST.index(each.severity))
    rules = {each.rule for each in findings if each.severity == "refuse"}
    return Vetted(
        path,
        GGUF.name,
        model,
        tuple(findings),
        template_digest=template.digest,
        template_name=template.known,
        template_said=template.said,
        accepted=tuple(rule for rule in accept if rule in rules),
    )


def _further_templates(header: GgufHeader) -> Iterator[Finding]:
    """Judge the templates that some files bring besides the one that is used, which other programs may use."""
    for key, text in header.metadata.items():
        if key.startswith(f"{TEMPLATE}.") and isinstance(text, str):
            for finding in scan_template(text).findings:
                if finding.severity != "note":
                    said = f"the further template {key.removeprefix(TEMPLATE)[1:]}, not used here: {finding.message}"
                    yield Finding(finding.rule, "warn", said)
