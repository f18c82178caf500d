"""`localdev models catalogue`."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from localdev.cli.commands.models.group import app, print_json
from localdev.cli.options import Json

if TYPE_CHECKING:
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

    Tokens a second are a rule of thumb for a laptop's memory, not measured; `localdev models bench` measures what is
    here. Nothing is fetched.
    """
    from localdev.cli.program import as_typed
    from localdev.cli.terminal import Printer
    from localdev.core.errors import UsageError
    from localdev.core.machine import memory_bytes
    from localdev.models.catalogue import JOBS, load_catalogue
    from localdev.models.catalogue_fit import fits, ranked

    if memory is not None and not math.isfinite(memory):
        raise UsageError(f"--memory {memory} is no number of gigabytes", "such as --memory 16")
    if job and job not in JOBS:
        raise UsageError(f"there is no job {job!r}", f"jobs: {', '.join(JOBS)}")
    printer, found = Printer(), load_catalogue()
    room = memory_bytes() if memory is None else round(memory * 1e9)
    choices = fits(found.models, 0 if every else room, job) if job else ranked(found.models, 0 if every else room)
    if as_json:
        listed = [{**asdict(each.model), "pull": each.model.pull(), **_estimates(each)} for each in choices]
        print_json(printer, {"read": found.read, "memory_bytes": room, "models": listed})
    else:
        for each in choices:
            printer.wrapped(_line(each))
        if choices:
            printer.aside(as_typed(f"as of {found.read}; `localdev models pull` takes what stands at a line's end"))
        else:
            printer.aside(f"nothing of the catalogue does this within {room / 1e9:.1f} GB (--all lists what is larger)")
    if not choices:
        raise typer.Exit(1)


def _estimates(choice: Choice) -> dict[str, float]:
    """Give what was estimated of a model."""
    return {"memory_bytes": choice.memory_bytes, "tokens_s_estimate": round(choice.tokens_s, 1)}


def _line(choice: Choice) -> str:
    """Say the most important of a model on one line."""
    model = choice.model
    use = {"yes": "", "no": ", not for commercial use", "conditions": ", with conditions"}[model.commercial]
    parts = [
        f"{model.title} ({model.licence}{use})",
        f"some {choice.memory_bytes / 1e9:.1f} GB of memory",
        f"some {choice.tokens_s:.0f} tokens/s" if model.jobs != ("search",) else "vectors for search",
        ", ".join(model.jobs) if model.jobs != ("search",) else "",
        model.note,
        model.pull(),
    ]
    return "; ".join(part for part in parts if part)
