"""`localdev models pull`: the one command that uses a network."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.commands.models.group import app, asked_name, describe, payload, print_json, tell_findings, tell_name
from localdev.cli.confirm import confirmed
from localdev.cli.options import Json, Yes
from localdev.cli.workplace import Workplace, open_workplace
from localdev.core.sizes import sized

if TYPE_CHECKING:
    from localdev.app.pulling import HubPull, Prepared
    from localdev.app.remote import Contact
    from localdev.cli.progress import ProgressLine
    from localdev.models.hub.listing import HubModel, HubRepository, SeveralModels
    from localdev.models.hub.sources import HubSource
    from localdev.models.passport import Passport
    from localdev.models.store import Adding

_MOST_SHOWN = 60


@app.command(short_help="Fetch a model from a hub, or have Ollama fetch one.")
def pull(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="hf:OWNER/REPO, hf:OWNER/REPO:Q4_K_M, hf:OWNER/REPO/FILE.gguf or ollama:NAME."
        ),
    ],
    file: Annotated[str, typer.Option("--file", metavar="NAME", help="Which file of the repository.")] = "",
    quant: Annotated[str, typer.Option("--quant", metavar="Q4_K_M", help="Which quantisation.")] = "",
    revision: Annotated[str, typer.Option("--revision", metavar="REV", help="A branch, a tag or a commit.")] = "",
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help="What to call it; else made from the file's.", callback=asked_name),
    ] = "",
    accept: Annotated[
        list[str] | None, typer.Option("--accept", metavar="RULE", help="Accept what this rule of vetting finds.")
    ] = None,
    discard: Annotated[
        bool, typer.Option("--discard", help="Remove what came of an unfinished pull, as `models list` names it.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Fetch a model: the one command that uses a network, and only hosts that the setting egress.allow names.

    Size and licence are told before anything large is fetched. What was interrupted goes on where it was; the digest
    is compared with the hub's, the model is vetted and kept as `models add` does. --discard asks nobody.
    """
    from localdev.cli.progress import ProgressLine

    place = open_workplace(context, None)
    progress = ProgressLine(place.printer)
    try:
        if source.lower().startswith("ollama:"):
            _refuse_for_ollama(file or quant or revision or name or accept or discard)
            _pull_by_ollama(place, source, _contact(place, progress), progress, yes=yes, as_json=as_json)
            return
        from localdev.models.hub.sources import narrowed, read_source
        from localdev.models.store import Adding
        from localdev.models.vetting.vet import refuse_unacceptable

        refuse_unacceptable(accept or ())
        wanted = narrowed(read_source(source, place.settings.remote.hub_url), file, quant=quant, revision=revision)
        with closing(_hub(place, wanted, progress)) as hub:
            if discard:
                _discard(place, hub, as_json=as_json)
                return
            adding = Adding(name=name, accept=tuple(accept or ()))
            _pull_from_hub(place, hub, adding, progress, yes=yes, as_json=as_json)
    finally:
        progress.close()


def _refuse_for_ollama(given: object) -> None:
    """Refuse options that an Ollama knows nothing of."""
    from localdev.core.errors import UsageError

    if given:
        raise UsageError(
            "--file, --quant, --revision, --name, --accept and --discard are for hubs", "write ollama:NAME:TAG"
        )


def _hub(place: Workplace, wanted: HubSource, progress: ProgressLine) -> HubPull:
    """Give the pull of a source; nothing is connected to yet."""
    from localdev.app.pulling import HubPull
    from localdev.models.hub.faults import TOKEN

    token = os.environ.get(TOKEN, "")
    return HubPull(wanted, place.settings, place.folders, contact=_contact(place, progress), token=token)


def _discard(place: Workplace, hub: HubPull, *, as_json: bool) -> None:
    """Give up what came of an unfinished pull."""
    from localdev.core.errors import NotFound
    from localdev.core.neutral import one_line

    size = hub.discard()
    if not size:
        raise NotFound(f"nothing of {hub.source} is here", "`localdev models list` names unfinished pulls")
    if as_json:
        print_json(place.printer, {"discarded": str(hub.source), "bytes": size})
        return
    place.printer.line(one_line(f"{hub.source}: {sized(size)} that had come are removed"))


def _contact(place: Workplace, progress: ProgressLine) -> Contact:
    """Give what is told and written down; a notice ends the bar before it."""
    from localdev.app.recording import journal_of
    from localdev.app.remote import Contact

    return Contact(tell=progress.take, journal=journal_of(place.settings, place.folders, progress.take))


