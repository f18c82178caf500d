"""`localdev hooks`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.options import Directory, Json, new_group, start_folder

if TYPE_CHECKING:
    from localdev.app.hook_files import Hook, HookFolder
    from localdev.app.hook_script import Wanted
    from localdev.cli.hook_run import HookRun
    from localdev.cli.workplace import Workplace

app = new_group("Review, draft and check at every commit, from git's own hooks.")

Names = Annotated[
    list[str] | None,
    typer.Option("--hook", metavar="NAME", help="pre-commit, prepare-commit-msg or commit-msg; all unless named."),
]


@app.command("install")
def install_hooks(
    context: typer.Context,
    names: Names = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop a commit also when localdev itself fails.")] = False,
    deadline: Annotated[
        float | None, typer.Option("--deadline", metavar="S", help="Seconds after which a commit goes on; 10.")
    ] = None,
    shared: Annotated[
        bool, typer.Option("--shared", help="Also into a folder of hooks that all your repositories use.")
    ] = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Put the hooks where git looks for them. Those that are there are kept, and run first."""
    from localdev.app.hook_files import install
    from localdev.cli.workplace import open_workplace

    flags: dict[str, Any] = {
        "hooks.deadline": ("--deadline", deadline),
        "hooks.strict": ("--strict", True if strict else None),
    }
    place = open_workplace(context, directory, flags)
    folder = _folder(place)
    _refuse(folder, shared=shared)
    done = list(install(folder, names or (), _wanted(place)))
    _report(place, folder, done, as_json=as_json)
    if any(hook.deed == "kept" for hook in done):
        raise typer.Exit(1)


@app.command("uninstall")
def uninstall_hooks(
    context: typer.Context, names: Names = None, as_json: Json = False, directory: Directory = None
) -> None:
    """Take the hooks out, and put back those that were there before."""
    from localdev.app.hook_files import uninstall
    from localdev.cli.workplace import open_workplace

    place = open_workplace(context, directory, tolerant=True)
    folder = _folder(place)
    _report(place, folder, list(uninstall(folder, names or (), _wanted(place))), as_json=as_json)


@app.command("status")
def show_status(
    context: typer.Context, names: Names = None, as_json: Json = False, directory: Directory = None
) -> None:
    """Say which hooks are there, and where git looks for them. Exit code 1 says that none of them is localdev's."""
    from localdev.app.hook_files import checked, state_of
    from localdev.cli.workplace import open_workplace

    place = open_workplace(context, directory, tolerant=True)
    folder = _folder(place)
    found = [state_of(folder, name, _wanted(place), any_options=True) for name in checked(names or ())]
    _report(place, folder, found, as_json=as_json)
    if not any(hook.state in ("installed", "outdated", "edited") for hook in found):
        raise typer.Exit(1)


@app.command("run")
def run_one(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="pre-commit, prepare-commit-msg or commit-msg.")],
    file: Annotated[str | None, typer.Argument(help="The file with the message.")] = None,
    source: Annotated[str | None, typer.Argument(help="Where the message comes from, as git says.")] = None,
    deadline: Annotated[float | None, typer.Option("--deadline", metavar="S", help="Seconds it may take.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop the commit also when localdev itself fails.")] = False,
    directory: Directory = None,
) -> None:
    """Do what a hook does: what the installed ones call, and what to write into a hook of your own."""
    from localdev.app.hook_files import checked
    from localdev.cli.hook_run import HookRun
    from localdev.config.settings import HooksSettings
    from localdev.core.errors import UsageError
    from localdev.source.walk import find_root

    checked([name])
    if name != "pre-commit" and not file:
        raise UsageError(f"{name} needs the file with the message", f'for example: `localdev hooks run {name} "$1"`')
    root = find_root(start_folder(context, directory))
    known = source or os.environ.get("PRE_COMMIT_COMMIT_MSG_SOURCE", "")
    # Until the settings are read the longer of what is known counts.
    seconds = deadline if deadline is not None else HooksSettings().deadline
    run = HookRun(name, root, seconds, strict, file or "", known)
    code = _guarded(context, directory, run, given=deadline is not None)
    if code:
        raise typer.Exit(code)


