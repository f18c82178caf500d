"""`localdev models vet`."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.commands.models.group import app, describe, print_json
from localdev.cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localdev.cli.terminal import Printer
    from localdev.core.errors import LocaldevError
    from localdev.core.ports import ProgressSink
    from localdev.models.passport import Passport
    from localdev.models.store import ModelStore
    from localdev.models.vetting.vet import Vetted

    Judged = tuple["Target", Vetted | LocaldevError]

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

    Weights are not looked at: what they make of a text, no vetting shows. Each is judged whatever becomes of others;
    exit code 4 when one is missing or cannot be read, else 1 when one is refused.
    """
    from localdev.cli.progress import ProgressLine
    from localdev.cli.terminal import Printer
    from localdev.core.folders import find_folders
    from localdev.models.store import ModelStore
    from localdev.models.vetting.vet import refuse_unacceptable

    refuse_unacceptable(accept or ())
    printer = Printer()
    store = ModelStore(find_folders().models)
    progress = ProgressLine(printer)
    judged = []
    try:
        for text in targets:
            judged.append(_verdict(text, store, accept or (), progress.update))
            progress.close()
            if not as_json:
                _print(printer, *judged[-1])
    finally:
        progress.close()
    _end(printer, judged, as_json=as_json)


def _verdict(text: str, store: ModelStore, accept: Sequence[str], progress: ProgressSink) -> Judged:
    """Vet what a word means; the error where it means nothing that can be read."""
    from localdev.core.errors import ModelError, NotFound

    target = Target(text, Path(text))
    try:
        target = _target(text, store)
        vetted = _judged(target, accept, progress)
        if target.passport is not None and any(each.rule == "digest" for each in vetted.findings):
            with contextlib.suppress(ModelError):  # it remembers what it finds, for `models list` and `info`
                store.checked_file(target.passport)
        return target, vetted
    except (NotFound, ModelError) as error:
        return target, error


def _end(printer: Printer, judged: Sequence[Judged], *, as_json: bool) -> None:
    """Print the JSON, or what was missing as errors are printed, and end with the exit code that fits."""
    from localdev.cli.failures import show
    from localdev.core.errors import LocaldevError

    if as_json:
        print_json(printer, {"models": [_payload(target, verdict) for target, verdict in judged]})
    missing = [verdict for _, verdict in judged if isinstance(verdict, LocaldevError)]
    for error in missing:
        show(error)
    if missing:
        raise typer.Exit(missing[0].exit_code)
    if any(verdict.against() for _, verdict in judged if not isinstance(verdict, LocaldevError)):
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
    by_name = text == passport.name or passport.digest.startswith(text.lower().removeprefix("sha256:"))
    return Target(passport.name if by_name else text, passport.file, passport)


def _judged(target: Target, accept: Sequence[str], progress: ProgressSink) -> Vetted:
    """Vet a target in the way that it would be opened."""
    from localdev.models.vetting.embedders import MARK, vet_embedder
    from localdev.models.vetting.vet import vet

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


def _print(printer: Printer, target: Target, vetted: Vetted | LocaldevError) -> None:
    """Print what was found as a short table, gravest findings first, and the verdict."""
    from localdev.core.errors import LocaldevError
    from localdev.core.neutral import one_line

    printer.line(printer.styled(target.name, "bold"))
    if isinstance(vetted, LocaldevError):
        printer.line("  " + printer.styled("not vetted", "bad"))
        return
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
        stored = "it" if target.name == target.passport.name else f"{target.passport.name}, which it is stored as,"
        yield "digest", f"sha256 {target.passport.digest[:12]}, as {stored} was added on {target.passport.added[:10]}"


def _payload(target: Target, vetted: Vetted | LocaldevError) -> dict[str, Any]:
    """Give what `--json` prints of one target; of one that could not be vetted the error."""
    from localdev.core.errors import LocaldevError

    if isinstance(vetted, LocaldevError):
        return {"target": target.name, "path": str(target.path), "error": str(vetted), "hint": vetted.hint}
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
        "error": "",
        "hint": vetted.hint or vetted.overruling(),
    }