def _pull_from_hub(
    place: Workplace, hub: HubPull, adding: Adding, progress: ProgressLine, *, yes: bool, as_json: bool
) -> None:
    """Look, choose, say what would come, fetch."""
    from localdev.models.hub.listing import SeveralModels, choose

    repository = hub.look()
    try:
        model = choose(repository, hub.source)
    except SeveralModels as several:
        _print_choices(place, several, as_json=as_json)
        raise several.refusal() from several
    known = hub.stored(model, adding.name)
    if known is not None:
        _print_pulled(place, known, repository, model, as_json=as_json, received=0)
        return
    with hub.prepared(repository, model, adding.name) as prepared:
        _print_plan(place, hub, repository, model, prepared)
        if not confirmed("Fetch it?", yes=yes):
            place.printer.aside("nothing was fetched")
            raise typer.Exit(1)
        try:
            fetched = prepared.fetch(adding, progress.update)
        except KeyboardInterrupt:
            progress.close()
            place.printer.aside("what came stays for two weeks: the same command goes on where it was")
            raise
    progress.close()
    tell_name(place.printer, adding.name, fetched.passport)
    _print_pulled(place, fetched.passport, repository, model, as_json=as_json, received=fetched.received)


def _print_choices(place: Workplace, several: SeveralModels, *, as_json: bool) -> None:
    """List what can be chosen: path and size; a model needs at least its size in memory."""
    from localdev.core.neutral import one_line

    if as_json:
        models = [{"path": each.path, "size": each.size, "files": len(each.files)} for each in several.models]
        print_json(place.printer, {"repository": several.repository.name, "models": models})
        return
    place.printer.aside(one_line(f"{several.repository.name} holds (it takes at least as much memory to run one):"))
    for each in several.models[:_MOST_SHOWN]:
        parts = f", {len(each.files)} parts" if len(each.files) > 1 else ""
        place.printer.aside(one_line(f"  {sized(each.size):>8}  {each.path}{parts}"))
    if len(several.models) > _MOST_SHOWN:
        place.printer.aside(f"  and {len(several.models) - _MOST_SHOWN} more; --json lists all")


def _print_plan(place: Workplace, hub: HubPull, repository: HubRepository, model: HubModel, prepared: Prepared) -> None:
    """Say what would be fetched: from where, how much of it, and under which licence."""
    from localdev.core.neutral import one_line

    parts = f" in {len(model.files)} parts" if len(model.files) > 1 else ""
    place.printer.aside(one_line(f"{model.path}{parts}, {sized(model.size)}"))
    place.printer.aside(one_line(f"  from {hub.hub}/{repository.name} at {repository.commit}"))
    licence = repository.licence or "none is named: look at the model's page before you use it"
    terms = ", access by its owner's terms" if repository.gated else ""
    place.printer.aside(one_line(f"  licence: {licence}{terms}"))
    if prepared.there:
        left = model.size - prepared.there
        place.printer.aside(f"  {sized(prepared.there)} are here from before, {sized(left)} are to come")


def _print_pulled(
    place: Workplace,
    passport: Passport,
    repository: HubRepository,
    model: HubModel,
    *,
    as_json: bool,
    received: int,
) -> None:
    """Say what is there now."""
    from localdev.core.neutral import one_line

    tell_findings(place.printer, passport)
    if as_json:
        facts = {"commit": repository.commit, "repository": repository.name, "path": model.path, "received": received}
        print_json(place.printer, {**payload(passport), **facts})
        return
    how = "pulled" if received else "is here already"
    place.printer.line(one_line(f"{passport.name}: {how}, {describe(passport)}"))
    place.printer.line(f"sha256 {passport.digest}")


def _pull_by_ollama(
    place: Workplace, source: str, contact: Contact, progress: ProgressLine, *, yes: bool, as_json: bool
) -> None:
    """Have an Ollama get a model, once it was said who connects to whom."""
    from localdev.app.pulling_ollama import pull_by_ollama, read_ollama, refuse_unlisted_registry
    from localdev.core.neutral import one_line

    wanted = read_ollama(source, place.settings)
    refuse_unlisted_registry(wanted, place.settings, contact)
    place.printer.aside(
        one_line(f"Ollama at {wanted.url} would connect to {wanted.registry} for {wanted.name}, and keep it")
    )
    if not confirmed("Have it fetched?", yes=yes):
        place.printer.aside("nothing was fetched")
        raise typer.Exit(1)
    found = pull_by_ollama(wanted, place.settings, contact, progress.update)
    progress.close()
    if as_json:
        facts: dict[str, Any] = asdict(found)
        print_json(place.printer, {"model": f"ollama:{found.name}", "by": wanted.url, **facts})
        return
    size = f", {sized(found.size)}" if found.size else ""
    place.printer.line(one_line(f"ollama:{found.name}: Ollama has it{size}"))
    if found.digest:
        place.printer.line(one_line(f"sha256 {found.digest}"))