def _guarded(context: typer.Context, directory: Directory, run: HookRun, *, given: bool) -> int:
    """Run a hook under a watchdog; whatever goes wrong in localdev is told and stops no commit, unless strict."""
    from localdev.cli.hook_run import run_hook
    from localdev.cli.watchdog import Watchdog
    from localdev.cli.workplace import open_workplace
    from localdev.core.errors import LocaldevError

    dog = Watchdog(max(0.1, run.deadline - run.spent), run.last_words, lambda: run.failed)
    try:
        if run.nothing_to_do():
            return 0
        place = open_workplace(context, directory)
        run.strict = run.strict or place.settings.hooks.strict
        if not given:
            run.deadline = place.settings.hooks.deadline
        dog.stop()
        dog = Watchdog(max(0.1, run.deadline - run.spent), run.last_words, lambda: run.failed)
        return run_hook(place, run)
    except LocaldevError as error:
        return _failed(run, str(error), error.hint)
    except Exception as error:  # noqa: BLE001 - a bug of ours is no reason to keep anybody from committing
        return _failed(run, f"{type(error).__name__}: {error}", "")
    finally:
        dog.stop()


def _failed(run: HookRun, what: str, hint: str) -> int:
    """Say that localdev itself failed, and what that means for the commit."""
    from localdev.cli.terminal import Printer
    from localdev.core.events import Notice

    out = Printer()
    for found in run.found:
        out.notice(Notice("warning", found))
    out.notice(Notice("warning", f"{what} - {run.undone()}; {run.outcome()}"))
    if hint:
        out.notice(Notice("hint", hint))
    return run.failed


def _folder(place: Workplace) -> HookFolder:
    """Find the folder of hooks."""
    from localdev.app.hook_files import hook_folder

    return hook_folder(place.root)


def _wanted(place: Workplace) -> Wanted:
    """Give how the settings want the hooks."""
    from localdev.app.hook_files import own_program
    from localdev.app.hook_script import Wanted

    chosen = place.settings.hooks
    return Wanted(own_program(), chosen.deadline, chosen.strict, chosen.subject)


def _refuse(folder: HookFolder, *, shared: bool) -> None:
    """Refuse folders in which a hook would do more, or last shorter, than was asked for.

    Raises:
        UsageError: they are those of all repositories, of husky, or none at all.
    """
    from localdev.core.errors import UsageError

    if folder.off:
        raise UsageError(
            f"core.hooksPath is {folder.setting or 'empty'}: git runs no hooks here",
            "git config --local core.hooksPath .git/hooks turns them on for this repository",
        )
    if folder.husky:
        raise UsageError(
            f"husky writes {folder.path} anew whenever it is set up",
            "write `localdev hooks run pre-commit` into .husky/pre-commit, and "
            '`localdev hooks run prepare-commit-msg "$1" "$2"` and `localdev hooks run commit-msg "$1"` likewise',
        )
    if folder.shared and not shared:
        raise UsageError(
            f"core.hooksPath is {folder.setting} for all your repositories: hooks there run in each of them",
            "--shared installs them there all the same; git config --local core.hooksPath .git/hooks gives this "
            "repository its own",
        )


def _report(place: Workplace, folder: HookFolder, hooks: list[Hook], *, as_json: bool) -> None:
    """Print what is there and what was done."""
    from localdev.core.events import Notice
    from localdev.render.payloads import SCHEMA_VERSION

    if as_json:
        rows = [
            {
                "name": hook.name,
                "path": str(hook.path),
                "state": hook.state,
                "before": hook.before,
                "done": hook.deed,
                "note": hook.note,
                "deadline": hook.deadline,
                "strict": hook.strict,
            }
            for hook in hooks
        ]
        facts = {"folder": str(folder.path), "hooks_path": folder.setting, "shared": folder.shared}
        place.printer.json({"schema_version": SCHEMA_VERSION, **facts, "tracked": folder.tracked, "hooks": rows})
        return
    place.printer.line(place.printer.styled(str(folder.path), "path"))
    for hook in hooks:
        place.printer.line(f"  {hook.name:<19} {_said(hook)}")
    if folder.tracked and any(hook.deed == "installed" for hook in hooks):
        text = f"core.hooksPath is {folder.setting}: the hooks lie among the repository's files, and git lists them"
        place.printer.notice(Notice("hint", text))


def _said(hook: Hook) -> str:
    """Say of one hook what it is and what was done with it."""
    words = {
        "installed": "installed",
        "outdated": "installed by another localdev or with other settings (`localdev hooks install` renews it)",
        "edited": "installed, then edited",
        "other": "not localdev's",
        "none": "none",
    }
    text = words[hook.state] if hook.deed in ("nothing", "installed", "kept") else f"{hook.deed}"
    facts = [f"deadline {hook.deadline:g} s"] if hook.deadline else []
    facts += ["strict"] if hook.strict else []
    facts += ["the hook that was there runs first"] if hook.before and hook.state != "other" and not hook.note else []
    text += f" ({', '.join(facts)})" if facts else ""
    return text + (f": {hook.note}" if hook.note else "")
