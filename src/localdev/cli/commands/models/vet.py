"""`localdev models vet`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.commands.models.group import app, describe, print_json
from localdev.cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localdev.cli.terminal import Printer
    from localdev.core.ports import ProgressSink
    from localdev.models.passport import Passport
    from localdev.models.store import ModelStore
    from localdev.models.vetting.vet import Vetted

_STYLES = {"refuse": "bad", "warn": "warning", "note": "dim"}
_LABEL = 10  # columns


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be vetted: as the user named it, where it lies, and its passport where it is a stored model."""

    name: str
    path: Path
    passport: Passport | None = None


@app.command(short_help="Judge a model file without running it.")
def vet(
    targets: Annotated[
        list[str], typer.Argument(metavar="FILE|NAME...", help="Model files, or names from `models list`.")
    ],
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="RULE", help="Do not refuse for what this rule finds; can be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge model files by their headers and chat templates; of stored models the digest is computed again too.

    Weights are not looked at: what they make of a text, no vetting shows. Exit code 1 when one is refused.
    """
    from localdev.cli.progress import ProgressLine
    from localdev.cli.terminal import Printer
    from localdev.core.folders import find_folders
    from localdev.models.store import ModelStore

    printer = Printer()
    store = ModelStore(find_folders().models)
    found = [_target(text, store) for text in targets]  # what is missing is said before anything is read
    progress = ProgressLine(printer)
    judged = []
    try:
        for target in found:
            judged.append((target, _judged(target, accept or (), progress.update)))
            progress.close()
            if not as_json:
                _print(printer, *judged[-1])
    finally:
        progress.close()
    if as_json:
        print_json(printer, {"models": [_payload(target, vetted) for target, vetted in judged]})
    if any(vetted.against() for _, vetted in judged):
        raise typer.Exit(1)


def _target(text: str, store: ModelStore) -> Target:
    """Find what a word means: a path, or the name of something stored.

    Raises:
        NotFound: it is neither.
    """
    from localdev.cli.commands.models.lookup import find_stored
    from localdev.core.errors import NotFound
    from localdev.core.folders import expanded

    try:
        passport = find_stored(store, text)
    except NotFound as error:
        path = expanded(Path(text))
        if path.exists() or path.is_symlink():
            return Target(text, path)
        said = f"there is no file {text}, and nothing of that name is stored"
        raise NotFound(said, "see `localdev models list`") from error
    return Target(passport.name, passport.file, passport)


def _judged(target: Target, accept: Sequence[str], progress: ProgressSink) -> Vetted:
    """Vet a target in the way that it would be opened."""
    from localdev.models.vetting.embedders import MARK, vet_embedder
    from localdev.models.vetting.vet import refuse_unacceptable, vet

    refuse_unacceptable(accept)
    if (target.path / MARK).is_file():
        return vet_embedder(target.path)
    if target.passport is None:
        return vet(target.path, accept)
    return _judged_stored(target.passport, accept, progress)


def _judged_stored(passport: Passport, accept: Sequence[str], progress: ProgressSink) -> Vetted:
    """Compare a stored model with its digest, and vet it if it is there at all."""
    from localdev.models.checking import how_to_add
    from localdev.models.vetting.stored import digest_findings
    from localdev.models.vetting.vet import ACCEPTABLE, Vetted, vet

    changed = tuple(digest_findings(passport, progress))
    hint = f"{how_to_add(passport.kind)} with a good copy puts it in order" if changed else ""
    if not all(path.is_file() for path in passport.paths()):
        return Vetted(passport.file, "not whole any more", None, changed, hint=hint)
    still = (rule for rule in passport.accepted if rule in ACCEPTABLE)  # rules change from version to version
    vetted = vet(passport.file, tuple(dict.fromkeys((*still, *accept))))
    return replace(vetted, findings=(*changed, *vetted.findings), hint=hint or vetted.hint)


def _print(printer: Printer, target: Target, vetted: Vetted) -> None:
    """Print what was found as a short table, gravest findings first, and the verdict."""
    from localdev.cli.terminal import one_line

    printer.line(printer.styled(target.name, "bold"))
    for label, text in _facts(target, vetted):
        printer.wrapped(f"  {label:<{_LABEL}}{one_line(text)}")
    for finding in vetted.findings:
        severity = "accepted" if finding.rule in vetted.accepted else finding.severity
        label = printer.styled(f"{severity:<{_LABEL}}", _STYLES.get(severity, "dim"))
        printer.wrapped(f"  {label}{one_line(f'{finding.rule}: {finding.message}')}")
    if to_do := vetted.hint or vetted.overruling():
        printer.wrapped(f"  {'to do':<{_LABEL}}{one_line(to_do)}")
    refused = bool(vetted.against())
    printer.line("  " + printer.styled("refused" if refused else "fine", "bad" if refused else "good"))


def _facts(target: Target, vetted: Vetted) -> Iterator[tuple[str, str]]:
    """Give the lines of the table that are no findings."""
    yield "format", vetted.format
    if vetted.model is not None:
        header = vetted.model.header
        parts = f" in {len(vetted.model.parts)} files" if len(vetted.model.parts) > 1 else ""
        yield "kind", f"{header.kind}, {describe(header)}{parts}"
        if vetted.template_digest:
            known = vetted.template_name or "not a known one, so it was scanned"
            yield "template", f"{known} (sha256 {vetted.template_digest[:12]})"
    if target.passport is not None and not any(each.rule == "digest" for each in vetted.findings):
        yield "digest", f"sha256 {target.passport.digest[:12]}, as it was added on {target.passport.added[:10]}"


def _payload(target: Target, vetted: Vetted) -> dict[str, Any]:
    """Give what `--json` prints of one target."""
    header = vetted.model.header if vetted.model else None
    return {
        "target": target.name,
        "path": str(target.path),
        "format": vetted.format,
        "kind": header.kind if header else "",
        "architecture": header.architecture if header else "",
        "parameters": header.parameters if header else 0,
        "quantisation": header.quantisation if header else "",
        "context_length": header.context_length if header else 0,
        "template": {
            "digest": vetted.template_digest,
            "name": vetted.template_name,
            "said": list(vetted.template_said),
        },
        "digest": target.passport.digest if target.passport else "",
        "findings": [asdict(finding) for finding in vetted.findings],
        "accepted": list(vetted.accepted),
        "refused": bool(vetted.against()),
        "hint": vetted.hint or vetted.overruling(),
    }
