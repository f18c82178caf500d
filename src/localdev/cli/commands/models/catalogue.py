"""`localdev models catalogue`."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from localdev.cli.commands.models.group import app, print_json
from localdev.cli.options import Json
from localdev.core.sizes import sized

if TYPE_CHECKING:
    from localdev.cli.terminal import Printer
    from localdev.models.catalogue_fit import Choice


@app.command(short_help="Good open models for code, and which fit here.")
def catalogue(
    job: Annotated[
        str, typer.Option("--job", metavar="JOB", help="ask, chat, review, commit, gen, complete or search.")
    ] = "",
    memory: Annotated[
        float | None, typer.Option("--memory", metavar="GB", min=0.1, help="Memory to fit into; else this machine's.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Those too large for it as well.")] = False,
    as_json: Json = False,
) -> None:
    """List good open models for code with what they need, those first that suit this machine.

    A model may take 70 % of the memory, as the system and other programs want the rest; --all lists the others too.
    Tokens a second are a rule of thumb for a laptop's memory, not measured; `localdev models bench` measures what is
    here. Nothing is fetched.
    """
    from localdev.cli.terminal import Printer
    from localdev.core.errors import UsageError
    from localdev.core.machine import memory_bytes
    from localdev.models.catalogue import JOBS, load_catalogue
    from localdev.models.catalogue_fit import SHARE, fits, ranked

    if memory is not None and not math.isfinite(memory):
        raise UsageError(f"--memory {memory} is no number of gigabytes", "such as --memory 16")
    if job and job not in JOBS:
        raise UsageError(f"there is no job {job!r}", f"jobs: {', '.join(JOBS)}")
    printer, found = Printer(), load_catalogue()
    room = memory_bytes() if memory is None else round(memory * 1e9)
    choices = fits(found.models, 0 if every else room, job) if job else ranked(found.models, 0 if every else room)
    if as_json:
        listed = [{**asdict(each.model), "pull": each.model.pull(), **_estimates(each)} for each in choices]
        print_json(printer, {"read": found.read, "memory_bytes": room, "share": SHARE, "models": listed})
    else:
        for number, each in enumerate(choices):
            _print(printer, each, first=not number)
        _print_end(printer, found.read, 0 if every else room, some=bool(choices))
    if not choices:
        raise typer.Exit(1)


def _estimates(choice: Choice) -> dict[str, float]:
    """Give what was estimated of a model."""
    return {"memory_bytes": choice.memory_bytes, "tokens_s_estimate": round(choice.tokens_s, 1)}


def _print(printer: Printer, choice: Choice, *, first: bool) -> None:
    """Print an entry: what it is, what it takes and does, a note, and what `models pull` takes, never broken."""
    model = choice.model
    use = {"yes": "", "no": ", not for commercial use", "conditions": ", with conditions"}[model.commercial]
    embeds = model.jobs == ("search",)
    does = "vectors for search" if embeds else f"some {choice.tokens_s:.0f} tokens/s; {', '.join(model.jobs)}"
    if not first:
        printer.line("")
    printer.wrapped(f"{printer.styled(model.title, 'bold')} ({model.licence}{use})")
    printer.wrapped(f"  some {sized(choice.memory_bytes)} of memory, {does}")
    if model.note:
        printer.wrapped(f"  {model.note}")
    printer.line(f"  {model.pull()}")


def _print_end(printer: Printer, read: str, room: int, *, some: bool) -> None:
    """Say what was left out, as of when this is, and how a model is had."""
    from localdev.cli.program import as_typed
    from localdev.models.catalogue_fit import SHARE

    within = f"{sized(SHARE * room)}, {SHARE:.0%} of {sized(room)} of memory"
    if not some:
        printer.aside(f"nothing of the catalogue does this within {within} (--all lists what is larger)")
        return
    if room:
        printer.aside(f"listed is what takes up to {within}; --all lists what is larger")
    printer.aside(as_typed(f"as of {read}; `localdev models pull` takes the last line of an entry"))
