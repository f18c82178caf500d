"""`localdev wipe`."""

from __future__ import annotations

from typing import Annotated

import typer

from localdev.cli.options import Directory, Json, Yes, new_app
from localdev.cli.workplace import Workplace, open_workplace

app = new_app()


@app.command()
def wipe(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="What is stored of all repositories.")] = False,
    yes: Yes = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Remove the stored index, the kept states of prompts and what `undo` could take back: all hold source code.

    A running service lets go of its models, which hold prompts. Model files, settings and the journal stay.
    """
    from localdev.app.stored import stored_indexes, stored_states, stored_undo, wipe_index, wipe_states
    from localdev.cli.confirm import confirmed
    from localdev.core.sizes import counted, sized
    from localdev.render.payloads import SCHEMA_VERSION

    place = open_workplace(context, directory)
    out = place.printer
    _let_go(place)
    root = None if everything else place.root
    indexes, states = stored_indexes(place.folders, root), stored_states(place.folders, root)
    undo = stored_undo(place.folders, root)
    lines = [(each.path, each.bytes, "") for each in indexes]
    lines += [(each.path, each.bytes, f", {counted(each.files, 'state')} of prompts") for each in states]
    lines += [(each.path, each.bytes, f", {counted(each.files, 'edit')} to undo") for each in undo]
    if not lines and not as_json:
        out.line("there is nothing to remove")
        return
    total = sum(held for _, held, _ in lines)
    for path, held, what in lines:
        out.aside(out.styled(f"{sized(held):>10}  {path}{what}", "plain"))
    question = f"all of it ({counted(len(lines), 'folder')})" if everything else "what is stored of this repository"
    again = "It can be built again." if not undo else "It can be built again, but for what `localdev undo` needs."
    if lines and not confirmed(f"Remove {question}, {sized(total)}? {again}", yes=yes):
        out.aside("nothing was removed")
        raise typer.Exit(1)
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


def _let_go(place: Workplace) -> None:
    """Have the service close what it holds: a model that is closed later would store its prompts' states again."""
    from localdev.core.errors import EnvironmentFault
    from localdev.core.events import Notice
    from localdev.service.client import forget

    try:
        forget(place.folders)
    except EnvironmentFault as error:
        place.printer.notice(Notice("warning", f"{error}: it may still hold prompts ({error.hint})"))
