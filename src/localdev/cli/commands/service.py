"""`localdev service`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.options import Directory, Json, new_group
from localdev.cli.workplace import open_workplace
from localdev.core.sizes import sized

if TYPE_CHECKING:
    from localdev.cli.terminal import Printer

app = new_group("Look after the background process that keeps models and indexes warm.")
_LINES = 50


@app.command(short_help="Say whether it runs, and what it keeps.")
def status(as_json: Json = False) -> None:
    """Say whether the service runs, and what it keeps; exit code 1 when it does not run."""
    from localdev.cli.terminal import Printer
    from localdev.core.folders import find_folders
    from localdev.render.payloads import SCHEMA_VERSION
    from localdev.service.client import status as ask

    facts = ask(find_folders())
    out = Printer()
    if as_json:
        out.json({"schema_version": SCHEMA_VERSION, "running": facts is not None, "jobs_running": [], **(facts or {})})
    elif facts is None:
        out.line("not running")
    elif not facts["same_version"]:
        out.line(f"another version runs (pid {facts['pid']}); the next search or question ends it")
    else:
        _show(out, facts)
    if facts is None:
        raise typer.Exit(1)


@app.command(short_help="Start it, and load what questions need.")
def start(context: typer.Context, directory: Directory = None) -> None:
    """Start the service unless it runs. Commands that use a model start it by themselves."""
    from localdev.core.errors import UsageError
    from localdev.service.client import status as ask

    place = open_workplace(context, directory)
    if not place.settings.service.enabled:
        raise UsageError("service.enabled is false", "`localdev config set service.enabled true` switches it on")
    place.warm_service()
    facts = ask(place.folders)
    place.printer.line(f"running, pid {facts['pid']}" if facts else "it has just ended")


@app.command(short_help="End it; running answers end with an error.")
def stop() -> None:
    """End the service; answers under way end with an error. The next command that needs it starts it again."""
    from localdev.cli.terminal import Printer
    from localdev.core.folders import find_folders
    from localdev.service.client import stop as end

    pid = end(find_folders())
    Printer().line(f"stopped, pid {pid}" if pid else "not running")


@app.command(short_help="Print the end of its log.")
def logs(
    lines: Annotated[int, typer.Option("-n", metavar="N", min=1, help=f"How many lines; {_LINES} unless given.")] = 50,
    as_json: Json = False,
) -> None:
    """Print the end of the service's log: what it did and what went wrong, nothing that was asked or answered."""
    from localdev.cli.terminal import Printer
    from localdev.core.folders import find_folders
    from localdev.core.neutral import neutral
    from localdev.render.payloads import SCHEMA_VERSION
    from localdev.service.log import log_file

    file = log_file(find_folders())
    there = file.exists()
    text = file.read_text(encoding="utf-8", errors="replace") if there else ""
    last = text.splitlines()[-lines:]
    out = Printer()
    if as_json:
        out.json({"schema_version": SCHEMA_VERSION, "file": str(file), "lines": last})
        return
    for line in last:
        out.line(neutral(line))
    if not last:
        out.aside(f"{file} is empty" if there else f"there is no {file} yet")


def _show(out: Printer, facts: dict[str, Any]) -> None:
    """Print what the service says of itself, for people."""
    from localdev.core.sizes import counted

    minutes = facts["idle_minutes"]
    out.line(f"running since {facts['since']}, pid {facts['pid']}, {_memory(facts['memory_bytes'])}")
    busy = ", ".join(f"{each['job']} for {each['seconds']:.0f} s" for each in facts["jobs_running"])
    out.line(busy or f"idle for {facts['idle_seconds']:.0f} s, ends after {minutes:g} min")
    for model in facts["models"]:
        kept = f"window {model['context_tokens']}, state {model['kv_type']}"
        words = [model["name"], _memory(model["memory_bytes"]), model["placement"], kept]
        if model["waiting"]:
            words.append(f"{counted(model['waiting'], 'question')} waiting")
        out.line(out.styled("model " + ", ".join(filter(None, words)), "plain"))
    for root in facts["repositories"]:
        out.line(out.styled(f"repository {root}", "plain"))
    jobs = ", ".join(f"{number} {end}" for end, number in facts["jobs"].items() if number)
    out.line(f"jobs: {jobs or 'none yet'}")
    if read := facts["prompt_tokens"]:
        kept = facts["cached_tokens"]
        out.line(f"tokens of prompts: {read}, of which {kept} were kept ({100 * kept / read:.0f} %)")


def _memory(count: int) -> str:
    """Write a number of bytes for people."""
    return sized(count) if count else "memory unknown"
