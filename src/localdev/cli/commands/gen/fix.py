"""`localdev gen fix`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.commands.gen.group import Apply, Instruction, app, from_root, propose
from localdev.cli.options import Adapter, Directory, Json, Model, NoService
from localdev.cli.workplace import has_model, open_workplace

if TYPE_CHECKING:
    from localdev.app.command_running import Ran
    from localdev.cli.workplace import Workplace

_WAYS = (
    "`localdev gen fix --finding RULE@PATH:LINE`, `localdev gen fix -- COMMAND`, or `COMMAND 2>&1 | localdev gen fix`"
)


@app.command("fix")
def fix(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND...]", help="Run this, and mend what makes it fail.", show_default=False),
    ] = None,
    finding: Annotated[
        str,
        typer.Option(
            "--finding", metavar="FINDING", help="RULE@PATH:LINE, or N for the n-th of `review --json` on stdin."
        ),
    ] = "",
    instruction: Instruction = "",
    apply: Apply = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Run COMMAND again with the change, and take that back whatever it says.")
    ] = False,
    model: Model = None,
    adapter: Adapter = None,
    no_service: NoService = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Mend what a review found, or what makes a command fail.

    Only the symbols around the places that they name may change.
    Without --finding and COMMAND, stdin holds `review --json` (its first finding counts) or a command's output. With
    COMMAND and --apply the change is written, COMMAND is run again, and all is taken back when it still fails. This
    needs a model. Exit code 1: refused by the checks.
    """
    from localdev.core.errors import UsageError

    place = open_workplace(context, directory, {"model": ("--model", model), "gen.adapter": ("--adapter", adapter)})
    if verify and not command:
        raise UsageError("--verify runs a command again, and none is named", _WAYS)
    if command and finding:
        raise UsageError("a finding and a command are two problems", _WAYS)
    if command:
        options = _failing(place, command)
        if options is None:
            return
    else:
        options = _piped(place, finding)
    again = _Again(place, command, keep=apply) if command and (apply or verify) else None
    options |= {"instruction": instruction, "apply": apply or verify}
    propose(place, "fix", options, as_json=as_json, no_service=no_service, then=again)


def _failing(place: Workplace, command: list[str]) -> dict[str, Any] | None:
    """Run the command and give its output; None when it does not fail."""
    folder = place.start.resolve()
    root = place.root.resolve()
    within = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else "."
    words = shlex.join(command)
    options = {"command": words, "target": words, "folder": "" if within == "." else within, "output": ""}
    if not has_model(place, "gen"):  # the job says so; nothing is run in vain
        return options
    ran = _run(place, command, folder)
    if ran.succeeded:
        place.printer.aside(f"{words} does not fail: there is nothing to fix")
        return None
    return {**options, "output": ran.output}


def _run(place: Workplace, command: list[str], folder: Path) -> Ran:
    """Run the command and say how it ended."""
    from localdev.app.command_running import run_command
    from localdev.core.neutral import one_line

    place.printer.aside(one_line(f"running {shlex.join(command)}"))
    ran = run_command(command, folder, place.settings.gen.test_seconds)
    place.printer.aside("it was ended, as its time was up" if ran.status is None else f"it ended with {ran.status}")
    return ran


def _piped(place: Workplace, finding: str) -> dict[str, Any]:
    """Give what the option or stdin names.

    Raises:
        UsageError: there is neither, or no such finding.
    """
    from localdev.cli.stdin import piped_text
    from localdev.core.errors import UsageError

    if finding and not finding.isdecimal():
        rule, mark, where = finding.partition("@")
        path, colon, line = where.rpartition(":")
        if mark and colon and path:
            finding = f"{rule}@{from_root(place, path)}:{line}"
        return {"finding": finding, "target": finding}
    text, _ = piped_text(patience=None)
    if not text.strip():
        raise UsageError("nothing is named that could be mended", _WAYS)
    review = _review(text)
    if review is None:
        if finding:
            raise UsageError(
                "stdin holds no review", f"`localdev review --json | localdev gen fix --finding {finding}`"
            )
        return {"output": text, "target": "output"}
    number = int(finding or 1)
    if not 1 <= number <= len(review):
        raise UsageError(
            f"there is no finding {number}: the review has {len(review)}", "name one of them by its number"
        )
    return {"finding": review[number - 1], "target": f"finding {number}"}


def _review(text: str) -> list[dict[str, Any]] | None:
    """Read the findings of `review --json`; None where a text is something else."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = read.get("findings") if isinstance(read, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else None


class _Again:
    """Runs the command once more when the change is written, and takes that back unless it is to be kept and helps."""

    def __init__(self, place: Workplace, command: list[str], *, keep: bool) -> None:
        self._place = place
        self._command = command
        self._keep = keep

    def __call__(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Give what is printed, with a check for the command."""
        if not payload["applied"]:
            return payload
        place = self._place
        helped = False
        try:
            ran = _run(place, self._command, place.start.resolve())
            helped = ran.succeeded
        finally:  # also when it is interrupted
            if not (self._keep and helped):
                self._take_back()
        last = ran.output.strip().splitlines()[-1:] or ["it printed nothing"]
        detail = f"{shlex.join(self._command)} {'succeeds now' if helped else f'still fails: {last[0]}'}"
        payload["checks"].append({"name": "command", "ok": helped, "detail": detail})
        payload["applied"] = self._keep and helped
        if not helped:
            payload |= {"patch": "", "files": []}
        return payload

    def _take_back(self) -> None:
        """Put the files back.

        Raises:
            Moved: the command itself has changed one of them.
        """
        from localdev.app.applying import Moved, undo_last

        try:
            undo_last(self._place.root, self._place.folders)
        except Moved as problem:
            raise Moved(
                f"{shlex.join(self._command)} changes files itself, so the proposal is still in them: {problem}",
                "look at `git diff`, and put back by hand what should go",
            ) from problem
