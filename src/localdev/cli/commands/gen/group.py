"""The group `localdev gen`, and what its commands share: running the job, printing the patch and its checks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.options import new_group
from localdev.cli.workplace import use_service

if TYPE_CHECKING:
    from localdev.cli.workplace import Workplace

app = new_group("Propose code as a checked patch: `git apply` takes it, or --apply writes it.")

Symbol = Annotated[str, typer.Argument(metavar="PATH::SYMBOL", help="For example src/app.py::Session.get.")]
Instruction = Annotated[
    str, typer.Option("--instruction", "-m", metavar="TEXT", help="What to heed, in words; only a model reads it.")
]
Request = Annotated[str, typer.Argument(metavar="TEXT", help="What is wanted, in words.")]
Apply = Annotated[bool, typer.Option("--apply", help="Write it; `localdev undo` takes it back.")]
NoModel = Annotated[bool, typer.Option("--no-model", help="Make it without a model.")]


def from_root(place: Workplace, written: str) -> str:
    """Give `PATH::SYMBOL` (or a path alone) with the path as it is from the repository's root.

    Raises:
        UsageError: it lies outside.
    """
    import os

    from localdev.core.errors import UsageError
    from localdev.core.folders import expanded

    path, mark, symbol = written.partition("::")
    if not path:
        return written  # the job words what is wrong
    whole = Path(os.path.normpath((place.start / expanded(Path(path))).absolute()))
    for top in (place.root, place.root.resolve()):
        if whole.is_relative_to(top):
            return whole.relative_to(top).as_posix() + mark + symbol
    raise UsageError(f"{path} is outside {place.root}", "name a file of the repository, or another one with -C")


def propose(
    place: Workplace,
    kind: str,
    options: Mapping[str, Any],
    *,
    as_json: bool,
    no_service: bool,
    then: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> None:
    """Run the job, print the patch alone on stdout and the checks on stderr; exit 1 when it was refused.

    `then` is handed the payload, and gives what is printed instead.
    """
    from localdev.cli.events import running
    from localdev.core.events import Result

    service = use_service(place, "gen", never=no_service, model=not options.get("no_model", False))
    payload: dict[str, Any] = {}
    with running(place, "gen", {"kind": kind, **options}, service=service) as events:
        for event in events:
            if isinstance(event, Result):
                payload = event.payload
    payload = then(payload) if then is not None else payload
    if as_json:
        place.printer.json(payload)
    else:
        _print(place, payload)
    if not payload["patch"]:
        raise typer.Exit(1)


def _print(place: Workplace, payload: Mapping[str, Any]) -> None:
    """Print the checks, what was done, and the patch."""
    from localdev.core.neutral import one_line

    for check in payload["checks"]:
        place.printer.aside(one_line(f"{'ok' if check['ok'] else 'FAILED'}  {check['name']}: {check['detail']}"))
    if not payload["patch"]:
        tries = payload["attempts"]
        after = f" after {tries} attempts" if tries > 1 else ""
        place.printer.aside(f"refused{after}: the checks above failed, and nothing was changed")
        return
    if sys.stdout.isatty():
        place.printer.piece(payload["patch"])
    else:  # byte for byte: line ends and bytes that are no UTF-8 are part of the patch
        sys.stdout.flush()
        sys.stdout.buffer.write(payload["patch"].encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
    if payload["applied"]:
        place.printer.aside(f"written to {', '.join(payload['files'])}; `localdev undo` takes it back")
