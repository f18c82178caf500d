"""`localdev wipe`."""

from __future__ import annotations

from typing import Annotated

import typer

from localdev.cli.options import Directory, Json, Yes, new_app
from localdev.cli.workplace import open_workplace

app = new_app()


@app.command()
def wipe(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="The indexes of all repositories.")] = False,
    yes: Yes = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Remove the stored index, which holds source code. Models, settings and the journal stay."""
    from localdev.app.stored import stored_indexes, wipe_index
    from localdev.cli.commands.index import size
    from localdev.cli.confirm import confirmed
    from localdev.render.payloads import SCHEMA_VERSION

    place = open_workplace(context, directory)
    out = place.printer
    found = stored_indexes(place.folders, None if everything else place.root)
    if not found and not as_json:
        out.line("there is nothing to remove")
        return
    total = sum(each.bytes for each in found)
    for each in found:
        out.aside(out.styled(f"{size(each.bytes):>10}  {each.path}", "plain"))
    what = f"all indexes ({len(found)})" if everything else "this index"
    if found and not confirmed(f"Remove {what}, {size(total)}? It can be built again.", yes=yes):
        out.aside("nothing was removed")
        raise typer.Exit(1)
    for each in found:
        wipe_index(each)
    if as_json:
        removed = [{"path": str(each.path), "bytes": each.bytes} for each in found]
        out.json({"schema_version": SCHEMA_VERSION, "removed": removed, "bytes": total})
        return
    for each in found:
        out.line(out.styled(f"removed {each.path} ({size(each.bytes)})", "plain"))
