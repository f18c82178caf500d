"""`localdev wipe`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localdev.cli.options import Directory, Json, Yes, new_app
from localdev.cli.workplace import Workplace, open_workplace

if TYPE_CHECKING:
    from localdev.app.stored import StoredSessions

app = new_app()


@app.command()
def wipe(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="What is stored of all repositories.")] = False,
    yes: Yes = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Remove the stored index, the kept states of prompts, chat sessions and what `undo` could take back.

    All of them hold source code. A running service lets go of its models, which hold prompts. Model files, settings,
    exported sessions and the journal stay.
    """
    from localdev.app.stored import stored_indexes, stored_states, stored_undo, wipe_index, wipe_sessions, wipe_states
    from localdev.cli.confirm import confirmed
    from localdev.core.sizes import counted, sized
    from localdev.render.payloads import SCHEMA_VERSION

    place = open_workplace(context, directory)
    out = place.printer
    _let_go(place)
    root = None if everything else place.root
    indexes, states = stored_indexes(place.folders, root), stored_states(place.folders, root)
    undo, sessions = stored_undo(place.folders, root), _sessions(place, root)
    lines = [(each.path, each.bytes, "") for each in indexes]
    lines += [(each.path, each.bytes, f", {counted(each.files, 'state')} of prompts") for each in states]
    lines += [(each.path, each.bytes, f", {counted(each.files, 'edit')} to undo") for each in undo]
    if sessions is not None:
        what = "cannot be read" if sessions.trouble else counted(sessions.sessions, "chat session")
        lines.append((sessions.path, sessions.bytes, f", {what}"))
    if not lines and not as_json:
        out.line("there is nothing to remove")
        return
    total = sum(held for _, held, _ in lines)
    for path, held, what in lines:
        out.aside(out.styled(f"{sized(held):>10}  {path}{what}", "plain"))
    question = f"all of it ({counted(len(lines), 'place')})" if everything else "what is stored of this repository"
    lost = [*(["what `localdev undo` needs"] if undo else []), *(["the chat sessions"] if sessions else [])]
    again = f"It can be built again{', but for ' if lost else ''}{' and '.join(lost)}."
    if lines and not confirmed(f"Remove {question}, {sized(total)}? {again}", yes=yes):
        out.aside("nothing was removed")
        raise typer.Exit(1)
    if sessions is not None:  # first: one that a chat has open stops all
        wipe_sessions(sessions, root)
    for index in indexes:
        wipe_index(index)
    for kept in (*states, *undo):
        wipe_states(kept)
    if as_json:
        removed = [{"path": str(path), "bytes": held} for path, held, _ in lines]
        out.json({"schema_version": SCHEMA_VERSION, "removed": removed, "bytes": total})
        return
    for path, held, what in lines:
        out.line(out.styled(f"removed {path} ({sized(held)}{what})", "plain"))


def _sessions(place: Workplace, root: Path | None) -> StoredSessions | None:
    """Look at the chat sessions; those of one repository cannot be removed from a file that cannot be read."""
    from localdev.app.stored import stored_sessions
    from localdev.core.events import Notice

    found = stored_sessions(place.folders, root)
    if found is None or found.trouble is None or root is None:
        return found
    told = f"{found.trouble}: they stay (`localdev wipe --all` removes the file)"
    place.printer.notice(Notice("warning", told))
    return None


def _let_go(place: Workplace) -> None:
    """Have the service close what it holds: a model that is closed later would store its prompts' states again."""
    from localdev.core.errors import EnvironmentFault
    from localdev.core.events import Notice
    from localdev.service.client import forget

    try:
        forget(place.folders)
    except EnvironmentFault as error:
        place.printer.notice(Notice("warning", f"{error}: it may still hold prompts ({error.hint})"))
