"""`localdev review`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.options import Directory, Json, Model, NoService, new_app
from localdev.cli.workplace import open_workplace, use_service

if TYPE_CHECKING:
    from localdev.cli.workplace import Workplace

app = new_app()
_LARGEST_PATCH = 50_000_000
_FORMATS = "text, short, json, sarif, markdown, github or gitlab"


Paths = Annotated[list[Path] | None, typer.Argument(help="Only these files and folders.", show_default=False)]
Diff = Annotated[
    str | None,
    typer.Option(
        "--diff",
        metavar="A..B",
        help="From commit A to B; A...B: since they parted; A alone: to the files as they are.",
    ),
]
Patch = Annotated[str | None, typer.Option("--patch", metavar="FILE", help="A patch in a file, or on stdin for -.")]
Format = Annotated[str, typer.Option("--format", metavar="FORM", help=f"What to print: {_FORMATS}.", show_default=True)]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on", metavar="LEVEL", help="Exit 1 from this severity on: info, low, medium (default), high, never."
    ),
]
Deadline = Annotated[
    float | None, typer.Option("--deadline", metavar="S", help="Seconds after which the rest is listed, not reviewed.")
]
Baseline = Annotated[
    Path | None, typer.Option("--baseline", metavar="FILE", help="Leave out the findings that FILE knows.")
]
WriteBaseline = Annotated[
    Path | None, typer.Option("--write-baseline", metavar="FILE", help="Write all findings of now into FILE.")
]
Explain = Annotated[
    str | None, typer.Option("--explain", metavar="RULE", help="Explain a rule and end; `list` names them all.")
]


@app.command()
def review(
    context: typer.Context,
    paths: Paths = None,
    staged: Annotated[bool, typer.Option("--staged", help="What the next commit would hold.")] = False,
    diff: Diff = None,
    patch: Patch = None,
    format: Format = "text",
    fail_on: FailOn = None,
    deadline: Deadline = None,
    baseline: Baseline = None,
    write_baseline: WriteBaseline = None,
    explain: Explain = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="Rules alone.")] = False,
    model: Model = None,
    no_service: NoService = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Look for what is wrong in a change: all that is not committed, unless another one is named.

    Rules find what can be known; a model adds to them, and what it says is shown only with a line it quoted rightly.
    Exit code 1 says that something was found, or that the deadline left files that the rules did not look at.
    """
    from localdev.cli.reviewed import checked_form, explained, read_baseline

    form = "json" if as_json else checked_form(format)
    flags: dict[str, Any] = {
        "review.fail_on": ("--fail-on", fail_on),
        "review.deadline": ("--deadline", deadline),
        "model": ("--model", model),
    }
    place = open_workplace(context, directory, flags)
    if explain is not None:
        explained(place.printer, explain, as_json=form == "json")
        return
    options = _change(place, staged=staged, diff=diff, patch=patch, paths=tuple(paths or ()))
    options["no_model"] = no_model
    known = baseline if write_baseline is None else None  # a new one holds what an old one knew
    options["baseline"] = read_baseline(place.start / known) if known is not None else []
    result = _run(place, options, no_service=no_service)
    if not _told(place, result, form, paths=options["paths"], baseline=write_baseline):
        raise typer.Exit(1)


def _told(place: Workplace, result: dict[str, Any], form: str, *, paths: list[str], baseline: Path | None) -> bool:
    """Print a review, or write its findings into a baseline; say whether all is well as `--fail-on` wants it."""
    from localdev.cli.reviewed import cut_short, failed, printed, written_baseline
    from localdev.core.events import Notice
    from localdev.render.review_summary import late_words

    level = place.settings.review.fail_on
    if baseline is not None:
        written_baseline(place.printer, place.start / baseline, result)
    if baseline is None or form != "text":
        printed(place.printer, result, form, paths=paths)
    late = cut_short(result, level)
    if late and (baseline is not None or form not in ("text", "markdown")):
        place.printer.notice(Notice("warning", ", ".join(late_words(result))))
    return not late and (baseline is not None or not failed(result, level))


def _run(place: Workplace, options: dict[str, Any], *, no_service: bool) -> dict[str, Any]:
    """Run the job and give what it found."""
    from localdev.cli.events import running
    from localdev.core.events import Result

    result: dict[str, Any] = {}
    service = use_service(place, "review", never=no_service, model=not options["no_model"])
    with running(place, "review", options, service=service, quiet=True) as events:
        for event in events:
            if isinstance(event, Result):
                result = event.payload
    return result


def _change(
    place: Workplace, *, staged: bool, diff: str | None, patch: str | None, paths: tuple[Path, ...]
) -> dict[str, Any]:
    """Give the job's options that say which change is meant.

    Raises:
        UsageError: two changes are named, or a path outside the repository.
    """
    from localdev.core.errors import UsageError

    named = [flag for flag, given in (("--staged", staged), ("--diff", diff), ("--patch", patch)) if given]
    if len(named) > 1:
        raise UsageError(f"{' and '.join(named)} name different changes", "give one of them")
    relative = [_relative(place, path) for path in paths]
    options: dict[str, Any] = {"kind": "uncommitted", "paths": [] if "." in relative else relative}
    if staged:
        from localdev.source.git import index_of_caller

        options |= {"kind": "staged", "index_file": index_of_caller(place.root)}
    elif diff is not None:
        options |= {"kind": "range", "range": diff}
    elif patch is not None:
        options |= {"kind": "patch", "patch": _patch(place, patch)}
    return options


def _relative(place: Workplace, path: Path) -> str:
    """Give a path as git has it; it need not be there any more.

    Raises:
        UsageError: it lies outside the repository.
    """
    import os

    from localdev.core.errors import UsageError
    from localdev.core.folders import expanded

    full = Path(os.path.normpath((place.start / expanded(path)).absolute()))
    if not full.is_relative_to(place.root):
        raise UsageError(f"{path} is outside {place.root}", "name a path in the repository, or another one with -C")
    return full.relative_to(place.root).as_posix()


def _patch(place: Workplace, name: str) -> str:
    """Read a patch from a file, or from stdin for `-`; its line ends stay as they are.

    Raises:
        NotFound: it cannot be read.
        UsageError: it is too large.
    """
    import sys

    from localdev.core.errors import NotFound, UsageError
    from localdev.core.folders import expanded
    from localdev.source.sides import decode

    try:
        if name == "-" and sys.stdin is None:  # closed: `<&-`
            raise NotFound("there is nothing on stdin", "pipe a patch in: `git diff | localdev review --patch -`")
        if name == "-":
            data = sys.stdin.buffer.read(_LARGEST_PATCH + 1)
        else:
            with (place.start / expanded(Path(name))).open("rb") as file:
                data = file.read(_LARGEST_PATCH + 1)
    except OSError as error:
        raise NotFound(f"cannot read {name}: {error.strerror or error}", "check the path") from error
    if len(data) > _LARGEST_PATCH:
        raise UsageError(f"{name} is larger than {_LARGEST_PATCH // 1_000_000} MB", "review it in parts")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # what PowerShell's `>` writes
        return data.decode("utf-16", "replace")
    return decode(data, line_ends=True)
