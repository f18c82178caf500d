"""`localdev commit`."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.options import Directory, Json, Model, NoService, Yes, new_app
from localdev.cli.workplace import has_model, open_workplace, use_service

if TYPE_CHECKING:
    from localdev.cli.workplace import Workplace

app = new_app()
_DAY = 86_400.0
_WORD = re.compile(r"[A-Za-z][\w-]{0,19}\Z")
_SCOPE = re.compile(r"[^\s()\x00-\x1f][^()\x00-\x1f]{0,39}\Z")


@app.command()
def commit(
    context: typer.Context,
    print_only: Annotated[bool, typer.Option("--print", help="Print the message and commit nothing.")] = False,
    edit: Annotated[bool, typer.Option("--edit", "-e", help="Open the message in git's editor first.")] = False,
    yes: Yes = False,
    kind: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="feat, fix, docs, ...")] = None,
    scope: Annotated[str | None, typer.Option("--scope", metavar="SCOPE", help="What stands behind the type.")] = None,
    deadline: Annotated[
        float, typer.Option("--deadline", metavar="S", min=0, help="Seconds a model may take; 0 for no limit.")
    ] = 0,
    model: Model = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="Word it from the change's structure alone.")] = False,
    no_service: NoService = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Word the message of the staged change, then commit it on your yes.

    The commit is made by your own git, with its hooks, signing and editor.
    """
    from localdev.app.git_commit import index_file
    from localdev.cli.events import running
    from localdev.core.errors import UsageError
    from localdev.core.events import Result

    if model is not None and no_model:
        raise UsageError("--model and --no-model exclude each other", "leave one of them out")
    if print_only and (edit or yes):
        raise UsageError("--print commits nothing, --edit and --yes do", "leave one of them out")
    _check(kind, scope)
    place = open_workplace(context, directory, {"model": ("--model", model)})
    if not no_model and not has_model(place, "commit"):
        no_model = print_only or as_json or not _hint_is_due(place)
    options = {
        "index_file": index_file(place.root),
        "no_model": no_model,
        "deadline": deadline,
        "type": kind or "",
        "scope": scope or "",
    }
    service = use_service(place, "commit", never=no_service, model=not no_model)
    payload: dict[str, Any] = {}
    with running(place, "commit", options, service=service) as events:
        for event in events:
            if isinstance(event, Result):
                payload = dict(event.payload)
    wanted = not print_only and (yes or edit or not as_json)
    if payload["stopped"]:
        _say_why_not(place, payload, as_json=as_json)
        raise typer.Exit(1)
    if not wanted:
        _show(place, payload, as_json=as_json)
        return
    _commit(place, payload, edit=edit, yes=yes, as_json=as_json)


def _check(kind: str | None, scope: str | None) -> None:
    """Refuse a type or scope that would break the subject.

    Raises:
        UsageError: it is none.
    """
    from localdev.core.errors import UsageError

    if kind is not None and not _WORD.match(kind):
        raise UsageError(f"{kind!r} is no type of change", "use one word, such as feat, fix, docs or refactor")
    if scope is not None and not _SCOPE.match(scope):
        raise UsageError(f"{scope!r} is no scope", "use a short name without brackets")


def _hint_is_due(place: Workplace) -> bool:
    """Say whether the hint about models may stand above a message: on a terminal, and at most once a day."""
    from localdev.core.errors import StorageError
    from localdev.core.folders import ensure

    if sys.stderr is None or not sys.stderr.isatty():
        return False
    mark = place.folders.state / "commit-hint"
    with contextlib.suppress(OSError):
        if 0 <= time.time() - mark.stat().st_mtime < _DAY:
            return False
    with contextlib.suppress(OSError, StorageError):
        ensure(place.folders.state)
        mark.touch()
    return True


def _show(place: Workplace, payload: dict[str, Any], *, as_json: bool) -> None:
    """Print the message."""
    from localdev.core.neutral import neutral

    if as_json:
        place.printer.json({**payload, "committed": ""})
        return
    subject, _, rest = str(payload["message"]).partition("\n")
    place.printer.line(place.printer.styled(subject, "bold"))
    for row in rest.split("\n") if rest else ():
        place.printer.line(neutral(row))


def _commit(place: Workplace, payload: dict[str, Any], *, edit: bool, yes: bool, as_json: bool) -> None:
    """Show the message, ask where nobody has said yes, and let git commit."""
    from localdev.app.git_commit import commit_with, message_file, new_commit, nothing_staged
    from localdev.core.events import Notice

    out = place.printer
    if not as_json:
        _show(place, payload, as_json=False)
    if not (yes or edit):
        answer = _asked(place)
        if answer not in ("y", "yes", "e", "edit"):
            out.aside("nothing was committed")
            raise typer.Exit(1)
        edit = answer.startswith("e")
    message_file(place.root)
    code = commit_with(place.root, str(payload["message"]), edit=edit, quiet=as_json)
    if code == 0:
        if as_json:
            out.json({**payload, "committed": new_commit(place.root)})
        return
    if as_json:
        out.json({**payload, "committed": ""})
    if not payload["doing"] and nothing_staged(place.root):
        out.notice(Notice("warning", "git did not commit: nothing is staged any more"))
        out.notice(Notice("hint", "`git log -1` shows whether another commit has taken it"))
        raise typer.Exit(1)
    kept = message_file(place.root)
    out.notice(Notice("warning", f"git did not commit (exit code {code}); the message is in {kept}"))
    out.notice(Notice("hint", f"when what it says is mended: git commit -F {kept}"))
    raise typer.Exit(1)


def _asked(place: Workplace) -> str:
    """Ask for a yes; without a terminal say that nothing was committed.

    Raises:
        Exit: there is nobody to ask.
    """
    from localdev.core.events import Notice

    if sys.stdin is None or not sys.stdin.isatty():
        place.printer.notice(Notice("warning", "nothing was committed: there is no terminal to ask on"))
        place.printer.notice(Notice("hint", "`localdev commit --yes` commits without asking, --print only prints"))
        raise typer.Exit(1)
    sys.stdout.flush()
    sys.stderr.write("Commit with this message? [y]es, [e]dit, [N]o ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower()


def _say_why_not(place: Workplace, payload: dict[str, Any], *, as_json: bool) -> None:
    """Say what keeps the commit from being made, and what to do."""
    from localdev.app.git_commit import why_not
    from localdev.core.events import Notice

    out = place.printer
    if as_json:
        out.json({**payload, "committed": ""})
    what, hint = why_not(payload)
    out.notice(Notice("warning", what))
    for each in payload["secrets"]:
        out.notice(Notice("warning", f"{each['path']}:{each['line']}: {each['message']}"))
    out.notice(Notice("hint", hint))
